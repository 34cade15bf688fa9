"""The front door: its switch, the addresses behind it, and how browsers come to trust its certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QFormLayout, QSpinBox

from engine.errors import WherryError
from engine.types.frontdoor import Door, DoorSettings
from gui.pages.sheets.sheet import Sheet
from gui.presentation.networks.door import shortened, shown_url
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.facts import Fact, FactGrid
from gui.widgets.labels import form_label, label
from gui.words import translate

if TYPE_CHECKING:
    from gui.bridge import ChangeSet

_LEAST_PORT, _MOST_PORT = 1, 65535
_NAME_WIDTH, _LONGEST_NAME = 220, 28


class DoorSheet(Sheet):
    """A switch that acts at once, for a door is open or shut; the port and https count from the next change on."""

    def build(self) -> None:
        self._door = Door()
        self._busy = False
        card = Card(translate("Settings", "Front door"))
        about = translate(
            "Settings",
            "One port of this computer where every service has an address: http://web.shop.localhost for the service"
            " “web” of the project “shop”, and http://NAME.localhost for any container. Ports need not be published,"
            " and only you can come in.",
        )
        card.body.addWidget(label(about, Text.BODY, Tone.MUTED, wrap=True))
        form = QFormLayout()
        form.setHorizontalSpacing(Space.L)
        form.setVerticalSpacing(Space.M)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self.switch = QCheckBox(translate("Settings", "Open the front door"))
        self.switch.clicked.connect(lambda _on=False: self._change())
        self.port = QSpinBox(minimum=_LEAST_PORT, maximum=_MOST_PORT)
        self.port.setAccessibleName(translate("Settings", "Port"))
        self.port.editingFinished.connect(self._change)
        self.tls = QCheckBox(translate("Settings", "Answer to https too, with certificates made here"))
        self.tls.clicked.connect(lambda _on=False: self._change())
        form.addRow("", self.switch)
        form.addRow(form_label(translate("Settings", "Port")), self.port)
        form.addRow("", self.tls)
        card.body.addLayout(form)
        self.problem = label("", Text.SMALL, Tone.DANGER, wrap=True)
        self.problem.hide()
        card.body.addWidget(self.problem)
        self.visit = button(translate("Settings", "Look at it"), "external", Variant.GHOST, self._visit)
        card.action_row.addWidget(self.visit)
        self.column.addWidget(card)
        self._trust_card = Card(translate("Settings", "Trust in its certificates"))
        self._build_trust(self._trust_card)
        self.column.addWidget(self._trust_card)
        self._list_card = Card(translate("Settings", "Addresses"))
        self.list = FactGrid(name_width=_NAME_WIDTH)
        self.list.activated.connect(lambda url: QDesktopServices.openUrl(QUrl(url)))
        self._list_card.body.addWidget(self.list)
        self.column.addWidget(self._list_card)
        self.client.changed.connect(self._on_changed)
        self._show(self._door)

    def _build_trust(self, card: Card) -> None:
        about = translate(
            "Settings",
            "Browsers warn until they know the authority that signed them. It can sign for names below localhost only,"
            " its key never leaves your store, and nothing was added anywhere. To trust it, run one of these:",
        )
        card.body.addWidget(label(about, Text.BODY, Tone.MUTED, wrap=True))
        self.trust = FactGrid()
        card.body.addWidget(self.trust)

    async def load(self) -> None:
        self._show(await self.client.call(lambda engine: engine.door.status()))

    def _on_changed(self, changes: ChangeSet) -> None:
        if "door" in changes.kinds and self.client.mirror.doors:
            self._show(next(iter(self.client.mirror.doors.values())))

    def _show(self, door: Door) -> None:
        self._door = door
        if not self._busy:
            self.switch.setChecked(door.settings.on)
            self.tls.setChecked(door.settings.tls)
            if not self.port.hasFocus():
                self.port.setValue(door.settings.port)
        self._tell(door.problem)
        self.visit.setVisible(door.listening)
        self._trust_card.setVisible(bool(door.settings.tls and door.authority))
        self._list_card.setVisible(door.listening)
        self._list_card.subtitle.setText("" if door.addresses else translate("Settings", "none yet"))
        self.list.set_facts(
            [
                Fact(shortened(each.name, _LONGEST_NAME), shown_url(each), link=each.url, copy=True)
                if each.runs
                else Fact(shortened(each.name, _LONGEST_NAME), translate("Settings", "stopped"), tone=Tone.NEUTRAL)
                for each in door.addresses
            ]
        )
        self.trust.set_facts(_ways_to_trust(door.authority))

    def _tell(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def _wanted(self) -> DoorSettings:
        return DoorSettings(on=self.switch.isChecked(), port=self.port.value(), tls=self.tls.isChecked())

    def _change(self) -> None:
        if not self._busy and self._wanted() != self._door.settings:
            self._busy = True
            self.shell.run(self._carry_out())

    async def _carry_out(self) -> None:
        """Until the door is as the fields say: they may have been changed again meanwhile."""
        problem = ""
        try:
            while not problem and (wanted := self._wanted()) != self._door.settings:
                try:
                    self._door = await self.client.call(lambda engine, wanted=wanted: engine.door.change(wanted))  # type: ignore[misc]
                except WherryError as error:
                    self._door, problem = await self.client.call(lambda engine: engine.door.status()), str(error)
        finally:
            self._busy = False
        self._show(replace(self._door, problem=problem or self._door.problem))

    def _visit(self) -> None:
        QDesktopServices.openUrl(QUrl(self._door.url))


def _ways_to_trust(authority: str) -> list[Fact]:
    if not authority:
        return []
    system = f"sudo cp {authority} /usr/local/share/ca-certificates/wherry.crt && sudo update-ca-certificates"
    chromium = f"certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Wherry -i {authority}"
    return [
        Fact(translate("Settings", "The certificate"), authority, code=True, copy=True),
        Fact("Debian, Ubuntu", system, code=True, copy=True),
        Fact("Chromium", chromium, code=True, copy=True),
        Fact("Firefox", translate("Settings", "Settings, Certificates, Authorities, Import")),
    ]
