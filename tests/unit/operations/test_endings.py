"""Whatever is raised inside an operation, as people are told of it; and how it is told apart from a bug of ours."""

from __future__ import annotations

import asyncio
import errno
import sqlite3

import pytest

from engine.errors import Cancelled, Code, HostError, InvalidRequest, NotFound, StorageError, WherryError
from engine.operations.endings import ending_of, is_bug

MANY = "Raise the limit: `ulimit -n` in the shell, LimitNOFILE= in a unit."


@pytest.mark.parametrize(
    ("raised", "kind", "story", "subject"),
    [
        (asyncio.CancelledError(), Cancelled, str(Cancelled()), ""),
        (
            OSError(errno.EMFILE, "Too many", "/x"),
            HostError,
            f"Too many files are open. Too many: /x. {MANY}",
            "",
        ),
        (OSError(errno.ENFILE, "Too many"), HostError, f"Too many files are open. Too many. {MANY}", ""),
        (OSError(errno.EIO, "I/O error", "/x"), StorageError, "The machine refused something. I/O error: /x.", "/x"),
        (OSError(errno.EIO, "I/O error"), StorageError, "The machine refused something. I/O error.", ""),
        (OSError("odd"), StorageError, "The machine refused something. odd.", ""),
        (MemoryError(), HostError, "There is not enough memory. It was given up before it could harm others.", ""),
        (RecursionError(), InvalidRequest, "It is nested too deeply. Nobody writes such a thing by hand.", ""),
        (sqlite3.OperationalError("it is odd"), StorageError, "The store could not be written. it is odd.", ""),
        (
            KeyError("x"),
            WherryError,
            "Something went wrong inside Wherry. KeyError: 'x'. This is a bug; the details help to mend it.",
            "",
        ),
    ],
)  # fmt: skip
def test_each_failure_has_its_words(raised: BaseException, kind: type[WherryError], story: str, subject: str) -> None:
    told = ending_of(raised)
    assert type(told) is kind
    assert (str(told), told.subject) == (story, subject)
    assert is_bug(raised) is isinstance(raised, KeyError)
    if not isinstance(raised, asyncio.CancelledError | MemoryError | RecursionError):
        assert type(raised).__name__ in told.details


def test_a_full_disk_is_told_as_one() -> None:
    told = ending_of(OSError(errno.ENOSPC, "No space left on device", "/store/x"))
    assert (told.code, told.subject) == (Code.DISK_FULL, "/store/x")
    assert "No space left on device: /store/x." in str(told)
    assert "OSError" in told.details


def test_what_is_ours_already_is_told_as_it_is() -> None:
    error = NotFound("No such thing")
    assert ending_of(error) is error
    assert not is_bug(error)
