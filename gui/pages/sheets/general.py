"""The window's choices, the engine's, and what the engine is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QSpinBox, QWidget

from engine.recipe.kinds.amounts import read_size, size_words
from gui.language import LANGUAGES, SYSTEM
from gui.pages.sheets.sheet import Sheet
from gui.presentation.containers.run_line import fault_text
from gui.theme import Mode, Space, Text, Tone, theme
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.labels import form_label, label
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.host import EngineFacts, Settings


_SIZE_DIGITS = 7


class GeneralSheet(Sheet):
    """Look, tray, notifications; and what the engine is."""

    def build(self) -> None:
        settings = self.shell.settings
        look = Card(translate("Settings", "Window"))
        form = _form(look)
        choice = Segmented(
            (
                (Mode.SYSTEM.value, translate("Settings", "Like the system")),
                (Mode.LIGHT.value, translate("Settings", "Light")),
                (Mode.DARK.value, translate("Settings", "Dark")),
                (Mode.CONTRAST.value, translate("Settings", "High contrast")),
            ),
            translate("Settings", "Look"),
        )
        choice.set_current(settings.look.value)
        choice.changed.connect(self._set_look)
        form.addRow(form_label(translate("Settings", "Look")), choice)
        form.addRow(form_label(translate("Settings", "Language")), self._language_field())
        tray = _box(translate("Settings", "Closing the window keeps Wherry in the tray"), on=settings.keep_in_tray)
        tray.toggled.connect(lambda on: setattr(settings, "keep_in_tray", on))
        form.addRow("", tray)
        notices = _box(
            translate("Settings", "Tell me when a service dies or turns unhealthy"), on=settings.notifications
        )
        notices.toggled.connect(lambda on: setattr(settings, "notifications", on))
        form.addRow("", notices)
        quit_choice = QComboBox()
        for key, words in (
            ("ask", translate("Settings", "Ask what to do with running services")),
            ("keep", translate("Settings", "Keep services running")),
            ("stop", translate("Settings", "Stop all services")),
        ):
            quit_choice.addItem(words, key)
        quit_choice.setCurrentIndex(quit_choice.findData(settings.on_quit))
        quit_choice.currentIndexChanged.connect(lambda _n: setattr(settings, "on_quit", quit_choice.currentData()))
        quit_choice.setAccessibleName(translate("Settings", "When I quit"))
        form.addRow(form_label(translate("Settings", "When I quit")), quit_choice)
        self.column.addWidget(look)
        self.engine_card = Card(translate("Settings", "Engine"))
        self._engine_form = _form(self.engine_card)
        self._settings: Settings | None = None
        self._filled: tuple[object, ...] | None = None
        self._make_engine_fields()
        self.column.addWidget(self.engine_card)
        about = Card(translate("Settings", "About this engine"))
        self.facts = FactGrid()
        about.body.addWidget(self.facts)
        self.column.addWidget(about)

    def _language_field(self) -> QWidget:
        self.language = QComboBox()
        self.language.setAccessibleName(translate("Settings", "Language"))
        self.language.addItem(translate("Settings", "Like the system"), SYSTEM)
        for key, name in LANGUAGES.items():
            self.language.addItem(name, key)
        self.language.setCurrentIndex(max(0, self.language.findData(self.shell.settings.language)))
        self.language_hint = label(translate("Settings", "From the next start on"), Text.SMALL, Tone.MUTED)
        self.language_hint.hide()
        self.language.currentIndexChanged.connect(self._set_language)
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(self.language)
        row.addWidget(self.language_hint, 1)
        return box

    def _set_language(self, _index: int) -> None:
        self.shell.settings.language = self.language.currentData()
        # Pages that were made keep their words.
        self.language_hint.show()

    def _make_engine_fields(self) -> None:
        form = self._engine_form
        self.driver = QComboBox()
        for key, words in (
            ("", translate("Settings", "The fastest that works here")),
            ("overlay", translate("Settings", "overlay (kernel)")),
            ("fuse-overlayfs", "fuse-overlayfs"),
        ):
            self.driver.addItem(words, key)
        self.socket = _box(translate("Settings", "Serve the Docker API on a socket of mine"), on=True)
        self.downloads = QSpinBox(minimum=1, maximum=16)
        self.log_size = QComboBox(editable=True)
        self.log_size.addItems(["64m", "256m", "1g"])
        self.log_files = QSpinBox(minimum=1, maximum=50)
        self.history = QComboBox(editable=True)
        self.history.addItems(["512m", "2g", "10g"])
        for sizes in (self.log_size, self.history):
            sizes.setMinimumContentsLength(_SIZE_DIGITS)  # or the cursor behind the last digit pushes the first out
        rows: tuple[tuple[str, QWidget], ...] = (
            (translate("Settings", "Storage"), self.driver),
            ("", self.socket),
            (translate("Settings", "Downloads at once"), self.downloads),
            (translate("Settings", "Size of a log file"), self.log_size),
            (translate("Settings", "Log files kept"), self.log_files),
            (translate("Settings", "Logs of removed containers"), self.history),
        )
        for words, field in rows:
            field.setAccessibleName(words or field.accessibleName())
            if isinstance(field, QComboBox) and (edit := field.lineEdit()) is not None:
                edit.setAccessibleName(words)
            form.addRow(form_label(words) if words else "", field)
        self._problem = label("", Text.SMALL, Tone.DANGER)
        save = button(translate("Settings", "Save"), "check", Variant.PRIMARY, lambda: self.shell.run(self._save()))
        row = QHBoxLayout()
        row.addWidget(self._problem, 1)
        row.addWidget(save)
        self.engine_card.body.addLayout(row)

    async def load(self) -> None:
        facts: EngineFacts = await self.client.call(lambda engine: engine.host.facts())
        self.facts.set_facts(_engine_facts(facts))
        s = await self.client.call(lambda engine: engine.host.settings())
        if self._filled not in (None, self._entered()):
            return  # what somebody typed meanwhile is theirs
        self._settings = s
        self.driver.setCurrentIndex(max(0, self.driver.findData(s.driver)))
        self.socket.setChecked(s.api_socket)
        self.downloads.setValue(s.parallel_downloads)
        self.log_size.setEditText(size_words(s.default_log_max_bytes))
        self.log_files.setValue(s.default_log_max_files)
        self.history.setEditText(size_words(s.history_max_bytes))
        self._filled = self._entered()

    def _entered(self) -> tuple[object, ...]:
        sizes = self.log_size.currentText(), self.history.currentText()
        counts = self.downloads.value(), self.log_files.value()
        return (*sizes, *counts, self.driver.currentData(), self.socket.isChecked())

    async def _save(self) -> None:
        if self._settings is None:
            return
        try:
            fresh = replace(
                self._settings,
                driver=self.driver.currentData(),
                api_socket=self.socket.isChecked(),
                parallel_downloads=self.downloads.value(),
                default_log_max_bytes=read_size(self.log_size.currentText()),
                default_log_max_files=self.log_files.value(),
                history_max_bytes=read_size(self.history.currentText()),
            )
        except ValueError as error:
            self._problem.setText(fault_text(error))
            return
        self._problem.setText("")
        await self.client.call(lambda engine: engine.host.change_settings(fresh))
        self._settings, self._filled = fresh, self._entered()
        self.shell.toast(translate("Settings", "Saved"), Tone.SUCCESS)

    def _set_look(self, key: str) -> None:
        self.shell.settings.look = Mode(key)
        theme().set_mode(Mode(key))


def _engine_facts(facts: EngineFacts) -> list[Fact]:
    versions = ", ".join(f"{name} {version}" for name, version in facts.runtime_versions.items())
    rows = [
        Fact(translate("Settings", "Version"), facts.version),
        Fact(translate("Settings", "Storage"), f"{facts.driver}: {facts.driver_reason}"),
        Fact(translate("Settings", "Control groups"), f"{facts.cgroup_mode} ({', '.join(facts.controllers)})"),
        Fact(translate("Settings", "Kept in"), facts.root, code=True, copy=True),
        Fact(translate("Settings", "Docker socket"), facts.socket, code=True, copy=True),
        Fact(translate("Settings", "System"), f"{facts.operating_system}, Linux {facts.kernel}"),
        Fact(translate("Settings", "Programs"), versions),
    ]
    if facts.single_id:
        text = translate("Settings", "no subordinate ids: everything in a container is one user")
        rows.append(Fact(translate("Settings", "Users"), text, tone=Tone.WARNING))
    return rows


def _form(card: Card) -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(Space.L)
    form.setVerticalSpacing(Space.M)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
    card.body.addLayout(form)
    return form


def _box(words: str, *, on: bool) -> QCheckBox:
    box = QCheckBox(words)
    box.setChecked(on)
    return box
