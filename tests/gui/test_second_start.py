"""A second start brings the window of the first to the front, wherever that is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from gui.single_window import Claim, Second, claim_or_knock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.gui.conftest import Driver

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "window.lock", tmp_path / "window.sock"


def knock(driver: Driver, places: tuple[Path, Path], wanted: str = "") -> object:
    """Start again beside the window, which goes on meanwhile."""
    got: list[object] = []
    second = threading.Thread(target=lambda: got.append(claim_or_knock(*places, wanted=wanted)))
    second.start()
    driver.until(lambda: got)
    second.join()
    return got[0]


def test_a_window_in_the_tray_or_minimized_comes_back(driver: Driver, places: tuple[Path, Path]) -> None:
    claim = claim_or_knock(*places)
    assert isinstance(claim, Claim)
    driver.application.hear(claim)
    driver.window.hide()
    assert knock(driver, places) is Second.SHOWN
    assert driver.window.isVisible()
    driver.window.showMinimized()
    assert knock(driver, places) is Second.SHOWN
    assert not driver.window.isMinimized()


def test_what_the_second_is_to_open_is_opened_in_the_window_of_the_first(
    driver: Driver, places: tuple[Path, Path], tmp_path: Path
) -> None:
    claim = claim_or_knock(*places)
    assert isinstance(claim, Claim)
    driver.application.hear(claim)
    folder = tmp_path / "bäckerei ♥"
    folder.mkdir()
    (folder / "compose.yaml").write_text("name: bakery\nservices: {site: {image: nginx}}\n")
    (folder / "broken.yaml").write_text("services: [\n")
    page: Any = driver.window.page("projects")
    assert knock(driver, places, str(folder)) is Second.SHOWN
    driver.until(lambda: page.details.isVisible() and page.details.row.project.name == "bakery")
    assert knock(driver, places, str(folder / "broken.yaml")) is Second.SHOWN
    driver.until(lambda: page.details.file.editor.path == str(folder / "broken.yaml"))
    assert knock(driver, places, str(folder / "nothing")) is Second.SHOWN
    driver.until(lambda: any("There is no" in text for text in driver.toast_texts()))


def test_a_window_that_ends_answers_no_more(make_driver: Callable[..., Driver], places: tuple[Path, Path]) -> None:
    driver = make_driver()
    claim = claim_or_knock(*places)
    assert isinstance(claim, Claim)
    driver.application.hear(claim)
    driver.application.end()
    assert claim_or_knock(*places, patience=0.0) is Second.UNANSWERED
    claim.release()


def answers(door: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(str(door)) == 0


class Starts(NamedTuple):
    first: Callable[[], subprocess.Popen[bytes]]
    second: Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starts]:
    """Starts the program on the fake engine, each time for the same store."""
    started: list[subprocess.Popen[bytes]] = []
    environment = {
        **os.environ,
        "WHERRY_ROOT": str(tmp_path / "store"),
        "WHERRY_RUN": str(tmp_path / "run"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def run() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gui", "--engine", "tests.fakes.engine:open_fake_engine"]
        started.append(subprocess.Popen(command, cwd=CHECKOUT, env=environment))
        return started[-1]

    def first() -> subprocess.Popen[bytes]:
        """One that has the claim: what is started after it is the second."""
        process = run()
        deadline = time.monotonic() + PATIENCE
        while not any(answers(door) for door in tmp_path.glob("run/window-*.sock")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process

    yield Starts(first, run)
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_the_second_process_ends_and_the_first_goes_on(start: Starts) -> None:
    first = start.first()
    assert start.second().wait(PATIENCE) == 0
    assert first.poll() is None


def test_after_kill_9_the_next_start_is_the_first(start: Starts) -> None:
    killed = start.first()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    heir = start.first()
    assert start.second().wait(PATIENCE) == 0
    assert heir.poll() is None


def test_a_file_managers_command_opens_the_window_and_the_folder(tmp_path: Path) -> None:
    """As the desktop entry says it, up to the arguments of the window's own process."""
    entry = ConfigParser(interpolation=None)
    entry.read(CHECKOUT / "packaging/wherry.desktop")
    said = entry["Desktop Entry"]
    assert {"application/yaml", "inode/directory"} <= set(said["MimeType"].split(";"))
    words = [str(tmp_path) if word == "%f" else word for word in said["Exec"].split()]
    assert words == ["wherry", "open", str(tmp_path)]
    look = "import os, sys; os.execv = lambda _program, words: print(words[-4:]); "
    code = look + "from engine.cli.main import main; sys.exit(main(sys.argv[1:]) or 0)"
    for given, wanted in ((words[1:], ["-m", "gui", "--", str(tmp_path)]), (["open"], ["-P", "-m", "gui"])):
        done = subprocess.run(
            [sys.executable, "-c", code, *given], cwd=CHECKOUT, capture_output=True, text=True, check=True
        )
        assert str(wanted)[1:-1] in done.stdout
    refused = subprocess.run(
        [sys.executable, "-c", code, "open", "a", "b"], cwd=CHECKOUT, capture_output=True, check=False
    )
    assert refused.returncode == 1


def test_the_window_opens_what_it_was_started_with_once_the_engine_is_there(
    make_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text("name: bakery\nservices: {site: {image: nginx}}\n")
    driver = make_driver()
    assert driver.client.is_ready
    driver.window.open_path(str(tmp_path))
    page: Any = driver.window.page("projects")
    driver.until(lambda: page.details.isVisible() and page.details.row.project.name == "bakery")
