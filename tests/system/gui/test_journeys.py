"""What people do, on the real engine, by the window."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt

from engine.types.containers import PortMapping, State
from gui.dialogs.containers.run import EditDialog
from tests.support.processes import free_port
from tests.system.gui.conftest import close_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from gui.settings import WindowSettings
    from tests.support.stores import ShortTmp
    from tests.system.gui.conftest import RealDriver

DEMO = "wherry-demo"
CHECKOUT = Path(__file__).resolve().parents[3]


def page_of(driver: RealDriver, port: int) -> bytes:
    """Fetch the service's page, which may take a moment to listen, while the window goes on."""
    got: list[bytes] = []

    def fetch() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
                got.append(answer.read())
        except OSError:
            return False
        return True

    driver.until(fetch)
    return got[0]


def run_demo(driver: RealDriver) -> int:
    driver.window.page("welcome").demo.click()  # type: ignore[attr-defined]
    driver.until(lambda: DEMO in driver.names() and driver.container(DEMO).state is State.RUNNING)
    # The action ends by showing its container: what the test looks at comes after that.
    driver.until(lambda: any("demo service runs" in text for text in driver.toast_texts()))
    return driver.container(DEMO).ports[0].host_port


def test_first_start_to_removal(open_window: Callable[[], RealDriver], settings: WindowSettings) -> None:
    settings.welcomed = False
    driver = open_window()
    assert driver.window.current_page_id == "welcome"
    port = run_demo(driver)
    assert b"<" in page_of(driver, port)
    key = driver.container(DEMO).id
    driver.window.navigate("containers", key, "logs")
    details: Any = driver.window.page("containers").details  # type: ignore[attr-defined]
    logs = details.tab("logs")
    driver.until(lambda: logs.panel.source is not None and logs.panel.source.line_count() > 0)
    driver.window.navigate("containers", key, "stats")
    stats = details.tab("stats")
    driver.until(lambda: len(stats._buffers["memory"]) > 1)
    driver.window.trigger("container.stop", [driver.container(DEMO)])
    driver.until(lambda: driver.container(DEMO).state is State.EXITED)
    assert driver.container(DEMO).exit is not None
    remove_demo(driver)
    driver.window.removal.undo()
    assert driver.container(DEMO).id == key
    remove_demo(driver)
    driver.window.toasts.clear()
    driver.until(lambda: not driver.window.removal.busy)
    assert DEMO not in driver.names()
    assert not driver.ask(lambda engine: engine.containers.list())
    assert not driver.ask(lambda engine: engine.volumes.list())


def remove_demo(driver: RealDriver) -> None:
    """Its image asks for a volume, which nobody named: whether that goes too is asked."""
    driver.window.trigger("container.remove", [driver.container(DEMO)])
    driver.accept()
    driver.until(lambda: DEMO not in driver.names())


def test_a_port_is_changed_while_the_service_runs(
    open_window: Callable[[], RealDriver], settings: WindowSettings
) -> None:
    driver = open_window()
    driver.window.navigate("welcome")
    port = run_demo(driver)
    page_of(driver, port)
    before = driver.container(DEMO)
    driver.window.open_dialog("edit", container=before.id, section="ports")
    dialog = driver.dialog("dialog.edit")
    assert isinstance(dialog, EditDialog)
    driver.until(lambda: dialog.host_ports)
    wanted = free_port()
    dialog.form.rows("ports").set_value([PortMapping(container_port=8080, host_port=wanted)])
    driver.until(lambda: dialog.apply_button.isEnabled())
    assert "Applies at once" in dialog.changes.text()
    dialog.apply_button.click()
    driver.until(lambda: [p.host_port for p in driver.container(DEMO).ports] == [wanted])
    after = driver.container(DEMO)
    assert after.pid == before.pid, "the service never noticed"
    page_of(driver, wanted)


def test_a_terminal_answers(open_window: Callable[[], RealDriver]) -> None:
    driver = open_window()
    driver.window.navigate("welcome")
    run_demo(driver)
    driver.window.navigate("containers", driver.container(DEMO).id, "terminal")
    details: Any = driver.window.page("containers").details  # type: ignore[attr-defined]
    terminal = details.tab("terminal")
    driver.until(lambda: terminal.sessions and terminal.sessions[0]._link is not None)
    seen: list[bytes] = []
    view = terminal.sessions[0].view
    link = driver.client.terminal(
        _echo(driver.container(DEMO).id), seen.append, lambda _code, _error: seen.append(b"END")
    )
    driver.until(lambda: b"42" in b"".join(seen) and seen[-1] == b"END")
    link.close()
    driver.bot.keyClick(view, Qt.Key.Key_Return)


def _echo(key: str) -> Any:
    from engine.types.containers import Exec

    request = Exec(command=("/bin/sh", "-c", "echo $((6*7))"), tty=True)
    return lambda engine: engine.containers.exec(key, request)


def test_services_outlive_the_window_and_are_there_again(
    open_window: Callable[[], RealDriver], qtbot: QtBot, settings: WindowSettings
) -> None:
    driver = open_window()
    driver.window.navigate("welcome")
    port = run_demo(driver)
    page_of(driver, port)
    pid = driver.container(DEMO).pid
    close_window(driver, qtbot, stop_containers=False)
    again = open_window()
    assert again.container(DEMO).state is State.RUNNING
    assert again.container(DEMO).pid == pid
    page_of(again, again.container(DEMO).ports[0].host_port)


@pytest.fixture
def start_program(short_tmp: ShortTmp, display: str, tmp_path: Path) -> Iterator[Callable[[str], Popen[bytes]]]:
    """A window in a process of its own on the test's store; `lines` are told what it is to do once it has started."""
    started: list[Popen[bytes]] = []
    environment = {
        **os.environ,
        "WHERRY_ROOT": str(short_tmp.root),
        "WHERRY_RUN": str(short_tmp.run),
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "XDG_CONFIG_HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def start(lines: str) -> Popen[bytes]:
        program = (
            "import sys; from gui.application import run; from engine.embedded import open_engine\n"
            f"def started(a):\n{textwrap.indent(lines, '    ')}\n"
            "sys.exit(run(open_engine, started=started))\n"
        )
        process = Popen([sys.executable, "-c", program], cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        kill_9(process)


def kill_9(window: Popen[bytes]) -> None:
    if window.poll() is None:
        window.send_signal(signal.SIGKILL)
    window.wait()
    if window.stdout is not None:
        window.stdout.close()


DEMO_AT_ONCE = "a.client.ready.connect(lambda: a.window.trigger('program.demo'))"
REMOVE_IT = f"""\
async def yes(question):
    return frozenset()
a.window.confirm = yes
asked = []
def look(changes):
    running = [c for c in a.client.mirror.containers.values() if c.pid]
    if running and not asked:
        asked.append(running)
        a.window.trigger('container.remove', running)
a.client.changed.connect(look)
a.window.removal.waiting_changed.connect(lambda waiting: print('hidden', flush=True))
{DEMO_AT_ONCE}
"""


def test_kill_9_of_the_window_loses_nothing(
    open_window: Callable[[], RealDriver], start_program: Callable[[str], Popen[bytes]], short_tmp: ShortTmp
) -> None:
    window = start_program(DEMO_AT_ONCE)
    deadline = time.monotonic() + 30
    while not list(short_tmp.root.glob("containers/*")):
        assert window.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kill_9(window)
    driver = open_window()
    driver.until(lambda: DEMO in driver.names())
    driver.window.navigate("welcome")
    port = run_demo(driver)
    page_of(driver, port)
    problems = driver.ask(lambda engine: engine.host.check_store())
    assert [problem for problem in problems if not problem.mendable] == []


def test_kill_9_while_a_removal_could_be_undone_undoes_it(
    open_window: Callable[[], RealDriver], start_program: Callable[[str], Popen[bytes]]
) -> None:
    window = start_program(REMOVE_IT)
    assert window.stdout is not None
    assert window.stdout.readline() == b"hidden\n"
    kill_9(window)
    driver = open_window()
    driver.until(lambda: DEMO in driver.names())
    assert driver.container(DEMO).state is State.RUNNING
    page_of(driver, driver.container(DEMO).ports[0].host_port)
