"""An error on its sheet: what happened, why, the details folded away, and the buttons that mend it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from engine.errors import WherryError
from gui.presentation.errors import words_of
from gui.theme import Space, Text, Tone, mono
from gui.widgets.banner import Banner
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import breakable, label
from gui.widgets.layouts import scrolling
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gui.actions.several import SeveralFailed
    from gui.shell import Shell

_WIDTH = 520


class ErrorDialog(QDialog):
    """One error. `retry` is offered where the error may go away by itself."""

    def __init__(
        self, parent: QWidget, shell: Shell, error: BaseException, retry: Callable[[], None] | None = None
    ) -> None:
        super().__init__(parent)
        words = words_of(error)
        self.setObjectName("error")
        self.setWindowTitle(words.title)
        self.setMinimumWidth(_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        self.banner = Banner(Tone.DANGER)
        self.banner.show_message(Tone.DANGER, words.title, words.text, words.details)
        self.remedies: list[str] = []
        for remedy in words.remedies:
            act = self._remedy(shell, remedy.id, words.subject, error, retry)
            if act is not None:
                self.remedies.append(remedy.id)
                self.banner.add_action(remedy.text, self._closing(act))
        column.addWidget(self.banner)
        row = QHBoxLayout()
        row.addStretch(1)
        close = button(translate("ErrorDialog", "Close"), "", Variant.PRIMARY, self.reject)
        close.setDefault(True)
        row.addWidget(close)
        column.addLayout(row)

    def _closing(self, act: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            self.accept()
            act()

        return run

    def _remedy(
        self, shell: Shell, remedy: str, subject: str, error: BaseException, retry: Callable[[], None] | None
    ) -> Callable[[], None] | None:
        """What a remedy's button does; None where this error gives it nothing to work on."""
        containers = shell.client.mirror.containers
        if remedy == "retry":
            return retry
        if remedy in ("edit", "edit-ports"):
            known = next((c.id for c in containers.values() if subject in (c.id, c.name)), "")
            return (lambda: shell.open_dialog("edit", container=known)) if known else None
        if remedy == "show-users":
            return lambda: shell.navigate("containers", "", f"filter:{subject}")
        table: dict[str, Callable[[], None]] = {
            "doctor": lambda: shell.navigate("settings", "", "doctor"),
            "check-store": lambda: shell.navigate("settings", "", "store"),
            "registries": lambda: shell.navigate("settings", "", "registries"),
            "login": lambda: shell.open_dialog("login", server=subject.partition("/")[0]),
            "choose-platform": lambda: shell.open_dialog("pull", reference=subject),
            "prune": lambda: shell.navigate("disk"),
            "report": lambda: shell.open_dialog("report", error=error),
        }
        return table.get(remedy)


class SeveralErrorsDialog(QDialog):
    """All that failed of one act: each by its name with its cause, and one button that tries these again."""

    def __init__(
        self,
        parent: QWidget,
        error: SeveralFailed,
        names: Mapping[str, str],
        retry: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("errors")
        self.setWindowTitle(error.title)
        self.resize(_WIDTH, 360)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(label(error.title, Text.TITLE))
        if len(error.failures) < error.tried:
            column.addWidget(label(translate("ErrorDialog", "The others were done."), wrap=True))
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(0, 0, Space.S, 0)
        rows.setSpacing(Space.M)
        for one in error.failures:
            words = words_of(one.error)
            rows.addWidget(label(breakable(names[one.key]), Text.STRONG, wrap=True))
            cause = " ".join(part for part in (f"{words.title}.", words.text) if part.strip("."))
            rows.addWidget(label(cause, Text.BODY, Tone.NEUTRAL, wrap=True))
        rows.addStretch(1)
        column.addWidget(scrolling(inside), 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(translate("ErrorDialog", "Close"), "", Variant.DEFAULT, self.reject))
        if retry is not None:
            offer = translate("ErrorDialog", "Try these %n again", None, len(error.failures))
            again = button(offer, "restart", Variant.PRIMARY, retry)
            again.clicked.connect(self.accept)
            again.setDefault(True)
            row.addWidget(again)
        column.addLayout(row)


class ReportDialog(QDialog):
    """A bug of ours: the whole trace, ready to be copied."""

    def __init__(self, shell: Shell | None, error: BaseException) -> None:
        super().__init__(shell.dialog_parent if shell is not None else None)
        self.setObjectName("report")
        self.setWindowTitle(translate("ReportDialog", "Something went wrong inside Wherry"))
        self.resize(720, 460)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(label(self.windowTitle(), Text.TITLE))
        text = translate(
            "ReportDialog",
            "This is a mistake in the program, not yours. Your containers go on running. "
            "The report below helps to mend it.",
        )
        column.addWidget(label(text, wrap=True))
        self.report = QPlainTextEdit(readOnly=True)
        self.report.setFont(mono())
        self.report.setAccessibleName(translate("ReportDialog", "Report"))
        self.report.setPlainText(report_text(error))
        column.addWidget(self.report, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(translate("ReportDialog", "Copy"), "copy", on_click=self._copy))
        row.addWidget(button(translate("ReportDialog", "Close"), "", Variant.PRIMARY, self.accept))
        column.addLayout(row)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())


def report_text(error: BaseException) -> str:
    details = error.details if isinstance(error, WherryError) else ""
    return "\n".join(part for part in ("".join(traceback.format_exception(error)), details) if part)
