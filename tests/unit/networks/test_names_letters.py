"""Answers of the names server to the letter, and published datagrams that it takes: what dig and musl would notice."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest

from engine.networks.names import server as serving
from engine.networks.names import sockets, table, wire
from engine.networks.names.wire import Question, answer, cut
from tests.support.dns import question
from tests.unit.networks.town import WEB

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.networks.town import Town

ADDRESS = socket.inet_aton("10.1.0.3")


def head(raw: bytes) -> tuple[int, ...]:
    """Of an answer, which has no number yet: flags and counts."""
    return struct.unpack("!5H", raw[:10])


@pytest.mark.parametrize(
    ("code", "flags"),
    [
        (wire.NO_ERROR, 0x8580),
        (wire.NAME_ERROR, 0x8583),
        (wire.SERVER_FAILURE, 0x8182),
        (wire.REFUSED, 0x8185),
        (wire.NOT_IMPLEMENTED, 0x8184),
    ],
)
def test_an_answer_of_ours_is_authoritative_and_a_failure_is_not(code: int, flags: int) -> None:
    assert head(answer(Question(question("db")), code)) == (flags, 1, 0, 0, 0)


@pytest.mark.parametrize(("asked", "told"), [(0x0000, 0x8480), (0x0100, 0x8580), (0x0110, 0x8590), (0x0020, 0x8480)])
def test_what_the_asker_wished_is_repeated(asked: int, told: int) -> None:
    assert head(answer(Question(question("db", flags=asked)), wire.NO_ERROR))[0] == told


def test_options_are_answered_with_ours_and_the_long_codes_first_half() -> None:
    raw = answer(Question(question("db", size=4096, version=1)), wire.BAD_VERSION)
    assert head(raw) == (0x8180, 1, 0, 0, 1)
    assert raw[-11:] == b"\0" + struct.pack("!HHBBHH", wire.OPT, 1232, 1, 0, 0, 0)
    assert head(answer(Question(question("db")), wire.NO_ERROR, [ADDRESS]))[1:] == (1, 1, 0, 0)


@pytest.mark.parametrize("size", [0, 600])
def test_an_answer_is_cut_where_its_last_byte_does_not_fit(size: int) -> None:
    asked = Question(question("db", size=size))
    whole = answer(asked, wire.NO_ERROR, [ADDRESS] * 30)
    length = 2 + len(whole)
    assert answer(asked, wire.NO_ERROR, [ADDRESS] * 30, limit=length) == whole
    short = answer(asked, wire.NO_ERROR, [ADDRESS] * 30, limit=length - 1)
    assert head(short) == (0x8780, 1, 0, 0, 1 if size else 0)
    assert short[10:] == asked.asked + (whole[-11:] if size else b"")


def test_a_forwarded_answer_that_is_cut_keeps_its_question() -> None:
    asked = question("example.org")
    end = len(asked)
    raw = asked[:2] + struct.pack("!5H", 0x8180, 1, 2, 3, 4) + asked[12:] + bytes(600)
    assert cut(raw, len(raw), end) == raw
    assert cut(raw, len(raw) - 1, end) == asked[:2] + struct.pack("!5H", 0x8380, 1, 0, 0, 0) + asked[12:]


@pytest.mark.parametrize(
    ("raw", "is_one"),
    [
        (question("db"), True),
        (question("db")[:11], False),
        (question("db")[:-1], False),
        (question("db", flags=0x8100), False),
        (question("x" * 63), True),
        (b"\0\0\1\0\0\2" + question("db")[6:], False),
        (question("db")[:6] + b"\0\1" + question("db")[8:], False),
        (question("db")[:8] + b"\0\1" + question("db")[10:], False),
        (question(".".join(["x" * 40] * 6)), True),
        (question(".".join(["x" * 40] * 7)), False),
        (question("db")[:12] + b"\x40" + bytes(80), False),
        (question("db")[:12], False),
    ],
)
def test_what_is_a_question(raw: bytes, is_one: bool) -> None:
    if is_one:
        assert Question(raw).raw == raw
    else:
        with pytest.raises(wire.Malformed):
            Question(raw)


@pytest.mark.parametrize(
    ("size", "version", "read"),
    [(0, 0, (False, 512, 0)), (4096, 0, (True, 4096, 0)), (100, 2, (True, 512, 2)), (513, 0, (True, 513, 0))],
)
def test_what_options_say(size: int, version: int, read: tuple[bool, int, int]) -> None:
    asked = Question(question("db", size=size, version=version))
    assert (asked.has_options, asked.size, asked.version) == read
    assert (asked.name, asked.kind, asked.is_standard) == ("db", wire.A, True)


def test_names_are_written_in_labels() -> None:
    assert wire.encode_name("a.bc.") == b"\1a\2bc\0"
    assert wire.encode_name("x" * 63 + "." + "y" * 64 + ".z") == b"\x3f" + b"x" * 63 + b"\1z\0"
    assert wire.encode_name("") == b"\0"
    assert wire.read_name(b"\1A\2bC\0rest", 0) == ("a.bc", 6)


# --- the table ---


def a_table(**more: Any) -> dict[str, Any]:
    network = {"name": "Shop", "netns": "/n", "address": "10.1.0.1", "subnets": ["10.1.0.0/24", "fd00:1::/64"]}
    place = {"network": "n", "ip": "10.1.0.2", "ip6": "fd00:1::2", "names": ["Web", "w"]}
    member = {"places": [place], "way_out": True, "servers": [], "host": "", "links": {}}
    return {"networks": {"n": network}, "members": [member]} | more


def test_both_addresses_lead_back_to_the_first_name() -> None:
    read = table.Table(a_table())
    [network] = read.networks.values()
    assert network.reverse == {
        "2.0.1.10.in-addr.arpa": "Web.shop",
        "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa": "Web.shop",
    }
    assert set(network.names) == {"web", "w"}
    assert (read.relays, read.guarded) == ([], {})
    assert table.Table(a_table(relays=[{"host": 1}])).relays == [{"host": 1}]


@pytest.mark.parametrize(
    ("name", "answered"),
    [
        ("99.0.1.10.in-addr.arpa", True),
        ("99.1.1.10.in-addr.arpa", False),
        ("1.10.in-addr.arpa", False),
        ("x.0.1.10.in-addr.arpa", False),
        ("9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa", True),
        ("9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.0.0.d.f.ip6.arpa", False),
        ("d.f.ip6.arpa", False),
    ],
)
def test_addresses_of_ones_own_networks_are_not_asked_outside(name: str, answered: bool) -> None:
    read = table.Table(a_table())
    asker = read.asker(read.networks["n"], "10.1.0.2")
    found = table.look_up(asker, Question(question(name, wire.PTR)))
    assert found == ((wire.NAME_ERROR, []) if answered else None)


@pytest.mark.parametrize(
    ("address", "inside"), [("10.1.0.9", True), ("10.1.1.9", False), ("fd00:1::2", False), ("", False)]
)
def test_which_servers_are_in_a_network(address: str, inside: bool) -> None:
    assert table.Table(a_table()).networks["n"].has(address) is inside


def test_a_table_that_is_not_there_is_empty(tmp_path: Path) -> None:
    read = table.read(str(tmp_path / "gone"))
    assert (read.networks, read.relays, read.guarded) == ({}, [], {})


# --- published datagrams ---


def test_published_datagrams_come_and_go_with_the_table(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    service = town.member_at("127.0.0.1")
    service.settimeout(5)

    def connected_in(netns: str, place: tuple[str, int], count: int) -> list[socket.socket]:
        assert (netns, place) == (str(town.path / "web"), service.getsockname())
        found = [town.member_at("127.0.0.1") for _ in range(count)]
        for each in found:
            each.connect(place)
        return found

    monkeypatch.setattr(sockets, "connected_in", connected_in)
    row = {"netns": str(town.path / "web"), "host": 0, "to": service.getsockname()[1]}
    town.table["relays"] = [row]
    town.write()
    town.server.load()
    [relay] = town.server._relays.values()
    client = town.member_at("127.0.0.1")
    client.sendto(b"hello", relay._outside.getsockname())
    town.server.turn(5)
    said, place = service.recvfrom(100)
    service.sendto(said.upper(), place)
    assert town.hears(client) == b"HELLO"
    town.server.load()
    assert list(town.server._relays.values()) == [relay], "what did not change stays"
    (town.path / "web").touch()
    town.server.load()
    assert list(town.server._relays.values()) != [relay], "another run of the container"
    town.table["relays"] = []
    town.write()
    town.server.load()
    assert town.server._relays == {}
    assert relay._outside.fileno() < 0


def test_a_published_port_that_somebody_has_stops_nothing_else(town: Town) -> None:
    taken = town.member_at("127.0.0.1")
    town.table["relays"] = [{"netns": "/n", "host": taken.getsockname()[1], "to": 53}]
    town.write()
    town.server.load()
    assert town.server._relays == {}
    assert town.asks(town.member_at(WEB), question("db")).addresses


def test_a_datagram_that_cannot_be_read_is_not_the_end(town: Town) -> None:
    served = town.server._served["front"]
    assert town.server._take_datagram(served) is False, "nothing waits"
    town.member_at(WEB).sendto(b"x", served.opened.datagrams.getsockname())
    assert town.server._take_datagram(served) is True
    assert serving.Served(served.network, served.opened).turn == 0
