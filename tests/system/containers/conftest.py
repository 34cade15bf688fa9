"""The real engine with a busybox image in it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from engine.types.containers import ContainerSpec, CreateContainer
from tests.support.images import File, busybox_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from engine.embedded import EmbeddedEngine
    from engine.facade import Engine
    from engine.types.containers import Container

BUSYBOX = "localhost/busybox:latest"
_FILES = [
    File("data/hello", b"hello\n"),
    File("www/index.html", b"here I am\n"),
    File("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000:web:/home/web:/bin/sh\n"),
    File("etc/group", b"root:x:0:\nweb:x:1000:\nstaff:x:50:web\n"),
]


async def load_busybox(engine: Engine) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield busybox_archive(_FILES)

    await engine.images.load(stream()).result()


@pytest.fixture
async def loaded(engine: EmbeddedEngine) -> EmbeddedEngine:
    await load_busybox(engine)
    return engine


async def create(engine: Engine, *command: str, name: str = "", **options: object) -> Container:
    options.setdefault("network", "none")
    options.setdefault("stop_timeout", 0.2)
    spec = ContainerSpec(image=BUSYBOX, command=command or ("sleep", "1000"), **options)  # type: ignore[arg-type]
    return await engine.containers.create(CreateContainer(spec=spec, name=name))


async def run(engine: Engine, *command: str, name: str = "", **options: object) -> Container:
    container = await create(engine, *command, name=name, **options)
    return await engine.containers.start(container.id)


async def output(engine: EmbeddedEngine, *command: str, **options: object) -> tuple[int, str]:
    """Run to the end; the exit code and all it wrote."""
    container = await create(engine, *command, **options)
    await engine.containers.start(container.id)
    code = (await engine.containers.wait(container.id)).exit_code
    text = read_log(engine, container.id)
    await engine.containers.remove(container.id, force=True, volumes=True)
    return code, text


def read_log(engine: EmbeddedEngine, container_id: str) -> str:
    """conmon's own file, its frames taken off."""
    raw = engine.paths.log(container_id).read_text()
    return "".join(line.split(" ", 3)[3] + ("\n" if line.split(" ", 3)[2] == "F" else "") for line in raw.splitlines())


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.01)
