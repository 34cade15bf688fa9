"""What this computer allows, and the command that mends what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from engine.types.host import Verdict
from gui.pages.sheets.sheet import Sheet, clear_rows
from gui.theme import Role, Size, Space, Text, Tone, icon
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button, tool_button
from gui.widgets.card import Card
from gui.widgets.labels import CodeLabel, label
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.host import HostCheck, HostReport


_VERDICTS = {
    Verdict.OK: (Tone.SUCCESS, "check-circle", Role.SUCCESS),
    Verdict.DEGRADED: (Tone.WARNING, "warning", Role.WARNING),
    Verdict.MISSING: (Tone.DANGER, "error", Role.DANGER),
}


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
            words = translate("Settings", "Missing: {0}").format(missing)
            text = translate("Settings", "Some features do not work until they are mended.")
            self.summary.show_message(Tone.DANGER, words, text)
        elif degraded:
            words = translate("Settings", "Works; to improve: {0}").format(degraded)
            self.summary.show_message(Tone.WARNING, words)
        else:
            self.summary.show_message(Tone.SUCCESS, translate("Settings", "All is well"))
        clear_rows(self._rows)
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
