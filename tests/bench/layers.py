"""How fast the layers of a large image open, are analysed, and go.

python -m tests.bench.layers [--files N] [--rounds N] [--place DIR]

An image of N files in ten layers (some copied or removed later) is loaded into a store; then the store is opened
anew for each round, so that nothing is cached but the kernel's pages, and the steps a person waits for are timed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.image_engine import opened_images
from tests.support.images import File, directory, docker_archive, layer_tar
from tests.support.stores import remove_tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.images.image_service import ImageService

_LAYERS = 10
_NAME = "localhost/large:1"


def _archive(files: int) -> bytes:
    """Nine layers that add, of which each takes some of the one before away; and one that only copies for its owner."""
    each = files // (_LAYERS - 1)
    layers: list[list[File]] = []
    for number in range(_LAYERS - 1):
        entries = [directory(f"usr/{number:02}")]
        for one in range(each):
            folder = f"usr/{number:02}/package{one // 50:04}"
            if one % 50 == 0:
                entries.append(directory(folder))
            entries.append(File(f"{folder}/file{one:06}.txt", b"%d %d\n" % (number, one) * 8))
        if number:
            gone = [f"usr/{number - 1:02}/package{one:04}" for one in range(each // 1000)]
            entries += [File(f"{path.rpartition('/')[0]}/.wh.{path.rpartition('/')[2]}") for path in gone]
        layers.append(entries)
    copies = [File(file.path, file.data, uid=1000) for file in layers[-1] if file.data][: files // 20]
    return docker_archive([layer_tar(entries) for entries in [*layers, copies]], reference=_NAME)


async def _stream(data: bytes) -> AsyncIterator[bytes]:
    yield data


class _Clock:
    """Wall time, and the processor time behind it: on a busy machine only the latter says much."""

    def __init__(self) -> None:
        self.times: dict[str, list[tuple[float, float]]] = {}

    def start(self) -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def note(self, name: str, started: tuple[float, float]) -> None:
        wall, processor = time.perf_counter() - started[0], time.process_time() - started[1]
        self.times.setdefault(name, []).append((wall * 1000, processor * 1000))


async def _round(images: ImageService, clock: _Clock) -> None:
    start = clock.start()
    await images.tree(_NAME, "/")
    await images.tree(_NAME, "/usr")
    clock.note("layer view to a usable tree", start)
    start = clock.start()
    report = await images.layer_report(_NAME)
    clock.note("waste, after that", start)
    start = clock.start()
    await images.tree(_NAME, "/usr/03/package0001", layer=4)
    clock.note("another layer's tree", start)
    start = clock.start()
    await images.largest(_NAME)
    clock.note("treemap of all", start)
    start = clock.start()
    found = [one async for one in images.find("file000123.txt")]
    clock.note("find a name", start)
    assert found
    assert report.wasted_size


async def _bench(place: Path, files: int, rounds: int) -> None:
    clock = _Clock()
    async with opened_images(place / "root", place / "run") as images:
        start = clock.start()
        await images.load(_stream(await asyncio.to_thread(_archive, files))).result()
        clock.note("load", start)
    for _ in range(rounds):
        async with opened_images(place / "root", place / "run") as images:
            await _round(images, clock)
    async with opened_images(place / "root", place / "run") as images:
        start = clock.start()
        report = await images.layer_report(_NAME)
        clock.note("waste, cold", start)
        print(f"{sum(layer.files for layer in report.layers)} entries in {len(report.layers)} layers")
        start = clock.start()
        await images.remove(_NAME)
        clock.note("remove", start)
    for name, times in clock.times.items():
        wall, processor = (statistics.median(one) for one in zip(*times, strict=True))
        print(f"  {name:30} {wall:8.1f} ms   {processor:8.1f} ms of processor time")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--place", default=str(Path.home()))
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(dir=options.place, prefix="bench-"))
    try:
        asyncio.run(_bench(place, options.files, options.rounds))
    finally:
        remove_tree(place)


if __name__ == "__main__":
    main()
