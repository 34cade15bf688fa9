"""How widgets stand together on pages and in dialogs: columns, forms of labelled fields, the row of buttons below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QFormLayout, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout

from gui.theme import Space, Text
from gui.widgets.labels import label

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPushButton, QWidget


def flush_column(owner: QWidget) -> QVBoxLayout:
    """From edge to edge, nothing between: the parts have air of their own, or are to touch."""
    column = QVBoxLayout(owner)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    return column


def dialog_column(dialog: QDialog, title: str) -> QVBoxLayout:
    """A dialog's parts below its title."""
    column = QVBoxLayout(dialog)
    column.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
    column.setSpacing(Space.M)
    column.addWidget(label(title, Text.TITLE))
    return column


def field_form() -> QFormLayout:
    """Fields below each other, their words beside them."""
    form = QFormLayout()
    form.setHorizontalSpacing(Space.L)
    form.setVerticalSpacing(Space.S)
    return form


def foot(*buttons: QPushButton) -> QHBoxLayout:
    """A dialog's buttons at its lower right corner; the last is what Enter does."""
    row = QHBoxLayout()
    row.addStretch(1)
    for each in buttons:
        row.addWidget(each)
    buttons[-1].setDefault(True)
    return row


def scrolling(inside: QWidget) -> QScrollArea:
    """In an area that scrolls it, without a frame of its own."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(inside)
    return area
