"""What the window has said: deaths, removals, outcomes; newest first, each leading to its container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gui.models import Column, FilteredModel, KeyedTableModel
from gui.presentation.units import ago_text, clock_text
from gui.theme import Tone
from gui.widgets.empty_state import EmptyState
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.feedback.messages import Message
    from gui.shell import Shell

_ICONS = {Tone.DANGER: "error", Tone.WARNING: "warning", Tone.SUCCESS: "check-circle"}


def _columns(shell: Shell) -> tuple[Column[Message], ...]:
    def name_of(message: Message) -> str:
        container = shell.client.mirror.containers.get(message.container_id)
        return container.name if container is not None else ""

    return (
        Column(
            "text",
            translate("Messages", "Message"),
            lambda message: message.text,
            subtext=lambda message: message.detail,
            icon=lambda message: _ICONS.get(message.tone, "info"),
            tone=lambda message: message.tone,
        ),
        Column("container", translate("Messages", "Container"), name_of),
        Column(
            "time",
            translate("Messages", "When"),
            lambda message: ago_text(message.time),
            lambda message: -int(message.id),
            tooltip=lambda message: clock_text(message.time),
        ),
    )


class MessageTable(Table):
    """Follows the window's log of messages."""

    def __init__(self, shell: Shell, parent: QWidget) -> None:
        super().__init__(translate("Messages", "Messages"), row_height=48, multi=False)
        self._shell = shell
        self.rows = KeyedTableModel(_columns(shell), parent=parent)
        self.filtered = FilteredModel(parent)
        self.filtered.setSourceModel(self.rows)
        self.setModel(self.filtered)
        painters = {0: TextCell(strong=True), 1: TextCell(secondary=True), 2: TextCell(secondary=True)}
        self.set_columns(painters, {1: 200, 2: 140}, stretch=0, droppable=(1,))
        self.sortByColumn(2, Qt.SortOrder.AscendingOrder)
        hint = translate("Messages", "What the window says is kept here until it is closed.")
        self.set_empty_state(EmptyState("bell", translate("Messages", "Nothing was said yet"), hint))
        self.activated_key.connect(self._open)
        shell.messages.added.connect(lambda _message: self._fill())
        self._fill()

    def _fill(self) -> None:
        self.rows.set_items((message.id, message) for message in self._shell.messages.all())

    def _open(self, key: str) -> None:
        message = self.rows.item(key)
        if message is not None and message.container_id in self._shell.client.mirror.containers:
            self._shell.navigate("containers", message.container_id, "history")
