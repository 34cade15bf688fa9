"""What must be true of any engine that is held by the facade from afar, one function for each thing a person does."""

from __future__ import annotations

import asyncio
import contextlib
import io
import tarfile
from typing import TYPE_CHECKING

from engine.errors import NotFound
from engine.types.builds import BuildImage
from engine.types.containers import ContainerSpec, CreateContainer, Exec, Mount, PortMapping, Resources, State
from engine.types.files import Place
from engine.types.images import CommitContainer
from engine.types.logs import ReadLogs, SearchLogs
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume
from tests.peers.swarm_checks import swarm
from tests.support.images import busybox_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from engine.remote.engine import RemoteEngine

IMAGE = "localhost/busybox:latest"
SECONDS = 30.0


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not look():  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.02)


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def made(engine: RemoteEngine, name: str, *command: str, **fields: object) -> str:
    spec = ContainerSpec(image=IMAGE, command=command or ("sleep", "1000"), **fields)  # type: ignore[arg-type]
    found = await engine.containers.create(CreateContainer(spec=spec, name=name))
    return found.id


async def images(engine: RemoteEngine) -> None:
    names = await engine.images.load(once(busybox_archive())).result()
    assert "busybox" in names, names
    image = await engine.images.get(IMAGE)
    assert image.layers
    assert any(IMAGE in each.tags for each in await engine.images.list())
    assert (await engine.images.tag(IMAGE, "localhost/other:1")).id == image.id
    await until(lambda: "localhost/other:1" in engine.bus.objects("image")[image.id].tags)  # type: ignore[union-attr]
    assert "localhost/other:1" in (await engine.images.remove("localhost/other:1")).untagged
    saved = b"".join([piece async for piece in engine.images.save([IMAGE])])
    with tarfile.open(fileobj=io.BytesIO(saved)) as archive:
        assert "manifest.json" in archive.getnames()
    assert await engine.images.history(IMAGE)


async def layers(engine: RemoteEngine) -> None:
    report = await engine.images.layer_report(IMAGE)
    assert report.total_size > 100_000
    paths = {node.entry.path for node in await engine.images.tree(IMAGE, "/bin")}
    assert "/bin/sh" in paths or "/bin/busybox" in paths, paths
    content = await engine.images.read_file(IMAGE, "/bin/busybox", limit=4)
    assert content == b"\x7fELF"


async def life(engine: RemoteEngine) -> None:
    one = await made(engine, "life", env={"A": "b"}, labels={"x": "y"}, resources=Resources(memory=64 << 20))
    await until(lambda: one in engine.bus.objects("container"))
    started = await engine.containers.start(one)
    assert started.state is State.RUNNING
    assert started.spec.env == {"A": "b"}
    assert started.spec.labels == {"x": "y"}
    assert started.spec.resources.memory == 64 << 20
    assert (await engine.containers.pause(one)).state is State.PAUSED
    assert (await engine.containers.unpause(one)).state is State.RUNNING
    assert (await engine.containers.rename(one, "lives")).name == "lives"
    assert await engine.containers.processes(one)
    stopped = await engine.containers.stop(one, timeout=0)
    assert stopped.state is State.EXITED
    assert stopped.exit is not None
    assert stopped.exit.code == 137
    await engine.containers.remove(one)
    await until(lambda: one not in engine.bus.objects("container"))


async def terminal(engine: RemoteEngine) -> None:
    one = await made(engine, "terminal")
    await engine.containers.start(one)
    session = await engine.containers.exec(
        one,
        Exec(command=("sh", "-c", "stty size; read x; echo got $x; exit 5"), tty=True, stdin=True, rows=31, columns=97),
    )
    await session.resize(31, 97)
    await session.write(b"word\n")
    said = b""
    while (piece := await session.read()) is not None:
        said += piece[1]
    assert b"got word" in said, said
    assert await session.exit_code() == 5
    await session.close()
    two = await engine.containers.exec(one, Exec(command=("sh", "-c", "cat; echo e >&2"), stdin=True))
    await two.write(b"x" * 300_000)
    await two.close_stdin()
    streams = {"stdout": b"", "stderr": b""}
    while (piece := await two.read()) is not None:
        streams[piece[0]] += piece[1]
    assert (len(streams["stdout"]), streams["stderr"]) == (300_000, b"e\n")
    await two.close()
    await engine.containers.remove(one, force=True)


async def logs(engine: RemoteEngine) -> None:
    one = await made(
        engine, "logs", "sh", "-c", "for i in $(seq 1 500); do echo line $i; done; echo bad >&2; sleep 1000"
    )
    await engine.containers.start(one)
    await asyncio.sleep(1)  # a script of ours in a container of another's engine: nothing tells that it is through
    lines = [line async for batch in engine.logs.read(one, ReadLogs()) for line in batch]
    assert len(lines) == 501, len(lines)
    assert sum(line.stream == "stderr" for line in lines) == 1
    assert [line.number for line in lines] == list(range(501))
    found: list[int] = []
    async for progress in engine.logs.search(one, SearchLogs(pattern="line 49")):
        found += progress.numbers
    assert len(found) == 11, found
    await engine.containers.remove(one, force=True)


async def following(engine: RemoteEngine) -> None:
    one = await made(engine, "following", "sh", "-c", "echo first; read x; echo $x; sleep 1000", stdin_open=True)
    await engine.containers.start(one)
    reading = engine.logs.read(one, ReadLogs(follow=True))
    line = await engine.containers.attach(one, stdin=True)
    seen: list[str] = []
    async with asyncio.timeout(SECONDS), contextlib.aclosing(reading) as batches:  # type: ignore[type-var]
        async for batch in batches:
            seen += [each.text for each in batch]
            if seen == ["first"]:
                await line.write(b"second\n")
            if "second" in seen:
                break
    assert seen == ["first", "second"]
    await line.close()
    await engine.containers.remove(one, force=True)


async def figures(engine: RemoteEngine) -> None:
    one = await made(engine, "figures", "sh", "-c", "while :; do :; done")
    await engine.containers.start(one)
    async with asyncio.timeout(SECONDS), contextlib.aclosing(engine.stats.watch([one])) as watched:  # type: ignore[type-var]
        async for rates in watched:
            if rates:
                assert rates[0].cpu_percent > 5, rates
                break
    await engine.containers.remove(one, force=True)


async def files(engine: RemoteEngine) -> None:
    one = await made(engine, "files")
    await engine.containers.start(one)
    place = Place(kind="container", id=one)
    await engine.files.write(place, "/tmp/a.txt", b"hello", mode=0o640)
    assert await engine.files.read(place, "/tmp/a.txt") == b"hello"
    assert (await engine.files.stat(place, "/tmp/a.txt")).mode & 0o777 == 0o640
    await engine.files.make_directory(place, "/tmp/dir")
    await engine.files.rename(place, "/tmp/a.txt", "/tmp/dir/b c.txt")
    [entry] = await engine.files.list(place, "/tmp/dir")
    assert (entry.name, entry.size) == ("b c.txt", 5)
    assert "/tmp/dir" in [change.path for change in await engine.containers.changes(one)]
    await engine.files.remove(place, "/tmp/dir")
    await engine.containers.stop(one, timeout=0)
    names = {each.name for each in await engine.files.list(place, "/")}
    assert {"bin", "etc"} <= names, names
    await engine.containers.remove(one, force=True)


async def volumes(engine: RemoteEngine) -> None:
    await engine.volumes.create(CreateVolume(name="vol", labels={"a": "b"}))
    place = Place(kind="volume", id="vol")
    await engine.files.write(place, "/x.txt", b"in a volume")
    assert await engine.files.read(place, "/x.txt") == b"in a volume"
    assert [each.name for each in await engine.files.list(place, "/")] == ["x.txt"]
    one = await made(engine, "user", mounts=(Mount(kind="volume", source="vol", target="/data"),))
    await engine.containers.start(one)
    assert [each.name for each in await engine.files.list(place, "/")] == ["x.txt"]
    await engine.containers.remove(one, force=True)
    assert not [each for each in await engine.containers.list() if "wherry-look" in each.name]
    await engine.volumes.clone("vol", "vol2").result()
    assert await engine.files.read(Place(kind="volume", id="vol2"), "/x.txt") == b"in a volume"
    for name in ("vol", "vol2"):
        await engine.volumes.remove(name)
    await until(lambda: "vol" not in engine.bus.objects("volume"))
    with contextlib.suppress(NotFound):
        await engine.volumes.get("vol")
        raise AssertionError("it is still there")


async def networks(engine: RemoteEngine) -> None:
    net = await engine.networks.create(CreateNetwork(name="peernet"))
    one = await made(engine, "member", network="peernet")
    await engine.containers.start(one)
    assert [each.container_id for each in (await engine.networks.get(net.id)).members] == [one]
    await engine.containers.remove(one, force=True)
    await engine.networks.remove(net.id)


async def ports(engine: RemoteEngine) -> None:
    one = await made(engine, "ports", ports=(PortMapping(container_port=80, host_port=0),))
    started = await engine.containers.start(one)
    assert started.ports, started
    assert started.ports[0].container_port == 80
    await engine.containers.remove(one, force=True)


async def building(engine: RemoteEngine) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        text = f"FROM {IMAGE}\nLABEL a=b\nCOPY Dockerfile /d\n".encode()
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    handle = engine.builds.build(BuildImage(tags=("localhost/made:1",)), once(packed.getvalue()))
    image_id = await handle.result()
    build = await engine.builds.get(handle.id)
    assert build.image_id == image_id
    assert len(build.steps) == 3, build.steps
    image = await engine.images.get("localhost/made:1")
    assert image.config.labels["a"] == "b"
    await engine.images.remove("localhost/made:1")


async def committing(engine: RemoteEngine) -> None:
    one = await made(engine, "committed", "sh", "-c", "echo x > /new")
    await engine.containers.start(one)
    assert (await engine.containers.wait(one)).exit_code == 0
    image_id = await engine.images.commit(CommitContainer(container=one, reference="localhost/kept:1")).result()
    assert (await engine.images.get("localhost/kept:1")).id == image_id
    await engine.containers.remove(one)
    await engine.images.remove("localhost/kept:1")


async def machine(engine: RemoteEngine) -> None:
    facts = await engine.host.facts()
    assert facts.kernel
    usage = await engine.disk.usage()
    assert usage.part("images").bytes >= 0
    assert engine.capabilities.why_not("containers.edit")


CHECKS: tuple[Callable[[RemoteEngine], Awaitable[None]], ...] = (
    images, layers, life, terminal, logs, following, figures, files, volumes, networks, ports, building, committing,
    machine, swarm,
)  # fmt: skip
