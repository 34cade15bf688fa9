"""What is exported of the twelve projects, each form on its real reader.

    packaging/fetch-clients DIRECTORY
    python -m tests.exports DIRECTORY [--cache DIRECTORY] [--only WORD]

Run as an ordinary user. The readers: docker's command line (`docker create` of every run line, and what it makes is
compared), docker compose 5 (`config`), the schemas of Kubernetes 1.37 (PyPI's kubernetes-validate), podman 5's Quadlet
generator and `systemd-analyze verify`. What is fetched is kept in the cache.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.compose.project_files import files_in
from engine.types.projects import DownProject, ReadProject, UpProject
from gui.presentation.containers.exports import exported
from tests.cluster.building import Workshop
from tests.projects.__main__ import Composer, opened
from tests.projects.made import differences, shown
from tests.projects.world import FILES, MORE, prepare
from tests.support.processes import free_port
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.facade import Engine
    from engine.types.containers import Container

_SCHEMAS = Path(__file__).with_name("requirements.txt")
"""Locked with the hashes of all that it takes."""
_AGAIN = "-again"


class Readers:
    """The programs that read what is exported; each gives what it complains of."""

    def __init__(self, engine: Engine, clients: Path, workshop: Workshop, base: dict[str, str]) -> None:
        self._engine, self._workshop = engine, workshop
        self._docker = Composer([str(clients / "28/usr/bin/docker")], base)
        self._compose = Composer([str(clients / "compose-5/docker-compose")], base)
        self._schemas = workshop.cache / "schemas"

    def fetch(self) -> None:
        self._workshop.fetch_quadlet()
        if not self._schemas.exists():
            command = [sys.executable, "-m", "pip", "install", "-q", "--require-hashes"]
            command += ["--target", str(self._schemas), "-r", str(_SCHEMAS)]
            subprocess.run(command, check=True)

    async def run(self, folder: Path, files: Mapping[str, str], containers: Sequence[Container]) -> list[str]:
        """Each line makes the same container again."""
        lines = files["run.sh"].replace("\\\n", " ").splitlines()
        told = []
        for container, line in zip(containers, filter(None, lines), strict=True):
            words = [
                "create" if word == "run" else word for word in shlex.split(line)[1:] if word not in ("-d", "--detach")
            ]
            at = next(at for at, word in enumerate(words) if word in (container.name, f"--name={container.name}"))
            words[at] += _AGAIN
            await self._docker(folder, *words)
            again = await self._engine.containers.get(container.name + _AGAIN)
            images = {one.id: (one.tags or ("",))[0] for one in await self._engine.images.list()}
            one, other = ({"it": _asked(shown(each, images))} for each in (container, again))
            told += [f"{container.name}: {each}" for each in differences(one, other)]
            await self._engine.containers.remove(again.id, force=True, volumes=True)
        return told

    async def compose(self, folder: Path, files: Mapping[str, str], _containers: Sequence[Container]) -> list[str]:
        _write(folder, files)
        await self._compose(folder, "-f", "compose.yaml", "config", "--quiet")
        return []

    async def kubernetes(self, folder: Path, files: Mapping[str, str], _containers: Sequence[Container]) -> list[str]:
        _write(folder, files)
        environment = {**os.environ, "PYTHONPATH": str(self._schemas)}
        command = [sys.executable, "-m", "kubernetes_validate", "--strict", "--quiet", *files]
        return await _complaints(command, folder, environment)

    async def quadlet(self, folder: Path, files: Mapping[str, str], _containers: Sequence[Container]) -> list[str]:
        _write(folder, files)
        environment = {**os.environ, "QUADLET_UNIT_DIRS": str(folder)}
        return await _complaints([str(self._workshop.quadlet), "-user", "-dryrun"], folder, environment)

    async def systemd(self, folder: Path, files: Mapping[str, str], _containers: Sequence[Container]) -> list[str]:
        _write(folder, files)
        environment = {"XDG_RUNTIME_DIR": str(folder), **os.environ}
        found = await _complaints(["systemd-analyze", "--user", "verify", *files], folder, environment)
        return [line for line in found if "is not executable" not in line]


_NOT_ASKED = ("state", "exit", "labels", "stdin_once", "entrypoint")


def _asked(found: dict[str, Any]) -> dict[str, Any]:
    """Not how it is, and not what compose wrote on it. A line has room for one word of an entrypoint, the others begin
    the command; and docker's line that keeps the input open closes it after the first who leaves."""
    asked = {key: value for key, value in found.items() if key not in _NOT_ASKED}
    for key in ("network", "pid_mode", "ipc_mode"):  # by name in a line, by id in a container
        asked[key] = str(found.get(key, "")).partition(":")[0]
    asked["volumes_from"] = len(found.get("volumes_from") or ())
    return asked | {"command": [*(found.get("entrypoint") or ()), *(found.get("command") or ())]}


async def _complaints(command: list[str], folder: Path, environment: dict[str, str]) -> list[str]:
    """All it says on stderr, or its end."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, told = await process.communicate()
    lines = [line for line in told.decode().splitlines() if "quadlet-generator" not in line or "nsupported" in line]
    if process.returncode:
        lines.append(f"exit {process.returncode}: {(told or out).decode()[-500:]}")
    return lines


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


async def main(options: argparse.Namespace) -> int:
    store = make_short_tmp()
    wrong = 0
    try:
        async with AsyncExitStack() as stack:
            engine = await opened(stack, store)
            base = {**os.environ, "HOME": str(store.path), "DOCKER_HOST": f"unix://{store.run}/docker.sock"}
            readers = Readers(engine, options.clients, Workshop(options.cache), base)
            await asyncio.to_thread(readers.fetch)
            for source in sorted(FILES.iterdir()):
                if options.only in source.name:
                    wrong += await _project(engine, readers, prepare(source, store.path / "w"))
    finally:
        remove_tree(store.path)
    return 1 if wrong else 0


async def _project(engine: Engine, readers: Readers, folder: Path) -> int:
    environment = {**MORE, "WEB_PORT": str(free_port())}
    source = ReadProject(files=tuple(files_in(str(folder))), environment=environment)
    await engine.projects.up(UpProject(source=source)).result()
    containers = sorted(await engine.containers.list(), key=lambda each: each.name)
    wrong = 0
    for form in ("run", "compose", "kubernetes", "quadlet", "systemd"):
        with tempfile.TemporaryDirectory(prefix="wherry-export-") as place:
            try:
                told = await getattr(readers, form)(Path(place), exported(containers, (), form), containers)
            except AssertionError as error:
                told = [str(error)]
        wrong += bool(told)
        sys.stdout.write("\n    ".join([f"{folder.name}, {form}: {'' if told else 'taken'}", *told]) + "\n")
        sys.stdout.flush()
    await engine.projects.down(DownProject(source=source, volumes=True, orphans=True)).result()
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.exports")
    parser.add_argument("clients", type=Path)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/wherry-cluster")
    parser.add_argument("--only", default="")
    tempfile.tempdir = "/tmp"
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(asyncio.run(main(parser.parse_args())))
