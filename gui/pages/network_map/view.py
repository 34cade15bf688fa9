"""The networks drawn: who hangs on which, what is published, what flows; and beside it the figures of a chosen wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from gui.pages.network_map.flows import Flows
from gui.pages.network_map.panel import Wire, WirePanel
from gui.pages.network_map.picture import HOST_LANE, Picture, picture
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.page_header import PageHeader
from gui.widgets.painted.bus_map import BusMap
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types.networks import Peer
    from engine.types.stats import Rates
    from gui.shell import Shell


class NetworkMapView(QWidget):
    """Follows the engine while it is seen: `refresh` for what there is, `apply_rates` for what flows."""

    left = Signal()
    names_wanted = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.flows = Flows()
        self.refused: Mapping[str, int] = {}
        """How many names each container was refused of late."""
        self.peers: Mapping[str, Sequence[Peer]] = {}
        """By container, whom each talked to."""
        self.picture = Picture()
        header = self._make_header()
        self.map = BusMap(translate("NetworkMap", "Networks and what hangs on them"))
        self.map.chosen.connect(self._on_chosen)
        self.map.opened.connect(self._open)
        self.map.lane_opened.connect(self._open_lane)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.map)
        self._area = area
        self.panel = WirePanel()
        self.panel.hide()
        self.panel.closed.connect(lambda: self.map.choose(""))
        self.panel.container_wanted.connect(lambda key: shell.navigate("containers", key))
        self.panel.why_wanted.connect(lambda key: shell.open_dialog("network-why", source=key))
        self.panel.address_wanted.connect(lambda url: QDesktopServices.openUrl(QUrl(url)))
        legend = label(
            translate(
                "NetworkMap",
                "Whoever hangs on the same line reaches each other. A wire is as thick as what flows through it; "
                "dashed ones hang on another network too.",
            ),
            Text.SMALL,
            Tone.MUTED,
            wrap=True,
        )
        legend.setContentsMargins(Space.XL, Space.S, Space.XL, Space.S)
        drawing = QWidget()
        side = QHBoxLayout(drawing)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(0)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(legend)
        column.addWidget(area, 1)
        side.addLayout(column, 1)
        side.addWidget(self.panel)
        self._empty = EmptyState(
            "network",
            translate("NetworkMap", "Nothing to draw yet"),
            translate("NetworkMap", "Containers appear here once they run, each on the line of its network."),
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(drawing)
        self._stack.addWidget(self._empty)
        outer = flush_column(self)
        outer.addWidget(header)
        outer.addWidget(self._stack, 1)

    def _make_header(self) -> PageHeader:
        header = PageHeader(translate("NetworkMap", "Who reaches whom"))
        header.add_leading(tool_button("arrow-left", translate("NetworkMap", "Back to the networks"), self.left.emit))
        why = button(translate("NetworkMap", "Why can it not reach…?"), "help", Variant.GHOST, self._ask_why)
        names = translate("NetworkMap", "Asked for and refused")
        header.add(button(names, "globe", Variant.GHOST, self.names_wanted.emit))
        header.add(why)
        return header

    # --- what the page calls ---

    def refresh(self) -> None:
        mirror = self._shell.client.mirror
        self.picture = picture(mirror.networks, mirror.containers, mirror.doors, self.flows, self.refused)
        self._stack.setCurrentIndex(0 if self.picture.attachments else 1)
        self.map.set_lanes(self.picture.lanes, self.picture.links)
        self._tell_chosen()

    def apply_rates(self, batch: Sequence[Rates]) -> None:
        self.flows.apply(batch)
        self.refresh()

    def apply_peers(self, batch: Sequence[Peer]) -> None:
        found: dict[str, list[Peer]] = {}
        for each in batch:
            found.setdefault(each.container_id, []).append(each)
        self.peers = found
        self._tell_chosen()

    # --- inside ---

    def _on_chosen(self, node: str) -> None:
        self._tell_chosen()
        if node:
            place = self.map.place_of(node).toRect()
            self._area.ensureVisible(place.center().x(), place.center().y(), place.width(), place.height())

    def _tell_chosen(self) -> None:
        node = self.map.current()
        chosen = self.picture.attachments.get(node)
        mirror = self._shell.client.mirror
        container = mirror.containers.get(chosen.container) if chosen is not None else None
        self.map.light(self.picture.around(node))
        self.panel.setVisible(container is not None)
        if chosen is None or container is None:
            return
        network = mirror.networks.get(chosen.network)
        reached = [
            mirror.containers[key].name
            for key in self.picture.reached_from(node)
            if key in mirror.containers and key != container.id
        ]
        wire = None
        if network is not None:
            at_home = not self.map.is_echo(node)
            wire = Wire(network, self.flows, self.peers.get(container.id, ()), at_home=at_home)
        self.panel.show_wire(container, wire, chosen.addresses, sorted(reached))

    def _open(self, node: str) -> None:
        chosen = self.picture.attachments.get(node)
        first = next((url for _, url in chosen.addresses if url), "") if chosen is not None else ""
        if first:
            QDesktopServices.openUrl(QUrl(first))
        elif chosen is not None:
            self._shell.navigate("containers", chosen.container)

    def _open_lane(self, lane: str) -> None:
        if lane == HOST_LANE:
            self._shell.navigate("networks", "", "ports")
        else:
            self._shell.navigate("networks", lane)

    def _ask_why(self) -> None:
        chosen = self.picture.attachments.get(self.map.current())
        self._shell.open_dialog("network-why", source=chosen.container if chosen is not None else "")
