"""The figures of one wire: whose it is, its addresses, what flows now and did in the last minute, whom it reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from gui.presentation.containers import state_words
from gui.presentation.door import shortened
from gui.presentation.networks import network_name
from gui.presentation.units import bytes_text, rate_text
from gui.theme import Space, Text, Tone, grown
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.labels import ElidedLabel, label
from gui.widgets.painted.badge import Badge
from gui.widgets.painted.sparkline import paint_sparkline
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.containers import Container
    from engine.types.networks import Network
    from gui.pages.network_map.flows import Flows

_WIDTH, _NAME_WIDTH, _CURVE_HEIGHT = 300, 84, 56
_MOST_NAMED = 12
_LONGEST, _LONGEST_NAME = 22, 14


@dataclass(frozen=True)
class Wire:
    """A container's connection to a network, and what flows through it."""

    network: Network
    flows: Flows
    at_home: bool


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
        self._curve.setVisible(wire is not None)
        if wire is not None:
            self._curve.show_values(wire.flows.past(container.id, wire.network, at_home=wire.at_home))
        self._reaches.setText(_reached_words(reached))

    def _emit_container(self) -> None:
        self.container_wanted.emit(self._container)


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
        Fact(translate("NetworkMap", "Received"), rate_text(flow.received)),
        Fact(translate("NetworkMap", "Sent"), rate_text(flow.sent)),
        Fact(
            translate("NetworkMap", "Since its start"),
            f"↓ {bytes_text(flow.received_whole)} ↑ {bytes_text(flow.sent_whole)}",
        ),
    ]
    if wire.at_home and outside.received_whole + outside.sent_whole:
        words = f"↓ {bytes_text(outside.received_whole)} ↑ {bytes_text(outside.sent_whole)}"
        facts.append(Fact(translate("NetworkMap", "Of that outside"), words))
    return facts


def _reached_words(reached: Sequence[str]) -> str:
    if not reached:
        return translate("NetworkMap", "It reaches no other container.")
    named = ", ".join(reached[:_MOST_NAMED])
    if len(reached) > _MOST_NAMED:
        named = translate("NetworkMap", "{0} and {1} more", None, len(reached) - _MOST_NAMED).format(
            named, len(reached) - _MOST_NAMED
        )
    return translate("NetworkMap", "Reaches: {0}").format(named)
