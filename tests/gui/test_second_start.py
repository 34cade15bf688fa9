"""A second start brings the window of the first to the front, wherever that is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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


def knock(driver: Driver, places: tuple[Path, Path]) -> object:
    """Start again beside the window, which goes on meanwhile."""
    got: list[object] = []
    second = threading.Thread(target=lambda: got.append(claim_or_knock(*places)))
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
