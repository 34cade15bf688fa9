"""The content store: blobs named by their digest. A blob that has its name has been verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.storage.paths import Paths


class BlobWriter:
    """One blob on its way in. Bytes that arrived stay for a later try unless `discard()` is called."""

    offset: int
    """How many bytes are there already: ask the registry for the rest from here."""

    async def write(self, data: bytes | memoryview) -> None:
        """Append. Raises StorageError(DISK_FULL)."""
        raise NotImplementedError

    async def restart(self) -> None:
        """Forget the bytes so far (the server does not do ranges)."""
        raise NotImplementedError

    async def commit(self) -> Path:
        """Verify digest (and size, if told), sync, and give the blob its name. A mismatch discards the bytes and raises
        StorageError(DIGEST_MISMATCH)."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go without committing; the bytes stay."""
        raise NotImplementedError

    async def discard(self) -> None:
        """Let go and remove the bytes."""
        raise NotImplementedError


class BlobStore:
    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def has(self, digest: str) -> bool:
        raise NotImplementedError

    def path(self, digest: str) -> Path:
        """Where it is. Raises NotFound."""
        raise NotImplementedError

    def size(self, digest: str) -> int:
        raise NotImplementedError

    async def read(self, digest: str, *, limit: int = 16 << 20) -> bytes:
        """A small blob whole (a manifest, a config)."""
        raise NotImplementedError

    async def put(self, data: bytes, *, algorithm: str = "sha256") -> str:
        """Store bytes, give their digest."""
        raise NotImplementedError

    async def writer(self, digest: str, *, size: int | None = None) -> BlobWriter:
        """Begin or resume; waits while another writer of the same digest is open (then look at `has` again)."""
        raise NotImplementedError

    async def remove(self, digest: str) -> int:
        """Bytes freed; 0 if it was not there."""
        raise NotImplementedError

    def digests(self) -> set[str]:
        raise NotImplementedError

    async def sweep(self, keep: Iterable[str], *, partials_older_than: float = 7 * 86400.0) -> int:
        """Remove every blob that is not to be kept, and old partial ones; bytes freed."""
        raise NotImplementedError
