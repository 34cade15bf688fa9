"""What a failed call to the keeper is told as."""

from __future__ import annotations

import errno

import pytest

from engine.errors import Code
from engine.sandbox.failures import unpack_error


@pytest.mark.parametrize("number", [errno.EIO, errno.ENXIO, errno.ESTALE])
def test_a_failing_disk_is_no_bad_archive(number: int) -> None:
    """What was downloaded is whole, and stays for the next try."""
    failure = unpack_error(OSError(number, "failing", "/layer/file"))
    assert failure.code is Code.HOST
    assert "/layer/file" in str(failure)


@pytest.mark.parametrize("number", [errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EPERM])
def test_an_entry_that_cannot_be_made_is(number: int) -> None:
    assert unpack_error(OSError(number, "no", "x")).code is Code.BAD_ARCHIVE


def test_a_full_disk_is_told_as_that() -> None:
    assert unpack_error(OSError(errno.ENOSPC, "full")).code is Code.DISK_FULL
    assert unpack_error(OSError(errno.EROFS, "read-only")).code is Code.DISK_READ_ONLY
