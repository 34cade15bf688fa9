"""What a tab of a container's details is: made when first shown, working only while it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from engine.types.containers import Container
    from gui.bridge import Lease
    from gui.shell import Shell


class DetailTab(QWidget):
    """`resume` is called when it comes to sight (and for another container), `suspend` when it goes."""

    time_wanted = Signal(str, object)
    """Show a moment in another tab: the tab's key, and nanoseconds since the epoch."""
    time_marked = Signal(object)
    """A moment was pointed at here: the other tabs mark it."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self.shell = shell
        self.client = shell.client
        self._leases: list[Lease] = []

    def resume(self, container: Container) -> None:
        """Show this container and lease what that needs."""

    def refresh(self, container: Container) -> None:
        """The container has changed while the tab is seen."""

    def suspend(self) -> None:
        """Out of sight: streams end here. Subclasses that keep more call this one too."""
        for lease in self._leases:
            lease.end()
        self._leases.clear()

    def show_time(self, time_ns: int) -> None:
        """Go to a moment."""

    def mark_time(self, time_ns: int) -> None:
        """A moment was pointed at in another tab."""

    def hold(self, lease: Lease) -> Lease:
        self._leases.append(lease)
        return lease

    def show_inside(self, what: str) -> None:
        """Go to something in the tab, such as a file."""

    def forget(self) -> None:
        """Another container is shown from now on: drop what belongs to the old one."""
