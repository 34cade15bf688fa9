"""The networks: the list, and behind each row its facts and members; the host's own listening ports beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.models.networks import COLUMNS, members_model, networks_model
from gui.models.table import Column, KeyedTableModel
from gui.pages.lists.details_header import DetailsHeader
from gui.pages.lists.list_page import ListPage
from gui.pages.lists.listing import Listing, ListingPlan
from gui.pages.network_map.view import NetworkMapView
from gui.pages.network_names import NameLog, NamesView
from gui.presentation.networks.words import network_name
from gui.presentation.units import clock_text
from gui.theme import Size, Space, Tone
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.card import Card
from gui.widgets.empty_state import EmptyState
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.page_header import PageHeader
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.networks import HostPort, NameQuestion, Network
    from engine.types.stats import Rates
    from gui.bridge import ChangeSet
    from gui.shell import Shell


_STATS_SECONDS = 1.0


def _plan() -> ListingPlan:
    place = {name: number for number, name in enumerate(COLUMNS)}
    return ListingPlan(
        title=translate("NetworksPage", "Networks"),
        filter_words=translate("NetworksPage", "Filter by name, subnet, container"),
        subject="network",
        counted=lambda count: translate("NetworksPage", "%n networks", None, count),
        name_of=network_name,
        main_action="networks.create",
        more_actions=("networks.prune",),
        menu=(("network.details", "network.connect"), ("network.remove",)),
        bulk=("network.remove",),
        painters={
            place["name"]: TextCell(strong=True),
            place["driver"]: TextCell(secondary=True),
            place["subnet"]: TextCell(code=True),
            place["members"]: TextCell(secondary=True),
            place["created"]: TextCell(secondary=True),
        },
        widths={place["driver"]: 90, place["subnet"]: 140, place["members"]: 190, place["created"]: 110},
        droppable=(place["created"], place["driver"], place["members"]),
        empty=(
            "network",
            translate("NetworksPage", "No networks yet"),
            translate("NetworksPage", "On a network of their own, containers find each other by name."),
        ),
        empty_actions=("networks.create",),
    )


class NetworksPage(ListPage):
    """List and details in one stack; the ports of this computer are the list's second face."""

    page_id = "networks"
    kinds = frozenset({"network", "container", "door"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._follows = False
        self.list = Listing(shell, _plan(), networks_model(self), self)
        self.list.table.activated_key.connect(lambda key: shell.navigate("networks", key))
        self.faces = Segmented(
            (
                ("networks", translate("NetworksPage", "List")),
                ("map", translate("NetworksPage", "Map")),
                ("ports", translate("NetworksPage", "Ports")),
            ),
            translate("NetworksPage", "Show"),
        )
        self.faces.changed.connect(self._show_face)
        self.list.header.add(self.faces, first=True)
        self.ports = PortsView(shell)
        self.details = NetworkDetails(shell)
        self.map = NetworkMapView(shell)
        self.name_log = NameLog()
        self.names = NamesView(shell, self.name_log)
        self.map.names_wanted.connect(lambda: self._show_face("names"))
        self.stand(self.list)
        for widget in (self.map, self.ports, self.details):
            self.put_behind(widget, widget.left)
        self.put_behind(self.names, self.names.left, lambda: self._show_face("map"))

    def apply(self, changes: ChangeSet) -> None:
        if "network" in changes.kinds:
            self.list.model.apply(changes.kinds["network"])
        self.list.refresh()
        count = len(self.client.mirror.networks)
        words = translate("NetworksPage", "%n networks", None, count)
        self.list.set_subtitle(words if count else "")
        if self.sees(self.details):
            if self.details.network_id not in self.client.mirror.networks:
                self.show_list()
            else:
                self.details.refresh()
        elif self.sees(self.ports):
            self.ports.reload()
        elif self.sees(self.map):
            self.map.refresh()

    def shown(self) -> None:
        if self.sees(self.map, self.names):
            self._follow()

    def hidden(self) -> None:
        self._follows = False

    def _follow(self) -> None:
        """What flows and what is asked for, while somebody looks."""
        if self.client.is_ready and self.isVisible() and not self._follows:
            self._follows = True
            self.hold(
                self.client.latest(lambda engine: engine.stats.watch(None, interval=_STATS_SECONDS), self._on_rates)
            )
            self.hold(self.client.stream(lambda engine: engine.networks.watch_names(), self._on_questions))
            self.hold(self.client.latest(lambda engine: engine.networks.watch_peers(), self.map.apply_peers))

    def _on_questions(self, batch: Sequence[NameQuestion]) -> None:
        self.name_log.add(batch)
        self.map.refused = self.name_log.refused()
        if self.sees(self.names):
            self.names.refresh()

    def _on_rates(self, batch: Sequence[Rates]) -> None:
        if self.sees(self.map):
            self.map.apply_rates(batch)

    def open_object(self, object_id: str, detail: str = "") -> None:
        networks = self.client.mirror.networks
        network = networks.get(object_id) or next((n for n in networks.values() if n.name == object_id), None)
        if network is not None:
            self.details.show_network(network.id)
            self.bring(self.details)
        elif detail in ("ports", "map", "names"):
            self._show_face(detail)
        else:
            self.show_list()

    def show_list(self) -> None:
        self.faces.set_current("networks")
        super().show_list()

    def listed(self) -> Listing:
        return self.list

    def _show_face(self, key: str) -> None:
        if key == "ports":
            self.ports.reload()
            self.bring(self.ports)
        elif key == "map":
            self.map.refresh()
            self.bring(self.map)
            self.map.map.setFocus()
            self._follow()
        elif key == "names":
            self.names.refresh()
            self.bring(self.names)
            self._follow()
        else:
            self.show_list()


class NetworkDetails(QWidget):
    """One network: facts, and who is on it."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.network_id = ""
        self.header = DetailsHeader(shell, translate("NetworksPage", "Back to the list"), self._subjects)
        self.header.left.connect(self.left)
        self.header.add_icons("network.remove")
        join = button(translate("NetworksPage", "Connect a container"), "plug", Variant.PRIMARY)
        join.clicked.connect(lambda _on=False: shell.trigger("network.connect", self._subjects()))
        self.header.add(join)
        self._facts = FactGrid(columns=2)
        self.members = members_model(self)
        self.table = Table(translate("NetworksPage", "Containers on this network"), multi=True)
        self._set_up_table()
        body = QVBoxLayout()
        body.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        body.setSpacing(Space.L)
        about = Card(translate("NetworksPage", "Network"))
        about.body.addWidget(self._facts)
        people = Card(translate("NetworksPage", "Containers"), padded=False)
        self._leave = button(translate("NetworksPage", "Disconnect"), "unplug", Variant.GHOST, self._disconnect)
        self._leave.setEnabled(False)
        people.action_row.addWidget(self._leave)
        people.body.addWidget(self.table)
        body.addWidget(about)
        body.addWidget(people, 1)
        column = flush_column(self)
        column.addWidget(self.header)
        column.addLayout(body, 1)

    def _set_up_table(self) -> None:
        self.table.set_inset()
        self.table.setModel(self.members)
        self.table.setSortingEnabled(False)
        painters = {0: TextCell(strong=True), 1: TextCell(code=True), 2: TextCell(code=True), 3: TextCell()}
        self.table.set_columns(painters, {1: 160, 2: 180, 3: 200}, stretch=0)
        self.table.set_empty_state(EmptyState("container", translate("NetworksPage", "Nobody is on this network")))
        self.table.activated_key.connect(lambda key: self._shell.navigate("containers", key))
        self.table.keys_selected.connect(lambda keys: self._leave.setEnabled(bool(keys)))

    def show_network(self, network_id: str) -> None:
        self.network_id = network_id
        self.refresh()

    def refresh(self) -> None:
        network = self._shell.client.mirror.networks.get(self.network_id)
        if network is None:
            return

        self.header.set_title(network_name(network))
        self.header.set_subtitle(network.driver)
        self._facts.set_facts(
            [
                Fact(translate("NetworksPage", "Id"), network.id, code=True, copy=True),
                Fact(translate("NetworksPage", "Subnet"), network.subnet, code=True),
                Fact(translate("NetworksPage", "Gateway"), network.gateway, code=True),
                Fact(
                    translate("NetworksPage", "Way out"),
                    translate("NetworksPage", "none")
                    if network.internal
                    else translate("NetworksPage", "through this computer"),
                ),
                Fact(translate("NetworksPage", "Created"), clock_text(network.created)),
                Fact(
                    translate("NetworksPage", "Labels"),
                    ", ".join(f"{k}={v}" for k, v in sorted(network.labels.items())),
                ),
            ]
        )
        self.members.set_items((member.container_id, member) for member in network.members)
        # Columns that nobody has anything in say nothing.
        self.table.setColumnHidden(2, not any(member.mac_address for member in network.members))
        self.table.setColumnHidden(3, not any(member.aliases for member in network.members))
        self.header.refresh()

    def _subjects(self) -> list[Network]:
        network = self._shell.client.mirror.networks.get(self.network_id)
        return [network] if network is not None else []

    def _disconnect(self) -> None:
        self._shell.run(self._disconnect_all(self.network_id, self.table.selected_keys()))

    async def _disconnect_all(self, network: str, members: list[str]) -> None:
        client = self._shell.client
        for key in members:
            await client.call(lambda engine, key=key: engine.networks.disconnect(network, key))  # type: ignore[misc]

        async def back() -> None:
            for key in members:
                await client.call(lambda engine, key=key: engine.networks.connect(network, key))  # type: ignore[misc]

        words = translate("NetworksPage", "Disconnected %n containers", None, len(members))
        undo = translate("NetworksPage", "Undo")
        self._shell.toast(words, button=undo, on_button=lambda: self._shell.run(back()))


class PortsView(QWidget):
    """Every port of this computer somebody listens on, with the owner where that can be read."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        header = PageHeader(translate("NetworksPage", "Ports of this computer"))
        header.add_leading(tool_button("arrow-left", translate("NetworksPage", "Back to the networks"), self.left.emit))
        header.add(tool_button("restart", translate("NetworksPage", "Look again"), self.reload))
        columns: list[Column[HostPort]] = [
            Column("port", translate("NetworksPage", "Port"), lambda p: f"{p.port}/{p.protocol}",
                   sort=lambda p: p.port),
            Column("address", translate("NetworksPage", "Address"), lambda p: p.address),
            Column("owner", translate("NetworksPage", "Held by"), self._owner,
                   icon=lambda p: "container" if p.container_id else "process",
                   tone=lambda p: Tone.ACCENT if p.container_id else Tone.MUTED),
            Column("inside", translate("NetworksPage", "Port inside"),
                   lambda p: str(p.container_port) if p.container_port else "–"),
        ]  # fmt: skip
        self.model = KeyedTableModel(columns, parent=self)
        self.table = Table(translate("NetworksPage", "Ports"), row_height=Size.ROW, multi=False)
        self.table.setModel(self.model)
        self.table.setSortingEnabled(False)
        painters = {0: TextCell(code=True), 1: TextCell(code=True), 2: TextCell(), 3: TextCell(secondary=True)}
        self.table.set_columns(painters, {0: 140, 1: 200, 3: 120}, stretch=2)
        self.table.set_empty_state(EmptyState("plug", translate("NetworksPage", "Nobody listens on a port")))
        self.table.activated_key.connect(self._open)
        column = flush_column(self)
        column.addWidget(header)
        row = QHBoxLayout()
        row.addWidget(self.table)
        column.addLayout(row, 1)

    def reload(self) -> None:
        if self._shell.client.is_ready:
            self._shell.run(self._load())

    async def _load(self) -> None:
        ports = await self._shell.client.call(lambda engine: engine.networks.host_ports())
        ordered = sorted(ports, key=lambda p: (p.port, p.protocol, p.address))
        self.model.set_items((f"{p.port}/{p.protocol}/{p.address}", p) for p in ordered)

    def _owner(self, port: HostPort) -> str:
        container = self._shell.client.mirror.containers.get(port.container_id)
        if container is not None:
            return container.name
        if port.process:
            return f"{port.process} ({port.pid})" if port.pid else port.process
        return translate("NetworksPage", "another user's program")

    def _open(self, key: str) -> None:
        port = self.model.item(key)
        if port is not None and port.container_id:
            self._shell.navigate("containers", port.container_id)
