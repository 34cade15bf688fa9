"""What the socket and the command line cost: a call over the facade, a list of 1,000 containers, `wherry ps` beside
`docker ps` (where that is installed).

python -m tests.bench.api [--containers N] [--runs N]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from engine.api.server import ApiServer
from engine.cli.reach.wire import Client
from tests.fakes.engine import open_fake_engine
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.fakes.engine import FakeEngine


async def _facade(call: Callable[[], Awaitable[object]], runs: int) -> float:
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        await call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def _socket(path: Path, address: str, runs: int) -> float:
    client, times = Client(str(path)), []
    for _ in range(runs):
        begun = time.perf_counter()
        answer = client.ask("GET", address)
        answer.read()
        answer.close()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def _program(argv: list[str], environment: dict[str, str], runs: int) -> float:
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run(argv, env=environment, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return min(times) * 1000


def _multiply(engine: FakeEngine, count: int) -> None:
    """The fake world's first container, many times over."""
    store = engine.store
    model = next(iter(store.containers.values()))
    for number in range(count - len(store.containers)):
        twin = msgspec.structs.replace(model, id=f"{number:064x}", name=f"twin-{number}")
        store.containers[twin.id] = twin


async def _measure(containers: int, runs: int) -> None:
    place = make_short_tmp()
    engine = await open_fake_engine()
    server = ApiServer(engine, place.run / "docker.sock")
    await server.start()
    loop = asyncio.get_running_loop()

    async def over_socket(address: str) -> float:
        return await loop.run_in_executor(None, _socket, server.socket_path, address, runs)

    try:
        direct = await _facade(lambda: engine.containers.get("shop-web-1"), runs)
        told = await over_socket("/containers/shop-web-1/json")
        ping = await over_socket("/_ping")
        print(f"ping                         {ping:7.2f} ms")
        print(f"inspect: facade              {direct:7.2f} ms")
        print(f"inspect: over the socket     {told:7.2f} ms   (overhead {told - direct:.2f} ms, goal 3)")
        _multiply(engine, containers)
        listed = await over_socket("/containers/json?all=1")
        print(f"list of {containers} containers       {listed:7.2f} ms   (goal 60)")
        engine.store.containers.clear()
        await loop.run_in_executor(None, _programs, server.socket_path, runs)
    finally:
        await server.close()
        await engine.close()
        remove_tree(place.path)


def _programs(socket: Path, runs: int) -> None:
    environment = {**os.environ, "WHERRY_RUN": str(socket.parent), "DOCKER_HOST": f"unix://{socket}"}
    own = _program([sys.executable, "-m", "engine.cli", "ps"], environment, runs)
    bare = _program([sys.executable, "-c", "pass"], environment, runs)
    print(f"wherry ps                    {own:7.2f} ms   (goal 60; the bare interpreter {bare:.2f})")
    docker = shutil.which("docker")
    if docker:
        peer = _program([docker, "ps"], environment, runs)
        print(f"docker ps                    {peer:7.2f} ms   (wherry is {own / peer:.2f} times that)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=15)
    chosen = parser.parse_args()
    asyncio.run(_measure(chosen.containers, chosen.runs))


if __name__ == "__main__":
    main()
