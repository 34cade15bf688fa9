"""Logs of several containers at once, each line with its name before it, in its colour."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from engine.cli.printed.paper import say_lines
from engine.cli.reach.wire import Failed, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.cli.reach.wire import Client

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class Follower:
    """A thread for each container; lines never mix."""

    def __init__(self, client: Client, *, colour: bool, prefix: bool = True) -> None:
        self._client = client
        self._colour = colour
        self._prefix = prefix
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._width = 0
        self._count = 0

    def names(self, names: Iterable[str]) -> None:
        self._width = max([self._width, *map(len, names)])

    def follow(self, container: str, name: str, asked: Mapping[str, object], *, tty: bool) -> None:
        head = f"{name:{self._width}}  | " if self._prefix else ""
        if head and self._colour:
            head = f"\x1b[{_COLOURS[self._count % len(_COLOURS)]}m{head}\x1b[0m"
        self._count += 1
        thread = threading.Thread(target=self._copy, args=(container, head, dict(asked), tty), daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()

    def _copy(self, container: str, head: str, asked: dict[str, object], tty: bool) -> None:  # noqa: FBT001 - a thread's
        from engine.cli.streams.frames import payloads

        kept = b""
        try:
            answer = self._client.ask("GET", f"/containers/{quote(container)}/logs", asked)
            for piece in payloads(answer.pieces(), framed=not tty):
                *lines, kept = (kept + piece).split(b"\n")
                self._write(head, lines)
        except (Failed, OSError):
            pass  # the container went; its lines so far are shown
        if kept:
            self._write(head, [kept])

    def _write(self, head: str, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        with self._lock:
            for line in lines:
                say_lines(sys.stdout, f"{head}{line.decode('utf-8', 'replace')}\n")
            sys.stdout.flush()


def log_options(
    *, follow: bool, tail: str = "", since: str = "", until: str = "", times: bool = False
) -> dict[str, Any]:
    """What is asked of a container's log."""
    return {
        "stdout": True,
        "stderr": True,
        "follow": follow,
        "tail": tail,
        "since": since,
        "until": until,
        "timestamps": times,
    }
