"""Links: a container finds another by a name of its own choosing, and its ports and variables in its environment.

On the default network, where nobody has a name, a link is a line of /etc/hosts and some variables. On a named network
it is one more name, which the names server tells this container alone.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.containers.known.record import member_of
from engine.containers.spec.image_config import environment, exposed_ports
from engine.errors import Conflict, InvalidRequest, NotFound
from engine.recipe.networks import is_shared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.known.record import Record
    from engine.networks.network_service import NetworkService
    from engine.types.containers import ContainerSpec

_NOT_IN_NAMES: Final = re.compile(r"[^A-Z0-9_]")
_NOT_TOLD: Final = frozenset({"HOME", "PATH", "HOSTNAME", "TERM"})


class Link(NamedTuple):
    target: Entry
    alias: str


class Links:
    def __init__(self, book: ContainerBook, networks: NetworkService) -> None:
        self._book = book
        self._networks = networks

    def check(self, spec: ContainerSpec) -> None:
        """At the creation: that there is somebody, and a network to reach him by."""
        if not spec.links:
            return
        if spec.network in ("none", "host") or is_shared(spec.network):
            raise InvalidRequest(
                "conflicting options: links need a network of the container's own",
                f"It is to have the network “{spec.network}”.",
            )
        for link in spec.links:
            self._book.find(_name(link))

    def check_running(self, record: Record) -> None:
        """Before a start: on the default network whoever is linked to must be there already."""
        if not record.container.spec.links or member_of(record).is_named:
            return
        for text in record.container.spec.links:
            target = self._book.find(_name(text))
            if not target.alive:
                raise Conflict(
                    f"Cannot link to a non running container: {target.container.name}",
                    hint="Start it first.",
                    subject=target.id,
                )

    def neighbours(self, record: Record) -> list[tuple[str, Sequence[str]]]:
        """On the default network, addresses with the names they have here, of those that run."""
        if member_of(record).is_named:
            return []
        return [(address, _names(link)) for link, address in self._reached(record)]

    def environment(self, record: Record) -> dict[str, str]:
        """What Docker tells of each link on the default network."""
        if member_of(record).is_named:
            return {}
        told: dict[str, str] = {}
        for link, address in self._reached(record):
            told |= _variables(record, link, address)
        return told

    def _reached(self, record: Record) -> Iterator[tuple[Link, str]]:
        if not record.container.spec.links:
            return
        known = self._networks.neighbours(member_of(record))
        for link in self._of(record):
            if address := known.get(link.target.id):
                yield link, address

    def _of(self, record: Record) -> Iterator[Link]:
        for text in record.container.spec.links:
            with contextlib.suppress(NotFound):  # it was removed meanwhile
                target = self._book.find(_name(text))
                yield Link(target, text.partition(":")[2].rpartition("/")[2] or target.container.name)


def _name(link: str) -> str:
    return link.removeprefix("/").partition(":")[0]


def _names(link: Link) -> list[str]:
    """As Docker: the alias, the id its host knows itself by, and its name."""
    return list(dict.fromkeys((link.alias, link.target.id[:12], link.target.container.name)))


def _variables(record: Record, link: Link, address: str) -> dict[str, str]:
    prefix = _NOT_IN_NAMES.sub("_", link.alias.upper())
    target = link.target.record
    ports = sorted(exposed_ports(target.container.spec, target.image_config))
    told = {f"{prefix}_NAME": f"/{record.container.name}/{link.alias}"}
    if ports:
        told[f"{prefix}_PORT"] = f"{ports[0][1]}://{address}:{ports[0][0]}"
    for port, protocol in ports:
        name = f"{prefix}_PORT_{port}_{protocol.upper()}"
        told |= {
            name: f"{protocol}://{address}:{port}",
            f"{name}_ADDR": address,
            f"{name}_PORT": str(port),
            f"{name}_PROTO": protocol,
        }
    theirs = environment(target.container.spec, target.image_config, hostname="", home="")
    return told | {f"{prefix}_ENV_{key}": value for key, value in theirs.items() if key not in _NOT_TOLD}
