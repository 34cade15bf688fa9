"""Other machines: 1,000 containers of a remote Docker in the list after its answer, beside `docker ps`; a volume copied
over ssh to this computer itself, beside `tar | ssh | tar`.

python -m tests.bench.remote [--containers N] [--runs N] [--megabytes N]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.machines.machine_list import Entry
from engine.remote.engine import RemoteEngine
from engine.types.machines import Machine, Moved
from engine.types.volumes import CreateVolume
from tests.cruel.ssh import end_of_server
from tests.support.canned_docker import canned_docker
from tests.support.engine import opened_engine
from tests.support.sshd import far_machine
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from tests.support.sshd import FarMachine

_SMALL, _LARGE = 64 << 10, 8 << 20


async def _listed(place: Path, containers: int) -> tuple[float, float]:
    """From the answer, and from the first question, in milliseconds."""
    async with canned_docker(place / "s", containers) as docker:
        asked = time.perf_counter()
        engine = RemoteEngine(Entry("there", f"unix://{place}/s"), run=place, store=place, told=lambda: None)
        engine.begin()
        try:
            while len(engine.bus.objects("container")) < containers:  # noqa: ASYNC110
                await asyncio.sleep(0)
            ended = time.perf_counter()
        finally:
            await engine.close()
    return (ended - docker.answered) * 1000, (ended - asked) * 1000


async def _by_docker(place: Path, containers: int) -> float:
    async with canned_docker(place / "s", containers):
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            "docker", "-H", f"unix://{place}/s", "ps", "--all", stdout=subprocess.DEVNULL
        )
        await process.wait()
        return (time.perf_counter() - begun) * 1000


async def lists(containers: int, runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="wb-") as place:
        ours = []
        for _ in range(runs):  # a place of its own: nothing is known of an earlier run
            with tempfile.TemporaryDirectory(prefix="wb-") as fresh:
                ours.append(await _listed(Path(fresh), containers))
        after, whole = (statistics.median(each) for each in zip(*ours, strict=True))
        print(f"{containers} containers of a Docker: {after:.0f} ms after the answer went out, {whole:.0f} ms in all")
        if shutil.which("docker"):
            theirs = statistics.median([await _by_docker(Path(place), containers) for _ in range(runs)])
            print(f"    docker ps --all: {theirs:.0f} ms in all")


def _fill(place: Path, megabytes: int) -> None:
    """Half of it in small files."""
    place.mkdir()
    for number in range((megabytes << 19) // _SMALL):
        (place / f"small{number}").write_bytes(os.urandom(_SMALL))
    for number in range(max(1, (megabytes << 19) // _LARGE)):
        (place / f"large{number}").write_bytes(os.urandom(_LARGE))


def _by_tar(far: FarMachine, source: Path, target: Path) -> float:
    target.mkdir()
    begun = time.perf_counter()
    with subprocess.Popen(["tar", "-C", str(source), "-cf", "-", "."], stdout=subprocess.PIPE) as tar:
        argv = ["ssh", far.host, f"tar -C {target} -xf -"]
        subprocess.run(argv, stdin=tar.stdout, check=True)
    return time.perf_counter() - begun


async def volumes(megabytes: int, runs: int) -> None:
    near, there = make_short_tmp(), make_short_tmp()
    path = os.environ["PATH"]
    try:
        with tempfile.TemporaryDirectory(prefix="wb-") as place, far_machine(Path(place) / "far", there) as far:
            os.environ["PATH"] = f"{far.path}:{path}"
            source = Path(place) / "source"
            await asyncio.to_thread(_fill, source, megabytes)
            size = sum(each.stat().st_size for each in source.iterdir())
            theirs, ours = [], []
            async with opened_engine(near) as engine:
                await engine.machines.add(Machine(name="far", address=f"ssh://{far.host}"))
                await engine.machines.ready("far", 30.0)
                for number in range(runs):
                    theirs.append(await asyncio.to_thread(_by_tar, far, source, Path(place) / f"target{number}"))
                    await engine.volumes.create(CreateVolume(name=f"data{number}"))
                    shutil.copytree(source, (await engine.volumes.get(f"data{number}")).mountpoint, dirs_exist_ok=True)
                    request = Moved(kind="volume", name=f"data{number}", target="far")
                    begun = time.perf_counter()
                    await engine.machines.carry_out(request).result()
                    ours.append(time.perf_counter() - begun)
            here, tar = min(ours), min(theirs)
            print(f"a volume of {size >> 20} MB over ssh to this computer, compared by digests: {here:.2f} s")
            print(f"    tar | ssh | tar, compared by nobody: {tar:.2f} s: ours is {tar / here:.2f} × as fast")
    finally:
        os.environ["PATH"] = path
        end_of_server(there)
        for store in (near, there):
            remove_tree(store.path)


async def main(options: argparse.Namespace) -> None:
    await lists(options.containers, options.runs)
    await volumes(options.megabytes, options.runs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--runs", type=int, default=3)
    asyncio.run(main(parser.parse_args()))
