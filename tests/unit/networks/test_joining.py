"""Containers that join and leave networks, lists of what they may reach, and what is told, lost and found again."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, RuntimeFailure, StorageError
from engine.networks.limits.egress import LABEL
from engine.types.containers import PortMapping, Security
from engine.types.networks import Endpoint
from tests.fakes.network_ground import end

if TYPE_CHECKING:
    from pathlib import Path

    from engine.processes.ask import Answer
    from tests.unit.networks.world import World

DNS = PortMapping(container_port=53, host_port=5353, protocol="udp")
WEB = PortMapping(container_port=80, host_port=8080)


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
