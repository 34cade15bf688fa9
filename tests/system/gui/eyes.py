"""Inside the window's process: answers where things are and what is shown. It only looks; hands are X's own events."""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, QRect, Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QTableView, QWidget

if TYPE_CHECKING:
    from gui.application import Application

Place = list[int]
_MARGIN = 12


class Eyes(QObject):
    """Reads questions from standard input, a Python expression a line, and writes answers as JSON."""

    asked = Signal(str)

    def __init__(self, application: Application) -> None:
        super().__init__()
        self.a = application
        self.asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            self.asked.emit(line.strip())

    def _answer(self, question: str) -> None:
        names = {name: getattr(self, name) for name in dir(type(self)) if not name.startswith("_")}
        try:
            answer = {"seen": eval(question, {**names, "a": self.a, "w": self.a.window})}
        except Exception as error:  # told to the test, which fails with it
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()

    # --- what can be asked ---

    def ready(self) -> bool:
        return self.a.client.is_ready and self.a.window.isActiveWindow()

    def containers(self) -> dict[str, str]:
        return {c.name: c.state.value for c in self.a.client.mirror.containers.values()}

    def widget(self, words: str, kind: str = "") -> Place | None:
        """The middle of something that can be pressed or typed into, by its words; the foremost window first."""
        for top in self._windows():
            for found in (top, *top.findChildren(QWidget)):
                if found.isVisible() and found.isEnabled() and self._is_called(found, words, kind):
                    return self._middle(found, found.rect())
        return None

    def tab(self, words: str) -> Place | None:
        from PySide6.QtWidgets import QTabBar

        for bar in self.a.window.findChildren(QTabBar):
            for number in range(bar.count()):
                if bar.isVisible() and bar.tabText(number) == words:
                    return self._middle(bar, bar.tabRect(number))
        return None

    def segment(self, words: str) -> Place | None:
        """One of a few words side by side."""
        from gui.widgets.segmented import Segmented

        for control in self.a.window.findChildren(Segmented):
            for item in control.accessible_items():
                if control.isVisible() and item.name == words:
                    return self._global(control, item.place.center().toPoint())
        return None

    def row(self, name: str, *, box: bool = False, knob: int = -1) -> Place | None:
        """A place in the row of a list: its name, the box before it, or one of its buttons counted from the left."""
        for table in self.a.window.findChildren(QTableView):
            model = table.model()
            if not table.isVisible():
                continue
            for number in range(model.rowCount()):
                if model.index(number, 0).data() == name:
                    rect = table.visualRect(model.index(number, 0))
                    if knob >= 0:
                        rect = table.visualRect(model.index(number, model.columnCount() - 1))
                        x = rect.right() - _MARGIN - (3 - knob) * 30 + 14
                        return self._global(table.viewport(), QPoint(x, rect.center().y()))
                    x = 8 if box else min(rect.left() + 120, rect.right() - 4)
                    return self._global(table.viewport(), QPoint(x, rect.center().y()))
        return None

    def tree_row(self, path: str) -> Place | None:
        from gui.widgets.lists.file_tree import FileTree

        for tree in self.a.window.findChildren(FileTree):
            index = tree.files.index_of_path(path)
            if tree.isVisible() and index.isValid() and tree.visualRect(index).isValid():
                rect = tree.visualRect(index)
                return self._global(tree.viewport(), QPoint(rect.left() + 30, rect.center().y()))
        return None

    def arrow_of(self, path: str) -> Place | None:
        """Where a folder of the tree is opened by mouse."""
        from gui.widgets.lists.file_tree import FileTree

        for tree in self.a.window.findChildren(FileTree):
            index = tree.files.index_of_path(path)
            if tree.isVisible() and index.isValid():
                rect = tree.visualRect(index)
                return self._global(tree.viewport(), QPoint(rect.left() - 10, rect.center().y()))
        return None

    def selected(self) -> list[str]:
        page: Any = self.a.window.page(self.a.window.current_page_id)
        return [item.name for item in page.list.selected()]

    def dialogs(self) -> list[str]:
        return [top.windowTitle() for top in self._windows() if top is not self.a.window]

    def toasts(self) -> list[str]:
        return [toast.accessibleName() for toast in self.a.window.toasts.toasts()]

    def details(self) -> Any:
        return self.a.window.page("containers").details  # type: ignore[attr-defined]

    def current_tab(self) -> Any:
        details = self.details()
        return details.current_tab() if details is not None else None

    def focus(self) -> str:
        focused = QApplication.focusWidget()
        if focused is None:
            return ""
        words = focused.text() if isinstance(focused, QAbstractButton) else ""
        return f"{type(focused).__name__} {focused.accessibleName() or words}"

    # --- inside ---

    def _windows(self) -> list[QWidget]:
        shown = [top for top in QApplication.topLevelWidgets() if top.isVisible()]
        popups = [top for top in shown if top.windowType() == Qt.WindowType.Popup]
        modal = [top for top in shown if top.isModal() and top not in popups]
        front = QApplication.activeModalWidget()
        modal.sort(key=lambda top: top is not front)
        return [*popups, *modal, *([] if modal else [self.a.window])]

    @staticmethod
    def _is_called(found: QWidget, words: str, kind: str) -> bool:
        if kind and type(found).__name__ != kind:
            return False
        texts = {found.objectName(), found.accessibleName()}
        if isinstance(found, QAbstractButton):
            texts.add(found.text().replace("&", "").partition(" (")[0])
        if isinstance(found, QLineEdit):
            texts.add(found.placeholderText())
        return words in {text.rstrip("…") for text in texts}

    def _middle(self, found: QWidget, rect: QRect) -> Place:
        return self._global(found, rect.center())

    @staticmethod
    def _global(found: QWidget, point: QPoint) -> Place:
        place = found.mapToGlobal(point)
        return [place.x(), place.y()]
