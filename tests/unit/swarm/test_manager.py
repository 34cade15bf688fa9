"""A swarm through its manager: looked at, changed, deployed to; and every way the manager may refuse."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from engine.errors import Conflict, InvalidRequest, NotFound, Unsupported, WherryError
from engine.machines.machine_list import Entry
from engine.remote.docker.known import following
from engine.remote.engine import RemoteEngine
from engine.swarm.absent import NoSwarm
from engine.types.images import Login
from engine.types.logs import ReadLogs
from engine.types.machines import Link
from engine.types.projects import ReadProject
from engine.types.swarm import ChangeService, CreateService, DeployStack
from tests.support.swarm_manager import serve_manager

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.stores import ShortTmp
    from tests.support.swarm_manager import StandInManager

FILE = "/srv/shop/compose.yml"
SHOP = "services: {a: {image: one}, b: {image: two, configs: [c]}}\nconfigs: {c: {content: text}}"


@pytest.fixture
async def manager(short_tmp: ShortTmp) -> AsyncIterator[StandInManager]:
    async with serve_manager(short_tmp.run / "there.sock") as served:
        yield served


async def only_ours(image: str) -> Login | None:
    server = image.partition("/")[0]
    return Login(server=server, username="me", password="secret") if server == "ours.org" else None


@asynccontextmanager
async def opened(place: ShortTmp) -> AsyncIterator[RemoteEngine]:
    entry = Entry("there", f"unix://{place.run}/there.sock")
    made = RemoteEngine(entry, run=place.run, store=place.root, told=lambda: None, find_login=only_ours)
    made.begin()
    try:
        assert await made.connected(10.0), made.condition
        yield made
    finally:
        await made.close()


@pytest.fixture
async def engine(manager: StandInManager, short_tmp: ShortTmp) -> AsyncIterator[RemoteEngine]:
    async with opened(short_tmp) as made:
        yield made


def deployment(text: str = SHOP, **more: object) -> DeployStack:
    source = ReadProject(files=(FILE,), texts={FILE: text})
    return DeployStack(name="shop", source=source, **more)  # type: ignore[arg-type]


async def test_a_docker_that_says_nothing_for_a_while_stays_connected(
    manager: StandInManager, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_SIGN_SECONDS", 0.02)
    async with opened(short_tmp) as engine, asyncio.timeout(10):
        while manager.pings < 3:  # noqa: ASYNC110 - a stand-in tells nobody
            await asyncio.sleep(0.01)
        assert engine.condition.link is Link.CONNECTED
        assert manager.asked.count("GET /events") == 1


async def test_a_manager_is_known_as_one_and_looked_at(engine: RemoteEngine) -> None:
    assert not engine.capabilities.why_not("swarm.look")
    found = await engine.swarm.look()

    assert [each.name for each in found.services] == ["shop_db", "shop_web"]
    assert found.nodes[0].asked


async def test_who_watches_hears_of_what_is_done(engine: RemoteEngine) -> None:
    async with asyncio.timeout(10), aclosing(engine.swarm.watch()) as states:  # type: ignore[type-var]
        first = await anext(states)
        await engine.swarm.scale("shop_web", 5)
        second = await anext(states)

    assert [each.services[1].replicas for each in (first, second)] == [2, 5]


async def test_a_change_is_tried_again_where_somebody_was_quicker(
    engine: RemoteEngine, manager: StandInManager
) -> None:
    row = manager.find("services", "shop_web")
    slow = (500, "rpc error: code = Unknown desc = update out of sequence")
    manager.refusals[f"/services/{row['ID']}/update"] = [slow, slow]
    await engine.swarm.scale("shop_web", 4)
    assert row["Spec"]["Mode"] == {"Replicated": {"Replicas": 4}}

    manager.refusals[f"/services/{row['ID']}/update"] = [slow] * 4
    with pytest.raises(Conflict, match="same moment"):
        await engine.swarm.scale("shop_web", 3)


async def test_a_new_image_is_the_one_the_registry_means_and_can_be_rolled_back(
    engine: RemoteEngine, manager: StandInManager
) -> None:
    with pytest.raises(InvalidRequest, match="no earlier state"):
        await engine.swarm.roll_back("shop_db")
    manager.digests["shop/db:2"] = "sha256:" + "a" * 64

    assert not await engine.swarm.update("shop_db", ChangeService(image="shop/db:2"))
    service = (await engine.swarm.look()).services[0]
    assert (service.image, service.digest, service.has_earlier) == ("shop/db:2", "sha256:" + "a" * 64, True)
    assert (await engine.swarm.roll_back("shop_db")).image == "localhost/busybox:latest"

    [warning] = await engine.swarm.update("shop_db", ChangeService(image="nowhere/x"))
    assert "each node takes the one it has" in warning.message


async def test_a_node_is_drained_and_a_config_in_use_stays(engine: RemoteEngine, manager: StandInManager) -> None:
    node = manager.kept["nodes"][0]
    await engine.swarm.change_node(node["ID"], availability="drain")
    assert node["Spec"]["Availability"] == "drain"

    words = "rpc error: code = InvalidArgument desc = config 'shop_conf' is in use by the following service: shop_web"
    manager.refusals["/configs/shop_conf"] = [(400, words)]
    with pytest.raises(Conflict, match="Config 'shop_conf' is in use"):
        await engine.swarm.remove_file("config", "shop_conf")
    await engine.swarm.remove_file("config", "shop_conf")
    await engine.swarm.remove_service("shop_db")
    with pytest.raises(NotFound):
        await engine.swarm.scale("shop_db", 1)


async def test_a_project_is_deployed_told_step_by_step_and_again_changes_nothing(
    engine: RemoteEngine, manager: StandInManager
) -> None:
    manager.empty()
    plan = await engine.swarm.plan(deployment())
    handle = engine.swarm.deploy(deployment(resolve_image="never"))

    assert await handle.result() == "shop"
    assert [(each.action, each.subject) for each in handle.snapshot.steps] == [
        (each.action, f"{each.kind} {each.name}") for each in plan.steps
    ]
    assert all(each.state == "done" for each in handle.snapshot.steps)
    b = manager.find("services", "shop_b")["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert b["Configs"][0]["ConfigID"] == "id-shop_c"
    asked = len(manager.asked)
    await engine.swarm.deploy(deployment(resolve_image="never")).result()
    assert not [each for each in manager.asked[asked:] if each.startswith("POST")]


async def test_a_deployment_that_is_refused_in_the_middle_tells_where_and_goes_on_there(
    engine: RemoteEngine, manager: StandInManager
) -> None:
    manager.empty()
    manager.refusals["/services/create"] = [(500, "rpc error: code = Unknown desc = no leader")]
    handle = engine.swarm.deploy(deployment(resolve_image="never"))
    with pytest.raises(WherryError, match="No leader"):
        await handle.result()
    assert [each.state for each in handle.snapshot.steps] == ["done", "done", "failed", "skipped"]

    await engine.swarm.deploy(deployment(resolve_image="never")).result()
    assert len(manager.kept["services"]) == 2


async def test_what_is_wrong_with_the_files_keeps_everything_as_it_was(
    engine: RemoteEngine, manager: StandInManager
) -> None:
    manager.empty()
    outer = "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {external: true, name: far}}"
    for text, words in ((outer, "far"), ("services: {a: {imagee: x}}", "imagee")):
        with pytest.raises(InvalidRequest, match=words):
            await engine.swarm.deploy(deployment(text)).result()
    assert not manager.kept["services"]


async def test_a_network_that_docker_only_lists_is_made_anew(engine: RemoteEngine, manager: StandInManager) -> None:
    manager.empty()
    labels = {"com.docker.stack.namespace": "shop"}
    manager.networks.append({"Name": "shop_default", "Id": "z", "Scope": "swarm", "Labels": labels, "zombie": True})

    assert (await engine.swarm.plan(deployment())).steps[0].action == "create"


async def test_a_stack_goes_with_all_that_is_its(engine: RemoteEngine, manager: StandInManager) -> None:
    manager.kept["tasks"].clear()
    removed = await engine.swarm.remove_stack("shop")

    assert removed[0] == "service shop_db"
    assert removed[-1] == "network shop_default"
    assert not [each for each in manager.networks if each["Name"].startswith("shop")]
    with pytest.raises(NotFound, match="no stack shop"):
        await engine.swarm.remove_stack("shop")


async def test_lines_of_a_services_log_say_whose_they_are(engine: RemoteEngine, manager: StandInManager) -> None:
    task = next(each["ID"] for each in manager.kept["tasks"] if each["Slot"] == 1)
    details = f"com.docker.swarm.node.id=n,com.docker.swarm.service.id=s,com.docker.swarm.task.id={task}"
    text = f"2026-11-28T10:00:00.000000001Z {details} hello there\n".encode()
    manager.logs = b"\x01\0\0\0" + len(text).to_bytes(4, "big") + text
    lines = [line async for batch in engine.logs.read("service:shop_web", ReadLogs()) for line in batch]

    assert [each.text for each in lines] == ["shop_web.1 | hello there"]


async def test_whoever_is_in_no_swarm_refuses_in_a_sentence(engine: RemoteEngine, manager: StandInManager) -> None:
    manager.manages = False
    with pytest.raises(Unsupported, match="manages no swarm"):
        await engine.swarm.look()
    with pytest.raises(Unsupported, match="in no swarm"):
        await NoSwarm().look()


async def test_podman_is_asked_for_no_swarm(manager: StandInManager, short_tmp: ShortTmp) -> None:
    manager.platform = "podman"
    async with opened(short_tmp) as engine:
        assert engine.capabilities.why_not("swarm.look")
        with pytest.raises(Unsupported, match="Podman knows no swarm"):
            await engine.swarm.look()


# --- a service of no stack, and logins for the nodes ---


async def test_a_service_is_made_with_what_a_manager_knows_by_id(manager: StandInManager, engine: RemoteEngine) -> None:
    manager.digests["web:1"] = "sha256:9"
    words = {"image": "web:1", "environment": {"A": "$b"}, "networks": {"shop_back": None}, "deploy": {"replicas": 2},
             "configs": [{"source": "shop_conf", "target": "/c"}]}  # fmt: skip
    made = await engine.swarm.create(CreateService(name="Web.2", words=words))

    assert (made.id, made.warnings) == ("id-Web.2", ())
    spec = manager.find("services", "Web.2")["Spec"]
    inside = spec["TaskTemplate"]["ContainerSpec"]
    assert (inside["Image"], inside["Env"], spec["Mode"]) == (
        "web:1@sha256:9", ["A=$b"], {"Replicated": {"Replicas": 2}},
    )  # fmt: skip
    assert "Labels" not in inside, "it is in no stack"
    [network] = [each for each in manager.networks if each["Name"] == "shop_back"]
    assert spec["TaskTemplate"]["Networks"] == [{"Target": network["Id"]}]
    assert inside["Configs"][0]["ConfigID"] == manager.kept["configs"][0]["ID"]


async def test_a_service_that_cannot_be_is_refused_with_the_reason(engine: RemoteEngine) -> None:
    with pytest.raises(InvalidRequest, match="cannot be made"):
        await engine.swarm.create(CreateService(words={"image": "a", "ports": ["x"]}))
    with pytest.raises(NotFound):
        await engine.swarm.create(CreateService(words={"image": "a", "networks": {"nowhere": None}}))
    [warning] = (await engine.swarm.create(CreateService(words={"image": "nowhere/x"}))).warnings
    assert "No registry told" in warning.message


async def test_the_login_of_this_computer_goes_to_the_nodes_when_it_is_to(
    manager: StandInManager, engine: RemoteEngine
) -> None:
    login = {"serveraddress": "ours.org", "username": "me", "password": "secret"}
    await engine.swarm.create(CreateService(name="a", words={"image": "ours.org/a:1"}))
    await engine.swarm.create(CreateService(name="b", words={"image": "elsewhere.org/a:1"}, with_login=True))
    assert manager.logins == []

    await engine.swarm.create(CreateService(name="c", words={"image": "ours.org/a:1"}, with_login=True))
    assert manager.logins == [("GET /distribution/ours.org/a:1/json", login), ("POST /services/create", login)]

    manager.logins.clear()
    await engine.swarm.update("c", ChangeService(force=True, with_login=True))
    assert manager.logins == [("POST /services/id-c/update", login)]

    manager.logins.clear()
    text = "services: {a: {image: ours.org/a:2}, b: {image: elsewhere.org/b}}"
    await engine.swarm.deploy(deployment(text, with_login=True)).result()
    assert manager.logins == [("GET /distribution/ours.org/a:2/json", login), ("POST /services/create", login)]


async def test_an_update_names_networks_as_people_do(manager: StandInManager, engine: RemoteEngine) -> None:
    ids = {each["Name"]: each["Id"] for each in manager.networks}
    await engine.swarm.create(CreateService(name="a", words={"image": "a", "networks": {"shop_back": None}}))
    gone = {"TaskTemplate.Networks": ("shop_back",)}
    await engine.swarm.update("a", ChangeService(words={"networks": {"shop_default": None}}, gone=gone))

    template = manager.find("services", "a")["Spec"]["TaskTemplate"]
    assert template["Networks"] == [{"Target": ids["shop_default"]}]


async def test_a_manager_that_went_to_another_swarm_is_known_among_its_nodes(
    manager: StandInManager, engine: RemoteEngine
) -> None:
    assert [each.asked for each in (await engine.swarm.look()).nodes] == [True]
    manager.kept["nodes"][0]["ID"] = "another"

    assert [each.asked for each in (await engine.swarm.look()).nodes] == [True]
