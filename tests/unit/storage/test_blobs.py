"""The content store: verified, resumable, one writer per blob."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any

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
    with pytest.raises(NotFound) as missing:
        await blobs.read(digest)
    assert (missing.value.subject, missing.value.explanation) == (digest, f"{digest} is not in the store.")


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

    assert (refused.value.code, refused.value.subject) == (Code.DIGEST_MISMATCH, DIGEST)
    assert refused.value.explanation.startswith("What came is sha256:")
    assert refused.value.hint
    assert not blobs.has(DIGEST)
    assert not list(blobs._paths.partial_blobs.iterdir()), "wrong bytes are not worth keeping"
    again = await blobs.writer(DIGEST)  # who waits for it is not left waiting
    await again.close()


async def test_too_many_and_too_few_bytes_are_refused(blobs: BlobStore) -> None:
    writer = await blobs.writer(DIGEST, size=10)
    with pytest.raises(StorageError, match="There are more than the 10 bytes announced"):
        await writer.write(DATA[:11])
    await writer.write(DATA[:5])
    with pytest.raises(StorageError, match="5 bytes came instead of the 10 announced"):
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
    assert (refused.value.code, refused.value.subject) == (Code.DISK_FULL, str(blobs._paths.partial_blob(DIGEST)))


async def test_a_disk_that_fails_is_named_with_the_place(blobs: BlobStore, paths: Paths) -> None:
    paths.partial_blobs.rmdir()
    with pytest.raises(StorageError) as refused:
        await blobs.writer(DIGEST)
    assert (refused.value.code, refused.value.subject) == (Code.CORRUPT, str(paths.partial_blob(DIGEST)))
    assert refused.value.explanation == f"{paths.partial_blob(DIGEST)}: No such file or directory."

    paths.partial_blobs.mkdir()
    writer = await blobs.writer(DIGEST)  # the lock was let go
    await writer.write(DATA)
    paths.blob(DIGEST).mkdir()
    with pytest.raises(StorageError) as refused:
        await writer.commit()
    assert refused.value.subject == str(paths.blob(DIGEST))
    await (await blobs.writer(DIGEST)).close()


async def test_a_whole_blob_may_be_as_large_as_announced_and_be_resumed(blobs: BlobStore) -> None:
    writer = await blobs.writer(DIGEST, size=len(DATA))
    await writer.write(DATA)
    await writer.close()
    assert blobs.partial_bytes(DIGEST) == len(DATA)
    again = await blobs.writer(DIGEST, size=len(DATA))
    assert again.offset == len(DATA)
    await again.commit()
    assert blobs.partial_bytes(DIGEST) == 0


async def test_what_is_left_of_another_blob_is_begun_anew(blobs: BlobStore, paths: Paths) -> None:
    paths.partial_blob(DIGEST).write_bytes(DATA + b"more")
    writer = await blobs.writer(DIGEST, size=len(DATA))
    assert writer.offset == 0
    await writer.write(DATA)
    await writer.commit()
    assert paths.blob(DIGEST).read_bytes() == DATA


async def test_a_disk_that_takes_a_little_at_a_time_gets_it_all(
    blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, offset: real(file, data[:70_000], offset))
    writer = await blobs.writer(DIGEST)
    await writer.write(DATA[:1000])
    await writer.write(DATA[1000:])
    assert (await writer.commit()).read_bytes() == DATA


async def test_putting_begins_anew_and_is_stored_by_either_digest(blobs: BlobStore, paths: Paths) -> None:
    paths.partial_blob(DIGEST).write_bytes(b"rubbish")
    assert await blobs.put(DATA) == DIGEST
    digest = await blobs.put(DATA, algorithm="sha512")
    assert digest == "sha512:" + hashlib.sha512(DATA).hexdigest()
    assert blobs.digests() == {DIGEST, digest}
    assert await blobs.is_intact(digest)
    blobs.path(digest).write_bytes(b"other")
    assert not await blobs.is_intact(digest)


async def test_a_manifest_of_gigabytes_is_not_read(blobs: BlobStore) -> None:
    digest = await blobs.put(b"12345")
    assert await blobs.read(digest, limit=5) == b"12345"
    with pytest.raises(StorageError) as refused:
        await blobs.read(digest, limit=4)
    assert refused.value.explanation == f"{digest} has 5 bytes, 4 at most."


async def test_what_is_left_of_a_blob_is_forgotten_unless_somebody_is_at_it(blobs: BlobStore, paths: Paths) -> None:
    left = paths.partial_blob(DIGEST)
    writer = await blobs.writer(DIGEST)
    await writer.write(b"x")
    await blobs.forget_partial(DIGEST)
    await blobs.drop_partial(left.name)
    assert left.exists()
    await writer.close()
    await blobs.forget_partial(DIGEST)
    assert not left.exists()
    await blobs.forget_partial(DIGEST)
    left.write_bytes(b"x")
    await blobs.drop_partial("../" + left.name)
    await blobs.drop_partial("other")
    assert left.exists()
    await blobs.drop_partial(left.name)
    assert not left.exists()


async def test_who_gives_up_at_once_leaves_the_way_to_others(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """To make the file may take the disk its time."""
    begun, may_go_on = threading.Event(), threading.Event()
    real = os.open

    def slow(*arguments: Any, **options: Any) -> int:
        begun.set()
        may_go_on.wait()
        return real(*arguments, **options)

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "open", slow)
    opening = asyncio.create_task(blobs.writer(DIGEST))
    await asyncio.to_thread(begun.wait)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    monkeypatch.undo()
    may_go_on.set()
    await (await blobs.writer(DIGEST)).discard()
    assert len(os.listdir("/proc/self/fd")) == before
