"""What may be dropped onto the window, wherever no page wants it for itself: archives, projects, folders to build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.compose.project_files import files_of
from gui.actions.program import ARCHIVE_ENDINGS, load_archives
from gui.actions.projects import open_project
from gui.theme import Tone
from gui.widgets.drop_area import DropArea
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from gui.shell import Shell

_YAML = (".yaml", ".yml")
_DOCKERFILES = frozenset({"dockerfile", "containerfile"})


class WindowDrop:
    """Makes a widget take what is dropped onto it."""

    def __init__(self, shell: Shell, target: QWidget) -> None:
        self._shell = shell
        self.area = DropArea(target, offer)
        self.area.dropped.connect(self._take)

    def take(self, path: str) -> None:
        """What is named by hand: a file of YAML is a project's, whatever is wrong with it."""
        if path.lower().endswith(_YAML) and Path(path).is_file():
            self._shell.run(open_project(self._shell, path))
        elif not Path(path).exists():
            self._shell.toast(translate("WindowDrop", "There is no {0}").format(path), Tone.WARNING)
        else:
            self._take([path])

    def _take(self, paths: list[str]) -> None:
        if _is_archive(paths[0]):
            self._shell.run(load_archives(self._shell, paths))
        elif files_of(paths[0]):
            self._shell.run(open_project(self._shell, paths[0]))
        else:
            first = Path(paths[0])
            self._shell.open_dialog("build", folder=str(first if first.is_dir() else first.parent))


def offer(path: str) -> str:
    """What dropping a path onto the window would do."""
    if _is_archive(path):
        return translate("WindowDrop", "Drop to load the images in it")
    if files_of(path):
        return translate("WindowDrop", "Drop to open the project")
    if Path(path).is_dir() or Path(path).name.lower() in _DOCKERFILES:
        return translate("WindowDrop", "Drop to build an image from it")
    return ""


def _is_archive(path: str) -> bool:
    return path.lower().endswith(ARCHIVE_ENDINGS) and not Path(path).is_dir()
