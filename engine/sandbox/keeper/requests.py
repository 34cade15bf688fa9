"""What a handler gets, what it gives back, and how failures travel."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.sandbox.keeper import wire

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    Handler = Callable[[Any, "Request"], "Reply | None"]
    """What is asked, and how it was asked."""


class BadInput(Exception):
    """What we were given to read is wrong (an archive); the engine makes its typed error of it."""


class Reply(NamedTuple):
    values: Any
    """As the operation's docstring says."""
    fds: Sequence[int] = ()


class Request(NamedTuple):
    number: int
    fds: list[int]
    channel: socket.socket
    is_repeated: bool = False
    """A keeper died over it before: what was to be done may be done."""

    def progress(self, value: int) -> None:
        wire.send(self.channel, {"id": self.number, "progress": value})


def answer(request: Request, operation: Any, handler: Handler) -> None:
    """Run a handler and send what came of it."""
    fds: list[int] = []
    try:
        reply = handler(operation, request)
        message: dict[str, Any] = {"ok": reply.values if reply else None}
        fds = list(reply.fds) if reply else []
    except Exception as error:
        message = failure(error)
    try:
        wire.send(request.channel, {"id": request.number, **message}, fds)
    finally:
        wire.close_all(fds)


def failure(error: Exception) -> dict[str, Any]:
    """While it is handled: a bug is told with its way here."""
    if isinstance(error, BadInput):
        return {"error": {"kind": "input", "text": str(error)}}
    if isinstance(error, OSError):
        return {"error": describe(error)}
    return {"error": {"kind": "bug", "text": traceback.format_exc()}}


def describe(error: OSError) -> dict[str, Any]:
    path = error.filename
    return {
        "kind": "os",
        "errno": error.errno or 5,
        "text": error.strerror or str(error),
        "path": os.fsdecode(path) if isinstance(path, str | bytes) else "",
        "step": getattr(error, "step", -1),
    }
