"""What the host's system calls refuse while a container is brought up, as errors a person can act on."""

from __future__ import annotations

import errno

from engine.errors import Code, StorageError, WherryError, disk_refuses, exhausted

# What a FUSE mount answers when the process that served it is gone.
_SERVER_GONE = (errno.ENOTCONN, errno.ECONNABORTED)


def typed(error: OSError, *, doing: str) -> WherryError:
    """`doing` completes “… could not be …”, as “started”."""
    where = str(error.filename or "")
    details = str(error)
    stopped = f"The container could not be {doing}: {where or 'the store'} cannot be written."
    if refused := disk_refuses(error.errno or 0, stopped, details=details, subject=where):
        return refused
    if words := exhausted(error.errno or 0):
        return words
    if error.errno in _SERVER_GONE:
        return StorageError(
            "The container's root file system went away",
            "The process that served it (fuse-overlayfs) ended.",
            code=Code.MOUNT_FAILED,
            hint="Start the container again: it gets a new one, and nothing written is lost.",
            details=details,
        )
    return StorageError(
        f"The container could not be {doing}", f"{error.strerror or error}: {where}." if where else f"{error}.",
        code=Code.MOUNT_FAILED, details=details, subject=where,
    )  # fmt: skip
