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

from engine.cli.frames import Unframer, write_all
from engine.cli.options import UsageError

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
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    if stdin:
        poller.register(0, select.POLLIN)
    while True:
        ready = dict(poller.poll())
        if 0 in ready and not _pass_input(connection, keys):
            poller.unregister(0)
        if connection.fileno() in ready:
            data = _received(connection)
            if not data:
                return
            show(data)


def _pass_input(connection: _socket.socket, keys: _KeyWatch) -> bool:
    """False once the input has ended; the process is told by closing our half."""
    try:
        data = os.read(0, _PIECE)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        data = b""
    if not data:
        with contextlib.suppress(OSError):
            connection.shutdown(_socket.SHUT_WR)
        return False
    try:
        connection.sendall(keys.filter(data))
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _received(connection: _socket.socket) -> bytes:
    try:
        return connection.recv(_PIECE)
    except ConnectionResetError:
        return b""
