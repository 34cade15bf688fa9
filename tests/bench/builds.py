"""`docker build`, unmodified, on our socket, beside dockerd and buildah: whole command times, each in turn.

    packaging/fetch-clients DIRECTORY
    python -m tests.bench.builds DIRECTORY [--peer SOCKET] [--rounds N]

Run as an ordinary user; dockerd is whoever answers at the socket. Figures are medians.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from engine.api.server import ApiServer
from tests.clients.world import Clients, World, clients_in
from tests.support.engine import opened_engine
from tests.support.stores import make_short_tmp, remove_tree

_BASE = "FROM scratch\nADD root /\nENV PATH=/bin\n"
_FILES, _BYTES = 3000, 13_400


class Bench:
    """The same deeds for every builder; who is missing is left out."""

    def __init__(self, place: Path, worlds: dict[str, World], *, buildah: bool) -> None:
        self._place = place
        self._worlds = worlds
        self._buildah = buildah

    async def time(self, context: Path, *options: str) -> dict[str, float]:
        found = {}
        for name, world in self._worlds.items():
            begun = time.perf_counter()
            argv = [str(world.clients.docker), "build", "-q", "-t", "bench", *options, str(context)]
            await world.run(*argv)
            found[name] = time.perf_counter() - begun
        if self._buildah:
            root = ["--root", f"{self._place}/buildah", "--runroot", f"{self._place}/buildah-run"]
            begun = time.perf_counter()
            argv = [
                "buildah",
                *root,
                "bud",
                "--layers",
                "--isolation",
                "chroot",
                "-q",
                "-t",
                "bench",
                *options,
                str(context),
            ]
            await next(iter(self._worlds.values())).run(*argv)
            found["buildah"] = time.perf_counter() - begun
        return found


def made_context(place: Path, world: World, recipe: str, *, files: int = 0) -> Path:
    place.mkdir()
    shutil.copytree(world.work / "root", place / "root", symlinks=True)
    (place / "Dockerfile").write_text(recipe)
    for number in range(files):
        path = place / f"many/{number // 100}/{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(_BYTES))
    return place


async def measure(bench: Bench, place: Path, world: World, rounds: int) -> None:
    steps = made_context(place / "steps", world, _BASE + "".join(f"RUN echo {n} > /{n}\n" for n in range(20)))
    await bench.time(steps)
    report("unchanged, 20 steps", [await bench.time(steps) for _ in range(rounds)])
    ten = made_context(place / "ten", world, _BASE + "".join(f"RUN echo {n} > /{n}\n" for n in range(10)))
    report("10 RUN, nothing cached", [await bench.time(ten, "--no-cache") for _ in range(rounds)])
    recipe = "FROM scratch\nCOPY many /many\n"
    first, again = [], []
    for number in range(rounds):
        context = made_context(place / f"many{number}", world, recipe, files=_FILES)
        first.append(await bench.time(context))
        again.append(await bench.time(context))
    report("40 MB in 3,000 files, first time", first)
    report("the same, unchanged", again)


def report(what: str, rounds: list[dict[str, float]]) -> None:
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    ours = medians["wherry"]
    shown = ", ".join(f"{name} {value:.2f} s ({ours / value:.2f})" for name, value in medians.items())
    print(f"{what}: {shown}")


async def main(options: argparse.Namespace) -> None:
    clients: Clients = next(each for each in clients_in(options.clients) if each.name == "28")
    store = make_short_tmp()
    try:
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(opened_engine(store))
            server = ApiServer(engine, engine.paths.socket)  # type: ignore[attr-defined]
            await server.start()
            stack.push_async_callback(server.close)
            sockets = {"wherry": engine.paths.socket}  # type: ignore[attr-defined]
            if options.peer:
                sockets["dockerd"] = options.peer
            worlds = {}
            for name, socket in sockets.items():
                worlds[name] = World(clients, store.path / name, socket, "", "")
                worlds[name].prepare()
            place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wb-", dir=store.path)))
            bench = Bench(store.path, worlds, buildah=shutil.which("buildah") is not None)
            await measure(bench, place, worlds["wherry"], options.rounds)
    finally:
        remove_tree(store.path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", type=Path)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    asyncio.run(main(parser.parse_args()))
