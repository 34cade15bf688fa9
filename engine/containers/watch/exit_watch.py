"""Notices ends without polling: inotify on the directory where conmon leaves exit codes, pidfds on conmon itself."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from engine import inotify
from engine.processes.conmon import parse_exit_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class ExitWatch:
    """Before it is open nobody is told: whatever happened until then is found by the look through everything."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._on_exit: Callable[[str], None] = _nobody
        self._on_lost: Callable[[str], None] = _nobody
        self._inotify: inotify.Inotify | None = None
        self._supervisors: dict[str, int] = {}

    def open(self, on_exit: Callable[[str], None], on_lost: Callable[[str], None]) -> None:
        """They are called with a container's id: its exit file appeared; what was watched for it is gone."""
        self._on_exit, self._on_lost = on_exit, on_lost
        self._inotify = inotify.Inotify(self._appeared)
        self._inotify.watch(self._directory, inotify.MOVED_TO | inotify.CLOSE_WRITE)

    def close(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
        for container_id in tuple(self._supervisors):
            self.forget(container_id)

    def watch(self, container_id: str, pid: int) -> bool:
        """Watch a container's conmon. False if it is gone already."""
        self.forget(container_id)
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        self._supervisors[container_id] = fd
        asyncio.get_running_loop().add_reader(fd, self._lost, container_id)
        return True

    def forget(self, container_id: str) -> None:
        fd = self._supervisors.pop(container_id, -1)
        if fd >= 0:
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)

    def exit_code(self, container_id: str) -> tuple[int, float] | None:
        """The code conmon left and when, if it did."""
        path = self._directory / container_id
        try:
            code = parse_exit_code(path.read_text())
            return None if code is None else (code, path.stat().st_mtime)
        except OSError:
            return None

    def clear(self, container_id: str) -> None:
        (self._directory / container_id).unlink(missing_ok=True)

    def _appeared(self, _number: int, name: str) -> None:
        if name and "." not in name:
            self._on_exit(name)

    def _lost(self, container_id: str) -> None:
        self.forget(container_id)
        self._on_lost(container_id)


def _nobody(_container_id: str) -> None:
    """Listens."""
