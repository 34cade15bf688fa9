"""One operation: how far each part is, what came of it, and the buttons that help when it failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout

from engine.errors import Code, WherryError
from engine.types.images import LayerPhase
from engine.types.operations import Operation, OperationState
from gui.actions.operations import asked_again
from gui.models.projects import plan_model
from gui.presentation.errors import words_of_failure
from gui.presentation.operations import operation_words, progress_text, took_text
from gui.presentation.projects.words import step_rows
from gui.presentation.units import bytes_text, short_id
from gui.theme import Size, Space, Text, Tone, grown
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import ElidedLabel, label
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.progress_rows import ProgressRow, ProgressRows
from gui.widgets.lists.table import Table
from gui.widgets.painted.badge import Badge
from gui.widgets.painted.meter import Meter
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.types.images import LayerProgress
    from gui.bridge import ChangeSet, Engine, OperationHandle
    from gui.shell import Shell

_STEPS_HEIGHT = 220


class OperationDialog(QDialog):
    """Follows the operation while it is open; closing it does not stop the operation."""

    def __init__(self, shell: Shell, operation: str) -> None:
        super().__init__(shell.dialog_parent)
        self._shell, self._id = shell, operation
        self.setMinimumWidth(560)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        head = QHBoxLayout()
        self._title = ElidedLabel("", Text.TITLE)
        self._badge = Badge("", Tone.MUTED)
        head.addWidget(self._title, 1)
        head.addWidget(self._badge)
        column.addLayout(head)
        self._words = label("", Text.BODY, Tone.MUTED, wrap=True)
        column.addWidget(self._words)
        self._meter = Meter(translate("OperationDialog", "Progress"))
        column.addWidget(self._meter)
        self._layers = ProgressRows()
        column.addWidget(self._layers, 1)
        self._steps = plan_model(self)
        self._step_table = self._make_step_table()
        column.addWidget(self._step_table, 1)
        self._banner = Banner(Tone.DANGER)
        self._banner.hide()
        column.addWidget(self._banner)
        row = QHBoxLayout()
        self._cancel = button(translate("OperationDialog", "Cancel it"), "x-circle", on_click=self._on_cancel)
        row.addWidget(self._cancel)
        row.addStretch(1)
        row.addWidget(button(translate("OperationDialog", "Close"), "", Variant.PRIMARY, self.accept))
        column.addLayout(row)
        shell.client.changed.connect(self._on_changes)
        self._told = False
        self._fill()

    def _make_step_table(self) -> Table:
        """For an operation of many steps beside each other, as a project's are."""
        table = Table(translate("OperationDialog", "Steps"), row_height=Size.ROW, multi=False)
        table.set_inset()
        table.setModel(self._steps)
        table.setSortingEnabled(False)
        table.set_columns({0: TextCell(), 1: TextCell(code=True), 3: TextCell()}, {0: 170, 3: 130}, stretch=1)
        table.setColumnHidden(2, True)  # noqa: FBT003
        table.setMinimumHeight(grown(_STEPS_HEIGHT))
        table.hide()
        return table

    def _on_changes(self, changes: ChangeSet) -> None:
        change = changes.kinds.get("operation")
        if change is not None and (self._id in change.upserted or changes.complete):
            self._fill()

    def _fill(self) -> None:
        operation = self._shell.client.mirror.operations.get(self._id)
        if operation is None:
            return
        words = operation_words(operation)
        self.setWindowTitle(operation.title)
        self._title.set_text(operation.title)
        self._badge.set(words.word, words.tone)
        took = took_text(operation, datetime.now(UTC))
        self._words.setText("  ·  ".join(part for part in (progress_text(operation), took) if part))
        running = operation.state is OperationState.RUNNING
        self._meter.setVisible(running and operation.total > 0)
        self._meter.set(operation.done, operation.total, tone=Tone.ACCENT)
        self._layers.setVisible(bool(operation.layers))
        self._layers.set_rows(layer_rows(operation.layers))
        self._step_table.setVisible(bool(operation.steps))
        self._steps.set_items(row for step in operation.steps for row in step_rows(step, {}))
        self._cancel.setVisible(running and operation.cancellable)
        self._tell_failure(operation)

    def _tell_failure(self, operation: Operation) -> None:
        failure = operation.failure
        if failure is None or self._told:
            return
        self._told = True
        words = words_of_failure(failure)
        self._banner.show_message(Tone.DANGER, words.title, words.text, words.details)
        error = WherryError(
            failure.title,
            failure.explanation,
            code=Code(failure.code),
            hint=failure.hint,
            details=failure.details,
            subject=failure.subject or operation.subject,
        )
        if (work := asked_again(operation, self._shell.client.mirror.builds)) is not None:
            self._banner.add_action(translate("OperationDialog", "Try again"), lambda: self._retry(work))
        more = translate("OperationDialog", "What can be done")
        self._banner.add_action(more, lambda: self._shell.show_error(error))
        self._banner.show()

    def _retry(self, work: Callable[[Engine], OperationHandle]) -> None:
        """The new attempt has a record, and a dialog, of its own."""
        self._shell.run(self._follow(work))
        self.accept()

    async def _follow(self, work: Callable[[Engine], OperationHandle]) -> None:
        shell = self._shell
        ticket = await shell.client.begin(work)
        shell.open_dialog("operation", operation=ticket.id)

    def _on_cancel(self) -> None:
        self._cancel.setEnabled(False)
        key = self._id
        self._shell.run(self._shell.client.call(lambda engine: engine.operations.cancel(key)))


def layer_rows(layers: Sequence[LayerProgress]) -> list[ProgressRow]:
    phases = {
        LayerPhase.WAITING: translate("Layers", "waiting"),
        LayerPhase.PRESENT: translate("Layers", "already here"),
        LayerPhase.DOWNLOADING: translate("Layers", "downloading"),
        LayerPhase.VERIFYING: translate("Layers", "verifying"),
        LayerPhase.UNPACKING: translate("Layers", "unpacking"),
        LayerPhase.UPLOADING: translate("Layers", "uploading"),
        LayerPhase.MOUNTED: translate("Layers", "already there"),
        LayerPhase.RETRYING: translate("Layers", "trying again"),
        LayerPhase.DONE: translate("Layers", "done"),
    }
    rows = []
    for layer in layers:
        over = layer.phase in (LayerPhase.DONE, LayerPhase.PRESENT, LayerPhase.MOUNTED)
        words = layer.note or (
            bytes_text(layer.total) if over else f"{bytes_text(layer.done)} / {bytes_text(layer.total)}"
        )
        tone = Tone.SUCCESS if over else Tone.WARNING if layer.phase is LayerPhase.RETRYING else Tone.ACCENT
        done = layer.total if over else layer.done
        rows.append(ProgressRow(short_id(layer.digest), phases[layer.phase], done, layer.total, words, tone))
    return rows
