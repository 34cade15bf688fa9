"""A desk: an X server with a window manager, the program on it in a process of its own, and what journeys share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

import pytest

from tests.support.display import serve_display
from tests.support.processes import running
from tests.system.gui.hands import Hands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.stores import ShortTmp

CHECKOUT = Path(__file__).resolve().parents[3]
_SECONDS, _PAUSE = 40.0, 0.1
BY = pytest.mark.parametrize("by", ["mouse", "keyboard"])


@pytest.fixture(scope="module")
def desk() -> Iterator[str]:
    """An X server with a window manager: windows get the focus as on a desk."""
    manager = shutil.which("openbox")
    if manager is None:
        pytest.fail("openbox is missing: apt-get install openbox")
    if shutil.which("xdotool") is None:
        pytest.fail("xdotool is missing: apt-get install xdotool")
    with tempfile.TemporaryDirectory(prefix="wd-") as directory:
        folder = Path(directory)
        with serve_display(folder, width=1400, height=900, for_session=True) as display:
            environment = {**os.environ, "DISPLAY": display, "HOME": directory}
            with running([manager, "--sm-disable"], log=folder / "wm.log", env=environment, for_session=True):
                yield display


@pytest.fixture
def at_desk(short_tmp: ShortTmp, desk: str, tmp_path: Path) -> Iterator[Callable[..., Hands]]:
    """Opens the window and gives hands on it; `lines` furnish the engine first, in the window's process."""
    started: list[Popen[bytes]] = []
    environment = {
        **os.environ,
        "WHERRY_ROOT": str(short_tmp.root),
        "WHERRY_RUN": str(short_tmp.run),
        "DISPLAY": desk,
        "QT_QPA_PLATFORM": "xcb",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def open_it(lines: str = "pass", *, welcomed: bool = True) -> Hands:
        program = textwrap.dedent(
            f"""
            import sys
            from gui.application import run
            from engine.embedded import open_engine
            from gui.settings import WindowSettings
            from tests.system.gui.eyes import Eyes
            settings = WindowSettings()
            settings.welcomed, settings.keep_in_tray, settings.on_quit = {welcomed}, False, "stop"
            def started(a):
                a.eyes = Eyes(a)
                a.window.setGeometry(20, 40, 1240, 780)
                async def furnish():
                    client = a.client
            """
        )
        program += textwrap.indent(textwrap.dedent(lines), " " * 8) + "\n"
        program += "        a.furnished = True\n"
        program += "    a.client.ready.connect(lambda: a.window.run(furnish()))\n"
        program += "sys.exit(run(open_engine, settings=settings, started=started))\n"
        window = Popen(
            [sys.executable, "-c", program],
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(window)
        hands = Hands(window, desk)
        hands.until("ready() and getattr(a, 'furnished', False)")
        return hands

    yield open_it
    for window in started:
        quit_window(window)


def quit_window(window: Popen[bytes]) -> None:
    if window.poll() is None and window.stdin is not None:
        window.stdin.write(b"a.end(stop_containers=True)\n")
        window.stdin.flush()
    window.wait(40)
    for stream in (window.stdin, window.stdout):
        if stream is not None:
            stream.close()


FURNISH = """
from tests.system.containers.conftest import BUSYBOX, load_busybox
from engine.types.containers import ContainerSpec, CreateContainer
await client.call(load_busybox)
async def make(name, command=("sleep", "1000"), start=True, **more):
    spec = ContainerSpec(image=BUSYBOX, command=command, network="none", stop_timeout=0.2, **more)
    made = await client.call(lambda engine: engine.containers.create(CreateContainer(spec=spec, name=name)))
    if start:
        await client.call(lambda engine: engine.containers.start(made.id))
"""
"""Lines that load an image and give `make`."""


def only(hands: Hands, by: str) -> None:
    """A journey by mouse presses no key but the letters of a text, one by keyboard no button."""
    assert (hands.pressed_keys == 0) == (by == "mouse")
    assert (hands.clicked == 0) == (by == "keyboard")


def page_of(port: int) -> bytes:
    """What a service says; it may take a moment to listen."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                found: bytes = answer.read()
            return found
        except OSError:
            assert time.monotonic() < deadline, f"nothing answers at port {port}"
            time.sleep(_PAUSE)


MENU_ENTRY = (
    "next((a.eyes._global(m, m.actionGeometry(x).center()) for m in w.findChildren("
    "__import__('PySide6.QtWidgets').QtWidgets.QMenu) if m.isVisible() for x in m.actions()"
    " if x.text().rstrip('…') == {0!r}), None)"
)
