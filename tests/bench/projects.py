"""Projects beside docker compose on our socket: `up` of many services, `up` with nothing to do, a plan, a long file.

python -m tests.bench.projects [--services N] [--runs N] [--peer DOCKER-COMPOSE] [--dockerd ADDRESS]

The peer is docker compose 5 (`packaging/fetch-clients`); without it only ours is measured. With a dockerd's address
(`tests/peers`, the image localhost/busybox loaded there), it is measured there too, in turns. Run as an ordinary user.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from engine.api.server import ApiServer
from engine.compose.planning.hashing import service_hash
from engine.compose.planning.plan import Actual, Present, plan_up
from engine.compose.reading.loading import Request, load
from engine.types.projects import ReadProject, UpProject
from tests.support.engine import opened_engine
from tests.support.stores import make_short_tmp, remove_tree
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.facade import Engine

SERVICE = "{image: localhost/busybox, command: sleep 1000, stop_grace_period: 0s, volumes: [data:/d]}"


def _text(services: int) -> str:
    names = "\n".join(f"  s{number}: {SERVICE}" for number in range(services))
    return f"name: bench\nservices:\n{names}\nvolumes: {{data: }}\n"


def _long(lines: int) -> str:
    text = "services:\n"
    number = 0
    while text.count("\n") < lines:
        text += (
            f"  s{number}:\n    image: localhost/busybox:{number}\n    environment:\n      A: one\n      B: two\n"
            f"    ports:\n      - '{10000 + number}:80'\n    volumes:\n      - ./d{number}:/d\n    restart: always\n"
        )
        number += 1
    return text


def _least(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times) * 1000


def _read(text: str, folder: str) -> object:
    def opened(path: str) -> str:
        if path == f"{folder}/compose.yaml":
            return text
        raise FileNotFoundError(path)

    return load(Request((f"{folder}/compose.yaml",), folder, name="bench"), opened)


def _pure(runs: int) -> None:
    project = load(Request(("/p/c.yaml",), "/p"), lambda path: _text(100) if path == "/p/c.yaml" else _missing(path))
    present = [
        Present(f"id{n}", f"bench-s{n}-1", f"s{n}", 1, service_hash(project.services[f"s{n}"]), "image", running=True)
        for n in range(100)
    ]
    actual = Actual(tuple(present), {"bench_default": ""}, volumes=frozenset({"bench_data"}),
                    images={"localhost/busybox": "image"})  # fmt: skip
    print(f"plan of 100 services: {_least(lambda: plan_up(project, actual), runs):.1f} ms")
    text = _long(5000)
    folders = (f"/p{number}" for number in range(runs))
    first = _least(lambda: _read(text, next(folders)), runs)
    keys = (text.replace("s7:", f"s7{'x' * number}:") for number in range(runs))
    after = _least(lambda: _read(next(keys), "/p0"), runs)
    print(f"a file of {text.count(chr(10))} lines read and checked: {first:.0f} ms, after a key {after:.0f} ms")


def _missing(path: str) -> str:
    raise FileNotFoundError(path)


def _run(argv: list[str], folder: Path, environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}: {done.stderr.decode()[-1500:]}")
    return (time.perf_counter() - begun) * 1000


async def _programs(engine: Engine, folder: Path, environment: dict[str, str], options: argparse.Namespace) -> None:
    ours = [sys.executable, "-m", "engine.cli", "compose"]
    peers = {"wherry compose": (ours, environment)}
    if options.peer:
        peers["docker compose"] = ([options.peer], environment)
    if options.peer and options.dockerd:
        peers["docker compose on dockerd"] = ([options.peer], environment | {"DOCKER_HOST": options.dockerd})
    loop = asyncio.get_running_loop()
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.runs):
        for name, (argv, around) in peers.items():
            for deed, words in (("up", ["up", "-d"]), ("up again", ["up", "-d"]), ("down", ["down", "-v", "-t", "0"])):
                took = await loop.run_in_executor(None, _run, [*argv, *words], folder, around)
                found.setdefault((deed, name), []).append(took)
    for deed in ("up", "up again", "down"):
        line = ", ".join(f"{name} {min(found[deed, name]):.0f} ms" for name in peers)
        print(f"{deed} of {options.services} services: {line}")
    path, text = str(folder / "compose.yaml"), _long(5000)
    times = []
    for number in range(options.runs):
        source = ReadProject(files=(path,), texts={path: text.replace("s7:", f"s7{'x' * number}:")})
        begun = time.perf_counter()
        await engine.projects.plan(UpProject(source=source))
        times.append((time.perf_counter() - begun) * 1000)
    print(f"the same file read and planned after a key, as the editor asks for it: {min(times):.0f} ms")


async def _measure(options: argparse.Namespace) -> None:
    _pure(options.runs)
    place = make_short_tmp()
    folder = place.path / "bench"
    folder.mkdir()
    (folder / "compose.yaml").write_text(_text(options.services))
    environment = {
        **os.environ, "DOCKER_HOST": f"unix://{place.run}/docker.sock", "WHERRY_ROOT": str(place.root),
        "WHERRY_RUN": str(place.run), "HOME": str(place.path), "PYTHONPATH": os.getcwd(),
    }  # fmt: skip
    try:
        async with opened_engine(place) as engine:
            server = ApiServer(engine, place.run / "docker.sock")
            await server.start()
            await load_busybox(engine)
            await _programs(engine, folder, environment, options)
            await server.close()
    finally:
        remove_tree(place.path)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.projects")
    parser.add_argument("--services", type=int, default=12)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer", default=shutil.which("docker-compose5") or "")
    parser.add_argument("--dockerd", default="")
    asyncio.run(_measure(parser.parse_args()))


if __name__ == "__main__":
    main()
