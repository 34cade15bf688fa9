"""Containers that could not start because an address they publish on is not there yet: the cable comes later than the
login. Those whose policy says so start when it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.networks.routes import is_here
from engine.types.containers import Action, RestartPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.containers.known.book import ContainerBook, Entry

_WANT_TO_RUN = ("always", "unless-stopped")


class NetworkWaiting:
    """Kept in memory: a next engine starts anew what is to run."""

    def __init__(self, book: ContainerBook, start: Callable[[str], Awaitable[object]]) -> None:
        self._book = book
        self._start = start
        self._waiting: dict[str, RestartPolicy] = {}

    def note(self, entry: Entry) -> None:
        """Its start has failed."""
        if _may_wait(entry) and _missing(entry):
            self._waiting[entry.id] = entry.container.spec.restart

    async def look(self) -> None:
        for container_id in tuple(self._waiting):
            entry = self._book.by_id(container_id)
            if entry is None or not _may_wait(entry):
                del self._waiting[container_id]
            elif not _missing(entry):
                del self._waiting[container_id]
                try:
                    await self._start(container_id)
                except WherryError:
                    continue  # told where its state is; if the address went again, it waits again


def _may_wait(entry: Entry) -> bool:
    container = entry.container
    can_start = Action.START in container.legal_actions and not entry.is_going
    return can_start and not entry.alive and container.spec.restart.name in _WANT_TO_RUN


def _missing(entry: Entry) -> bool:
    return not all(is_here(port.host_ip) for port in entry.container.spec.ports if port.host_ip)
