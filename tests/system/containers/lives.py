"""An engine that lives to be killed: it makes, starts, stops and removes containers, and tells what it was promised.

    python -m tests.system.containers.lives ROOT RUN FIRST_NUMBER

One line of JSON per call that was made ("begun") or that returned ("done"): what was done when the reader sees it must
hold after a kill at any moment.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.types.containers import Mount
from tests.system.containers.conftest import create, load_busybox, read_log, until

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

LEDGER = Mount(kind="volume", source="ledger", target="/ledger")
AT_ONCE = 2


def tell(deed: str, when: str, number: int, container_id: str = "") -> None:
    sys.stdout.write(json.dumps({"deed": deed, "when": when, "number": number, "id": container_id}) + "\n")
    sys.stdout.flush()


async def life(engine: EmbeddedEngine, number: int, dice: random.Random) -> None:
    tell("create", "begun", number)
    line = f"echo {number} >> /ledger/lines; echo said {number}; exec sleep 1000"
    container = await create(engine, "sh", "-c", line, name=f"life-{number}", mounts=(LEDGER,))
    tell("create", "done", number, container.id)
    steps = ["start", *dice.choice([[], ["stop"], ["stop", "remove"], ["remove"], ["stop", "start", "remove"]])]
    for step in steps:
        tell(step, "begun", number, container.id)
        if step == "remove":
            await engine.containers.remove(container.id, force=True)
        elif step == "start":
            await engine.containers.start(container.id)
        else:
            await engine.containers.stop(container.id)
        tell(step, "done", number, container.id)
        if step == "start":
            # Stopped before its first words it would have none, and nobody could tell that from a loss.
            await until(lambda: f"said {number}\n" in read_log(engine, container.id))


async def lives(engine: EmbeddedEngine, numbers: itertools.count[int], dice: random.Random) -> None:
    for number in numbers:
        await life(engine, number, dice)


async def main() -> None:
    root, run, first = sys.argv[1:4]
    engine = await open_engine(Path(root), Path(run))
    if not await engine.images.list():
        await load_busybox(engine)
    numbers, dice = itertools.count(int(first)), random.Random(int(first))
    tell("open", "done", int(first))
    await asyncio.gather(*(lives(engine, numbers, dice) for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main())
