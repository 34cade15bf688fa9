"""What the names server says, and to whom; and what it takes for an answer of others."""

from __future__ import annotations

import select
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.networks.names import forwarding, wire
from engine.networks.names.forwarding import Forwarder, Resolvers
from engine.networks.names.table import Table, look_up
from tests.support.dns import question

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.networks.names.table import Asker

WEB, DB, DB2, LONELY = "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.2.0.2"


def row(places: list[tuple[str, str, list[str]]], **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"way_out": True, "servers": [], "host": "", "links": {}}
    given["places"] = [
        {"network": key, "ip": ip, "ip6": "fd00::2" if ip == WEB else "", "names": names} for key, ip, names in places
    ]
    return given | fields


TABLE = Table(
    {
        "networks": {
            "one": {
                "name": "shop_default",
                "netns": "",
                "address": "10.1.0.1",
                "subnets": ["10.1.0.0/24", "fd00::/64"],
            },
            "two": {"name": "back", "netns": "", "address": "10.2.0.1", "subnets": ["10.2.0.0/24", ""]},
        },
        "members": [
            row([("one", WEB, ["shop-web-1", "0123456789ab", "web"])], host="192.0.2.1", links={"store": "shop-db-1"}),
            row([("one", DB, ["shop-db-1", "db"]), ("two", "10.2.0.3", ["shop-db-1", "inner"])]),
            row([("one", DB2, ["shop-db-2", "db"])]),
            row([("two", LONELY, ["lonely"])], way_out=False),
        ],
    }
)


def asker(network: str, address: str) -> Asker:
    return TABLE.asker(TABLE.networks[network], address)


def asked(who: Asker, name: str, kind: int = wire.A) -> tuple[int, list[str]] | None:
    found = look_up(who, wire.Question(question(name, kind)))
    if found is None:
        return None
    families = {wire.A: socket.AF_INET, wire.AAAA: socket.AF_INET6}
    code, data = found
    return code, [socket.inet_ntop(families[kind], each) if kind in families else each.decode() for each in data]


def test_neighbours_are_found_by_all_their_names() -> None:
    web = asker("one", WEB)
    for name in ("shop-db-1", "SHOP-DB-1", "shop-db-1.shop_default", "store"):
        assert asked(web, name) == (wire.NO_ERROR, [DB]), name
    assert asked(web, "db") == (wire.NO_ERROR, [DB, DB2])
    assert asked(asker("one", DB), "0123456789ab", wire.AAAA) == (wire.NO_ERROR, ["fd00::2"])


def test_a_name_without_an_address_of_that_kind_is_there_all_the_same() -> None:
    """Resolvers that ask for both kinds give up on a name that is said not to exist."""
    assert asked(asker("one", WEB), "db", wire.AAAA) == (wire.NO_ERROR, [])
    assert asked(asker("one", WEB), "db", 15) == (wire.NO_ERROR, [])


def test_who_is_in_several_networks_asks_all_of_them() -> None:
    both = asker("two", "10.2.0.3")
    assert asked(both, "lonely") == (wire.NO_ERROR, [LONELY])
    assert asked(both, "web") == (wire.NO_ERROR, [WEB])
    assert asked(asker("one", DB), "lonely") == (wire.NO_ERROR, [LONELY])


def test_names_of_networks_one_is_not_in_are_not_told() -> None:
    assert asked(asker("two", LONELY), "web") == (wire.NAME_ERROR, [])
    assert asked(asker("one", WEB), "inner") is None


def test_addresses_have_names() -> None:
    assert asked(asker("one", WEB), "3.0.1.10.in-addr.arpa", wire.PTR) == (
        wire.NO_ERROR,
        [wire.encode_name("shop-db-1.shop_default").decode()],
    )
    six = ".".join(reversed(socket.inet_pton(socket.AF_INET6, "fd00::2").hex())) + ".ip6.arpa"
    assert asked(asker("one", DB), six, wire.PTR) == (
        wire.NO_ERROR,
        [wire.encode_name("shop-web-1.shop_default").decode()],
    )
    assert asked(asker("one", WEB), "99.0.1.10.in-addr.arpa", wire.PTR) == (wire.NAME_ERROR, [])
    assert asked(asker("one", WEB), "8.8.8.8.in-addr.arpa", wire.PTR) is None
    assert asked(asker("two", LONELY), "8.8.8.8.in-addr.arpa", wire.PTR) == (wire.NAME_ERROR, [])


def test_the_outside_is_asked_only_for_who_has_a_way_out() -> None:
    assert asked(asker("one", WEB), "example.org") is None
    assert asked(asker("two", LONELY), "example.org") == (wire.NAME_ERROR, [])
    assert asked(asker("one", "10.1.0.77"), "example.org") == (wire.NAME_ERROR, [])


def test_the_host_has_a_name_for_who_may_reach_it() -> None:
    assert asked(asker("one", WEB), "host.docker.internal") == (wire.NO_ERROR, ["192.0.2.1"])
    assert asked(asker("one", DB), "host.docker.internal") == (wire.NAME_ERROR, [])


def test_an_answer_repeats_the_question_and_is_good_for_now() -> None:
    raw = question("db", size=1232)
    reply = raw[:2] + wire.answer(wire.Question(raw), wire.NO_ERROR, [socket.inet_aton(DB)])
    number, flags, questions, answers, _, additional = wire.HEADER.unpack_from(reply)
    assert (number, questions, answers, additional) == (0x4242, 1, 1, 1)
    assert flags & 0x8080 == 0x8080
    record = reply[wire.HEADER.size + len(wire.Question(raw).asked) :]
    assert struct.unpack("!HHHIH", record[:12]) == (0xC00C, wire.A, wire.IN, 0, 4)


def test_what_does_not_fit_sends_the_asker_to_tcp() -> None:
    raw = question("db")
    many = [socket.inet_aton(f"10.1.1.{number}") for number in range(60)]
    short = wire.answer(wire.Question(raw), wire.NO_ERROR, many, limit=512)
    assert short[0] & 0x02
    assert len(short) < 512
    assert len(wire.answer(wire.Question(raw), wire.NO_ERROR, many)) > 512


@given(st.binary(max_size=600))
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    try:
        read = wire.Question(raw)
    except wire.Malformed:
        return
    assert wire.answer(read, wire.NO_ERROR)[2:4] == b"\0\1"
    look_up(asker("one", WEB), read)


@given(st.binary(min_size=1, max_size=40))
def test_no_question_is_too_strange(rest: bytes) -> None:
    raw = wire.HEADER.pack(1, 0x0100, 1, 0, 0, 1) + rest
    try:
        look_up(asker("one", WEB), wire.Question(raw))
    except wire.Malformed:
        return


# --- asking others ---


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A name server of the test's own, at a port that takes no privilege."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        monkeypatch.setattr(forwarding, "_PORT", server.getsockname()[1])
        yield server


def forwarder(path: Path, *servers: str) -> tuple[Forwarder, select.epoll]:
    path.write_text("".join(f"nameserver {each}\n" for each in servers))
    poll = select.epoll()
    return Forwarder(poll, Resolvers(str(path))), poll


def turn(forward: Forwarder, poll: select.epoll) -> None:
    for fd, event in poll.poll(10):
        forward.ready(fd, event)


def test_an_answer_with_another_number_or_question_is_nobodys(resolver: socket.socket, tmp_path: Path) -> None:
    forward, poll = forwarder(tmp_path / "resolv.conf", "127.0.0.1")
    got: list[bytes] = []
    raw = question("example.org")
    forward.ask(wire.Question(raw), got.append, servers=[], asker="a", stream=False)
    sent, place = resolver.recvfrom(512)
    assert sent[2:] == raw[2:]
    for spoofed in (
        bytes([sent[0] ^ 1]) + sent[1:2] + b"\x81\x80" + sent[4:],
        sent[:2] + b"\x81\x80" + question("example.com")[4:],
        sent,
        b"",
    ):
        resolver.sendto(spoofed, place)
        turn(forward, poll)
    assert not got
    resolver.sendto(sent[:2] + b"\x81\x80" + sent[4:], place)
    turn(forward, poll)
    assert got == [b"\x81\x80" + raw[4:]]
    assert forward.count == 0
    poll.close()


def test_a_server_that_is_not_there_hands_on_to_the_next(resolver: socket.socket, tmp_path: Path) -> None:
    forward, poll = forwarder(tmp_path / "resolv.conf", "127.0.0.2", "127.0.0.1")
    got: list[bytes] = []
    forward.ask(wire.Question(question("example.org")), got.append, servers=[], asker="a", stream=False)
    turn(forward, poll)  # nobody listens at the first
    sent, place = resolver.recvfrom(512)
    resolver.sendto(sent[:2] + b"\x81\x80" + sent[4:], place)
    turn(forward, poll)
    assert len(got) == 1
    poll.close()


def test_open_questions_are_bounded_and_offline_is_told_at_once(resolver: socket.socket, tmp_path: Path) -> None:
    forward, poll = forwarder(tmp_path / "resolv.conf", "127.0.0.1")
    got: list[bytes] = []
    for number in range(forwarding.MOST_OF_ONE + 5):
        forward.ask(wire.Question(question(f"n{number}.org")), got.append, servers=[], asker="a", stream=False)
    assert len(got) == 5
    assert all(each[1] & 15 == wire.SERVER_FAILURE for each in got)
    forward.ask(wire.Question(question("n.org")), got.append, servers=[], asker="another", stream=False)
    assert len(got) == 5
    (tmp_path / "resolv.conf").unlink()
    forward.ask(wire.Question(question("n.org")), got.append, servers=[], asker="another", stream=False)
    assert len(got) == 6
    forward.close()
    poll.close()


def test_the_hosts_resolvers_are_those_of_the_moment(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    resolvers = Resolvers(str(path))
    assert resolvers.servers() == []
    path.write_text("# by hand\nnameserver 192.0.2.1\nsearch lan\n")
    assert resolvers.servers() == ["192.0.2.1"]
    other = tmp_path / "other"
    other.write_text("nameserver 192.0.2.2\nnameserver 2001:db8::1\n")
    other.rename(path)
    assert resolvers.servers() == ["192.0.2.2", "2001:db8::1"]
