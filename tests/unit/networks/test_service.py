"""Networks as people make, join, leave and remove them, on a played ground."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, Unsupported
from engine.networks.limits.egress import LABEL
from engine.networks.limits.isolation import LABEL as ALONE
from engine.types.containers import PortMapping
from engine.types.data import LabelRule, now
from engine.types.networks import CreateNetwork

if TYPE_CHECKING:
    from pathlib import Path

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
    assert {each.mac for each in world.ground.plugs.values()} == {"02:59:0a:14:00:03", "02:00:00:00:00:07"}
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
