"""Settings and doctor: the window's choices, the engine's, what this computer allows, the state of the store."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.types.host import Verdict
from gui.language import LANGUAGES, SYSTEM
from gui.pages.page import Page
from gui.presentation.units import bytes_text, parse_bytes, short_size
from gui.shell import Confirmation
from gui.theme import Mode, Role, Size, Space, Text, Tone, icon, theme
from gui.widgets.badge import Badge
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.card import Card
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.labels import CodeLabel, form_label, label
from gui.widgets.page_header import PageHeader
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.host import EngineFacts, HostCheck, HostReport, Settings, StoreProblem
    from engine.types.images import Login, StoreUsage
    from gui.shell import Shell

_WIDTH = 860
_SIZE_DIGITS = 7
_VERDICTS = {
    Verdict.OK: (Tone.SUCCESS, "check-circle", Role.SUCCESS),
    Verdict.DEGRADED: (Tone.WARNING, "warning", Role.WARNING),
    Verdict.MISSING: (Tone.DANGER, "error", Role.DANGER),
}


class SettingsPage(Page):
    """Four sheets: general, doctor, store, registries."""

    page_id = "settings"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        header = PageHeader(translate("Settings", "Settings"))
        self._choice = Segmented(
            (
                ("general", translate("Settings", "General")),
                ("doctor", translate("Settings", "Doctor")),
                ("store", translate("Settings", "Storage")),
                ("registries", translate("Settings", "Registries")),
            ),
            translate("Settings", "Sheet"),
        )
        self._choice.changed.connect(self._show)
        header.add(self._choice)
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        self._stack = QStackedWidget()
        self.sheets: dict[str, Sheet] = {
            "general": GeneralSheet(shell),
            "doctor": DoctorSheet(shell),
            "store": StoreSheet(shell),
            "registries": RegistriesSheet(shell),
        }
        for sheet in self.sheets.values():
            self._stack.addWidget(sheet)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(header)
        column.addWidget(self.banner)
        column.addWidget(self._stack, 1)
        self.client.ready.connect(self._load)

    def open_object(self, object_id: str, detail: str = "") -> None:
        if detail in self.sheets:
            self._choice.set_current(detail)
            self._show(detail)

    def shown(self) -> None:
        self._load()

    def _show(self, key: str) -> None:
        self._stack.setCurrentWidget(self.sheets[key])
        self._load()

    def _load(self) -> None:
        if self.client.is_ready and self.isVisible():
            sheet = self._stack.currentWidget()
            assert isinstance(sheet, Sheet)
            self.shell.run(sheet.load())


class Sheet(QScrollArea):
    """One sheet: a column of cards of a readable width."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.shell = shell
        self.client = shell.client
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        inside = QWidget()
        self.setWidget(inside)
        row = QHBoxLayout(inside)
        row.setContentsMargins(Space.XL, Space.L, Space.XL, Space.XL)
        box = QWidget()
        box.setMaximumWidth(_WIDTH)
        row.addWidget(box, 10)
        row.addStretch(1)
        self.column = QVBoxLayout(box)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(Space.L)
        self.build()
        self.column.addStretch(1)

    def build(self) -> None:
        raise NotImplementedError

    async def load(self) -> None:
        """Bring what comes from the engine up to date."""


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
        self._settings = await self.client.call(lambda engine: engine.host.settings())
        s = self._settings
        self.driver.setCurrentIndex(max(0, self.driver.findData(s.driver)))
        self.socket.setChecked(s.api_socket)
        self.downloads.setValue(s.parallel_downloads)
        self.log_size.setEditText(short_size(s.default_log_max_bytes))
        self.log_files.setValue(s.default_log_max_files)
        self.history.setEditText(short_size(s.history_max_bytes))

    async def _save(self) -> None:
        if self._settings is None:
            return
        try:
            fresh = replace(
                self._settings,
                driver=self.driver.currentData(),
                api_socket=self.socket.isChecked(),
                parallel_downloads=self.downloads.value(),
                default_log_max_bytes=parse_bytes(self.log_size.currentText()),
                default_log_max_files=self.log_files.value(),
                history_max_bytes=parse_bytes(self.history.currentText()),
            )
        except ValueError as error:
            self._problem.setText(str(error))
            return
        self._problem.setText("")
        await self.client.call(lambda engine: engine.host.change_settings(fresh))
        self._settings = fresh
        self.shell.toast(translate("Settings", "Saved"), Tone.SUCCESS)

    def _set_look(self, key: str) -> None:
        self.shell.settings.look = Mode(key)
        theme().set_mode(Mode(key))


class DoctorSheet(Sheet):
    """Every check with what was seen, what it matters, and the command that mends it."""

    def build(self) -> None:
        self.summary = Banner(Tone.INFO, translate("Settings", "Looking…"))
        self.column.addWidget(self.summary)
        self.checks = Card(translate("Settings", "What this computer allows"))
        again = translate("Settings", "Look again")
        self.checks.action_row.addWidget(button(again, "restart", Variant.GHOST, lambda: self.shell.run(self.load())))
        self._rows = QVBoxLayout()
        self._rows.setSpacing(Space.M)
        self.checks.body.addLayout(self._rows)
        self.column.addWidget(self.checks)

    async def load(self) -> None:
        report: HostReport = await self.client.call(lambda engine: engine.host.report())
        self.show_report(report)

    def show_report(self, report: HostReport) -> None:
        missing = sum(check.verdict is Verdict.MISSING for check in report.checks)
        degraded = sum(check.verdict is Verdict.DEGRADED for check in report.checks)
        if missing:
            words = translate("Settings", "{0} thing(s) missing").format(missing)
            text = translate("Settings", "Some features do not work until they are mended.")
            self.summary.show_message(Tone.DANGER, words, text)
        elif degraded:
            words = translate("Settings", "Works, with {0} thing(s) to improve").format(degraded)
            self.summary.show_message(Tone.WARNING, words)
        else:
            self.summary.show_message(Tone.SUCCESS, translate("Settings", "All is well"))
        _clear(self._rows)
        order = {Verdict.MISSING: 0, Verdict.DEGRADED: 1, Verdict.OK: 2}
        for check in sorted(report.checks, key=lambda check: order[check.verdict]):
            self._rows.addWidget(self._check_row(check))

    def _check_row(self, check: HostCheck) -> QWidget:
        _tone, picture, role = _VERDICTS[check.verdict]
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        sign = label()
        sign.setPixmap(icon(picture, role).pixmap(Size.ICON_LARGE, Size.ICON_LARGE))
        sign.setFixedWidth(Size.ICON_LARGE)
        column = QVBoxLayout()
        column.setSpacing(Space.HAIR)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(label(check.title, Text.STRONG))
        head.addWidget(label(check.found, Text.BODY, Tone.MUTED, wrap=True), 1)
        column.addLayout(head)
        if check.verdict is not Verdict.OK and check.matters:
            column.addWidget(label(check.matters, wrap=True))
        if check.verdict is not Verdict.OK and check.fix:
            column.addWidget(self._fix(check.fix))
        holder = QVBoxLayout()
        holder.addWidget(sign)
        holder.addStretch(1)
        row.addLayout(holder)
        row.addLayout(column, 1)
        return box

    def _fix(self, command: str) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "sunken")
        row = QHBoxLayout(frame)
        row.setContentsMargins(Space.M, Space.XS, Space.XS, Space.XS)
        row.addWidget(CodeLabel(command), 1)
        copy = translate("Settings", "Copy the command")
        row.addWidget(tool_button("copy", copy, lambda: QGuiApplication.clipboard().setText(command)))
        return frame


class StoreSheet(Sheet):
    """What the store holds, each byte once; the check of the store and its mending."""

    def build(self) -> None:
        self.usage = Card(translate("Settings", "What takes space"))
        self.usage_facts = FactGrid()
        self.usage.body.addWidget(self.usage_facts)
        self.column.addWidget(self.usage)
        self.check = Card(translate("Settings", "Is everything in its place?"))
        ask = button(translate("Settings", "Check"), "doctor", on_click=lambda: self.shell.run(self.check_store()))
        self.mend_button = button(
            translate("Settings", "Mend…"), "bolt", Variant.PRIMARY, lambda: self.shell.run(self.mend())
        )
        self.mend_button.hide()
        for knob in (ask, self.mend_button):
            self.check.action_row.addWidget(knob)
        self.result = label(
            translate("Settings", "Looks for what no row of the store explains."), Text.BODY, Tone.MUTED
        )
        self.check.body.addWidget(self.result)
        self._problems = QVBoxLayout()
        self.check.body.addLayout(self._problems)
        self.column.addWidget(self.check)

    async def load(self) -> None:
        usage: StoreUsage = await self.client.call(lambda engine: engine.images.usage())
        rows = (
            (translate("Settings", "Images"), usage.layers, usage.layers_reclaimable),
            (translate("Settings", "Containers"), usage.containers, usage.containers_reclaimable),
            (translate("Settings", "Volumes"), usage.volumes, usage.volumes_reclaimable),
            (translate("Settings", "Build cache"), usage.build_cache, usage.build_cache_reclaimable),
            (translate("Settings", "Logs"), usage.logs, 0),
        )
        facts = []
        for words, size, free in rows:
            text = bytes_text(size)
            if free:
                text += translate("Settings", ", of which {0} could be freed").format(bytes_text(free))
            facts.append(Fact(words, text))
        self.usage_facts.set_facts(facts)

    async def check_store(self) -> None:
        self.result.setText(translate("Settings", "Checking…"))
        problems = await self.client.call(lambda engine: engine.host.check_store())
        self._show(problems)

    async def mend(self) -> None:
        question = Confirmation(
            title=translate("Settings", "Mend the store?"),
            text=translate("Settings", "Leftovers are removed; nothing that a container, image or volume uses."),
            accept=translate("Settings", "Mend"),
            danger=False,
        )
        if await self.shell.confirm(question) is not None:
            self._show(await self.client.call(lambda engine: engine.host.check_store(mend=True)))

    def _show(self, problems: Sequence[StoreProblem]) -> None:
        _clear(self._problems)
        open_ones = [problem for problem in problems if not problem.mended]
        if not problems:
            self.result.setText(translate("Settings", "Everything is in its place."))
        elif open_ones:
            self.result.setText(translate("Settings", "{0} finding(s)").format(len(open_ones)))
        else:
            self.result.setText(translate("Settings", "{0} finding(s) mended").format(len(problems)))
        self.mend_button.setVisible(any(problem.mendable for problem in open_ones))
        for problem in problems:
            box = QWidget()
            row = QHBoxLayout(box)
            row.setContentsMargins(0, Space.XS, 0, 0)
            word = translate("Settings", "mended") if problem.mended else problem.kind
            row.addWidget(Badge(word, Tone.SUCCESS if problem.mended else Tone.WARNING))
            row.addWidget(label(problem.explanation, wrap=True), 1)
            self._problems.addWidget(box)


class RegistriesSheet(Sheet):
    """Where one is logged in."""

    def build(self) -> None:
        self.logins = Card(translate("Settings", "Logged in to"))
        add = button(
            translate("Settings", "Log in…"),
            "key",
            on_click=lambda: self.shell.open_dialog("login", server="docker.io"),
        )
        self.logins.action_row.addWidget(add)
        mirrors = translate("Settings", "Mirrors and certificates…")
        self.logins.action_row.addWidget(
            button(mirrors, "globe", on_click=lambda: self.shell.open_dialog("registries"))
        )
        self._rows = QVBoxLayout()
        self.logins.body.addLayout(self._rows)
        self.column.addWidget(self.logins)

    async def load(self) -> None:
        logins: Sequence[Login] = await self.client.call(lambda engine: engine.images.logins())
        _clear(self._rows)
        for login in logins:
            box = QWidget()
            row = QHBoxLayout(box)
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(label(login.server, Text.STRONG))
            row.addWidget(label(login.username, Text.BODY, Tone.MUTED), 1)
            out = translate("Settings", "Log out")
            row.addWidget(button(out, "", Variant.LINK, partial(self._log_out, login.server)))
            self._rows.addWidget(box)
        if not logins:
            words = translate("Settings", "Nowhere. Public images need no login.")
            self._rows.addWidget(label(words, Text.BODY, Tone.MUTED))

    def _log_out(self, server: str) -> None:
        self.shell.run(self._logout(server))

    async def _logout(self, server: str) -> None:
        await self.client.call(lambda engine: engine.images.logout(server))
        await self.load()


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


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
