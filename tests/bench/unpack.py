"""Unpacking a layer (hashed, indexed, owners kept) beside GNU tar; what 100,000 files cost to open and to drop.

    python -m tests.bench.unpack [directory]        as an ordinary user; the directory decides which disk is measured

Both read the same archive from a pipe. Wall and processor time, medians; the ratio is what counts.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.sandbox.client import Keeper
from engine.storage.layer_index import LayerIndex
from engine.storage.layers import LayerStore
from engine.storage.paths import Paths
from tests.support.stores import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5


class Cost(NamedTuple):
    wall: float
    processor: float


def make_archive(path: Path, files: int, total: int) -> None:
    """Sizes as in an image: mostly small, a few large, together `total`; contents that do not repeat."""
    noise = os.urandom(8 << 20)
    large = files // 100
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(files):
            info = tarfile.TarInfo(f"usr/lib/part-{number % 211:03}/file-{number:06}")
            size = int(total * 0.8) // large if number % 100 == 0 and large else int(total * 0.2) // files
            info.size, info.mode, info.mtime = size, 0o644, 1_700_000_000
            start = (number * 7919) % (len(noise) // 2)
            body = noise[start : start + min(size, len(noise) // 2)]
            tar.addfile(info, _Repeated(body, size))  # type: ignore[arg-type]


class _Repeated:
    """A file of `size` bytes made of one block again and again."""

    def __init__(self, block: bytes, size: int) -> None:
        self._block = block
        self._left = size

    def read(self, count: int = -1) -> bytes:
        count = self._left if count < 0 else min(count, self._left)
        self._left -= count
        whole, rest = divmod(count, len(self._block) or 1)
        return self._block * whole + self._block[:rest]


def cat(archive: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["cat", str(archive)], stdout=subprocess.PIPE)


def gnu_tar(archive: Path, directory: Path) -> Cost:
    target = directory / "gnu"
    target.mkdir()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with cat(archive) as source:
        subprocess.run(["tar", "-x", "-C", str(target)], stdin=source.stdout, check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    remove_tree(target)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def keeper_seconds(keeper: Keeper) -> float:
    """Of the keeper and the workers it has buried."""
    fields = Path(f"/proc/{keeper.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(each) for each in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def workers(keeper: Keeper) -> int:
    """Those still alive; its pin is one child more."""
    return len(Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()) - 1


async def wherry(keeper: Keeper, layers: LayerStore, archive: Path) -> tuple[Cost, float, float]:
    """The unpacking; seconds to open the index and find a path in it; seconds until a removal returns."""
    before = keeper_seconds(keeper)
    start = time.perf_counter()
    with cat(archive) as source:
        assert source.stdout is not None
        diff_id = await layers.add(None, source.stdout.fileno())
    wall = time.perf_counter() - start
    while True:
        if workers(keeper) == 0:
            break
        await asyncio.sleep(0.01)
    processor = keeper_seconds(keeper) - before
    start = time.perf_counter()
    index = LayerIndex.open(layers.path(diff_id).parent / "index")
    assert index.find(b"usr/lib") >= 0
    opened = time.perf_counter() - start
    start = time.perf_counter()
    await layers.remove(diff_id)
    removed = time.perf_counter() - start
    await layers.trash.empty()
    return Cost(wall, processor), opened, removed


async def measure(archive: Path, directory: Path, say: Callable[[str], None]) -> None:
    paths = Paths(directory / "root", directory / "run")
    keeper = await Keeper.open(paths)
    layers = LayerStore(paths, keeper)
    await layers.open()
    ours, theirs, opens, removals = [], [], [], []
    for _ in range(ROUNDS):
        theirs.append(await asyncio.to_thread(gnu_tar, archive, directory))
        cost, opened, removed = await wherry(keeper, layers, archive)
        ours.append(cost)
        opens.append(opened)
        removals.append(removed)
    await layers.close()
    await keeper.close()
    us, them = statistics.median(each.wall for each in ours), statistics.median(each.wall for each in theirs)
    say(f"  GNU tar   {them:6.2f} s wall  {statistics.median(each.processor for each in theirs):6.2f} s processor")
    say(f"  Wherry    {us:6.2f} s wall  {statistics.median(each.processor for each in ours):6.2f} s processor")
    best = min(each.wall for each in ours) / min(each.wall for each in theirs)
    say(f"  ratio     {us / them:6.2f} of medians, {best:.2f} of the best")
    say(f"  index     opened and searched in {statistics.median(opens) * 1000:.1f} ms")
    say(f"  removal   returned after {statistics.median(removals) * 1000:.1f} ms")


def main() -> None:
    where = sys.argv[1] if len(sys.argv) > 1 else None
    for title, files, total in (
        ("900 MB in 13,000 files", 13_000, 900_000_000),
        ("100,000 files, 200 MB", 100_000, 200_000_000),
    ):
        directory = Path(tempfile.mkdtemp(prefix="wherry-bench-", dir=where))
        try:
            make_archive(directory / "archive.tar", files, total)
            print(title)
            asyncio.run(measure(directory / "archive.tar", directory, print))
        finally:
            remove_tree(directory)


if __name__ == "__main__":
    main()
