"""The front door of the fake engine: addresses as the real one has them, and nobody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidRequest
from engine.frontdoor.addresses import DOMAIN, Table, url_of
from engine.types.frontdoor import Door, DoorSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from tests.fakes.store import Store


class FakeDoor:
    """Implements `facade.FrontDoor`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.settings = DoorSettings()
        store.bus.publish("door", "door", Door())

    async def status(self) -> Door:
        table = Table.of(self._store.containers.values(), self._exposed, self.settings)
        return Door(
            settings=self.settings,
            listening=self.settings.on,
            url=url_of(DOMAIN, self.settings),
            authority="/home/me/.local/share/wherry/door/authority.pem" if self.settings.tls else "",
            addresses=table.addresses if self.settings.on else (),
        )

    async def change(self, wanted: DoorSettings) -> Door:
        if not 0 < wanted.port < 65536:
            raise InvalidRequest(f"{wanted.port} is no port")
        self.settings = wanted
        told = await self.status()
        self._store.bus.publish("door", told.id, told)
        return told

    def _exposed(self, container: Container) -> Sequence[str]:
        image = self._store.images.get(container.image_id)
        return image.config.exposed_ports if image is not None else ()
