"""Graphs taken along: their figures as a table, and a picture of them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QIODevice, QSaveFile
from PySide6.QtGui import QImageWriter

from engine.errors import StorageError
from gui.presentation.containers.figures import as_csv
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QPixmap

    from engine.types.containers import Container
    from engine.types.stats import Rates
    from gui.bridge import Engine
    from gui.shell import Shell


async def save_figures(shell: Shell, containers: Sequence[Container], first_ns: int, last_ns: int) -> None:
    """The recorded figures of a stretch of time, of one or several containers, as CSV."""
    names = {one.id: one.name for one in containers}
    path = await shell.choose_save_file(
        translate("FiguresExport", "Save the figures"), f"{'-'.join(sorted(names.values())[:3])}.csv", "CSV (*.csv)"
    )
    if not path:
        return

    async def ask(engine: Engine) -> list[Rates]:
        seconds = max(1.0, time.time() - first_ns / 1e9)
        rows = [one for key in names for one in await engine.stats.history(key, seconds=seconds)]
        return sorted((one for one in rows if one.time_ns <= last_ns), key=lambda one: one.time_ns)

    rows = await shell.client.call(ask)
    table = await asyncio.to_thread(as_csv, rows, names)
    target = Path(path)
    if not await asyncio.to_thread(_written_whole, target, lambda file: file.write(table.encode()) >= 0):
        raise StorageError(translate("FiguresExport", "The figures could not be written to {0}").format(target))
    shell.toast(translate("FiguresExport", "{0} rows saved to {1}", None, len(rows)).format(len(rows), Path(path).name))


async def save_picture(shell: Shell, picture: QPixmap, name: str) -> None:
    path = await shell.choose_save_file(
        translate("FiguresExport", "Save a picture of the graphs"), f"{name}.png", "PNG (*.png)"
    )
    if path:
        target = Path(path) if Path(path).suffix else Path(f"{path}.png")
        image, suffix = picture.toImage(), target.suffix[1:].encode()
        if not await asyncio.to_thread(
            _written_whole, target, lambda file: QImageWriter(file, QByteArray(suffix)).write(image)
        ):
            raise StorageError(translate("FiguresExport", "The picture could not be written to {0}").format(target))
        shell.toast(translate("FiguresExport", "The picture is in {0}").format(target.name))


def _written_whole(target: Path, write: Callable[[QIODevice], bool]) -> bool:
    """Under another name first: whoever looks meanwhile, and a full disk, finds the old file and never half of one."""
    file = QSaveFile(str(target))
    return file.open(QIODevice.OpenModeFlag.WriteOnly) and write(file) and file.commit()
