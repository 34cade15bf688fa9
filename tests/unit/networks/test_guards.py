"""Members with a list: closed by the packet filter or by routes; what they learned is kept or forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.networks.names import gates, guards
from engine.networks.names.guards import Guards
from tests.fakes.packet_filter import Packet, PacketFilter
from tests.fakes.route_tables import RouteTables

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.fakes.packet_filter import Speaker


@dataclass
class Namespace:
    number: int
    kernel: PacketFilter = field(default_factory=PacketFilter)
    tables: RouteTables = field(default_factory=RouteTables)

    def goes_to(self, address: str) -> bool:
        return self.kernel.sends(Packet(address)) == "sent" and self.tables.goes_to(address)


@dataclass
class World:
    """Namespaces by their places."""

    there: dict[str, Namespace] = field(default_factory=dict)
    speakers: list[Speaker] = field(default_factory=list)

    def namespace_of(self, path: str) -> tuple[int, int]:
        return (4, self.there[path].number) if path in self.there else (0, 0)

    def speaker_in(self, path: str) -> socket.socket | None:
        if path not in self.there:
            return None
        self.speakers.append(self.there[path].kernel.speaker())
        return cast("socket.socket", self.speakers[-1])

    def inside(self, path: str, act: Callable[[gates.Routes], None]) -> bool:
        if path not in self.there:
            return False
        try:
            act(gates.Routes(cast("socket.socket", self.there[path].tables)))
        except OSError:
            return False
        return True


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(guards, "namespace_of", made.namespace_of)
    monkeypatch.setattr(guards, "speaker_in", made.speaker_in)
    monkeypatch.setattr(gates, "inside", made.inside)
    return made


WEB = "/ns/web"
NAMES = ("example.org",)


def row(*networks: str, names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    return {"names": list(names), "networks": list(networks), "near": ["10.1.0.0/24"]}


def follow(them: Guards, **wanted: dict[str, Any]) -> None:
    them.follow({key: (f"/ns/{key}", each) for key, each in wanted.items()})


@pytest.mark.parametrize("has_filter", [True, False])
def test_a_member_is_closed_by_what_the_kernel_has(world: World, has_filter: bool) -> None:
    web = world.there[WEB] = Namespace(7, PacketFilter(is_there=has_filter))
    them = Guards()
    follow(them, web=row("192.0.2.0/24"))
    assert (them.closed, them.filtered) == ({"web"}, ["web"] if has_filter else [])
    assert bool(web.kernel.tables) is has_filter
    assert bool(web.tables.rules) is not has_filter
    them.allow("web", ["203.0.113.5"])
    places = ("10.1.0.9", "192.0.2.1", "203.0.113.5", "203.0.113.6")
    assert [web.goes_to(each) for each in places] == [True, True, True, False]
    follow(them)
    assert (them.closed, them.filtered) == (set(), [])
    assert web.goes_to("203.0.113.6")
    assert all(each.is_closed for each in world.speakers)


def test_a_kernel_that_has_a_filter_by_now_takes_the_place_of_the_routes(world: World) -> None:
    web = world.there[WEB] = Namespace(7, PacketFilter(is_there=False))
    follow(Guards(), web=row())
    assert web.tables.rules
    web.kernel.is_there = True
    them = Guards()
    follow(them, web=row())
    assert (web.tables.rules, web.tables.routes) == (set(), {})
    assert (web.goes_to("10.1.0.9"), web.goes_to("203.0.113.5")) == (True, False)


def test_who_cannot_be_closed_is_not_called_closed(world: World) -> None:
    them = Guards()
    follow(them, web=row())
    assert (them.closed, them.filtered) == (set(), [])
    world.there[WEB] = Namespace(7)
    follow(them, web=row())
    assert them.closed == {"web"}
    world.there[WEB] = Namespace(8, PacketFilter(is_there=False), RouteTables(refusal=1))
    follow(them, web=row())
    assert them.closed == set()
    del world.there[WEB]
    follow(them)


@pytest.mark.parametrize("has_filter", [True, False])
def test_what_was_learned_stays_while_the_names_are_the_same(world: World, has_filter: bool) -> None:
    web = world.there[WEB] = Namespace(7, PacketFilter(is_there=has_filter))
    them = Guards()
    follow(them, web=row())
    them.allow("web", ["203.0.113.5"])
    follow(them, web=row("192.0.2.0/24"))
    assert (web.goes_to("203.0.113.5"), web.goes_to("192.0.2.1")) == (True, True)
    follow(them, web=row("192.0.2.0/24", names=("example.net",)))
    assert (web.goes_to("203.0.113.5"), web.goes_to("192.0.2.1")) == (False, True)
    follow(them, web=row(names=("example.net",)))
    assert not web.goes_to("192.0.2.1")


def test_another_run_learns_anew(world: World) -> None:
    world.there[WEB] = Namespace(7)
    them = Guards()
    follow(them, web=row())
    them.allow("web", ["203.0.113.5"])
    web = world.there[WEB] = Namespace(8)
    follow(them, web=row())
    assert (web.goes_to("203.0.113.5"), web.goes_to("10.1.0.9")) == (False, True)


def test_nothing_is_told_twice(world: World) -> None:
    web = world.there[WEB] = Namespace(7)
    them = Guards()
    follow(them, web=row())
    follow(them, web=row())
    assert web.kernel.changes == 1
    them.allow("web", ["203.0.113.5", "203.0.113.6"])
    them.allow("web", ["203.0.113.6", "203.0.113.5"])
    them.allow("stranger", ["203.0.113.7"])
    assert web.kernel.changes == 2
    them.allow("web", ["203.0.113.6", "203.0.113.7"])
    assert web.goes_to("203.0.113.7")


def test_what_could_not_be_let_through_is_tried_again(world: World) -> None:
    web = world.there[WEB] = Namespace(7)
    them = Guards()
    follow(them, web=row())
    web.kernel.is_there = False
    them.allow("web", ["203.0.113.5"])
    web.kernel.is_there = True
    assert not web.goes_to("203.0.113.5")
    them.allow("web", ["203.0.113.5"])
    assert web.goes_to("203.0.113.5")


def test_no_member_learns_without_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "_MOST_LEARNED", 2)
    web = world.there[WEB] = Namespace(7)
    them = Guards()
    follow(them, web=row())
    for far in ("203.0.113.5", "203.0.113.6", "203.0.113.7"):
        them.allow("web", [far])
    assert [web.goes_to(f"203.0.113.{number}") for number in (5, 6, 7)] == [True, True, False]


def test_one_that_goes_leaves_the_others_closed(world: World) -> None:
    web = world.there[WEB] = Namespace(7)
    db = world.there["/ns/db"] = Namespace(8)
    them = Guards()
    follow(them, web=row(), db=row())
    follow(them, db=row())
    assert (web.goes_to("203.0.113.5"), db.goes_to("203.0.113.5")) == (True, False)
    assert (them.closed, them.filtered) == ({"db"}, ["db"])


@pytest.mark.parametrize("has_filter", [True, False])
def test_another_container_at_the_same_place_is_left_alone(world: World, has_filter: bool) -> None:
    world.there[WEB] = Namespace(7, PacketFilter(is_there=has_filter))
    them = Guards()
    follow(them, web=row())
    fresh = world.there[WEB] = Namespace(9, PacketFilter(is_there=has_filter))
    follow(Guards(), web=row())
    follow(them)
    assert not fresh.goes_to("203.0.113.5")
