"""One container: its name and state, what can be done to it, and its tabs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from gui.plain_text import set_tip
from gui.presentation.containers.words import health_words, image_text, state_words, status_text
from gui.theme import Role, Size, Space, Text, Tone, grown
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.labels import ElidedLabel
from gui.widgets.layouts import flush_column
from gui.widgets.painted.badge import Badge
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import Container
    from gui.actions import BoundAction
    from gui.pages.container.tab import DetailTab
    from gui.shell import Shell

_TABS: tuple[tuple[str, str, str], ...] = (
    ("overview", "gui.pages.container.overview", "OverviewTab"),
    ("logs", "gui.pages.container.logs", "LogsTab"),
    ("terminal", "gui.pages.container.terminal", "TerminalTab"),
    ("stats", "gui.pages.container.stats", "StatsTab"),
    ("files", "gui.pages.container.files", "FilesTab"),
    ("processes", "gui.pages.container.processes", "ProcessesTab"),
    ("changes", "gui.pages.container.changes", "ChangesTab"),
    ("inspect", "gui.pages.container.inspect", "InspectTab"),
    ("history", "gui.pages.container.history", "HistoryTab"),
)
_TIMED = ("logs", "stats")
"""Tabs that show moments: what is pointed at in one is marked in the others."""
_MAIN = ("container.start", "container.stop", "container.restart")
_MORE = (
    ("container.browse", "container.edit", "container.rename", "container.duplicate"),
    ("container.pause", "container.unpause", "container.kill"),
    (
        "container.commit",
        "container.compare",
        "container.export",
        "container.copy-run",
        "container.copy-compose",
        "container.export-as",
        "container.deploy",
        "container.copy-id",
    ),
    ("container.remove",),
)


class ContainerDetails(QWidget):
    """Header, tab bar, and the tab in sight."""

    left = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.container_id = ""
        self.name = ""
        self._made: dict[str, DetailTab] = {}
        self._bound: list[BoundAction] = []
        self._active = False
        column = flush_column(self)
        column.addWidget(self._make_header())
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(translate("ContainerDetails", "Views of the container"))
        titles = _titles()
        for key, _module, _name in _TABS:
            self.tabs.setTabData(self.tabs.addTab(titles[key]), key)
        self.tabs.currentChanged.connect(lambda _index: self._show_tab())
        strip = QHBoxLayout()
        strip.setContentsMargins(Space.L, 0, Space.L, 0)
        strip.addWidget(self.tabs, 1)
        column.addLayout(strip)
        self._stack = QStackedWidget()
        column.addWidget(self._stack, 1)
        self._add_keys()

    def _add_keys(self) -> None:
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for number in range(len(_TABS)):
            QShortcut(QKeySequence(f"Alt+{number + 1}"), self, lambda n=number: self.tabs.setCurrentIndex(n))
        for keys, step in (("Ctrl+Tab", 1), ("Ctrl+Shift+Tab", -1)):
            QShortcut(QKeySequence(keys), self, lambda s=step: self._turn(s), context=inside)
        for action in self._shell.verbs.for_subject("container"):
            if action.shortcut.startswith(("Alt+", "F")):  # the others mean something else in logs, files, terminals
                bound = self._shell.verbs.bind(self._shell, action.id, self, self._subjects)
                bound.setShortcut(QKeySequence(action.shortcut))
                bound.setShortcutContext(inside)
                self.addAction(bound)
                self._bound.append(bound)

    def _turn(self, step: int) -> None:
        self.tabs.setCurrentIndex((self.tabs.currentIndex() + step) % self.tabs.count())

    # --- what the page calls ---

    def show_container(self, container_id: str, tab: str = "") -> None:
        """Show a container, on a tab ("" keeps the one that was open last): "logs@TIME" at a moment, "files@PATH"."""
        tab, _, inside = tab.partition("@")
        if container_id != self.container_id:
            self.suspend()
            for made in self._made.values():
                made.forget()
        self.container_id = container_id
        self._active = True
        wanted = next((n for n, (key, *_rest) in enumerate(_TABS) if key == tab), self.tabs.currentIndex())
        self._fill_header()
        if wanted != self.tabs.currentIndex():
            self.tabs.setCurrentIndex(wanted)
        else:
            self._show_tab()
        if inside.isdigit():
            self.tab(tab).show_time(int(inside))
        elif inside:
            self.tab(tab).show_inside(inside)

    def refresh(self) -> None:
        container = self._container()
        if container is not None:
            self._fill_header()
            current = self.current_tab()
            if current is not None and self._active:
                current.refresh(container)

    def resume(self) -> None:
        self._active = True
        self._show_tab()

    def suspend(self) -> None:
        self._active = False
        current = self.current_tab()
        if current is not None:
            current.suspend()

    def current_tab(self) -> DetailTab | None:
        return next((tab for tab in self._made.values() if tab is self._stack.currentWidget()), None)

    def tab(self, key: str) -> DetailTab:
        """A tab, made when it is first wanted."""
        if key not in self._made:
            _key, module, name = next(entry for entry in _TABS if entry[0] == key)
            made: DetailTab = getattr(import_module(module), name)(self._shell)
            made.setObjectName(f"tab.{key}")
            self._made[key] = made
            self._stack.addWidget(made)
            made.time_wanted.connect(self._show_time)
            made.time_marked.connect(lambda time_ns: self._mark_time(made, time_ns))
        return self._made[key]

    # --- inside ---

    def _make_header(self) -> QWidget:
        box = QWidget()
        box.setFixedHeight(grown(Size.TOPBAR + Space.S))
        row = QHBoxLayout(box)
        row.setContentsMargins(Space.M, Space.S, Space.L, 0)
        row.setSpacing(Space.S)
        back = translate("ContainerDetails", "Back to all containers (Alt+Left)")
        row.addWidget(tool_button("arrow-left", back, self.left.emit))
        words = QVBoxLayout()
        words.setSpacing(0)
        self._title = ElidedLabel("", Text.TITLE)
        self._under = ElidedLabel("", Text.SMALL, Role.TEXT_MUTED)
        words.addStretch(1)
        words.addWidget(self._title)
        words.addWidget(self._under)
        words.addStretch(1)
        row.addLayout(words, 1)
        self._badge = Badge("", Tone.MUTED, dot=True)
        self._health = Badge("", Tone.MUTED)
        row.addWidget(self._health)
        row.addWidget(self._badge)
        row.addSpacing(Space.S)
        for action_id in _MAIN:
            bound = self._shell.verbs.bind(self._shell, action_id, self, self._subjects)
            knob = tool_button(bound.action.icon, bound.text(), bound.trigger)
            knob.setObjectName(f"knob.{action_id}")
            knob.setEnabled(bound.isEnabled())
            bound.enabledChanged.connect(knob.setEnabled)
            bound.changed.connect(lambda b=bound, k=knob: set_tip(k, b.words))
            self._bound.append(bound)
            row.addWidget(knob)
        edit = self._shell.verbs.bind(self._shell, "container.edit", self, self._subjects)
        self._bound.append(edit)
        knob_edit = button(translate("ContainerDetails", "Edit"), "edit", Variant.DEFAULT, edit.trigger)
        edit.enabledChanged.connect(knob_edit.setEnabled)
        row.addWidget(knob_edit)
        more = tool_button("more", translate("ContainerDetails", "More actions"))
        more.clicked.connect(lambda: self._show_more(more.mapToGlobal(QPoint(0, more.height()))))
        row.addWidget(more)
        return box

    def _show_time(self, key: str, time_ns: int) -> None:
        self.show_container(self.container_id, key)
        self.tab(key).show_time(time_ns)

    def _mark_time(self, pointed: DetailTab, time_ns: int) -> None:
        for key in _TIMED:
            if self.tab(key) is not pointed:
                self.tab(key).mark_time(time_ns)

    def _subjects(self) -> list[Container]:
        container = self._container()
        return [container] if container is not None else []

    def _container(self) -> Container | None:
        return self._shell.client.mirror.containers.get(self.container_id)

    def _fill_header(self) -> None:
        container = self._container()
        if container is None:
            return
        self.name = container.name
        self._title.set_text(container.name)
        self._under.set_text(f"{image_text(container.image)}  ·  {status_text(container)}")
        words = state_words(container)
        self._badge.set(words.word, words.tone)
        text, tone = health_words(container)
        self._health.set(text, tone)
        self._health.setVisible(bool(text) and text != words.word)
        for bound in self._bound:
            bound.refresh()

    def _show_tab(self) -> None:
        container = self._container()
        if container is None or not self._active:
            return
        wanted = self.tab(str(self.tabs.tabData(self.tabs.currentIndex())))
        current = self.current_tab()
        if current is not None and current is not wanted:
            current.suspend()
        self._stack.setCurrentWidget(wanted)
        wanted.suspend()
        wanted.resume(container)

    def _show_more(self, place: QPoint) -> None:
        menu = QMenu(self)
        for number, section in enumerate(_MORE):
            if number:
                menu.addSeparator()
            for action_id in section:
                bound = self._shell.verbs.bind(self._shell, action_id, menu, self._subjects)
                if bound.isEnabled():
                    menu.addAction(bound)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)


def _titles() -> dict[str, str]:
    return {
        "overview": translate("ContainerDetails", "Overview"),
        "logs": translate("ContainerDetails", "Logs"),
        "terminal": translate("ContainerDetails", "Terminal"),
        "stats": translate("ContainerDetails", "Stats"),
        "files": translate("ContainerDetails", "Files"),
        "processes": translate("ContainerDetails", "Processes"),
        "changes": translate("ContainerDetails", "Changes"),
        "inspect": translate("ContainerDetails", "Inspect"),
        "history": translate("ContainerDetails", "History"),
    }
