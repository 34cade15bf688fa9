"""The contract's part about what stays with a build's client, who is in this process and is asked for it. The rules of
`engine.facade` hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from engine.types.images import Login


class BlobPlace(Protocol):
    """Where blobs and one manifest are kept outside of this store: at a registry, or with a client."""

    async def manifest(self) -> bytes: ...
    async def small(self, digest: str) -> bytes:
        """A blob that is a document."""
        ...

    def read(self, digest: str, size: int) -> AsyncGenerator[bytes, None]: ...
    async def write(self, digest: str, source: Path | bytes) -> None:
        """Unless it is there."""
        ...

    async def put_manifest(self, raw: bytes, media_type: str) -> None: ...


class Lender(Protocol):
    """A build's client that is in this process, and has what the build may come to ask for."""

    async def secret(self, name: str) -> bytes | None: ...
    async def agent(self, name: str) -> str | None:
        """The socket of an ssh agent, here, as long as the build runs."""
        ...

    async def login(self, image: str) -> Login | None:
        """For the registry of an image."""
        ...
