"""The names server's loop, on addresses of the loopback: who asks, what it hears, and what the engine says to it."""

from __future__ import annotations

import json
import select
import socket
import threading
from typing import Any

import pytest

from engine.networks.names import forwarding, guards, journal, server, wire
from engine.networks.names.server import Server
from tests.support.dns import Heard, in_a_stream, out_of_a_stream, question, read, reply
from tests.unit.networks.town import BACK, DB, DB2, INNER, OUTSIDE, SECONDS, WEB, Town, on

# --- names of neighbours ---


def test_a_neighbour_is_found_and_the_answer_has_the_askers_number(town: Town) -> None:
    web = town.member_at(WEB)
    assert town.asks(web, question("db", number=7)) == Heard(7, wire.NO_ERROR, (DB,), is_cut=False)
    assert town.asks(web, question("db", number=8)) == Heard(8, wire.NO_ERROR, (DB,), is_cut=False)
    assert town.asks(web, question("nobody.front")).code == wire.SERVER_FAILURE, "the resolver outside is not there"
    assert town.asks(town.member_at(INNER), question("web"), "back").code == wire.NAME_ERROR
    assert town.asks(town.member_at(INNER), question("db"), "back").addresses == ("127.2.0.3",)
    assert town.server.questions == 5


def test_a_name_of_several_begins_with_another_each_time(town: Town) -> None:
    web = town.member_at(WEB)
    first = [town.asks(web, question("store")).addresses for _ in range(4)]
    assert {frozenset(each) for each in first} == {frozenset((DB, DB2))}
    assert first[0] != first[1]
    assert (first[0], first[1]) == (first[2], first[3])
    cookies = [town.asks(web, question("store", size=1000 + number)).addresses[0] for number in range(4)]
    assert cookies in ([DB, DB2, DB, DB2], [DB2, DB, DB2, DB]), "of questions that differ each time too"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (question("db", flags=0x0800), wire.NOT_IMPLEMENTED),
        (question("db", size=1232, version=1), 0),
    ],
)
def test_what_is_not_spoken_is_refused(town: Town, raw: bytes, code: int) -> None:
    heard = town.asks(town.member_at(WEB), raw)
    assert (heard.code, heard.addresses) == (code, ())


def test_nobody_answers_what_is_no_question(town: Town) -> None:
    web = town.member_at(WEB)
    web.sendto(b"nonsense", town.opened["front"].datagrams.getsockname())
    web.sendto(reply(question("db"), DB), town.opened["front"].datagrams.getsockname())
    assert town.asks(web, question("db", number=9)).number == 9


def test_what_is_remembered_is_bounded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_MOST_REMEMBERED", 2)
    web = town.member_at(WEB)
    for name in ("db", "db2", "web"):
        town.asks(web, question(name))
    assert len(town.server._served["front"].remembered) == 1
    assert [town.asks(web, question(name)).addresses for name in ("db", "web")] == [(DB,), (WEB,)]


def test_each_asker_hears_what_it_may_know(town: Town) -> None:
    raw = question("db")
    town.table["members"][0]["links"] = {"db": "db2"}
    town.write()
    town.server.load()
    assert town.asks(town.member_at(WEB), raw).addresses == (DB2,)
    assert town.asks(town.member_at(DB2), raw).addresses == (DB,)
    assert town.asks(town.member_at("127.1.0.77"), raw).addresses == (DB,), "who is not in the table yet"


def test_many_addresses_go_over_a_stream(town: Town) -> None:
    town.table["members"] += [
        town.member(f"m{number}", ("front", f"127.1.1.{number}"), names=("many",)) for number in range(1, 61)
    ]
    town.write()
    town.server.load()
    cut = town.asks(town.member_at(WEB), question("many"))
    assert (cut.is_cut, cut.addresses) == (True, ())
    stream = town.stream(WEB)
    stream.sendall(in_a_stream([question("many", number=3)]))
    (raw,) = out_of_a_stream(town.hears(stream))
    whole = read(raw)
    assert (whole.number, whole.is_cut, len(whole.addresses)) == (3, False, 60)


# --- the table ---


def test_a_new_table_is_another_truth_at_once(town: Town) -> None:
    web = town.member_at(WEB)
    assert town.asks(web, question("db")).addresses == (DB,)
    kept = town.opened["front"]
    town.table["members"][1] = town.member("db", ("front", "127.1.0.9"))
    town.write()
    assert town.says("load")["networks"] == ["back", "front"]
    assert town.asks(web, question("db")).addresses == ("127.1.0.9",)
    assert town.opened["front"] is kept


def test_networks_come_and_go(town: Town) -> None:
    gone = town.opened["back"]
    del town.table["networks"]["back"]
    town.write()
    assert town.says("load")["networks"] == ["front"]
    assert all(each.fileno() < 0 for each in gone.all)
    town.table["networks"] |= {
        "back": town.network("back", BACK, "127.2.0.0/16"),
        "away": town.network("away", "127.3.0.1", "127.3.0.0/16"),
    }
    town.write()
    assert town.says("load")["networks"] == ["back", "front"]
    assert town.asks(town.member_at(INNER), question("db"), "back").addresses == ("127.2.0.3",)


@pytest.mark.parametrize("how", ["address", "namespace"])
def test_a_network_that_was_made_anew_is_opened_again(town: Town, how: str) -> None:
    former = town.opened["front"]
    if how == "address":
        town.table["networks"]["front"]["address"] = "127.1.0.254"
    else:
        fresh = town.path / "fresh"
        fresh.touch()
        fresh.rename(town.path / "front")
    town.write()
    town.server.load()
    assert town.opened["front"] is not former
    assert former.datagrams.fileno() < 0
    assert town.asks(town.member_at(WEB), question("db")).addresses == (DB,)


# --- names of the world ---


@pytest.fixture
def outside(town: Town, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """The host's resolver."""
    found = on(OUTSIDE)
    town.everything.append(found)
    monkeypatch.setattr(forwarding, "_PORT", found.getsockname()[1])
    return found


def asked_outside(town: Town, outside: socket.socket) -> tuple[bytes, tuple[str, int]]:
    for _ in range(20):
        if select.select([outside], [], [], 0)[0]:
            raw, place = outside.recvfrom(4096)
            return raw, place
        town.server.turn(0.2)
    raise AssertionError("nobody was asked")


def test_what_is_not_known_here_is_asked_outside(town: Town, outside: socket.socket) -> None:
    web = town.member_at(WEB)
    web.sendto(question("example.org", number=5), town.opened["front"].datagrams.getsockname())
    raw, place = asked_outside(town, outside)
    assert raw[2:] == question("example.org")[2:]
    outside.sendto(reply(raw, "203.0.113.5"), place)
    assert read(town.hears(web)) == Heard(5, wire.NO_ERROR, ("203.0.113.5",), is_cut=False)
    assert town.says("heard 203.0.113.5 203.0.113.6") == {"203.0.113.5": "example.org"}
    assert town.says("state")["open"] == 0


def test_a_member_without_a_way_out_asks_nobody_outside(town: Town, outside: socket.socket) -> None:
    assert town.asks(town.member_at(INNER), question("example.org"), "back").code == wire.NAME_ERROR


def test_ones_own_server_among_the_members_is_asked_in_the_network(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = on(DB)
    town.everything.append(inside)
    monkeypatch.setattr(forwarding, "_PORT", inside.getsockname()[1])
    town.table["members"][0]["servers"] = [DB]
    town.write()
    town.server.load()
    web = town.member_at(WEB)
    web.sendto(question("example.org", number=5), town.opened["front"].datagrams.getsockname())
    raw, place = asked_outside(town, inside)
    assert place == town.opened["front"].inner.getsockname()
    inside.sendto(reply(raw, "203.0.113.7"), place)
    assert read(town.hears(web)).addresses == ("203.0.113.7",)


def test_a_question_outside_by_a_stream_is_answered_there(
    town: Town, outside: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = on(OUTSIDE, socket.SOCK_STREAM)
    town.everything.append(resolver)
    resolver.listen(1)
    monkeypatch.setattr(forwarding, "_PORT", resolver.getsockname()[1])
    stream = town.stream(WEB)
    stream.sendall(in_a_stream([question("example.org", number=11)]))
    for _ in range(20):
        town.server.turn(0.2)
        if select.select([resolver], [], [], 0)[0]:
            break
    asked, _ = resolver.accept()
    with asked:
        asked.settimeout(SECONDS)
        town.server.turn(SECONDS)
        raw = asked.recv(4096)[2:]
        asked.sendall(in_a_stream([reply(raw, "203.0.113.8")]))
        heard = read(town.hears(stream)[2:])
    assert (heard.number, heard.addresses) == (11, ("203.0.113.8",))


def test_no_resolver_at_all_is_an_answer(town: Town) -> None:
    (town.path / "resolv.conf").unlink()
    assert town.asks(town.member_at(WEB), question("example.org")).code == wire.SERVER_FAILURE


# --- lists of what may be reached ---


@pytest.fixture
def limited(town: Town, monkeypatch: pytest.MonkeyPatch) -> Town:
    """`web` may ask for example.org; whatever is let through is noted."""

    class Gate:
        is_filtered = True

        def __init__(self, path: str, row: dict[str, Any]) -> None:
            self.path, self.row, self.namespace, self.learned = path, row, (1, 2), dict[str, None]()

        def close(self, *, anew: bool) -> bool:
            return True

        def allow(self, addresses: list[str]) -> bool:
            town.guarded.append((self.path, tuple(addresses)))
            return True

    monkeypatch.setattr(guards, "Guard", Gate)
    egress = {"names": ["example.org"], "networks": [], "near": []}
    town.table["members"][0] |= {"netns": str(town.path / "web"), "egress": egress}
    town.write()
    town.server.load()
    return town


def test_a_name_that_is_allowed_is_let_through_before_it_is_told(limited: Town, outside: socket.socket) -> None:
    web = limited.member_at(WEB)
    web.sendto(question("example.org", number=5), limited.opened["front"].datagrams.getsockname())
    raw, place = asked_outside(limited, outside)
    assert not limited.guarded
    outside.sendto(reply(raw, "203.0.113.5"), place)
    assert read(limited.hears(web)).addresses == ("203.0.113.5",)
    assert limited.guarded == [(str(limited.path / "web"), ("203.0.113.5",))]


def test_a_name_that_is_not_allowed_is_none(limited: Town, outside: socket.socket) -> None:
    assert limited.asks(limited.member_at(WEB), question("example.com")).code == wire.NAME_ERROR
    assert limited.asks(limited.member_at(WEB), question("db")).addresses == (DB,)
    assert not select.select([outside], [], [], 0)[0]
    assert not limited.guarded
    state = limited.says("state")
    assert (state["guarded"], state["filtered"]) == (["web"], ["web"])


def test_who_has_a_list_is_written_down_each_time(limited: Town) -> None:
    web = limited.member_at(WEB)
    for name in ("db", "db", "example.com", "db.back.x", "nobody.example"):
        limited.asks(web, question(name))
    limited.asks(limited.member_at(DB2), question("web"))
    lines = lines_of(limited, limited.control("watch"), 5)
    assert [each[1:] for each in lines] == [
        ["front", WEB, "db", wire.A, journal.KNOWN, [DB]],
        ["front", WEB, "db", wire.A, journal.KNOWN, [DB]],
        ["front", WEB, "example.com", wire.A, journal.REFUSED, []],
        ["front", WEB, "db.back.x", wire.A, journal.REFUSED, []],
        ["front", WEB, "nobody.example", wire.A, journal.REFUSED, []],
    ]


def lines_of(town: Town, sock: socket.socket, count: int) -> list[Any]:
    raw = b""
    while raw.count(b"\n") < count:
        raw += town.hears(sock)
    return [json.loads(line) for line in raw.splitlines()]


def test_others_are_told_of_while_somebody_listens(town: Town, outside: socket.socket) -> None:
    web = town.member_at(WEB)
    town.asks(web, question("db"))
    listener = town.control("watch")
    town.server.turn(SECONDS)
    for name in ("db", "db2"):
        town.asks(web, question(name))
    town.asks(town.member_at(INNER), question("nobody", wire.AAAA), "back")
    web.sendto(question("example.org"), town.opened["front"].datagrams.getsockname())
    raw, place = asked_outside(town, outside)
    outside.sendto(reply(raw, "203.0.113.5"), place)
    town.hears(web)
    assert [each[1:] for each in lines_of(town, listener, 4)] == [
        ["front", WEB, "db", wire.A, journal.KNOWN, [DB]],
        ["front", WEB, "db2", wire.A, journal.KNOWN, [DB2]],
        ["back", INNER, "nobody", wire.AAAA, journal.UNKNOWN, []],
        ["front", WEB, "example.org", wire.A, journal.ASKED, ["203.0.113.5"]],
    ]
    listener.close()
    town.server.turn(SECONDS)
    assert not town.server._journal.is_read


# --- streams ---


def test_a_stream_takes_questions_in_any_pieces(town: Town) -> None:
    stream = town.stream(WEB)
    raw = in_a_stream([question("db", number=1), question("db2", number=2)])
    for piece in (raw[:1], raw[1:9], raw[9:-3], raw[-3:]):
        stream.sendall(piece)
        town.server.turn(SECONDS)
    heard = b""
    while len(answers := [read(each) for each in out_of_a_stream(heard)]) < 2:
        heard += town.hears(stream)
    assert [(each.number, each.addresses) for each in answers] == [(1, (DB,)), (2, (DB2,))]
    assert town.server.questions == 2


def test_a_stream_that_ends_is_forgotten(town: Town) -> None:
    stream = town.stream(WEB)
    assert len(town.server._streams) == 1
    stream.close()
    town.server.turn(SECONDS)
    assert not town.server._streams


def test_a_stream_of_a_network_that_went_ends(town: Town) -> None:
    stream = town.stream(WEB)
    del town.table["networks"]["front"]
    town.write()
    town.server.load()
    stream.sendall(in_a_stream([question("db")]))
    town.server.turn(SECONDS)
    assert stream.recv(10) == b""


def test_a_stream_that_says_nothing_ends(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_TICK_SECONDS", 0.001)
    first, second = town.stream(WEB), town.stream(WEB)
    waiting = list(town.server._streams.values())
    waiting[0].until = 0.0
    town.server.turn(SECONDS)
    assert first.recv(10) == b""
    second.sendall(in_a_stream([question("db")]))
    before = waiting[1].until = waiting[1].until - 5
    assert town.hears(second)
    assert waiting[1].until > before + 4, "who asks has its time anew"


def test_the_oldest_of_too_many_streams_ends(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_MOST_STREAMS", 2)
    first, second, third = (town.stream(WEB) for _ in range(3))
    assert first.recv(10) == b""
    for each in (second, third):
        each.sendall(in_a_stream([question("db")]))
        assert town.hears(each)


# --- the engine's words ---


def test_the_engine_is_told_how_it_stands(town: Town) -> None:
    town.asks(town.member_at(WEB), question("db"))
    state = town.says("state")
    assert state.pop("pid") > 1
    assert state == {
        "version": "v1",
        "networks": ["back", "front"],
        "questions": 1,
        "open": 0,
        "guarded": [],
        "filtered": [],
    }


def test_words_come_in_any_pieces(town: Town) -> None:
    sock = town.control()
    for piece in (b"sta", b"te\nheard 192.0.2.1\nst", b"ate\n"):
        sock.sendall(piece)
        town.server.turn(SECONDS)
    assert [type(each) for each in lines_of(town, sock, 3)] == [dict, dict, dict]


def test_who_is_told_to_leave_answers_what_waits_and_goes(town: Town) -> None:
    web = town.member_at(WEB)
    sock = town.control("leave")
    web.sendto(question("db"), town.opened["front"].datagrams.getsockname())
    with pytest.raises(SystemExit) as ended:
        town.hears(town.member_at(DB))
    assert ended.value.code == 0
    assert read(web.recv(4096)).addresses == (DB,)
    sock.settimeout(SECONDS)
    assert json.loads(sock.recv(4096))["version"] == "v1"


def test_a_new_server_has_the_one_before_it_leave(town: Town) -> None:
    former = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    former.bind(str(town.path / "other"))
    former.listen(1)
    town.everything.append(former)
    second = Server(str(town.path / "table"), str(town.path / "other"), "v2", town.server._forwarder._resolvers)
    town.note_what_it_watches(second)
    heard = []

    def leaves() -> None:
        sock, _ = former.accept()
        with sock:
            heard.append(sock.recv(64))
            sock.sendall(b"{}\n")

    beside = threading.Thread(target=leaves)
    beside.start()
    second.open()
    beside.join()
    second._poll.close()
    assert heard == [b"leave\n"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as fresh:
        fresh.connect(str(town.path / "other"))  # the new one's, at the same place
    assert not list(town.path.glob("other.*"))
