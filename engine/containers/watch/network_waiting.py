"""Containers that could not start because an address they publish on is not there yet: the cable comes later than the
login. Those whose policy says so start when it is, by whichever engine runs then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.networks.host.routes import is_here
from engine.types.containers import Action

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.containers.known.book import ContainerBook, Entry

_WANT_TO_RUN = ("always", "unless-stopped")


class NetworkWaiting:
    """Who waits stands in its own row, and says so among its warnings."""

    def __init__(self, book: ContainerBook, start: Callable[[str], Awaitable[object]]) -> None:
        self._book = book
        self._start = start

    async def note(self, entry: Entry) -> None:
        """Its start has failed."""
        if _may_wait(entry) and (missing := _missing(entry)):
            await self._mark(entry, _words(missing))

    async def look(self) -> None:
        for entry in tuple(self._book):
            if not entry.record.awaits:
                continue
            if not _may_wait(entry):
                await self._mark(entry, "")
            elif not _missing(entry):
                await self._mark(entry, "")
                try:
                    await self._start(entry.id)
                except WherryError:
                    continue  # told where its state is; if the address went again, it waits again

    async def _mark(self, entry: Entry, words: str) -> None:
        async with entry.lock:
            record = entry.record
            others = tuple(each for each in record.container.warnings if each != record.awaits)
            warnings = (*others, words) if words else others
            marked = record.changed(awaits=words).with_container(warnings=warnings)
            await self._book.save_when_it_fits(entry, marked, "update")


def _words(address: str) -> str:
    return f"It waits for the address {address}, which it publishes on, and starts when this computer has it."


def _may_wait(entry: Entry) -> bool:
    container = entry.container
    can_start = Action.START in container.legal_actions and not entry.is_going
    return can_start and not entry.alive and container.spec.restart.name in _WANT_TO_RUN


def _missing(entry: Entry) -> str:
    """The first address that is not there, "" where all are."""
    wanted = (port.host_ip for port in entry.container.spec.ports if port.host_ip)
    return next((address for address in wanted if not is_here(address)), "")
