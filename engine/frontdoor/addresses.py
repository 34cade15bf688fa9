"""Which names a container has at the door and which of its ports is meant; and who it is that a request asks for. Pure.

A compose service is `SERVICE.PROJECT.localhost`, and every container `NAME.localhost`; names that a browser would
refuse are offered with dashes too. The port is the one the label says, else the first published one, else the first the
image or the recipe exposes; ports known for other protocols are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.compose import labels
from engine.types.containers import ALIVE_STATES
from engine.types.frontdoor import DoorAddress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.types.containers import Container
    from engine.types.frontdoor import DoorSettings

PORT = "wherry.http.port"
PROTOCOL = "wherry.http.protocol"
DOMAIN = "localhost"
_PROTOCOLS = ("h2c",)
_OF_OTHERS = frozenset(
    {21, 22, 23, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2049, 2181, 3306, 3389, 4222, 4369,
     5432, 5433, 5671, 5672, 6379, 8883, 9042, 9092, 11211, 25672, 26257, 27017, 33060}
)  # fmt: skip
"""Ports known for databases, queues, mail and shells: no browser is shown to them, unless a label says so."""
_LONGEST_LABEL, _LONGEST_NAME = 63, 253
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_HOST = re.compile(r"([a-z0-9_.-]{1,253}?)\.?(:[0-9]{1,5})?")


def host_of(field_value: str) -> str:
    """The name in a Host field, without its port; "" where it is no name below localhost, nor localhost itself."""
    found = _HOST.fullmatch(field_value.lower())
    name = found.group(1) if found else ""
    return name if name == DOMAIN or name.endswith("." + DOMAIN) else ""


def hosts_of(container: Container) -> tuple[str, ...]:
    """The names of a container, the one to show first."""
    given = container.spec.labels
    service, project = given.get(labels.SERVICE, ""), given.get(labels.PROJECT, "")
    wanted: list[str] = []
    if service and project and given.get(labels.ONEOFF, "False") != "True":
        wanted.append(f"{service}.{project}")
    wanted.append(container.name)
    spellings = [spelling for name in wanted for spelling in (name.lower().replace("_", "-"), name.lower())]
    return tuple(dict.fromkeys(f"{name}.{DOMAIN}" for name in spellings if _is_name(name)))


def _is_name(name: str) -> bool:
    parts = name.split(".")
    return (
        all(_NAME.fullmatch(part) and len(part) <= _LONGEST_LABEL for part in parts)
        and len(name) + len(DOMAIN) < _LONGEST_NAME
    )


def port_of(container: Container, exposed: Sequence[str]) -> int:
    """The port inside that speaks HTTP, 0 for none. `exposed` is what the image says, as "80/tcp"."""
    told = container.spec.labels.get(PORT)
    if told is not None:
        return int(told) if told.isascii() and told.isdigit() and len(told) < 6 and int(told) < 65536 else 0
    published = [port.container_port for port in container.spec.ports if port.protocol == "tcp"]
    numbers = (*published, *_numbers(exposed), *_numbers(container.spec.exposed_ports))
    return next((number for number in numbers if number not in _OF_OTHERS), 0)


def _numbers(ports: Iterable[str]) -> Iterable[int]:
    for text in ports:
        number, _, protocol = text.partition("/")
        first = number.partition("-")[0]
        if first.isascii() and first.isdigit() and len(first) < 6 and protocol in ("", "tcp"):
            yield int(first)


def address_of(container: Container, exposed: Sequence[str], settings: DoorSettings) -> DoorAddress | None:
    """None for one that has nothing to show."""
    port, hosts = port_of(container, exposed), hosts_of(container)
    if not port or not hosts:
        return None
    protocol = container.spec.labels.get(PROTOCOL, "").lower()
    return DoorAddress(
        container_id=container.id,
        name=container.name,
        hosts=hosts,
        port=port,
        url=url_of(hosts[0], settings),
        runs=container.state in ALIVE_STATES,
        protocol=protocol if protocol in _PROTOCOLS else "",
    )


def url_of(host: str, settings: DoorSettings) -> str:
    scheme, usual = ("https", 443) if settings.tls else ("http", 80)
    return f"{scheme}://{host}/" if settings.port == usual else f"{scheme}://{host}:{settings.port}/"


@dataclass
class Table:
    """The addresses as a request finds them."""

    addresses: tuple[DoorAddress, ...] = ()
    _by_host: dict[str, list[DoorAddress]] = field(default_factory=dict)
    _turns: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, containers: Iterable[Container], exposed: Callable[[Container], Sequence[str]], settings: DoorSettings
    ) -> Table:
        found = (address_of(container, exposed(container), settings) for container in containers)
        table = cls(tuple(sorted((each for each in found if each is not None), key=lambda each: each.hosts[0])))
        for address in table.addresses:
            for host in address.hosts:
                table._by_host.setdefault(host, []).append(address)
        return table

    def find(self, host: str) -> DoorAddress | None:
        """Who answers to a name: of several that run, each in turn; one that does not run, where none does."""
        candidates = self._by_host.get(host, [])
        running = [each for each in candidates if each.runs]
        if not running:
            return candidates[0] if candidates else None
        turn = self._turns.get(host, 0)
        self._turns[host] = turn + 1
        return running[turn % len(running)]
