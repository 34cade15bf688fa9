"""The disk becomes full at one byte or another of a pull or a load: said to be so, no trace left, then all is well.

Only a mount of one's own can be made small without privileges, so they run as root of a user namespace whose mount
namespace has a tmpfs of a few megabytes: `python -m` this file, in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Code, StorageError
from engine.types.images import PullImage
from tests.support.image_engine import opened_images
from tests.support.images import File, docker_archive, layer_tar
from tests.support.made_images import made_image, offer
from tests.support.nasty_registry import serve_nastily

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import OperationHandle
    from tests.support.stores import ShortTmp

STORE_BYTES = 16 << 20
LEFT = [0, 4096, 20_000, *range(50_000, 4_800_000, 250_000)]
"""Room for so many bytes; the image needs three to four million."""


async def test_a_full_disk_at_any_byte(short_tmp: ShortTmp) -> None:
    store = short_tmp.path / "small"
    store.mkdir()
    mount = f"mount -t tmpfs -o size={STORE_BYTES},mode=711 small"
    script = mount + ' "$1" && exec "$2" -m tests.system.images.test_full_disk "$1" "$3"'
    done = await asyncio.to_thread(
        subprocess.run,
        ["unshare", "--user", "--map-root-user", "--map-auto", "--mount",
         "sh", "-c", script, "sh", str(store), sys.executable, str(short_tmp.run)],
        capture_output=True, text=True, timeout=100, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    failed, succeeded = map(int, done.stdout.split())
    assert failed > 5
    assert succeeded > 0
    assert failed + succeeded == 2 * len(LEFT)


# --- inside ---


def fill(place: Path, leave: int) -> None:
    """All but so many bytes, also while others go on writing."""
    size = 0
    with (place / "filler").open("wb") as file:
        while (free := _free(place) - leave) > 0:
            with contextlib.suppress(OSError):  # somebody was quicker
                os.posix_fallocate(file.fileno(), size, free)
                size += free


def _free(place: Path) -> int:
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize


def left_in(root: Path) -> set[str]:
    places = ("blobs/sha256", "blobs/partial", "layers", "staging", "trash")
    return {f"{place}/{name}" for place in places for name in os.listdir(root / place)}


async def remains(root: Path) -> set[str]:
    """What does not go; what does, goes behind us."""
    for _ in range(1000):
        if not left_in(root):
            break
        await asyncio.sleep(0.01)
    return left_in(root)


async def fits(operation: OperationHandle) -> bool:
    """False if the disk was said to be full."""
    try:
        await operation.result()
    except StorageError as error:
        if error.code is not Code.DISK_FULL:
            raise
        return False
    return True


async def stream(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _play(place: Path, run: Path) -> None:
    tars = [
        layer_tar([File(f"small/{number}", os.urandom(3000)) for number in range(200)]),
        layer_tar([File("large", os.urandom(800_000))]),
    ]
    image, archive = made_image(tars), docker_archive(tars, reference="loaded:1")
    results = []
    async with serve_nastily() as registry, opened_images(place / "root", run) as images:
        offer(registry, image)
        name = f"{registry.host}/app:1"
        ways = {name: lambda: images.pull(PullImage(reference=name)), "loaded:1": lambda: images.load(stream(archive))}
        for leave, (brought, bring) in itertools.product(LEFT, ways.items()):
            fill(place, leave)
            results.append(await fits(bring()))
            (place / "filler").unlink()
            if results[-1]:
                await images.remove(brought)
            assert await images.list() == []
            left = await remains(place / "root")
            assert not left, f"{brought} with room for {leave} left {left}"
        assert await fits(ways[name]())
        assert len(await images.read_file(image.id, "/large", limit=1 << 20)) == 800_000
    sys.stdout.write(f"{results.count(False)} {results.count(True)}\n")


if __name__ == "__main__":
    asyncio.run(_play(Path(sys.argv[1]), Path(sys.argv[2])))
