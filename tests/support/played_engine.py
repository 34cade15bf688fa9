"""The real engine on a machine in memory, with a small image in it, and waiting for what becomes of containers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.embedded import open_engine
from engine.errors import NotFound
from engine.types.containers import ContainerSpec, CreateContainer, State
from tests.fakes.machine import MachineInMemory
from tests.support.images import File, docker_archive, layer_tar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container
    from engine.types.events import Event
    from tests.support.stores import ShortTmp

IMAGE = "localhost/tiny:latest"
_FILES = [
    File("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000:web:/home/web:/bin/sh\n"),
    File("etc/group", b"root:x:0:\nweb:x:1000:\n"),
    File("data/hello", b"hello\n"),
]
_SECONDS = 20.0


@dataclass
class PlayedStore:
    """A store whose engine can be opened again and again on the same machine."""

    store: ShortTmp
    machine: MachineInMemory = field(default_factory=MachineInMemory)

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[EmbeddedEngine]:
        """Closed at the end as when a window is closed: containers go on."""
        engine = await open_engine(self.store.root, self.store.run, self.machine)
        try:
            if not await engine.images.list():
                await load(engine)
            yield engine
        finally:
            await engine.close()


async def load(engine: EmbeddedEngine, reference: str = IMAGE, config: dict[str, Any] | None = None) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield docker_archive([layer_tar(_FILES)], reference=reference, config=config)

    await engine.images.load(stream()).result()


async def create(engine: EmbeddedEngine, name: str = "", **options: object) -> Container:
    options = {"image": IMAGE, "network": "none", "stop_timeout": 0.2, "command": ("serve",)} | options
    spec = ContainerSpec(**options)  # type: ignore[arg-type]
    return await engine.containers.create(CreateContainer(spec=spec, name=name))


async def start(engine: EmbeddedEngine, name: str = "", **options: object) -> Container:
    return await engine.containers.start((await create(engine, name, **options)).id)


async def until(engine: EmbeddedEngine, container_id: str, holds: Callable[[Container], bool]) -> Container:
    """The container once that is true of it; told by the bus, so that nobody waits for time."""
    async with asyncio.timeout(_SECONDS), engine.watch() as changes:
        while not holds(container := await engine.containers.get(container_id)):
            await anext(aiter(changes))
    return container


async def until_state(engine: EmbeddedEngine, container_id: str, state: State) -> Container:
    return await until(engine, container_id, lambda container: container.state is state)


async def until_gone(engine: EmbeddedEngine, container_id: str) -> None:
    async with asyncio.timeout(_SECONDS), engine.watch() as changes:
        while True:
            try:
                await engine.containers.get(container_id)
            except NotFound:
                return
            await anext(aiter(changes))


def listen(engine: EmbeddedEngine) -> list[str]:
    """What happens to containers from now on, in Docker's words: to which, what, and what goes with it."""
    heard: list[str] = []
    before = engine.bus._on_event

    def hear(event: Event) -> None:
        more = {key: value for key, value in event.attributes.items() if key not in ("image", "name")}
        if event.kind == "container":
            heard.append(" ".join([event.name, event.action, *(f"{key}={value}" for key, value in more.items())]))
        if before is not None:
            before(event)

    engine.bus._on_event = hear
    return heard
