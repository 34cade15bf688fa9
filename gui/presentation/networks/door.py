"""The addresses that the front door gives to containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types.frontdoor import Door, DoorAddress


_LONGEST_URL = 48


def address_of(doors: Mapping[str, Door], container_id: str) -> DoorAddress | None:
    """Where a browser finds a container now; None for one at rest, and while the door is shut."""
    return addresses(doors).get(container_id)


def addresses(doors: Mapping[str, Door]) -> dict[str, DoorAddress]:
    """Of all that run, by container."""
    return {each.container_id: each for door in doors.values() for each in door.addresses if each.runs}


def short_host(address: DoorAddress) -> str:
    """ "web.shop", where there is little room: all end alike."""
    return address.hosts[0].removesuffix(".localhost")


def shown_url(address: DoorAddress) -> str:
    """A link that leaves room for others."""
    return shortened(address.url.removesuffix("/"), _LONGEST_URL)


def shortened(text: str, most: int) -> str:
    """Its two ends, where it is too long."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[len(text) - most // 2 :]}"
