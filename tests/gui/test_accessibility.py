"""What a screen reader says and where the keyboard gets: names of all controls in tabs and dialogs, reach, order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTabBar,
    QWidget,
)

from gui.tour import TABS

if TYPE_CHECKING:
    from tests.gui.conftest import Driver

CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QAbstractItemView, QTabBar)
IMAGE_TABS = ("layers", "overview", "history", "inspect")
OPENED: dict[str, dict[str, Any]] = {
    "run": {}, "pull": {}, "push": {"reference": "a/b:1"}, "login": {}, "registries": {},
    "find-file": {}, "create-volume": {}, "create-network": {}, "build": {},
}  # fmt: skip


def _belongs_to_another(widget: QWidget) -> bool:
    """The insides of a control: the field of a spin box, the list of a drop-down, the bars of a scroll area."""
    if widget.objectName().startswith("qt_"):
        return True
    parent = widget.parent()
    while isinstance(parent, QWidget):
        if isinstance(parent, (QComboBox, QAbstractSpinBox, QLineEdit, QTabBar)):
            return True
        parent = parent.parent()
    return False


def _buddy_words(widget: QWidget) -> str:
    return next(
        (
            label.text()
            for label in widget.window().findChildren(QWidget)
            if getattr(label, "buddy", lambda: None)() is widget
        ),
        "",
    )


def nameless(root: QWidget) -> list[str]:
    """Controls a screen reader could only call by their kind."""
    found = []
    for widget in root.findChildren(QWidget):
        painted = isinstance(widget, QAbstractScrollArea) and not isinstance(widget, QScrollArea)
        focusable = widget.focusPolicy() != Qt.FocusPolicy.NoFocus and (isinstance(widget, CONTROLS) or painted)
        if not focusable or not widget.isVisibleTo(root) or _belongs_to_another(widget):
            continue
        words = getattr(widget, "text", str) if isinstance(widget, QAbstractButton) else str
        if not (widget.accessibleName() or words() or _buddy_words(widget)):
            found.append(f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}")
    return found


@pytest.mark.parametrize("key", TABS)
def test_every_control_of_a_containers_tabs_has_a_name(driver: Driver, key: str) -> None:
    driver.window.navigate("containers", driver.container("grafana").id, key)
    page: Any = driver.window.page("containers")
    assert nameless(page.details) == []


@pytest.mark.parametrize("key", IMAGE_TABS)
def test_every_control_of_an_images_tabs_has_a_name(driver: Driver, key: str) -> None:
    image = next(iter(driver.client.mirror.images.values()))
    driver.window.navigate("images", image.id, key)
    page: Any = driver.window.page("images")
    assert nameless(page.details) == []


@pytest.mark.parametrize("dialog_id", OPENED)
def test_every_control_of_a_dialog_has_a_name(driver: Driver, dialog_id: str) -> None:
    driver.window.open_dialog(dialog_id, **OPENED[dialog_id])
    driver.until(lambda: driver._dialogs(""))
    dialog = driver._dialogs("")[0]
    assert dialog.windowTitle()
    assert nameless(dialog) == []
    dialog.reject()


def test_tab_goes_round_a_dialog_and_reaches_its_buttons(driver: Driver) -> None:
    driver.window.open_dialog("pull")
    dialog = driver.dialog("dialog.pull")
    seen: list[QWidget] = []
    widget = dialog.focusWidget() or dialog
    for _ in range(200):
        widget = widget.nextInFocusChain()
        if widget in seen:
            break
        seen.append(widget)
    reach = {w for w in seen if w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isVisibleTo(dialog)}
    buttons = [b for b in dialog.findChildren(QAbstractButton) if b.isVisibleTo(dialog) and b.text()]
    assert buttons
    assert {b for b in buttons if b.focusPolicy() != Qt.FocusPolicy.NoFocus} <= reach
    dialog.reject()
    QApplication.processEvents()
