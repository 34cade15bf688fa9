"""What a Docker has, on our bus: loaded at once, told in detail after it, and followed by its events."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Unsupported
from engine.remote.docker.known import following, lacks
from engine.types.containers import Container, Health, State
from engine.types.events import Event
from engine.types.machines import NO_SWARM, Link
from tests.support.scripted_docker import Answer, ScriptedDocker, held, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp

KEY, IMAGE = "c" * 64, "sha256:" + "a" * 64
HELPER = {"io.wherry.helper": "1"}


def row(key: str = KEY, **more: Any) -> dict[str, Any]:
    return {"Id": key, "Names": ["/web"], "State": "running", "ImageID": IMAGE, "Image": "shop"} | more


def inspected(**more: Any) -> dict[str, Any]:
    return {"Id": KEY, "Name": "/web", "Image": IMAGE, "Config": {"Image": "shop"},
            "State": {"Status": "running", "Pid": 7}} | more  # fmt: skip


def event(action: str, kind: str = "container", key: str = KEY, **attributes: str) -> dict[str, Any]:
    return {"Type": kind, "Action": action, "Actor": {"ID": key, "Attributes": attributes}, "timeNano": 5}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_CALM_SECONDS", 0.0)
    # The default of an argument was bound when the room was loaded.
    monkeypatch.setattr(following.DockerState._later, "__kwdefaults__", {"seconds": 0.001})


@pytest.fixture
async def engine(docker: ScriptedDocker, short_tmp: ShortTmp) -> AsyncIterator[RemoteEngine]:
    docker.says("GET /containers/json", [row()])
    docker.says("GET /images/json", [{"Id": IMAGE, "RepoTags": ["shop:1"]}])
    docker.says("GET /networks", [{"Id": "n1", "Name": "back"}])
    docker.says(f"GET /containers/{KEY}/json", inspected())
    docker.says(f"GET /images/{IMAGE}/json", {"Id": IMAGE, "RootFS": {"Layers": ["l"]}})
    async with held(docker, short_tmp.run) as made:
        await until(lambda: known(made).pid == 7 and bool(made.bus.objects("image")[IMAGE].layers))  # type: ignore[union-attr]
        docker.asked.clear()
        yield made


def known(engine: RemoteEngine, key: str = KEY) -> Container:
    found = engine.bus.objects("container")[key]
    assert isinstance(found, Container)
    return found


# --- loading ---


async def test_details_come_behind_the_lists_and_an_image_is_asked_for_once(
    docker: ScriptedDocker, short_tmp: ShortTmp
) -> None:
    two = "2" * 64
    docker.says("GET /containers/json", [row(State="exited"), row(two)])
    docker.says("GET /images/json", [{"Id": "a" * 64}])
    docker.says(f"GET /containers/{KEY}/json", inspected(State={"Status": "exited"}))
    docker.says(f"GET /containers/{two}/json", inspected(Id=two))
    docker.says(f"GET /images/{IMAGE}/json", {"Id": "a" * 64, "RootFS": {"Layers": ["l"]}, "Config": {"User": "web"}})
    async with held(docker, short_tmp.run) as engine:
        await until(lambda: [each.driver for each in (known(engine, two),)] == [""] and known(engine, two).pid == 7)
        await until(lambda: f"GET /containers/{KEY}/json" in docker.lines())
        inspections = [
            line
            for line in docker.lines()
            if line.endswith("/json") and ("/images/" in line or KEY in line or two in line)
        ]
        assert inspections == [
            f"GET /images/{IMAGE}/json", f"GET /containers/{two}/json", f"GET /containers/{KEY}/json",
        ], "the image first, then those that run"  # fmt: skip
        assert engine.bus.objects("image")[IMAGE].config.user == "web"  # type: ignore[union-attr]


async def test_containers_that_only_look_into_something_are_nobodys(
    docker: ScriptedDocker, short_tmp: ShortTmp
) -> None:
    docker.says("GET /containers/json", [row(Labels=HELPER)])
    docker.says("GET /images/json", [{"Id": IMAGE, "RepoTags": ["localhost/wherry-empty:latest"]}])
    async with held(docker, short_tmp.run) as engine:
        assert not engine.bus.objects("container")
        assert not engine.bus.objects("image")
        await docker.tells(**event("create", **HELPER))
        await docker.tells(**event("create", "volume", "v"))
        await until(lambda: docker.lines().count("GET /volumes") == 2)
        assert f"GET /containers/{KEY}/json" not in docker.lines()


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ({}, "docker"),
        ({"Components": [{"Name": "Podman Engine"}]}, "podman"),
    ],
)
async def test_which_kind_it_is(short_tmp: ShortTmp, version: dict[str, Any], kind: str) -> None:
    docker = ScriptedDocker(**version)
    async with held(docker, short_tmp.run) as engine:
        assert (engine.condition.kind, engine.condition.version, engine.capabilities.kind) == (kind, "28.5.2", kind)
        assert bool(engine.capabilities.why_not("files.owners")) is (kind == "podman")
        assert engine.capabilities.why_not("containers.edit").startswith("Docker cannot give a container")
        assert engine.capabilities.why_not("containers.start") == ""


def test_what_an_older_docker_has_not_learned() -> None:
    def words(api: tuple[int, int]) -> list[str]:
        told = lacks.lacks_of("docker", api)
        return [name for name in ("images.remote_image", "builds.prune_cache") if name in told]

    assert words((1, 29)) == ["images.remote_image", "builds.prune_cache"]
    assert words((1, 30)) == ["builds.prune_cache"]
    assert words((1, 31)) == []
    assert lacks.lacks_of("docker", (1, 29))["images.remote_image"] == (
        "The engine there is too old for this: its API is 1.29, and it takes 1.30."
    )
    with pytest.raises(Unsupported) as refused:
        lacks.lacking("door.change")
    assert (refused.value.subject, refused.value.explanation) == (
        "door.change", "The front door is a Wherry's, at that machine's own loopback.",
    )  # fmt: skip


async def test_a_docker_becomes_a_manager_and_is_one_no_more(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    assert engine.capabilities.why_not("swarm.look") == NO_SWARM["swarm.look"]
    docker.says("GET /info", {"Swarm": {"NodeID": "n", "ControlAvailable": True}})
    await docker.tells(**event("create", "node", "n"))
    await until(lambda: not engine.capabilities.why_not("swarm.look"))
    docker.says("GET /info", {"Swarm": {"NodeID": "n", "ControlAvailable": False}})
    await docker.tells(**event("update", "node", "n"))
    await until(lambda: bool(engine.capabilities.why_not("swarm.look")))


# --- events ---


async def heard(engine: RemoteEngine, docker: ScriptedDocker, told: dict[str, Any]) -> list[Any]:
    """What the bus says after an event, up to what says that all before it was heard."""
    found = []
    async with engine.watch() as changes:
        await docker.tells(**told)
        await docker.tells(**event("exec_die: end"))
        async for change in changes:
            found.append(change)
            if getattr(getattr(change, "event", None), "action", "") == "exec_die: end":
                return found[:-1]
    raise AssertionError("the bus ended")


@pytest.mark.parametrize(
    "action", ["exec_create: sh", "top", "attach", "resize", "archive-path", "extract-to-dir", "export"]
)
async def test_what_leaves_a_container_as_it_was_is_told_and_nothing_is_asked(
    docker: ScriptedDocker, engine: RemoteEngine, action: str
) -> None:
    [change] = await heard(engine, docker, event(action))
    assert change.event == Event(time_ns=5, kind="container", action=action, id=KEY, name="")
    assert docker.lines() == []
    assert await heard(engine, docker, event(action, key="unknown")) == []


async def test_a_change_is_looked_at_and_told_with_its_event(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(f"GET /containers/{KEY}/json", inspected(State={"Status": "exited", "ExitCode": 3}))
    async with engine.watch() as changes:
        await docker.tells(**event("die"))
        change = await anext(aiter(changes))
    assert (change.id, change.event.action) == (KEY, "die")  # type: ignore[union-attr]
    found = known(engine)
    assert (found.state, found.exit and found.exit.code) == (State.EXITED, 3)
    assert docker.lines() == [f"GET /containers/{KEY}/json"]
    # Its images and volumes are asked for where one is made.
    await docker.tells(**event("create"))
    await until(lambda: {"GET /images/json?shared-size=1", "GET /volumes"} <= set(docker.lines()))


@pytest.mark.parametrize("action", ["destroy", "remove"])
async def test_what_is_gone_there_is_gone_here(docker: ScriptedDocker, engine: RemoteEngine, action: str) -> None:
    await docker.tells(**event(action))
    await until(lambda: KEY not in engine.bus.objects("container"))
    await until(lambda: {"GET /images/json?shared-size=1", "GET /volumes"} <= set(docker.lines()))
    # One that was gone before it could be looked at.
    docker.says(f"GET /containers/{KEY}/json", {"message": "gone"}, status=404)
    await docker.tells(**event("start"))
    await until(lambda: docker.lines()[-1] == f"GET /containers/{KEY}/json")
    await docker.tells(**event("create", "network", "n"))
    await until(lambda: "GET /networks" in docker.lines())
    assert engine.condition.link is Link.CONNECTED


async def test_a_container_that_goes_while_it_is_looked_at_does_not_come_back(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    """As of `docker run --rm`: it ends and is removed at once, and the answer about its end comes last."""
    asked, may_answer = asyncio.Event(), asyncio.Event()
    told = b'{"Id":"%b","Name":"/web","State":{"Status":"exited"}}' % KEY.encode()

    async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await may_answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))

    docker.says(f"GET /containers/{KEY}/json", Answer(talk=slowly))
    await docker.tells(**event("die"))
    await asked.wait()
    await docker.tells(**event("destroy"))
    await until(lambda: KEY not in engine.bus.objects("container"))
    looked = asyncio.create_task(engine.containers.get(KEY))
    may_answer.set()
    assert (await looked).state is State.EXITED
    assert KEY not in engine.bus.objects("container")


async def test_new_images_volumes_and_networks_are_asked_for(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    other = "sha256:" + "b" * 64
    docker.says("GET /images/json", [{"Id": other}])
    docker.says(f"GET /images/{other}/json", {"Id": other, "RootFS": {"Layers": ["m"]}})
    docker.says("GET /volumes", {"Volumes": [{"Name": "data"}]})
    docker.says("GET /networks", [{"Id": "n2", "Name": "new"}])
    for kind, key in (("image", other), ("volume", "data"), ("network", "n2")):
        await docker.tells(**event("create", kind, key))
    await until(lambda: bool(engine.bus.objects("volume")) and "n2" in engine.bus.objects("network"))
    await until(lambda: bool(getattr(engine.bus.objects("image").get(other), "layers", ())))
    assert IMAGE not in engine.bus.objects("image")
    assert "n1" not in engine.bus.objects("network")


async def test_who_joins_a_network_is_in_it_at_once(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    def members() -> list[str]:
        return [each.name for each in engine.bus.objects("network")["n1"].members]  # type: ignore[union-attr]

    assert members() == []
    docker.says(f"GET /containers/{KEY}/json", inspected(NetworkSettings={"Networks": {"back": {}}}))
    await docker.tells(**event("connect", "network", "n1", container=KEY))
    await until(lambda: members() == ["web"])
    docker.says(f"GET /containers/{KEY}/json", inspected())
    await docker.tells(**event("disconnect", "network", "n1", container=KEY))
    await until(lambda: members() == [])
    await docker.tells(**event("connect", "network", "n1", container="unknown"))
    await docker.tells(**event("connect", "network", "n1", container=KEY))
    await until(lambda: docker.lines().count(f"GET /containers/{KEY}/json") >= 3)
    assert not any("unknown" in line for line in docker.lines())


async def test_a_container_that_goes_leaves_its_networks(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says(f"GET /containers/{KEY}/json", inspected(NetworkSettings={"Networks": {"back": {}}}))
    await engine.containers.get(KEY)
    assert engine.bus.objects("network")["n1"].members  # type: ignore[union-attr]
    await docker.tells(**event("destroy"))
    await until(lambda: not engine.bus.objects("network")["n1"].members)  # type: ignore[union-attr]


async def test_events_that_nobody_can_read_end_the_line_with_the_reason(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    for queue in docker._events:
        queue.put_nowait(b"{]\n")
    await until(lambda: engine.condition.link is not Link.CONNECTED)
    assert engine.condition.problem is not None
    assert engine.condition.problem.title == "What the engine said cannot be read"
    await until(lambda: engine.condition.link is Link.STALE)


async def test_a_line_that_is_closed_is_begun_anew_with_all_there_is(
    docker: ScriptedDocker, engine: RemoteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditions: list[tuple[Link, str]] = []

    def told() -> None:
        problem = engine.condition.problem
        conditions.append((engine.condition.link, problem.title if problem else ""))

    monkeypatch.setattr(engine, "_told", told)
    docker.says("GET /containers/json", [row("2" * 64)])
    docker.ends_events()
    await until(lambda: bool(conditions))
    assert conditions[0] == (Link.STALE, "The engine there has closed the connection")
    engine.look_now()
    await until(lambda: engine.condition.link is Link.CONNECTED)
    assert set(engine.bus.objects("container")) == {"2" * 64}
    assert conditions[-1] == (Link.CONNECTED, "")


async def test_past_events_are_asked_for_by_time(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    answer = b"\n".join([b'{"Type":"container","Action":"die","Actor":{"ID":"c"},"timeNano":7}', b'{"Type":"plugin"}'])
    docker.says("GET /events", answer)
    [found] = await engine.event_log(since_ns=1_500_000_000, until_ns=2_000_000_001)
    assert (found.action, found.id, found.time_ns) == ("die", "c", 7)
    assert docker.lines() == ["GET /events?since=1.500000000&until=2.000000001"]
    before = time.time()
    await engine.event_log()
    since, until_ = (float(each.partition("=")[2]) for each in docker.asked[-1].query.split("&"))
    assert (since, before <= until_ <= time.time() + 1) == (0.0, True)


async def test_what_the_list_says_again_keeps_what_was_told_before(
    docker: ScriptedDocker, engine: RemoteEngine
) -> None:
    """Details come by inspections; the list is asked for again with every connection."""
    whole = known(engine)
    docker.says(f"GET /containers/{KEY}/json", {"message": "busy"}, status=500)
    for change, expected in (
        ({}, whole),
        ({"Names": ["/other"]}, {"name": "other", "pid": 7}),
        ({"State": "exited", "Status": "Exited (3) ago"}, {"state": State.EXITED, "pid": 7}),
        ({"Ports": [{"PrivatePort": 1, "PublicPort": 2}], "Status": "Up (healthy)"}, {"pid": 7}),
    ):
        docker.says("GET /containers/json", [row(**change)])
        engine.peer._take_containers(docker_rows(docker))  # type: ignore[union-attr]
        found = known(engine)
        if isinstance(expected, Container):
            assert found == expected
        else:
            assert {name: getattr(found, name) for name in expected} == expected
    assert found.health.status is Health.HEALTHY
    assert [each.host_port for each in found.ports] == [2]


def docker_rows(docker: ScriptedDocker) -> list[dict[str, Any]]:
    import json

    return list(json.loads(docker._answers["GET /containers/json"][0].pieces[0]))
