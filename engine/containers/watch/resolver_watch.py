"""The host's resolvers change under running containers: another Wi-Fi, a VPN, a cable. Their files follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.networks.host import resolvers

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.known.record import Record
    from engine.networks.network_service import NetworkService


class ResolverWatch:
    """Asked every few seconds, which is sooner than anybody has typed the name of a page after changing a network."""

    def __init__(self, book: ContainerBook, networks: NetworkService, rewrite: Callable[[Record], None]) -> None:
        self._book = book
        self._networks = networks
        self._rewrite = rewrite
        self._seen: str | None = None
        """Nothing at first: the host may have changed while no engine was there."""

    async def look(self) -> None:
        now = resolvers.host_text()
        if now == self._seen:
            return
        before, self._seen = self._seen, now
        # A pasta that was not told to forward must be another one; the reconciler brings it as it does a lost one.
        anew = before is not None and resolvers.needs_forwarder(now) and not resolvers.needs_forwarder(before)
        for entry in tuple(self._book):
            if entry.alive and not entry.container.spec.dns:
                async with entry.lock:
                    await self._follow(entry, anew=anew)

    async def _follow(self, entry: Entry, *, anew: bool) -> None:
        if not entry.alive:
            return
        self._rewrite(entry.record)
        if anew and entry.record.run.pasta_pid:
            await self._networks.attachments.disconnect(entry.id)
