"""Build contexts that are elsewhere: a git repository, an archive, or a lone Dockerfile behind an address.

https://host/project.git#branch:directory      git@host:project.git      https://host/files.tar.gz
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from engine.builder.context.repositories import is_git
from engine.builder.context.upload import receive_context
from engine.errors import InvalidRequest
from engine.registry.web import is_url

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from engine.builder.context.sources import Sources

_MOST_DOCKERFILE_BYTES: Final = 16 << 20
_ARCHIVES: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_TAR_MARK: Final = slice(257, 262)


def is_remote(context: str) -> bool:
    return is_url(context) or is_git(context) or context.startswith("github.com/")


async def fetch_context(address: str, into: Path, sources: Sources) -> str | None:
    """Fill a directory that is not there yet. Gives the Dockerfile's text where the address was one, and no more."""
    if is_git(address) or address.startswith("github.com/"):
        await sources.repository(address, into)
        return None
    async with aclosing(sources.pieces(address)) as pieces:
        head, rest = await _head(pieces)
        if not (head.startswith(_ARCHIVES) or head[_TAR_MARK] == b"ustar"):
            await asyncio.to_thread(lambda: into.mkdir(parents=True, mode=0o700))
            return await _text(rest, address)
        await receive_context(rest, into)
    return None


async def fetch_named(address: str, into: Path, sources: Sources) -> None:
    """A context that is given by name: a repository or an archive."""
    if await fetch_context(address, into, sources) is not None:
        problem = "A context given by name is a directory, an image, a git repository or an archive."
        raise InvalidRequest(f"{address} is no archive", problem, subject=address)


async def _head(pieces: AsyncGenerator[bytes, None]) -> tuple[bytes, AsyncIterator[bytes]]:
    """Enough of the beginning to tell what it is, and the whole again."""
    head = b""
    while len(head) < _TAR_MARK.stop and (piece := await anext(pieces, b"")):
        head += piece

    async def again() -> AsyncIterator[bytes]:
        yield head
        async for piece in pieces:
            yield piece

    return head, again()


async def _text(pieces: AsyncIterator[bytes], address: str) -> str:
    parts: list[bytes] = []
    size = 0
    async for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > _MOST_DOCKERFILE_BYTES or b"\0" in piece:
            raise InvalidRequest(f"{address} is neither an archive nor a Dockerfile", subject=address)
    return b"".join(parts).decode("utf-8", "replace")
