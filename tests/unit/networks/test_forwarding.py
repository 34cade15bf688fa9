"""Questions that are asked of others, and relays and journal beside them: on addresses of the loopback."""

from __future__ import annotations

import json
import select
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from engine.networks.names import forwarding, journal, relays, sockets, wire
from engine.networks.names.forwarding import Forwarder, Resolvers
from engine.networks.names.journal import Journal
from engine.networks.names.relays import Relay
from tests.support.dns import Heard, in_a_stream, question, read, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FIRST, SECOND = "127.8.0.1", "127.8.0.2"
_SECONDS = 5


@dataclass
class Asked:
    """A forwarder, resolvers at two addresses with one port, and what was answered in the end."""

    path: Path
    answers: list[bytes] = field(default_factory=list)
    servers: dict[str, socket.socket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.poll = select.epoll()
        self.them = Forwarder(self.poll, Resolvers(str(self.path)))
        self.says(FIRST)

    def says(self, *servers: str) -> None:
        self.path.write_text("".join(f"nameserver {each}\n" for each in servers))

    def serve(self, address: str, port: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
        made = self.servers[address] = socket.socket(socket.AF_INET, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.settimeout(_SECONDS)
        if kind == socket.SOCK_STREAM:
            made.listen(4)
        port = made.getsockname()[1]
        return int(port)

    def ask(self, name: str = "example.org", *, asker: str = "web", stream: bool = False, **more: Any) -> None:
        asked = wire.Question(question(name, size=more.pop("size", 0)))
        self.them.ask(asked, self.answers.append, servers=more.pop("servers", []), asker=asker, stream=stream)

    def turn(self) -> None:
        for fd, event in self.poll.poll(_SECONDS):
            assert self.them.takes(fd)
            self.them.ready(fd, event)

    def hears(self, address: str = FIRST) -> tuple[bytes, tuple[str, int]]:
        raw, place = self.servers[address].recvfrom(4096)
        return raw, place

    def answer(self, address: str, *addresses: str, code: int = 0) -> None:
        raw, place = self.hears(address)
        self.servers[address].sendto(reply(raw, *addresses, code=code), place)
        self.turn()

    @property
    def heard(self) -> list[Heard]:
        return [read(b"\0\0" + each) for each in self.answers]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    made = Asked(tmp_path / "resolv.conf")
    port = made.serve(FIRST, 0)
    made.serve(SECOND, port)
    monkeypatch.setattr(forwarding, "_PORT", port)
    yield made
    made.them.close()
    for each in made.servers.values():
        each.close()
    made.poll.close()


def test_a_question_goes_out_with_a_number_of_its_own(asked: Asked) -> None:
    for _ in range(3):
        asked.ask()
    seen = [asked.hears() for _ in range(3)]
    assert {raw[2:] for raw, _ in seen} == {question("example.org")[2:]}
    assert len({place for _, place in seen}) == 3, "and from a port of its own"
    assert {raw[:2] for raw, _ in seen} != {b"\x42\x42"}
    assert asked.them.count == 3
    for raw, place in seen:
        asked.servers[FIRST].sendto(reply(raw, "203.0.113.5"), place)
        asked.turn()
    assert [each.addresses for each in asked.heard] == [("203.0.113.5",)] * 3
    assert asked.them.count == 0


def test_an_answer_longer_than_the_asker_takes_is_cut(asked: Asked) -> None:
    many = [f"203.0.113.{number}" for number in range(60)]
    for size in (0, 4000):
        asked.ask(size=size)
        asked.answer(FIRST, *many)
    assert [(each.is_cut, len(each.addresses)) for each in asked.heard] == [(True, 0), (False, 60)]


@pytest.mark.parametrize("code", [wire.SERVER_FAILURE, wire.REFUSED, wire.NOT_IMPLEMENTED])
def test_who_cannot_answer_hands_on_to_the_next(asked: Asked, code: int) -> None:
    asked.says(FIRST, SECOND)
    asked.ask()
    asked.answer(FIRST, code=code)
    assert asked.answers == []
    asked.answer(SECOND, "203.0.113.5")
    assert [each.addresses for each in asked.heard] == [("203.0.113.5",)]


def test_a_refusal_of_the_last_is_an_answer(asked: Asked) -> None:
    asked.says(FIRST, SECOND)
    asked.ask()
    for address in (FIRST, SECOND):
        asked.answer(address, code=wire.REFUSED)
    assert [each.code for each in asked.heard] == [wire.REFUSED]


def test_that_there_is_no_such_name_is_believed_at_once(asked: Asked) -> None:
    asked.says(FIRST, SECOND)
    asked.ask()
    asked.answer(FIRST, code=wire.NAME_ERROR)
    assert [each.code for each in asked.heard] == [wire.NAME_ERROR]


def test_who_answered_last_is_asked_first(asked: Asked) -> None:
    asked.says(FIRST, SECOND)
    asked.ask()
    asked.answer(FIRST, code=wire.SERVER_FAILURE)
    asked.answer(SECOND, "203.0.113.5")
    asked.ask()
    asked.answer(SECOND, "203.0.113.6")
    assert [each.addresses for each in asked.heard] == [("203.0.113.5",), ("203.0.113.6",)]
    asked.says(FIRST)
    asked.ask()
    asked.answer(FIRST, "203.0.113.7")
    assert len(asked.heard) == 3


def test_the_silent_are_given_up_after_a_while(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.says(FIRST, SECOND)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    asked.ask()
    order = []
    for turn in range(4):
        for address in (FIRST, SECOND):
            if select.select([asked.servers[address]], [], [], 0)[0]:
                asked.hears(address)
                order.append(address)
        asked.them.look_at_clock(now + 1.4)
        assert len(order) == turn + 1
        now += 1.5
        asked.them.look_at_clock(now)
    assert order == [FIRST, SECOND, FIRST, SECOND]
    assert [each.code for each in asked.heard] == [wire.SERVER_FAILURE]
    assert asked.them.count == 0


def test_one_server_alone_is_asked_twice(asked: Asked) -> None:
    asked.ask()
    for _ in range(2):
        asked.hears()
        asked.them.look_at_clock(time.monotonic() + 60)
    assert [each.code for each in asked.heard] == [wire.SERVER_FAILURE]


def test_ones_own_servers_are_asked_instead_of_the_hosts(asked: Asked) -> None:
    asked.ask(servers=[SECOND])
    asked.answer(SECOND, "203.0.113.5")
    assert [each.addresses for each in asked.heard] == [("203.0.113.5",)]


def test_a_server_that_is_no_address_is_passed_over(asked: Asked) -> None:
    asked.ask(servers=["nonsense", FIRST])
    asked.answer(FIRST, "203.0.113.5")
    assert len(asked.heard) == 1


def test_all_together_are_bounded(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "MOST_OPEN", 2)
    for asker in ("web", "db", "store"):
        asked.ask(asker=asker)
    assert [each.code for each in asked.heard] == [wire.SERVER_FAILURE]
    asked.answer(FIRST, "203.0.113.5")
    asked.ask(asker="store")
    assert asked.them.count == 2


def test_who_was_answered_may_ask_again(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "MOST_OF_ONE", 2)
    for _ in range(3):
        asked.ask()
    assert len(asked.answers) == 1
    asked.answer(FIRST, "203.0.113.5")
    asked.ask()
    asked.ask()
    assert len(asked.answers) == 3
    for _ in range(2):
        asked.answer(FIRST, "203.0.113.5")
    assert asked.them._open_of == {}


def test_a_server_among_the_members_is_asked_from_their_network(asked: Asked) -> None:
    inner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inner.bind(("127.8.0.9", 0))
    inner.settimeout(0)
    asked.them.inner_of = lambda asker, server: inner if (asker, server) == ("web", FIRST) else None
    asked.ask(servers=[FIRST])
    raw, place = asked.hears()
    assert place == inner.getsockname()
    other = asked.servers[SECOND]
    other.sendto(reply(raw, "203.0.113.66"), place)
    asked.servers[FIRST].sendto(reply(bytes([raw[0] ^ 1]) + raw[1:], "203.0.113.66"), place)
    asked.servers[FIRST].sendto(reply(raw, "203.0.113.5"), place)
    select.select([inner], [], [], _SECONDS)
    asked.them.from_inside(inner)
    assert [each.addresses for each in asked.heard] == [("203.0.113.5",)]
    asked.servers[FIRST].sendto(reply(raw, "203.0.113.5"), place)
    asked.them.from_inside(inner)
    assert len(asked.answers) == 1, "nobody waits for it any more"
    asked.ask(servers=[FIRST], asker="db")
    assert asked.hears()[1] != inner.getsockname()
    asked.ask(servers=[FIRST])
    asked.hears()
    asked.them.look_at_clock(time.monotonic() + 60)
    asked.them.look_at_clock(time.monotonic() + 60)
    assert asked.heard[-1].code == wire.SERVER_FAILURE
    inner.close()


# --- over streams ---


@pytest.fixture
def streams(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> Asked:
    for each in asked.servers.values():
        each.close()
    port = asked.serve(FIRST, 0, socket.SOCK_STREAM)
    asked.serve(SECOND, port, socket.SOCK_STREAM)
    monkeypatch.setattr(forwarding, "_PORT", port)
    return asked


def accepted(asked: Asked, address: str = FIRST) -> tuple[socket.socket, bytes]:
    """A connection, and the question in it."""
    asked.turn()
    sock, _ = asked.servers[address].accept()
    sock.settimeout(_SECONDS)
    raw = sock.recv(4096)
    assert int.from_bytes(raw[:2], "big") == len(raw) - 2
    return sock, raw[2:]


def test_an_answer_in_pieces_is_put_together(streams: Asked) -> None:
    streams.ask(stream=True)
    sock, raw = accepted(streams)
    assert raw[2:] == question("example.org")[2:]
    many = [f"203.0.113.{number}" for number in range(60)]
    whole = in_a_stream([reply(raw, *many)])
    with sock:
        for piece in (whole[:1], whole[1:5], whole[5:300], whole[300:]):
            assert streams.answers == []
            sock.sendall(piece)
            streams.turn()
    assert [len(each.addresses) for each in streams.heard] == [60]
    assert streams.them.count == 0


@pytest.mark.parametrize("what", [b"", b"\0", in_a_stream([b"x" * 40])])
def test_one_that_breaks_off_or_talks_nonsense_hands_on(streams: Asked, what: bytes) -> None:
    streams.says(FIRST, SECOND)
    streams.ask(stream=True)
    sock, _ = accepted(streams)
    with sock:
        sock.sendall(what)
    streams.turn()
    if what == b"\0":
        streams.turn()
    second, raw = accepted(streams, SECOND)
    with second:
        second.sendall(in_a_stream([reply(raw, "203.0.113.5")]))
        streams.turn()
    assert [each.addresses for each in streams.heard] == [("203.0.113.5",)]


def test_nobody_at_all_answers_a_stream(streams: Asked) -> None:
    for each in streams.servers.values():
        each.close()
    streams.ask(stream=True)
    for _ in range(4):
        if not streams.answers:
            streams.turn()
    assert [each.code for each in streams.heard] == [wire.SERVER_FAILURE]


def test_a_stream_has_longer(streams: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    streams.ask(stream=True)
    streams.them.look_at_clock(now + 7.9)
    sock, raw = accepted(streams)
    with sock:
        sock.sendall(in_a_stream([reply(raw, "203.0.113.5")]))
        streams.turn()
    assert len(streams.answers) == 1
    streams.ask(stream=True)
    for _ in range(2):
        streams.them.look_at_clock(now + 8)
    assert [each.code for each in streams.heard] == [0, wire.SERVER_FAILURE]


# --- datagrams that pasta would lose ---


@dataclass
class Relayed:
    relay: Relay
    service: socket.socket
    handlers: dict[int, Callable[[], None]]
    made: list[int]

    @property
    def place(self) -> tuple[str, int]:
        """Where it is published."""
        found: tuple[str, int] = self.relay._outside.getsockname()
        return found

    def turn(self) -> None:
        for fd in select.select(list(self.handlers), [], [], _SECONDS)[0]:
            self.handlers[fd]()

    def sends(self, client: socket.socket, data: bytes) -> bytes:
        client.sendto(data, self.place)
        self.turn()
        heard, place = self.service.recvfrom(100)
        self.service.sendto(heard[::-1], place)
        self.turn()
        return client.recv(100)


def datagrams(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, 0))
    made.settimeout(_SECONDS)
    return made


@pytest.fixture
def relayed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Relayed]:
    handlers: dict[int, Callable[[], None]] = {}
    made: list[int] = []
    service = datagrams("127.0.0.1")

    def connected_in(netns: str, place: tuple[str, int], count: int) -> list[socket.socket]:
        assert (netns, place) == ("/ns/web", ("127.0.0.1", service.getsockname()[1]))
        made.append(count)
        found = [datagrams("127.0.0.1") for _ in range(count)]
        for each in found:
            each.connect(place)
        return found

    def watch(sock: socket.socket, handler: Callable[[], None]) -> None:
        handlers[sock.fileno()] = handler

    def forget(sock: socket.socket) -> None:
        del handlers[sock.fileno()]
        sock.close()

    monkeypatch.setattr(sockets, "connected_in", connected_in)
    relay = Relay({"host": 0, "to": service.getsockname()[1], "netns": "/ns/web"}, watch, forget)
    yield Relayed(relay, service, handlers, made)
    if handlers:
        relay.close()
    service.close()
    assert not handlers


def test_answers_come_from_where_the_question_went(relayed: Relayed) -> None:
    with datagrams("127.0.0.1") as one, datagrams("127.0.0.1") as two:
        for each in (one, two):
            each.connect(relayed.place)
        assert not relayed.relay.is_used
        assert [relayed.sends(each, data) for each, data in ((one, b"abc"), (two, b"def"), (one, b"ghi"))] == [
            b"cba",
            b"fed",
            b"ihg",
        ]
        assert relayed.relay.is_used
    assert relayed.made == [4], "sockets are made several at a time"


def test_who_is_silent_for_long_is_forgotten(relayed: Relayed, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with datagrams("127.0.0.1") as client:
        relayed.sends(client, b"abc")
        relayed.relay.drop_idle(now + 120)
        assert relayed.relay.is_used
        now += 100
        relayed.sends(client, b"abc")
        relayed.relay.drop_idle(now + 100)
        assert relayed.relay.is_used
        relayed.relay.drop_idle(now + 121)
        assert not relayed.relay.is_used
        assert relayed.sends(client, b"abc") == b"cba"


def test_of_too_many_the_one_that_was_silent_longest_goes(relayed: Relayed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "_MOST_PEERS", 2)
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    clients = [datagrams("127.0.0.1") for _ in range(3)]
    for number in (0, 1, 0, 2):
        now += 1
        relayed.sends(clients[number], b"abc")
    assert set(relayed.relay._peers) == {clients[number].getsockname() for number in (0, 2)}
    assert len(relayed.handlers) == 3
    for each in clients:
        each.close()


def test_a_container_that_is_gone_answers_nobody(relayed: Relayed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "connected_in", lambda netns, place, count: [])
    with datagrams("127.0.0.1") as client:
        client.sendto(b"abc", relayed.place)
        relayed.turn()
    assert not relayed.relay.is_used


def test_a_port_that_somebody_has_is_no_relay(relayed: Relayed) -> None:
    with datagrams("127.0.0.1") as taken:
        row = {"host": taken.getsockname()[1], "to": 1, "netns": "/ns/web"}
        with pytest.raises(OSError, match="in use"):
            Relay(row, lambda sock, handler: None, lambda sock: None)


# --- who asked for what ---


def test_what_is_kept_is_told_to_who_comes_later() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    kept = Journal()
    kept.note("front", "10.1.0.2", "example.org", 1, journal.REFUSED, keep=True)
    kept.note("front", "10.1.0.3", "example.net", 1, journal.ASKED, ["203.0.113.5"], keep=False)
    assert not kept.is_read
    kept.listen(ours)
    assert kept.is_read
    kept.note("front", "10.1.0.3", "example.com", 28, journal.UNKNOWN, keep=False)
    theirs.settimeout(_SECONDS)
    lines = [json.loads(theirs.recv(4096)) for _ in range(2)]
    assert [each[1:] for each in lines] == [
        ["front", "10.1.0.2", "example.org", 1, "refused", []],
        ["front", "10.1.0.3", "example.com", 28, "unknown", []],
    ]
    assert abs(lines[0][0] - time.time_ns()) < 60 * 10**9
    kept.forget(ours)
    kept.forget(ours)
    assert not kept.is_read
    theirs.close()
    kept.listen(ours)
    kept.note("front", "10.1.0.2", "example.org", 1, journal.KNOWN, keep=True)
    ours.close()


def test_the_last_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_KEPT", 2)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    kept = Journal()
    for number in range(4):
        kept.note("front", "10.1.0.2", f"n{number}", 1, journal.KNOWN, keep=True)
    kept.listen(ours)
    theirs.settimeout(0)
    assert [json.loads(theirs.recv(4096))[3] for _ in range(2)] == ["n2", "n3"]
    with pytest.raises(BlockingIOError):
        theirs.recv(1)
    ours.close()
    theirs.close()


def test_an_address_has_the_name_it_was_given_for_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_MOST_HEARD", 3)
    kept = Journal()
    kept.remember("a", ["192.0.2.1", "192.0.2.2"])
    kept.remember("b", ["192.0.2.3"])
    kept.remember("c", ["192.0.2.1"])
    kept.remember("d", ["192.0.2.4"])
    found = kept.names_of([f"192.0.2.{number}" for number in range(1, 6)])
    assert found == {"192.0.2.1": "c", "192.0.2.3": "b", "192.0.2.4": "d"}
