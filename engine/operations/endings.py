"""Whatever is raised inside an operation, as the failure its clients are told: the one place that decides it."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import traceback

from engine.errors import Cancelled, Code, HostError, InvalidRequest, StorageError, WherryError, disk_refuses

_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)


def ending_of(error: BaseException) -> WherryError:
    """What is no error of ours is classified where the machine said it, and else told as the bug it is."""
    if isinstance(error, WherryError):
        return error
    if isinstance(error, asyncio.CancelledError):
        return Cancelled()
    if isinstance(error, OSError):
        return _of_the_machine(error)
    if isinstance(error, MemoryError):
        return HostError("There is not enough memory", "It was given up before it could harm others.")
    if isinstance(error, RecursionError):
        return InvalidRequest("It is nested too deeply", "Nobody writes such a thing by hand.")
    if isinstance(error, sqlite3.Error):
        return StorageError("The store could not be written", f"{error}.", details=_trace(error))
    return WherryError(
        "Something went wrong inside Wherry",
        f"{type(error).__name__}: {error}",
        hint="This is a bug; the details help to mend it.",
        details=_trace(error),
    )


def is_bug(error: BaseException) -> bool:
    """Nothing that the machine, the store or a person did explains it."""
    known = (WherryError, asyncio.CancelledError, OSError, MemoryError, RecursionError, sqlite3.Error)
    return not isinstance(error, known)


def _of_the_machine(error: OSError) -> WherryError:
    where = str(error.filename or "")
    said = f"{error.strerror or error}: {where}." if where else f"{error.strerror or error}."
    if refused := disk_refuses(error.errno or 0, said, details=_trace(error), subject=where):
        return refused
    if error.errno in _TOO_MANY_FILES:
        return HostError(
            "Too many files are open",
            said,
            hint="Raise the limit: `ulimit -n` in the shell, LimitNOFILE= in a unit.",
            details=_trace(error),
        )
    return StorageError("The machine refused something", said, code=Code.HOST, details=_trace(error), subject=where)


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
