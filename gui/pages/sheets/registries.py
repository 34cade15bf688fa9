"""Where one is logged in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.pages.sheets.sheet import Sheet, clear_rows
from gui.theme import Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.labels import label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.images import Login


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
        clear_rows(self._rows)
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
