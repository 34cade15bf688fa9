"""Questions that are asked of others: the host's resolvers of the moment, or those a container was given.

Each goes out from a port and with a number of its own, so nobody can answer in a resolver's place; how many may be open
is bounded, for each asker and for all together.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time

from engine.networks.names import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[bytes], None]

_PORT = 53
_PATIENCE = 1.5
"""Seconds a server has before the next one is asked."""
_MOST_TRIES = 4
_LARGEST = 65535
MOST_OPEN, MOST_OF_ONE = 1024, 128
_STREAM_SECONDS = 8.0


class Resolvers:
    """The host's, as its file says now."""

    def __init__(self, path: str = "/etc/resolv.conf") -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._servers: list[str] = []

    def servers(self) -> list[str]:
        try:
            found = os.stat(self._path)
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                with open(self._path, "rb") as file:
                    self._servers = _servers_of(file.read(1 << 20).decode("latin-1"))
                self._seen = seen
        except OSError:
            self._seen, self._servers = None, []
        return self._servers


def _servers_of(text: str) -> list[str]:
    lines = (line.split() for line in text.splitlines())
    return [words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"]


class Forward:
    """One question on its way."""

    __slots__ = (
        "asked",
        "asker",
        "deadline",
        "inner",
        "number",
        "question",
        "send",
        "servers",
        "sock",
        "stream",
        "tries",
    )

    def __init__(self, question: wire.Question, send: Send, servers: list[str], asker: str) -> None:
        self.question, self.send, self.servers, self.asker = question, send, servers, asker
        self.asked = question.asked
        self.tries = 0
        self.number = b""
        self.deadline = 0.0
        self.sock: socket.socket | None = None
        self.inner: tuple[str, int] | None = None
        self.stream: bytearray | None = None


class Forwarder:
    def __init__(self, poll: select.epoll, resolvers: Resolvers) -> None:
        self._poll = poll
        self._resolvers = resolvers
        self._by_fd: dict[int, Forward] = {}
        self._by_inner: dict[tuple[str, int, bytes], Forward] = {}
        """Those that ask a server among the members: by that server, and their number."""
        self._open_of: dict[str, int] = {}
        self.inner_of: Callable[[str, str], socket.socket | None] = lambda asker, server: None
        """The socket from which an asker's network reaches a server that is a member of it."""
        self.count = 0
        """Of questions that are open."""
        self._good = ""
        """Who answered last: where one of several is gone, not every question waits for it."""

    def ask(self, question: wire.Question, send: Send, *, servers: list[str], asker: str, stream: bool) -> None:
        """`send` gets the answer without its number; that nobody could be asked is an answer as well."""
        given = servers or self._resolvers.servers()
        if not given or self.count >= MOST_OPEN or self._open_of.get(asker, 0) >= MOST_OF_ONE:
            send(wire.answer(question, wire.SERVER_FAILURE))
            return
        if self._good in given:
            given = [self._good, *(each for each in given if each != self._good)]
        forward = Forward(question, send, given, asker)
        self._open_of[asker] = self._open_of.get(asker, 0) + 1
        self.count += 1
        if stream:
            forward.stream = bytearray()
        self._try_next(forward)

    def takes(self, fd: int) -> bool:
        return fd in self._by_fd

    def ready(self, fd: int, event: int) -> None:
        forward = self._by_fd[fd]
        if forward.stream is None:
            self._read_datagram(forward)
        elif event & select.EPOLLOUT:
            self._write_stream(forward)
        else:
            self._read_stream(forward)

    def from_inside(self, sock: socket.socket) -> None:
        """What servers among the members answered."""
        with contextlib.suppress(BlockingIOError):
            while True:
                reply, (server, port) = sock.recvfrom(_LARGEST)
                forward = self._by_inner.get((server, port, reply[:2]))
                if forward is not None:
                    self._take(forward, reply, server)

    def look_at_clock(self, now: float) -> None:
        for forward in [*self._by_fd.values(), *self._by_inner.values()]:
            if now >= forward.deadline:
                self._try_next(forward)

    def close(self) -> None:
        for forward in [*self._by_fd.values(), *self._by_inner.values()]:
            self._let_go(forward)

    # --- inside ---

    def _try_next(self, forward: Forward) -> None:
        """The next server that takes the question; none left is an answer too."""
        self._let_go(forward)
        while forward.tries < min(_MOST_TRIES, 2 * len(forward.servers)):
            server = forward.servers[forward.tries % len(forward.servers)]
            forward.tries += 1
            forward.number = os.urandom(2)
            forward.deadline = time.monotonic() + _PATIENCE
            try:
                self._send(forward, server)
            except OSError:
                self._let_go(forward)  # no way there: the next
            else:
                return
        self._end(forward, wire.answer(forward.question, wire.SERVER_FAILURE))

    def _send(self, forward: Forward, server: str) -> None:
        inner = self.inner_of(forward.asker, server)
        if inner is not None and forward.stream is None:
            forward.inner = (server, _PORT)
            self._by_inner[(server, _PORT, forward.number)] = forward
            inner.sendto(forward.number + forward.question.raw[2:], forward.inner)
            return
        family, _, _, _, place = socket.getaddrinfo(server, _PORT, flags=socket.AI_NUMERICHOST)[0]
        kind = socket.SOCK_DGRAM if forward.stream is None else socket.SOCK_STREAM
        forward.sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self._by_fd[forward.sock.fileno()] = forward
        if forward.stream is None:
            forward.sock.connect(place)
            forward.sock.send(forward.number + forward.question.raw[2:])
            self._poll.register(forward.sock, select.EPOLLIN)
        else:
            forward.deadline = time.monotonic() + _STREAM_SECONDS
            with contextlib.suppress(BlockingIOError):
                forward.sock.connect(place)
            self._poll.register(forward.sock, select.EPOLLOUT)

    def _read_datagram(self, forward: Forward) -> None:
        assert forward.sock is not None
        try:
            reply = forward.sock.recv(_LARGEST)
        except BlockingIOError:
            return
        except OSError:
            self._try_next(forward)  # nobody listens there
            return
        self._take(forward, reply, forward.sock.getpeername()[0])

    def _take(self, forward: Forward, reply: bytes, server: str) -> None:
        if not wire.is_answer_to(reply, forward.number, forward.asked):
            return
        refused = reply[3] & 15 in (wire.SERVER_FAILURE, wire.REFUSED, wire.NOT_IMPLEMENTED)
        if refused and forward.tries < len(forward.servers):
            self._try_next(forward)
            return
        self._good = server
        self._end(forward, wire.cut(reply, forward.question.size, forward.question.end)[2:])

    def _write_stream(self, forward: Forward) -> None:
        assert forward.sock is not None
        raw = forward.question.raw
        try:
            forward.sock.send(struct.pack("!H", len(raw)) + forward.number + raw[2:])
        except OSError:
            self._try_next(forward)
            return
        self._poll.modify(forward.sock, select.EPOLLIN)

    def _read_stream(self, forward: Forward) -> None:
        assert forward.sock is not None
        assert forward.stream is not None
        try:
            piece = forward.sock.recv(_LARGEST)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        forward.stream += piece
        whole = 2 + int.from_bytes(forward.stream[:2], "big")
        if len(forward.stream) >= max(whole, 2 + wire.HEADER.size):
            reply = bytes(forward.stream[2:whole])
            if wire.is_answer_to(reply, forward.number, forward.asked):
                self._end(forward, reply[2:])
                return
            piece = b""
        if not piece:
            forward.stream = bytearray()
            self._try_next(forward)

    def _end(self, forward: Forward, reply: bytes) -> None:
        self._let_go(forward)
        self.count -= 1
        left = self._open_of[forward.asker] - 1
        if left:
            self._open_of[forward.asker] = left
        else:
            del self._open_of[forward.asker]
        forward.send(reply)

    def _let_go(self, forward: Forward) -> None:
        if forward.sock is not None:
            self._by_fd.pop(forward.sock.fileno(), None)
            forward.sock.close()
            forward.sock = None
        if forward.inner is not None:
            self._by_inner.pop((*forward.inner, forward.number), None)
            forward.inner = None
