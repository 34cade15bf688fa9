"""Build an image from a folder or a repository: where, which Dockerfile, under which name, with which values."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from engine.types.builds import Allowance, BuildImage
from gui.theme import Space, Text, Tone, mono
from gui.widgets.buttons import Variant, button
from gui.widgets.labels import form_label, label
from gui.widgets.layouts import foot
from gui.words import translate

if TYPE_CHECKING:
    from gui.shell import Shell

_WIDTH = 560
_MOST_READ = 1 << 20
_ADDRESS = re.compile(r"(?:https?|git|ssh)://\S|git@\S+:|github\.com/\S")
_RIGHTS: dict[str, Allowance] = {"--network=host": "network.host", "--security=insecure": "security.insecure"}


class BuildDialog(QDialog):
    """Says at once what is missing; Build is possible when nothing is."""

    def __init__(self, shell: Shell, folder: str = "") -> None:
        super().__init__(shell.dialog_parent)
        self._shell = shell
        self.setWindowTitle(translate("BuildDialog", "Build an image"))
        self.setMinimumWidth(_WIDTH)
        self.folder = QLineEdit(folder)
        self.folder.setPlaceholderText(
            translate("BuildDialog", "Folder with a Dockerfile, or a repository: https://….git#branch:folder")
        )
        self.dockerfile = QComboBox(editable=True)
        self.tag = QLineEdit()
        self.tag.setPlaceholderText(translate("BuildDialog", "name:tag"))
        self.target = QLineEdit()
        self.target.setPlaceholderText(translate("BuildDialog", "the last stage"))
        self.arguments = QPlainTextEdit()
        self.arguments.setFont(mono(Text.SMALL))
        self.arguments.setPlaceholderText("NAME=value")
        self.arguments.setFixedHeight(72)
        self.pull = QCheckBox(translate("BuildDialog", "Look for newer base images"))
        self.no_cache = QCheckBox(translate("BuildDialog", "Do every step again, even if nothing changed"))
        self.allowances = {
            "network.host": QCheckBox(translate("BuildDialog", "Allow it what it asks: this machine's network")),
            "security.insecure": QCheckBox(translate("BuildDialog", "Allow it what it asks: all capabilities")),
        }
        self.problem = label("", Text.SMALL, Tone.DANGER, wrap=True)
        self._lay_out()
        self.folder.textChanged.connect(self._on_folder)
        self.dockerfile.currentTextChanged.connect(self._check)
        self.arguments.textChanged.connect(self._check)
        self._on_folder()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(Space.L)
        form.setVerticalSpacing(Space.M)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        place = QHBoxLayout()
        place.addWidget(self.folder, 1)
        place.addWidget(button(translate("BuildDialog", "Choose…"), "folder-open", Variant.DEFAULT, self._choose))
        rows: tuple[tuple[str, QWidget | QHBoxLayout, QWidget], ...] = (
            (translate("BuildDialog", "Folder or repository"), place, self.folder),
            (translate("BuildDialog", "Dockerfile"), self.dockerfile, self.dockerfile),
            (translate("BuildDialog", "Name"), self.tag, self.tag),
            (translate("BuildDialog", "Stage"), self.target, self.target),
            (translate("BuildDialog", "Arguments"), self.arguments, self.arguments),
        )
        for text, field, named in rows:
            named.setAccessibleName(text)
            form.addRow(form_label(text), field)
        form.addRow("", self.pull)
        form.addRow("", self.no_cache)
        for box in self.allowances.values():
            form.addRow("", box)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.L)
        column.addWidget(label(translate("BuildDialog", "Build an image"), Text.HEADING))
        column.addLayout(form)
        column.addWidget(self.problem)
        self.accept_button = button(translate("BuildDialog", "Build"), "build", Variant.PRIMARY, self.accept)
        column.addLayout(
            foot(button(translate("BuildDialog", "Cancel"), "", Variant.DEFAULT, self.reject), self.accept_button)
        )

    def request(self) -> BuildImage:
        folder = self._folder()
        values = dict(line.partition("=")[::2] for line in self.arguments.toPlainText().split("\n") if line.strip())
        return BuildImage(
            context=folder,
            dockerfile=self.dockerfile.currentText().strip() or "Dockerfile",
            tags=tuple(tag for tag in self.tag.text().split() if tag),
            target=self.target.text().strip(),
            build_args={name.strip(): value for name, value in values.items()},
            no_cache=self.no_cache.isChecked(),
            pull=self.pull.isChecked(),
            allow=tuple(each for each in get_args(Allowance) if self.allowances[each].isChecked()),
        )

    def accept(self) -> None:
        request = self.request()
        shell = self._shell

        async def build_and_show() -> None:
            ticket = await shell.client.begin(lambda engine: engine.builds.build(request))
            shell.navigate("builds", ticket.id)

        super().accept()
        shell.run(build_and_show())

    # --- checking ---

    def _folder(self) -> str:
        text = self.folder.text().strip()
        return text if is_address(text) else os.path.expanduser(text)

    def _choose(self) -> None:
        async def choose() -> None:
            folder = await self._shell.choose_folder(translate("BuildDialog", "Choose the folder to build"))
            if folder:
                self.folder.setText(folder)

        self._shell.run(choose())

    def _on_folder(self) -> None:
        folder = self._folder()
        found = dockerfiles_in(folder) if os.path.isdir(folder) else []
        self.dockerfile.clear()
        self.dockerfile.addItems(found or ["Dockerfile"])
        if folder and not self.tag.isModified():
            self.tag.setText(suggested_name(folder))
        self._check()

    def _check(self) -> None:
        self._ask_for_what_it_wants()
        problem = self._problem()
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.accept_button.setEnabled(not problem and bool(self._folder()))

    def _ask_for_what_it_wants(self) -> None:
        """A question that the Dockerfile does not raise is not put, and what it no longer asks is not allowed."""
        wanted = rights_asked_by(Path(self._folder(), self.dockerfile.currentText().strip()))
        for each, box in self.allowances.items():
            box.setVisible(each in wanted)
            if each not in wanted:
                box.setChecked(False)

    def _problem(self) -> str:
        folder = self._folder()
        if not folder:
            return ""
        if is_address(folder):
            return self._problem_of_arguments()
        if not os.path.isdir(folder):
            return translate("BuildDialog", "There is no folder {0}").format(folder)
        name = self.dockerfile.currentText().strip()
        if not os.path.isfile(os.path.join(folder, name)):
            return translate("BuildDialog", "There is no {0} in that folder").format(name)
        return self._problem_of_arguments()

    def _problem_of_arguments(self) -> str:
        for line in self.arguments.toPlainText().splitlines():
            if line.strip() and not line.partition("=")[0].strip():
                return translate("BuildDialog", "“{0}” has no name before its =").format(line)
        return ""


def is_address(text: str) -> bool:
    """A repository or an archive of the web, which the engine fetches itself."""
    return _ADDRESS.match(text) is not None


def dockerfiles_in(folder: str) -> list[str]:
    """Files of the folder that are recipes by their names, the usual one first."""
    names = [path.name for path in Path(folder).iterdir() if path.is_file()]
    recipes = [name for name in names if "dockerfile" in name.lower() or "containerfile" in name.lower()]
    recipes = [name for name in recipes if not name.endswith(".dockerignore")]
    return sorted(recipes, key=lambda name: (name != "Dockerfile", name != "Containerfile", name))


def rights_asked_by(dockerfile: Path) -> set[str]:
    """What RUN may not have unasked. This only puts the question; the engine refuses what was not allowed."""
    try:
        with dockerfile.open(encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST_READ)
    except OSError:
        return set()
    return {right for flag, right in _RIGHTS.items() if flag in text}


def suggested_name(folder: str) -> str:
    """The folder's name, as an image may be called."""
    place = folder.partition("#")[0].rstrip("/").removesuffix(".git") if is_address(folder) else os.path.abspath(folder)
    base = os.path.basename(place).lower()
    allowed = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in base).strip("._-")
    return allowed or "image"
