"""Networks, and who listens on the host's ports."""

from __future__ import annotations

from datetime import datetime

from engine.types.data import Data


class CreateNetwork(Data, frozen=True, kw_only=True):
    name: str
    labels: dict[str, str] = {}
    internal: bool = False
    subnet: str = ""
    gateway: str = ""
    driver: str = "bridge"
    options: dict[str, str] = {}


class NetworkMember(Data, frozen=True, kw_only=True):
    container_id: str
    name: str
    ip_address: str
    mac_address: str = ""
    aliases: tuple[str, ...] = ()


class Network(Data, frozen=True, kw_only=True):
    id: str
    name: str
    driver: str
    created: datetime
    subnet: str = ""
    gateway: str = ""
    internal: bool = False
    builtin: bool = False
    labels: dict[str, str] = {}
    options: dict[str, str] = {}
    members: tuple[NetworkMember, ...] = ()


class HostPort(Data, frozen=True, kw_only=True):
    """A port of the host that somebody listens on."""

    port: int
    protocol: str
    address: str
    container_id: str = ""
    container_port: int = 0
    pid: int = 0
    process: str = ""
