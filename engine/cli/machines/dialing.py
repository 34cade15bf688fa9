"""`system dial-stdio`: input and output become the connection to the engine. What ssh runs at the far end."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from engine.cli.options import Command
from engine.cli.reach.link import engine
from engine.cli.streams.frames import write_all

if TYPE_CHECKING:
    import _socket

    from engine.cli.options import Given

_PIECE = 1 << 16
_END_OF_INPUT = 1


def dial_stdio(given: Given) -> int:
    """Ends when the engine has said all; the end of our input is told to it and ends nothing else."""
    del given
    connection = engine().connect()
    threading.Thread(target=_send, args=(connection,), daemon=True).start()
    try:
        while data := connection.recv(_PIECE):
            write_all(1, data)
    finally:
        connection.close()
    return 0


def _send(connection: _socket.socket) -> None:
    try:
        while data := os.read(0, _PIECE):
            connection.sendall(data)
        connection.shutdown(_END_OF_INPUT)
    except OSError:
        return  # the engine has closed it: the other way has ended too


COMMANDS = {
    "system dial-stdio": Command(dial_stdio, "", "Carry the engine's socket over standard input and output", most=0),
}
