"""A damaged body is told as one, also where an operation reads it: what is no error of the engine's is called a bug."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
import zstandard

from engine.api.http.decompression import decompressed
from engine.api.http.statuses import status_of
from engine.errors import WherryError
from engine.operations.endings import is_bug

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GZIP, ZSTD = gzip.compress(b"some data " * 300, mtime=0), zstandard.compress(b"some data " * 300)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (GZIP[:-20], 400),
        (GZIP[:20] + bytes(20) + GZIP[40:], 400),
        (ZSTD[:4] + b"\xff" * 40, 400),
        (b"BZh91AY&SY", 501),
        (b"\xfd7zXZ\0\0\0", 501),
    ],
)
async def test_what_cannot_be_read_is_no_bug(body: bytes, status: int) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield body

    with pytest.raises(WherryError) as refused:
        async for _ in decompressed(source()):
            pass
    assert not is_bug(refused.value)
    assert status_of(refused.value) == status
