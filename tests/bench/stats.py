"""What it costs to watch containers: ours from real control groups, beside `podman stats` where it runs.

    python -m tests.bench.stats [--containers N]

Run as an unprivileged user. Every "container" is a control group of its own with one sleeping process in it, which is
all the sampler ever sees of one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cgroups.layout import Mode
from engine.cgroups.tree import CgroupTree
from engine.stats.ring import SLOT_SECONDS
from engine.stats.stats_service import StatsService
from engine.stats.target import CgroupFiles, StatTarget
from engine.types.host import Settings
from tests.bench.containers import Podman
from tests.support.images import busybox_layer, docker_archive

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Targets:
    def __init__(self, targets: list[StatTarget]) -> None:
        self._targets = targets

    def stat_target(self, container: str) -> StatTarget:
        return next(target for target in self._targets if target.container_id == container)

    def live_stat_targets(self) -> Sequence[StatTarget]:
        return self._targets

    def container_id(self, container: str) -> str:
        return container


def _files(directories: dict[str, Path], mode: Mode) -> CgroupFiles:
    if mode is Mode.V2:
        return CgroupFiles(unified=directories.get(""))
    names = ("cpu", "cpuacct", "memory", "pids", "blkio")
    return CgroupFiles(unified=directories.get(""), **{name: directories.get(name) for name in names})


async def _measure(targets: list[StatTarget], place: Path, seconds: float) -> float:
    """CPU time as a share of one core, watching all once a second."""
    service = StatsService(_Targets(targets), directory=place, store=place, settings=Settings)
    await service.open()
    async with contextlib.aclosing(service.watch(interval=1.0)) as rounds:
        await anext(rounds)
        begin, cpu = time.monotonic(), time.process_time()
        while time.monotonic() - begin < seconds:
            assert len(await anext(rounds)) == len(targets)
        share = (time.process_time() - cpu) / (time.monotonic() - begin)
    await service.close()
    return share


async def _measure_unwatched(targets: list[StatTarget], place: Path, seconds: float) -> float:
    """CPU time as a share of one core with nobody watching: the history, and the glance that a death report needs."""
    service = StatsService(_Targets(targets), directory=place, store=place, settings=Settings)
    await service.open()
    for target in targets:
        service.container_changed(target.container_id)
    await asyncio.sleep(2)
    begin, cpu = time.monotonic(), time.process_time()
    await asyncio.sleep(max(seconds, 2 * SLOT_SECONDS))
    share = (time.process_time() - cpu) / (time.monotonic() - begin)
    await service.close()
    return share


def _sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "1000"])


async def run(count: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="wb-") as directory:
        place = Path(directory)
        sleeper = _sleeper()
        tree = await CgroupTree.open(place, [sleeper.pid])
        groups = [tree.group(f"bench{number}") for number in range(count)]
        processes = []
        try:
            targets = []
            for number, group in enumerate(groups):
                group.create()
                process = _sleeper()
                processes.append(process)
                group.add(process.pid)
                files = _files(group.directories, tree.layout.mode)
                targets.append(StatTarget(f"c{number}", f"c{number}", process.pid, files))
            unwatched = await _measure_unwatched(targets, place / "rings", seconds)
            print(f"{count} containers, nobody watching: {unwatched:.2%} of one core")
            share = await _measure(targets, place / "rings", seconds)
            print(f"{count} containers at 1 Hz: {share:.1%} of one core, {share / count * 1e6:.0f} µs each")
        finally:
            for process in (*processes, sleeper):
                process.kill()
                process.wait()
            for group in groups:
                group.remove()


def _podman(count: int) -> None:
    """One round of `podman stats` over real containers; its wait between two readings is not counted, only CPU time."""
    if shutil.which("podman") is None:
        print("podman is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="wb-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        (place / "bench.tar").write_bytes(docker_archive([busybox_layer()], reference="localhost/bench:1"))
        podman = Podman(place / "podman")
        podman.prepare(place / "bench.tar")
        try:
            for number in range(count):
                podman.call(
                    "run", "-d", "--network", "none", "--name", f"b{number}", "localhost/bench:1", "sleep", "1000"
                )
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            podman.call("stats", "--no-stream")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"podman stats --no-stream over {count}: {spent * 1000:.0f} ms of CPU, "
                f"{spent / count * 1e6:.0f} µs each"
            )
        except subprocess.CalledProcessError as error:
            print("podman stats does not work on this host:", error.stderr.decode(errors="replace").strip()[-200:])
        finally:
            podman.call("rm", "-f", "-t", "0", "-a")
            podman.call("unshare", "rm", "-rf", str(place / "podman" / "root"))
            podman.call("system", "migrate")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--containers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    asyncio.run(run(arguments.containers, arguments.seconds))
    _podman(20)


if __name__ == "__main__":
    main()
