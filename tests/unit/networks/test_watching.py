"""Who talks to whom, while somebody looks: names that are asked for, places that are refused, bytes by peer."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.errors import NotFound
from engine.networks.limits.egress import LABEL
from engine.networks.look import traffic, watching
from engine.networks.look.traffic import Counted, Traffic
from engine.networks.names import filters
from engine.types.networks import Peer
from tests.fakes.packet_filter import LOOPBACK, Packet, PacketFilter, Speaker

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from tests.unit.networks.world import World


class Filters:
    """The packet filters of namespaces by their names, and who speaks to them."""

    def __init__(self) -> None:
        self.kernels: dict[str, PacketFilter] = {}
        self.speakers: list[Speaker] = []
        self.meanwhile: Callable[[], object] = lambda: None
        """Happens while a socket is made."""

    async def speak_to_filter(self, namespace: Path) -> socket.socket:
        self.meanwhile()
        if namespace.name not in self.kernels:
            raise OSError(93, "Protocol not supported")
        self.speakers.append(self.kernels[namespace.name].speaker())
        return cast("socket.socket", self.speakers[-1])

    @property
    def open(self) -> int:
        return sum(not each.is_closed for each in self.speakers)

    def closed(self, path: Path, *networks: str) -> PacketFilter:
        path.touch()
        made = self.kernels[path.name] = PacketFilter()
        filters.close_all_but(cast("socket.socket", made.speaker()), networks, ())
        return made


@pytest.fixture
def them() -> Filters:
    return Filters()


@pytest.fixture
def looked(them: Filters, tmp_path: Path) -> Traffic:
    return Traffic(cast("Keeper", them), lambda key: tmp_path / key)


# --- what the filters counted ---


async def test_places_that_were_refused_are_told_once_with_how_many_packets_more(
    looked: Traffic, them: Filters, tmp_path: Path
) -> None:
    web = them.closed(tmp_path / "web")
    for _ in range(3):
        web.sends(Packet("203.0.113.5", port=443))
    web.sends(Packet("203.0.113.6", protocol=132))
    web.sends(Packet("2001:db8::5", "fd00::2", protocol=58, port=128))
    await looked.look(["web"])
    last, found = looked.tried_since(0)
    assert [each[1:] for each in found] == [
        ("web", "tcp", "203.0.113.5", 443, 3),
        ("web", "132", "203.0.113.6", 0, 1),
        ("web", "icmp6", "2001:db8::5", 0, 1),
    ]
    assert last == 3
    await looked.look(["web"])
    assert looked.tried_since(last) == (3, [])
    web.sends(Packet("203.0.113.5", port=443))
    await looked.look(["web"])
    last, [more] = looked.tried_since(last)
    assert (last, more.address, more.packets) == (4, "203.0.113.5", 1)
    assert len(looked.tried_since(0)[1]) == 4
    assert len(them.speakers) == them.open == 1


async def test_a_place_is_told_with_when_it_was_tried(
    looked: Traffic, them: Filters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 100_000_000_000)
    web = them.closed(tmp_path / "web")
    web.sends(Packet("203.0.113.5", port=443))
    [refused] = web.tables["wherry"].sets["refused4"].elements.values()
    refused.ago = 2500
    await looked.look(["web"])
    [tried] = looked.tried_since(0)[1]
    assert tried.time_ns == 97_500_000_000


async def test_what_the_kernel_forgot_meanwhile_counts_from_nothing(
    looked: Traffic, them: Filters, tmp_path: Path
) -> None:
    web = them.closed(tmp_path / "web")
    for _ in range(5):
        web.sends(Packet("203.0.113.5", port=443))
    await looked.look(["web"])
    web.tables["wherry"].sets["refused4"].elements.clear()
    for _ in range(2):
        web.sends(Packet("203.0.113.5", port=443))
    await looked.look(["web"])
    assert [each.packets for each in looked.tried_since(0)[1]] == [5, 2]


async def test_another_run_of_a_container_is_counted_anew(looked: Traffic, them: Filters, tmp_path: Path) -> None:
    them.closed(tmp_path / "web").sends(Packet("203.0.113.5", port=443))
    await looked.look(["web"])
    await looked.look([])
    fresh = tmp_path / "fresh"
    them.closed(fresh)
    fresh.rename(tmp_path / "web")
    them.closed(tmp_path / "web").sends(Packet("203.0.113.5", port=443))
    await looked.look(["web"])
    assert [each.packets for each in looked.tried_since(0)[1]] == [1, 1]
    assert [each.is_closed for each in them.speakers] == [True, False]


async def test_only_the_last_places_are_kept(them: Filters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "_KEPT", 2)
    looked = Traffic(cast("Keeper", them), lambda key: tmp_path / key)
    web = them.closed(tmp_path / "web")
    for number in range(4):
        web.sends(Packet(f"203.0.113.{number}", port=1))
    await looked.look(["web"])
    last, kept = looked.tried_since(0)
    assert (last, [each.address for each in kept]) == (4, ["203.0.113.2", "203.0.113.3"])


async def test_bytes_are_told_by_peer_without_groups_and_everybody(
    looked: Traffic, them: Filters, tmp_path: Path
) -> None:
    (tmp_path / "web").touch()
    web = them.kernels["web"] = PacketFilter()
    assert await looked.peers(["web"]) == []
    for place in ("203.0.113.5", "224.0.0.251", "255.255.255.255"):
        web.sends(Packet(place, size=70))
    web.sends(Packet("ff02::fb", "fd00::2", size=70))
    web.receives(Packet("10.1.0.2", "203.0.113.5", size=900))
    web.receives(Packet("10.1.0.2", "127.0.0.1", interface=LOOPBACK))
    assert await looked.peers(["web"]) == [Counted("web", "203.0.113.5", 70, 900)]


async def test_a_kernel_without_a_filter_counts_nothing(looked: Traffic, them: Filters, tmp_path: Path) -> None:
    (tmp_path / "web").touch()
    (tmp_path / "db").touch()
    them.kernels["db"] = PacketFilter(is_there=False)
    assert await looked.peers(["web", "db", "gone"]) == []
    await looked.look(["web", "db", "gone"])
    assert looked.tried_since(0) == (0, [])


async def test_a_container_that_ends_meanwhile_is_not_spoken_to(looked: Traffic, them: Filters, tmp_path: Path) -> None:
    them.closed(tmp_path / "web")
    them.meanwhile = (tmp_path / "web").unlink
    assert await looked.peers(["web"]) == []
    assert (len(them.speakers), them.open) == (1, 0)


async def test_sockets_are_let_go_with_the_containers(looked: Traffic, them: Filters, tmp_path: Path) -> None:
    for name in ("web", "db", "store"):
        them.closed(tmp_path / name)
    await looked.peers(["web", "db", "store"])
    looked.keep_only(["web", "db"])
    looked.forget("web")
    looked.forget("nobody")
    assert [each.is_closed for each in them.speakers] == [True, False, True]
    looked.close()
    assert them.open == 0
    await looked.peers(["web"])
    assert them.open == 1


# --- told of containers and networks ---


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_SECONDS", 0.001)


@pytest.fixture
async def shop(world: World, them: Filters, monkeypatch: pytest.MonkeyPatch, quick: None) -> World:
    """`web` and `db` on one network, `closed` with a list on the default one."""
    monkeypatch.setattr(world.ground, "speak_to_filter", them.speak_to_filter)
    await world.network(subnet6="fd00:2::/64")
    for name in ("web", "db"):
        them.closed(world.ground.paths.netns((await world.run(name)).id), "0.0.0.0/0", "::/0")
    closed = await world.run("closed", "pasta", labels={LABEL: "example.org"})
    them.closed(world.ground.paths.netns(closed.id), "10.88.0.0/16")
    return world


def kernel(world: World, them: Filters, name: str) -> PacketFilter:
    return them.kernels[world.named(name).id]


async def first(stream: Any) -> Any:
    async with aclosing(stream), asyncio.timeout(10):
        return await anext(stream)


async def test_peers_are_told_by_name_and_network(shop: World, them: Filters) -> None:
    web, db = shop.named("web"), shop.named("db")
    shop.ground.names.names["203.0.113.5"] = "example.org"
    kernel(shop, them, "web").sends(Packet("10.20.0.3", size=70))
    kernel(shop, them, "web").sends(Packet("fd00:2::3", "fd00:2::2", size=7))
    kernel(shop, them, "web").sends(Packet("203.0.113.5", size=40))
    kernel(shop, them, "web").sends(Packet("203.0.113.6", size=41))
    kernel(shop, them, "db").receives(Packet("10.20.0.3", "10.20.0.2", size=70))
    key = (await shop.service.get("shop")).id
    told = await first(shop.service.watch_peers())
    assert set(told) == {
        Peer(container_id=web.id, address="10.20.0.3", name="db", network=key, sent=70),
        Peer(container_id=web.id, address="fd00:2::3", name="db", network=key, sent=7),
        Peer(container_id=web.id, address="203.0.113.5", name="example.org", sent=40),
        Peer(container_id=web.id, address="203.0.113.6", sent=41),
        Peer(container_id=db.id, address="10.20.0.2", name="web", network=key, received=70),
    }
    one = await first(shop.service.watch_peers("db"))
    assert [each.container_id for each in one] == [db.id]
    with pytest.raises(NotFound):
        await first(shop.service.watch_peers("nobody"))
    assert them.open == 0, "nobody looks any more"


async def test_who_does_not_run_is_not_looked_at(shop: World, them: Filters) -> None:
    kernel(shop, them, "web").sends(Packet("203.0.113.5", size=40))
    shop.change(shop.named("web").id, pid=0)
    assert await first(shop.service.watch_peers("web")) == []


async def test_figures_come_again_and_again(shop: World, them: Filters) -> None:
    async with aclosing(cast("Any", shop.service.watch_peers("web"))) as readings, asyncio.timeout(10):
        assert await anext(readings) == []
        kernel(shop, them, "web").sends(Packet("203.0.113.5", size=40))
        [peer] = await anext(readings)
        assert peer.sent == 40
        them.speakers[-1].close()
        shop.ground.paths.netns(shop.named("web").id).unlink()
        assert await anext(readings) == []


async def test_a_namespace_that_goes_is_let_go_of(shop: World, them: Filters) -> None:
    async with aclosing(cast("Any", shop.service.watch_peers())) as readings, asyncio.timeout(10):
        await anext(readings)
        before = them.open
        await shop.stop("db")
        assert them.open == before - 1


@pytest.mark.parametrize(("kind", "word"), [(1, "A"), (28, "AAAA"), (12, "PTR"), (65, "HTTPS"), (257, "257")])
async def test_names_are_told_as_they_are_asked_for(shop: World, kind: int, word: str) -> None:
    key = (await shop.service.get("shop")).id
    async with aclosing(cast("Any", shop.service.watch_names())) as batches, asyncio.timeout(10):
        waiting = asyncio.ensure_future(anext(batches))
        await shop.ground.names.is_watched.wait()
        shop.ground.names.tell(5, key, "10.20.0.3", "example.org", kind, "asked", ["203.0.113.5"])
        shop.ground.names.tell(6, key, "10.20.0.77", "web", kind, "known", [])
        shop.ground.names.tell(7, "f" * 64, "10.77.0.2", "web", kind, "unknown", [])
        found = [*await waiting, *await anext(batches), *await anext(batches)]
    assert [(each.time_ns, each.container, each.network, each.name, each.kind, each.verdict) for each in found] == [
        (5, "db", "shop", "example.org", word, "asked"),
        (6, "10.20.0.77", "shop", "web", word, "known"),
        (7, "10.77.0.2", "f" * 12, "web", word, "unknown"),
    ]
    assert [(each.container_id, each.addresses) for each in found] == [
        (shop.named("db").id, ("203.0.113.5",)),
        ("", ()),
        ("", ()),
    ]


async def test_places_that_are_refused_are_told_with_their_names(shop: World, them: Filters) -> None:
    closed = shop.named("closed")
    shop.ground.names.names["203.0.113.5"] = "example.com"
    kernel(shop, them, "closed").sends(Packet("203.0.113.5", port=443))
    kernel(shop, them, "web").sends(Packet("203.0.113.5", port=443))
    async with aclosing(cast("Any", shop.service.watch_names())) as batches, asyncio.timeout(10):
        [place] = await anext(batches)
        kernel(shop, them, "closed").sends(Packet("203.0.113.7", protocol=17, port=53))
        [second] = await anext(batches)
    assert (place.container_id, place.container, place.network, place.name) == (
        closed.id,
        "closed",
        "pasta",
        "example.com",
    )
    assert (place.kind, place.verdict, place.addresses, place.port, place.count, place.is_place) == (
        "tcp",
        "refused",
        ("203.0.113.5",),
        443,
        1,
        True,
    )
    assert (second.name, second.kind, second.addresses, second.port) == ("", "udp", ("203.0.113.7",), 53)
    assert them.open == 0


async def test_a_place_of_a_container_that_is_gone_names_what_is_known(shop: World, them: Filters) -> None:
    closed = shop.named("closed")
    kernel(shop, them, "closed").sends(Packet("203.0.113.5", port=443))
    look = shop.service._watching._traffic.look

    async def looked(keys: Any) -> None:
        await look(keys)
        shop.containers.pop(closed.id, None)

    shop.service._watching._traffic.look = looked  # type: ignore[method-assign]
    [place] = await first(shop.service.watch_names())
    assert (place.container_id, place.container) == ("", closed.id[:12])
    shop.containers[closed.id] = closed


async def test_what_goes_wrong_while_somebody_watches_is_told(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(keys: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(shop.service._watching._traffic, "look", fails)
    with pytest.raises(RuntimeError, match="broken"):
        await first(shop.service.watch_names())


async def test_the_last_to_look_away_lets_all_sockets_go(shop: World, them: Filters) -> None:
    async with asyncio.timeout(10):
        one, two = cast("Any", shop.service.watch_peers()), cast("Any", shop.service.watch_peers())
        await anext(one)
        await anext(two)
        await one.aclose()
        assert them.open == 3
        await two.aclose()
        assert them.open == 0
