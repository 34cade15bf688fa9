"""Images dragged out of the window: the archive is written from when the drag begins, and handed over at the drop.

A file manager copies what it is given at once, so it may only be given a file that is whole. X11 and Wayland know no
promised files that Qt could speak: who asks for the file before it is there is kept waiting a moment and then gets
nothing, and the archive that is ready a little later can be dragged again at once.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QMimeData, QObject, Qt, QUrl
from PySide6.QtGui import QDrag

from engine.errors import WherryError
from gui.pages.lists.row_drag import THING, Thing, packed, ticket
from gui.presentation.images.words import image_name
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from engine.types.images import Image
    from gui.shell import Shell

_URIS = "text/uri-list"
_PATIENCE_SECONDS = 1.5
"""How long an asker waits: the window stands still meanwhile, and file managers give up after a few seconds."""


class PromisedFile(QMimeData):
    """The address of a file that is being written; given away only once `ready` says that it is whole. Another machine
    in this window takes the `thing` instead."""

    def __init__(self, path: Path, ready: Callable[[], bool], thing: Thing | None = None) -> None:
        super().__init__()
        self._path, self._ready, self._thing = path, ready, thing
        self.asked = self.given = False

    def formats(self) -> list[str]:
        return [_URIS, THING] if self._thing is not None else [_URIS]

    def hasFormat(self, kind: str) -> bool:
        return kind in self.formats()

    def retrieveData(self, kind: str, _wanted: Any) -> Any:
        if kind == THING and self._thing is not None:
            return packed(self._thing)
        if kind != _URIS:
            return None
        self.asked = True
        until = monotonic() + _PATIENCE_SECONDS
        loop = QEventLoop()
        while not self._ready() and monotonic() < until:
            loop.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents, 20)
        if not self._ready():
            return None
        self.given = True
        return [QUrl.fromLocalFile(str(self._path))]


class ImageDrag(QObject):
    """Writes archives for drags. They lie in a temporary folder until the page goes: nobody tells when a copy ends."""

    def __init__(self, shell: Shell, source: QWidget) -> None:
        super().__init__(source)
        self._shell, self._source = shell, source
        self._folder = ""
        self._made: dict[tuple[str, ...], Path] = {}
        self._writing: set[Path] = set()

    def begin(self, images: Sequence[Image]) -> None:
        """Start the drag; returns when it is over."""
        if not images:
            return
        path = self._archive(images)
        client = self._shell.client
        movable = len(images) == 1 and bool(client.machines)
        thing = Thing("image", image_name(images[0]), client.machine) if movable else None
        promised = PromisedFile(path, path.exists, thing)
        drag = QDrag(self._source)
        drag.setMimeData(promised)
        drag.setPixmap(ticket(_ticket_words(image_name(images[0]), len(images)), "image"))
        outcome = drag.exec(Qt.DropAction.CopyAction)
        self._tell(path, promised, dropped=outcome is not Qt.DropAction.IgnoreAction)

    def _archive(self, images: Sequence[Image]) -> Path:
        """Where the archive of these images is or will be; it is begun if it is not there."""
        references = tuple(image.tags[0] if image.tags else image.id for image in images)
        key = tuple(image.id for image in images) + references
        path = self._made.get(key)
        if path is None:
            if not self._folder:
                self._folder = tempfile.mkdtemp(prefix="wherry-drag-")
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            path = self._made[key] = Path(self._folder, str(len(self._made)), archive_name(images))
        if not path.exists() and path not in self._writing:
            self._writing.add(path)
            self._shell.run(self._write(references, path))
        return path

    async def _write(self, references: Sequence[str], path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        try:
            await self._shell.client.operate(lambda engine: engine.images.save_to(references, str(unfinished)))
            unfinished.rename(path)
        except WherryError:
            unfinished.unlink(missing_ok=True)
            raise
        finally:
            self._writing.discard(path)

    def _tell(self, path: Path, promised: PromisedFile, *, dropped: bool) -> None:
        if promised.given or (not dropped and path.exists()):
            return
        if dropped and not promised.asked:
            return  # on another machine, which takes no file
        if path in self._writing:
            words = translate("ImageDrag", "{0} is still being written; drag it again when it is done").format(
                path.name
            )
            self._shell.toast(words, Tone.WARNING)


def archive_name(images: Sequence[Image]) -> str:
    """A file name for an archive of images."""
    stem = re.sub(r"[^\w.-]+", "-", image_name(images[0])).strip("-")
    return f"{stem}.tar"


def _ticket_words(name: str, count: int) -> str:
    more = count - 1
    return translate("ImageDrag", "{0} and {1} more", None, more).format(name, more) if more else name
