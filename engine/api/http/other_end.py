"""What the kernel knows of the other end of a unix socket: is it gone, and has it read all that it was sent?"""

from __future__ import annotations

import asyncio
import fcntl
import select
import struct
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_INT = struct.Struct("i")


def watch_hangup(sock: socket.socket | None, gone: Callable[[], object]) -> Callable[[], None]:
    """Call `gone` when the client has closed both ways (asyncio stops looking once its input has ended). What is given
    back ends the watch."""
    if sock is None or sock.fileno() < 0:
        gone()
        return lambda: None
    poller = select.epoll()
    # No event asked for: the kernel reports a hang-up regardless, and a half-close is none.
    poller.register(sock.fileno(), 0)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_reader(poller.fileno())
        poller.close()

    def hung_up() -> None:
        loop.remove_reader(poller.fileno())
        gone()

    loop.add_reader(poller.fileno(), hung_up)
    return stop


async def until_read(sock: socket.socket | None) -> None:
    """Returns once the other end has taken all that was sent so far, or is gone."""
    if sock is None or not _is_unread(sock):
        return
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    with select.epoll() as poller:
        # Edge-triggered: reported anew each time the reader takes something.
        poller.register(sock.fileno(), select.EPOLLOUT | select.EPOLLET)
        loop.add_reader(poller.fileno(), news.set)
        try:
            while _is_unread(sock):
                news.clear()
                if any(happened & select.EPOLLHUP for _, happened in poller.poll(0)):
                    return
                if _is_unread(sock):
                    await news.wait()
        finally:
            loop.remove_reader(poller.fileno())


def _is_unread(sock: socket.socket) -> bool:
    if sock.fileno() < 0:
        return False
    # Of the last buffer taken, the kernel gives one byte back a moment after it has told of it.
    return int(_INT.unpack(fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, _INT.pack(0)))[0]) > 1
