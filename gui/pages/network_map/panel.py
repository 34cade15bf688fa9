"""The figures of one wire: whose it is, its addresses, what flows now and did in the last minute, how much went to and
came from whom, and whom it reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gui.presentation.containers.words import state_words
from gui.presentation.networks.door import shortened
from gui.presentation.networks.words import from_left, network_name
from gui.presentation.units import bytes_text, rate_text
from gui.theme import Role, Space, Text, Tone, grown
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.labels import ElidedLabel, label
from gui.widgets.painted.badge import Badge
from gui.widgets.painted.sparkline import paint_sparkline
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from engine.types.networks import Network, Peer
    from gui.pages.network_map.flows import Flows

_WIDTH, _NAME_WIDTH, _CURVE_HEIGHT = 300, 84, 56
_MOST_NAMED, _MOST_PEERS = 12, 6
_LONGEST, _LONGEST_NAME = 22, 14


@dataclass(frozen=True)
class Wire:
    """A container's connection to a network, and what flows through it."""

    network: Network
    flows: Flows
    peers: Sequence[Peer]
    """All whom the container talked to."""
    at_home: bool

    def talked_to(self) -> list[Peer]:
        """By this wire, those first with whom most went: the network's members, and the world where it is at home."""
        home = ("",) if self.at_home else ()
        mine = [each for each in self.peers if each.network in (self.network.id, *home)]
        return sorted(mine, key=lambda each: -(each.sent + each.received))


class WirePanel(QFrame):
    """At the right of the map while something is chosen."""

    closed = Signal()
    container_wanted = Signal(str)
    why_wanted = Signal(str)
    address_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.setFixedWidth(grown(_WIDTH))
        self._container = ""
        self._title = ElidedLabel("", Text.TITLE)
        self._badge = Badge("", Tone.NEUTRAL)
        self.facts = FactGrid(name_width=_NAME_WIDTH)
        self.facts.activated.connect(self.address_wanted)
        self._curve = _Curve()
        self._talks = label(translate("NetworkMap", "Talked to"), Text.SMALL, Tone.MUTED)
        self.peers = PeerList()
        self._reaches = label("", Text.SMALL, Tone.NEUTRAL, wrap=True)
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(tool_button("x", translate("NetworkMap", "Close"), self.closed.emit))
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        column.addLayout(top)
        row = QHBoxLayout()
        row.addWidget(self._badge)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.facts)
        column.addWidget(self._curve)
        column.addWidget(self._talks)
        column.addWidget(self.peers)
        column.addWidget(self._reaches)
        opening = button(
            translate("NetworkMap", "Open the container"), "container", on_click=lambda: self._emit_container()
        )
        why = button(
            translate("NetworkMap", "Why can it not reach…?"),
            "help",
            Variant.GHOST,
            lambda: self.why_wanted.emit(self._container),
        )
        column.addWidget(opening)
        column.addWidget(why)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)

    def show_wire(
        self,
        container: Container,
        wire: Wire | None,
        addresses: Sequence[tuple[str, str]],
        reached: Sequence[str],
    ) -> None:
        self._container = container.id
        words = state_words(container)
        self._title.set_text(container.name)
        self._badge.set(words.word, words.tone)
        self.facts.set_facts(_address_facts(addresses) if wire is None else _wire_facts(container, wire))
        past = wire.flows.past(container.id, wire.network, at_home=wire.at_home) if wire is not None else []
        self._curve.setVisible(any(past))
        self._curve.show_values(past)
        talked = _peer_rows(wire) if wire is not None else []
        self._talks.setVisible(bool(talked))
        self.peers.setVisible(bool(talked))
        self.peers.set_rows(talked)
        self._reaches.setText(_reached_words(reached))

    def _emit_container(self) -> None:
        self.container_wanted.emit(self._container)


class PeerList(QWidget):
    """Two lines for each: a name has the whole width, and below it stands what was received and sent."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(Space.S)
        self._labels: list[tuple[ElidedLabel, ElidedLabel]] = []

    def set_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        while len(self._labels) < len(rows):
            pair = ElidedLabel("", Text.BODY), ElidedLabel("", Text.SMALL, Role.TEXT_MUTED)
            self._labels.append(pair)
            row = QVBoxLayout()
            row.setSpacing(0)
            for each in pair:
                row.addWidget(each)
            self._column.addLayout(row)
        for number, (name, figures) in enumerate(self._labels):
            for each, text in zip((name, figures), rows[number] if number < len(rows) else ("", ""), strict=True):
                each.set_text(text)
                each.setVisible(bool(text))


class _Curve(QWidget):
    """What flowed in the last minute."""

    def __init__(self) -> None:
        super().__init__()
        self._values: list[float] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_values(self, values: Sequence[float]) -> None:
        self._values = list(values)
        top = rate_text(max(self._values, default=0.0))
        self.setAccessibleName(translate("NetworkMap", "The last minute, at most {0}").format(top))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, _CURVE_HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_sparkline(painter, QRectF(self.rect()).adjusted(0, 2, 0, -2), self._values, top=1024.0)


def _address_facts(addresses: Sequence[tuple[str, str]]) -> list[Fact]:
    return [
        Fact(shortened(words, _LONGEST_NAME), shortened(url.removesuffix("/"), _LONGEST), link=url, copy=bool(url))
        for words, url in addresses
    ]


def _wire_facts(container: Container, wire: Wire) -> list[Fact]:
    network = wire.network
    member = next((each for each in network.members if each.container_id == container.id), None)
    flow = wire.flows.of(container.id, network, at_home=wire.at_home)
    outside = wire.flows.outside(container.id)
    facts = [Fact(translate("NetworkMap", "Network"), network_name(network))]
    if member is not None and member.ip_address:
        facts.append(Fact(translate("NetworkMap", "Address"), member.ip_address, code=True, copy=True))
    if member is not None and member.ip6_address:
        facts.append(Fact("IPv6", member.ip6_address, code=True, copy=True))
    if member is not None and member.aliases:
        facts.append(Fact(translate("NetworkMap", "Also called"), ", ".join(member.aliases)))
    facts += [
        Fact(translate("NetworkMap", "Received"), from_left(rate_text(flow.received))),
        Fact(translate("NetworkMap", "Sent"), from_left(rate_text(flow.sent))),
        Fact(
            translate("NetworkMap", "Since its start"),
            _both_ways(flow.received_whole, flow.sent_whole),
        ),
    ]
    if wire.at_home and outside.received_whole + outside.sent_whole:
        words = _both_ways(outside.received_whole, outside.sent_whole)
        facts.append(Fact(translate("NetworkMap", "Of that outside"), words))
    return facts


def _peer_rows(wire: Wire) -> list[tuple[str, str]]:
    """Names, and the bytes of each since they are counted."""
    talked = wire.talked_to()
    rows = [(_peer_words(each, wire.network), _both_ways(each.received, each.sent)) for each in talked[:_MOST_PEERS]]
    if rest := talked[_MOST_PEERS:]:
        words = translate("NetworkMap", "%n more", None, len(rest))
        rows.append((words, _both_ways(sum(each.received for each in rest), sum(each.sent for each in rest))))
    return rows


def _peer_words(peer: Peer, network: Network) -> str:
    if peer.address in (network.gateway, network.gateway6):
        return translate("NetworkMap", "Name server")
    return peer.name or peer.address


def _both_ways(received: int, sent: int) -> str:
    return from_left(f"↓ {bytes_text(received)} ↑ {bytes_text(sent)}")


def _reached_words(reached: Sequence[str]) -> str:
    if not reached:
        return translate("NetworkMap", "It reaches no other container.")
    named = ", ".join(reached[:_MOST_NAMED])
    if len(reached) > _MOST_NAMED:
        named = translate("NetworkMap", "{0} and {1} more", None, len(reached) - _MOST_NAMED).format(
            named, len(reached) - _MOST_NAMED
        )
    return translate("NetworkMap", "Reaches: {0}").format(named)
