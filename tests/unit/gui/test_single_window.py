"""Who is first has the claim; who comes later knocks, waits for one that is ending, and trips over nothing stale."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from gui.single_window import ANSWER, Claim, Second, claim_or_knock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "run" / "window.lock", tmp_path / "run" / "window.sock"


@pytest.fixture
def first(places: tuple[Path, Path]) -> Iterator[Claim]:
    claim = claim_or_knock(*places)
    assert isinstance(claim, Claim)
    yield claim
    claim.release()


def answer_one(claim: Claim, heard: list[bytes]) -> None:
    claim.listener.settimeout(10)
    line, _ = claim.listener.accept()
    with line:
        heard.append(line.recv(1024))
        line.sendall(ANSWER)


def test_the_second_is_shown_the_first_with_the_token_of_the_desktop(
    first: Claim, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "token-1")
    heard: list[bytes] = []
    window = threading.Thread(target=answer_one, args=(first, heard))
    window.start()
    assert claim_or_knock(*places) is Second.SHOWN
    window.join()
    assert heard == [b"token-1\n"]


def test_a_window_that_does_not_answer_is_told_of(first: Claim, places: tuple[Path, Path]) -> None:
    assert claim_or_knock(*places, patience=0.1) is Second.UNANSWERED


def test_one_that_is_ending_is_waited_for(places: tuple[Path, Path]) -> None:
    ending = claim_or_knock(*places)
    assert isinstance(ending, Claim)
    ending.close_door()
    tried = threading.Event()
    got: list[object] = []

    def start_again() -> None:
        tried.set()
        got.append(claim_or_knock(*places))

    second = threading.Thread(target=start_again)
    second.start()
    assert tried.wait(10)
    ending.release()
    second.join()
    assert isinstance(got[0], Claim)
    got[0].release()


def test_the_socket_of_a_killed_window_is_in_nobodys_way(places: tuple[Path, Path]) -> None:
    places[1].parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(places[1]))
    assert places[1].exists()
    claim = claim_or_knock(*places)
    assert isinstance(claim, Claim)
    claim.release()
    assert not places[1].exists()


def test_stores_that_share_a_run_directory_have_their_own(tmp_path: Path) -> None:
    from engine.storage.paths import Paths

    one, other = Paths(tmp_path / "a", tmp_path / "run"), Paths(tmp_path / "b", tmp_path / "run")
    claims = [claim_or_knock(paths.window_lock, paths.window_door) for paths in (one, other)]
    for claim in claims:
        assert isinstance(claim, Claim)
        claim.release()
