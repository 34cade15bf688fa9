"""Layers nobody would make by accident, through a real pull: what is honest arrives as it was, the rest is refused."""

from __future__ import annotations

import functools
import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, StorageError
from engine.sandbox import trees
from engine.types.images import FileKind, PullImage
from tests.support.images import File, directory, layer_tar, symlink
from tests.support.made_images import made_image, offer
from tests.support.nasty_registry import serve_nastily

if TYPE_CHECKING:
    from engine.images.image_service import ImageService
    from engine.types.images import TreeNode
    from tests.support.stores import ShortTmp

LONG = "a-rather-long-name/" * 20 + "file"


async def pulled(images: ImageService, tar: bytes) -> str:
    """The image's id."""
    image = made_image([tar])
    async with serve_nastily() as registry:
        offer(registry, image)
        await images.pull(PullImage(reference=f"{registry.host}/app:1")).result()
    return image.id


async def root_of(images: ImageService, image_id: str) -> dict[str, TreeNode]:
    return {node.entry.path: node for node in await images.tree(image_id, "/")}


def on_disk(store: ShortTmp) -> dict[str, os.stat_result]:
    """What the only layer of a store holds, by path."""
    (layer,) = (store.root / "layers").iterdir()
    found = {}
    for folder, directories, files in os.walk(os.fsencode(layer / "tree")):
        for name in (*directories, *files):
            path = os.path.join(folder, name)
            found[os.fsdecode(os.path.relpath(path, os.fsencode(layer / "tree")))] = os.lstat(path)
    return found


async def test_what_is_strange_but_honest_arrives_as_it_was(images: ImageService, short_tmp: ShortTmp) -> None:
    raw_name = os.fsdecode(b"caf\xe9-\xff")
    tar = layer_tar(
        [
            File("su", b"#!", mode=0o4755),
            directory("sticky", mode=0o1777),
            File("dir/../up", b"up"),
            File("./here", b"here"),
            File(LONG, b"long"),
            File(raw_name, b"bytes"),
            File("hard", kind=tarfile.LNKTYPE, link="/here"),
            symlink("out", "/../../etc/passwd"),
            File("null", kind=tarfile.CHRTYPE),
            File("disk", kind=tarfile.BLKTYPE),
            File("pipe", kind=tarfile.FIFOTYPE),
        ]
    )
    image_id = await pulled(images, tar)

    found = on_disk(short_tmp)
    assert stat.S_IMODE(found["su"].st_mode) == 0o4755
    assert stat.S_IMODE(found["sticky"].st_mode) == 0o1777
    assert stat.S_ISREG(found["null"].st_mode)  # a device is not ours to make: nothing stands in for it
    assert (found["null"].st_size, stat.S_IMODE(found["disk"].st_mode)) == (0, 0)
    assert stat.S_ISFIFO(found["pipe"].st_mode)
    assert found["hard"].st_ino == found["here"].st_ino
    assert {"up", LONG, raw_name, "out"} <= found.keys()
    root = await root_of(images, image_id)
    assert root["/null"].entry.kind is FileKind.DEVICE
    assert root["/su"].entry.mode == 0o4755
    assert await images.read_file(image_id, "/" + raw_name) == b"bytes"
    assert await images.read_file(image_id, "/" + LONG) == b"long"


async def test_an_absolute_name_is_a_name_below_the_root(images: ImageService, short_tmp: ShortTmp) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("/etc/absolute")
        info.size = 2
        tar.addfile(info, io.BytesIO(b"in"))
    await pulled(images, buffer.getvalue())

    assert "etc/absolute" in on_disk(short_tmp)
    assert "absolute" not in os.listdir("/etc")


async def test_holes_stay_holes(images: ImageService, short_tmp: ShortTmp) -> None:
    size = 1 << 27
    records = f"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n33 GNU.sparse.realsize={size}\n".encode()
    body = f"1\n{size - 5}\n5\n".encode().ljust(512, b"\0") + b"final"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        front = tarfile.TarInfo("pax")
        front.type, front.size = tarfile.XHDTYPE, len(records)
        tar.addfile(front, io.BytesIO(records))
        info = tarfile.TarInfo("holes")
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    image_id = await pulled(images, buffer.getvalue())

    file = on_disk(short_tmp)["holes"]
    assert file.st_size == size
    assert file.st_blocks * 512 < 1 << 20
    assert (await root_of(images, image_id))["/holes"].entry.size == size


@pytest.mark.parametrize(
    ("limits", "words"),
    [({"entries": 1000}, "more than the 1000 entries"), ({"bytes": 200_000}, "more than 200000 bytes")],
    ids=["entries", "bytes"],
)
async def test_more_than_an_image_may_hold(
    images: ImageService, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], words: str
) -> None:
    monkeypatch.setattr(trees, "UnpackLimits", functools.partial(trees.UnpackLimits, **limits))
    tar = layer_tar([File(f"d{number % 7}/{number}", bytes(100)) for number in range(1500)])

    with pytest.raises(StorageError) as caught:
        await pulled(images, tar)

    assert caught.value.code is Code.BAD_ARCHIVE
    assert words in caught.value.explanation or "larger" in caught.value.explanation
    assert await images.list() == []
    assert not list((short_tmp.root / "layers").iterdir())


async def test_an_owner_beyond_our_ids_is_named(images: ImageService) -> None:
    with pytest.raises(StorageError) as caught:
        await pulled(images, layer_tar([File("theirs", b"x", uid=4_000_000_000)]))

    assert caught.value.code is Code.BAD_ARCHIVE
    assert "theirs" in caught.value.explanation
    assert "/etc/subuid" in caught.value.explanation
