"""Builds beside `buildah bud --layers` on the same contexts: cached, uncached, and a large context with one change.

    python -m tests.bench.build [rounds]

Run as an ordinary user. Each figure is the median of the rounds; the peer runs in turn with ours.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import open_engine
from engine.types.builds import BuildImage
from tests.support.images import busybox_archive

if TYPE_CHECKING:
    from engine.facade import Engine

BASE = "localhost/base:latest"


class Peer:
    """buildah with a store of its own."""

    def __init__(self, place: Path) -> None:
        self._root = ["--root", str(place / "root"), "--runroot", str(place / "run"), "--storage-driver", "overlay"]
        self.available = shutil.which("buildah") is not None

    def load(self, archive: Path) -> None:
        self._call("pull", f"docker-archive:{archive}")

    def build(self, context: Path, *options: str) -> float:
        begun = time.perf_counter()
        self._call("bud", "--layers", "--isolation", "chroot", "-q", "-t", "bench", *options, str(context))
        return time.perf_counter() - begun

    def _call(self, *arguments: str) -> None:
        command = ["buildah", *self._root, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stderr[-800:]}")


async def ours(engine: Engine, context: Path, **options: object) -> tuple[float, float]:
    """Seconds for the whole build, and to the end of the first step that really ran."""
    begun = time.time()
    handle = engine.builds.build(BuildImage(context=str(context), tags=("bench",), **options))  # type: ignore[arg-type]
    await handle.result()
    whole = time.time() - begun
    build = await engine.builds.get(handle.id)
    ran = [step.started.timestamp() for step in build.steps if step.state == "done" and step.number and step.started]
    return whole, (min(ran) - begun) if ran else whole


def contexts(place: Path) -> dict[str, Path]:
    made: dict[str, Path] = {}
    texts = {
        "cached-20": f"FROM {BASE}\n" + "".join(f"RUN echo {n} > /{n}\n" for n in range(19)),
        "run-10": f"FROM {BASE}\n" + "".join(f"RUN echo {n} > /{n}\n" for n in range(10)),
        "files-50k": f"FROM {BASE}\nCOPY . /src\nRUN true\n",
    }
    for name, text in texts.items():
        made[name] = place / name
        made[name].mkdir()
        (made[name] / "Dockerfile").write_text(text)
    for number in range(50_000):
        path = made["files-50k"] / f"d{number // 500}"
        path.mkdir(exist_ok=True)
        (path / f"f{number}").write_text(str(number))
    return made


async def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="wb-") as directory:
        place = Path(directory)
        archive = place / "base.tar"
        archive.write_bytes(busybox_archive(reference=BASE))
        peer = Peer(place / "peer")
        peer.load(archive)
        made = contexts(place)
        engine = await open_engine(place / "root", place / "run")
        try:
            await engine.images.load(str(archive)).result()
            await measure(engine, peer, made, rounds)
        finally:
            await engine.close(stop_containers=True)
            await asyncio.to_thread(
                subprocess.run, ["unshare", "-r", "--map-auto", "rm", "-rf", str(place)], check=False
            )


async def measure(engine: Engine, peer: Peer, made: dict[str, Path], rounds: int) -> None:
    context = made["cached-20"]
    await ours(engine, context)
    await asyncio.to_thread(peer.build, context)
    pairs = [((await ours(engine, context))[0], await asyncio.to_thread(peer.build, context)) for _ in range(rounds)]
    report("cached build of 20 steps", pairs)
    context = made["run-10"]
    pairs = []
    for _ in range(rounds):
        whole, _ = await ours(engine, context, no_cache=True)
        pairs.append((whole, await asyncio.to_thread(peer.build, context, "--no-cache")))
    report("uncached build of 10 RUN", pairs)
    context = made["files-50k"]
    await ours(engine, context)
    firsts = []
    for number in range(rounds):
        (context / "d7" / "f3500").write_text(f"changed {number}")
        whole, first = await ours(engine, context)
        firsts.append((first, whole))
    report("50 k files, one changed: to the first step / whole build", firsts, peer_name="whole")


def report(what: str, pairs: list[tuple[float, float]], peer_name: str = "buildah") -> None:
    own = statistics.median(one for one, _ in pairs)
    other = statistics.median(two for _, two in pairs)
    print(f"{what:55} ours {own * 1000:8.1f} ms   {peer_name} {other * 1000:8.1f} ms   ratio {own / other:.3f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
