"""What a page is: a widget that follows the engine while it is seen and only grows stale while it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from engine.types.events import Kind
    from gui.bridge import ChangeSet, Lease
    from gui.shell import Shell


class Page(QWidget):
    """Subclass, build the widgets in `__init__`, fill models in `apply`.

    `apply` gets a complete change set when the page is first shown (or comes back after it missed something), and every
    later one that touches `kinds` while it is seen. Streams are leased in `shown` with `hold` and end by themselves
    when the page is hidden.
    """

    page_id: ClassVar[str] = ""
    kinds: ClassVar[frozenset[Kind]] = frozenset()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shell = shell
        self.client = shell.client
        self._stale = True
        self._leases: list[Lease] = []
        self.client.changed.connect(self._on_changed)

    # --- for subclasses ---

    def apply(self, changes: ChangeSet) -> None:
        """Bring the models up to date."""

    def shown(self) -> None:
        """The page is seen: lease what it needs."""

    def hidden(self) -> None:
        """The page is no longer seen; leases held with `hold` have ended."""

    def open_object(self, object_id: str, detail: str = "") -> None:
        """Show one object (and a tab of it); "" is the list."""

    def set_query(self, text: str) -> None:
        """Filter the list."""

    def hold(self, lease: Lease) -> Lease:
        """Keep a lease until the page is hidden."""
        self._leases.append(lease)
        return lease

    # --- machinery ---

    def _on_changed(self, changes: ChangeSet) -> None:
        if not changes.touches(*self.kinds):
            return
        if self.isVisible() and not self._stale:
            self.apply(changes)
        elif self.isVisible():
            self._catch_up()
        else:
            self._stale = True

    def _catch_up(self) -> None:
        if self.client.is_ready:
            self._stale = False
            self.apply(self.client.mirror.everything())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._catch_up()
        if not event.spontaneous():
            self.shown()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if event.spontaneous():
            return
        for lease in self._leases:
            lease.end()
        self._leases.clear()
        self.hidden()
