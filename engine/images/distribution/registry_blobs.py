"""A repository of a registry as a place for blobs and one manifest: `facade_lent.BlobPlace`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.images.known import manifest, platforms
from engine.images.known.manifest import MANIFEST_TYPES, Index
from engine.registry.upload import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from engine.images.known.reference import Reference
    from engine.registry.client import RegistryClient
    from engine.types.images import Login

_LARGEST_SMALL = manifest.LARGEST_CONFIG


class RegistryBlobs:
    """Reads and writes under one name."""

    def __init__(self, client: RegistryClient, name: Reference, login: Login | None) -> None:
        self._client = client
        self._name = name
        self._login = login
        self._upload = Upload(client, name.domain, name.path, login=login)

    async def manifest(self) -> bytes:
        """What the name stands for; of an index the member for this machine, where there is one."""
        raw = await self._fetch(self._name.digest or self._name.tag)
        if b'"manifests"' in raw:
            parsed = manifest.parse_manifest(raw)
            if isinstance(parsed, Index):
                chosen = platforms.choose(parsed.manifests, platforms.host_platform(), self._name.familiar)
                return await self._fetch(chosen.digest)
        return raw

    async def small(self, digest: str) -> bytes:
        return await self._client.small_blob(
            self._name.domain, self._name.path, digest, largest=_LARGEST_SMALL, login=self._login
        )

    async def read(self, digest: str, size: int) -> AsyncGenerator[bytes, None]:
        async for piece in self._client.blob(self._name.domain, self._name.path, digest, size, login=self._login):
            yield piece

    async def write(self, digest: str, source: Path | bytes) -> None:
        if not await self._upload.has(digest):
            await self._upload.send(digest, source, progress=lambda done: None)

    async def put_manifest(self, raw: bytes, media_type: str) -> None:
        await self._upload.put_manifest(self._name.tag, raw, media_type)

    async def _fetch(self, target: str) -> bytes:
        fetched = await self._client.manifest(
            self._name.domain, self._name.path, target,
            accept=MANIFEST_TYPES, largest=manifest.LARGEST_MANIFEST, login=self._login,
        )  # fmt: skip
        return fetched.raw
