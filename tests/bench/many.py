"""Three hundred containers on a stock desktop: 1,024 open files, 200 key rings; what each of them takes of both.

bash -c 'ulimit -n 1024; exec python -m tests.bench.many [--containers N] [--network none|pasta]'
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.host.checks.bounds import kernel_bounds
from engine.host.machine import Machine
from engine.types.containers import ContainerSpec, CreateContainer
from tests.bench.containers import IMAGE, load, report
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

_AT_ONCE = 10


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def fill(engine: EmbeddedEngine, number: int, network: str) -> None:
    places = asyncio.Semaphore(_AT_ONCE)

    async def start() -> None:
        async with places:
            spec = ContainerSpec(image=IMAGE, command=("sleep", "100000"), network=network, stop_timeout=0.1)
            made = await engine.containers.create(CreateContainer(spec=spec))
            await engine.containers.start(made.id)

    await asyncio.gather(*(start() for _ in range(number)))


async def empty(engine: EmbeddedEngine) -> None:
    places = asyncio.Semaphore(_AT_ONCE)

    async def remove(container: str) -> None:
        async with places:
            await engine.containers.remove(container, force=True)

    await asyncio.gather(*(remove(each.id) for each in await engine.containers.list()))


async def measure(number: int, network: str) -> None:
    store = make_short_tmp()
    engine = await open_engine(store.root, store.run)
    try:
        await load(engine)
        before, began = open_files(), time.perf_counter()
        await fill(engine, number, network)
        async for rates in engine.stats.watch(interval=0.5):
            report("containers that run, with their figures read", str(len(rates)), f"{number}")
            break
        report("all started after", f"{time.perf_counter() - began:.1f} s")
        report("open files of the engine, for each", f"{(open_files() - before) / number:.2f}", "4")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        report("open files of the engine, of", f"{open_files()} of {soft}", f"hard limit {hard}")
        print(kernel_bounds(Machine(), engine.paths).found)
    finally:
        began = time.perf_counter()
        await empty(engine)
        report("all removed after", f"{time.perf_counter() - began:.1f} s")
        await engine.close(stop_containers=True)
        remove_tree(Path(store.path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--containers", type=int, default=300)
    parser.add_argument("--network", default="none")
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.containers, chosen.network))


if __name__ == "__main__":
    main()
