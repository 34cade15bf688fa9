"""An operation in words: its state, its progress, what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.types.operations import OperationState
from gui.presentation.errors import words_of_failure
from gui.presentation.units import bytes_text, duration_text, milliseconds_text
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from datetime import datetime

    from engine.types.operations import Operation

_ICONS = {
    "pull": "download",
    "push": "upload",
    "build": "build",
    "load": "archive",
    "save": "save",
    "import": "archive",
    "prune": "broom",
    "commit": "image",
    "backup": "save",
    "restore": "history",
    "clone": "clone",
    "export": "logs",
    "up": "play",
    "down": "stop",
    "build-project": "build",
    "pull-project": "download",
    "watch-project": "eye",
    "mend": "history",
}
_COUNTED = frozenset({"build", "mend"})
"""Kinds whose progress counts steps, not bytes."""


_QUICK_SECONDS = 10.0


class OperationWords(NamedTuple):
    word: str
    tone: Tone


def operation_words(operation: Operation) -> OperationWords:
    match operation.state:
        case OperationState.RUNNING:
            return OperationWords(translate("Operations", "Running"), Tone.ACCENT)
        case OperationState.SUCCEEDED:
            return OperationWords(translate("Operations", "Done"), Tone.SUCCESS)
        case OperationState.FAILED:
            return OperationWords(translate("Operations", "Failed"), Tone.DANGER)
        case _:
            return OperationWords(translate("Operations", "Cancelled"), Tone.MUTED)


def operation_icon(operation: Operation) -> str:
    return _ICONS.get(operation.kind, "activity")


def progress_text(operation: Operation) -> str:
    """How far it is, or how it ended."""
    if operation.failure is not None:
        return words_of_failure(operation.failure).title
    if operation.state is not OperationState.RUNNING:
        return operation.result if operation.kind in ("load", "save", "backup", "export") else ""
    if not operation.total:
        return operation.status
    if operation.kind in _COUNTED:
        text = translate("Operations", "step {0} of {1}").format(operation.done, operation.total)
    else:
        text = translate("Operations", "{0} of {1}").format(bytes_text(operation.done), bytes_text(operation.total))
    return f"{operation.status} · {text}" if operation.status else text


def took_seconds(operation: Operation, now: datetime) -> float:
    return max(0.0, ((operation.ended or now) - operation.started).total_seconds())


def took_text(operation: Operation, now: datetime) -> str:
    """Whole seconds while it runs; to the millisecond when a quick one is over, for that is what there is to tell."""
    seconds = took_seconds(operation, now)
    if operation.ended is not None and seconds < _QUICK_SECONDS:
        return milliseconds_text(seconds * 1000)
    return duration_text(seconds)
