"""The content store: verified, resumable, one writer per blob."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, NotFound, StorageError
from engine.storage.blobs import BlobStore
from engine.storage.paths import Paths

if TYPE_CHECKING:
    from pathlib import Path

DATA = os.urandom(300_000)
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(tmp_path / "root", tmp_path / "run")
    for path in found.owned_by_engine:
        path.mkdir(parents=True, exist_ok=True)
    return found


@pytest.fixture
def blobs(paths: Paths) -> BlobStore:
    return BlobStore(paths)


async def test_what_was_put_is_read(blobs: BlobStore) -> None:
    digest = await blobs.put(b"hello")

    assert digest == "sha256:" + hashlib.sha256(b"hello").hexdigest()
    assert await blobs.put(b"hello") == digest
    assert (await blobs.read(digest), blobs.size(digest), blobs.digests()) == (b"hello", 5, {digest})
    assert await blobs.remove(digest) == 5
    assert await blobs.remove(digest) == 0
    with pytest.raises(NotFound):
        await blobs.read(digest)


async def test_a_transfer_goes_on_where_it_broke_off(blobs: BlobStore) -> None:
    writer = await blobs.writer(DIGEST, size=len(DATA))
    await writer.write(DATA[:100_000])
    await writer.close()

    again = await BlobStore(blobs._paths).writer(DIGEST, size=len(DATA))
    assert again.offset == 100_000
    await again.write(memoryview(DATA)[again.offset :])
    path = await again.commit()

    assert path.read_bytes() == DATA
    assert blobs.has(DIGEST)
    assert not list(blobs._paths.partial_blobs.iterdir())


async def test_wrong_bytes_never_get_the_name(blobs: BlobStore) -> None:
    writer = await blobs.writer(DIGEST)
    await writer.write(DATA[:-1] + b"!")

    with pytest.raises(StorageError) as refused:
        await writer.commit()

    assert refused.value.code is Code.DIGEST_MISMATCH
    assert not blobs.has(DIGEST)
    assert not list(blobs._paths.partial_blobs.iterdir()), "wrong bytes are not worth keeping"


async def test_too_many_and_too_few_bytes_are_refused(blobs: BlobStore) -> None:
    writer = await blobs.writer(DIGEST, size=10)
    with pytest.raises(StorageError):
        await writer.write(DATA)
    await writer.write(DATA[:5])
    with pytest.raises(StorageError):
        await writer.commit()
    assert not blobs.has(DIGEST)


async def test_starting_over_when_there_are_no_ranges(blobs: BlobStore) -> None:
    writer = await blobs.writer(DIGEST)
    await writer.write(b"rubbish")
    await writer.restart()
    assert writer.offset == 0
    await writer.write(DATA)
    await writer.commit()
    assert blobs.has(DIGEST)


async def test_the_second_writer_waits_for_the_first(blobs: BlobStore) -> None:
    first = await blobs.writer(DIGEST)
    second = asyncio.create_task(blobs.writer(DIGEST))
    await asyncio.sleep(0)
    assert not second.done()
    await first.write(DATA)
    await first.commit()

    late = await second
    assert blobs.has(DIGEST)
    await late.discard()
    assert blobs.has(DIGEST)


async def test_a_damaged_blob_is_told_when_it_is_read(blobs: BlobStore) -> None:
    digest = await blobs.put(b"hello")
    blobs.path(digest).write_bytes(b"jello")
    with pytest.raises(StorageError):
        await blobs.read(digest)


async def test_sweeping_keeps_what_is_wanted_and_what_is_fresh(blobs: BlobStore, paths: Paths) -> None:
    kept, gone = await blobs.put(b"kept"), await blobs.put(b"gone!")
    fresh = await blobs.writer(DIGEST)
    await fresh.write(b"x")
    old = paths.partial_blobs / ("e" * 64)
    old.write_bytes(b"1234")
    os.utime(old, (time.time() - 30 * 86400,) * 2)

    assert await blobs.sweep([kept]) == 5 + 4
    assert blobs.digests() == {kept}
    assert not blobs.has(gone)
    assert [each.name for each in paths.partial_blobs.iterdir()] == [DIGEST.partition(":")[2]]
    await fresh.close()


@pytest.mark.parametrize("digest", ["sha256:../../etc", "md5:abc", "sha256:", "abc", "sha256:ABC"])
async def test_what_is_no_digest_is_refused(blobs: BlobStore, digest: str) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        blobs.has(digest)


async def test_a_full_disk_is_called_so(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = await blobs.writer(DIGEST)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StorageError) as refused:
        await writer.write(b"x")
    await writer.close()
    assert refused.value.code is Code.DISK_FULL
