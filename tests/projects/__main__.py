"""Twelve projects through `wherry compose` and docker compose on one engine: the same things made, and taking turns.

    packaging/fetch-clients DIRECTORY
    python -m tests.projects DIRECTORY/compose-5/docker-compose [--only WORD] [--older DOCKER-COMPOSE]
        [--dockerd ADDRESS --dockerd-root DIRECTORY]

Run as an ordinary user. For each project: what either makes from nothing is compared field by field; then the other one
brings it up again, and no container may be another.

With docker-compose 1.29 (Debian 12's) each project is written once more in the words it knows, and what it makes is
compared. With the address of a dockerd (`tests/peers`; the image localhost/busybox loaded there, and
--dockerd-root the directory it has as its root), what docker compose makes there is compared, as our client reads it.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import shutil
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.projects.made import differences, made
from tests.projects.older import as_older_tells, without_its_own, write_older
from tests.projects.world import FILES, MORE, copy_open, prepare
from tests.support.processes import free_port
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.facade import Engine
    from tests.support.stores import ShortTmp

_SECONDS = 180.0
_ON_THE_WAY = ("created", "starting", "stopping", "removing")


class NotThereError(Exception):
    """The other program has no words for this project."""


class Composer:
    """One program that brings projects up."""

    def __init__(self, argv: list[str], environment: dict[str, str]) -> None:
        self._argv, self._environment = argv, environment

    async def __call__(self, folder: Path, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *self._argv, *words, cwd=folder, env=self._environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
        if process.returncode:
            raise AssertionError(
                f"{self._argv[-1]} {' '.join(words)}: exit {process.returncode}: {out.decode()[-1500:]}"
            )
        return out.decode()


async def compare(engine: Engine, folder: Path, ours: Composer, theirs: Composer) -> list[str]:
    """Nothing where both do the same."""
    found = {}
    told: list[str] = []
    name = folder.name
    for who, first, second in (("ours", ours, theirs), ("theirs", theirs, ours)):
        await first(folder, "up", "--detach")
        found[who] = await _settled(engine, name)
        before = await _ids(engine)
        await second(folder, "up", "--detach")
        await _settled(engine, name)
        if (after := await _ids(engine)) != before:
            told.append(f"after {who} the other made others: {sorted(before ^ after)}")
        await second(folder, "down", "--volumes", "--timeout", "0")
        if left := await made(engine, name):
            told.append(f"{who}, taken down by the other, left {sorted(left)}")
    return differences(found["ours"], found["theirs"]) + told


async def compare_older(engine: Engine, folder: Path, ours: Composer, older: Composer) -> list[str]:
    """What 1.29 makes of the same project, and we of the very file it reads."""
    name = folder.name
    config = json.loads(await ours(folder, "config", "--format", "json"))
    if reason := write_older(config, folder):
        raise NotThereError(reason)
    found = []
    for composer in (ours, older):
        await composer(folder, "-f", "older.yaml", "-p", name, "up", "-d")
        found.append(as_older_tells(await _settled(engine, name), name))
        await composer(folder, "-f", "older.yaml", "-p", name, "down", "--volumes", "--timeout", "0")
        if left := await made(engine, name):
            return [f"{sorted(left)} was left"]
    return differences(*found)


async def compare_elsewhere(here: Engine, there: Engine, folder: Path, ours: Composer, theirs: Composer) -> list[str]:
    """What we make here, and docker compose on another engine."""
    found = []
    for engine, composer in ((here, ours), (there, theirs)):
        await composer(folder, "down", "--volumes", "--timeout", "0")  # what a broken run left there
        await composer(folder, "up", "--detach")
        found.append(without_its_own(await _settled(engine, folder.name)))
        await composer(folder, "down", "--volumes", "--timeout", "0")
    return differences(*found)


async def _settled(engine: Engine, name: str) -> dict[str, object]:
    """What ends by itself has ended."""
    async with asyncio.timeout(_SECONDS):
        while True:
            found = await made(engine, name)
            moving = [each for each in found.values() if each.get("state") in _ON_THE_WAY]
            short = [each for each in found.values() if each.get("command") == ["true"] and each["state"] == "running"]
            if not moving and not short:
                return found
            await asyncio.sleep(0.05)


async def _ids(engine: Engine) -> frozenset[str]:
    return frozenset(f"{one.name} {one.id}" for one in await engine.containers.list())


async def main(options: argparse.Namespace) -> int:
    store = make_short_tmp()
    wrong = 0
    try:
        async with AsyncExitStack() as stack:
            engine = await opened(stack, store)
            base = {
                **os.environ, **MORE, "WEB_PORT": str(free_port()), "HOME": str(store.path),
                "DOCKER_HOST": f"unix://{store.run}/docker.sock", "WHERRY_ROOT": str(store.root),
                "WHERRY_RUN": str(store.run), "PYTHONPATH": str(Path(__file__).parents[2]),
            }  # fmt: skip
            comparisons = await _comparisons(stack, engine, store, base, options)
            for source in sorted(FILES.iterdir()):
                if options.only not in source.name:
                    continue
                folder = prepare(source, store.path / "w")
                if options.dockerd:
                    copy_open(folder, Path(f"{options.dockerd_root}{folder}"))
                for word, compared in comparisons.items():
                    try:
                        told = await compared(folder)
                    except NotThereError as error:
                        sys.stdout.write(f"{source.name}, {word}: cannot be: {error}\n")
                        continue
                    except (AssertionError, TimeoutError) as error:
                        told = [str(error)]
                    wrong += bool(told)
                    lines = [f"{source.name}, {word}: {'' if told else 'the same'}", *(f"    {line}" for line in told)]
                    sys.stdout.write("\n".join(lines) + "\n")
                    sys.stdout.flush()
                    for container in await engine.containers.list():
                        await engine.containers.remove(container.id, force=True)
                shutil.rmtree(folder)
    finally:
        remove_tree(store.path)
    return 1 if wrong else 0


async def opened(stack: AsyncExitStack, store: ShortTmp) -> Engine:
    """An engine on its socket, with what the projects take for granted."""
    from engine.api.server import ApiServer
    from tests.support.engine import opened_engine
    from tests.system.containers.conftest import load_busybox

    engine = await stack.enter_async_context(opened_engine(store))
    server = ApiServer(engine, store.run / "docker.sock")
    await server.start()
    stack.push_async_callback(server.close)
    await load_busybox(engine)
    await _give(engine)
    return engine


async def _give(engine: Engine) -> None:
    from engine.types.networks import CreateNetwork
    from engine.types.volumes import CreateVolume

    if "given-network" not in {one.name for one in await engine.networks.list()}:
        await engine.networks.create(CreateNetwork(name="given-network"))
    if "given-volume" not in {one.name for one in await engine.volumes.list()}:
        await engine.volumes.create(CreateVolume(name="given-volume"))


async def _comparisons(
    stack: AsyncExitStack, engine: Engine, store: ShortTmp, base: dict[str, str], options: argparse.Namespace
) -> dict[str, Callable[[Path], Awaitable[list[str]]]]:
    ours = Composer([sys.executable, "-m", "engine.cli", "compose"], base)
    theirs = Composer([str(options.compose)], base)
    found: dict[str, Callable[[Path], Awaitable[list[str]]]] = {}
    found["docker compose"] = functools.partial(compare, engine, ours=ours, theirs=theirs)
    if options.older:
        older = Composer([options.older], base)
        found["docker-compose 1.29"] = functools.partial(compare_older, engine, ours=ours, older=older)
    if options.dockerd:
        there = await _elsewhere(stack, store, options.dockerd)
        far = Composer([str(options.compose)], base | {"DOCKER_HOST": options.dockerd})
        found["docker compose on dockerd"] = functools.partial(compare_elsewhere, engine, there, ours=ours, theirs=far)
    return found


async def _elsewhere(stack: AsyncExitStack, store: ShortTmp, address: str) -> Engine:
    from engine.machines.machine_list import Entry
    from engine.remote.engine import RemoteEngine

    engine = RemoteEngine(Entry("peer", address), run=store.path / "r", store=store.path / "s", told=lambda: None)
    engine.begin()
    stack.push_async_callback(engine.close)
    assert await engine.connected(_SECONDS), engine.condition
    await _give(engine)
    return engine


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compose", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--older", default="")
    parser.add_argument("--dockerd", default="")
    parser.add_argument("--dockerd-root", default="")
    tempfile.tempdir = "/tmp"
    sys.exit(asyncio.run(main(parser.parse_args())))
