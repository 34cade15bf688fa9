"""Networks as people make, join, leave and remove them, on a played ground."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, RuntimeFailure, StorageError, Unsupported
from engine.networks.limits.egress import LABEL
from engine.networks.limits.isolation import LABEL as ALONE
from engine.types.containers import PortMapping, Security
from engine.types.data import LabelRule, now
from engine.types.networks import CreateNetwork, Endpoint
from tests.fakes.network_ground import end

if TYPE_CHECKING:
    from pathlib import Path

    from engine.processes.ask import Answer
    from tests.unit.networks.world import World

DNS = PortMapping(container_port=53, host_port=5353, protocol="udp")
WEB = PortMapping(container_port=80, host_port=8080)


# --- made, listed, removed ---


async def test_a_network_is_made_as_it_was_asked_for(world: World) -> None:
    made = await world.service.create(
        CreateNetwork(
            name="shop",
            labels={"k": "v"},
            options={"mtu": "1400"},
            internal=True,
            subnet="10.20.0.0/24",
            subnet6="fd00:2::/64",
            reserved={"router": "10.20.0.9"},
        )
    )
    assert (made.name, made.driver, made.internal, made.labels, made.options) == (
        "shop",
        "bridge",
        True,
        {"k": "v"},
        {"mtu": "1400"},
    )
    assert (made.subnet, made.gateway, made.subnet6, made.gateway6, made.ipv6, made.reserved, made.builtin) == (
        "10.20.0.0/24",
        "10.20.0.1",
        "fd00:2::/64",
        "fd00:2::1",
        True,
        {"router": "10.20.0.9"},
        False,
    )
    assert len(made.id) == 64
    assert (now() - made.created).total_seconds() < 60
    assert await world.service.get("shop") == made
    assert world.actions() == [("create", "shop", "")]
    again = world.another_service()
    await again.open()
    assert await again.get(made.id) == made


async def test_there_are_the_three_networks_everybody_has(world: World) -> None:
    listed = await world.service.list()
    assert {(each.name, each.driver, each.builtin) for each in listed} == {
        ("pasta", "pasta", True),
        ("host", "host", True),
        ("none", "null", True),
    }


async def test_what_a_network_hides_of_the_host_is_told(world: World, host: Path) -> None:
    (host / "route").write_text("Iface\nlan 00001E0A 00000000 1 0 0 0 00FFFFFF 0 0 0\n")
    (host / "ipv6_route").write_text("fd000003000000000000000000000000 40 0 00 0 0 0 0 0 lan\n")
    hiding = await world.network("old", subnet="10.30.0.0/25", subnet6="fd00:3::/48")
    assert hiding.hides == ("10.30.0.0/24", "fd00:3::/64")
    assert (await world.network("new", subnet="10.31.0.0/24")).hides == ()
    chosen = [(await world.network(name, subnet="")).subnet for name in ("a", "b")]
    assert chosen == ["10.89.0.0/24", "10.89.1.0/24"]


@pytest.mark.parametrize(
    ("request_", "error", "code", "words"),
    [
        (CreateNetwork(name="shop"), Conflict, Code.NAME_TAKEN, "already"),
        (CreateNetwork(name=""), Conflict, Code.INVALID, "needs a name"),
        *[
            (CreateNetwork(name=name), InvalidRequest, Code.FORBIDDEN, "cannot be called")
            for name in ("host", "none", "bridge", "default", "container", "pasta")
        ],
        (CreateNetwork(name="x", driver="overlay"), Unsupported, Code.UNSUPPORTED, "driver"),
        (CreateNetwork(name="x", options={"mtu": "7"}), InvalidRequest, Code.INVALID, "MTU"),
        (CreateNetwork(name="x", labels={LABEL: "a/b"}), InvalidRequest, Code.INVALID, "neither a name"),
        (CreateNetwork(name="x", subnet="10.20.0.0/16"), Conflict, Code.IN_USE, "overlaps"),
    ],
)
async def test_a_network_that_cannot_be_is_not_made(
    world: World, request_: CreateNetwork, error: type[Exception], code: Code, words: str
) -> None:
    await world.network()
    with pytest.raises(error, match=words) as caught:
        await world.service.create(request_)
    assert caught.value.code is code  # type: ignore[attr-defined]
    assert len(await world.service.list()) == 4


async def test_a_name_that_is_taken_is_told_in_dockers_words_too(world: World) -> None:
    await world.network()
    with pytest.raises(Conflict) as taken:
        await world.network(subnet="")
    assert (taken.value.subject, taken.value.docker) == ("shop", "network with name shop already exists")
    with pytest.raises(Conflict) as unnamed:
        await world.network("")
    assert unnamed.value.docker == ""
    with pytest.raises(InvalidRequest) as reserved:
        await world.network("host")
    assert reserved.value.subject == "host"


async def test_a_network_that_is_used_is_not_removed(world: World) -> None:
    shop = await world.network()
    world.make("web")
    await world.run("db", "none")
    world.change(world.named("db").id, pid=0)
    with pytest.raises(Conflict) as caught:
        await world.service.remove("shop")
    assert (caught.value.code, caught.value.subject, caught.value.explanation) == (Code.IN_USE, shop.id, "By: web.")
    assert caught.value.docker == "error while removing network: network shop has active endpoints (web)"
    assert await world.service.get("shop") == shop
    world.containers.clear()
    await world.service.remove(shop.id[:12])
    with pytest.raises(NotFound):
        await world.service.get("shop")
    assert world.actions()[-1] == ("destroy", "shop", "")
    assert f"remove net-{shop.id[:32]}" in world.ground.asked
    assert shop.id not in world.bus.objects("network")


async def test_built_in_networks_stay(world: World) -> None:
    for name in ("bridge", "host", "none"):
        with pytest.raises(Conflict, match="built in"):
            await world.service.remove(name)


async def test_unused_networks_go_together(world: World) -> None:
    old = await world.network("old")
    await world.network("kept", subnet="", labels={"keep": "yes"})
    await world.network("used", subnet="")
    world.make("web", "used")
    made = int(old.created.timestamp() * 1e9)
    assert (await world.service.prune(until_ns=made - 10**9)).ids == ()
    freed = await world.service.prune(until_ns=made + 60 * 10**9, labels=LabelRule(unwanted={"keep": ""}))
    assert freed.ids == ("old",)
    assert (await world.service.prune()).ids == ("kept",)
    assert {each.name for each in await world.service.list() if not each.builtin} == {"used"}


# --- starts and ends ---


async def test_a_container_that_starts_has_an_address_a_plug_and_a_name(world: World) -> None:
    shop = await world.network(subnet6="fd00:2::/64", options={"mtu": "1400"})
    web = await world.run("web", network_aliases=("www",), hostname="front")
    assert web.ip_address == "10.20.0.2"
    entry = await world.entry("web")
    assert entry is not None
    assert (entry.ip6_address, entry.aliases) == ("fd00:2::2", ("front", "www"))
    key = f"net-{shop.id[:32]}"
    bridge, plug = world.ground.bridges[key], world.ground.plugs[web.id, shop.interface]
    assert (bridge.mac, bridge.mtu) == ("02:59:0a:14:00:01", 1400)
    assert list(bridge.addresses) == [("10.20.0.1", 24), ("fd00:2::1", 64)]
    assert (plug.port, plug.mac, plug.mtu, plug.isolated) == ("v0a140002", "02:59:0a:14:00:02", 1400, False)
    assert list(plug.addresses) == [("10.20.0.2", 24), ("fd00:2::2", 64)]
    assert world.told() == {"shop": ["web"]}
    assert world.service.names_server(world.member("web")) == "10.20.0.1"
    assert list(world.service.addresses(world.member("web"))) == ["10.20.0.2", "fd00:2::2"]
    assert world.service.names_server_pid > 0
    assert world.actions()[-1] == ("connect", "shop", web.id)
    assert world.bus.objects("network")[shop.id].members == (entry,)  # type: ignore[union-attr]
    assert world.service.is_in_use(key)


async def test_an_end_frees_the_address_and_the_last_takes_the_bridge_along(world: World) -> None:
    shop = await world.network()
    web, db = await world.run("web"), await world.run("db")
    key = f"net-{shop.id[:32]}"
    assert world.ground.asked.count(f"bridge {key}") == 1
    await world.stop("web")
    assert await world.address("web") == "none"
    assert world.service.is_in_use(key)
    assert (web.id, shop.interface) not in world.ground.plugs
    assert await world.address("db") == "10.20.0.3"
    await world.service._names.close()
    assert world.told() == {"shop": ["db"]}
    assert world.actions()[-1] == ("disconnect", "shop", web.id)
    await world.stop("db")
    assert not world.service.is_in_use(key)
    assert world.ground.asked[-1] == f"remove {key}"
    assert not world.service.namespace(db.id).exists()


async def test_who_comes_again_finds_the_bridge_made_anew(world: World) -> None:
    shop = await world.network()
    await world.run("web")
    made = world.ground.names.table["networks"][shop.id]["made"]
    await world.stop("web")
    await world.start("web")
    assert world.ground.names.table["networks"][shop.id]["made"] == made + 1


async def test_a_bridge_that_went_with_the_keeper_is_made_again(world: World) -> None:
    shop = await world.network()
    await world.run("web")
    world.ground.refusals = [OSError(errno.ENODEV, "No such device")]
    world.service.namespace(f"net-{shop.id[:32]}").unlink()
    db = await world.run("db")
    assert (db.id, shop.interface) in world.ground.plugs
    assert world.ground.asked.count(f"bridge net-{shop.id[:32]}") == 2


@pytest.mark.parametrize(
    ("refusals", "words"),
    [
        ([errno.EPERM], "could not be set up"),
        ([errno.ENOENT, errno.EINVAL], "could not be set up"),
        ([errno.EMFILE], "."),
    ],
)
async def test_a_plug_that_cannot_be_is_told(world: World, refusals: list[int], words: str) -> None:
    await world.network()
    await world.run("web")
    world.ground.refusals = [OSError(each, "no") for each in refusals]
    with pytest.raises(Exception, match=words) as caught:
        await world.run("db")
    assert not isinstance(caught.value, OSError)
    assert not world.ground.refusals


async def test_the_first_of_a_network_gets_no_bridge_of_an_earlier_life(world: World) -> None:
    shop = await world.network()
    key = f"net-{shop.id[:32]}"
    world.service.namespace(key).touch()
    await world.run("web")
    assert world.ground.asked.index(f"remove {key}") < world.ground.asked.index(f"create {key}")
    await world.service.close()
    world.service = world.another_service()
    await world.service.open()
    before = list(world.ground.asked)
    await world.run("db")
    assert f"bridge {key}" not in world.ground.asked[len(before) :], "there are members on it"


async def test_a_fixed_address_is_had_and_nobody_elses_by_chance(world: World) -> None:
    await world.network()
    world.make("late", ip="10.20.0.2", mac_address="02:00:00:00:00:07")
    assert (await world.run("web")).ip_address == "10.20.0.3"
    assert (await world.start("late")).ip_address == "10.20.0.2"
    with pytest.raises(Conflict, match="in use"):
        await world.run("second", ip="10.20.0.2")


async def test_internal_networks_have_no_way_out(world: World) -> None:
    await world.network(internal=True)
    web = await world.run("web")
    assert (world.ground.calls, world.service.attachments.running(web.id)) == ([], 0)
    assert await world.service.attach(world.member("web"), ()) == 0
    await world.network("other", subnet="")
    await world.service.connect("other", "web")
    await world.stop("web")
    await world.start("web")
    assert len(world.ground.calls) == 1


async def test_one_pasta_for_each_that_starts(world: World) -> None:
    await world.network()
    web = world.make("web", extra_hosts=("host:host-gateway",), dns=("9.9.9.9",))
    await world.start("web", [WEB, DNS])
    [call] = world.ground.calls
    assert call[call.index("--netns") + 1] == str(world.service.namespace(web.id))
    assert "--no-map-gw" not in call
    assert (call[call.index("-t") + 1], call[call.index("-u") + 1]) == ("8080:80", "5353:53")
    assert world.service.attachments.running(web.id) == world.ground.processes[0].pid
    pid = await world.service.reconnect(world.member("web"), [])
    assert pid == world.ground.processes[1].pid != world.ground.processes[0].pid
    assert world.ground.processes[0].wait() != 0
    call = world.ground.calls[-1]
    assert (call[call.index("-t") + 1], call[call.index("-u") + 1]) == ("none", "none")


async def test_who_names_its_interface_leaves_the_hosts_name_for_it(world: World) -> None:
    shop = await world.network()
    web = await world.run("web", interface_name="eth0")
    assert (web.id, "eth0") in world.ground.plugs
    assert world.ground.calls[0][world.ground.calls[0].index("--ns-ifname") + 1] == "wayout0"
    await world.run("db")
    assert "--ns-ifname" not in world.ground.calls[1]
    assert (world.named("db").id, shop.interface) in world.ground.plugs


async def test_datagrams_that_pasta_would_lose_go_by_the_names_server(world: World) -> None:
    web = world.make("web", "pasta")
    await world.start("web", [DNS, WEB])
    assert world.ground.names.table["relays"] == [
        {"netns": str(world.service.namespace(web.id)), "host": 5353, "to": 53}
    ]
    again = world.another_service()
    await again.open()
    again.publish_all()
    await again._names.close()
    assert [each["host"] for each in world.ground.names.table["relays"]] == [5353]
    await world.stop("web")
    await world.service._names.close()
    assert world.ground.names.table["relays"] == []


# --- the default network ---


async def test_the_default_network_joins_without_names(world: World) -> None:
    web = await world.run("web", "pasta")
    assert web.ip_address == "10.88.0.2"
    assert len(world.ground.plugs) == 1
    assert world.service.names_server(world.member("web")) == ""
    assert world.ground.names.starts == 0
    await world.stop("web")
    assert len(world.ground.bridges) == 1, "it waits for the next start"
    await world.start("web")
    assert sum(each.startswith("bridge ") for each in world.ground.asked) == 1
    assert world.service.names_server_pid == 0


async def test_the_default_network_moves_out_of_the_hosts_way(world: World, host: Path) -> None:
    await world.run("web", "pasta")
    (host / "route").write_text("Iface\nlan 0000580A 00000000 1 0 0 0 0000FFFF 0 0 0\n")
    assert (await world.run("db", "pasta")).ip_address == "10.88.0.3", "somebody is there"
    await world.stop("web")
    await world.stop("db")
    assert (await world.start("db")).ip_address == "10.86.0.2"
    assert sum(each.startswith("bridge ") for each in world.ground.asked) == 2


async def test_who_wants_to_be_alone_has_a_way_out_and_no_neighbours(world: World) -> None:
    web = await world.run("web", "pasta", labels={ALONE: "true"})
    assert (world.ground.plugs, len(world.ground.calls)) == ({}, 1)
    assert world.service.names_server(world.member("web")) == ""
    assert await world.service.get("pasta") == (await world.service.get("bridge"))
    assert world.actions()[-1] == ("connect", "pasta", web.id)
    assert web.ip_address == world.service.address(world.member("web"))


async def test_members_of_the_default_network_are_found_again(world: World) -> None:
    web = await world.run("web", "pasta")
    world.make("pod", "pasta")
    world.make("away", "pasta")
    world.change(world.named("away").id, ip_address="10.99.0.5")
    again = world.another_service()
    await again.open()
    [member] = (await again.get("pasta")).members
    assert (member.container_id, member.ip_address, member.mac_address) == (web.id, "10.88.0.2", "02:59:0a:58:00:02")
    assert await world.service.get("pasta") == await again.get("pasta")


async def test_who_uses_the_hosts_network_is_shown_while_it_runs(world: World) -> None:
    world.make("web", "host")
    assert (await world.service.get("host")).members == ()
    world.change(world.named("web").id, pid=7)
    [shown] = (await world.service.get("host")).members
    assert (shown.name, shown.container_id) == ("web", world.named("web").id)
    assert (await world.service.get("none")).members == ()


async def test_who_is_linked_to_is_told_that_it_came(world: World) -> None:
    user = await world.run("user", "pasta", links=("web:store",))
    await world.run("other", "pasta")
    assert world.news == []
    await world.run("web", "pasta")
    assert world.news == [("neighbours", user.id)]


# --- connected and disconnected ---


async def test_a_container_that_runs_is_plugged_in_at_once(world: World) -> None:
    await world.network()
    back = await world.network("back", subnet="10.21.0.0/24")
    web = await world.run("web")
    asked = Endpoint(aliases=("store",), ip="10.21.0.9", interface="eth9")
    await world.service.connect("back", "web", aliases=("db",), asked=asked)
    entry = await world.entry("web", "back")
    assert entry is not None
    assert (entry.ip_address, entry.aliases, entry.asked.aliases, entry.is_beside) == (
        "10.21.0.9",
        ("store", "db"),
        (),
        False,
    )
    assert (web.id, "eth9") in world.ground.plugs
    assert world.told() == {"shop": ["web"], "back": ["web"]}
    assert world.actions()[-1] == ("connect", "back", web.id)
    assert world.news == [("neighbours", web.id)]
    assert list(world.service.addresses(world.member("web"))) == ["10.20.0.2", "10.21.0.9"]
    await world.service.disconnect("back", "web")
    assert (web.id, "eth9") not in world.ground.plugs
    assert await world.address("web", "back") == "none"
    assert world.told() == {"shop": ["web"]}
    assert world.actions()[-1] == ("disconnect", "back", web.id)
    assert world.news == [("neighbours", web.id)] * 2
    assert world.ground.asked[-1] == f"remove net-{back.id[:32]}"


async def test_a_container_that_rests_joins_with_its_next_start(world: World) -> None:
    await world.network()
    back = await world.network("back", subnet="10.21.0.0/24")
    web = world.make("web")
    await world.service.connect("back", "web")
    assert (await world.address("web", "back"), world.ground.plugs) == ("", {})
    await world.start("web")
    assert await world.address("web", "back") == "10.21.0.2"
    assert (web.id, back.interface) in world.ground.plugs
    await world.stop("web")
    assert await world.address("web", "back") == ""
    await world.service.forget(web.id)
    assert await world.address("web", "back") == "none"


@pytest.mark.parametrize(
    ("container", "network", "asked", "error", "words"),
    [
        ("web", "shop", Endpoint(), Conflict, "in this network already"),
        ("web", "host", Endpoint(), Conflict, "built in"),
        ("web", "nowhere", Endpoint(), NotFound, "No such network"),
        ("nobody", "back", Endpoint(), NotFound, "No such container"),
        ("hosted", "back", Endpoint(), Conflict, "no network of its own"),
        ("guest", "back", Endpoint(), Conflict, "no network of its own"),
        ("closed", "back", Endpoint(), Conflict, "no network of its own"),
        ("web", "back", Endpoint(ip="10.99.0.1"), InvalidRequest, "no address of"),
        ("web", "bridge", Endpoint(ip="10.88.0.9"), InvalidRequest, "network of one's own"),
        ("web", "back", Endpoint(ip="10.21.0.3"), Conflict, "in use"),
    ],
)
async def test_what_cannot_be_connected(
    world: World, container: str, network: str, asked: Endpoint, error: type[Exception], words: str
) -> None:
    await world.network()
    await world.network("back", subnet="10.21.0.0/24")
    await world.run("web")
    world.make("hosted", "host")
    world.make("guest", "container:web")
    world.make("closed", "none")
    world.change(world.named("closed").id, pid=9)
    await world.run("taken", "back", ip="10.21.0.3")
    before = await world.service.list()
    plugs, events = dict(world.ground.plugs), len(world.events)
    with pytest.raises(error, match=words):
        await world.service.connect(network, container, asked=asked)
    assert (await world.service.list(), world.ground.plugs) == (before, plugs)
    assert len(world.events) == events


async def test_a_plug_that_failed_leaves_no_member(world: World) -> None:
    await world.network()
    await world.network("back", subnet="10.21.0.0/24")
    await world.run("web")
    world.ground.refusals = [OSError(errno.EPERM, "no")]
    with pytest.raises(RuntimeFailure):
        await world.service.connect("back", "web")
    assert await world.address("web", "back") == "none"
    await world.service.connect("back", "web")
    assert await world.address("web", "back") == "10.21.0.2"


async def test_who_has_no_network_gets_this_one_for_its_own(world: World) -> None:
    await world.network()
    web = world.make("web", "none")
    await world.service.connect("shop", "web", asked=Endpoint(ip="10.20.0.9"), aliases=("www",))
    assert world.news == [("moved", web.id, "shop", "10.20.0.9", "www")]
    assert await world.address("web") == "none"
    world.make("other", "none")
    with pytest.raises(InvalidRequest):
        await world.service.connect("shop", "other", asked=Endpoint(ip="10.77.0.9"))


async def test_the_default_network_beside_a_named_one(world: World) -> None:
    await world.network(internal=True)
    web = await world.run("web")
    await world.service.connect("bridge", "web")
    entry = await world.entry("web", "pasta")
    assert entry is not None
    assert (entry.ip_address, entry.is_beside) == ("10.88.0.2", True)
    with pytest.raises(Conflict, match="already"):
        await world.service.connect("bridge", "web")
    again = world.another_service()
    await again.open()
    assert [each.name for each in (await again.get("pasta")).members] == ["web"], "kept over a new life"
    await world.service.disconnect("bridge", "web")
    assert await world.entry("web", "pasta") is None
    assert world.actions()[-1] == ("disconnect", "pasta", web.id)


async def test_ones_own_network_is_left_for_the_next_one(world: World) -> None:
    await world.network()
    await world.network("back", subnet="10.21.0.0/24")
    web = await world.run("web")
    await world.service.connect("back", "web", asked=Endpoint(ip="10.21.0.9"), aliases=("db",))
    world.news.clear()
    await world.service.disconnect("shop", "web")
    assert world.news == [("moved", web.id, "back", "10.21.0.9", "db"), ("neighbours", web.id)]
    await world.service.disconnect("back", "web")
    assert world.news[-2] == ("moved", web.id, "pasta", ""), "its way out stays while it runs"


async def test_ones_only_network_is_left_for_none(world: World) -> None:
    await world.network()
    web = world.make("web")
    await world.service.disconnect("shop", "web")
    assert world.news == [("moved", web.id, "none", ""), ("neighbours", web.id)]
    alone = world.make("alone", "pasta")
    await world.service.disconnect("bridge", "alone")
    assert world.news[-1] == ("moved", alone.id, "none", "")


@pytest.mark.parametrize(
    ("container", "network", "words", "hint"),
    [("running", "bridge", "It runs, and that is its way", "Stop it first."), ("hosted", "host", "no network one", "")],
)
async def test_what_cannot_be_left(world: World, container: str, network: str, words: str, hint: str) -> None:
    world.make("hosted", "host")
    await world.run("running", "pasta")
    with pytest.raises(Conflict, match=words) as caught:
        await world.service.disconnect(network, container)
    assert (caught.value.hint, caught.value.subject) == (hint, world.named(container).id)


async def test_who_is_not_in_a_network_cannot_leave_it(world: World) -> None:
    shop = await world.network()
    web = world.make("web", "none")
    with pytest.raises(NotFound) as caught:
        await world.service.disconnect("shop", "web")
    assert (caught.value.subject, caught.value.docker) == (
        web.id,
        f"container {web.id} is not connected to network shop",
    )
    assert shop.members == ()


async def test_a_new_name_is_known_at_once(world: World) -> None:
    shop = await world.network()
    web = await world.run("web")
    world.change(web.id, name="shop-front")
    await world.service.renamed(web.id, "shop-front")
    assert world.told() == {"shop": ["shop-front"]}
    assert [each.name for each in world.bus.objects("network")[shop.id].members] == ["shop-front"]  # type: ignore[union-attr]


async def test_neighbours_are_those_one_reaches(world: World) -> None:
    await world.network()
    await world.network("back", subnet="10.21.0.0/24")
    await world.network("apart", subnet="10.22.0.0/24", options={"com.docker.network.bridge.enable_icc": "false"})
    for name, network in (("web", "shop"), ("db", "shop"), ("store", "back"), ("lone", "apart")):
        await world.run(name, network)
    world.make("rests", "shop")
    await world.service.connect("back", "web")
    await world.service.connect("apart", "web")
    await world.service.connect("back", "db")
    found = world.service.neighbours(world.member("web"))
    assert found == {world.named("db").id: "10.20.0.3", world.named("store").id: "10.21.0.2"}


# --- lists of what may be reached ---


async def test_a_container_with_a_list_starts_when_its_gate_is_closed(world: World) -> None:
    web = await world.run("web", "pasta", labels={LABEL: "example.org"})
    [row] = world.ground.names.table["members"]
    assert (row["netns"], row["egress"]["names"]) == (str(world.service.namespace(web.id)), ["example.org"])
    assert world.service.is_limited(web.id)
    assert world.service.names_server(world.member("web")) == "10.88.0.1"
    world.make("db", "pasta", labels={LABEL: "none"})
    world.ground.names.cannot_close.add(world.named("db").id)
    with pytest.raises(RuntimeFailure, match="could not be limited") as caught:
        await world.start("db")
    assert caught.value.subject == world.named("db").id
    assert not world.service.is_limited("nobody")


async def test_the_list_of_a_network_holds_for_its_members(world: World) -> None:
    await world.network(labels={LABEL: "example.org"}, internal=True)
    web = world.make("web")
    assert world.service.is_limited(web.id)
    world.ground.names.cannot_close.add(web.id)
    with pytest.raises(RuntimeFailure):
        await world.start("web")
    other = world.make("other", "none")
    assert not world.service.is_limited(other.id)
    world.make("strong", security=Security(capabilities_add=("NET_ADMIN",)))
    with pytest.raises(InvalidRequest, match="cannot be limited"):
        await world.start("strong")


async def test_labels_that_changed_are_told_now_and_then(world: World) -> None:
    web = await world.run("web", "pasta", labels={LABEL: "example.org"})
    world.change(web.id, spec=world.make("again", "pasta", labels={LABEL: "example.net"}).spec)
    del world.containers[world.named("again").id]
    await world.service.pay()
    await world.service._names.close()
    assert [each["egress"]["names"] for each in world.ground.names.table["members"]] == [["example.net"]]


@pytest.mark.parametrize(
    ("said", "warned"),
    [("there\n", 0), ("refused: Operation not supported\n", 1), ("no program", 0)],
)
async def test_who_makes_a_list_hears_of_a_kernel_without_a_filter(
    world: World, monkeypatch: pytest.MonkeyPatch, said: str, warned: int
) -> None:
    asked: list[list[str]] = []

    def ask(argv: list[str]) -> Answer:
        from engine.processes.ask import Answer

        asked.append(argv)
        return Answer(0, said, "")

    monkeypatch.setattr("engine.networks.network_service.ask", ask)
    web = world.make("web", labels={LABEL: "none"})
    await world.network()
    for _ in range(2):
        found = await world.service.warnings(web.id, "shop")
        assert len(found) == warned
        assert all("Operation not supported" in each for each in found)
    assert len(asked) == 1
    assert asked[0][-1] == "try-filter"
    other = world.make("other")
    assert not await world.service.warnings(other.id, "shop")


@pytest.mark.parametrize(
    ("network", "warned"),
    [("shop", 1), ("pasta", 1), ("none", 0), ("host", 0), ("container:web", 0), ("pod:p", 0), ("inner", 0)],
)
async def test_a_host_without_a_network_is_told_of_where_it_matters(
    world: World, host: Path, network: str, warned: int
) -> None:
    await world.network()
    await world.network("inner", subnet="", internal=True)
    web = world.make("web", network)
    assert len(await world.service.warnings(web.id, network)) == 0
    (host / "offline").touch()
    assert len(await world.service.warnings(web.id, network)) == warned


# --- told, lost, found again ---


async def test_recipes_hold_names(world: World) -> None:
    shop = await world.network()
    names = [world.service.name_of(each) for each in (shop.id, "shop", "bridge", "container:x", "pod:y", "host")]
    assert names == ["shop", "shop", "pasta", "container:x", "pod:y", "host"]
    with pytest.raises(NotFound):
        world.service.name_of("nothing")
    world.service.check_named("shop", Endpoint(ip="10.20.0.9"))
    with pytest.raises(InvalidRequest):
        world.service.check_named("shop", Endpoint(ip="10.21.0.9"))
    world.service.check_named("shop")


async def test_the_event_of_a_start_is_told_for_each_network(world: World) -> None:
    await world.network()
    await world.network("back", subnet="10.21.0.0/24")
    web = world.make("web")
    await world.service.connect("back", "web")
    world.events.clear()
    await world.start("web")
    assert set(world.actions()) == {("connect", "shop", web.id), ("connect", "back", web.id)}
    world.make("hosted", "host")
    world.make("guest", "container:web")
    for name in ("hosted", "guest"):
        world.service.tell_left(world.member(name))
    assert world.actions()[-1] == ("disconnect", "host", world.named("hosted").id)
    assert len(world.events) == 3


async def test_a_pasta_that_is_lost_is_told(world: World) -> None:
    web = await world.run("web", "pasta")
    end(world.ground.processes[0])
    async with asyncio.timeout(10):
        await world.heard.wait()
    assert world.news == [("lost", web.id)]
    assert not world.service.attachments.is_watched(web.id)


async def test_everything_is_shown_when_the_engine_opens(world: World) -> None:
    shop = await world.network()
    again = world.another_service()
    await again.open()
    world.bus._objects["network"].clear()
    again.publish_all()
    assert world.bus.objects("network").keys() == {each.id for each in await again.list()} >= {shop.id}
    await again._names.close()


async def test_a_full_disk_stops_no_end_and_is_paid_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.network()
    await world.network("back", subnet="10.21.0.0/24")
    web = world.make("web")
    await world.service.connect("back", "web")
    await world.start("web")
    execute = world.database.execute

    async def full(sql: str, parameters: Any = ()) -> int:
        raise StorageError("The disk is full", code=Code.DISK_FULL)

    monkeypatch.setattr(world.database, "execute", full)
    with pytest.raises(StorageError):
        await world.service.renamed(web.id, "new")
    assert await world.address("web", "back") == "10.21.0.2", "what could not be written did not happen"
    await world.stop("web")
    assert await world.address("web", "back") == ""
    monkeypatch.setattr(world.database, "execute", execute)
    await world.service.pay()
    again = world.another_service()
    await again.open()
    assert [each.ip_address for each in (await again.get("back")).members] == [""]


async def test_a_network_that_could_not_be_written_is_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(sql: str, parameters: Any = ()) -> int:
        raise StorageError("The disk is full", code=Code.DISK_FULL)

    with monkeypatch.context() as patched:
        patched.setattr(world.database, "execute", full)
        with pytest.raises(StorageError):
            await world.network()
    with pytest.raises(NotFound):
        await world.service.get("shop")
    assert world.events == []
    await world.network()


async def test_closed_the_default_network_and_an_idle_names_server_go(world: World) -> None:
    await world.network()
    web = await world.run("web")
    await world.run("db", "pasta")
    for name in ("web", "db"):
        await world.stop(name)
    default = (await world.service.get("bridge")).id
    await world.service.close()
    assert world.ground.asked[-1] == f"remove net-{default[:32]}"
    assert world.ground.names.heard[-1] == "leave"
    assert not world.service.attachments.is_watched(web.id)


async def test_closed_what_is_used_stays(world: World) -> None:
    await world.network()
    await world.run("web")
    await world.run("db", "pasta")
    await world.service.close()
    assert "leave" not in world.ground.names.heard
    assert len(world.ground.bridges) == 2
    assert [each.poll() for each in world.ground.processes] == [None, None]


async def test_who_listens_on_the_hosts_ports(world: World) -> None:
    web = world.make("web", "pasta")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        number = holder.getsockname()[1]
        world.change(web.id, pid=1, ports=(PortMapping(container_port=80, host_port=number),))
        [found] = [each for each in await world.service.host_ports() if each.port == number]
    assert (found.container_id, found.container_port, found.address) == (web.id, 80, "127.0.0.1")
