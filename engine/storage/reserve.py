"""Room kept back on the store's disk, so that a full disk never keeps anybody from deleting what fills it.

Taking something away takes a little room first: a page of the database, an entry in the trash. Where that is refused,
the reserve is given up for it and made again once there is plenty.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 4 << 20
_SMALL_DISK_SHARE = 32
_PLENTY = 4
"""Times the reserve, free, is enough to keep it."""


class Reserve:
    """A file, and nothing in memory: whoever holds the store may release it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self) -> None:
        """Have it, if there is plenty of room. A few system calls; the room is taken, not written."""
        with contextlib.suppress(OSError):
            place = os.statvfs(self._path.parent)
            size = min(_BYTES, place.f_blocks * place.f_frsize // _SMALL_DISK_SHARE)
            if self._path.exists() or place.f_bavail * place.f_frsize < _PLENTY * size:
                return
            partial = self._path.with_suffix(".partial")
            fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, size)
            except OSError:
                partial.unlink()
                raise
            finally:
                os.close(fd)
            partial.rename(self._path)

    def release(self) -> bool:
        """For a deletion that found no room. Whether that gave any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
