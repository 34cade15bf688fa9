"""A project's file to edit: what is wrong with it as one types, and beside it what bringing it up would do."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QStackedWidget, QTextEdit, QVBoxLayout, QWidget

from engine.errors import WherryError
from engine.recipe.faults import Unreadable
from engine.types.projects import ProjectProblem, UpProject
from gui.models.projects import problems_model, short_plan_model
from gui.pages.build.dockerfile import replace_file
from gui.pages.files.editor import FileEditor, Leaving, ask_leaving
from gui.pages.project.completing import Completing
from gui.pages.project.variables import VariablesView
from gui.presentation.containers.run_line import fault_text, looks_like_run_line
from gui.presentation.errors import words_of
from gui.presentation.files.text import NotInThisEncoding
from gui.presentation.projects import words
from gui.presentation.projects.compose_text import service_of_line
from gui.shell import Confirmation
from gui.theme import Role, Space, Text, Tone, color, grown, theme
from gui.widgets.buttons import Variant, button
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import ElidedLabel
from gui.widgets.layouts import flush_column
from gui.widgets.lists.cells import TextCell
from gui.widgets.lists.table import Table
from gui.widgets.segmented import Segmented
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.projects import ProjectPlan, ReadProject
    from gui.shell import Shell

_MOST = 1 << 20
_PROBLEMS_HEIGHT = 170
_SIDE_WIDTH = 300
_PAUSE_MS = 200
"""Between the last key and the check."""


class ComposeEditor(QWidget):
    """`show_source`; `review_wanted` when what was saved is to be planned and accepted."""

    review_wanted = Signal()

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._shell = shell
        self.source: ReadProject | None = None
        self.plan: ProjectPlan | None = None
        self._asked = 0
        self.files = QComboBox()
        self.files.setAccessibleName(translate("ComposeEditor", "File"))
        self.files.activated.connect(lambda _index: shell.run(self._change_file(self.files.currentData())))
        self.editor = FileEditor(translate("ComposeEditor", "Compose file"))
        self.editor.save_wanted.connect(lambda: shell.run(self.save()))
        self.editor.head.insertWidget(0, self.files)
        self.editor.set_named_elsewhere(True)
        self.review = button(translate("ComposeEditor", "Review changes…"), "play", Variant.DEFAULT, self._on_review)
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self.check)
        self.editor.text.textChanged.connect(self._timer.start)
        self.editor.text.installEventFilter(self)
        self.completing = Completing(shell, self.editor.text)
        self.problems = problems_model(self)
        self.steps = short_plan_model(self)
        self._faults: tuple[ProjectProblem, ...] = ()
        theme().changed.connect(self._mark)
        body = QSplitter(Qt.Orientation.Horizontal)
        body.setChildrenCollapsible(False)
        body.addWidget(self._make_left())
        body.addWidget(self._make_side())
        body.setStretchFactor(0, 3)
        body.setStretchFactor(1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(body)

    def _make_left(self) -> QWidget:
        """The text, and below it what is wrong with it."""
        self.problem_table = Table(translate("ComposeEditor", "Problems"), row_height=48, multi=False)
        self.problem_table.set_inset()
        self.problem_table.setModel(self.problems)
        self.problem_table.setSortingEnabled(False)
        self.problem_table.set_columns({0: TextCell(tabular=True), 1: TextCell()}, {0: 76}, stretch=1)
        self.problem_table.keys_selected.connect(self._on_problem)
        self.problem_table.setFixedHeight(grown(_PROBLEMS_HEIGHT))
        self.problem_table.hide()
        left = QWidget()
        column = flush_column(left)
        column.addWidget(self.editor, 1)
        column.addWidget(self.problem_table)
        return left

    def _make_side(self) -> QWidget:
        self.plan_table = Table(translate("ComposeEditor", "What Up would do"), row_height=48, multi=False)
        self.plan_table.set_inset()
        self.variables = VariablesView(self._shell)
        self.variables.changed.connect(self._on_variable)
        self.plan_table.setModel(self.steps)
        self.plan_table.setSortingEnabled(False)
        self.plan_table.set_columns({0: TextCell()}, {}, stretch=0)
        self.plan_table.horizontalHeader().hide()
        hint = translate("ComposeEditor", "While something is wrong with the file, nothing can be planned.")
        self.plan_table.set_empty_state(EmptyState("info", translate("ComposeEditor", "No plan"), hint))
        self._summary = ElidedLabel("", Text.SMALL, Role.TEXT_MUTED, Qt.TextElideMode.ElideRight)
        side = QWidget()
        side.setMinimumWidth(grown(_SIDE_WIDTH))
        column = flush_column(side)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.XS, Space.S, Space.XS)
        self.sides = Segmented(
            (
                ("plan", translate("ComposeEditor", "What Up would do")),
                ("variables", translate("ComposeEditor", "Variables")),
            ),
            translate("ComposeEditor", "What stands beside the file"),
        )
        head.addWidget(self.sides)
        head.addStretch(1)
        column.addLayout(head)
        about = QHBoxLayout()
        about.setContentsMargins(Space.L, 0, Space.S, Space.S)
        about.addWidget(self._summary, 1)
        about.addWidget(self.review)
        column.addLayout(about)
        faces = QStackedWidget()
        faces.addWidget(self.plan_table)
        faces.addWidget(self.variables)
        self.sides.changed.connect(lambda key: faces.setCurrentIndex(int(key == "variables")))
        column.addWidget(faces, 1)
        return side

    # --- which file ---

    @property
    def dirty(self) -> bool:
        return self.editor.dirty

    def show_source(self, source: ReadProject | None) -> None:
        """Show the first file of a project; the same one again keeps what is typed."""
        if source is not None and self.source is not None and source.files == self.source.files and self.editor.path:
            self.source = source
            self._timer.start()
            return
        self.source = source
        self.files.clear()
        self._offer_files(source.files if source else ())
        self.review.setEnabled(source is not None)
        if source is None:
            self.editor.show_other("", translate("ComposeEditor", "Its files are not known: open its compose file."))
        else:
            self._shell.run(self._load(source.files[0]))

    async def _change_file(self, path: str) -> None:
        if path == self.editor.path:
            return
        if await self.may_leave():
            await self._load(path)
        else:
            self.files.setCurrentIndex(self.files.findData(self.editor.path))

    async def may_leave(self) -> bool:
        """Ask what is to become of what was typed; False to stay."""
        if not self.dirty:
            return True
        answer = await ask_leaving(self._shell, self.editor.path)
        if answer is Leaving.SAVE:
            return await self.save()
        if answer is Leaving.DISCARD:
            self.editor.clear()
        return answer is Leaving.DISCARD

    async def _load(self, path: str) -> None:
        try:
            data = await asyncio.to_thread(_read, path)
        except OSError as error:
            told = translate("ComposeEditor", "{0} cannot be read: {1}").format(path, error.strerror)
            self.editor.show_other(path, told)
            return
        if len(data) > _MOST or not self.editor.show_bytes(path, data):
            self.editor.show_other(path, translate("ComposeEditor", "This is no text that can be edited"))
        self.check()

    # --- checking ---

    def check(self) -> None:
        """Read the text as it stands, and plan it where nothing is wrong."""
        self._timer.stop()
        if self.source is not None and self.editor.editable and self._shell.client.is_ready:
            self._asked += 1
            self._shell.run(self._check(self._asked, self._edited(self.source)))

    def _edited(self, source: ReadProject) -> ReadProject:
        try:
            text = self.editor.data().decode()
        except (NotInThisEncoding, UnicodeDecodeError):
            return source
        return msgspec.structs.replace(source, texts={self.editor.path: text})

    async def _check(self, number: int, source: ReadProject) -> None:
        client = self._shell.client
        told: ProjectPlan | None = None
        try:
            told = await client.call(lambda engine: engine.projects.plan(UpProject(source=source)))
            problems = told.problems
        except WherryError as error:
            problems = (ProjectProblem(message=words_of(error).title),)
        if number != self._asked:
            return  # typed on meanwhile
        self.plan = plan = told if all(problem.warning for problem in problems) else None
        self.problems.set_items((str(at), problem) for at, problem in enumerate(problems))
        self.steps.set_items((step.id, words.StepRow(step)) for step in (plan.steps if plan else ()))
        self._summary.set_text(words.summary_text(plan.steps) if plan else "")
        self.review.setEnabled(plan is not None)
        self.problem_table.setVisible(bool(problems))
        self._faults = problems
        if told is not None and told.env_files:
            self.variables.set_values(told.values, told.env_files)
            self._offer_files(told.env_files)
        self._mark()

    def _offer_files(self, paths: Sequence[str]) -> None:
        """Those of the project, and the .env files that are there, which can be edited as text too."""
        own = self.source.files if self.source else ()
        directory = os.path.dirname(own[0]) if own else ""
        for path in paths:
            if self.files.findData(path) < 0 and (path in own or os.path.isfile(path)):
                short = os.path.relpath(path, directory)
                self.files.addItem(path if short.startswith("..") else short, path)
                self.files.setItemData(self.files.count() - 1, path, Qt.ItemDataRole.ToolTipRole)
        self.files.setVisible(self.files.count() > 1)

    def _on_variable(self, path: str) -> None:
        """A value was written into a file: if that is the one shown, it is read again."""
        if self.editor.path == path and not self.dirty:
            self._shell.run(self._load(path))
        else:
            self.check()

    def _mark(self) -> None:
        """Colour the lines that something is wrong with."""
        marks = []
        document = self.editor.text.document()
        for problem in self._faults:
            block = document.findBlockByNumber(problem.line - 1)
            if not problem.line or problem.file not in ("", self.editor.path) or not block.isValid():
                continue
            mark = QTextEdit.ExtraSelection()
            style = QTextCharFormat()
            style.setBackground(color(Role.WARNING_SOFT if problem.warning else Role.DANGER_SOFT))
            style.setProperty(QTextFormat.Property.FullWidthSelection, True)  # noqa: FBT003
            mark.format, mark.cursor = style, QTextCursor(block)
            marks.append(mark)
        self.editor.text.setExtraSelections(marks)

    def _on_problem(self, keys: list[str]) -> None:
        problem = self.problems.item(keys[0]) if keys else None
        if problem is None or not problem.line or problem.file not in ("", self.editor.path):
            return
        block = self.editor.text.document().findBlockByNumber(problem.line - 1)
        if block.isValid():
            self.editor.text.setTextCursor(QTextCursor(block))
            self.editor.text.centerCursor()

    # --- a line of docker's ---

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """A `docker run` line that is pasted becomes a service; anything else is pasted as it is."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            text = QGuiApplication.clipboard().text()
            if event.matches(QKeySequence.StandardKey.Paste) and self.editor.editable and looks_like_run_line(text):
                self._shell.run(self._paste_line(text))
                return True
        return False

    async def _paste_line(self, line: str) -> None:
        try:
            name, addition = service_of_line(line)
        except Unreadable as error:
            self._shell.toast(fault_text(error), Tone.DANGER)
            return
        before = self.editor.shown_text()
        after = await self._shell.client.call(lambda engine: engine.projects.with_services(before, addition))
        self.editor.put(after)
        self._shell.toast(translate("ComposeEditor", "The line became the service {0}").format(name), Tone.SUCCESS)

    # --- saving ---

    async def save(self) -> bool:
        """Write the file; where somebody else wrote into it, only after a question. False if it was not written."""
        if not self.dirty:
            return True
        try:
            data = self.editor.data()
        except NotInThisEncoding as error:
            told = translate("ComposeEditor", "“{0}” cannot be written in {1}, in which this file is.")
            self._shell.toast(told.format(error.sign, error.encoding), Tone.DANGER)
            return False
        path = Path(self.editor.path)
        try:
            now = await asyncio.to_thread(path.read_bytes)
            if now not in (self.editor.original, data) and not await self._may_overwrite(path):
                return False
            await asyncio.to_thread(replace_file, path, data)
        except OSError as error:
            told = translate("ComposeEditor", "{0} could not be written: {1}").format(path, error.strerror)
            self._shell.toast(told, Tone.DANGER)
            return False
        self.editor.saved(data)
        self._shell.toast(translate("ComposeEditor", "Saved {0}").format(path), Tone.SUCCESS)
        return True

    async def _may_overwrite(self, path: Path) -> bool:
        question = Confirmation(
            title=translate("ComposeEditor", "{0} was changed meanwhile").format(path),
            text=translate("ComposeEditor", "Somebody else wrote into it since it was opened. That would go."),
            accept=translate("ComposeEditor", "Write mine over them"),
        )
        return await self._shell.confirm(question) is not None

    def _on_review(self) -> None:
        self._shell.run(self._save_and_review())

    async def _save_and_review(self) -> None:
        """What is accepted is what lies on the disk: so it is saved first."""
        if await self.save():
            self.review_wanted.emit()


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(_MOST + 1)
