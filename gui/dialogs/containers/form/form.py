"""The whole form: sections in a list, their fields beside it, and a recipe in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.recipe.faults import Unreadable
from engine.recipe.networks import EGRESS_LABEL
from gui.dialogs.containers.form.sections import Entry, Section, sections
from gui.plain_text import set_tip
from gui.presentation.containers.run_line import fault_text, read_env_file
from gui.theme import Role, Size, Space, Text, Tone, grown, icon
from gui.widgets.labels import label
from gui.widgets.layouts import field_form, scrolling
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.containers import ContainerSpec
    from gui.dialogs.containers.form.fields import PairsField
    from gui.dialogs.containers.form.rows import MountRow, RowsField
    from gui.shell import Shell

_EGRESS = "egress"
_WIDEST_PAGE = 460
_LIST_WIDTH = 176


class SpecForm(QWidget):
    """`set_spec` fills it, `spec()` reads it; what the form has no field for is carried through untouched."""

    changed = Signal()

    def __init__(self, shell: Shell, spec: ContainerSpec) -> None:
        super().__init__()
        self._shell = shell
        self._base = spec
        self._filling = False
        mirror = shell.client.mirror
        self.sections = sections(
            volumes=[volume.name for volume in mirror.volumes.values() if not volume.anonymous],
            networks=[network.name for network in mirror.networks.values() if not network.builtin],
            choose_folder=lambda row: shell.run(self._choose_folder(row)),
            choose_env_file=lambda field: shell.run(self._choose_env_file(field)),
        )
        self.entries: dict[str, Entry] = {entry.key: entry for section in self.sections for entry in section.entries}
        self._problems: dict[str, Any] = {}
        self.list = QListWidget()
        self.list.setAccessibleName(translate("RunForm", "Sections"))
        self.list.setFixedWidth(grown(_LIST_WIDTH))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.viewport().setAutoFillBackground(False)
        self.list.setIconSize(QSize(Size.ICON, Size.ICON))
        self._stack = QStackedWidget()
        for section in self.sections:
            item = QListWidgetItem(icon(section.icon), section.title)
            item.setSizeHint(QSize(0, grown(Size.HEADER)))
            self.list.addItem(item)
            self._stack.addWidget(self._make_page(section))
        self.list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self.list.setCurrentRow(0)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(self.list)
        row.addWidget(self._stack, 1)
        self.set_spec(spec)
        for entry in self.entries.values():
            entry.field.changed.connect(self._on_changed)

    # --- in and out ---

    def set_spec(self, spec: ContainerSpec) -> None:
        self._filling = True
        self._base = spec
        for key, entry in self.entries.items():
            entry.field.set_value(_shown(spec, key))
        self._filling = False
        self._on_changed()

    def spec(self) -> ContainerSpec:
        """The recipe as the form says. Raises ValueError with the first problem."""
        values: dict[str, Any] = {}
        nested: dict[str, dict[str, Any]] = {}
        for key, entry in self.entries.items():
            outer, _, inner = key.partition(".")
            if inner:
                nested.setdefault(outer, {})[inner] = entry.field.value()
            else:
                values[outer] = entry.field.value()
        _take_egress(values)
        values["shm_size"] = values["shm_size"] or 64 << 20
        for outer, changes in nested.items():
            values[outer] = replace(getattr(self._base, outer), **changes)
        return replace(self._base, **values)

    def problems(self) -> dict[str, str]:
        """What is wrong, by section id."""
        found: dict[str, str] = {}
        for section in self.sections:
            for entry in section.entries:
                problem = entry.field.problem()
                if problem:
                    found.setdefault(section.id, problem)
        return found

    # --- for the dialogs ---

    def show_section(self, section_id: str) -> None:
        for number, section in enumerate(self.sections):
            if section.id == section_id:
                self.list.setCurrentRow(number)

    def rows(self, key: str) -> RowsField:
        field = self.entries[key].field
        return field  # type: ignore[return-value]

    def mark(self, problems: dict[str, str]) -> None:
        """Show which sections need a look."""
        for number, section in enumerate(self.sections):
            item = self.list.item(number)
            bad = section.id in problems
            item.setIcon(icon("error" if bad else section.icon, Role.DANGER if bad else Role.TEXT_SECONDARY))
            set_tip(item, problems.get(section.id, ""))

    # --- inside ---

    def _make_page(self, section: Section) -> QWidget:
        inside = QWidget()
        area = scrolling(inside)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes from the sections to the first field, and back
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(inside)
        column.setContentsMargins(Space.S, Space.XS, Space.M, Space.M)
        column.setSpacing(Space.M)
        if section.note:
            column.addWidget(label(section.note, Text.SMALL, Tone.MUTED, wrap=True))
        form = field_form()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for entry in section.entries:
            self._add_entry(form, entry)
        column.addLayout(form)
        column.addStretch(1)
        # Never narrower than what is in it: half a word is worse than a narrow neighbour.
        area.setMinimumWidth(min(inside.minimumSizeHint().width(), grown(_WIDEST_PAGE)) + Space.L)
        return area

    def _add_entry(self, form: QFormLayout, entry: Entry) -> None:
        entry.field.setObjectName(entry.key)
        proxy = entry.field.focusProxy()
        while proxy is not None:
            # A field of several parts hands on to one that hands on again.
            proxy.setAccessibleName(entry.words)
            proxy = proxy.focusProxy()
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.HAIR)
        column.addWidget(entry.field)
        problem = label("", Text.SMALL, Tone.DANGER, wrap=True)
        problem.hide()
        column.addWidget(problem)
        self._problems[entry.key] = problem
        if entry.words:
            caption = label(entry.words)
            caption.setMinimumSize(grown(128), Size.CONTROL)
            form.addRow(caption, box)
        else:
            form.addRow(box)

    def _on_changed(self) -> None:
        if self._filling:
            return
        for key, entry in self.entries.items():
            words = entry.field.problem()
            own = not hasattr(entry.field, "rows")  # rows tell their problems themselves
            self._problems[key].setText(words if own else "")
            self._problems[key].setVisible(bool(words) and own)
        self.changed.emit()

    async def _choose_folder(self, row: MountRow) -> None:
        path = await self._shell.choose_folder(translate("RunForm", "Which folder?"))
        if path:
            row.source.setText(path)

    async def _choose_env_file(self, field: PairsField) -> None:
        path = await self._shell.choose_open_file(
            translate("RunForm", "Which file of variables?"), translate("RunForm", "Variables (*.env .env* *.txt)")
        )
        if not path:
            return
        try:
            field.add(read_env_file(path))
        except Unreadable as error:
            self._shell.toast(fault_text(error), Tone.DANGER)


def _shown(spec: ContainerSpec, key: str) -> Any:
    """What may be reached is kept as a label, and has a field of its own."""
    if key == _EGRESS:
        return tuple(spec.labels.get(EGRESS_LABEL, "").replace(",", " ").split())
    if key == "labels":
        return {name: text for name, text in spec.labels.items() if name != EGRESS_LABEL}
    return _get(spec, key)


def _take_egress(values: dict[str, Any]) -> None:
    words = values.pop(_EGRESS)
    values["labels"] |= {EGRESS_LABEL: ",".join(words)} if words else {}


def _get(spec: ContainerSpec, key: str) -> Any:
    value: Any = spec
    for part in key.split("."):
        value = getattr(value, part)
    return value
