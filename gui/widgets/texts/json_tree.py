"""JSON as a tree that opens and closes, with search and copy of a value or its path."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem, QTreeWidgetItemIterator

from gui.plain_text import tip
from gui.theme import Role, Text, color, mono, theme
from gui.words import grouped, translate

_VALUE = Qt.ItemDataRole.UserRole + 1
_LOADED = Qt.ItemDataRole.UserRole + 2
_NAME, _TEXT = 0, 1


class JsonTree(QTreeWidget):
    """Shows any JSON value; children are made when their parent is first opened."""

    def __init__(self, name: str = "JSON") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setColumnCount(2)
        self.setHeaderLabels([translate("JsonTree", "Key"), translate("JsonTree", "Value")])
        self.setUniformRowHeights(True)
        self.setFont(mono(Text.SMALL))
        self.setIndentation(20)
        self.header().setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Interactive)
        self.header().resizeSection(_NAME, 260)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemExpanded.connect(self._load_children)
        self._root: Any = None
        theme().changed.connect(self._recolor)

    def set_json(self, value: Any, *, open_depth: int = 1) -> None:
        """Show a value; `open_depth` levels are opened at once."""
        self._root = value
        self.clear()
        self._fill(self.invisibleRootItem(), value)
        if open_depth > 0:
            self.expandToDepth(open_depth - 1)

    def find_text(self, text: str) -> int:
        """Open and select the next item whose key or value has the text; gives how many have it in all."""
        wanted = text.casefold()
        if not wanted:
            return 0
        self._load_all(self.invisibleRootItem())
        hits = []
        iterator = QTreeWidgetItemIterator(self)
        item: QTreeWidgetItem | None = iterator.value()
        while item is not None:
            if wanted in item.text(_NAME).casefold() or wanted in item.text(_TEXT).casefold():
                hits.append(item)
            iterator += 1
            item = iterator.value()
        if hits:
            current = self.currentItem()
            position = next((i + 1 for i, hit in enumerate(hits) if hit is current), 0)
            chosen = hits[position % len(hits)]
            self.setCurrentItem(chosen)
            self.scrollToItem(chosen)
        return len(hits)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy_value()
        else:
            super().keyPressEvent(event)

    def _fill(self, parent: QTreeWidgetItem, value: Any) -> None:
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
        for key, child in pairs:
            item = QTreeWidgetItem([str(key), _preview(child)])
            item.setData(_NAME, _VALUE, _Box(child))
            item.setForeground(_NAME, color(Role.TEXT))
            item.setForeground(_TEXT, theme().ansi(_ink(child)) if _ink(child) >= 0 else color(Role.TEXT_MUTED))
            item.setToolTip(_TEXT, tip(child if isinstance(child, str) and len(child) > 60 else ""))
            if isinstance(child, dict | list) and child:
                item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
            parent.addChild(item)
        parent.setData(_NAME, _LOADED, 1)

    def _load_children(self, item: QTreeWidgetItem) -> None:
        if not item.data(_NAME, _LOADED):
            self._fill(item, item.data(_NAME, _VALUE).value)

    def _load_all(self, item: QTreeWidgetItem) -> None:
        if item is not self.invisibleRootItem():
            self._load_children(item)
        children = [item.child(position) for position in range(item.childCount())]
        for child in filter(None, children):
            self._load_all(child)

    def _recolor(self) -> None:
        if self._root is not None:
            self.set_json(self._root)

    def _menu(self, place: QPoint) -> None:
        if self.itemAt(place) is None:
            return
        menu = QMenu(self)
        menu.addAction(translate("JsonTree", "Copy value"), self._copy_value)
        menu.addAction(translate("JsonTree", "Copy path"), self._copy_path)
        menu.popup(self.viewport().mapToGlobal(place))

    def _copy_value(self) -> None:
        for item in self.selectedItems()[:1]:
            value = item.data(_NAME, _VALUE).value
            text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            QGuiApplication.clipboard().setText(text)

    def _copy_path(self) -> None:
        item: QTreeWidgetItem | None = self.currentItem()
        parts: list[str] = []
        while item is not None:
            parts.append(item.text(_NAME))
            item = item.parent()
        QGuiApplication.clipboard().setText(".".join(reversed(parts)))


class _Box:
    """Keeps Qt from turning a Python value into a QVariant of its own taste."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _preview(value: Any) -> str:
    if isinstance(value, dict):
        return "{…}  " + translate("JsonTree", "{0} keys", None, len(value)).format(grouped(len(value)))
    if isinstance(value, list):
        return "[…]  " + translate("JsonTree", "{0} items", None, len(value)).format(grouped(len(value)))
    return value if isinstance(value, str) else json.dumps(value)


def _ink(value: Any) -> int:
    """The terminal colour of a value by its type, −1 for containers."""
    if isinstance(value, bool) or value is None:
        return 5
    if isinstance(value, int | float):
        return 4
    return 2 if isinstance(value, str) else -1
