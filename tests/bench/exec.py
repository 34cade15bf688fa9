"""How long a command in a running container takes, beside podman's. Run as an unprivileged user.

python -m tests.bench.exec
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.types.containers import ContainerSpec, CreateContainer, Exec
from tests.bench.containers import Podman
from tests.support.images import busybox_layer, docker_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine

_ROUNDS = 25
_IMAGE = "localhost/bench:1"


async def _archive() -> AsyncIterator[bytes]:
    yield docker_archive([busybox_layer()], reference=_IMAGE)


async def _once(engine: EmbeddedEngine, *, tty: bool, lend_shell: bool = False) -> float:
    begin = time.perf_counter()
    session = await engine.containers.exec("box", Exec(command=("true",), tty=tty, lend_shell=lend_shell))
    while await session.read() is not None:
        pass
    await session.exit_code()
    passed = (time.perf_counter() - begin) * 1000
    await session.close()
    return passed


async def _ours(place: Path) -> dict[str, float]:
    engine = await open_engine(place / "root", place / "run")
    try:
        await engine.images.load(_archive()).result()
        spec = ContainerSpec(image=_IMAGE, command=("sleep", "1000"), network="none")
        await engine.containers.create(CreateContainer(spec=spec, name="box"))
        await engine.containers.start("box")
        figures = {"pipes": statistics.median([await _once(engine, tty=False) for _ in range(_ROUNDS)])}
        figures["terminal"] = statistics.median([await _once(engine, tty=True) for _ in range(_ROUNDS)])
        figures["with a lent shell"] = statistics.median(
            [await _once(engine, tty=False, lend_shell=True) for _ in range(5)]
        )
        begin = time.perf_counter()
        await asyncio.gather(*(_once(engine, tty=False) for _ in range(20)))
        figures["20 at once, each"] = (time.perf_counter() - begin) * 1000 / 20
        await engine.containers.remove("box", force=True)
        return figures
    finally:
        await engine.close(stop_containers=True)


def _podman(place: Path) -> float:
    """0 where podman is not installed."""
    if shutil.which("podman") is None:
        return 0.0
    archive = place / "bench.tar"
    archive.write_bytes(docker_archive([busybox_layer()], reference=_IMAGE))
    podman = Podman(place / "podman")
    podman.prepare(archive)
    times = []
    try:
        run = ("run", "-d", "--network", "none", "--cgroups=disabled", "--name", "box", _IMAGE, "sleep", "1000")
        podman.call(*run)
        for _ in range(_ROUNDS):
            begin = time.perf_counter()
            podman.call("exec", "box", "true")
            times.append((time.perf_counter() - begin) * 1000)
    finally:
        podman.call("rm", "-f", "-t", "0", "box")
        podman.call("unshare", "rm", "-rf", str(place / "podman" / "root"))
        podman.call("system", "migrate")  # ends the process that holds its namespaces
    return statistics.median(times)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="wb-", ignore_cleanup_errors=True) as directory:
        place = Path(directory)
        ours = asyncio.run(_ours(place))
        theirs = _podman(place)
        for name, milliseconds in ours.items():
            ratio = f"  {milliseconds / theirs:.2f} × podman exec" if theirs else ""
            print(f"exec of true, {name:18} {milliseconds:6.1f} ms{ratio}")
        if theirs:
            print(f"podman exec true               {theirs:6.1f} ms")


if __name__ == "__main__":
    main()
