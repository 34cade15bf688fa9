"""Settings and doctor: the window's choices, the engine's, what this computer allows, the state of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget

from gui.pages.page import Page
from gui.pages.sheets.doctor import DoctorSheet
from gui.pages.sheets.door import DoorSheet
from gui.pages.sheets.general import GeneralSheet
from gui.pages.sheets.registries import RegistriesSheet
from gui.pages.sheets.sheet import Sheet
from gui.pages.sheets.storage import StoreSheet
from gui.theme import Tone
from gui.widgets.banner import Banner
from gui.widgets.layouts import flush_column
from gui.widgets.page_header import PageHeader
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell


class SettingsPage(Page):
    """Five sheets: general, front door, doctor, store, registries."""

    page_id = "settings"

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        header = PageHeader(translate("Settings", "Settings"))
        self._choice = Segmented(
            (
                ("general", translate("Settings", "General")),
                ("door", translate("Settings", "Front door")),
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
            "door": DoorSheet(shell),
            "doctor": DoctorSheet(shell),
            "store": StoreSheet(shell),
            "registries": RegistriesSheet(shell),
        }
        for sheet in self.sheets.values():
            self._stack.addWidget(sheet)
        column = flush_column(self)
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
