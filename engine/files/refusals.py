"""What the kernel refuses of a path, in words."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from engine.errors import Code, Conflict, InvalidRequest, NotFound, StorageError, WherryError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def told(path: str) -> Iterator[None]:
    """The kernel's refusals in words."""
    try:
        yield
    except OSError as error:
        raise _error(error, path) from error


def _error(error: OSError, path: str) -> WherryError:
    details = str(error)
    match error.errno:
        case errno.ENOENT:
            return NotFound(f"There is no {path}", subject=path, details=details)
        case errno.ENOTDIR:
            return InvalidRequest(f"{path} is not a directory", subject=path, details=details)
        case errno.EISDIR:
            return InvalidRequest(f"{path} is a directory", subject=path, details=details)
        case errno.EEXIST | errno.ENOTEMPTY:
            return Conflict(f"{path} is there already", code=Code.NAME_TAKEN, subject=path, details=details)
        case errno.ENOSPC | errno.EDQUOT:
            return StorageError("The disk is full", subject=path, code=Code.DISK_FULL, details=details)
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return Conflict(f"{path} cannot be changed", f"{error.strerror}.", subject=path, details=details)
        case errno.EXDEV | errno.EBUSY:
            return Conflict(
                f"{path} is a mount, or beyond one",
                "It can be neither moved nor removed.",
                subject=path,
                details=details,
            )
        case errno.ELOOP:
            return InvalidRequest(f"The links at {path} lead in circles", subject=path, details=details)
        case _:
            return StorageError(f"{path} could not be used", f"{error.strerror}.", subject=path, details=details)
