"""Two real engines, one in the other's list of machines behind a door that can break off; and a service to move."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from engine.types.containers import ContainerSpec, CreateContainer, Exec, Mount
from engine.types.files import Place
from engine.types.machines import Machine
from tests.support.cutting import door_to
from tests.support.engine import opened_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import Engine
    from engine.types.files import FileMark
    from tests.support.cutting import Door
    from tests.support.stores import ShortTmp

IMAGE = "localhost/busybox:latest"
FAR = "server"


class There(NamedTuple):
    engine: Engine
    door: Door


@asynccontextmanager
async def another_machine(near: Engine, store: ShortTmp) -> AsyncIterator[There]:
    """Another machine's engine, in the list of ours as "server"."""
    from engine.api.server import ApiServer

    async with opened_engine(store) as engine:
        server = ApiServer(engine, store.run / "docker.sock")
        await server.start()
        async with door_to(f"{store.run}/docker.sock") as door:
            await near.machines.add(Machine(name=FAR, address=f"unix://{door.path}"))
            try:
                yield There(engine, door)
            finally:
                await near.machines.remove(FAR)
                await server.close()


async def run(engine: Engine, name: str, *words: str) -> bytes:
    session = await engine.containers.exec(name, Exec(command=words))
    said = b""
    while (piece := await session.read()) is not None:
        said += piece[1]
    assert await session.exit_code() == 0, said
    await session.close()
    return said


async def service(engine: Engine, name: str = "shop", **fields: object) -> None:
    """Counts in its volume while it runs, and has changed a file of its own."""
    words = "echo own > /etc/own; mkdir -p /data/dir; ln -s ../count /data/dir/link; i=0; "
    words += "while :; do i=$((i+1)); echo $i > /data/count.new; mv /data/count.new /data/count; sleep 0.05; done"
    mounts = (Mount(kind="volume", source=f"{name}-data", target="/data"),)
    command = ("sh", "-c", words)
    spec = ContainerSpec(image=IMAGE, command=command, mounts=mounts, stop_timeout=0.5, **fields)  # type: ignore[arg-type]
    made = await engine.containers.create(CreateContainer(spec=spec, name=name))
    await engine.containers.start(made.id)
    async with asyncio.timeout(20):
        while b"count" not in await run(engine, name, "ls", "/data"):  # noqa: ASYNC110 - a script in a container
            await asyncio.sleep(0.05)
    await run(
        engine,
        name,
        "sh",
        "-c",
        "head -c 3000000 /dev/urandom > /data/blob; chown 5:6 /data/blob; chmod 640 /data/blob",
    )


async def marks(engine: Engine, volume: str) -> list[FileMark]:
    return sorted(await engine.files.marks(Place(kind="volume", id=volume)), key=lambda mark: mark.path)
