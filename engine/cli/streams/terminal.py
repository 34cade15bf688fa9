"""The terminal of a person and the raw stream of a process, joined: raw mode, window size, detach keys, half-close."""

from __future__ import annotations

import _socket
import contextlib
import errno
import os
import select
import signal
import sys
from typing import TYPE_CHECKING

from engine.cli.options import UsageError
from engine.cli.streams.frames import Unframer, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PIECE = 1 << 16
DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q"


class Detached(Exception):
    """The person typed the keys to leave the process alone."""


def detach_sequence(text: str) -> bytes:
    """ "ctrl-p,ctrl-q" or "a,b,ctrl-[" as bytes."""
    sequence = bytearray()
    for key in text.split(",") if text else ():
        if len(key) == 1:
            sequence += key.encode("latin-1", "replace")
        elif key.startswith("ctrl-") and len(key) == 6 and key[5] in "abcdefghijklmnopqrstuvwxyz@[\\]^_":
            sequence.append(ord(key[5].upper()) & 0x1F)
        else:
            raise UsageError(f"invalid detach key: {key!r}")
    return bytes(sequence)


class _KeyWatch:
    """Lets typed bytes through, but holds back what may be the beginning of the detach sequence."""

    def __init__(self, sequence: bytes) -> None:
        self._sequence = sequence
        self._held = b""

    def filter(self, data: bytes) -> bytes:
        if not self._sequence:
            return data
        output = bytearray()
        for byte in data:
            self._held += bytes((byte,))
            while self._held and not self._sequence.startswith(self._held):
                output.append(self._held[0])
                self._held = self._held[1:]
            if self._held == self._sequence:
                raise Detached
        return bytes(output)


@contextlib.contextmanager
def raw_mode(*, enabled: bool) -> Iterator[None]:
    """Keys go through as they are typed; whatever happens, the terminal is given back as it was."""
    if not enabled:
        yield
        return
    import termios
    import tty

    before = termios.tcgetattr(0)
    try:
        tty.setraw(0, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


@contextlib.contextmanager
def watch_size(resize: Callable[[int, int], None] | None) -> Iterator[None]:
    """Tell the size now and on every change."""
    if resize is None:
        yield
        return
    tell = resize

    def changed(*_: object) -> None:
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(1)
            tell(size.lines, size.columns)

    before = signal.signal(signal.SIGWINCH, changed)
    try:
        changed()
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def converse(
    connection: _socket.socket, first: bytes, *, framed: bool, stdin: bool, tty: bool, detach_keys: str
) -> None:
    """Carry bytes until the process ends its output. Raises `Detached` on the detach keys."""
    unframer = Unframer()

    def show(data: bytes) -> None:
        if not framed:
            write_all(1, data)
            return
        for is_stderr, piece in unframer.feed(data):
            write_all(2 if is_stderr else 1, piece)

    sys.stdout.flush()
    show(first)
    keys = _KeyWatch(detach_sequence(detach_keys) if tty else b"")
    typed = _Input(connection, keys) if stdin else None
    while True:
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN | (select.POLLOUT if typed and typed.waiting else 0))
        if typed and typed.wants_more:
            poller.register(0, select.POLLIN)
        ready = dict(poller.poll())
        if typed and 0 in ready:
            typed.read()
        if typed and ready.get(connection.fileno(), 0) & select.POLLOUT:
            typed.send()
        if ready.get(connection.fileno(), 0) & ~select.POLLOUT:
            data = _received(connection)
            if not data:
                return
            show(data)


class _Input:
    """What goes in. Nothing waits for the process to take it: one that wants to be read first would wait, too."""

    def __init__(self, connection: _socket.socket, keys: _KeyWatch) -> None:
        self._connection = connection
        self._keys = keys
        self._ended = False
        self.waiting = b""

    @property
    def wants_more(self) -> bool:
        return not self._ended and not self.waiting

    def read(self) -> None:
        try:
            data = os.read(0, _PIECE)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            self._ended = True
            with contextlib.suppress(OSError):
                self._connection.shutdown(_socket.SHUT_WR)
            return
        self.waiting = self._keys.filter(data)
        self.send()

    def send(self) -> None:
        try:
            self.waiting = self.waiting[self._connection.send(self.waiting, _socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._ended, self.waiting = True, b""


def _received(connection: _socket.socket) -> bytes:
    try:
        return connection.recv(_PIECE)
    except ConnectionResetError:
        return b""
