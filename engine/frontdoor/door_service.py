"""The front door as the facade shows it: on or off as the settings say, its addresses following what there is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from engine.errors import HostError, InvalidRequest, WherryError
from engine.frontdoor.addresses import DOMAIN, Table, url_of
from engine.types.events import Change
from engine.types.frontdoor import Door, DoorAddress, DoorSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.events.bus import EventBus
    from engine.frontdoor.certificates import Certificates
    from engine.frontdoor.listener import Listener
    from engine.frontdoor.services import Services
    from engine.frontdoor.wire import Wire
    from engine.host.settings import SettingsStore
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.types.containers import Container

_log = logging.getLogger(__name__)
_SETTLING_SECONDS = 0.05
"""Changes come in swarms: the addresses are worked out once for each."""


class DoorService:
    """Implements `engine.facade.FrontDoor`, and is the house its visitors come to."""

    def __init__(
        self,
        *,
        paths: Paths,
        keeper: Keeper,
        settings: SettingsStore,
        bus: EventBus,
        containers: Callable[[], Sequence[Container]],
        exposed: Callable[[Container], Sequence[str]],
    ) -> None:
        self._paths = paths
        self._keeper = keeper
        self._settings = settings
        self._bus = bus
        self._containers = containers
        self._exposed = exposed
        self._table = Table()
        self._listener: Listener | None = None
        self._services: Services | None = None
        self._certificates: Certificates | None = None
        self._problem = ""
        self._changing = asyncio.Lock()
        self._opening: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._published = Door()

    # --- life ---

    def open(self) -> None:
        """A door that is on opens soon: nobody waits for its code to load."""
        self._publish()
        if self._chosen.on:
            self._opening = asyncio.get_running_loop().create_task(self._open_soon(), name="front door")

    async def _open_soon(self) -> None:
        await asyncio.to_thread(import_module, "engine.frontdoor.listener")
        async with self._changing:
            if self._listener is None and self._chosen.on:
                with contextlib.suppress(WherryError):
                    await self._listen(self._chosen)
        self._publish()

    async def close(self) -> None:
        await _ended(self._opening)
        async with self._changing:
            await self._shut()

    # --- facade ---

    async def status(self) -> Door:
        if self._listener is not None:
            self._look()
        return self._shown()

    async def change(self, wanted: DoorSettings) -> Door:
        """Durable once it is true: a port that cannot be had is refused, and the door stays as it was."""
        if not 0 < wanted.port < 65536:
            raise InvalidRequest(f"{wanted.port} is no port", hint="It is a number from 1 to 65535.")
        async with self._changing:
            before = self._chosen
            await self._shut()
            try:
                if wanted.on:
                    await self._listen(wanted)
                await self._settings.change(msgspec.structs.replace(self._settings.current, door=wanted))
            except BaseException:
                await self._shut()
                if before.on:
                    with contextlib.suppress(WherryError):
                        await self._listen(before)
                self._publish()
                raise
            self._look()
        self._publish()
        return self._published

    # --- for visitors ---

    def find(self, host: str) -> DoorAddress | None:
        found = self._table.find(host)
        if found is None or not found.runs:
            self._look()  # it may have been made or started this very moment
            found = self._table.find(host)
        return found

    def index(self) -> bytes:
        from engine.frontdoor import pages

        return pages.index(self._table.addresses)

    async def connect(self, container_id: str, port: int) -> Wire:
        assert self._services is not None
        return await self._services.connect(container_id, port)

    # --- inside ---

    @property
    def _chosen(self) -> DoorSettings:
        return self._settings.current.door

    async def _listen(self, wanted: DoorSettings) -> None:
        from engine.frontdoor.listener import Listener
        from engine.frontdoor.services import Services

        if wanted.tls and self._certificates is None:
            self._certificates = await asyncio.to_thread(self._make_certificates)
        certificates = self._certificates if wanted.tls else None
        self._services = Services(self._keeper, self._container)
        listener = Listener(self, lambda: certificates)
        self._problem = ""
        try:
            listener.open(wanted.port)
        except WherryError as error:
            self._problem = str(error)
            _log.info("the front door stays closed: %s", error)
            raise
        self._listener = listener
        self._following = asyncio.get_running_loop().create_task(self._follow(), name="front door")

    def _make_certificates(self) -> Certificates:
        from engine.frontdoor.certificates import Certificates

        try:
            return Certificates(self._paths.door, self._speaks_http2)
        except OSError as error:
            raise HostError(
                "The door's certificates cannot be kept", f"{error}.", subject=str(self._paths.door)
            ) from None

    def _speaks_http2(self, host: str) -> bool:
        address = self._table.find(host)
        return address is not None and address.protocol == "h2c"

    async def _shut(self) -> None:
        listener, self._listener = self._listener, None
        await _ended(self._following)
        if listener is not None:
            await listener.close()
        if self._services is not None:
            self._services.close()
            self._services = None
        self._problem = ""

    async def _follow(self) -> None:
        """The addresses follow the containers."""
        async with self._bus.subscribe() as changes:
            self._look()
            self._publish()
            async for change in changes:
                if not isinstance(change, Change) or change.kind in ("container", "image"):
                    await asyncio.sleep(_SETTLING_SECONDS)
                    changes.skip()
                    self._look()
                    self._publish()

    def _look(self) -> None:
        self._table = Table.of(self._containers(), self._exposed, self._chosen)

    def _container(self, container_id: str) -> Container | None:
        return next((each for each in self._containers() if each.id == container_id), None)

    def _shown(self) -> Door:
        chosen = self._chosen
        authority = self._paths.door / "authority.pem"
        return Door(
            settings=chosen,
            listening=self._listener is not None,
            problem=self._problem if chosen.on else "",
            url=url_of(DOMAIN, chosen),
            authority=str(authority) if authority.exists() else "",
            addresses=self._table.addresses if self._listener is not None else (),
        )

    def _publish(self) -> None:
        shown = self._shown()
        if shown != self._published or not self._bus.objects("door"):
            self._published = shown
            self._bus.publish("door", shown.id, shown)


async def _ended(task: asyncio.Task[None] | None) -> None:
    if task is not None and task is not asyncio.current_task():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
