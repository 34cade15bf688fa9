"""The front door: one port of this computer at which every service that speaks HTTP has an address of its own."""

from __future__ import annotations

from engine.types.data import Data

DOOR_PORT = 8088
"""Suggested."""


class DoorSettings(Data, frozen=True, kw_only=True):
    """What a person chose."""

    on: bool = False
    port: int = DOOR_PORT
    tls: bool = False
    """Besides plain HTTP, by certificates of an authority made for this store."""


class DoorAddress(Data, frozen=True, kw_only=True):
    """What a container is called at the door."""

    container_id: str
    name: str
    """The container's."""
    hosts: tuple[str, ...]
    """Names it answers to, the one to show first: "web.shop.localhost"."""
    port: int
    """The port inside."""
    url: str
    runs: bool
    protocol: str = ""
    """"h2c" where it speaks HTTP/2 (the label wherry.http.protocol); else HTTP/1.1."""


class Door(Data, frozen=True, kw_only=True):
    """The door as it is now."""

    id: str = "door"
    settings: DoorSettings = DoorSettings()
    listening: bool = False
    problem: str = ""
    """Why it does not listen although it should, in words."""
    url: str = ""
    """Of its own page, which lists the addresses."""
    authority: str = ""
    """The file of the authority's certificate, for whoever wants browsers to trust it; "" where there is none."""
    addresses: tuple[DoorAddress, ...] = ()
