"""Hears the starts that come after the first, and answers once the window has been shown for them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSocketNotifier

from gui.single_window import ANSWER, LONGEST_KNOCK

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gui.single_window import Claim

_MOST_WAITING_SECONDS = 1.0


class Knocks(QObject):
    """Calls `show_window` for every knock until it is closed, and `open_path` where one names what is to be opened."""

    def __init__(
        self,
        claim: Claim,
        show_window: Callable[[], None],
        open_path: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._claim = claim
        self._show_window = show_window
        self._open_path = open_path
        self._notifier = QSocketNotifier(claim.listener.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_knock)

    def close(self) -> None:
        self._notifier.setEnabled(False)
        self._claim.close_door()

    def _on_knock(self) -> None:
        with contextlib.suppress(OSError):  # whoever knocked has gone
            line, _ = self._claim.listener.accept()
            with line:
                line.settimeout(_MOST_WAITING_SECONDS)
                token, _, wanted = os.fsdecode(_all_of(line)).partition("\n")
                if token := token.strip():
                    os.environ["XDG_ACTIVATION_TOKEN"] = token  # Qt takes it when the window asks for the focus
                self._show_window()
                line.sendall(ANSWER)
                if wanted:
                    self._open_path(wanted)


def _all_of(line: socket.socket) -> bytes:
    said = b""
    while len(said) < LONGEST_KNOCK and (piece := line.recv(LONGEST_KNOCK)):
        said += piece
    return said
