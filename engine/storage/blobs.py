"""The content store: blobs named by their digest. A blob that has its name has been verified."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from engine.errors import Code, NotFound, StorageError, disk_refuses
from engine.storage.flushing import flush_names
from engine.storage.paths import hex_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.storage.paths import Paths

PIECE = 1 << 20
INLINE = 64 << 10
"""Writing and hashing this much is quicker than handing it to a thread."""


class BlobWriter:
    """One blob on its way in. Bytes that arrived stay for a later try unless `discard()` is called."""

    def __init__(self, partial: Path, final: Path, digest: str, size: int | None, lock: asyncio.Lock) -> None:
        self._partial = partial
        self._final = final
        self._digest = digest
        self._size = size
        self._lock = lock
        self._holds = True
        self._file = -1
        self._hash = hashlib.new(digest.partition(":")[0])
        self.offset = 0
        """How many bytes are there already: ask the registry for the rest from here."""

    async def resume(self) -> None:
        """Open, and hash what an earlier try left. Beside the loop: to make a file waits for the disk's journal."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(lambda _: self._let_go())
            raise
        except BaseException:
            self._let_go()
            raise

    def _open(self) -> None:
        self._file = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while data := os.pread(self._file, PIECE, self.offset):
            self._hash.update(data)
            self.offset += len(data)
        if self._size is not None and self.offset > self._size:
            self._forget()

    def _forget(self) -> None:
        os.ftruncate(self._file, 0)
        self.offset = 0
        self._hash = hashlib.new(self._digest.partition(":")[0])

    async def write(self, data: bytes | memoryview) -> None:
        """Append. Raises StorageError(DISK_FULL)."""
        if self._size is not None and self.offset + len(data) > self._size:
            raise self._wrong(f"There are more than the {self._size} bytes announced.")
        try:
            if len(data) <= INLINE:
                self._append(data)
            else:
                await asyncio.to_thread(self._append, data)
        except OSError as error:
            raise disk_error(error, self._partial) from error

    def _append(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        written = 0
        while written < len(view):
            written += os.pwrite(self._file, view[written:], self.offset + written)
        self._hash.update(view)
        self.offset += len(view)

    async def restart(self) -> None:
        """Forget the bytes so far (the server does not do ranges)."""
        self._forget()

    async def commit(self) -> Path:
        """Verify digest (and size, if told), sync, and give the blob its name. A mismatch discards the bytes and raises
        StorageError(DIGEST_MISMATCH)."""
        problem = ""
        if self._size is not None and self.offset != self._size:
            problem = f"{self.offset} bytes came instead of the {self._size} announced."
        elif self._hash.hexdigest() != hex_of(self._digest):
            problem = f"What came is {self._hash.name}:{self._hash.hexdigest()}."
        if problem:
            await self.discard()
            raise self._wrong(problem)
        try:
            await asyncio.to_thread(self._settle)
        except OSError as error:
            raise disk_error(error, self._final) from error
        finally:
            self._let_go()
        return self._final

    def _settle(self) -> None:
        """On disk before it has its name: a name is a promise."""
        os.fsync(self._file)
        self._partial.rename(self._final)
        flush_names(self._final.parent)

    def _wrong(self, text: str) -> StorageError:
        return StorageError(
            "A blob is not what its digest says", text, code=Code.DIGEST_MISMATCH, subject=self._digest,
            hint="Try again; if it happens again, the registry or a proxy on the way delivers wrong data.",
        )  # fmt: skip

    async def close(self) -> None:
        """Let go without committing; the bytes stay."""
        self._let_go()

    async def discard(self) -> None:
        """Let go and remove the bytes."""
        if self._file >= 0:
            await asyncio.to_thread(self._partial.unlink, missing_ok=True)
        self._let_go()

    def _let_go(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._holds:
            self._holds = False
            self._lock.release()


class BlobStore:
    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def has(self, digest: str) -> bool:
        return self._paths.blob(digest).is_file()

    def path(self, digest: str) -> Path:
        """Where it is. Raises NotFound."""
        if not self.has(digest):
            raise NotFound("No such blob", f"{digest} is not in the store.", subject=digest)
        return self._paths.blob(digest)

    def size(self, digest: str) -> int:
        return self.path(digest).stat().st_size

    async def read(self, digest: str, *, limit: int = 16 << 20) -> bytes:
        """A small blob whole (a manifest, a config)."""
        path = self.path(digest)
        if (size := path.stat().st_size) > limit:
            raise StorageError("A blob is larger than it may be", f"{digest} has {size} bytes, {limit} at most.")
        data = path.read_bytes()
        if hashlib.new(digest.partition(":")[0], data).hexdigest() != hex_of(digest):
            raise StorageError("A blob of the store is damaged", f"{path} is not {digest} any more.", subject=digest)
        return data

    def partial_bytes(self, digest: str) -> int:
        """How much an earlier try left of a blob."""
        with contextlib.suppress(OSError):
            return self._paths.partial_blob(digest).stat().st_size
        return 0

    async def is_intact(self, digest: str) -> bool:
        """Whether a blob still is what its name says."""
        return await asyncio.to_thread(_has_digest, self.path(digest), digest)

    async def put(self, data: bytes, *, algorithm: str = "sha256") -> str:
        """Store bytes, give their digest."""
        digest = f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
        if not self.has(digest):
            writer = await self.writer(digest, size=len(data))
            try:
                await writer.restart()
                await writer.write(data)
                await writer.commit()
            finally:
                await writer.close()
        return digest

    async def writer(self, digest: str, *, size: int | None = None) -> BlobWriter:
        """Begin or resume; waits while another writer of the same digest is open (then look at `has` again)."""
        lock = self._locks.setdefault(digest, asyncio.Lock())  # forgotten with the last who holds it
        await lock.acquire()
        writer = BlobWriter(self._paths.partial_blob(digest), self._paths.blob(digest), digest, size, lock)
        try:
            await writer.resume()
        except OSError as error:
            raise disk_error(error, self._paths.partial_blob(digest)) from error
        return writer

    async def remove(self, digest: str) -> int:
        """Bytes freed; 0 if it was not there."""
        return await asyncio.to_thread(_removed, self._paths.blob(digest))

    async def forget_partial(self, digest: str) -> None:
        """What an earlier try left of a blob, unless somebody is at it now."""
        lock = self._locks.get(digest)
        if lock is None or not lock.locked():
            await asyncio.to_thread(self._paths.partial_blob(digest).unlink, missing_ok=True)

    async def drop_partial(self, name: str) -> None:
        """The same by its file's name in the store."""
        if name in {entry.name for entry in os.scandir(self._paths.partial_blobs)} and not self._being_written(name):
            await asyncio.to_thread((self._paths.partial_blobs / name).unlink, missing_ok=True)

    def digests(self) -> set[str]:
        return {
            f"{algorithm}:{entry.name}"
            for algorithm in ("sha256", "sha512")
            for entry in os.scandir(self._paths.blobs / algorithm)
        }

    async def sweep(self, keep: Iterable[str], *, partials_older_than: float = 7 * 86400.0) -> int:
        """Remove every blob that is not to be kept, and old partial ones; bytes freed."""
        kept = set(keep)
        freed = 0
        for digest in self.digests() - kept:
            freed += await self.remove(digest)
        oldest = time.time() - partials_older_than
        for entry in os.scandir(self._paths.partial_blobs):
            with contextlib.suppress(FileNotFoundError):
                found = entry.stat()
                if found.st_mtime < oldest and not self._being_written(entry.name):
                    freed += await asyncio.to_thread(_removed, Path(entry.path))
        return freed

    def _being_written(self, name: str) -> bool:
        return any(lock.locked() and digest.endswith(name) for digest, lock in self._locks.items())


def _removed(path: Path) -> int:
    """How many bytes it had; 0 if it was not there."""
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    return size


def _has_digest(path: Path, digest: str) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, digest.partition(":")[0]).hexdigest() == hex_of(digest)


def disk_error(error: OSError, path: Path) -> StorageError:
    """What went wrong on the disk, in the tree's terms."""
    said = f"{path}: {error.strerror}."
    return disk_refuses(error.errno or 0, said, subject=str(path)) or StorageError(
        "The store cannot be written", said, code=Code.CORRUPT, subject=str(path)
    )
