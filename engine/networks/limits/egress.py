"""What a container may reach outside its networks, as its labels and its networks' say it: an allow-list, if any.

    wherry.egress=example.org,*.debian.org,10.0.0.0/8     these names, all below debian.org, and this network
    wherry.egress=none                                    nothing

The names server and the packet filter of the container's own namespace see to it (`names/guards.py`).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidRequest
from engine.recipe.networks import EGRESS_LABEL
from engine.types.data import Data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.types.containers import ContainerSpec
    from engine.types.networks import Network

LABEL = EGRESS_LABEL
_NOTHING = "none"
_NAME = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_MOST = 500
_MAY_OPEN_IT = frozenset({"ALL", "NET_ADMIN", "NET_RAW", "SYS_ADMIN"})
_RAW = "NET_RAW"


class Egress(Data, frozen=True, kw_only=True):
    names: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


def read(text: str) -> Egress:
    """Raises `InvalidRequest` for what is neither a name nor a network."""
    names: dict[str, None] = {}
    networks: dict[str, None] = {}
    words = [word for word in re.split(r"[\s,]+", text.strip().lower()) if word]
    if len(words) > _MOST:
        raise InvalidRequest(f"There are more than {_MOST} entries in {LABEL}")
    for word in [] if words == [_NOTHING] else words:
        try:
            networks[str(ipaddress.ip_network(word, strict=False))] = None
        except ValueError:
            if not _NAME.fullmatch(word) or len(word) > 253:
                raise InvalidRequest(
                    f"“{word[:80]}” is neither a name nor a network",
                    hint=f"{LABEL} is a list like example.org,*.debian.org,10.0.0.0/8; “{_NOTHING}” allows nothing.",
                ) from None
            names[word] = None
    return Egress(names=tuple(names), networks=tuple(networks))


def of(labels: Mapping[str, str], networks: Iterable[Network]) -> Egress | None:
    """Of a container on these networks: its own label, or all that any of its networks with one allows."""
    if LABEL in labels:
        return read(labels[LABEL])
    said = [read(network.labels[LABEL]) for network in networks if LABEL in network.labels]
    if not said:
        return None
    names = dict.fromkeys(name for each in said for name in each.names)
    return Egress(names=tuple(names), networks=tuple(dict.fromkeys(one for each in said for one in each.networks)))


def check(spec: ContainerSpec) -> None:
    """Refuse what could not be held to."""
    if LABEL not in spec.labels:
        return
    read(spec.labels[LABEL])
    if spec.network == "host" or ":" in spec.network:
        raise InvalidRequest(
            f"{LABEL} needs a network of the container's own",
            "What uses the network of this computer, of a pod or of another container goes its way out.",
        )
    check_abilities(spec)


def check_abilities(spec: ContainerSpec) -> None:
    """Who may change the network may open the gate, and who writes frames goes past it."""
    added = {each.upper().removeprefix("CAP_") for each in spec.security.capabilities_add}
    if spec.security.privileged or added & _MAY_OPEN_IT:
        raise InvalidRequest(
            "What the container may reach cannot be limited",
            "It is privileged, or may change its network (NET_ADMIN) or write frames of its own (NET_RAW), and so could"
            " get past its list.",
            hint=f"Take that away, or {LABEL} of the container or its network.",
        )


def held_to(spec: ContainerSpec) -> ContainerSpec:
    """As it starts where a list limits it: without what Docker gives everybody and a packet socket needs."""
    check_abilities(spec)
    security = msgspec.structs.replace(spec.security, capabilities_drop=(*spec.security.capabilities_drop, _RAW))
    return msgspec.structs.replace(spec, security=security)
