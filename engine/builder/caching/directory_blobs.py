"""A directory of this machine as a place for blobs and one manifest, laid out as buildx lays a local cache out:
`facade_lent.BlobPlace`."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from engine.errors import Code, InvalidRequest, NotFound, StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_INDEX: Final = "application/vnd.oci.image.index.v1+json"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_LARGEST_SMALL: Final = 8 << 20
_PIECE: Final = 1 << 20


class DirectoryBlobs:
    """What is written is there under its name only when it is whole."""

    def __init__(self, directory: str) -> None:
        if not os.path.isabs(directory):
            raise InvalidRequest("A cache's directory is an absolute path", subject=directory)
        self._top = Path(directory)

    async def manifest(self) -> bytes:
        try:
            document = msgspec.json.decode(await asyncio.to_thread((self._top / "index.json").read_bytes))
            digest = str(document["manifests"][-1]["digest"])
        except (OSError, msgspec.DecodeError, LookupError, TypeError) as error:
            raise NotFound(f"{self._top} holds no cache", str(error), subject=str(self._top)) from error
        return await self.small(digest)

    async def small(self, digest: str) -> bytes:
        data = b"".join([piece async for piece in self.read(digest, _LARGEST_SMALL)])
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            raise StorageError(
                f"A document of the cache {self._top} is not what its digest says", code=Code.DIGEST_MISMATCH
            )
        return data

    async def read(self, digest: str, size: int) -> AsyncGenerator[bytes, None]:
        came = 0
        try:
            with self._blob(digest).open("rb") as file:
                while piece := await asyncio.to_thread(file.read, _PIECE):
                    came += len(piece)
                    if came > size:
                        raise StorageError(f"{digest} is larger in {self._top} than is said", code=Code.DIGEST_MISMATCH)
                    yield piece
        except OSError as error:
            raise NotFound(f"{digest} is not in {self._top}", error.strerror or "", subject=digest) from error

    async def write(self, digest: str, source: Path | bytes) -> None:
        await asyncio.to_thread(self._write, self._blob(digest), source)

    async def put_manifest(self, raw: bytes, media_type: str) -> None:
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        await self.write(digest, raw)
        entry = {
            "mediaType": media_type,
            "digest": digest,
            "size": len(raw),
            "annotations": {"org.opencontainers.image.ref.name": "latest"},
        }
        index = msgspec.json.encode({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [entry]})
        await asyncio.to_thread(self._write, self._top / "index.json", index, again=True)
        layout = b'{"imageLayoutVersion":"1.0.0"}'
        await asyncio.to_thread(self._write, self._top / "oci-layout", layout, again=True)

    def _blob(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise InvalidRequest(f"{digest[:80]} is no digest")
        return self._top / "blobs/sha256" / digest.removeprefix("sha256:")

    def _write(self, path: Path, source: Path | bytes, *, again: bool = False) -> None:
        if path.exists() and not again:
            return
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(source, bytes):
                fresh.write_bytes(source)
            else:
                shutil.copyfile(source, fresh)
            os.replace(fresh, path)
        except OSError as error:
            with contextlib.suppress(OSError):  # it may never have been made
                fresh.unlink()
            raise StorageError(f"The cache cannot be written to {self._top}", error.strerror or "") from error
