"""Everything the window has said since it was opened: what had no room on the shelf or was dismissed is read here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gui.theme import Tone

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that was said, and about which container, if about one."""

    id: str
    time: datetime
    text: str
    detail: str
    tone: Tone
    container_id: str = ""


class MessageLog(QObject):
    """Newest last; the oldest go."""

    added = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._kept: deque[Message] = deque(maxlen=_MOST)
        self._count = 0

    def add(self, text: str, tone: Tone, *, detail: str = "", container_id: str = "") -> None:
        self._count += 1
        message = Message(str(self._count), datetime.now(UTC), text, detail, tone, container_id)
        self._kept.append(message)
        self.added.emit(message)

    def all(self) -> Sequence[Message]:
        return tuple(self._kept)
