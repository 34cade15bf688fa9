"""File tree, treemap, layer stack and waste: models are sound, pictures are to scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtTest import QAbstractItemModelTester

from gui.widgets.lists.file_tree import Change, FileRow, FileTree, FileTreeModel
from gui.widgets.lists.waste_list import WasteList, WasteRow
from gui.widgets.painted.layer_stack import LayerStack, StackLayer
from gui.widgets.painted.treemap import Treemap, TreemapNode, squarify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytestqt.qtbot import QtBot


class Slow:
    """Answers when told to."""

    def __init__(self, folders: dict[str, list[FileRow]]) -> None:
        self._folders = folders
        self.waiting: list[tuple[str, Callable[[Sequence[FileRow] | None], None]]] = []

    def fetch(self, path: str, done: Callable[[Sequence[FileRow] | None], None]) -> None:
        self.waiting.append((path, done))

    def answer(self) -> None:
        waiting, self.waiting = self.waiting, []
        for path, done in waiting:
            done(self._folders.get(path))


FOLDERS = {
    "/": [FileRow("b.txt", "/b.txt", size=10), FileRow("usr", "/usr", folder=True, size=90)],
    "/usr": [FileRow("lib", "/usr/lib", folder=True, size=80), FileRow("x", "/usr/x", change=Change.ADDED)],
    "/usr/lib": [FileRow("so", "/usr/lib/so", size=80)],
}


def tree(qtbot: QtBot) -> tuple[FileTree, Slow, QAbstractItemModelTester]:
    view = FileTree("files", ("Mode",))
    qtbot.addWidget(view)
    tester = QAbstractItemModelTester(view.files, QAbstractItemModelTester.FailureReportingMode.Fatal)
    source = Slow(FOLDERS)
    view.set_source(source)
    view.resize(500, 300)
    view.show()
    qtbot.waitExposed(view)
    return view, source, tester


def test_folders_come_first_and_are_fetched_once(qtbot: QtBot) -> None:
    view, source, _tester = tree(qtbot)
    assert [path for path, _done in source.waiting] == ["/"]
    source.answer()
    names = [view.files.index(row, 0).data() for row in range(view.files.rowCount())]
    assert names == ["usr", "b.txt"]
    view.expand(view.files.index(0, 0))
    view.expand(view.files.index(0, 0))
    assert [path for path, _done in source.waiting] == ["/usr"]


def test_reveal_opens_the_way_as_it_is_fetched(qtbot: QtBot) -> None:
    view, source, _tester = tree(qtbot)
    picked: list[str] = []
    view.picked.connect(picked.append)
    view.reveal("/usr/lib/so")
    for _ in range(3):
        source.answer()
    assert picked[-1] == "/usr/lib/so"
    assert view.isExpanded(view.files.index_of_path("/usr"))


def test_an_answer_for_the_tree_before_is_ignored(qtbot: QtBot) -> None:
    view, old, _tester = tree(qtbot)
    new = Slow({"/": [FileRow("only", "/only")]})
    view.set_source(new)
    new.answer()
    old.answer()
    assert [view.files.index(row, 0).data() for row in range(view.files.rowCount())] == ["only"]


def test_a_failed_folder_is_empty_and_can_be_tried_again(qtbot: QtBot) -> None:
    view, source, _tester = tree(qtbot)
    source.waiting[0][1](None)
    assert view.files.rowCount() == 0
    source.waiting.clear()
    view.files.reload("/")
    assert [path for path, _done in source.waiting] == ["/"]
    source.answer()
    assert view.files.rowCount() == 2


def test_reload_shows_what_is_there_now(qtbot: QtBot) -> None:
    view, source, _tester = tree(qtbot)
    source.answer()
    folders_now = dict(FOLDERS)
    folders_now["/"] = [FileRow("new", "/new")]
    source._folders = folders_now
    view.files.reload("/")
    source.answer()
    assert view.files.index(0, 0).data() == "new"


def test_change_and_share_are_told(qtbot: QtBot) -> None:
    view, source, _tester = tree(qtbot)
    source.answer()
    index = view.files.index(0, 1)
    assert index.data(FileTreeModel.SHARE) == 0.9
    view.expand(view.files.index(0, 0))
    source.answer()
    added = view.files.index_of_path("/usr/x")
    assert added.data(Qt.ItemDataRole.AccessibleTextRole) == "x added"


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40), st.integers(20, 900), st.integers(20, 900))
def test_the_treemap_is_to_scale(sizes: list[int], width: int, height: int) -> None:
    sizes = sorted(sizes, reverse=True)
    rects = squarify(sizes, QRectF(0, 0, width, height))
    assert len(rects) == len(sizes)
    total = sum(sizes)
    for size, rect in zip(sizes, rects, strict=True):
        wanted = size / total * width * height
        assert abs(rect.width() * rect.height() - wanted) <= 1e-6 * width * height + 1e-6
        assert rect.left() >= -1e-6
        assert rect.right() <= width + 1e-3
        assert rect.bottom() <= height + 1e-3


def test_a_treemap_is_entered_and_left(qtbot: QtBot) -> None:
    view = Treemap()
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.set_nodes([TreemapNode("/usr", "usr", 90, folder=True), TreemapNode("/f", "f", 10), TreemapNode("/0", "0", 0)])
    view.show()
    qtbot.waitExposed(view)
    assert len(view._placed()) == 2
    with qtbot.waitSignal(view.entered) as entered:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 100))
    assert entered.args == ["/usr"]
    qtbot.keyClick(view, Qt.Key.Key_Right)
    with qtbot.waitSignal(view.picked) as picked:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert picked.args == ["/f"]
    with qtbot.waitSignal(view.left):
        qtbot.keyClick(view, Qt.Key.Key_Backspace)


def stack(qtbot: QtBot, count: int = 4) -> LayerStack:
    view = LayerStack()
    qtbot.addWidget(view)
    view.resize(400, 600)
    view.set_layers([StackLayer(i, f"step {i}", (i + 1) * 1000, f"{i + 1} kB") for i in range(count)])
    view.show()
    qtbot.waitExposed(view)
    return view


def test_the_stack_is_to_scale_newest_on_top(qtbot: QtBot) -> None:
    view = stack(qtbot)
    rects = view._column_rects()
    heights = [rect.height() - 1.5 for rect in rects]
    assert [round(height / heights[-1]) for height in heights] == [4, 3, 2, 1]
    assert view._layers[0].key == 3


def test_layers_are_chosen_by_mouse_and_keys(qtbot: QtBot) -> None:
    view = stack(qtbot)
    with qtbot.waitSignal(view.chosen) as told:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(200, 20))
    assert told.args == [3]
    with qtbot.waitSignal(view.chosen) as told:
        qtbot.keyClick(view, Qt.Key.Key_Down)
    assert told.args == [2]
    assert "step 2" in view.accessibleDescription()
    with qtbot.waitSignal(view.chosen) as told:
        qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert told.args == [-1]


def test_two_hundred_layers_fit(qtbot: QtBot) -> None:
    view = stack(qtbot, 200)
    rects = view._column_rects()
    assert all(rect.height() >= 1.4 for rect in rects)
    assert rects[-1].bottom() <= view.viewport().height()
    for _ in range(199):
        qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view._row_rect(198).bottom() <= view.viewport().height() + 1


def test_waste_names_both_steps(qtbot: QtBot) -> None:
    view = WasteList()
    qtbot.addWidget(view)
    QAbstractItemModelTester(view.rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
    view.set_waste([WasteRow("/big", 9, "9 B", "2 RUN a", "3 RUN b", "Removed later")])
    index = view.rows.index(0, 0)
    assert "2 RUN a" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "3 RUN b" in index.data(Qt.ItemDataRole.ToolTipRole)
    view.set_waste([])
    assert view._empty is not None
    assert not view._empty.isHidden()


def test_a_name_that_is_no_text_survives_the_way_through_qt(qtbot: QtBot) -> None:
    path = b"/odd\xff".decode("utf-8", "surrogateescape")
    view = FileTree()
    qtbot.addWidget(view)
    source = Slow({"/": [FileRow("odd", path)]})
    view.set_source(source)
    source.answer()
    with qtbot.waitSignal(view.picked) as told:
        view.reveal(path)
    assert told.args == [path]
