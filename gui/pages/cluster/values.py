"""What a config map or a secret holds. A secret's values are shown only when somebody asks for them."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QSplitter, QVBoxLayout, QWidget

from gui.presentation.units import bytes_text
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import label
from gui.widgets.layouts import flush_column
from gui.widgets.texts.diff_view import DiffView
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClusterValues(QWidget):
    """Keys at the left, the chosen one's value at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, bytes] = {}
        self._hidden = False
        self.keys = QListWidget()
        self.keys.setAccessibleName(translate("ClusterValues", "Keys"))
        self.keys.setSpacing(Space.HAIR)
        self.keys.setFrameShape(QListWidget.Shape.NoFrame)
        self.keys.currentItemChanged.connect(lambda *_items: self._show_value())
        self.value = DiffView(translate("ClusterValues", "Value"))
        self.show_values = button(translate("ClusterValues", "Show the values"), "eye", Variant.DEFAULT, self._reveal)
        self.amount = label("", Text.SMALL, Tone.MUTED)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        head.addWidget(self.amount)
        head.addStretch(1)
        head.addWidget(self.show_values)
        right = QWidget()
        inner = flush_column(right)
        inner.addLayout(head)
        inner.addWidget(self.value, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.keys)
        splitter.addWidget(right)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([240, 600])
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, 0, 0, 0)
        column.addWidget(splitter)

    def show_object(self, found: Mapping[str, Any], *, fresh: bool) -> None:
        """`fresh` hides a secret's values again."""
        secret = found.get("kind") == "Secret"
        self._values = values_of(found)
        if fresh:
            self._hidden = secret
        self.show_values.setVisible(secret)
        self._tell_button()
        chosen = self.keys.currentItem().text() if self.keys.currentRow() >= 0 and not fresh else ""
        self.keys.clear()
        for key in sorted(self._values):
            self.keys.addItem(QListWidgetItem(key))
            if key == chosen:
                self.keys.setCurrentRow(self.keys.count() - 1)
        if self.keys.currentRow() < 0 and self.keys.count():
            self.keys.setCurrentRow(0)
        self._show_value()

    def forget(self) -> None:
        self._values.clear()
        self.keys.clear()
        self.value.set_message("")

    def _reveal(self) -> None:
        self._hidden = not self._hidden
        self._tell_button()
        self._show_value()

    def _tell_button(self) -> None:
        words = (
            translate("ClusterValues", "Show the values") if self._hidden else
            translate("ClusterValues", "Hide the values")
        )  # fmt: skip
        self.show_values.setText(words)
        self.show_values.setAccessibleName(words)

    def _show_value(self) -> None:
        if self.keys.currentRow() < 0:
            self.amount.setText("")
            self.value.set_message(translate("ClusterValues", "It holds nothing."))
            return
        data = self._values.get(self.keys.currentItem().text(), b"")
        self.amount.setText(bytes_text(len(data)))
        if self._hidden:
            self.value.set_message(translate("ClusterValues", "Hidden. What it holds is shown only when you ask."))
        else:
            self.value.set_contents(data)


def values_of(found: Mapping[str, Any]) -> dict[str, bytes]:
    """By key; what a secret and binary data hold comes as base64."""
    plain = found.get("kind") != "Secret"
    values: dict[str, bytes] = {}
    for key, text in (found.get("data") or {}).items():
        values[str(key)] = str(text).encode() if plain else _decoded(text)
    values.update({str(key): _decoded(text) for key, text in (found.get("binaryData") or {}).items()})
    return values


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(str(text or ""))
    except (binascii.Error, ValueError):
        return str(text).encode()
