"""The way to what takes space; the check of the store and its mending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.pages.sheets.sheet import Sheet, clear_rows
from gui.shell import Confirmation
from gui.theme import Space, Text, Tone
from gui.widgets.buttons import Variant, button
from gui.widgets.card import Card
from gui.widgets.labels import label
from gui.widgets.painted.badge import Badge
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.host import StoreProblem


class StoreSheet(Sheet):
    """The way to what takes space; the check of the store and its mending."""

    def build(self) -> None:
        self._deep = False
        self.usage = Card(translate("Settings", "What takes space"))
        show = button(translate("Settings", "Show"), "disk", on_click=lambda: self.shell.navigate("disk"))
        self.usage.action_row.addWidget(show)
        about = translate("Settings", "Images, build cache, logs, volumes and the rest, and what each can give back.")
        self.usage.body.addWidget(label(about, Text.BODY, Tone.MUTED, wrap=True))
        self.column.addWidget(self.usage)
        self.check = Card(translate("Settings", "Is everything in its place?"))
        ask = button(translate("Settings", "Check"), "doctor", on_click=lambda: self.shell.run(self.check_store()))
        self.mend_button = button(
            translate("Settings", "Mend…"), "bolt", Variant.PRIMARY, lambda: self.shell.run(self.mend())
        )
        self.mend_button.hide()
        deep = button(
            translate("Settings", "Check every file"),
            "layers",
            on_click=lambda: self.shell.run(self.check_store(deep=True)),
        )
        for knob in (ask, deep, self.mend_button):
            self.check.action_row.addWidget(knob)
        self.result = label(
            translate("Settings", "Looks for what no row of the store explains."), Text.BODY, Tone.MUTED
        )
        self.check.body.addWidget(self.result)
        self._problems = QVBoxLayout()
        self.check.body.addLayout(self._problems)
        self.column.addWidget(self.check)

    async def check_store(self, *, deep: bool = False) -> None:
        self._deep = deep
        self.result.setText(
            translate("Settings", "Reading every file…") if deep else translate("Settings", "Checking…")
        )
        problems = await self.client.call(lambda engine: engine.host.check_store(deep=deep))
        self._show(problems)

    async def mend(self) -> None:
        question = Confirmation(
            title=translate("Settings", "Mend the store?"),
            text=translate(
                "Settings",
                "Leftovers go and damaged layers are made anew; nothing that is in use is removed.",
            ),
            accept=translate("Settings", "Mend"),
            danger=False,
        )
        if await self.shell.confirm(question) is not None:
            self._show(await self.client.call(lambda engine: engine.host.check_store(mend=True, deep=self._deep)))

    def _show(self, problems: Sequence[StoreProblem]) -> None:
        clear_rows(self._problems)
        open_ones = [problem for problem in problems if not problem.mended]
        if not problems:
            self.result.setText(translate("Settings", "Everything is in its place."))
        elif open_ones:
            self.result.setText(translate("Settings", "Findings: {0}").format(len(open_ones)))
        else:
            self.result.setText(translate("Settings", "Findings mended: {0}").format(len(problems)))
        self.mend_button.setVisible(any(problem.mendable for problem in open_ones))
        for problem in problems:
            box = QWidget()
            row = QHBoxLayout(box)
            row.setContentsMargins(0, Space.XS, 0, 0)
            word = translate("Settings", "mended") if problem.mended else problem.kind
            row.addWidget(Badge(word, Tone.SUCCESS if problem.mended else Tone.WARNING))
            row.addWidget(label(problem.explanation, wrap=True), 1)
            self._problems.addWidget(box)
