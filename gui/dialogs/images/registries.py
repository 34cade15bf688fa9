"""Registries: who is logged in where, and how each registry is reached."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from engine.types.images import ProxySettings, RegistrySettings
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.card import Card
from gui.widgets.labels import ElidedLabel, form_label, label
from gui.widgets.layouts import dialog_column, field_form
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.images import Login
    from gui.shell import Shell


class RegistriesDialog(QDialog):
    """Logins above, settings per registry below; settings are kept when the dialog is accepted."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self._settings: dict[str, RegistrySettings] = {}
        self.setObjectName("dialog.registries")
        self.setWindowTitle(translate("RegistriesDialog", "Registries and logins"))
        self.resize(680, 720)
        column = dialog_column(self, self.windowTitle())
        self.logins = Card(translate("RegistriesDialog", "Logins"))
        self.logins.action_row.addWidget(
            button(translate("RegistriesDialog", "Log in…"), "plus", Variant.GHOST, self._log_in)
        )
        column.addWidget(self.logins)
        self.reach = Card(translate("RegistriesDialog", "How to reach them"))
        self._build_settings()
        column.addWidget(self.reach, 1)
        self.way = Card(translate("RegistriesDialog", "Proxies"))
        self._build_proxies()
        column.addWidget(self.way)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(translate("RegistriesDialog", "Cancel"), "", Variant.GHOST, self.reject))
        row.addWidget(button(translate("RegistriesDialog", "Save"), "", Variant.PRIMARY, self._save))
        column.addLayout(row)
        shell.run(self._load())

    def _build_settings(self) -> None:
        self.hosts = QListWidget()
        self.hosts.setAccessibleName(translate("RegistriesDialog", "Registries"))
        self.hosts.setMaximumWidth(200)
        self.hosts.currentItemChanged.connect(self._show_host)
        self.new_host = QLineEdit()
        self.new_host.setPlaceholderText(translate("RegistriesDialog", "Add: registry.example.com"))
        self.new_host.setAccessibleName(translate("RegistriesDialog", "New registry"))
        self.new_host.returnPressed.connect(self._add_host)
        self.insecure = QCheckBox(translate("RegistriesDialog", "Allow plain HTTP and unchecked certificates"))
        self.mirrors, self.ca = QLineEdit(), QLineEdit()
        self.certificate, self.key = QLineEdit(), QLineEdit()
        form = field_form()
        form.addRow("", self.insecure)
        for words, field in (
            (translate("RegistriesDialog", "Mirrors"), self.mirrors),
            (translate("RegistriesDialog", "Own CA file"), self.ca),
            (translate("RegistriesDialog", "Client certificate"), self.certificate),
            (translate("RegistriesDialog", "Client key"), self.key),
        ):
            field.setAccessibleName(words)
            field.editingFinished.connect(self._keep)
            form.addRow(form_label(words), field)
        self.mirrors.setPlaceholderText(translate("RegistriesDialog", "Asked first, separated by commas"))
        self.insecure.toggled.connect(lambda _on: self._keep())
        self._form = QWidget()
        self._form.setLayout(form)
        self._hint = label(
            translate(
                "RegistriesDialog",
                "Registries need no settings. Name one on the left to reach it over plain HTTP, through a mirror, "
                "or with certificates of your own.",
            ),
            Text.BODY,
            Tone.MUTED,
            wrap=True,
        )
        side = QVBoxLayout()
        side.addWidget(self.hosts, 1)
        side.addWidget(self.new_host)
        row = QHBoxLayout()
        row.setSpacing(Space.L)
        row.addLayout(side)
        row.addWidget(self._hint, 1, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._form, 1)
        self.reach.body.addLayout(row)
        self._show_host(None)

    def _build_proxies(self) -> None:
        self.http_proxy, self.https_proxy, self.no_proxy = QLineEdit(), QLineEdit(), QLineEdit()
        form = field_form()
        for words, field, hint in (
            (translate("RegistriesDialog", "For HTTPS"), self.https_proxy, "http://proxy.example.com:3128"),
            (translate("RegistriesDialog", "For HTTP"), self.http_proxy, "http://proxy.example.com:3128"),
            (translate("RegistriesDialog", "Not for"), self.no_proxy, "localhost, .example.com, 10.0.0.0/8"),
        ):
            field.setAccessibleName(translate("RegistriesDialog", "Proxy: {0}").format(words))
            field.setPlaceholderText(hint)
            form.addRow(form_label(words), field)
        self.way.body.addLayout(form)
        words = translate(
            "RegistriesDialog", "For what Wherry itself fetches. Where none is given, the session's variables count."
        )
        self.way.body.addWidget(label(words, Text.SMALL, Tone.MUTED, wrap=True))

    # --- logins ---

    async def _load(self) -> None:
        logins = await self._shell.client.call(lambda engine: engine.images.logins())
        settings = await self._shell.client.call(lambda engine: engine.images.registry_settings())
        proxies = await self._shell.client.call(lambda engine: engine.images.proxy_settings())
        if not isValid(self):
            return  # closed while we asked
        self._show_logins(logins)
        for field, text in (
            (self.http_proxy, proxies.http),
            (self.https_proxy, proxies.https),
            (self.no_proxy, proxies.no_proxy),
        ):
            field.setText(text)
        self._settings = {one.host: one for one in settings}
        self.hosts.clear()
        self.hosts.addItems(list(self._settings))
        if self._settings:
            self.hosts.setCurrentRow(0)

    def _show_logins(self, logins: Sequence[Login]) -> None:
        while (item := self.logins.body.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for login in logins:
            box = QWidget()
            row = QHBoxLayout(box)
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(ElidedLabel(login.server, Text.STRONG), 2)
            row.addWidget(ElidedLabel(login.username), 2)
            words = translate("RegistriesDialog", "Log out of {0}").format(login.server)
            row.addWidget(tool_button("quit", words, partial(self._log_out, login.server)))
            self.logins.body.addWidget(box)
        if not logins:
            words = translate("RegistriesDialog", "Nobody is logged in. Public images need no login.")
            self.logins.body.addWidget(label(words, Text.BODY, Tone.MUTED))

    def _log_in(self) -> None:
        self._shell.open_dialog("login", then=lambda: self._shell.run(self._load()))

    def _log_out(self, server: str) -> None:
        self._shell.run(self._leave(server))

    async def _leave(self, server: str) -> None:
        await self._shell.client.call(lambda engine: engine.images.logout(server))
        await self._load()

    # --- settings ---

    def _add_host(self) -> None:
        host = self.new_host.text().strip()
        if host and host not in self._settings:
            self._settings[host] = RegistrySettings(host=host)
            self.hosts.addItem(host)
        self.new_host.clear()
        for item in self.hosts.findItems(host, Qt.MatchFlag.MatchExactly):
            self.hosts.setCurrentItem(item)

    def _show_host(self, item: QListWidgetItem | None, _previous: QListWidgetItem | None = None) -> None:
        self._form.setVisible(item is not None)
        self._hint.setVisible(item is None)
        one = self._settings.get(item.text()) if item is not None else None
        if one is None:
            return
        for field in (self.insecure, self.mirrors, self.ca, self.certificate, self.key):
            field.blockSignals(True)  # noqa: FBT003
        self.insecure.setChecked(one.insecure)
        self.mirrors.setText(", ".join(one.mirrors))
        self.ca.setText(one.ca_file)
        self.certificate.setText(one.client_certificate)
        self.key.setText(one.client_key)
        for field in (self.insecure, self.mirrors, self.ca, self.certificate, self.key):
            field.blockSignals(False)  # noqa: FBT003

    def _keep(self) -> None:
        item: QListWidgetItem | None = self.hosts.currentItem()
        if item is None:
            return
        self._settings[item.text()] = RegistrySettings(
            host=item.text(),
            insecure=self.insecure.isChecked(),
            mirrors=tuple(part.strip() for part in self.mirrors.text().split(",") if part.strip()),
            ca_file=self.ca.text().strip(),
            client_certificate=self.certificate.text().strip(),
            client_key=self.key.text().strip(),
        )

    def _save(self) -> None:
        self._keep()
        wanted = list(self._settings.values())
        proxies = ProxySettings(
            http=self.http_proxy.text().strip(),
            https=self.https_proxy.text().strip(),
            no_proxy=self.no_proxy.text().strip(),
        )
        self._shell.run(self._keep_all(wanted, proxies))
        self.accept()

    async def _keep_all(self, wanted: Sequence[RegistrySettings], proxies: ProxySettings) -> None:
        await self._shell.client.call(lambda engine: engine.images.set_registry_settings(wanted))
        await self._shell.client.call(lambda engine: engine.images.set_proxy_settings(proxies))
