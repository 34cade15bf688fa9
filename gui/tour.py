"""The tour: opens the window on the engine, visits every page and tab, keeps a picture of each, and ends."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QDialog

from engine.types.containers import ALIVE_STATES
from gui.application import Application, run
from gui.pages.catalogue import pages
from gui.settings import WindowSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.types.containers import Container
    from gui.bridge import Engine

_READY_SECONDS = 30.0
_SETTLE_SECONDS = 0.8
_STATS_SECONDS = 4.0
_CHECKS_SECONDS = 3.0
TABS = ("overview", "logs", "terminal", "stats", "files", "processes", "changes", "inspect", "history")


def take_screenshots(
    open_engine: Callable[[], Awaitable[Engine]], folder: str, size: tuple[int, int], look: str
) -> int:
    """Gives 0 if every picture was taken."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    failed: list[BaseException] = []

    def started(application: Application) -> None:
        application.window.resize(*size)
        tour = asyncio.get_event_loop().create_task(_visit(application, target))

        def over(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                failed.append(error)
            application.end()

        tour.add_done_callback(over)
        application.client.failed.connect(failed.append)
        application.client.failed.connect(lambda _error: tour.cancel())

    # Settings of its own: a tour leaves no trace in those of the person.
    with tempfile.NamedTemporaryFile(suffix=".ini") as file:
        settings = WindowSettings(QSettings(file.name, QSettings.Format.IniFormat))
        settings.keep_in_tray, settings.welcomed = False, True
        status = run(open_engine, look=look, settings=settings, started=started)
    if failed:
        raise failed[0]
    return status


async def _visit(application: Application, target: Path) -> None:
    window, client = application.window, application.client
    ready = asyncio.Event()
    client.ready.connect(ready.set)
    if not client.is_ready:
        async with asyncio.timeout(_READY_SECONDS):
            await ready.wait()

    async def picture(name: str, wait: float = _SETTLE_SECONDS) -> None:
        await asyncio.sleep(wait)
        window.grab().save(str(target / f"{name}.png"))

    window.navigate("welcome")
    await picture("welcome")
    for entry in pages():
        window.navigate(entry.id)
        await picture(entry.id, _STATS_SECONDS if entry.id == "containers" else _SETTLE_SECONDS)
    for sheet in ("doctor", "store", "registries"):
        window.navigate("settings", "", sheet)
        await picture(f"settings-{sheet}", _CHECKS_SECONDS if sheet == "doctor" else _SETTLE_SECONDS)
    container = _liveliest(list(client.mirror.containers.values()))
    if container is not None:
        for tab in TABS:
            window.navigate("containers", container.id, tab)
            await picture(f"container-{tab}", _STATS_SECONDS if tab == "stats" else _SETTLE_SECONDS)
    image = next(iter(client.mirror.images.values()), None)
    if image is not None:
        window.navigate("images", image.id)
        await picture("image")
    for build in client.mirror.builds.values():
        failed = build.failure is not None
        window.navigate("builds", build.id, "dockerfile" if failed else "output")
        await picture("build-failed" if failed else "build")
    window.open_dialog("run", image=image.tags[0] if image is not None and image.tags else "")
    await asyncio.sleep(_SETTLE_SECONDS)
    for dialog in QApplication.topLevelWidgets():
        if isinstance(dialog, QDialog) and dialog.isVisible():
            dialog.grab().save(str(target / f"{dialog.objectName().replace('.', '-')}.png"))
            dialog.close()


def _liveliest(containers: list[Container]) -> Container | None:
    """A running one with ports, if there is one."""
    return max(containers, key=lambda c: (c.state in ALIVE_STATES, len(c.ports), c.created), default=None)
