"""Run as a program: an engine that is killed in the middle of a move, as it writes down for the nth time how far it is.

python -m tests.support.dying_move ROOT RUN NAME NTH
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.moving.carrying import Carrier
from engine.moving.under_way import RecordsUnderWay
from engine.types.machines import Moved
from tests.support.moved import FAR

if TYPE_CHECKING:
    from engine.moving.under_way import UnderWay


async def _end(*_said: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _move(root: Path, run: Path, name: str, nth: int) -> None:
    written, add = 0, RecordsUnderWay.add

    async def last_words(records: RecordsUnderWay, record: UnderWay) -> None:
        nonlocal written
        await add(records, record)
        written += 1
        if written == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    RecordsUnderWay.add = last_words  # type: ignore[method-assign, assignment]
    if not nth:
        Carrier._settle = _end  # type: ignore[method-assign, assignment]
    engine = await open_engine(root, run)
    await engine.machines.carry_out(Moved(kind="container", name=name, target=FAR, move=True)).result()
    await engine.close()


if __name__ == "__main__":
    asyncio.run(_move(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
