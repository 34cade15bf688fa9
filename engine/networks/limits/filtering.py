"""Whether the kernel has a packet filter for us (nf_tables), and what a list of what may be reached is without it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.processes.ask import Answer

_PROGRAM = Path(__file__).parents[1] / "names"
_INTERPRETER = os.path.realpath(sys.executable)
_THERE = "there\n"
_REFUSED = "refused: "

WITHOUT = (
    "an allow-list holds all the same, by routes; but what it refuses by address is not written down, bytes are not"
    " counted by peer, and ports that a limited container publishes answer this computer only"
)


def complaint(ask: Callable[[Sequence[str]], Answer]) -> str | None:
    """What the kernel says when it is asked for a table, in a namespace like a container's: "" where it gives one, None
    where it could not be asked."""
    answer = ask([
        "unshare", "--user", "--map-root-user", "--net", _INTERPRETER, "-I", "-S", str(_PROGRAM), "try-filter",
    ])  # fmt: skip
    if answer.output == _THERE:
        return ""
    return answer.output.strip().removeprefix(_REFUSED) if answer.output.startswith(_REFUSED) else None


def warning(said: str | None) -> list[str]:
    """For somebody who makes a container with a list."""
    return [f"This kernel has no packet filter (nf_tables) for your user ({said}): {WITHOUT}."] if said else []
