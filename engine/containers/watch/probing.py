"""Checks that the engine makes itself, from the network of the container: an answer over HTTP, a port that listens."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.processes.programs import need_program
from engine.recipe.exports.kubernetes import HTTP, TCP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sandbox.client import Keeper

_PROGRAM = Path(__file__).with_name("probe_program.py")
_START_SECONDS = 10.0
"""What an interpreter may take to start where much else goes on."""


def is_probe(test: Sequence[str]) -> bool:
    return len(test) > 1 and test[0] in (HTTP, TCP)


async def probe(keeper: Keeper, pid: int, test: Sequence[str], seconds: float) -> tuple[int, str]:
    """Exit code and what was said. Raises TimeoutError."""
    call = [
        need_program("nsenter"), f"--net=/proc/{pid}/ns/net", sys.executable, "-SIB", str(_PROGRAM), f"{seconds:g}",
        *test[1:],
    ]  # fmt: skip
    done = await keeper.run(call, timeout=seconds + _START_SECONDS)
    return done.code, (done.stdout or done.stderr).decode(errors="replace")
