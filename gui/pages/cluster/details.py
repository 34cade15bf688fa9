"""One object of a cluster: what it says of itself, what happened to it, its log, a terminal, its values, its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import NotFound, WherryError
from engine.recipe.exports.yaml_text import yaml_text
from gui.models.clusters import columns_of, face_model
from gui.pages.cluster.files import ClusterFiles
from gui.pages.cluster.log import ClusterLog
from gui.pages.cluster.terminal import ClusterTerminal
from gui.pages.cluster.usage import ClusterUsage
from gui.pages.cluster.values import ClusterValues
from gui.pages.lists.details_header import DetailsHeader
from gui.presentation.errors import words_of
from gui.presentation.remote.clusters import about_of, place_of, row_of, state_text
from gui.presentation.units import ago_text, clock_text
from gui.theme import Space, Tone
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant
from gui.widgets.card import Card
from gui.widgets.empty_state import EmptyState
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.painted.badge import Badge
from gui.widgets.segmented import Segmented
from gui.widgets.texts.source_view import SourceView
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gui.presentation.remote.clusters import ClusterRow
    from gui.shell import Shell

_SAYS = ("pods", "deployments", "statefulsets", "daemonsets", "jobs", "services")
_HOLDS = ("configmaps", "secrets")
_BUTTONS = (("cluster.restart", Variant.GHOST), ("cluster.forward", Variant.DEFAULT))
_MORE = ("cluster.scale", "cluster.undo", "cluster.copy-out", "cluster.copy-in", "cluster.delete")


def without_values(found: Mapping[str, Any]) -> dict[str, Any]:
    """As a text to look at: without what servers note for each other, and without a secret's values."""
    about = {key: value for key, value in (found.get("metadata") or {}).items() if key != "managedFields"}
    shown = {key: about if key == "metadata" else value for key, value in found.items()}
    if found.get("kind") == "Secret":
        notes = {key: value for key, value in (about.get("annotations") or {}).items() if "last-applied" not in key}
        shown["metadata"] = {**about, "annotations": notes} if "annotations" in about else about
        for part in ("data", "stringData"):
            if isinstance(found.get(part), dict):
                shown[part] = dict.fromkeys(found[part], "…")
    return shown


class ClusterObject(QWidget):
    """`show_row` for another object, `refresh` when it has changed, `rest` when it is out of sight."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.row: ClusterRow | None = None
        self.found: dict[str, Any] = {}
        self._make_header()
        self.banner = Banner(Tone.WARNING)
        self.banner.hide()
        self.log, self.terminal, self.values = ClusterLog(shell), ClusterTerminal(shell), ClusterValues()
        self.files, self.usage = ClusterFiles(shell), ClusterUsage(shell)
        self.usage.missing.connect(self._dim_usage)
        self.text = SourceView(translate("ClusterObject", "Manifest"))
        self._stack = QStackedWidget()
        self._pages: dict[str, QWidget] = {
            "overview": self._make_overview(), "log": self.log, "terminal": self.terminal, "files": self.files,
            "usage": self.usage, "values": self.values, "text": self.text,
        }  # fmt: skip
        for widget in self._pages.values():
            self._stack.addWidget(widget)
        self._strip = QHBoxLayout()
        self._strip.setContentsMargins(Space.XL, Space.S, Space.L, Space.S)
        self.tabs = Segmented()
        self._strip.addWidget(self.tabs)
        self._strip.addStretch(1)
        column = flush_column(self)
        column.addWidget(self.header)
        column.addLayout(self._strip)
        column.addWidget(self.banner)
        column.addWidget(self._stack, 1)

    # --- building ---

    def _make_header(self) -> None:
        self.header = DetailsHeader(self._shell, translate("ClusterObject", "Back to the list"), self._subjects)
        self.header.left.connect(self.left)
        self.badge = Badge()
        self.header.add(self.badge)
        for action_id, variant in _BUTTONS:
            self.header.add_button(action_id, variant)
        self.header.add_more(translate("ClusterObject", "More to do"), _MORE)

    def _make_overview(self) -> QWidget:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(Space.XL, Space.S, Space.XL, Space.L)
        column.setSpacing(Space.L)
        self.facts = FactGrid(columns=1)
        about = Card(translate("ClusterObject", "About"))
        about.body.addWidget(self.facts)
        self.events = face_model("events", self, dict)
        self.table = Table(translate("ClusterObject", "Events"), multi=False)
        self.table.set_inset()
        self.table.setModel(self.events)
        self.table.setSortingEnabled(False)
        place = {name: number for number, name in enumerate(columns_of("events"))}
        painters = {place["reason"]: TextCell(strong=True), place["age"]: TextCell(secondary=True)}
        widths = {place["reason"]: 220, place["count"]: 70, place["age"]: 120}
        self.table.set_columns(painters, widths, stretch=place["message"])
        self.table.set_empty_state(EmptyState("bell", translate("ClusterObject", "Nothing has happened of late")))
        self.table.setMinimumHeight(200)
        happened = Card(translate("ClusterObject", "Events"), padded=False)
        happened.body.addWidget(self.table)
        column.addWidget(about)
        column.addWidget(happened, 1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(inner)
        return scroll

    def _make_tabs(self, row: ClusterRow) -> None:
        tabs = [("overview", translate("ClusterObject", "Overview"))]
        if row.plural in _SAYS:
            tabs.append(("log", translate("ClusterObject", "Log")))
        if row.plural == "pods":
            tabs.append(("terminal", translate("ClusterObject", "Terminal")))
            tabs.append(("files", translate("ClusterObject", "Files")))
            tabs.append(("usage", translate("ClusterObject", "Usage")))
        if row.plural in _HOLDS:
            tabs.append(("values", translate("ClusterObject", "Values")))
        tabs.append(("text", translate("ClusterObject", "Manifest")))
        self._strip.removeWidget(self.tabs)
        self.tabs.deleteLater()
        self.tabs = Segmented(tabs, translate("ClusterObject", "What to show"))
        self.tabs.changed.connect(self.show_tab)
        self._strip.insertWidget(0, self.tabs)

    # --- showing ---

    def show_row(self, row: ClusterRow, tab: str = "") -> None:
        fresh = self.row is None or (self.row.context, self.row.key) != (row.context, row.key)
        if fresh:
            for part in (self.terminal, self.files, self.usage, self.values):
                part.forget()
            self.events.set_items(())
            self.facts.set_facts([])
            self.found = {}
            self.row = row
            self._make_tabs(row)
        self.refresh(row)
        self.show_tab(tab or ("values" if row.plural in _HOLDS and fresh else self.tabs.current()))

    def refresh(self, row: ClusterRow) -> None:
        """It has changed: what is shown of it is asked for anew."""
        self.row = row
        self.header.set_title(row.name)
        self.header.set_subtitle(f"{row.kind}  ·  {row.namespace}")
        shown = state_text(row) if row.tone is not Tone.NEUTRAL else ""
        self.badge.setVisible(bool(shown))
        self.badge.set(shown, row.tone, dot=True)
        self.header.refresh()
        self.header.hide_impossible()
        self._shell.run(self._load(row))

    def show_tab(self, tab: str) -> None:
        self.tabs.set_current(tab)
        tab = self.tabs.current()
        self._stack.setCurrentWidget(self._pages[tab])
        if self.row is None:
            return
        if tab == "log":
            self.log.show_log(self.row)
        else:
            self.log.rest()
        if tab == "usage":
            self.usage.show_pod(self.row)
        else:
            self.usage.rest()
        if tab == "files":
            self.files.show_pod(self.row)
        if tab == "terminal":
            self.terminal.show_pod(self.row)
            self.terminal.setFocus()

    def rest(self) -> None:
        """Out of sight: the log is no longer read, and what a pod uses no longer asked; a terminal goes on."""
        self.log.rest()
        self.usage.rest()

    def forget(self) -> None:
        """Left for good."""
        self.rest()
        for part in (self.terminal, self.files, self.usage, self.values):
            part.forget()
        self.row, self.found = None, {}

    async def _load(self, row: ClusterRow) -> None:
        client = self._shell.client
        try:
            [found] = await client.call(lambda engine: engine.clusters.get(place_of(row), row.plural, row.name))
        except NotFound:
            if self._is_shown(row):
                self._tell_gone(row)
            return
        except WherryError as error:
            if self._is_shown(row):
                self.banner.show_message(Tone.WARNING, words_of(error).title, words_of(error).text)
                self.banner.show()
            return
        if not self._is_shown(row):
            return
        self.banner.hide()
        fresh = not self.found
        self.found = found
        if row.plural in _HOLDS:
            self.values.show_object(found, fresh=fresh)
        self.text.set_text(yaml_text(without_values(found)))
        self._show_facts(row, found)
        await self._load_events(row)

    async def _load_events(self, row: ClusterRow) -> None:
        """One may not be allowed to see them; then there are none."""
        chosen = f"involvedObject.name={row.name},involvedObject.kind={row.kind}"
        try:
            found: Sequence[dict[str, Any]] = await self._shell.client.call(
                lambda engine: engine.clusters.get(place_of(row), "events", fields=chosen)
            )
        except WherryError:
            found = ()
        if self._is_shown(row):
            rows = sorted(
                (row_of(each, "events", row.context) for each in found),
                key=lambda each: each.created.timestamp() if each.created else 0.0, reverse=True,
            )  # fmt: skip
            self.events.set_items((each.key, each) for each in rows)

    def _dim_usage(self, why: str) -> None:
        self.tabs.set_dimmed({"usage": why} if why else {})

    def _is_shown(self, row: ClusterRow) -> bool:
        return self.row is not None and (self.row.context, self.row.key) == (row.context, row.key)

    def _tell_gone(self, row: ClusterRow) -> None:
        title = translate("ClusterObject", "{0} is gone").format(row.name)
        self.banner.show_message(Tone.WARNING, title, translate("ClusterObject", "What you see is how it was last."))
        self.banner.show()

    def _show_facts(self, row: ClusterRow, found: Mapping[str, Any]) -> None:
        facts = [Fact(translate("ClusterObject", "Created"), f"{clock_text(row.created)}  ·  {ago_text(row.created)}")]
        if row.ready:
            facts.append(Fact(translate("ClusterObject", "Ready parts"), row.ready))
        if row.plural == "pods":
            facts.append(Fact(translate("ClusterObject", "Node"), row.detail or "–"))
            facts.append(Fact(translate("ClusterObject", "Address"), row.more or "–", code=True, copy=bool(row.more)))
        elif row.plural in ("services", "ingresses"):
            facts.append(Fact(translate("ClusterObject", "Address"), row.detail or "–", code=True, copy=True))
            facts.append(Fact(translate("ClusterObject", "Ports"), row.more or "–"))
        facts += [Fact(name, value) for name, value in about_of(found)]
        self.facts.set_facts(facts)

    def _subjects(self) -> list[ClusterRow]:
        return [self.row] if self.row is not None else []
