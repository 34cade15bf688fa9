"""What a Docker or a Podman of this computer has, brought over: planned, done, nothing removed there, nothing twice."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tarfile
import tempfile
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from engine.types.containers import Exec, Mount, PortMapping, State
from engine.types.files import Place
from engine.types.images import CommitContainer
from engine.types.machines import Moved
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume
from tests.peers.checks import IMAGE, made, once
from tests.support.afar import remote
from tests.support.engine import opened_engine
from tests.support.images import busybox_archive
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.facade import Engine
    from engine.remote.engine import RemoteEngine
    from engine.types.machines import Bringable

_PORT = 18977
_BLOB = os.urandom(3_000_000)
_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"


@asynccontextmanager
async def _near() -> AsyncIterator[Engine]:
    store = make_short_tmp()
    try:
        async with opened_engine(store) as engine:
            yield engine
            for each in await engine.containers.list():
                await engine.containers.remove(each.id, force=True)
    finally:
        remove_tree(store.path)


async def bring_over(address: str) -> None:
    store = make_short_tmp()
    try:
        async with remote(address, store) as there, _near() as near:
            runs = await _furnish(there)
            before = await _state(there)
            found = await near.machines.bringable(address)
            known = {(each.kind, each.name): each for each in found}
            wanted = {("container", "web"), ("project", "shop"), ("volume", "lone"), ("image", "localhost/spare:1")}
            assert wanted <= set(known), known
            assert known["volume", "lone"].size >= len(_BLOB) or there.condition.kind == "podman", known
            assert known["container", "web"].size > known["project", "shop"].size, known
            await _bring(near, found, wanted)
            await _compare(there, near, runs=runs)
            assert all(each.here for each in await near.machines.bringable(address) if (each.kind, each.name) in wanted)
            assert await _state(there) == before
            await _clear(there)
    finally:
        remove_tree(store.path)


async def _furnish(there: RemoteEngine) -> bool:
    """Whether containers can be run there at all."""
    await _clear(there)
    await there.images.load(once(busybox_archive())).result()
    for name in ("front", "back"):
        await there.networks.create(CreateNetwork(name=name))
    for name in ("data", "lone", "shopdata"):
        await there.volumes.create(CreateVolume(name=name, labels={"of": name}))
        await there.files.write(Place(kind="volume", id=name), "/blob", _BLOB, mode=0o640)
    mounts = (Mount(kind="volume", source="data", target="/data"),)
    ports = (PortMapping(container_port=80, host_port=_PORT),)
    web = await made(there, "web", mounts=mounts, ports=ports, network="front", env={"A": "b"}, labels={"x": "y"})
    await there.networks.connect("back", web, aliases=("www",))
    for service in ("db", "app"):
        labels = {_PROJECT: "shop", _SERVICE: service}
        volume = (Mount(kind="volume", source="shopdata", target="/d"),)
        await made(there, f"shop-{service}-1", mounts=volume, network="back", labels=labels)
    await there.files.write(Place(kind="container", id=web), "/etc/own", b"own\n")
    spare = await made(there, "spare", "true")
    await there.images.commit(CommitContainer(container=spare, reference="localhost/spare:1")).result()
    await there.containers.remove(spare)
    await there.containers.start(web)
    return (await there.containers.get(web)).state is State.RUNNING


async def _clear(there: RemoteEngine) -> None:
    for each in await there.containers.list():
        await there.containers.remove(each.id, force=True)
    for volume in await there.volumes.list():
        await there.volumes.remove(volume.name)
    for network in await there.networks.list():
        if network.name in ("front", "back"):
            await there.networks.remove(network.id)


async def _state(there: RemoteEngine) -> object:
    return (
        sorted((each.name, each.state) for each in await there.containers.list()),
        sorted(each.name for each in await there.volumes.list()),
        sorted(tag for each in await there.images.list() for tag in each.tags if "wherry-empty" not in tag),
    )


async def _bring(near: Engine, found: Sequence[Bringable], wanted: set[tuple[str, str]]) -> None:
    for thing in found:
        if (thing.kind, thing.name) in wanted:
            request = Moved(kind=thing.kind, name=thing.name, source=thing.source, start=False)
            plan = await near.machines.plan(request)
            assert not plan.problems, plan
            await near.machines.carry_out(request).result()


async def _compare(there: RemoteEngine, near: Engine, *, runs: bool) -> None:
    for name in ("data", "lone", "shopdata"):
        place = Place(kind="volume", id=name)
        marks = [
            {mark.path: (mark.kind, mark.size, mark.mode, mark.digest) for mark in await engine.files.marks(place)
             if mark.path}
            for engine in (there, near)
        ]  # fmt: skip
        assert marks[0] == marks[1], marks
        assert (await near.volumes.get(name)).labels["of"] == name
    assert (await near.images.get(IMAGE)).id == (await there.images.get(IMAGE)).id
    assert (await near.images.get("localhost/spare:1")).id == (await there.images.get("localhost/spare:1")).id
    here = await near.containers.get("web")
    assert here.state is State.CREATED
    assert (here.spec.env.get("A"), here.spec.labels["x"]) == ("b", "y")
    assert [(port.container_port, port.host_port) for port in here.spec.ports] == [(80, _PORT)]
    joined = {each.name for each in await near.networks.list() if any(member.name == "web" for member in each.members)}
    assert joined | {here.spec.network} == {"front", "back"}, (joined, here.spec.network)
    assert {(await near.containers.get(f"shop-{name}-1")).spec.network for name in ("db", "app")} == {"back"}
    if runs:
        await there.containers.stop("web", timeout=0)
        try:
            await near.containers.start("web")
            session = await near.containers.exec("web", Exec(command=("cat", "/etc/own")))
            assert await session.read() == ("stdout", b"own\n")
            await session.close()
        finally:
            await near.containers.stop("web", timeout=0)
            await there.containers.start("web")


async def _podman(*words: str) -> bytes:
    done = await asyncio.to_thread(
        subprocess.run, ["podman", *words], check=True, capture_output=True, timeout=120, stdin=subprocess.DEVNULL
    )
    return done.stdout


async def bring_over_store() -> None:
    """Of this user's podman, of which no service runs: a store of its own, made by its program."""
    with tempfile.TemporaryDirectory(prefix="wp-") as place:
        home = Path(place)
        (home / "run").mkdir(mode=0o700)
        (home / "image.tar").write_bytes(busybox_archive())
        with tarfile.open(home / "files.tar", "w") as archive:
            info = tarfile.TarInfo("blob")
            info.size, info.uid, info.gid, info.mode = len(_BLOB), 33, 34, 0o640
            archive.addfile(info, BytesIO(_BLOB))
        os.environ |= {"HOME": place, "XDG_RUNTIME_DIR": f"{place}/run"}
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            os.environ.pop(name, None)
        for words in (
            ("load", "-i", f"{place}/image.tar"), ("volume", "create", "data"), ("volume", "create", "lone"),
            ("volume", "import", "lone", f"{place}/files.tar"), ("volume", "import", "data", f"{place}/files.tar"),
            ("create", "--name", "web", "-v", "data:/data", "-e", "A=b", "-p", "18090:80", "localhost/busybox", "sh"),
            ("cp", f"{place}/files.tar", "web:/own"),
        ):  # fmt: skip
            await _podman(*words)
        try:
            async with _near() as near:
                found = await near.machines.bringable()
                wanted = {("container", "web"), ("volume", "lone")}
                assert {(each.kind, each.name) for each in found} == wanted, found
                await _bring(near, found, wanted)
                for name in ("data", "lone"):
                    marks = {mark.path: mark for mark in await near.files.marks(Place(kind="volume", id=name))}
                    assert (marks["blob"].uid, marks["blob"].gid, marks["blob"].size) == (33, 34, len(_BLOB)), marks
                assert [(port.container_port, port.host_port) for port in (await near.containers.get("web")).spec.ports]
                assert all(each.here for each in await near.machines.bringable())
            left = (await _podman("ps", "-aq")).split()
            assert len(left) == 1, left
        finally:
            await _podman("system", "reset", "--force")
