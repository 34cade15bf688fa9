"""Networks, their members and what is published, as lanes and nodes of a map; and what flows through each wire."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from engine.recipe.networks import EGRESS_LABEL
from engine.types.containers import ALIVE_STATES
from gui.models.natural import natural_key
from gui.presentation.containers.words import port_text, port_url, state_words
from gui.presentation.networks.door import addresses, short_host
from gui.presentation.networks.words import from_left, network_name
from gui.presentation.units import rate_text
from gui.theme import Tone
from gui.widgets.painted.bus_map import MapLane, MapNode
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types.containers import Container
    from engine.types.frontdoor import Door
    from engine.types.networks import Network, NetworkMember
    from gui.pages.network_map.flows import Flow, Flows

HOST_LANE = "host"


class Attachment(NamedTuple):
    """A node of the map as what it is: a container on a network, or what one publishes ("" as network)."""

    network: str
    container: str
    addresses: tuple[tuple[str, str], ...] = ()
    """Of what is published: words, and what a browser opens ("" for what none speaks)."""


@dataclass
class Picture:
    """All that is drawn, and what each node is."""

    lanes: tuple[MapLane, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    attachments: dict[str, Attachment] = field(default_factory=dict)

    def reached_from(self, node: str) -> frozenset[str]:
        """Containers that share a network with a node's: by its wire, or by any where it is a published address."""
        chosen = self.attachments.get(node)
        if chosen is None:
            return frozenset()
        networks = {
            each.network
            for each in self.attachments.values()
            if each.container == chosen.container and each.network and chosen.network in ("", each.network)
        }
        return frozenset(each.container for each in self.attachments.values() if each.network in networks)

    def around(self, node: str) -> frozenset[str] | None:
        """What is shown fully while a node is chosen: it, its container everywhere, and those it reaches by it."""
        chosen = self.attachments.get(node)
        if chosen is None:
            return None
        reached = self.reached_from(node)
        return frozenset(
            key
            for key, each in self.attachments.items()
            if each.container == chosen.container
            or (each.container in reached and each.network and chosen.network in ("", each.network))
        )


def picture(
    networks: Mapping[str, Network],
    containers: Mapping[str, Container],
    doors: Mapping[str, Door],
    flows: Flows,
    refused: Mapping[str, int],
) -> Picture:
    """Networks with members, those of one's own first; above them what this computer publishes."""
    made = Picture()
    shown = [each for each in networks.values() if each.driver != "null" and (each.members or not each.builtin)]
    shown.sort(key=lambda each: (each.builtin, natural_key(each.name)))
    homes = _homes(shown, containers)
    lanes = []
    for network in shown:
        nodes = []
        for member in sorted(network.members, key=lambda each: natural_key(each.name)):
            container = containers.get(member.container_id)
            if container is not None:
                key = f"{network.id}/{container.id}"
                made.attachments[key] = Attachment(network.id, container.id)
                at_home = homes[container.id] == key
                flow = flows.of(container.id, network, at_home=at_home)
                node = _node(key, member, container, flow, is_echo=not at_home)
                nodes.append(_guarded(node, network, container, refused.get(container.id, 0)))
        lanes.append(_lane(network, tuple(nodes)))
    published = _published(containers, doors, made, homes)
    if published:
        lanes.insert(0, _host_lane(published))
    made.lanes = tuple(lanes)
    return made


def _homes(networks: Sequence[Network], containers: Mapping[str, Container]) -> dict[str, str]:
    """The node where each container is at home: on the network it was made for, else on the first it is on."""
    homes: dict[str, str] = {}
    for network in networks:
        for member in network.members:
            container = containers.get(member.container_id)
            if container is not None and container.spec.network in (network.name, network.id):
                homes[container.id] = f"{network.id}/{container.id}"
    for network in networks:
        for member in network.members:
            homes.setdefault(member.container_id, f"{network.id}/{member.container_id}")
    return homes


def flow_text(flow: Flow) -> str:
    """ "↓ 1.2 MiB/s ↑ 3 KiB/s", nothing where nothing flows."""
    return from_left(f"↓ {rate_text(flow.received)} ↑ {rate_text(flow.sent)}") if flow.both >= 1 else ""


def _node(key: str, member: NetworkMember, container: Container, flow: Flow, *, is_echo: bool) -> MapNode:
    words = state_words(container)
    detail = member.ip_address or (words.word if container.state not in ALIVE_STATES else "")
    return MapNode(
        id=key,
        title=container.name,
        detail=detail,
        tone=words.tone,
        flow=flow.both,
        flow_words=flow_text(flow),
        is_echo=is_echo,
    )


def _guarded(node: MapNode, network: Network, container: Container, refused: int) -> MapNode:
    """With a word on it where an allow-list says what it reaches."""
    if EGRESS_LABEL not in container.spec.labels and EGRESS_LABEL not in network.labels:
        return node
    note = translate("NetworkMap", "%n refused", None, refused) if refused else translate("NetworkMap", "limited")
    return replace(node, note=note, note_tone=Tone.DANGER if refused else Tone.INFO)


def _lane(network: Network, nodes: tuple[MapNode, ...]) -> MapLane:
    closed = network.internal
    return MapLane(
        id=network.id,
        title=network_name(network),
        detail=network.subnet,
        badge=translate("NetworkMap", "no way out") if closed else translate("NetworkMap", "reaches the internet"),
        badge_tone=Tone.WARNING if closed else Tone.NEUTRAL,
        icon="lock" if closed else "network",
        nodes=nodes,
    )


def _published(
    containers: Mapping[str, Container], doors: Mapping[str, Door], made: Picture, homes: Mapping[str, str]
) -> list[MapNode]:
    """A node for each container that has addresses on this computer, and the curves from them."""
    nodes: list[MapNode] = []
    links: list[tuple[str, str]] = []
    at_door = addresses(doors)
    for container in sorted(containers.values(), key=lambda each: natural_key(each.name)):
        door = at_door.get(container.id)
        rows = [(short_host(door), door.url)] if door is not None else []
        rows += [(port_text(port), port_url(port)) for port in container.ports]
        if not rows:
            continue
        node = f"{HOST_LANE}/{container.id}"
        made.attachments[node] = Attachment("", container.id, tuple(rows))
        words = from_left(", ".join(text for text, _ in rows))
        icon = "globe" if door is not None else "plug"
        nodes.append(MapNode(id=node, title=words, detail=container.name, tone=Tone.ACCENT, icon=icon))
        if container.id in homes:
            links.append((node, homes[container.id]))
    made.links = tuple(links)
    return nodes


def _host_lane(nodes: Sequence[MapNode]) -> MapLane:
    count = translate("NetworkMap", "leads to %n containers", None, len(nodes))
    return MapLane(
        id=HOST_LANE,
        title=translate("NetworkMap", "This computer"),
        detail=count,
        icon="home",
        nodes=tuple(nodes),
        has_line=False,
    )
