"""The loop: questions are answered from the table, passed on, or cut short; the engine's words are obeyed."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from functools import partial

from engine.networks.names import journal, sockets, table, wire
from engine.networks.names.forwarding import Forwarder, Resolvers
from engine.networks.names.guards import Guards
from engine.networks.names.journal import Journal
from engine.networks.names.policy import addresses_in
from engine.networks.names.relays import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.networks.names.sockets import Opened
    from engine.networks.names.table import Network

_LARGEST_QUESTION = 4096
_MOST_REMEMBERED = 4096
_MOST_STREAMS = 64
_STREAM_SECONDS = 10.0
_TICK_SECONDS = 0.25
_LEAVING_SECONDS = 1.0
READY_FD = 3


class Stream:
    """One connection of a member: questions with their length before them."""

    def __init__(self, sock: socket.socket, network: str, asker: str) -> None:
        self.sock, self.network, self.asker = sock, network, asker
        self.received = bytearray()
        self.until = time.monotonic() + _STREAM_SECONDS


class Served:
    """One network as it is served now."""

    def __init__(self, network: Network, opened: Opened) -> None:
        self.network, self.opened = network, opened
        self.remembered: dict[tuple[str, bytes], list[bytes]] = {}
        """Answers by asker and question, without their numbers. One name's addresses take turns in standing first."""
        self.turn = 0


class Server:
    def __init__(self, table_path: str, control_path: str, version: str, resolvers: Resolvers) -> None:
        self._table_path, self._control_path, self._version = table_path, control_path, version
        self._poll = select.epoll()
        self._forwarder = Forwarder(self._poll, resolvers)
        self._forwarder.inner_of = self._inner_of
        self._table = table.Table({"networks": {}, "members": []})
        self._served: dict[str, Served] = {}
        self._handlers: dict[int, Callable[[], object]] = {}
        self._streams: dict[int, Stream] = {}
        self._relays: dict[tuple[object, ...], Relay] = {}
        self._control: socket.socket | None = None
        self._lines: dict[int, bytearray] = {}
        self.questions = 0
        self._looked = 0.0
        """When the clock was looked at last."""
        self._guards = Guards()
        self._journal = Journal()

    def open(self) -> None:
        self.load()
        self._relieve()
        fresh = f"{self._control_path}.{os.getpid()}"
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._control.bind(fresh)
        self._control.listen(8)
        self._control.settimeout(0)
        os.rename(fresh, self._control_path)
        self._watch(self._control, self._welcome)

    def run(self) -> None:
        while True:
            self.turn()

    def turn(self, most: float | None = None) -> None:
        """Wait, for `most` seconds at most, and do what there is to do."""
        is_waiting = self._forwarder.count or self._streams or any(each.is_used for each in self._relays.values())
        for fd, event in self._poll.poll(_TICK_SECONDS if is_waiting else most):
            handler = self._handlers.get(fd)
            if handler is not None:
                handler()
            elif self._forwarder.takes(fd):
                self._forwarder.ready(fd, event)
        if is_waiting and (now := time.monotonic()) - self._looked >= _TICK_SECONDS:
            self._looked = now
            self._forwarder.look_at_clock(now)
            self._drop_idle(now)
            for relay in self._relays.values():
                relay.drop_idle(now)

    # --- the table ---

    def load(self) -> None:
        """What the engine has written; sockets follow the networks it names."""
        self._table = table.read(self._table_path)
        self._guards.follow(self._table.guarded)
        for key, served in tuple(self._served.items()):
            network = self._table.networks.get(key)
            if network is None or not served.opened.still_serves(network):
                for each in served.opened.all:
                    self._forget(each)
                del self._served[key]
            else:
                served.network = network
                served.remembered.clear()
        for key, network in self._table.networks.items():
            if key not in self._served and (opened := sockets.open_in(network)):
                served = self._served[key] = Served(network, opened)
                self._watch(opened.datagrams, partial(self._take_datagram, served))
                self._watch(opened.streams, partial(self._accept, served))
                self._watch(opened.inner, partial(self._forwarder.from_inside, opened.inner))

        self._load_relays()

    def _load_relays(self) -> None:
        wanted = {(row["host"], row["to"], sockets.namespace_of(row["netns"])): row for row in self._table.relays}
        for key in self._relays.keys() - wanted.keys():
            self._relays.pop(key).close()
        for key in wanted.keys() - self._relays.keys():
            with contextlib.suppress(OSError):  # somebody has that port of the loopback
                self._relays[key] = Relay(wanted[key], self._watch, self._forget)

    def _inner_of(self, asker: str, server: str) -> socket.socket | None:
        """Askers are told apart by network and address; the networks of one are those the table says."""
        key, _, address = asker.partition("/")
        known = self._table.networks.get(key)
        for network in self._table.asker(known, address).networks if known else ():
            if network.has(server) and network.key in self._served:
                return self._served[network.key].opened.inner
        return None

    # --- questions ---

    def _take_datagram(self, served: Served) -> bool:
        """One question; False where none waits. This is the way of most, by the thousand: it is kept short."""
        sock = served.opened.datagrams
        try:
            raw, place = sock.recvfrom(_LARGEST_QUESTION)
            self.questions += 1
            known = served.remembered.get((place[0], raw[2:]))
            if known is None:
                self._answer_datagram(served, raw, place)
                return True
            if len(known) > 1:
                known.append(known.pop(0))
            if self._journal.is_read:
                question = wire.Question(raw)
                self._note(served, place[0], question, journal.KNOWN, addresses_in(known[0]))
            sock.sendto(raw[:2] + known[0], place)
        except OSError as error:
            return not isinstance(error, BlockingIOError)
        return True

    def _answer_datagram(self, served: Served, raw: bytes, place: tuple[str, int]) -> None:
        sock, number = served.opened.datagrams, raw[:2]

        def send(reply: bytes) -> None:
            with contextlib.suppress(OSError):
                sock.sendto(number + reply, place)

        answers = self._answers(served, raw, place[0], send, stream=False)
        if answers:
            if self._table.asker(served.network, place[0]).policy is None:  # who is guarded is heard each time
                if len(served.remembered) >= _MOST_REMEMBERED:
                    served.remembered.clear()
                served.remembered[(place[0], raw[2:])] = answers
            send(answers[0])

    def _answers(
        self, served: Served, raw: bytes, address: str, send: Callable[[bytes], None], *, stream: bool
    ) -> list[bytes]:
        """The answer in all its turns; [] where `send` will get it later, or nobody should."""
        try:
            question = wire.Question(raw)
        except wire.Malformed:
            return []
        if not question.is_standard:
            return [wire.answer(question, wire.NOT_IMPLEMENTED)]
        if question.version:
            return [wire.answer(question, wire.BAD_VERSION)]
        asker = self._table.asker(served.network, address)
        found = table.look_up(asker, question)
        if found is None and asker.policy is not None and not asker.policy.allows(question.name):
            self._note(served, address, question, journal.REFUSED)
            return [wire.answer(question, wire.NAME_ERROR)]
        if found is None:

            def brought(reply: bytes) -> None:
                # What was asked for is let through before anybody hears of it.
                addresses = addresses_in(reply)
                self._journal.remember(question.name, addresses)
                if asker.policy is not None and addresses:
                    self._guards.allow(asker.key, addresses)
                self._note(served, address, question, journal.ASKED, addresses)
                send(reply)

            self._forwarder.ask(
                question, brought, servers=asker.servers, asker=f"{served.network.key}/{address}", stream=stream
            )
            return []
        code, data = found
        limit = 0 if stream else question.size
        # Whose question is another each time (dig's cookie), or is heard each time, is in turn as well.
        served.turn += 1
        starts = [(served.turn + step) % len(data) for step in range(len(data))] or [0]
        turns = [data[start:] + data[:start] for start in starts]
        answers = [wire.answer(question, code, each, limit=limit) for each in turns]
        verdict = journal.KNOWN if code == wire.NO_ERROR else journal.UNKNOWN
        self._note(served, address, question, verdict, addresses_in(answers[0]))
        return answers

    def _note(
        self, served: Served, address: str, question: wire.Question, verdict: str, addresses: Sequence[str] = ()
    ) -> None:
        guarded = self._table.asker(served.network, address).policy is not None
        if guarded or self._journal.is_read:
            self._journal.note(
                served.network.key, address, question.name, question.kind, verdict, addresses, keep=guarded
            )

    # --- connections of members ---

    def _accept(self, served: Served) -> None:
        with contextlib.suppress(OSError):
            sock, place = served.opened.streams.accept()
            if len(self._streams) >= _MOST_STREAMS:
                oldest = min(self._streams.values(), key=lambda each: each.until)
                self._end_stream(oldest)
            sock.settimeout(0)
            stream = Stream(sock, served.network.key, place[0])
            self._streams[sock.fileno()] = stream
            self._watch(sock, lambda: self._read_stream(stream))

    def _read_stream(self, stream: Stream) -> None:
        try:
            piece = stream.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        served = self._served.get(stream.network)
        if not piece or served is None:
            self._end_stream(stream)
            return
        stream.received += piece
        while len(stream.received) >= 2:
            end = 2 + int.from_bytes(stream.received[:2], "big")
            if len(stream.received) < end:
                break
            raw = bytes(stream.received[2:end])
            del stream.received[:end]
            self._answer_stream(served, stream, raw)

    def _answer_stream(self, served: Served, stream: Stream, raw: bytes) -> None:
        self.questions += 1

        def send(reply: bytes) -> None:
            with contextlib.suppress(OSError):  # it went, or takes nothing
                stream.sock.send(struct.pack("!H", 2 + len(reply)) + raw[:2] + reply)
                stream.until = time.monotonic() + _STREAM_SECONDS

        answers = self._answers(served, raw, stream.asker, send, stream=True)
        if answers:
            send(answers[0])

    def _end_stream(self, stream: Stream) -> None:
        if self._streams.pop(stream.sock.fileno(), None) is not None:
            self._forget(stream.sock)

    def _drop_idle(self, now: float) -> None:
        for stream in [each for each in self._streams.values() if each.until <= now]:
            self._end_stream(stream)

    # --- the engine's words ---

    def _relieve(self) -> None:
        """One that served before us leaves, now that our sockets are open beside its own."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as former:
            former.settimeout(_LEAVING_SECONDS)
            former.connect(self._control_path)
            former.sendall(b"leave\n")
            former.recv(64)

    def _welcome(self) -> None:
        assert self._control is not None
        with contextlib.suppress(OSError):
            sock, _ = self._control.accept()
            sock.settimeout(0)
            self._lines[sock.fileno()] = bytearray()
            self._watch(sock, lambda: self._listen(sock))

    def _listen(self, sock: socket.socket) -> None:
        try:
            piece = sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            del self._lines[sock.fileno()]
            self._journal.forget(sock)
            self._forget(sock)
            return
        lines = self._lines[sock.fileno()]
        lines += piece
        while b"\n" in lines:
            line, _, rest = bytes(lines).partition(b"\n")
            lines[:] = rest
            self._obey(sock, line.decode("latin-1"))

    def _obey(self, sock: socket.socket, word: str) -> None:
        if word == "watch":
            self._journal.listen(sock)
            return
        if word == "load":
            self.load()
        word, *wanted = word.split()
        told = self._journal.names_of(wanted) if word == "heard" else self._state()
        with contextlib.suppress(OSError):
            sock.send(json.dumps(told).encode() + b"\n")
        if word == "leave":
            for served in self._served.values():
                while self._take_datagram(served):
                    pass
            sys.exit(0)

    def _state(self) -> dict[str, object]:
        return {
            "version": self._version,
            "pid": os.getpid(),
            "networks": sorted(self._served),
            "questions": self.questions,
            "open": self._forwarder.count,
            "guarded": sorted(self._guards.closed),
            "filtered": self._guards.filtered,
        }

    # --- descriptors ---

    def _watch(self, sock: socket.socket, handler: Callable[[], object]) -> None:
        self._handlers[sock.fileno()] = handler
        self._poll.register(sock, select.EPOLLIN)

    def _forget(self, sock: socket.socket) -> None:
        self._handlers.pop(sock.fileno(), None)
        sock.close()


def main(table_path: str, control_path: str, version: str, resolver_file: str = "/etc/resolv.conf") -> None:
    """Never returns."""
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(name, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = Server(table_path, control_path, version, Resolvers(resolver_file))
    server.open()
    # What is made from here on lives shortly and knows no cycles.
    gc.freeze()
    with contextlib.suppress(OSError):
        os.write(READY_FD, b"1")
        os.close(READY_FD)
    server.run()
