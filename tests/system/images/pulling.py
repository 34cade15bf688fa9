"""A process that pulls, for a test that kills it: `python -m tests.system.images.pulling STORE REFERENCE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine.types.images import PullImage
from tests.support.image_engine import opened_images


async def main(place: Path, name: str) -> None:
    async with opened_images(place / "root", place / "run") as images:
        await images.pull(PullImage(reference=name)).result()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
