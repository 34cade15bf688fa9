"""A store of the real engine for the window's figures: 50 images, 100 containers of which 20 run, 10 that can log, and
a registry with an image that takes its time to pull.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.images import PushImage
from tests.support.images import File, busybox_archive
from tests.support.registry import serve_registry
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine

IMAGES, CONTAINERS, RUNNING, LOGGING = 50, 100, 20, 10
CHATTY = "chatty-"
_BURST = "while :; do seq 1 500; sleep 0.1; done"
"""5,000 lines a second, as far as the machine lets it."""
_BIG_LAYERS, _BIG_BYTES = 4, 48 << 20


@asynccontextmanager
async def furnished_store() -> AsyncIterator[dict[str, str]]:
    """Gives the environment of processes that open it."""
    store = make_short_tmp()
    registry_files = Path(tempfile.mkdtemp(prefix="wherry-bench-"))
    try:
        with serve_registry(registry_files) as registry:
            big = f"{registry.host}/bench/big:1"
            try:
                engine = await open_engine(store.root, store.run)
                try:
                    await _furnish(engine, big)
                finally:
                    await engine.close()
                yield {"WHERRY_ROOT": str(store.root), "WHERRY_RUN": str(store.run), "WHERRY_BENCH_PULL": big}
            finally:
                engine = await open_engine(store.root, store.run)
                await engine.close(stop_containers=True)
    finally:
        remove_tree(store.path)
        shutil.rmtree(registry_files)


async def _furnish(engine: EmbeddedEngine, big: str) -> None:
    for number in range(IMAGES):
        config = {"Labels": {"number": str(number)}, "ExposedPorts": {f"{8000 + number}/tcp": {}}}
        await _load(engine, busybox_archive(reference=_name(number), config=config))
    layers = [[File(f"data/{number}", os.urandom(_BIG_BYTES))] for number in range(_BIG_LAYERS)]
    await _load(engine, busybox_archive(*layers, reference=big))
    await engine.images.push(PushImage(reference=big)).result()
    await engine.images.remove(big)
    for number in range(CONTAINERS):
        labels = {"com.docker.compose.project": f"project-{number % 8}"} if number % 3 else {}
        spec = ContainerSpec(
            image=_name(number % IMAGES),
            command=("sleep", "1000000"),
            network="none",
            labels=labels,
        )
        if (made := CONTAINERS - 1 - number) < LOGGING:
            spec = ContainerSpec(image=spec.image, command=("sh", "-c", _BURST), network="none")
            await engine.containers.create(CreateContainer(spec=spec, name=f"{CHATTY}{made}"))
            continue
        container = await engine.containers.create(CreateContainer(spec=spec, name=f"service-{number:03}"))
        if number < RUNNING:
            await engine.containers.start(container.id)


def _name(number: int) -> str:
    return f"localhost/team-{number % 7}/app-{number}:1"


async def _load(engine: EmbeddedEngine, archive: bytes) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield archive

    await engine.images.load(pieces()).result()


if __name__ == "__main__":

    async def hold() -> None:
        async with furnished_store() as environment:
            print(" ".join(f"{key}={value}" for key, value in environment.items()), flush=True)
            await asyncio.to_thread(sys.stdin.read)

    asyncio.run(hold())
