"""Why can one container not reach another: the way is walked, and the first thing that stops it is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget
from shiboken6 import isValid

from engine.errors import WherryError
from gui.presentation.errors import words_of
from gui.theme import Role, Size, Space, Tone, icon
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.elided_combo import ElidedCombo
from gui.widgets.labels import form_label, label
from gui.widgets.layouts import dialog_column, field_form, foot
from gui.words import translate

if TYPE_CHECKING:
    from engine.types.reach import Reach, ReachStep
    from gui.shell import Shell

_WIDTH, _MOST_PORT = 560, 65535


class NetworkWhyDialog(QDialog):
    """Two containers and a port; the answer stands below, step by step."""

    def __init__(self, shell: Shell, source: str = "", target: str = "") -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        title = translate("WhyDialog", "Why can it not reach the other?")
        self.setWindowTitle(title)
        self.setObjectName("dialog.network-why")
        self.setMinimumWidth(_WIDTH)
        self.source = self._choice(translate("WhyDialog", "From"), source)
        self.target = self._choice(translate("WhyDialog", "To"), target)
        if not target and self.target.currentData() == self.source.currentData() and self.target.count() > 1:
            self.target.setCurrentIndex(1 if self.source.currentIndex() == 0 else 0)
        self.port = QSpinBox(minimum=0, maximum=_MOST_PORT)
        self.port.setAccessibleName(translate("WhyDialog", "Port"))
        self.port.setSpecialValueText(translate("WhyDialog", "the one it shows"))
        form = field_form()
        for words, field in (
            (translate("WhyDialog", "From"), self.source),
            (translate("WhyDialog", "To"), self.target),
            (translate("WhyDialog", "Port"), self.port),
        ):
            form.addRow(form_label(words), field)
        self.verdict = Banner(Tone.SUCCESS)
        self.verdict.hide()
        self._steps = QVBoxLayout()
        self._steps.setSpacing(Space.S)
        column = dialog_column(self, title)
        column.addLayout(form)
        column.addWidget(self.verdict)
        column.addLayout(self._steps)
        column.addStretch(1)
        self.go = button(translate("WhyDialog", "Walk the way"), "", Variant.PRIMARY, self.look)
        column.addLayout(foot(button(translate("WhyDialog", "Close"), "", Variant.GHOST, self.reject), self.go))
        self.go.setEnabled(self.source.count() > 1)
        if source and target:
            self.look()

    def _choice(self, words: str, chosen: str) -> ElidedCombo:
        combo = ElidedCombo(words)
        for container in sorted(self._shell.client.mirror.containers.values(), key=lambda each: each.name):
            combo.addItem(container.name, container.id)
        combo.setCurrentIndex(max(0, combo.findData(chosen)))
        return combo

    def look(self) -> None:
        self.go.setEnabled(False)
        self._shell.run(self._look())

    async def _look(self) -> None:
        source, target, port = str(self.source.currentData()), str(self.target.currentData()), self.port.value()
        try:
            reach = await self._shell.client.call(lambda engine: engine.networks.explain(source, target, port))
        except WherryError as error:
            if isValid(self):
                words = words_of(error)
                self._tell(Tone.DANGER, words.title, words.text)
            return
        finally:
            if isValid(self):
                self.go.setEnabled(True)
        if isValid(self):
            self._show(reach)

    def _show(self, reach: Reach) -> None:
        place = f"{reach.target}:{reach.port}" if reach.port else reach.target
        stopped = next((step for step in reach.steps if not step.ok), None)
        if stopped is None:
            self._tell(Tone.SUCCESS, translate("WhyDialog", "{0} reaches {1}").format(reach.source, place))
        else:
            title = translate("WhyDialog", "{0} does not reach {1}").format(reach.source, place)
            self._tell(Tone.DANGER, title, "\n".join(filter(None, (stopped.words, stopped.hint))))
        self._clear()
        for step in reach.steps:
            self._steps.addWidget(_row(step))
        self.adjustSize()

    def _tell(self, tone: Tone, title: str, text: str = "") -> None:
        self.verdict.show_message(tone, title, text)
        self.verdict.show()
        self.adjustSize()

    def _clear(self) -> None:
        while (item := self._steps.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()


def _row(step: ReachStep) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(Space.S)
    sign = label()
    picture, role = ("check-circle", Role.SUCCESS) if step.ok else ("x-circle", Role.DANGER)
    sign.setPixmap(icon(picture, role).pixmap(Size.ICON, Size.ICON))
    sign.setAccessibleName(translate("WhyDialog", "fine") if step.ok else translate("WhyDialog", "here it stops"))
    row.addWidget(sign)
    row.addWidget(label(step.words, wrap=True), 1)
    return box
