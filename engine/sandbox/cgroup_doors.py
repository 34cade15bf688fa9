"""The files through which a new program enters its control groups: opened by the engine, used by the keeper's child."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType


class CgroupDoors:
    """Open while entered. What may be done through a door was decided when it was opened, by who opened it."""

    def __init__(self, directories: Sequence[str | Path]) -> None:
        self._directories = directories
        self.fds: list[int] = []
        """To write to; with a birthplace, that group's directory stands last."""
        self.birthplace = False
        """One of the groups is of cgroup v2, and a process can be born in it."""

    def __enter__(self) -> CgroupDoors:
        try:
            self._open()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._close()

    def _open(self) -> None:
        unified = ""
        for directory in self._directories:
            try:
                self._open_one(directory, "tasks", os.O_WRONLY)
            except FileNotFoundError:
                unified = os.fspath(directory)
        if unified:
            self._open_one(unified, "cgroup.procs", os.O_WRONLY)
            self._open_one(unified, ".", os.O_RDONLY | os.O_DIRECTORY)
            self.birthplace = True

    def _open_one(self, directory: str | Path, name: str, mode: int) -> None:
        self.fds.append(os.open(os.path.join(directory, name), mode | os.O_CLOEXEC))

    def _close(self) -> None:
        while self.fds:
            os.close(self.fds.pop())
