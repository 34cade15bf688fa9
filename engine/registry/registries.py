"""The client of registries, made when something is first asked of one.

What speaks HTTP takes longer to load than the images room itself; a window that opens needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.registry.client import RegistryClient
    from engine.registry.logins import Logins
    from engine.registry.settings import RegistryBook
    from engine.registry.transport import Limits, Transport
    from engine.registry.web import Web


class Registries:
    def __init__(self, logins: Logins, book: RegistryBook, *, version: str, limits: Limits | None = None) -> None:
        self._logins, self._book = logins, book
        self._version, self._limits = version, limits
        self._transport: Transport | None = None
        self._client: RegistryClient | None = None
        self._web: Web | None = None

    @property
    def web(self) -> Web:
        """For what is no registry's."""
        if self._web is None:
            from engine.registry.web import Web

            self._web = Web(self._book)
        return self._web

    def client(self) -> RegistryClient:
        if self._book.refresh():
            self.forget()
        if self._client is None:
            from engine.registry.client import RegistryClient
            from engine.registry.transport import Transport

            self._transport = Transport(
                self._logins, version=self._version, limits=self._limits, proxy=self._book.proxy_for
            )
            self._client = RegistryClient(self._transport, self._book)
        return self._client

    def forget(self) -> None:
        """Logins or settings have changed: what was agreed on by the old ones counts no more."""
        if self._transport is not None:
            self._transport.forget()

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.close()
