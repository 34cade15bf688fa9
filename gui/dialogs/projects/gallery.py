"""The gallery: choose a well-known service, fill in a short form, and it stands in a project's files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from engine.compose.project_files import files_in, project_name
from engine.errors import WherryError
from engine.types.gallery import AddFromGallery
from gui.models.filtered import FilteredModel
from gui.models.gallery import gallery_model
from gui.pages.build.dockerfile import replace_file
from gui.presentation.errors import words_of
from gui.presentation.projects import gallery as words
from gui.shell import TextQuestion
from gui.theme import Space, Text, Tone, grown
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button, menu_button
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import breakable, form_label, label
from gui.widgets.layouts import field_form, scrolling
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.search_field import SearchField
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types.gallery import GalleryField, GalleryTemplate, MadeFromGallery
    from gui.bridge import Engine
    from gui.shell import Shell

_FORM_WIDTH = 340
_PRIVATE = 0o600


class GalleryDialog(QDialog):
    """`projects`: those whose folders are known, by name; the service goes into one of them or into a new one.

    `choose` is a template that is chosen at once.
    """

    def __init__(
        self, shell: Shell, projects: Mapping[str, str] | None = None, project: str = "", choose: str = ""
    ) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self._folders = dict(projects or {})
        self._taken: frozenset[int] = frozenset()
        self.template: GalleryTemplate | None = None
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        self.setObjectName("dialog.gallery")
        self.setWindowTitle(translate("Gallery", "Pick a service"))
        self.setMinimumSize(780, 460)
        self.resize(900, 560)
        self.model = gallery_model(self)
        self.filtered = FilteredModel(self)
        self.filtered.setSourceModel(self.model)
        self.search = SearchField(translate("Gallery", "Search the gallery"), delay_ms=30)
        self.search.changed.connect(lambda _text: self._narrow())
        self.category = QComboBox()
        self.category.setAccessibleName(translate("Gallery", "Kind"))
        self.category.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.category.currentIndexChanged.connect(lambda _index: self._narrow())
        self.table = self._make_table()
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addLayout(self._make_head())
        body = QSplitter(Qt.Orientation.Horizontal)
        body.setChildrenCollapsible(False)
        body.addWidget(self.table)
        body.addWidget(self._make_side())
        body.setStretchFactor(0, 1)
        column.addWidget(body, 1)
        column.addWidget(self.banner)
        column.addLayout(self._make_foot(project))
        shell.run(self._load(choose))

    # --- building ---

    def _make_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(label(translate("Gallery", "Pick a service"), Text.TITLE))
        row.addStretch(1)
        row.addWidget(self.category)
        row.addWidget(self.search)
        menu = QMenu(self)
        menu.addAction(translate("Gallery", "Add a folder of templates…"), lambda: self._shell.run(self._add_folder()))
        menu.addAction(translate("Gallery", "Add a git address…"), lambda: self._shell.run(self._add_address()))
        knob = menu_button("", menu, "more", Variant.GHOST)
        knob.setAccessibleName(translate("Gallery", "Where templates come from"))
        row.addWidget(knob)
        return row

    def _make_table(self) -> Table:
        table = Table(translate("Gallery", "Services"), row_height=48, multi=False)
        table.set_inset()
        table.setModel(self.filtered)
        table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        table.set_columns({0: TextCell(strong=True), 1: TextCell(secondary=True)}, {1: 130}, stretch=0, droppable=(1,))
        table.set_empty_state(EmptyState("search", translate("Gallery", "Nothing of that name"), ""))
        table.keys_selected.connect(self._on_chosen)
        table.activated_key.connect(lambda _key: next(iter(self.fields.values())).setFocus() if self.fields else None)
        return table

    def _make_side(self) -> QWidget:
        side = QWidget()
        side.setMinimumWidth(grown(_FORM_WIDTH))
        column = QVBoxLayout(side)
        column.setContentsMargins(Space.L, 0, 0, 0)
        column.setSpacing(Space.S)
        self._title = label("", Text.STRONG)
        self._about = label(translate("Gallery", "Choose a service at the left."), tone=Tone.MUTED, wrap=True)
        self.form = field_form()
        inside = QWidget()
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 0, Space.S, 0)
        inner.addLayout(self.form)
        self._data = label("", Text.SMALL, Tone.MUTED, wrap=True)
        inner.addWidget(self._data)
        inner.addStretch(1)
        area = scrolling(inside)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(self._title)
        column.addWidget(self._about)
        column.addWidget(area, 1)
        return side

    def _make_foot(self, project: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(label(translate("Gallery", "Into the project")))
        self.project = QComboBox()
        self.project.setEditable(True)
        self.project.setAccessibleName(translate("Gallery", "Project"))
        self.project.addItems(sorted(self._folders))
        self.project.setCurrentText(project or translate("Gallery", "services"))
        self.project.setMinimumWidth(grown(150))
        self.project.currentTextChanged.connect(lambda _text: self._tell_place())
        row.addWidget(self.project)
        self._place = label("", Text.SMALL, Tone.MUTED)
        row.addWidget(self._place, 1)
        row.addWidget(button(translate("Gallery", "Close"), "", Variant.GHOST, self.reject))
        self.add = button(translate("Gallery", "Add it"), "plus", Variant.DEFAULT, lambda: self._begin(stay=True))
        self.go = button(
            translate("Gallery", "Add it and open the project"), "", Variant.PRIMARY, lambda: self._begin(stay=False)
        )
        self.go.setDefault(True)
        for knob in (self.add, self.go):
            knob.setEnabled(False)
            row.addWidget(knob)
        self._tell_place()
        return row

    # --- the list ---

    async def _load(self, choose: str = "") -> None:
        async def ask(engine: Engine) -> tuple[list[GalleryTemplate], frozenset[int]]:
            listening = await engine.networks.host_ports()
            return list(await engine.gallery.list()), frozenset(each.port for each in listening)

        templates, self._taken = await self._shell.client.call(ask)
        if not isValid(self):
            return
        self.model.set_items((one.id, one) for one in templates)
        self.category.blockSignals(True)  # noqa: FBT003
        self.category.clear()
        self.category.addItem(translate("Gallery", "Everything"), "")
        known = {one.category for one in templates}
        for category in (*words.CATEGORIES, *sorted(known - set(words.CATEGORIES))):
            if category in known:
                self.category.addItem(words.category_text(category), category or "-")
        self.category.blockSignals(False)  # noqa: FBT003
        if choose:
            self.table.select_key(choose)
        self.search.setFocus()

    def _narrow(self) -> None:
        wanted = str(self.category.currentData() or "")
        self.filtered.set_condition(None if not wanted else lambda one: (one.category or "-") == wanted)
        self.filtered.set_query(self.search.text())

    def _on_chosen(self, keys: list[str]) -> None:
        self.template = self.model.item(keys[0]) if keys else None
        self.banner.hide()
        while self.form.rowCount():
            self.form.removeRow(0)
        self.fields.clear()
        for knob in (self.add, self.go):
            knob.setEnabled(self.template is not None)
        if self.template is None:
            return
        self._title.setText(self.template.title)
        self._about.setText(words.in_language(self.template.about))
        self._data.setText(breakable(words.data_text(self.template)))
        for field in self.template.fields:
            self.fields[field.name] = made = self._field(field)
            made.setAccessibleName(words.field_text(field))
            self.form.addRow(form_label(words.field_text(field)), made)

    def _field(self, field: GalleryField) -> QLineEdit | QComboBox:
        if field.choices:
            combo = QComboBox()
            combo.setEditable(True)
            combo.addItems(list(field.choices))
            combo.setCurrentText(field.default)
            return combo
        line = QLineEdit(words.free_from(field.default, self._taken) if field.kind == "port" else field.default)
        if field.kind == "password":
            line.setEchoMode(QLineEdit.EchoMode.PasswordEchoOnEdit)
            line.setPlaceholderText(translate("Gallery", "made for you, and kept in .env"))
        return line

    def values(self) -> dict[str, str]:
        texts = {
            name: field.currentText() if isinstance(field, QComboBox) else field.text()
            for name, field in self.fields.items()
        }
        return {name: text.strip() for name, text in texts.items() if text.strip()}

    # --- where it goes ---

    def folder(self) -> str:
        """The project's own, or one for it beside the others."""
        name = self.project.currentText().strip()
        if name in self._folders:
            return self._folders[name]
        return os.path.join(os.path.expanduser("~"), "wherry-projects", project_name(name) or "services")

    def _tell_place(self) -> None:
        home = os.path.expanduser("~")
        folder = self.folder()
        self._place.setText(f"~{folder.removeprefix(home)}" if folder.startswith(f"{home}/") else folder)

    # --- doing ---

    def _begin(self, *, stay: bool) -> None:
        for knob in (self.add, self.go):
            knob.setEnabled(False)
        self._shell.run(self._add_it(stay=stay))

    async def _add_it(self, *, stay: bool) -> None:
        template, folder, values = self.template, self.folder(), self.values()
        if template is None:
            return
        try:
            path = await self._written(template.id, folder, values)
        except WherryError as error:
            said = words_of(error)
            self._warn(said.title, said.text, said.details)
        except OSError as error:
            self._warn(translate("Gallery", "The files could not be written"), str(error))
        else:
            self._shell.toast(translate("Gallery", "{0} is in {1}").format(template.title, path), Tone.SUCCESS)
            if not stay and isValid(self):
                self.accept()
                self._shell.navigate("projects", "", path)
        if isValid(self):
            for knob in (self.add, self.go):
                knob.setEnabled(True)

    def _warn(self, title: str, text: str, details: str = "") -> None:
        if isValid(self):
            self.banner.show_message(Tone.DANGER, title, text, details)
            self.banner.show()

    async def _written(self, template: str, folder: str, values: dict[str, str]) -> str:
        """The compose file's path. What was filled in is written first: the file asks for it."""
        path, compose, env = await asyncio.to_thread(_read, folder)
        request = AddFromGallery(template=template, values=values, compose=compose, env=env)
        made = await self._shell.client.call(lambda engine: engine.gallery.fill(request))
        await asyncio.to_thread(_write, path, made)
        return path

    async def _add_folder(self) -> None:
        if folder := await self._shell.choose_folder(translate("Gallery", "A folder of compose files")):
            await self._add_source(folder)

    async def _add_address(self) -> None:
        address = await self._shell.ask_text(
            TextQuestion(
                title=translate("Gallery", "Templates from a git address"),
                label=translate("Gallery", "Address"),
                accept=translate("Gallery", "Get them"),
                text="https://",
            )
        )
        if address:
            await self._add_source(address)

    async def _add_source(self, address: str) -> None:
        source = await self._shell.client.call(lambda engine: engine.gallery.add_source(address))
        told = translate("Gallery", "{0} templates from {1}", None, source.templates).format(
            source.templates, source.address
        )
        self._shell.toast(told, Tone.SUCCESS)
        if isValid(self):
            await self._load()


def _read(folder: str) -> tuple[str, str, str]:
    path = next(iter(files_in(folder)), os.path.join(folder, "compose.yaml"))
    texts = []
    for each in (path, os.path.join(folder, ".env")):
        try:
            texts.append(Path(each).read_text(encoding="utf-8"))
        except FileNotFoundError:
            texts.append("")
    return path, texts[0], texts[1]


def _write(path: str, made: MadeFromGallery) -> None:
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    env = folder / ".env"
    env.touch(mode=_PRIVATE)
    replace_file(env, made.env.encode())
    Path(path).touch()
    replace_file(Path(path), made.compose.encode())
