"""What a handler gets, what it gives back, and how failures travel."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.sandbox.keeper import wire

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    Handler = Callable[["Request"], "Reply | None"]


class BadInput(Exception):
    """What we were given to read is wrong (an archive); the engine makes its typed error of it."""


class Reply(NamedTuple):
    values: dict[str, Any]
    fds: list[int]


class Request(NamedTuple):
    number: int
    arguments: dict[str, Any]
    fds: list[int]
    channel: socket.socket

    @property
    def is_repeated(self) -> bool:
        """A keeper died over it before: what was to be done may be done."""
        return bool(self.arguments.get("repeated"))

    def progress(self, value: int) -> None:
        wire.send(self.channel, {"id": self.number, "progress": value})


def answer(request: Request, handler: Handler) -> None:
    """Run a handler and send what came of it."""
    fds: list[int] = []
    try:
        reply = handler(request)
        message: dict[str, Any] = {"ok": reply.values if reply else {}}
        fds = reply.fds if reply else []
    except BadInput as error:
        message = {"error": {"kind": "input", "text": str(error)}}
    except OSError as error:
        message = {"error": describe(error)}
    except Exception:
        message = {"error": {"kind": "bug", "text": traceback.format_exc()}}
    try:
        wire.send(request.channel, {"id": request.number, **message}, fds)
    finally:
        wire.close_all(fds)


def describe(error: OSError) -> dict[str, Any]:
    path = error.filename
    return {
        "kind": "os",
        "errno": error.errno or 5,
        "text": error.strerror or str(error),
        "path": os.fsdecode(path) if isinstance(path, str | bytes) else "",
        "step": getattr(error, "step", -1),
    }
