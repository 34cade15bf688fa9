"""Who can be killed of one store's engine, found by what processes say of themselves."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.stores import ShortTmp

KINDS = ("engine", "keeper", "worker", "conmon", "crun", "pasta", "service", "nobody")


class Victims:
    def __init__(self, store: ShortTmp, netns: str) -> None:
        self._run = os.fsencode(store.run)
        self._netns = os.fsencode(netns)
        self.engine = 0

    def of(self, kind: str) -> list[int]:
        if kind == "engine":
            return [self.engine] if self.engine else []
        return [pid for pid, words in processes() if self._is(kind, pid, words)]

    def _is(self, kind: str, pid: int, words: list[bytes]) -> bool:
        if kind == "keeper":
            return any(word.endswith(b"sandbox/keeper") for word in words) and _parent(pid) == self.engine
        if kind == "worker":  # forked by the keeper for something long
            return any(word.endswith(b"sandbox/keeper") for word in words) and _parent(_parent(pid)) == self.engine
        if kind == "crun":
            return words[0].endswith(b"/crun") and any(self._run in word for word in words)
        if kind == "conmon":
            return b"--cid" in words and any(self._run in word for word in words)
        if kind == "pasta":
            return any(word.startswith(self._netns) for word in words)
        return kind == "service" and words[:1] == [b"sleep"] and self._looks_after(_parent(pid))

    def _looks_after(self, pid: int) -> bool:
        return any(self._run in word for word in _words(pid))

    def conmons(self) -> dict[str, int]:
        """By the container each looks after."""
        found = {}
        for pid, words in processes():
            if self._is("conmon", pid, words):
                found[words[words.index(b"--cid") + 1].decode()] = pid
        return found


def processes() -> Iterator[tuple[int, list[bytes]]]:
    for name in os.listdir("/proc"):
        if name.isdigit() and (words := _words(int(name))):
            yield int(name), words


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def is_alive(pid: int) -> bool:
    """A zombie is not."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def kill(pid: int) -> None:
    send(pid, signal.SIGKILL)


def _words(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError, ValueError):
        return 0
