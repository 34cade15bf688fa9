"""The id that whoever asks has given to the operation it starts: so it knows it before any answer came."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{16}")
wanted_id: ContextVar[str] = ContextVar("wanted_id", default="")


def name_next(operation_id: str) -> None:
    """For the next operation that this task starts; anything that is no id of ours is not taken."""
    if _ID.fullmatch(operation_id):
        wanted_id.set(operation_id)


def take_name() -> str:
    """ "" where nobody named it."""
    found = wanted_id.get()
    if found:
        wanted_id.set("")
    return found
