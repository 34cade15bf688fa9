"""Twelve projects through `wherry compose` and docker compose on one engine: the same things made, and taking turns.

    packaging/fetch-clients DIRECTORY
    python -m tests.projects DIRECTORY/compose-5/docker-compose [--only WORD]

Run as an ordinary user. For each project: what either makes from nothing is compared field by field; then the other one
brings it up again, and no container may be another.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.projects.made import differences, made
from tests.projects.world import FILES, MORE, prepare
from tests.support.processes import free_port
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from engine.facade import Engine

_SECONDS = 180.0


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


async def _settled(engine: Engine, name: str) -> dict[str, object]:
    """What ends by itself has ended."""
    async with asyncio.timeout(_SECONDS):
        while True:
            found = await made(engine, name)
            moving = [each for each in found.values() if each.get("state") in ("starting", "stopping", "removing")]
            short = [each for each in found.values() if each.get("command") == ["true"] and each["state"] == "running"]
            if not moving and not short:
                return found
            await asyncio.sleep(0.05)


async def _ids(engine: Engine) -> frozenset[str]:
    return frozenset(f"{one.name} {one.id}" for one in await engine.containers.list())


async def main(options: argparse.Namespace) -> int:
    from engine.api.server import ApiServer
    from engine.types.networks import CreateNetwork
    from engine.types.volumes import CreateVolume
    from tests.support.engine import opened_engine
    from tests.system.containers.conftest import load_busybox

    store = make_short_tmp()
    wrong = 0
    try:
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(opened_engine(store))
            server = ApiServer(engine, store.run / "docker.sock")
            await server.start()
            stack.push_async_callback(server.close)
            await load_busybox(engine)
            await engine.networks.create(CreateNetwork(name="given-network"))
            await engine.volumes.create(CreateVolume(name="given-volume"))
            base = {
                **os.environ, **MORE, "WEB_PORT": str(free_port()), "HOME": str(store.path),
                "DOCKER_HOST": f"unix://{store.run}/docker.sock", "WHERRY_ROOT": str(store.root),
                "WHERRY_RUN": str(store.run), "PYTHONPATH": str(Path(__file__).parents[2]),
            }  # fmt: skip
            ours = Composer([sys.executable, "-m", "engine.cli", "compose"], base)
            theirs = Composer([str(options.compose)], base)
            for source in sorted(FILES.iterdir()):
                if options.only not in source.name:
                    continue
                folder = prepare(source, store.path / "w")
                try:
                    told = await compare(engine, folder, ours, theirs)
                except (AssertionError, TimeoutError) as error:
                    told = [str(error)]
                wrong += bool(told)
                lines = [f"{source.name}: {'' if told else 'the same'}", *(f"    {line}" for line in told)]
                sys.stdout.write("\n".join(lines) + "\n")
                sys.stdout.flush()
                for container in await engine.containers.list():
                    await engine.containers.remove(container.id, force=True)
                shutil.rmtree(folder)
    finally:
        remove_tree(store.path)
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("compose", type=Path)
    parser.add_argument("--only", default="")
    tempfile.tempdir = "/tmp"
    sys.exit(asyncio.run(main(parser.parse_args())))
