"""A window on the fake engine in a process of its own, led by lines on stdin: for tests that look at it from outside.

Each line is a JSON list: ["navigate", page, object, detail], ["dialog", name, arguments], ["toast", words], ["close"].
"ok" is answered on stdout once it is done and has settled. {"container": NAME} and {"image": TAG} stand for ids.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gui.application import Application

_TURNS = 8


def main() -> int:
    from PySide6.QtCore import QSettings

    from gui.application import make_qt_application, run
    from gui.settings import WindowSettings
    from tests.fakes.engine import open_fake_engine
    from tests.fakes.world import populate

    make_qt_application()

    def started(application: Application) -> None:
        loop = asyncio.get_event_loop()

        def listen() -> None:
            for line in sys.stdin:
                asyncio.run_coroutine_threadsafe(_obey(application, json.loads(line)), loop).result()
                sys.stdout.write("ok\n")
                sys.stdout.flush()
            application.client.post(application.end)

        threading.Thread(target=listen, daemon=True, name="orders").start()

    with tempfile.NamedTemporaryFile(suffix=".ini") as file:
        settings = WindowSettings(QSettings(file.name, QSettings.Format.IniFormat))
        settings.welcomed, settings.keep_in_tray = True, False
        return run(lambda: open_fake_engine(populate), settings=settings, started=started)


async def _obey(application: Application, order: list[Any]) -> None:
    while not application.client.is_ready:  # noqa: ASYNC110 - looked at from outside
        await asyncio.sleep(0.02)
    window = application.window
    deed, *rest = order
    if deed == "navigate":
        window.navigate(*(_id(application, one) for one in rest))
    elif deed == "dialog":
        window.open_dialog(rest[0], **rest[1])
    elif deed == "toast":
        window.toast(rest[0])
    elif deed == "close":
        from PySide6.QtWidgets import QApplication, QDialog

        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QDialog) and dialog.isVisible():
                dialog.reject()
    for _ in range(_TURNS):
        await asyncio.sleep(0.05)


def _id(application: Application, words: Any) -> str:
    mirror = application.client.mirror
    if isinstance(words, dict):
        kind, name = next(iter(words.items()))
        if kind == "container":
            return next(one.id for one in mirror.containers.values() if one.name == name)
        if kind == "build":
            return next(one.id for one in mirror.builds.values() if (one.failure is not None) == name)
        return next(one.id for one in mirror.images.values() if any(name in tag for tag in one.tags))
    return str(words)


if __name__ == "__main__":
    sys.exit(main())
