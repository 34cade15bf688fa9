"""What letting go costs: one running container removed by force, fifty clients that each remove one at once, and six
killed that log as fast as they can. Through the socket, as `docker rm -f` does.

python -m tests.bench.removal [--clients N] [--loud N] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import TYPE_CHECKING

import aiohttp

from engine.api.server import ApiServer
from engine.embedded import open_engine
from engine.types.containers import ContainerSpec, CreateContainer
from tests.bench.containers import IMAGE, load, report
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.embedded import EmbeddedEngine

_LOUD = "while :; do echo " + "x" * 200 + "; done"
_LOUD_SECONDS = 5.0


async def made(engine: EmbeddedEngine, count: int, *command: str) -> list[str]:
    ids = []
    for _ in range(count):
        spec = ContainerSpec(image=IMAGE, command=command, network="none")
        container = await engine.containers.create(CreateContainer(spec=spec))
        ids.append((await engine.containers.start(container.id)).id)
    return ids


async def timed(call: Awaitable[object]) -> float:
    begun = time.perf_counter()
    await call
    return (time.perf_counter() - begun) * 1000


async def measure(
    engine: EmbeddedEngine, remove: Callable[[str], Awaitable[object]], options: argparse.Namespace
) -> None:
    alone: list[float] = []
    for one in await made(engine, options.rounds, "sleep", "1000"):
        alone.append(await timed(remove(one)))
        await asyncio.sleep(0.05)
    report("rm -f of one that runs", f"{statistics.median(alone):.1f} ms", "≤ 15 ms")

    together = await asyncio.gather(
        *(timed(remove(one)) for one in await made(engine, options.clients, "sleep", "1000"))
    )
    report(f"{options.clients} clients at once: median", f"{statistics.median(together):.0f} ms", "≤ 150 ms")
    report(f"{options.clients} clients at once: the last", f"{max(together):.0f} ms")

    loud = await made(engine, options.loud, "sh", "-c", _LOUD)
    await asyncio.sleep(_LOUD_SECONDS)
    begun = time.perf_counter()
    await asyncio.gather(*(engine.containers.kill(one) for one in loud))
    report(f"{options.loud} killed that log at full speed", f"{time.perf_counter() - begun:.2f} s", "≤ 2 s")


async def main(options: argparse.Namespace) -> None:
    store = make_short_tmp()
    engine = await open_engine(store.root, store.run)
    server = ApiServer(engine, store.run / "docker.sock")
    try:
        await load(engine)
        await server.start()
        connector = aiohttp.UnixConnector(path=str(store.run / "docker.sock"), limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def remove(container: str) -> None:
                async with session.delete(f"http://d/containers/{container}?force=1") as answer:
                    answer.raise_for_status()

            await measure(engine, remove, options)
    finally:
        await server.close()
        await engine.close(stop_containers=True)
        remove_tree(store.path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--loud", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=20)
    asyncio.run(main(parser.parse_args()))
