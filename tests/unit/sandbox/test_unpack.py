"""Archives: what a layer's index says, what is refused and leaves nothing, and unpacking into a tree that lives."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, StorageError
from engine.sandbox.keeper.asked.steps import Link, MakeDirectory
from engine.sandbox.keeper.layers import sparse
from engine.sandbox.trees import UnpackLimits
from engine.storage.layer_index import DEVICE, HARDLINK, IMPLICIT, OPAQUE, WHITEOUT
from tests.support.archives import Archive, add_layer, stream

if TYPE_CHECKING:
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths


async def test_the_index_tells_every_entry(layers: LayerStore) -> None:
    big = os.urandom(3_000_000)
    archive = (
        Archive.new()
        .directory("etc", mode=0o750, uid=3, gid=4)
        .add("etc/passwd", b"root", mode=0o640, uid=70, gid=71)
        .add("usr/lib/big", big)
        .symlink("lib", "usr/lib")
        .add("lib/through-a-link", b"1")
        .hardlink("etc/shadow", "etc/passwd")
        .whiteout("etc/hidden")  # says nothing: all of etc is hidden
        .opaque("etc")
        .whiteout("usr/hidden")
        .add("dev/zero", kind=tarfile.CHRTYPE, devmajor=1, devminor=5)
        .add("etc-file", b"")
    )
    data = archive.data
    with stream(data) as descriptor:
        diff_id = await layers.add(None, descriptor)
    index = layers.index(diff_id)

    assert diff_id == "sha256:" + hashlib.sha256(data).hexdigest()
    assert list(index.paths) == [
        b"dev", b"dev/zero", b"etc", b"etc", b"etc/passwd", b"etc/shadow", b"etc-file", b"lib",
        b"usr", b"usr/hidden", b"usr/lib", b"usr/lib/big", b"usr/lib/through-a-link",
    ]  # fmt: skip
    entry = index.entry(index.find(b"etc/passwd"))
    assert (entry.path, entry.size, entry.mode, entry.uid, entry.gid) == ("/etc/passwd", 4, 0o640, 70, 71)
    assert entry.digest == "sha256:" + hashlib.sha256(b"root").hexdigest()
    assert index.digest(index.find(b"usr/lib/big")) == hashlib.sha256(big).digest()
    assert index.digest(index.find(b"etc-file")) == hashlib.sha256().digest()
    shadow = index.find(b"etc/shadow")
    assert (index.kinds[shadow], index.sizes[shadow], index.link(shadow)) == (HARDLINK, 4, b"etc/passwd")
    assert index.digest(shadow) == index.digest(index.find(b"etc/passwd"))
    assert index.total == len(big) + 4 + 1, "the hard link is counted once"
    assert index.kinds[index.find(b"usr/hidden")] == WHITEOUT
    assert index.kinds[index.find(b"etc") + 1] == OPAQUE
    assert (index.kinds[index.find(b"dev/zero")], index.link(index.find(b"dev/zero"))) == (DEVICE, b"c 1:5")
    assert index.flags[index.find(b"usr/lib")] & IMPLICIT
    assert not index.flags[index.find(b"etc")] & IMPLICIT
    assert [index.paths[row] for row in index.children(b"etc")] == [b"etc/passwd", b"etc/shadow"]
    assert [index.paths[row] for row in index.children(b"")] == [b"dev", b"etc", b"etc-file", b"lib", b"usr"]
    assert index.find(b"etc/none") == -1


async def test_a_stream_that_is_not_the_layer_leaves_nothing(layers: LayerStore, paths: Paths) -> None:
    wrong = "sha256:" + "0" * 64
    with stream(Archive.new().add("file", b"x").data) as descriptor, pytest.raises(StorageError) as refused:
        await layers.add(wrong, descriptor)

    assert refused.value.code is Code.DIGEST_MISMATCH
    await layers.trash.empty()
    assert not layers.has(wrong)
    assert not list(paths.staging.iterdir()) + list(paths.layers.iterdir()) + list(paths.trash.iterdir())


def _damaged(change: dict[int, bytes]) -> bytes:
    data = bytearray(Archive.new().add("file", b"x" * 600).data)
    for at, value in change.items():
        data[at : at + len(value)] = value
    return bytes(data)


def _pax(records: bytes, name: str = "file") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        front = tarfile.TarInfo("pax")
        front.type, front.size = tarfile.XHDTYPE, len(records)
        tar.addfile(front, io.BytesIO(records))
        tar.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


BAD = {
    "climbs out": Archive.new().add("../../etc/passwd", b"x").data,
    "climbs out in the middle": Archive.new().add("a/../../x", b"x").data,
    "truncated data": Archive.new().add("file", b"x" * 5000).data[:2000],
    "truncated header": Archive.new().add("file", b"x" * 512).data[:700],
    "a hard link to nothing": Archive.new().hardlink("a", "/etc/passwd").data,
    "a hard link that climbs": Archive.new().hardlink("a", "../../etc/passwd").data,
    "a hard link to a directory": Archive.new().directory("d").hardlink("a", "d").data,
    "below a file": Archive.new().add("a", b"").add("a/b", b"").data,
    "links in a circle": Archive.new().symlink("a", "b").symlink("b", "a").add("a/x", b"").data,
    "wrong checksum": _damaged({0: b"other"}),
    "no tar": b"<html>502 Bad Gateway</html>" * 50,
    "negative size": Archive.new(tarfile.GNU_FORMAT).add("x").data[:124] + b"\xff" * 12 + bytes(900),
    "a zero byte in a name": _pax(b"14 path=a\0bcd\n"),
    "a pax record that lies": _pax(b"99 path=abc\n"),
    "a pax size of nonsense": _pax(b"13 size=huge\n"),
    "a name of 300 bytes": Archive.new().add("n" * 300, b"").data,
    "a path of 5000 bytes": Archive.new().add("d/" * 2500 + "x", b"").data,
    "an unknown kind": Archive.new().add("x", kind=b"Q").data,
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_archives_are_refused_and_leave_nothing(layers: LayerStore, paths: Paths, case: str) -> None:
    with stream(BAD[case]) as descriptor, pytest.raises(StorageError) as refused:
        await layers.add(None, descriptor)

    assert refused.value.code is Code.BAD_ARCHIVE, refused.value.details
    assert refused.value.explanation
    await layers.trash.empty()
    assert not list(paths.staging.iterdir()) + list(paths.layers.iterdir()) + list(paths.trash.iterdir())


@pytest.mark.parametrize("limits", [UnpackLimits(bytes=100_000), UnpackLimits(entries=10)])
async def test_bombs_are_bounded(layers: LayerStore, limits: UnpackLimits) -> None:
    archive = Archive.new()
    for number in range(50):
        archive.add(f"f{number}", bytes(5000))
    with stream(archive.data) as descriptor, pytest.raises(StorageError) as refused:
        await layers.add(None, descriptor, limits=limits)
    assert refused.value.code is Code.BAD_ARCHIVE


async def test_a_sparse_bomb_is_bounded(layers: LayerStore) -> None:
    records = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n38 GNU.sparse.realsize=9000000000000000\n"
    table = b"0\n".ljust(512, b"\0")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        front = tarfile.TarInfo("pax")
        front.type, front.size = tarfile.XHDTYPE, len(records)
        tar.addfile(front, io.BytesIO(records))
        entry = tarfile.TarInfo("file")
        entry.size = len(table)
        tar.addfile(entry, io.BytesIO(table))
    with stream(buffer.getvalue()) as descriptor, pytest.raises(StorageError) as refused:
        await layers.add(None, descriptor)
    assert refused.value.code is Code.BAD_ARCHIVE


async def test_absolute_paths_and_links_stay_inside(layers: LayerStore) -> None:
    archive = (
        Archive.new(tarfile.GNU_FORMAT)
        .add("/absolute", b"1")
        .symlink("out", "/../../../../tmp")
        .add("out/inside", b"2")
        .symlink("passwd", "/etc/passwd")
        .hardlink("second", "passwd")
    )
    diff_id = await add_layer(layers, archive)

    assert list(layers.index(diff_id).paths) == [b"absolute", b"out", b"passwd", b"second", b"tmp", b"tmp/inside"]
    assert (layers.path(diff_id) / "tmp/inside").read_bytes() == b"2"
    assert (layers.path(diff_id) / "second").is_symlink()


async def test_adding_one_layer_at_once_from_two_sides(layers: LayerStore) -> None:
    data = Archive.new().add("file", bytes(100_000)).data
    diff_id = "sha256:" + hashlib.sha256(data).hexdigest()
    with stream(data) as one, stream(data) as two:
        assert await asyncio.gather(layers.add(diff_id, one), layers.add(diff_id, two)) == [diff_id, diff_id]
    assert layers.diff_ids() == {diff_id}


async def test_removing_returns_at_once_and_goes_on_behind(layers: LayerStore, paths: Paths) -> None:
    archive = Archive.new()
    for number in range(300):
        archive.add(f"d{number % 7}/f{number}", b"x")
    diff_id = await add_layer(layers, archive)

    assert await layers.remove(diff_id) == 300
    assert not layers.has(diff_id)
    assert await layers.remove(diff_id) == 0
    await layers.trash.empty()
    assert not list(paths.trash.iterdir()) + list(paths.layer_links.iterdir())


async def test_the_same_layer_made_by_several_at_once_is_there_once(layers: LayerStore, paths: Paths) -> None:
    """Found by `python -m tests.cruel`: who came second could not give it its name."""
    archive = Archive.new().add("file", b"x" * 100)
    made = await asyncio.gather(*(add_layer(layers, archive) for _ in range(8)))
    assert len(set(made)) == 1
    await layers.trash.empty()
    assert not list(paths.staging.iterdir())
    assert layers.diff_ids() == set(made)


async def test_what_a_crash_left_is_swept_at_the_next_open(keeper: Keeper, paths: Paths) -> None:
    from engine.storage.layers import LayerStore

    await keeper.execute([MakeDirectory(path=paths.staging / "half" / "made"), MakeDirectory(path=paths.trash / "x")])
    await keeper.execute([Link(path=paths.layer_links / "012345", points_to="../layers/never-came/tree")])
    store = LayerStore(paths, keeper)
    await store.open()
    await store.trash.empty()
    await store.close()

    assert not [*paths.staging.iterdir(), *paths.trash.iterdir(), *paths.layer_links.iterdir()]


# --- into a tree that lives ---


@pytest.fixture
async def tree(keeper: Keeper, paths: Paths) -> Path:
    top = paths.staging / "living"
    await keeper.execute([MakeDirectory(path=top / "target"), MakeDirectory(path=paths.staging / "outside")])
    return top


async def test_copying_in_keeps_inside_whatever_links_are_there(keeper: Keeper, paths: Paths, tree: Path) -> None:
    script = f"ln -s {paths.staging}/outside target/evil; ln -s ../../../../deep target/up; mkdir deep"
    assert (await keeper.run(["sh", "-euc", script], cwd=tree)).code == 0
    with stream(Archive.new().add("evil/file", b"x").data) as descriptor, pytest.raises(StorageError):
        await keeper.unpack(descriptor, tree / "target", root=tree, layer=False)
    archive = Archive.new().add("up/new/file", b"y")
    with stream(archive.data) as descriptor:
        await keeper.unpack(descriptor, tree / "target", root=tree, layer=False)

    assert not list((paths.staging / "outside").iterdir())
    assert (await keeper.stat(tree, "deep/new/file")).size == 1


async def test_copying_in_can_refuse_to_change_kinds(keeper: Keeper, tree: Path) -> None:
    await keeper.make_directory(tree, "target/there")
    with stream(Archive.new().add("target", b"x").data) as descriptor, pytest.raises(StorageError) as refused:
        await keeper.unpack(descriptor, tree, layer=False, no_overwrite_kind=True)

    assert "directory" in refused.value.explanation
    with stream(Archive.new().add("target", b"now a file").data) as descriptor:
        await keeper.unpack(descriptor, tree, layer=False)
    assert stat.S_ISREG((await keeper.stat(tree, "target")).mode)


async def test_whiteout_names_are_ordinary_names_in_a_living_tree(keeper: Keeper, tree: Path) -> None:
    with stream(Archive.new().add(".wh.file", b"x").hardlink("second", ".wh.file").data) as descriptor:
        await keeper.unpack(descriptor, tree, layer=False)
    assert {each.name for each in await keeper.list_directory(tree, "/")} == {".wh.file", "second", "target"}


HUNDRED_GB = 100 << 30


def sparse_archive(*segments: tuple[int, bytes], size: int = HUNDRED_GB) -> bytes:
    """A tar of one file in GNU's sparse format 1.0."""
    numbers = [len(segments) + 1, *(n for at, data in segments for n in (at, len(data))), size, 0]
    table = b"".join(b"%d\n" % number for number in numbers)
    table += bytes(-len(table) % 512)
    stored = table + b"".join(data for _, data in segments)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("GNUSparseFile.0/big")
        info.size = len(stored)
        info.pax_headers = {
            "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "big", "GNU.sparse.realsize": str(size)
        }  # fmt: skip
        archive.addfile(info, io.BytesIO(stored))
    return buffer.getvalue()


async def test_a_sparse_file_of_a_hundred_gigabytes_costs_what_it_holds(
    layers: LayerStore, keeper: Keeper, paths: Paths
) -> None:
    """Unpacked, indexed and compared with its index again: minutes, if its holes were hashed."""
    with stream(sparse_archive((0, b"begin"), (50 << 30, b"middle" * 1000))) as descriptor:
        async with asyncio.timeout(30):
            diff_id = await layers.add(None, descriptor)
    index, tree = layers.index(diff_id), paths.layer_tree(diff_id)
    entry = index.entry(index.find(b"big"))
    assert (entry.size, entry.digest.partition(":")[0]) == (HUNDRED_GB, "sha256-of-blocks")
    assert (await keeper.tree_size(tree)).disk < 1 << 20
    async with asyncio.timeout(30):
        assert await keeper.layer_damage(tree, paths.layer_index(diff_id)) == ""
    descriptor = await keeper.open_file(tree, "/big", os.O_WRONLY)
    os.pwrite(descriptor, b"x", 70 << 30)
    os.close(descriptor)
    assert await keeper.layer_damage(tree, paths.layer_index(diff_id)) == "big"


def test_the_digest_of_a_long_sparse_file_is_that_of_what_it_holds(tmp_path: Path) -> None:
    """However the file system lays it out."""
    holes, blocks, other = tmp_path / "holes", tmp_path / "blocks", tmp_path / "other"
    size = 3 * 4096 + 17
    for path, text in ((holes, b"text"), (blocks, b"text"), (other, b"texT")):
        with path.open("wb") as file:
            file.write(bytes(size) if path is blocks else b"")
            file.truncate(size)
            file.seek(4096 + 5)
            file.write(text)

    def digest(path: Path) -> bytes:
        with path.open("rb") as file:
            return sparse.digest_of(file.fileno(), path.stat().st_size)

    assert digest(holes) == digest(blocks) != digest(other)
    with holes.open("r+b") as file:
        file.truncate(size + 1)
    assert digest(holes) != digest(blocks)
