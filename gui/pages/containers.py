"""The containers: the list, and behind each row its details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from engine.recipe.networks import pod_of
from engine.types.containers import ALIVE_STATES, Container, Health, State
from gui.models.containers import ContainersModel, Group
from gui.pages.clipboard_line import ClipboardLine
from gui.pages.container.cells import ActionsCell, GroupCell, NameCell, StatusCell, address_links
from gui.pages.container.details import ContainerDetails
from gui.pages.lists.bulk_bar import BulkBar
from gui.pages.lists.list_page import ListPage
from gui.pages.lists.row_drag import RowDrag
from gui.pages.lists.waiting import Waiting
from gui.plain_text import set_tip
from gui.presentation.containers.words import ended_badly
from gui.presentation.networks.door import addresses
from gui.theme import Size, Space, Tone, grown, icon
from gui.widgets.buttons import Variant, button, menu_button
from gui.widgets.chips import ChipBar
from gui.widgets.empty_state import EmptyState
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import MeterCell, SparklineCell, TextCell
from gui.widgets.lists.table import Table
from gui.widgets.page_header import PageHeader
from gui.widgets.search_field import SearchField
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.types.pods import Pod
    from engine.types.stats import Rates
    from gui.actions import BoundAction
    from gui.bridge import ChangeSet
    from gui.shell import Shell

_WIDTHS = {"image": 168, "ports": 116, "cpu": 104, "memory": 128, "status": 176, "actions": 100}
_DROPPABLE = ("image", "ports")
"""Columns a narrow window does without, the first of them first."""
_BULK = ("container.start", "container.stop", "container.restart", "container.remove")
_POD_DEEDS = ("pod.start", "pod.stop", "pod.restart", "pod.remove")
_MENU = (
    ("container.details", "container.logs", "container.graphs", "container.terminal", "container.browse"),
    (
        "container.start",
        "container.stop",
        "container.restart",
        "container.pause",
        "container.unpause",
        "container.kill",
    ),
    (
        "container.edit",
        "container.rename",
        "container.duplicate",
        "container.commit",
        "container.export",
        "container.move",
        "container.deploy",
    ),
    (
        "container.copy-run",
        "container.copy-compose",
        "container.export-as",
        "container.project",
        "container.copy-address",
        "container.copy-id",
    ),
    _POD_DEEDS,
    ("container.remove",),
)
AT_REST_STATES = frozenset({State.CREATED, State.EXITED, State.DEAD})
"""What "Stopped" means: not running, and not waiting for its next start."""
_CLOCK_SECONDS = 1
_SEARCH_WIDTH = 280
STATS_SECONDS = 1.0


class ContainersPage(ListPage):
    """A stack of two: the list, and one container."""

    page_id = "containers"
    kinds = frozenset({"container", "door", "pod"})

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.list = ContainerList(self)
        self.details: ContainerDetails | None = None
        self.stand(self.list)
        self.client.ready.connect(self._lease_rates)
        QShortcut(QKeySequence.StandardKey.Find, self.list, self.list.search.setFocus)

    def apply(self, changes: ChangeSet) -> None:
        if "container" in changes.kinds:
            self.list.model.apply(changes.kinds["container"])
        if "pod" in changes.kinds:
            self.list.model.set_pods(pod.name for pod in self.client.mirror.pods.values())
        if "door" in changes.kinds:
            self.list.model.set_addresses(addresses(self.client.mirror.doors))
        self.list.refresh()
        if self.details is not None and self.sees(self.details):
            if self.details.container_id not in self.client.mirror.containers:
                if not self.client.hides("container", self.details.container_id):  # its own bar tells that
                    self.shell.toast(translate("ContainersPage", "{0} was removed").format(self.details.name))
                self.show_list()
            else:
                self.details.refresh()

    def shown(self) -> None:
        self.list.clock.start()
        self.list.clipboard_line.look()
        if self.client.is_ready:
            self._lease_rates()
        if self.details is not None and self.sees(self.details):
            self.details.resume()

    def hidden(self) -> None:
        self.list.clock.stop()
        if self.details is not None:
            self.details.suspend()

    def open_object(self, object_id: str, detail: str = "") -> None:
        if not object_id:
            self.show_list()
            if detail.startswith("filter:"):
                self.list.search.setText(detail.removeprefix("filter:"))
            return
        container = self.client.mirror.containers.get(object_id)
        if container is None:
            container = next((c for c in self.client.mirror.containers.values() if c.name == object_id), None)
        if container is None:
            self.show_list()
            return
        if self.details is None:
            self.details = ContainerDetails(self.shell)
            self.put_behind(self.details, self.details.left)
        self.details.show_container(container.id, detail)
        self.bring(self.details)

    def show_list(self) -> None:
        if self.details is not None:
            self.details.suspend()
        super().show_list()

    def listed(self) -> ContainerList:
        return self.list

    def _lease_rates(self) -> None:
        if self.isVisible():
            self.hold(
                self.client.latest(lambda engine: engine.stats.watch(None, interval=STATS_SECONDS), self._on_rates)
            )

    def _on_rates(self, batch: Sequence[Rates]) -> None:
        if self.sees(self.list):
            self.list.model.apply_rates(batch)


class ContainerList(QWidget):
    """Header, filters, the table, and a bar of bulk actions while several are selected."""

    def __init__(self, page: ContainersPage) -> None:
        super().__init__(page)
        self._shell = page.shell
        self.model = ContainersModel(self)
        self.model.set_grouped(grouped=self._shell.settings.group_by_project)
        self.table = Table(translate("ContainersPage", "Containers"))
        self.search = SearchField(translate("ContainersPage", "Filter by name, image, port, label"), delay_ms=30)
        self.search.setMinimumWidth(_SEARCH_WIDTH)
        self.search.changed.connect(self._on_query)
        self._bound: list[BoundAction] = []
        column = flush_column(self)
        column.addWidget(self._make_header())
        column.addWidget(self._make_filters())
        column.addWidget(self.table, 1)
        self._bulk = BulkBar(self.table, self._bind, _BULK)
        self._bulk.setObjectName("bulk")
        column.addWidget(self._bulk)
        self._set_up_table(page)
        self._add_keys()
        self.clock = QTimer(self, interval=_CLOCK_SECONDS * 1000)
        self.clock.timeout.connect(self.model.refresh_times)

    # --- building ---

    def _make_header(self) -> PageHeader:
        self.header = PageHeader(translate("ContainersPage", "Containers"))
        more = QMenu(self)
        self._group_switch = QAction(translate("ContainersPage", "Group by project"), more, checkable=True)
        self._group_switch.setChecked(self._shell.settings.group_by_project)
        self._group_switch.toggled.connect(self._on_grouping)
        more.addAction(self._group_switch)
        more.addSeparator()
        more.addAction(self._shell.verbs.bind(self._shell, "containers.prune", self, list))
        self.header.add(self.search)
        knob = menu_button("", more, "more", Variant.GHOST)
        knob.setAccessibleName(translate("ContainersPage", "More"))
        self.header.add(knob)
        run = button(
            translate("ContainersPage", "Run"), "plus", Variant.PRIMARY, lambda: self._shell.trigger("containers.run")
        )
        set_tip(run, translate("ContainersPage", "Run a container (Ctrl+N)"))
        self.header.add(run)
        return self.header

    def _make_filters(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        self.chips = ChipBar(
            (
                ("running", translate("ContainersPage", "Running"), Tone.SUCCESS),
                ("stopped", translate("ContainersPage", "Stopped"), Tone.NEUTRAL),
                ("trouble", translate("ContainersPage", "In trouble"), Tone.DANGER),
            ),
            exclusive=True,
        )
        self.chips.changed.connect(self._on_chips)
        row.addWidget(self.chips)
        row.addStretch(1)
        self.clipboard_line = ClipboardLine(self._shell)
        row.addWidget(self.clipboard_line)
        return box

    def _set_up_table(self, page: ContainersPage) -> None:
        place = {column.id: number for number, column in enumerate(self.model.columns)}
        self.table.setModel(self.model)
        self.drag = RowDrag(self._shell, self.table, "container", "container", self._name_of)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self._names = NameCell(GroupCell(self.model.toggle_group))
        self.table.columns_changed.connect(self._fit_rows)
        self.table.set_columns(
            {
                place["name"]: self._names,
                place["image"]: TextCell(secondary=True),
                place["ports"]: address_links(self.model.links),
                place["cpu"]: SparklineCell(top=10.0),
                place["memory"]: MeterCell(),
                place["status"]: StatusCell(),
                place["actions"]: ActionsCell(self._shell),
            },
            {place[name]: width for name, width in _WIDTHS.items()},
            stretch=0,
            droppable=[place[name] for name in _DROPPABLE],
        )
        unwanted = self._shell.settings.text("unwanted-columns/containers").split()
        self.table.offer_columns([place[name] for name in unwanted if name in place])
        self.table.columns_chosen.connect(self._keep_columns)
        self.table.activated_key.connect(self._on_activated)
        self.table.menu_wanted.connect(self._show_menu)
        self.table.header_menu_wanted.connect(self._show_header_menu)
        self.table.keys_selected.connect(lambda _keys: self._refresh_bulk())
        self.table.opening.connect(lambda key: self.model.open_group(key.removeprefix("project:")))
        self.model.modelReset.connect(lambda: self._span_groups())
        for signal in (self.model.rowsInserted, self.model.rowsRemoved):
            signal.connect(lambda *_: self._span_groups())
        empty = EmptyState(
            "container",
            translate("ContainersPage", "No containers yet"),
            translate("ContainersPage", "Run the demo service to see how it works, or start from an image."),
        )
        for action_id, variant in (("program.demo", Variant.PRIMARY), ("containers.run", Variant.DEFAULT)):
            action = self._shell.verbs[action_id]
            run: Callable[[], None] = lambda key=action_id: self._shell.trigger(key)  # type: ignore[misc]  # noqa: E731
            empty.add_button(button(action.text, action.icon, variant, run))
        clear = translate("ContainersPage", "Clear the filter")
        empty.add_button(button(clear, "x", Variant.PRIMARY, self.clear_filter), face="filtered")
        self._empty = empty
        self.table.set_empty_state(empty)
        Waiting(self._shell, self.table, "containers")

    def _name_of(self, key: str) -> str:
        container = self.model.container(key)
        return container.name if container is not None else ""

    def _bind(self, action_id: str) -> BoundAction:
        bound = self._shell.verbs.bind(self._shell, action_id, self, self.selected)
        self._bound.append(bound)
        return bound

    def _add_keys(self) -> None:
        for action in self._shell.verbs.for_subject("container"):
            if action.shortcut and action.id != "container.details":
                bound = self._bind(action.id)
                bound.setShortcut(QKeySequence(action.shortcut))
                self.table.addAction(bound)
        for known in self.table.actions():
            known.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)

    # --- what is selected ---

    def selected(self) -> list[Container]:
        """The containers whose rows are marked, and therefore shown."""
        return [c for key in self.table.selected_keys() if (c := self.model.container(key)) is not None]

    def refresh(self) -> None:
        """Counts, chips, the bar, after the model has changed."""
        everyone = list(self.model.containers())
        running = sum(c.state in ALIVE_STATES for c in everyone)
        words = translate("ContainersPage", "{0} running of {1}").format(running, len(everyone)) if everyone else ""
        self.header.set_subtitle(words)
        self.chips.set_count("running", running)
        self.chips.set_count("stopped", sum(c.state in AT_REST_STATES for c in everyone))
        self.chips.set_count("trouble", sum(in_trouble(c) for c in everyone))
        self._describe_emptiness(any_container=bool(everyone))
        self._refresh_bulk()

    def _refresh_bulk(self) -> None:
        chosen = self.selected()
        counted = translate("ContainersPage", "%n containers", None, len(chosen))
        everything = sum(1 for _ in self.model.containers())
        self._bulk.tell(counted, [c.name for c in chosen], shown=len(self.model.shown()), everything=everything)
        for bound in self._bound:
            bound.refresh()

    def _describe_emptiness(self, *, any_container: bool) -> None:
        if any_container:
            title = translate("ContainersPage", "Nothing matches")
            hint = translate("ContainersPage", "No container fits this filter.")
            self._empty.set("search", title, hint, face="filtered")
        else:
            title = translate("ContainersPage", "No containers yet")
            hint = translate("ContainersPage", "Run the demo service to see how it works, or start from an image.")
            self._empty.set("container", title, hint)

    def clear_filter(self) -> None:
        """Show everything again."""
        self.search.clear()
        self.chips.clear()
        self._on_query("")
        self._on_chips(())
        self.table.setFocus()

    # --- what the user does ---

    def _on_query(self, text: str) -> None:
        self.model.set_query(text)
        self._after_arranging()

    def _on_chips(self, keys: tuple[str, ...]) -> None:
        conditions: dict[str, Callable[[Container], bool]] = {
            "running": lambda c: c.state in ALIVE_STATES,
            "stopped": lambda c: c.state in AT_REST_STATES,
            "trouble": in_trouble,
        }
        self.model.set_condition(conditions[keys[0]] if keys else None)
        self._after_arranging()

    def _on_grouping(self, on: bool) -> None:  # noqa: FBT001
        self._shell.settings.group_by_project = on
        self.model.set_grouped(grouped=on)
        self._after_arranging()

    def _after_arranging(self) -> None:
        self._span_groups()
        self._refresh_bulk()

    def _on_activated(self, key: str) -> None:
        if key.startswith("project:"):
            self.model.toggle_group(key.removeprefix("project:"))
        elif key:
            self._shell.navigate("containers", key, "")

    def _show_header_menu(self, key: str, place: QPoint) -> None:
        """What can be done to the pod that a header stands for."""
        name = key.removeprefix("project:")
        if any(pod.name == name for pod in self._shell.client.mirror.pods.values()):
            menu = self.pod_menu(name)
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(place)

    def pod_menu(self, name: str) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        mirror = self._shell.client.mirror
        members = [each for each in mirror.containers.values() if pod_of(each.spec.network) == name]
        pods: Sequence[Container | Pod] = members or [pod for pod in mirror.pods.values() if pod.name == name]
        for action_id in _POD_DEEDS:
            bound = self._shell.verbs.bind(self._shell, action_id, menu, lambda: pods)
            bound.setIcon(icon(bound.action.icon))
            menu.addAction(bound)
        return menu

    def _show_menu(self, _keys: list[str], place: QPoint) -> None:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for number, section in enumerate(_MENU):
            if number:
                menu.addSeparator()
            for action_id in section:
                bound = self._shell.verbs.bind(self._shell, action_id, menu, self.selected)
                if bound.isEnabled() or action_id in ("container.start", "container.stop"):
                    bound.setShortcut(QKeySequence(bound.action.shortcut))
                    bound.setIcon(icon(bound.action.icon))
                    menu.addAction(bound)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def _keep_columns(self, unwanted: list[int]) -> None:
        names = (self.model.columns[column].id for column in unwanted)
        self._shell.settings.set_text("unwanted-columns/containers", " ".join(names))

    def _fit_rows(self) -> None:
        """Where the column of images has gone, they stand below the names, and rows are higher."""
        below = self.table.isColumnHidden(self.model.column_of("image"))
        if below != self._names.shows_image:
            self._names.shows_image = below
            self._span_groups()
            self.table.viewport().update()

    def _row_height(self) -> int:
        return Size.ROW + Space.S if self._names.shows_image else Size.ROW

    def _span_groups(self) -> None:
        """Headers of projects go across all columns and are lower than rows."""
        self.table.clearSpans()
        for row in range(self.model.rowCount()):
            is_group = isinstance(self.model.row_object(row), Group)
            height = grown(Size.HEADER if is_group else self._row_height())
            if self.table.rowHeight(row) != height:
                self.table.setRowHeight(row, height)
            if is_group:
                self.table.setSpan(row, 0, 1, len(self.model.columns))


def in_trouble(container: Container) -> bool:
    """It died, waits to be started again after it died, or is unwell."""
    again = container.state is State.RESTARTING
    return again or ended_badly(container) or container.health.status is Health.UNHEALTHY
