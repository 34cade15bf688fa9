"""Moving and copying between two real engines, and into a file: whole, verified, and resumed after a cut."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING

import pytest

from engine.api.server import ApiServer
from engine.errors import Conflict, NotFound, StorageError, WherryError
from engine.types.containers import ContainerSpec, CreateContainer, State
from engine.types.images import CommitContainer
from engine.types.machines import Moved
from engine.types.networks import CreateNetwork
from engine.types.projects import ReadProject, UpProject
from tests.support.moved import FAR, IMAGE, marks, run, service
from tests.system.api.conftest import Tool
from tests.system.containers.conftest import load_busybox
from tests.system.machines.conftest import environment

if TYPE_CHECKING:
    from pathlib import Path

    from engine.facade import Engine
    from tests.support.stores import ShortTmp


async def test_a_service_moves_with_its_files_its_volume_and_its_network(near: Engine, far: Engine) -> None:
    await near.networks.create(CreateNetwork(name="shopnet"))
    await service(near, network="shopnet", env={"A": "b"}, labels={"x": "y"})
    blob = await run(near, "shop", "sha256sum", "/data/blob")
    request = Moved(kind="container", name="shop", target=FAR, move=True)
    plan = await near.machines.plan(request)
    assert [part.kind for part in plan.parts] == ["image", "volume", "network", "container"]
    told = await near.machines.carry_out(request).result()

    there = await far.containers.get("shop")
    assert there.state is State.RUNNING
    assert (there.spec.network, there.spec.env, there.spec.labels) == ("shopnet", {"A": "b"}, {"x": "y"})
    assert await run(far, "shop", "sha256sum", "/data/blob") == blob
    assert await run(far, "shop", "stat", "-c", "%u:%g %a", "/data/blob") == b"5:6 640\n"
    assert await run(far, "shop", "cat", "/etc/own") == b"own\n"
    assert (await run(far, "shop", "readlink", "/data/dir/link")) == b"../count\n"
    assert not [each.name for each in await near.containers.list()]
    assert not [each.name for each in await near.volumes.list()]
    downtime = re.search(r"([\d.]+) s nobody answered", told)
    assert downtime is not None


async def test_a_copy_leaves_everything_and_sends_no_layer_twice(near: Engine, far: Engine) -> None:
    await service(near)
    await near.containers.stop("shop", timeout=0)
    await near.machines.carry_out(Moved(kind="image", name=IMAGE, target=FAR)).result()
    [image] = await far.images.list()
    assert image.id == (await near.images.get(IMAGE)).id
    told = await near.machines.carry_out(Moved(kind="container", name="shop", target=FAR)).result()
    sent = re.search(r"(\d+) bytes sent", told)
    assert sent is not None
    assert int(sent[1]) < 3_200_000, told  # the volume and one small layer; not the image under it
    assert await marks(far, "shop-data") == await marks(near, "shop-data")
    assert (await near.containers.get("shop")).state is State.EXITED
    assert (await far.containers.get("shop")).state is State.CREATED
    with pytest.raises(Conflict, match="a container “shop” already"):
        await near.machines.carry_out(Moved(kind="container", name="shop", target=FAR)).result()


async def test_what_fails_there_is_as_it_was_here(near: Engine, far: Engine) -> None:
    """It runs once and no more: by a file of its own that says so."""
    spec = ContainerSpec(image=IMAGE, command=("sh", "-c", "test -e /once && exit 3; touch /once; sleep 1000"))
    made = await near.containers.create(CreateContainer(spec=spec, name="once"))
    await near.containers.start(made.id)
    async with asyncio.timeout(20):
        while not await near.containers.changes("once"):  # noqa: ASYNC110 - a script in a container
            await asyncio.sleep(0.05)
    with pytest.raises(WherryError, match="does not run there"):
        await near.machines.carry_out(Moved(kind="container", name="once", target=FAR, move=True)).result()
    assert not await far.containers.list()
    assert (await near.containers.get("once")).name == "once"


async def test_one_file_holds_a_service_and_a_cut_one_is_refused(near: Engine, far: Engine, tmp_path: Path) -> None:
    await service(near)
    path = tmp_path / "shop.wherry"
    await near.machines.carry_out(Moved(kind="container", name="shop", target=f"archive:{path}")).result()
    assert (await near.containers.get("shop")).state is State.RUNNING
    whole = path.read_bytes()
    for length in (0, 1, 511, 512, 4096, len(whole) // 2, len(whole) - 3000):
        cut = tmp_path / f"cut-{length}.wherry"
        cut.write_bytes(whole[:length])
        with pytest.raises(StorageError):
            await near.machines.carry_out(
                Moved(kind="container", name="", source=f"archive:{cut}", target=FAR)
            ).result()
    assert not await far.containers.list()
    assert not await far.volumes.list()
    back = Moved(kind="container", name="", source=f"archive:{path}", target=FAR)
    assert [part.name for part in (await near.machines.plan(back)).parts][-1] == "shop"
    await near.machines.carry_out(back).result()
    assert (await far.containers.get("shop")).state is State.RUNNING
    assert b"blob" in await run(far, "shop", "ls", "/data")
    assert await run(far, "shop", "cat", "/etc/own") == b"own\n"


SHOP = """
name: shop
services:
  web:
    image: localhost/busybox
    command: sh -c "echo served >> /pages/log; exec sleep 1000"
    stop_grace_period: 0s
    depends_on: {db: {condition: service_healthy}}
    environment: {GREETING: hello}
    volumes: [pages:/pages]
    configs: [{source: page, target: /page/index.html}]
    networks: [front, back]
  db:
    image: localhost/busybox
    command: sh -c "rm -f /ready; sleep 0.3; touch /ready; exec sleep 1000"
    stop_grace_period: 0s
    healthcheck: {test: test -f /ready, interval: 1h, start_interval: 100ms, start_period: 10s}
    networks: [back]
volumes: {pages: }
networks: {front: , back: {internal: true}}
configs: {page: {content: "welcome"}}
"""


async def project(engine: Engine, directory: Path) -> UpProject:
    path = directory / "compose.yaml"
    path.write_text(SHOP)
    request = UpProject(source=ReadProject(files=(str(path),)), wait=True)
    await engine.projects.up(request).result()
    await run(engine, "shop-web-1", "sh", "-c", "echo mine > /pages/mine; chown 7:8 /pages/mine; echo own > /etc/own")
    return request


async def serves(engine: Engine) -> None:
    """The whole project as it was: data, files of its own, names and networks, and compose knows it."""
    states = {each.name: each.state for each in await engine.containers.list()}
    assert states == {"shop-web-1": State.RUNNING, "shop-db-1": State.RUNNING}
    for path, text in {"/pages/mine": b"mine", "/etc/own": b"own", "/page/index.html": b"welcome"}.items():
        assert (await run(engine, "shop-web-1", "cat", path)).strip() == text
    assert await run(engine, "shop-web-1", "stat", "-c", "%u:%g", "/pages/mine") == b"7:8\n"
    networks = {each.name: each for each in await engine.networks.list()}
    members = {name: {each.name for each in networks[name].members} for name in ("shop_front", "shop_back")}
    assert members == {"shop_front": {"shop-web-1"}, "shop_back": {"shop-web-1", "shop-db-1"}}
    assert (networks["shop_front"].internal, networks["shop_back"].internal) == (False, True)
    address = next(each.ip_address for each in networks["shop_back"].members if each.name == "shop-db-1")
    assert address.encode() in await run(engine, "shop-web-1", "nslookup", "db")
    [found] = await engine.projects.list()
    assert (found.name, found.containers, found.running) == ("shop", 2, 2)


async def test_a_project_moves_whole_and_its_source_is_kept_stopped(near: Engine, far: Engine, tmp_path: Path) -> None:
    up = await project(near, tmp_path)
    request = Moved(kind="project", name="shop", target=FAR, move=True, keep_source=True)
    told = await near.machines.carry_out(request).result()

    assert "the source is stopped and stays" in told
    await serves(far)
    assert {each.name: each.state for each in await near.containers.list()} == {
        "shop-web-1": State.EXITED,
        "shop-db-1": State.EXITED,
    }
    assert "shop_pages" in {each.name for each in await near.volumes.list()}
    # Its files are enough to go on with there: nothing is made anew by what has not changed.
    there = (await near.machines.engine(FAR)).projects
    [known] = await there.history("shop")
    assert "condition: service_healthy" in next(iter(known.request.source.texts.values()))
    plan = await there.plan(up)
    assert not plan.problems
    assert {step.action for step in plan.steps} <= {"keep"}, plan.steps


async def test_a_project_goes_into_one_file_and_comes_back_from_it(near: Engine, far: Engine, tmp_path: Path) -> None:
    await project(near, tmp_path)
    path = tmp_path / "shop.wherry"
    await near.machines.carry_out(Moved(kind="project", name="shop", target=f"archive:{path}")).result()
    await serves(near)
    await near.machines.carry_out(Moved(kind="project", name="", source=f"archive:{path}", target=FAR)).result()
    await serves(far)
    assert not [tag for image in await near.images.list() for tag in image.tags if tag.startswith("localhost/moved")]


async def test_what_a_move_left_goes_only_while_it_runs_there(
    near: Engine, far: Engine, short_tmp: ShortTmp, tmp_path: Path
) -> None:
    await service(near)
    await near.machines.carry_out(
        Moved(kind="container", name="shop", target=FAR, move=True, keep_source=True)
    ).result()
    [kept] = await near.machines.kept()
    assert (kept.name, kept.target, [*kept.here.values()]) == ("shop", FAR, ["shop"])

    await far.containers.stop("shop", timeout=0)
    with pytest.raises(Conflict, match="does not run on server"):
        await near.machines.finish("shop")
    await far.containers.start("shop")
    await near.containers.start("shop")
    with pytest.raises(Conflict, match="runs again where it was"):
        await near.machines.finish("shop")
    await near.containers.stop("shop", timeout=0)
    assert [each.name for each in await near.volumes.list()] == ["shop-data"]

    server = ApiServer(near, short_tmp.run / "docker.sock")
    await server.start()
    try:
        wherry = Tool([sys.executable, "-m", "engine.cli"], environment(short_tmp, tmp_path), tmp_path)
        assert await wherry("move", "--finish", "shop") == "Removed shop from this computer: it runs on server\n"
    finally:
        await server.close()
    assert not await near.containers.list()
    assert not await near.volumes.list()
    assert (await far.containers.get("shop")).state is State.RUNNING
    assert not await near.machines.kept()
    with pytest.raises(NotFound):
        await near.machines.finish("shop")


async def test_what_a_move_left_and_was_removed_by_hand_is_forgotten(near: Engine, far: Engine) -> None:
    await service(near)
    await near.machines.carry_out(
        Moved(kind="container", name="shop", target=FAR, move=True, keep_source=True)
    ).result()
    await near.containers.remove("shop")
    assert not await near.machines.kept()


async def test_an_image_of_the_same_name_there_keeps_it_and_the_container_runs_its_own(
    near: Engine, far: Engine, tmp_path: Path
) -> None:
    await load_busybox(far)
    made = await far.containers.create(CreateContainer(spec=ContainerSpec(image=IMAGE, command=("touch", "/else"))))
    await far.containers.start(made.id)
    await far.containers.wait(made.id)
    other = await far.images.commit(CommitContainer(container=made.id, reference=IMAGE)).result()
    await far.containers.remove(made.id, force=True)

    spec = ContainerSpec(image=IMAGE, command=("sleep", "1000"), stop_timeout=0.0)
    mine = await near.containers.create(CreateContainer(spec=spec, name="plain"))
    await near.containers.start(mine.id)
    path = tmp_path / "plain.wherry"
    await near.machines.carry_out(Moved(kind="container", name="plain", target=f"archive:{path}")).result()
    await near.machines.carry_out(Moved(kind="container", name="", source=f"archive:{path}", target=FAR)).result()
    assert (await far.images.get(IMAGE)).id == other
    assert (await far.containers.get("plain")).image_id == mine.image_id
    await far.containers.remove("plain", force=True)
    request = Moved(kind="container", name="plain", target=FAR, move=True)
    assert f"“{IMAGE}” is another image there, and keeps that name." in (await near.machines.plan(request)).warnings
    await near.machines.carry_out(request).result()
    there = await far.containers.get("plain")
    assert (await far.images.get(IMAGE)).id == other
    assert there.image_id == mine.image_id != other
