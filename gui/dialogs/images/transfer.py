"""What a pull and a push have in common: a form, bars of the layers, and a failure with the buttons that mend it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout

from engine.errors import Cancelled, Code, WherryError
from engine.types.images import LayerPhase
from engine.types.operations import OperationState
from gui.presentation.errors import words_of
from gui.presentation.units import bytes_text, short_id
from gui.theme import Space, Text, Tone
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.widgets.layouts import dialog_column
from gui.widgets.lists.progress_rows import ProgressRow, ProgressRows
from gui.widgets.painted.meter import Meter
from gui.words import marked, translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from engine.types.images import LayerProgress
    from engine.types.operations import Operation
    from gui.bridge import ChangeSet, Engine, OperationHandle, OperationTicket
    from gui.shell import Shell

_PHASES = {
    LayerPhase.WAITING: (marked("Images", "Waiting"), Tone.MUTED),
    LayerPhase.PRESENT: (marked("Images", "Already here"), Tone.SUCCESS),
    LayerPhase.DOWNLOADING: (marked("Images", "Downloading"), Tone.ACCENT),
    LayerPhase.VERIFYING: (marked("Images", "Verifying"), Tone.INFO),
    LayerPhase.UNPACKING: (marked("Images", "Unpacking"), Tone.INFO),
    LayerPhase.UPLOADING: (marked("Images", "Uploading"), Tone.ACCENT),
    LayerPhase.MOUNTED: (marked("Images", "Mounted"), Tone.SUCCESS),
    LayerPhase.RETRYING: (marked("Images", "Retrying"), Tone.WARNING),
    LayerPhase.DONE: (marked("Images", "Done"), Tone.SUCCESS),
}
_FULL = {LayerPhase.PRESENT, LayerPhase.MOUNTED, LayerPhase.DONE}


def progress_row(layer: LayerProgress) -> ProgressRow:
    words, tone = _PHASES[layer.phase]
    full = layer.phase in _FULL
    total = layer.total or (1 if full else 0)
    done = total if full else layer.done
    amount = bytes_text(layer.total) if layer.total else ""
    if layer.total and not full and layer.done:
        amount = translate("Images", "{0} of {1}").format(bytes_text(layer.done), bytes_text(layer.total))
    return ProgressRow(short_id(layer.digest), translate("Images", words), done, total, layer.note or amount, tone)


def progress_rows(layers: Sequence[LayerProgress]) -> list[ProgressRow]:
    return [progress_row(layer) for layer in layers]


_WIDTH = 640


class TransferDialog(QDialog):
    """Subclass: fill `form`, give `make_operation`, and say the words. Closing leaves the transfer running."""

    def __init__(self, shell: Shell, title: str, verb: str) -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self._ticket: OperationTicket | None = None
        self._shown = ""
        self._gone = False
        self.result_id = ""
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.form = QVBoxLayout()
        self.form.setSpacing(Space.S)
        self.banner = Banner(Tone.DANGER)
        self.banner.hide()
        self.meter = Meter(translate("TransferDialog", "All layers"))
        self.status = label("", Text.SMALL, Tone.NEUTRAL)
        self.rows = ProgressRows()
        for widget in (self.meter, self.status, self.rows):
            widget.hide()
        column = dialog_column(self, title)
        column.addLayout(self.form)
        column.addWidget(self.banner)
        column.addWidget(self.meter)
        column.addWidget(self.status)
        column.addWidget(self.rows, 100)
        column.addStretch(1)  # what is too high while the bars are hidden is free below, not between the lines
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(Space.S)
        self.buttons.addStretch(1)
        self.cancel = button(translate("TransferDialog", "Cancel"), "", Variant.GHOST, self._cancel)
        self.cancel.hide()
        self.close_button = button(translate("TransferDialog", "Close"), "", Variant.DEFAULT, self.reject)
        self.start = button(verb, "", Variant.PRIMARY, self.begin)
        self.start.setDefault(True)
        for knob in (self.cancel, self.close_button, self.start):
            self.buttons.addWidget(knob)
        column.addLayout(self.buttons)
        shell.client.changed.connect(self._on_changed)
        self.finished.connect(self._let_go)

    # --- for subclasses ---

    @abstractmethod
    def make_operation(self, engine: Engine) -> OperationHandle:
        """Start it; runs on the engine's thread, so read the form in `prepare`."""

    def prepare(self) -> str:
        """Read the form. Gives what is wrong with it, or ""."""
        return ""

    def form_fields(self) -> list[QWidget]:
        """What is greyed while it runs."""
        return []

    def succeeded(self, result: str) -> None:
        """It has ended well."""

    def told(self) -> str:
        """The same in a few words, for when the dialog was closed before."""
        return translate("TransferDialog", "Done")

    def add_remedies(self, error: WherryError) -> None:
        """Add buttons to the banner; the common ones are there already."""

    def server(self) -> str:
        """Which registry a login would be for."""
        return ""

    # --- running ---

    @property
    def running(self) -> bool:
        return self._ticket is not None

    def begin(self) -> None:
        """Start, or start again after a failure."""
        if self.running:
            return
        if wrong := self.prepare():
            self.banner.show_message(Tone.WARNING, wrong)
            self.banner.show()
            return
        self.banner.hide()
        self._set_running(on=True)
        self._shell.run(self._run())

    async def _run(self) -> None:
        try:
            self.result_id = ""
            self._ticket = await self._shell.client.begin(self.make_operation)
            self._shown = self._ticket.id
            self.result_id = await self._ticket.result()
        except Cancelled:
            if not self._gone:
                kept = translate("TransferDialog", "Cancelled. What has arrived is kept for the next time.")
                self.status.setText(kept)
        except WherryError as error:
            if self._gone:
                raise  # nobody looks at the dialog any more: the window shows it
            self._show_failure(error)
        else:
            if self._gone:
                self._shell.toast(self.told(), Tone.SUCCESS)
            else:
                self.succeeded(self.result_id)
        finally:
            self._ticket = None
            if not self._gone:
                self._set_running(on=False)
                if self.banner.isVisible() and not self.result_id:
                    self.form_fields()[0].setFocus()  # where it is mended, not the button of going away

    def _let_go(self, _result: int) -> None:
        """Closed: the transfer goes on, but there is nothing left to show it on."""
        self._gone = True
        self._shell.client.changed.disconnect(self._on_changed)

    def _set_running(self, *, on: bool) -> None:
        for field in self.form_fields():
            field.setEnabled(not on)
        self.start.setEnabled(not on)
        self.cancel.setVisible(on)
        self.close_button.setText(
            translate("TransferDialog", "Go on in the background") if on else translate("TransferDialog", "Close")
        )
        if on:
            self.cancel.setEnabled(True)
            self.status.setText(translate("TransferDialog", "Asking the registry…"))
            for widget in (self.meter, self.status, self.rows):
                widget.show()

    def _on_changed(self, changes: ChangeSet) -> None:
        """Also after the result: the last state of the bars may come in behind it."""
        if not self._shown or not changes.touches("operation"):
            return
        operation = self._shell.client.mirror.operations.get(self._shown)
        if operation is not None:
            self._show_progress(operation)

    def _show_progress(self, operation: Operation) -> None:
        self.rows.set_rows(progress_rows(operation.layers))
        words = operation.status
        if operation.total:
            amount = translate("TransferDialog", "{0} of {1}")
            words = amount.format(bytes_text(operation.done), bytes_text(operation.total))
        tone = Tone.SUCCESS if operation.state is OperationState.SUCCEEDED else Tone.ACCENT
        self.meter.set(operation.done, operation.total, words, tone)
        if words and self.running:
            self.status.setText(words)
        self.adjustSize()

    def _show_failure(self, error: WherryError) -> None:
        words = words_of(error)
        self.banner.show_message(Tone.DANGER, words.title, words.text, words.details)
        for widget in (self.status, self.meter, self.rows):
            widget.hide()
        self._shown = ""
        self.add_remedies(error)
        if error.code in (Code.UNAUTHORIZED, Code.WRONG_LOGIN, Code.FORBIDDEN, Code.RATE_LIMITED):
            self.banner.add_action(translate("TransferDialog", "Log in…"), self._log_in, Variant.PRIMARY)
        if error.code is Code.TLS:
            self.banner.add_action(
                translate("TransferDialog", "Registry settings…"), lambda: self._shell.open_dialog("registries")
            )
        if error.code is Code.DISK_FULL:
            self.banner.add_action(translate("TransferDialog", "Free space…"), self._show_disk)
        if error.code not in (Code.INVALID_REFERENCE, Code.NO_PLATFORM):
            self.banner.add_action(translate("TransferDialog", "Retry"), self.begin)
        self.banner.show()
        self.adjustSize()

    def _show_disk(self) -> None:
        self.reject()
        self._shell.navigate("disk")

    def _log_in(self) -> None:
        self._shell.open_dialog("login", server=self.server(), then=self.begin)

    def _cancel(self) -> None:
        if self._ticket is not None:
            self.cancel.setEnabled(False)
            self.status.setText(translate("TransferDialog", "Cancelling…"))
            self._ticket.cancel()


def reference_field(placeholder: str, text: str = "") -> QLineEdit:
    """A line for an image's name."""
    field = QLineEdit(text)
    field.setPlaceholderText(placeholder)
    field.setAccessibleName(translate("TransferDialog", "Image"))
    return field


def server_of(reference: str) -> str:
    """The registry a reference goes to: its first part if that looks like a host, else Docker Hub."""
    first, slash, _rest = reference.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return "docker.io"
