"""Buttons in their few variants, always with an accessible name."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QMenu, QPushButton, QToolButton

from gui.plain_text import set_tip
from gui.theme import Role, Size, Space, icon

if TYPE_CHECKING:
    from collections.abc import Callable


class Variant(StrEnum):
    """How loud a button is. One primary per page or dialog."""

    DEFAULT = ""
    PRIMARY = "primary"
    DANGER = "danger"
    GHOST = "ghost"
    LINK = "link"


_ICON_ROLES = {
    Variant.DEFAULT: Role.TEXT_SECONDARY,
    Variant.PRIMARY: Role.ON_ACCENT,
    Variant.DANGER: Role.ON_DANGER,
    Variant.GHOST: Role.TEXT_SECONDARY,
    Variant.LINK: Role.ACCENT,
}


def button(
    text: str,
    icon_name: str = "",
    variant: Variant = Variant.DEFAULT,
    on_click: Callable[[], object] | None = None,
) -> QPushButton:
    """A button with words."""
    made = QPushButton(text)
    made.setProperty("variant", variant.value)
    made.setAccessibleName(text.replace("&", ""))
    made.setCursor(Qt.CursorShape.PointingHandCursor if variant is Variant.LINK else Qt.CursorShape.ArrowCursor)
    made.setAutoDefault(False)
    if icon_name:
        made.setIcon(icon(icon_name, _ICON_ROLES[variant]))
        # Wider than high: the icon stands at the left and leaves air before the words.
        made.setIconSize(QSize(Size.ICON + Space.XS, Size.ICON))
    if on_click is not None:
        made.clicked.connect(lambda _checked=False: on_click())
    return made


def tool_button(
    icon_name: str,
    name: str,
    on_click: Callable[[], object] | None = None,
    *,
    checkable: bool = False,
    role: Role = Role.TEXT_SECONDARY,
) -> QToolButton:
    """A square button with only an icon; its name is the tooltip and what a screen reader says."""
    made = QToolButton()
    made.setIcon(icon(icon_name, role))
    made.setIconSize(QSize(Size.ICON, Size.ICON))
    set_tip(made, name)
    made.setAccessibleName(name)
    made.setCheckable(checkable)
    made.setAutoRaise(True)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if on_click is not None:
        made.clicked.connect(lambda _checked=False: on_click())
    return made


def menu_button(text: str, menu: QMenu, icon_name: str = "", variant: Variant = Variant.DEFAULT) -> QPushButton:
    """A button that opens a menu."""
    made = button(text, icon_name, variant)
    if not text:
        made.setProperty("bare", "true")
        made.setIconSize(QSize(Size.ICON, Size.ICON))
    menu.setParent(made, menu.windowFlags())
    made.setMenu(menu)
    return made
