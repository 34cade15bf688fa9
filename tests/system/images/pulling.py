"""A process that pulls, for a test that kills it: `python -m tests.system.images.pulling STORE REFERENCE [NUMBER]`.

With a number it kills itself at so many operations on files; at the end it tells how many there were.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from engine.types.images import PullImage
from tests.support.image_engine import opened_images

FILE_OPERATIONS = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.truncate"})


class Fate:
    def __init__(self, last: int) -> None:
        self._last = last
        self.done = 0

    def watch(self, event: str, _arguments: object) -> None:
        if event in FILE_OPERATIONS:
            self.done += 1
            if self.done == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


async def main(place: Path, name: str, fate: Fate) -> None:
    async with opened_images(place / "root", place / "run") as images:
        sys.addaudithook(fate.watch)
        await images.pull(PullImage(reference=name)).result()
        sys.stdout.write(f"{fate.done}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], Fate(int(sys.argv[3]) if len(sys.argv) > 3 else 0)))
