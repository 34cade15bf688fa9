"""What is painted, told to screen readers: a painted widget says which things are in it, and each becomes an object.

A widget that paints gives `accessible_kind` (what it is) and `accessible_items()` (what is in it, from the first to the
last, as seen now). `tell_current` says that another of them has the focus, `announce` speaks a sentence.

Qt for Python lets the tree of objects be written (role, name, description, state, children), but none of the further
interfaces (`interface_cast` cannot give a Python object): so a value or a line of text is the name of an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from PySide6.QtCore import QObject, QPoint, QRect, QRectF
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

Part = QAccessible.Role
_Words = QAccessible.Text


class Item(NamedTuple):
    """One thing in a painted widget. `place` is in the widget's own coordinates."""

    name: str
    place: QRectF | QRect
    kind: QAccessible.Role = Part.ListItem
    description: str = ""
    chosen: bool = False
    current: bool = False


class PaintedItem(QAccessibleInterface):
    """The n-th thing; what it is follows the widget."""

    def __init__(self, owner: PaintedWidget, number: int) -> None:
        super().__init__()
        self._owner, self._number = owner, number

    @property
    def number(self) -> int:
        return self._number

    def _item(self) -> Item | None:
        items = self._owner.items()
        return items[self._number] if self._number < len(items) else None

    def isValid(self) -> bool:
        return self._item() is not None

    def object(self) -> QObject:
        return None  # type: ignore[return-value]  # a thing that is painted is no QObject, and Qt allows for that

    def parent(self) -> QAccessibleInterface:
        return self._owner

    def child(self, index: int) -> QAccessibleInterface:
        del index
        return None  # type: ignore[return-value]  # Qt's word for "there is none"

    def childCount(self) -> int:
        return 0

    def childAt(self, x: int, y: int) -> QAccessibleInterface:
        del x, y
        return None  # type: ignore[return-value]  # Qt's word for "there is none"

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        del child
        return -1

    def rect(self) -> QRect:
        item = self._item()
        if item is None:
            return QRect()
        place = QRectF(item.place).toRect()
        return QRect(self._owner.surface().mapToGlobal(place.topLeft()), place.size())

    def role(self) -> QAccessible.Role:
        item = self._item()
        return item.kind if item is not None else Part.NoRole

    def state(self) -> QAccessible.State:
        state, item = QAccessible.State(), self._item()
        if item is None:
            state.invalid = True
            return state
        state.selectable = state.focusable = item.kind in (Part.ListItem, Part.RadioButton, Part.TreeItem)
        state.checkable = item.kind is Part.RadioButton
        state.selected = item.chosen
        state.checked = item.chosen and state.checkable
        state.focused = item.current and self._owner.surface().hasFocus()
        return state

    def text(self, t: QAccessible.Text) -> str:
        item = self._item()
        if item is None:
            return ""
        return {_Words.Name: item.name, _Words.Description: item.description}.get(t, "")

    def setText(self, t: QAccessible.Text, text: str) -> None:
        """Nobody writes what is painted."""


class PaintedWidget(QAccessibleWidget):
    """A widget with its painted things as children."""

    def __init__(self, widget: QWidget, kind: QAccessible.Role) -> None:
        super().__init__(widget, kind)
        self._kind = kind
        self._widget = widget
        self._children: dict[int, PaintedItem] = {}
        widget.destroyed.connect(self._let_go)

    def surface(self) -> QWidget:
        return self._widget

    def items(self) -> Sequence[Item]:
        items: Sequence[Item] = self._widget.accessible_items()  # type: ignore[attr-defined]  # why it was chosen
        return items

    def role(self) -> QAccessible.Role:
        return self._kind

    def childCount(self) -> int:
        return len(self.items())

    def child(self, index: int) -> QAccessibleInterface:
        if not 0 <= index < len(self.items()):
            return None  # type: ignore[return-value]  # Qt's word for "there is none"
        if index not in self._children:
            made = self._children[index] = PaintedItem(self, index)
            QAccessible.registerAccessibleInterface(made)
        return self._children[index]

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return child.number if isinstance(child, PaintedItem) else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface:
        point = self._widget.mapFromGlobal(QPoint(x, y))
        for number, item in enumerate(self.items()):
            if QRectF(item.place).contains(point):
                return self.child(number)
        return None  # type: ignore[return-value]  # Qt's word for "there is none"

    def _let_go(self) -> None:
        children, self._children = self._children, {}
        for child in children.values():
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(child))
        _Known.interfaces.pop(id(self._widget), None)


class _Known:
    """Python's hold on what Qt was given; Qt asks once for each object."""

    interfaces: ClassVar[dict[int, PaintedWidget]] = {}
    installed: ClassVar[bool] = False


def _make(_class_name: str, thing: QObject) -> QAccessibleInterface | None:
    kind = getattr(thing, "accessible_kind", None)
    if kind is None or not isinstance(thing, QWidget):
        return None
    made = _Known.interfaces[id(thing)] = PaintedWidget(thing, kind)
    return made


def install_accessible() -> None:
    """Once, before the first window. Costs nothing while no screen reader asks."""
    if not _Known.installed:
        _Known.installed = True
        QAccessible.installFactory(_make)


def tell_current(widget: QWidget, number: int) -> None:
    """Another thing in the widget has the focus: a reader says it."""
    if QAccessible.isActive() and number >= 0:
        event = QAccessibleEvent(widget, QAccessible.Event.Focus)
        event.setChild(number)
        QAccessible.updateAccessibility(event)


def announce(widget: QWidget, text: str, *, urgent: bool = False) -> None:
    """Have a sentence spoken, wherever the focus is."""
    if QAccessible.isActive() and text:
        event = QAccessibleAnnouncementEvent(widget, text)
        polite = QAccessible.AnnouncementPoliteness
        event.setPoliteness(polite.Assertive if urgent else polite.Polite)
        QAccessible.updateAccessibility(event)
