"""The terminal of a person joined with the stream of a process, and boards rewritten in place, on real terminals."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import socket
import termios
import threading
from typing import TYPE_CHECKING, Any

import pytest

from engine.cli.compose.steps import follow
from engine.cli.containers.running import _signals_to
from engine.cli.printed.paper import clear_screen
from engine.cli.reach.wire import Failed
from engine.cli.streams.progress import show_messages
from engine.cli.streams.terminal import Detached, converse, raw_mode, watch_size

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Any]]:
    """A person's end, and the terminal as a text file."""
    near, far = pty.openpty()
    termios.tcsetwinsize(far, (24, 40))
    with open(far, "w", encoding="utf-8") as out:
        yield near, out
    os.close(near)


def shown(near: int) -> str:
    os.set_blocking(near, False)
    data = b""
    with contextlib.suppress(BlockingIOError):
        while piece := os.read(near, 1 << 16):
            data += piece
    return data.decode().replace("\r\n", "\n")


@contextlib.contextmanager
def in_place_of(number: int, other: int) -> Iterator[None]:
    kept = os.dup(number)
    os.dup2(other, number)
    try:
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)


def talk(typed: bytes, said: bytes, *, framed: bool = False, tty: bool = False, keys: str = "") -> bytes:
    """What the process got of what was typed; what it says comes once it has all of that."""
    ours, theirs = socket.socketpair()
    read_end = os.memfd_create("typed")
    os.write(read_end, typed)
    os.lseek(read_end, 0, os.SEEK_SET)
    got = bytearray()

    def process() -> None:
        with theirs, contextlib.suppress(OSError):
            while data := theirs.recv(1 << 16):
                got.extend(data)
            theirs.sendall(said)

    other = threading.Thread(target=process)
    other.start()
    try:
        with in_place_of(0, read_end), ours:
            converse(ours, b"", framed=framed, stdin=True, tty=tty, detach_keys=keys)
    finally:
        os.close(read_end)
        other.join(20)
    return bytes(got)


def test_what_is_typed_goes_in_and_what_is_said_comes_out(capfd: pytest.CaptureFixture[str]) -> None:
    assert talk(b"hello" * 50_000, b"plain") == b"hello" * 50_000
    assert capfd.readouterr() == ("plain", "")
    said = b"\x01\0\0\0\0\0\0\x03out\x02\0\0\0\0\0\0\x03err"
    assert talk(b"", said, framed=True) == b""
    assert capfd.readouterr() == ("out", "err")


def test_keys_to_leave_with_end_it_only_on_a_terminal() -> None:
    assert talk(b"a\x10\x11b", b"") == b"a\x10\x11b"
    with pytest.raises(Detached):
        talk(b"a\x10\x11b", b"", tty=True, keys="ctrl-p,ctrl-q")
    with pytest.raises(Detached):
        talk(b"xxq", b"", tty=True, keys="x,q")
    assert talk(b"a\x10b", b"", tty=True, keys="ctrl-p,ctrl-q") == b"a\x10b"


def test_a_process_that_has_ended_takes_no_more() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"")
    theirs.close()
    read_end, write_end = os.pipe()
    os.write(write_end, b"typed")
    with in_place_of(0, read_end), ours:
        converse(ours, b"", framed=False, stdin=True, tty=False, detach_keys="")
    os.close(read_end)
    os.close(write_end)


def test_keys_go_through_as_typed_and_the_terminal_is_given_back(terminal: tuple[int, Any]) -> None:
    _, out = terminal
    before = termios.tcgetattr(out.fileno())
    with in_place_of(0, out.fileno()):
        with contextlib.suppress(ValueError), raw_mode(enabled=True):
            now = termios.tcgetattr(out.fileno())
            assert not now[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
            raise ValueError
        assert termios.tcgetattr(out.fileno()) == before
        with raw_mode(enabled=False):
            assert termios.tcgetattr(out.fileno()) == before


def test_the_size_is_told_at_once_and_with_every_change(terminal: tuple[int, Any]) -> None:
    _, out = terminal
    told: list[tuple[int, int]] = []
    before = signal.getsignal(signal.SIGWINCH)
    with in_place_of(1, out.fileno()), watch_size(lambda rows, columns: told.append((rows, columns))):
        assert told == [(24, 40)]
        termios.tcsetwinsize(out.fileno(), (30, 50))
        signal.raise_signal(signal.SIGWINCH)
        assert told == [(24, 40), (30, 50)]
    assert signal.getsignal(signal.SIGWINCH) == before
    with watch_size(None):
        assert signal.getsignal(signal.SIGWINCH) == before


def test_signals_reach_the_process_instead_of_us() -> None:
    class Client:
        def __init__(self) -> None:
            self.asked: list[tuple[str, object]] = []

        def post(self, path: str, values: object) -> None:
            self.asked.append((path, values))
            raise Failed(409, "it has ended")

    client: Any = Client()
    before = signal.getsignal(signal.SIGTERM)
    with _signals_to(client, "c1", wanted=True):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
            signal.raise_signal(number)
    assert client.asked == [
        ("/containers/c1/kill", {"signal": name}) for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2")
    ]
    assert signal.getsignal(signal.SIGTERM) == before
    with _signals_to(client, "c1", wanted=False):
        assert signal.getsignal(signal.SIGTERM) == before


# --- boards ---


def test_layers_of_a_pull_are_rewritten_in_place(terminal: tuple[int, Any]) -> None:
    near, out = terminal
    show_messages(
        [
            {"id": "latest", "status": "Pulling from library/app"},
            {"id": "aa", "status": "Downloading", "progress": "[=>  ] 1/2"},
            {"id": "bb", "status": "Waiting"},
            {"id": "aa", "status": "Pull complete with words beyond the width of it"},
            {"status": "Digest: sha256:dd"},
            {"id": "aa", "status": "again"},
        ],
        stream=out,
    )
    out.flush()
    assert shown(near) == (
        "latest: Pulling from library/app\n"
        "aa: Downloading [=>  ] 1/2\n"
        "bb: Waiting\n"
        "\x1b[2A\x1b[2K\raa: Pull complete with words beyond the\x1b[2B\r"
        "Digest: sha256:dd\n"
        "aa: again\n"
    )


def test_steps_of_a_project_are_rewritten_in_place(terminal: tuple[int, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    near, out = terminal
    monkeypatch.setattr("sys.stderr", out)

    def step(action: str, subject: str, state: str, note: str = "") -> dict[str, Any]:
        return {"step": {"action": action, "subject": subject, "state": state, "note": note}}

    messages = [
        step("create", "web", "running"), step("network", "net", "running"), step("create", "web", "done"),
        step("keep", "db", "running"), step("start", "a-name-that-is-longer-than-the-line-is", "done"),
        {"done": "shop"},
    ]  # fmt: skip
    assert follow(messages) == "shop"
    out.flush()
    assert shown(near) == (
        " Container web  Creating\n Network net  Creating\n"
        "\x1b[2A\x1b[2K\r Container web  Created\x1b[2B\r"
        " Container a-name-that-is-longer-than-t\n"
    )
    follow(messages, plain=True)
    out.flush()
    assert "\x1b" not in shown(near)


def test_a_screen_is_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    clear_screen()
    assert capsys.readouterr().out == "\x1b[H\x1b[2J"
