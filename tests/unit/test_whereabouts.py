"""Whose the way to a directory is, and that two sessions of one user find the same run directory."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import whereabouts
from engine.cli.reach.wire import Client, Failed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def session(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with a store in `place`, in a session that has no run-time directory, on a machine that makes none."""
    for name in ("WHERRY_RUN", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WHERRY_ROOT", str(place / "store"))
    own = os.getuid()
    monkeypatch.setattr(whereabouts, "_ROOTS_RUN", str(place / "none"))
    monkeypatch.setattr(os, "getuid", lambda: own or 4_000_000_000)
    monkeypatch.setattr(whereabouts, "_is_own_directory", lambda path: path.startswith((str(place), "/tmp/wherry-")))
    return place


# --- the way ---


def test_a_directory_of_ones_own_is_private(place: Path) -> None:
    (place / "a" / "b").mkdir(parents=True)
    assert whereabouts.stranger_on_the_way(str(place / "a" / "b")) == ""
    assert whereabouts.stranger_on_the_way(str(place / "a" / "not yet")) == ""


def test_where_anybody_may_rename_nothing_is_private(place: Path) -> None:
    (place / "shared" / "own").mkdir(parents=True)
    (place / "shared").chmod(0o777)
    assert "anybody may rename" in whereabouts.stranger_on_the_way(str(place / "shared" / "own"))
    (place / "shared").chmod(0o1777)  # there only owners may
    assert whereabouts.stranger_on_the_way(str(place / "shared" / "own")) == ""


def test_a_directory_that_somebody_else_made_first_is_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = place.stat().st_uid
    (place / "wherry-run").mkdir()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)  # to whom it is another's
    expected = f"{place} belongs to user {own}" if own else ""  # what is root's, everybody may trust
    assert whereabouts.stranger_on_the_way(str(place / "wherry-run")) == expected


def test_a_link_is_followed_only_as_far_as_it_is_ones_own(place: Path) -> None:
    (place / "shared" / "x").mkdir(parents=True)
    (place / "shared").chmod(0o777)
    (place / "link").symlink_to("shared/x")
    assert "anybody" in whereabouts.stranger_on_the_way(str(place / "link" / "wherry"))
    (place / "ring").symlink_to("ring")
    assert "ring of links" in whereabouts.stranger_on_the_way(str(place / "ring"))


# --- the same engine from every session ---


def test_a_session_without_a_runtime_directory_finds_the_running_engine(session: Path) -> None:
    run = session / "run"
    run.mkdir()
    (session / "store").mkdir()
    whereabouts.record(str(session / "store"), str(run))
    (run / "docker.sock").touch()
    assert whereabouts.run_directory() == str(run)


def test_a_directory_of_before_the_reboot_is_not_looked_for(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (session / "store").mkdir()
    whereabouts.record(str(session / "store"), str(session))
    (session / "docker.sock").touch()
    monkeypatch.setattr(whereabouts, "_boot", lambda: "another boot")
    assert whereabouts.run_directory() != str(session)


def test_a_made_directory_cannot_be_guessed_and_is_found_again(session: Path) -> None:
    made = whereabouts._make_temporary(str(session / "store"))
    try:
        assert made.startswith("/tmp/wherry-")
        assert len(made) > len("/tmp/wherry-") + 12
        assert os.stat(made).st_mode & 0o777 == 0o700
        assert whereabouts._recorded(str(session / "store")) == made
    finally:
        os.rmdir(made)


# --- who answers ---


def test_a_socket_of_somebody_else_is_told_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """He may have swapped the directory: what he would hear is a password."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "docker.sock"))
        listener.listen()
        listener.settimeout(5)
        monkeypatch.setattr("engine.cli.reach.wire._peer", lambda _connection: 4711)
        with pytest.raises(Failed, match="user 4711"):
            Client(str(place / "docker.sock")).post("/auth", body={"password": "secret"})
        heard, _ = listener.accept()
        with heard:
            assert heard.recv(1) == b""


def test_who_listens_is_asked_of_the_kernel(place: Path) -> None:
    from engine.cli.reach.wire import _peer

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "docker.sock"))
        listener.listen()
        connection = Client(str(place / "docker.sock")).connect()
        assert _peer(connection) == os.getuid()
        connection.close()
