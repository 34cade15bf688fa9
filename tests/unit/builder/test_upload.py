"""A context that comes as a tar: what is missing at its end, and what may not be."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.builder.context.upload import receive_context
from engine.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("a", "b"):
            info = tarfile.TarInfo(name)
            info.size = 700
            tar.addfile(info, io.BytesIO(name.encode() * 700))
    return buffer.getvalue()


END_OF_B = 512 + 1024 + 512 + 700


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("kept", [END_OF_B, END_OF_B + 100, END_OF_B + 324, END_OF_B + 324 + 512, 10**6])
@pytest.mark.parametrize("size", [97, 512, 10**6])
async def test_what_follows_the_last_file_may_be_missing(tmp_path: Path, kept: int, size: int) -> None:
    await receive_context(pieces(archive()[:kept], size), tmp_path / "to")
    assert (tmp_path / "to/b").read_text() == "b" * 700


@pytest.mark.parametrize("kept", [END_OF_B - 1, END_OF_B - 200, END_OF_B - 600, 600, 100])
async def test_a_file_may_not_be_cut(tmp_path: Path, kept: int) -> None:
    with pytest.raises(StorageError, match="build context"):
        await receive_context(pieces(archive()[:kept], 100), tmp_path / "to")
