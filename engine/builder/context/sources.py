"""The way to what a build fetches: files of the web and git repositories, with what it was lent for their servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.builder.context.repositories import fetch_repository, repository_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from engine.builder.lent import Lent
    from engine.registry.web import Web


@dataclass(frozen=True)
class Sources:
    web: Web
    lent: Lent

    async def pieces(self, url: str) -> AsyncGenerator[bytes, None]:
        """The bytes behind an address of the web."""
        async for piece in self.web.pieces(url, await self.lent.web_headers(url)):
            yield piece

    async def repository(self, address: str, into: Path, *, keep_git: bool = False) -> str:
        """A repository's files in a directory that is not there yet; gives the commit."""
        given = await self.lent.git_environment(repository_of(address))
        return await fetch_repository(address, into, self.web.environment() | given, keep_git=keep_git)
