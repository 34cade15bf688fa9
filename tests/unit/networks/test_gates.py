"""The gate of routes, over tables that are played: what a member without a packet filter may go to."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, cast

import pytest

from engine.networks.names import gates, netlink
from tests.fakes.route_tables import MAIN, Route, RouteTables, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

NEAR = ["10.1.0.0/24", "fd00::/64"]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> RouteTables:
    made = RouteTables()
    play(made, monkeypatch)
    return made


def play(tables: RouteTables, monkeypatch: pytest.MonkeyPatch) -> None:
    def inside(namespace: str, act: Callable[[gates.Routes], None]) -> bool:
        assert namespace == "/ns/web"
        try:
            act(gates.Routes(cast("socket.socket", tables)))
        except OSError:
            return False
        return True

    monkeypatch.setattr(gates, "inside", inside)


def reached(tables: RouteTables, *addresses: str) -> list[str]:
    return [each for each in addresses if tables.goes_to(each)]


def test_only_what_is_allowed_is_gone_to(tables: RouteTables) -> None:
    assert gates.close_all_but("/ns/web", [*NEAR, "192.0.2.9/30"], anew=False)
    here = ("10.1.0.9", "fd00::9", "192.0.2.8", "192.0.2.11", "fe80::1", "febf::1", "ff02::1")
    away = ("10.1.1.9", "192.0.2.12", "203.0.113.5", "2001:db8::1", "fec0::1", "169.254.0.1")
    assert reached(tables, *here, *away) == list(here)
    assert tables.rules == {Rule(socket.AF_INET, 100, 100), Rule(socket.AF_INET6, 100, 100)}


def test_what_was_learned_is_gone_to_as_well(tables: RouteTables) -> None:
    gates.close_all_but("/ns/web", NEAR, anew=False)
    assert gates.allow("/ns/web", ["203.0.113.5", "2001:db8::5"])
    assert reached(tables, "203.0.113.5", "203.0.113.4", "2001:db8::5", "2001:db8::4") == ["203.0.113.5", "2001:db8::5"]


@pytest.mark.parametrize(("anew", "still"), [(True, []), (False, ["203.0.113.5", "2001:db8::5"])])
def test_another_list_forgets_the_first_where_it_is_asked_to(tables: RouteTables, anew: bool, still: list[str]) -> None:
    gates.close_all_but("/ns/web", [*NEAR, "203.0.113.0/24"], anew=False)
    gates.allow("/ns/web", ["203.0.113.5", "2001:db8::5"])
    tables.routes.pop(Route(socket.AF_INET, 100, 24, socket.inet_aton("203.0.113.0")))
    assert gates.close_all_but("/ns/web", NEAR, anew=anew)
    assert reached(tables, "203.0.113.5", "2001:db8::5") == still
    assert reached(tables, "10.1.0.9", "fe80::1", "198.51.100.1") == ["10.1.0.9", "fe80::1"]


def test_opened_again_all_is_gone_to_and_other_routes_stay(tables: RouteTables) -> None:
    usual = Route(socket.AF_INET, MAIN, 24, socket.inet_aton("10.1.0.0"))
    tables.routes[usual] = 1
    gates.close_all_but("/ns/web", NEAR, anew=True)
    assert usual in tables.routes
    former = {Rule(family, priority, 100) for family in (socket.AF_INET, socket.AF_INET6) for priority in (98, 99)}
    others = {Rule(socket.AF_INET, 101, 100), Rule(socket.AF_INET, 97, 100)}
    tables.rules |= former | others
    assert gates.open_again("/ns/web")
    assert tables.rules == others
    assert tables.routes == {usual: 1}
    assert gates.open_again("/ns/web")


@pytest.mark.parametrize("open_it", [False, True])
def test_a_machine_without_ipv6_has_nothing_there_to_close(monkeypatch: pytest.MonkeyPatch, open_it: bool) -> None:
    tables = RouteTables(families=(socket.AF_INET,))
    play(tables, monkeypatch)
    assert gates.close_all_but("/ns/web", NEAR, anew=True)
    assert gates.allow("/ns/web", ["203.0.113.5", "2001:db8::5"])
    assert reached(tables, "203.0.113.5", "203.0.113.4") == ["203.0.113.5"]
    assert not open_it or (gates.open_again("/ns/web") and not tables.routes)


@pytest.mark.parametrize(
    ("families", "refusal"), [((socket.AF_INET6,), 0), ((socket.AF_INET, socket.AF_INET6), errno.EPERM)]
)
def test_it_is_told_when_the_gate_could_not_be_closed(
    monkeypatch: pytest.MonkeyPatch, families: tuple[int, ...], refusal: int
) -> None:
    play(RouteTables(families=families, refusal=refusal), monkeypatch)
    assert not gates.close_all_but("/ns/web", NEAR, anew=False)
    assert not gates.allow("/ns/web", ["203.0.113.5"])


def test_a_refusal_of_ipv6_that_means_something_is_no_machine_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = RouteTables()
    play(tables, monkeypatch)
    for code, closes in ((errno.EPERM, False), (errno.EOPNOTSUPP, True), (errno.ENOENT, True), (errno.ESRCH, True)):
        monkeypatch.setattr(tables, "_done", lambda kind, flags, body, code=code: code if body[0] == 10 else 0)
        assert gates.close_all_but("/ns/web", NEAR, anew=False) is closes, code


def test_messages_are_taken_apart_as_they_were_put_together() -> None:
    two = netlink.message(7, netlink.DUMP, b"abc", 5) + bytes(1) + netlink.message(8, 0, b"defg")
    assert list(netlink.messages(two)) == [(7, b"abc"), (8, b"defg")]
    assert netlink.HEADER.unpack_from(two) == (19, 7, 0x301, 5, 0)
    said = netlink.attribute(3, b"xyz") + netlink.attribute(4, b"") + netlink.number(5, 9)
    assert list(netlink.attributes(said)) == [(3, b"xyz"), (5, b"\x09\0\0\0")]
    assert netlink.failure(b"\xff\xff\xff\xffrest") == 1


@pytest.mark.parametrize("raw", [b"", bytes(15), bytes(16), bytes(17), b"\x03\0\0\0" + bytes(40)])
def test_lengths_that_cannot_be_end_somewhere(raw: bytes) -> None:
    assert len(list(netlink.messages(raw))) <= 3
    assert len(list(netlink.attributes(raw))) <= 11
