"""The event pump: one wake-up from the other thread, one drain of the mailboxes a frame."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from gui.bridge.mailboxes import Mailbox

FRAME_SECONDS = 0.016


class Pump(QObject):
    """Lives on the window's thread. `wake` may be called from any thread, as often as one likes."""

    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._dirty: dict[int, Mailbox] = {}
        self._drained_at = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._drain)
        self._woken.connect(self._schedule)
        self._stopped = False

    def wake(self, mailbox: Mailbox) -> None:
        with self._lock:
            first = not self._dirty
            self._dirty[id(mailbox)] = mailbox
        if first and not self._stopped:
            self._woken.emit()

    def stop(self) -> None:
        """Deliver nothing more; what the engine still sends is dropped."""
        self._stopped = True
        self._timer.stop()

    def _schedule(self) -> None:
        if not self._stopped and not self._timer.isActive():
            wait = max(0.0, self._drained_at + FRAME_SECONDS - monotonic())
            self._timer.start(int(wait * 1000))

    def _drain(self) -> None:
        with self._lock:
            dirty, self._dirty = self._dirty, {}
        for mailbox in dirty.values():
            if not self._stopped:
                mailbox.drain()
        self._drained_at = monotonic()
