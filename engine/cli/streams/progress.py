"""Docker's stream of JSON messages for a person: one line per layer that moves on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from engine.cli.printed.paper import rewrite_line, say, say_lines
from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_QUIET_IN_PIPES = frozenset({"Downloading", "Extracting", "Pushing", "Waiting", "Verifying Checksum"})


def show_messages(
    messages: Iterable[Any], *, stream: TextIO | None = None, on_aux: Callable[[Any], None] | None = None
) -> None:
    """Show them as they come; an error among them ends it as `Failed`."""
    out = stream or sys.stdout
    board = _Board(out) if out.isatty() else _Plain(out)
    for message in messages:
        if "error" in message or "errorDetail" in message:
            detail = message.get("errorDetail") or {}
            out.flush()
            raise Failed(
                int(detail.get("code") or 0), str(detail.get("advice") or detail.get("message") or message.get("error"))
            )
        if "aux" in message:
            if on_aux is not None:
                on_aux(message["aux"])
            continue
        if "stream" in message:
            say_lines(out, message["stream"])
        elif "status" in message:
            board.show(message.get("id", ""), message["status"], message.get("progressDetail") or {}, message)


class _Plain:
    """Every change of a layer's state is a line; how far it is is not."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, name: str, status: str, detail: dict[str, Any], message: dict[str, Any]) -> None:
        if name and status in _QUIET_IN_PIPES:
            return
        say(f"{name}: {status}" if name else status, file=self._out, flush=True)


class _Board(_Plain):
    """A line for each layer, rewritten in place."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self._lines: list[str] = []

    def show(self, name: str, status: str, detail: dict[str, Any], message: dict[str, Any]) -> None:
        import os

        if not name or status.startswith("Pulling from"):
            self._lines.clear()
            say(f"{name}: {status}" if name else status, file=self._out, flush=True)
            return
        width = os.get_terminal_size(self._out.fileno()).columns
        text = f"{name}: {status} {message.get('progress', '')}".rstrip()
        if name in self._lines:
            up = len(self._lines) - self._lines.index(name)
            rewrite_line(self._out, up, text[: width - 1])
        else:
            self._lines.append(name)
            say(text[: width - 1], file=self._out, flush=True)
