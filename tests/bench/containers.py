"""What containers cost: a start with and without a published port (and where its milliseconds go), stop and remove, a
hundred at once, two hundred at rest, finding them all again; starts beside `podman run` in the same minutes.

python -m tests.bench.containers [--runs N] [--many N] [--stopped N] [--no-podman]

podman's crun refuses hybrid control groups; where the host has them, podman gets cgroup v2 bound over /sys/fs/cgroup in
its own namespace (as Wherry's keeper does) and runs with `--cgroups=disabled`. Started by root, podman is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.containers.known.names import new_id
from engine.embedded import open_engine
from engine.types.containers import ContainerSpec, CreateContainer, PortMapping, State, UpdateContainer
from tests.support.images import busybox_archive
from tests.support.stores import make_short_tmp, remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container
    from tests.support.stores import ShortTmp

IMAGE = "localhost/busybox:latest"
PORT = (PortMapping(container_port=80),)


def report(name: str, value: str, goal: str = "") -> None:
    print(f"{name:<58} {value:>14}   {goal}", flush=True)


async def load(engine: EmbeddedEngine) -> None:
    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        file.write(busybox_archive())
        file.flush()
        await engine.images.load(file.name).result()


async def start(engine: EmbeddedEngine, **options: object) -> tuple[Container, float]:
    """Create and start; the milliseconds both took together."""
    # The shell obeys TERM at once, so that stopping measures the engine and not the grace.
    script = "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"
    spec = ContainerSpec(image=IMAGE, command=("sh", "-c", script), **options)  # type: ignore[arg-type]
    begun = time.perf_counter()
    container = await engine.containers.create(CreateContainer(spec=spec))
    container = await engine.containers.start(container.id)
    return container, (time.perf_counter() - begun) * 1000


class Starts:
    """Starts with a port and without, ours and podman's taking turns, so that a busy minute is busy for both."""

    def __init__(self) -> None:
        self.with_port: list[float] = []
        self.without: list[float] = []
        self.endings: list[float] = []
        self.steps: dict[str, list[float]] = {}
        self.podman_with_port: list[float] = []
        self.podman_without: list[float] = []

    async def measure(self, engine: EmbeddedEngine, podman: Podman | None, runs: int) -> None:
        await self._ours(engine)
        for values in (self.with_port, self.without, self.endings, *self.steps.values()):
            values.clear()  # the very first compiles the seccomp list
        for number in range(runs):
            await self._ours(engine)
            if podman is not None:
                self.podman_with_port.append(podman.run("-p", f"{42000 + number}:80"))
                self.podman_without.append(podman.run("--network", "none"))
                podman.clear()

    async def _ours(self, engine: EmbeddedEngine) -> None:
        container, spent = await start(engine, network="pasta", ports=PORT)
        self.with_port.append(spent)
        for name, milliseconds in container.timing.steps:
            self.steps.setdefault(name, []).append(milliseconds)
        await engine.containers.remove(container.id, force=True)
        await asyncio.sleep(0.05)  # nobody starts the next within the same breath
        container, spent = await start(engine, network="none")
        self.without.append(spent)
        await asyncio.sleep(0.05)  # the shell inside sets its trap
        begun = time.perf_counter()
        await engine.containers.stop(container.id)
        await engine.containers.remove(container.id)
        self.endings.append((time.perf_counter() - begun) * 1000)

    def tell(self) -> None:
        tell("create and start, port published", self.with_port, "≤ 45 ms")
        for name, values in self.steps.items():
            report(f"    {name}", f"{statistics.median(values):.1f} ms", "side by side: network with mount…create")
        tell("create and start, no network", self.without, "≤ 20 ms")
        tell("stop (obeys TERM) and remove", self.endings, "≤ 40 ms")
        if not self.podman_without:
            report("podman", "not measured")
            return
        tell("podman run -d -p", self.podman_with_port)
        tell("podman run -d --network none", self.podman_without)
        for name, mine, theirs, goal in (
            ("port published", self.with_port, self.podman_with_port, "≤ 0.35"),
            ("no network", self.without, self.podman_without, ""),
        ):
            ratio = statistics.median(mine) / statistics.median(theirs)
            report(f"Wherry / podman, {name}", f"{ratio:.2f}", f"of the best {min(mine) / min(theirs):.2f}   {goal}")


def tell(name: str, values: list[float], goal: str = "") -> None:
    report(name, f"{statistics.median(values):.1f} ms", f"best {min(values):.1f}   {goal}")


# --- publishing a port of a running container ---


class Caller(threading.Thread):
    """Asks a published port again and again, and remembers when it was answered."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._over = threading.Event()
        self.answered: list[float] = []

    def run(self) -> None:
        while not self._over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=0.5) as client:
                    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    if client.recv(1):
                        self.answered.append(time.perf_counter())
            except OSError:
                time.sleep(0.0005)

    def end(self) -> None:
        self._over.set()
        self.join()

    def longest_wait(self, begun: float, ended: float) -> float:
        """Milliseconds between two answers, of those the given span has a part in."""
        pairs = zip(self.answered, self.answered[1:], strict=False)
        return max((later - sooner) * 1000 for sooner, later in pairs if later >= begun and sooner <= ended)


async def measure_publishing(engine: EmbeddedEngine, runs: int) -> None:
    """A second port for a service that is being asked on its first: how long the change takes, and the gap it makes."""
    spec = ContainerSpec(image=IMAGE, command=("httpd", "-f", "-p", "80", "-h", "/"), network="pasta", ports=PORT)
    container = await engine.containers.create(CreateContainer(spec=spec))
    container = await engine.containers.start(container.id)
    first = container.ports[0]
    caller = Caller(first.host_port)
    caller.start()
    changes: list[float] = []
    gaps: list[float] = []
    usual: list[float] = []
    try:
        for number in range(runs):
            await asyncio.sleep(0.3)
            more = (first, PortMapping(container_port=80, host_port=43000 + number))
            begun = time.perf_counter()
            await engine.containers.update(container.id, UpdateContainer(ports=more))
            ended = time.perf_counter()
            await asyncio.sleep(0.3)
            changes.append((ended - begun) * 1000)
            gaps.append(caller.longest_wait(begun, ended))
            usual.append(caller.longest_wait(ended + 0.1, ended + 0.2))
    finally:
        await asyncio.to_thread(caller.end)
        await engine.containers.remove(container.id, force=True)
    tell("publish another port while it runs", changes)
    tell("    its first port unanswered meanwhile", gaps, "the gap")
    tell("    longest wait for an answer with no change", usual)


# --- podman ---


class Podman:
    """An ordinary user's podman in a private store, made to work on this host's control groups."""

    def __init__(self, place: Path) -> None:
        self.base = ["podman", "--root", str(place / "root"), "--runroot", str(place / "run"),
                      "--cgroup-manager=cgroupfs"]  # fmt: skip
        self._hybrid = Path("/sys/fs/cgroup/unified").is_dir()

    def call(self, *words: str) -> None:
        subprocess.run([*self.base, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def prepare(self, archive: Path) -> None:
        if self._hybrid:
            bind = "[ ! -d unified ] || mount --rbind unified /sys/fs/cgroup"
            self.call("unshare", "sh", "-c", f"cd /sys/fs/cgroup && {bind}")
        self.call("load", "-i", str(archive))

    def run(self, *options: str) -> float:
        disabled = ("--cgroups=disabled",) if self._hybrid else ()
        begun = time.perf_counter()
        self.call("run", *disabled, "-d", *options, IMAGE, "sleep", "1000")
        return (time.perf_counter() - begun) * 1000

    def clear(self) -> None:
        self.call("rm", "-fa", "-t", "0")


@contextlib.contextmanager
def made_podman(*, wanted: bool) -> Iterator[Podman | None]:
    if not wanted or shutil.which("podman") is None or os.getuid() == 0:
        yield None  # root's podman is another thing, without a user namespace and a helper for the network
        return
    with tempfile.TemporaryDirectory(prefix="wp-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        (place / "busybox.tar").write_bytes(busybox_archive())
        podman = Podman(place)
        podman.prepare(place / "busybox.tar")
        try:
            yield podman
        finally:
            podman.call("unshare", "rm", "-rf", str(place / "root"))
            podman.call("system", "migrate")  # ends the process that holds its namespaces


# --- many ---


async def measure_many(engine: EmbeddedEngine, count: int) -> None:
    containers = [
        await engine.containers.create(
            CreateContainer(spec=ContainerSpec(image=IMAGE, command=("sleep", "100000"), network="none"))
        )
        for _ in range(count)
    ]
    begun = time.perf_counter()
    await asyncio.gather(*(engine.containers.start(container.id) for container in containers))
    report(f"{count} containers started at once", f"{time.perf_counter() - begun:.2f} s", "≤ 5 s for 100")
    await asyncio.sleep(2)
    spent, begun = _processor_seconds(engine), time.perf_counter()
    await asyncio.sleep(5)
    share = (_processor_seconds(engine) - spent) / (time.perf_counter() - begun) * 100
    report(f"idle with {count} running: engine and keeper", f"{share:.2f} %", "≤ 2 % of one core for 200")


def _processor_seconds(engine: EmbeddedEngine) -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    words = Path(f"/proc/{engine.keeper.pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(words[11]) + int(words[12])
    return used.ru_utime + used.ru_stime + ticks / os.sysconf("SC_CLK_TCK")


async def add_stopped(engine: EmbeddedEngine, count: int) -> None:
    """Rows of containers that ended, as they are kept."""
    model = next(entry.record for entry in engine.containers.book)
    rows = []
    for number in range(count):
        record = model.with_container(
            id=new_id(), name=f"stopped-{number}-{secrets.token_hex(3)}", state=State.EXITED, pid=0, cgroup=""
        ).changed(run=type(model.run)())
        rows.append(
            (
                "INSERT INTO containers(id, name, body) VALUES (?, ?, ?)",
                (record.id, record.container.name, msgspec.json.encode(record)),
            )
        )
    await engine.database.transaction(rows)


async def measure_reopening(place: ShortTmp, running: int, stopped: int) -> None:
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        engine = await open_engine(place.root, place.run)
        times.append(time.perf_counter() - begun)
        alive = len(await engine.containers.list())
        assert alive == running + stopped, alive
        await engine.close()
    report(f"open with {running} running and {stopped} stopped", f"{min(times):.2f} s", "≤ 1 s (100 and 1,000)")


def memory_alone(place: ShortTmp) -> None:
    """Of a process that does nothing but hold the store."""
    code = (
        "import asyncio, sys; from pathlib import Path; from engine.embedded import open_engine\n"
        "async def main():\n"
        "    engine = await open_engine(Path(sys.argv[1]), Path(sys.argv[2])); await asyncio.sleep(1)\n"
        "    print(next(l.split()[1] for l in open('/proc/self/status') if l.startswith('VmRSS')))\n"
        "    await engine.close()\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(place.root), str(place.run)], check=True, capture_output=True, text=True
    )
    report("memory of the engine alone", f"{int(done.stdout.split()[-1]) / 1024:.0f} MB", "≤ 80 MB")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--many", type=int, default=100)
    parser.add_argument("--stopped", type=int, default=1000)
    parser.add_argument("--no-podman", action="store_true")
    chosen = parser.parse_args()
    place = make_short_tmp()
    try:
        engine = await open_engine(place.root, place.run)
        await load(engine)
        report("driver, control groups", f"{engine.rootfs.default.name}, {engine.cgroups.layout.mode}")
        starts = Starts()
        with made_podman(wanted=not chosen.no_podman) as podman:
            await starts.measure(engine, podman, chosen.runs)
        starts.tell()
        await measure_publishing(engine, chosen.runs)
        if chosen.many:
            await measure_many(engine, chosen.many)
            await add_stopped(engine, chosen.stopped)
            await engine.close()
            await measure_reopening(place, chosen.many, chosen.stopped)
            memory_alone(place)
            engine = await open_engine(place.root, place.run)
        await engine.close(stop_containers=True)
    finally:
        remove_tree(place.path)


if __name__ == "__main__":
    asyncio.run(main())
