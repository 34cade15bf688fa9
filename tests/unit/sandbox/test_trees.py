"""Whole trees: copied with all that is in them, measured once each, removed whatever their shape."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.keeper import kernel
from engine.sandbox.keeper.asked.trees import RemoveTrees
from engine.sandbox.keeper.disk import trees
from engine.sandbox.keeper.disk.holes import data_of
from engine.sandbox.keeper.requests import Reply, Request
from tests.support.archives import Archive, members, packed, stream

if TYPE_CHECKING:
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths


@pytest.fixture
def source(paths: Paths, keeper: Keeper) -> Path:
    found = paths.staging / "source"
    found.mkdir()
    return found


@pytest.fixture
def target(paths: Paths, keeper: Keeper) -> Path:
    found = paths.staging / "target"
    found.mkdir()
    return found


def facts(tree: Path) -> dict[str, tuple[object, ...]]:
    found = {}
    for path in [tree, *tree.rglob("*")]:
        one = path.lstat()
        size = one.st_size if stat.S_ISREG(one.st_mode) else 0
        link = os.readlink(path) if path.is_symlink() else ""
        links = one.st_nlink if not path.is_dir() else 0
        found[str(path.relative_to(tree))] = (one.st_mode, one.st_uid, one.st_gid, size, one.st_mtime_ns, links, link)
    return found


async def test_a_copy_has_all_that_the_tree_has(keeper: Keeper, source: Path, target: Path) -> None:
    (source / "a" / "b").mkdir(parents=True)
    (source / "a" / "file").write_bytes(b"hello" * 1000)
    os.link(source / "a" / "file", source / "a" / "b" / "hard")
    os.link(source / "a" / "file", source / "a" / "again")
    (source / "a" / "soft").symlink_to("../no/where")
    os.mkfifo(source / "fifo")
    os.setxattr(source / "a" / "file", "user.note", b"kept")
    os.setxattr(source / "a" / "file", "user.overlay.opaque", b"y")
    os.setxattr(source / "a", "user.fuseoverlayfs.opaque", b"y")
    (source / "a" / "file").chmod(0o4711)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(source / "socket"))
    for path, when in ((source / "a" / "file", 5), (source / "fifo", 6), (source / "a" / "b", 7), (source / "a", 8)):
        os.utime(path, ns=(when, when + 1_000_000_001))
    os.utime(source / "a" / "soft", ns=(9, 9), follow_symlinks=False)
    os.chmod(source, 0o2751)
    os.utime(source, ns=(4, 4))
    told: list[int] = []
    await keeper.copy_tree(source, target, progress=told.append)

    wanted = facts(source)
    del wanted["socket"]
    assert facts(target) == wanted
    assert (target / "a" / "file").read_bytes() == b"hello" * 1000
    assert os.listxattr(target / "a" / "file") == ["user.note"]
    assert os.listxattr(target / "a") == []
    assert {os.stat(target / each).st_ino for each in ("a/file", "a/b/hard", "a/again")} == {
        (target / "a" / "file").stat().st_ino
    }
    await asyncio.sleep(0)  # what is told comes in the loop's next turn
    assert told == [5000]


async def test_a_copy_may_be_made_into_directories_that_are_there(keeper: Keeper, source: Path, target: Path) -> None:
    (source / "d").mkdir()
    (source / "d" / "new").touch()
    (target / "d").mkdir()
    (target / "d" / "old").touch()
    await keeper.copy_tree(source, target)
    assert {each.name for each in (target / "d").iterdir()} == {"new", "old"}
    with pytest.raises(FileExistsError):
        await keeper.copy_tree(source, target)


async def test_long_copies_say_how_far_they_are(
    keeper: Keeper, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "COPY_PIECE", 1000)
    for name in "abcde":
        (source / name).write_bytes(bytes([ord(name)]) * 600)
    told: list[int] = []
    await keeper.copy_tree(source, target, progress=told.append)
    await asyncio.sleep(0)
    assert told == [1200, 2400, 3000]
    assert (target / "e").read_bytes() == b"e" * 600


@pytest.fixture(params=["shared", "by hand"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a file system that can share blocks copies, or as one that cannot."""
    if request.param == "by hand":

        def refuse(*_: object) -> int:
            raise OSError(errno.EXDEV, "Invalid cross-device link")

        monkeypatch.setattr(os, "copy_file_range", refuse)


@pytest.mark.usefixtures("way")
async def test_holes_stay_holes_and_cost_nothing(
    keeper: Keeper, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "COPY_PIECE", 5000)
    with (source / "holes").open("wb") as file:
        for at in (1 << 20, 50 << 20):
            file.seek(at)
            file.write(b"data" * 3000)
        file.truncate(100 << 20)
    (source / "nothing").touch()
    (source / "only-holes").touch()
    os.truncate(source / "only-holes", 1 << 20)
    await keeper.copy_tree(source, target)

    copy = target / "holes"
    assert (copy.stat().st_size, copy.stat().st_blocks * 512 < 200_000) == (100 << 20, True)
    with copy.open("rb") as file:
        for at in (1 << 20, 50 << 20):
            file.seek(at - 4)
            assert file.read(12_008) == bytes(4) + b"data" * 3000 + bytes(4)
    assert ((target / "nothing").stat().st_size, (target / "only-holes").stat().st_size) == (0, 1 << 20)


@pytest.mark.usefixtures("way")
def test_a_file_that_becomes_shorter_meanwhile_is_copied_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"12345")
    with (tmp_path / "short").open("rb") as reading, (tmp_path / "copy").open("wb") as writing:
        trees.copy_contents(reading.fileno(), writing.fileno(), 5)
    assert (tmp_path / "copy").read_bytes() == b"12345"
    with (tmp_path / "short").open("rb") as reading, (tmp_path / "other").open("wb") as writing:
        trees.copy_contents(reading.fileno(), writing.fileno(), 3)
    assert (tmp_path / "other").read_bytes() == b"123"


def test_a_disk_that_fails_under_a_copy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / "file").write_bytes(b"12345")
    monkeypatch.setattr(os, "copy_file_range", fail)
    with (tmp_path / "file").open("rb") as reading, (tmp_path / "copy").open("wb") as writing:
        with pytest.raises(OSError, match="Input/output error"):
            trees.copy_contents(reading.fileno(), writing.fileno(), 5)


# --- holes ---


def test_where_a_file_has_data_is_told_up_to_its_size(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.write(bytes(4096))
        file.seek(1 << 20)
        file.write(b"x" * 4096)
        file.truncate(2 << 20)
        file.flush()
        descriptor = os.open(path, os.O_RDONLY)
    found = list(data_of(descriptor, 2 << 20))
    cut = list(data_of(descriptor, (1 << 20) + 5))
    short = list(data_of(descriptor, 8192))
    os.close(descriptor)
    assert found == [(0, 4096), (1 << 20, (1 << 20) + 4096)]
    assert cut == [(0, 4096), (1 << 20, (1 << 20) + 5)]
    assert short == [(0, 4096)]


async def test_a_disk_that_cannot_tell_holes_loses_no_data(
    keeper: Keeper, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was taken for one hole from there on, and the archive had zeros."""
    with (source / "file").open("wb") as file:
        file.write(b"begins")
        file.seek(5 << 20)
        file.write(b"ends")

    def cannot(descriptor: int, at: int, how: int) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "lseek", cannot)
    data = await packed(keeper, source)
    monkeypatch.undo()
    target = source.parent / "out"
    target.mkdir()
    with stream(data) as descriptor:
        await keeper.unpack(descriptor, target, layer=False)
    assert (target / "file").read_bytes() == (source / "file").read_bytes()


async def test_a_file_of_holes_is_sent_without_them(keeper: Keeper, source: Path) -> None:
    with (source / "file").open("wb") as file:
        file.write(b"begins")
        file.seek(70 << 20)
        file.write(b"x" * (3 << 20))
        file.truncate(100 << 20)
    (source / "small").touch()
    os.truncate(source / "small", 1 << 20)
    data = await packed(keeper, source)
    target = source.parent / "out"
    target.mkdir()
    with stream(data) as descriptor:
        await keeper.unpack(descriptor, target, layer=False)

    assert len(data) < 6 << 20
    assert (target / "file").stat().st_blocks * 512 < 4 << 20
    assert (target / "file").stat().st_size == 100 << 20
    with (target / "file").open("rb") as file:
        assert file.read(8) == b"begins\0\0"
        file.seek((70 << 20) - 2)
        assert file.read(4) == b"\0\0xx"
    assert members(data)["./small" if "./small" in members(data) else "small"].size == 1 << 20
    assert members(data)["./file" if "./file" in members(data) else "file"].size == 100 << 20


# --- measure, remove ---


async def test_what_a_tree_takes_counts_each_file_once(keeper: Keeper, source: Path) -> None:
    (source / "d").mkdir()
    (source / "d" / "file").write_bytes(b"x" * 10_000)
    os.link(source / "d" / "file", source / "d" / "hard")
    (source / "link").symlink_to("d")
    (source / "holes").touch()
    os.truncate(source / "holes", 1 << 20)
    size = await keeper.tree_size(source)
    assert (size.bytes, size.files) == (10_000 + (1 << 20), 4)
    assert 10_000 <= size.disk <= 40_000
    with pytest.raises(FileNotFoundError):
        await keeper.tree_size(source / "none")


async def test_a_tree_is_removed_whatever_is_in_it(keeper: Keeper, source: Path, paths: Paths) -> None:
    outside = paths.staging / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (source / "d" / "e").mkdir(parents=True)
    (source / "d" / "link").symlink_to(outside)
    (source / "d" / "e" / "file").touch()
    os.mkfifo(source / "d" / "fifo")
    await keeper.remove_tree(source)
    await keeper.remove_tree(source)
    await keeper.remove_tree(source / "below" / "nothing")
    assert "source" not in os.listdir(paths.staging)
    link = paths.staging / "to"
    link.symlink_to(outside)
    await keeper.remove_tree(link)
    assert (link.is_symlink(), (outside / "kept").exists()) == (False, True)
    await keeper.remove_tree(outside / "kept")
    assert list(outside.iterdir()) == []


async def test_a_tree_deeper_than_there_are_descriptors_is_removed(
    keeper: Keeper, source: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "DEEPEST", 3)
    deep = source / "/".join("abcdefghij")
    deep.mkdir(parents=True)
    (deep / "file").touch()
    (source / "a" / "b" / "also" / "here").mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    await keeper.remove_tree(source)
    assert "source" not in os.listdir(paths.staging)
    assert len(os.listdir("/proc/self/fd")) == before


async def test_what_is_mounted_in_a_tree_is_not_emptied(
    keeper: Keeper, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = source / "mounted"
    inner.mkdir()
    (inner / "precious").touch()
    real = os.fstat

    def elsewhere(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        if found.st_ino == inner.stat().st_ino:
            found = os.stat_result((*found[:2], found.st_dev + 1, *found[3:]))
        return found

    monkeypatch.setattr(os, "fstat", elsewhere)
    with pytest.raises(OSError, match=os.strerror(errno.EBUSY)):
        await keeper.remove_tree(source)
    assert (inner / "precious").exists()


def test_of_many_trees_one_that_cannot_go_keeps_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unmounted: list[tuple[str, int]] = []

    def umount(target: str, flags: int) -> None:
        unmounted.append((target, flags))
        raise OSError(errno.EBUSY if "stuck" in target else errno.EINVAL, "no", target)

    monkeypatch.setattr(kernel, "umount", umount)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    for name in ("one", "stuck", "other"):
        (tmp_path / name / "rootfs").mkdir(parents=True)
    asked = RemoveTrees([tmp_path / "one", tmp_path / "stuck", tmp_path / "other"], "rootfs")
    request = Request(1, [], None)  # type: ignore[arg-type]
    assert trees.remove_trees(asked, request) == Reply([(tmp_path / "stuck", f"no: {tmp_path}/stuck/rootfs")])
    assert [each.name for each in tmp_path.iterdir()] == ["stuck"]
    flags = kernel.UMOUNT_NOFOLLOW | kernel.MNT_DETACH
    assert unmounted == [(f"{tmp_path}/{name}/rootfs", flags) for name in ("one", "stuck", "other")]
    unmounted.clear()
    trees.remove_trees(RemoveTrees([tmp_path / "stuck"], ""), request)
    assert (list(tmp_path.iterdir()), unmounted) == ([], [])


# --- a stream of it ---


async def test_a_tree_is_sent_in_pieces_while_it_is_read(keeper: Keeper, source: Path) -> None:
    (source / "file").write_bytes(os.urandom(3 << 20))
    pieces = [piece async for piece in keeper.packed(source, name="top")]
    assert len(pieces) > 3
    assert members(b"".join(pieces))["top/file"].size == 3 << 20
    with pytest.raises(FileNotFoundError):
        _ = [piece async for piece in keeper.packed(source, path="/none")]


async def test_what_is_mounted_beside_is_sent_in_its_place(keeper: Keeper, source: Path, target: Path) -> None:
    (source / "data").mkdir()
    (source / "data" / "covered").touch()
    (target / "shown").mkdir()
    (target / "shown" / "file").write_bytes(b"x")
    mounted = [(target, "/shown", "top/data"), (target, "/none", "top/none")]
    pieces = [piece async for piece in keeper.packed(source, name="top", mounted=mounted)]
    assert set(members(b"".join(pieces))) == {"top", "top/data", "top/data/file"}


async def test_no_time_is_after_the_one_that_is_wished(keeper: Keeper, source: Path) -> None:
    (source / "file").touch()
    os.utime(source / "file", (2_000_000_000, 2_000_000_000))
    os.utime(source, (1000.5, 1000.5))
    read, write = os.pipe()
    await keeper.pack(source, write, name="top", latest=1_500_000_000)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        found = members(file.read())
    assert (found["top/file"].mtime, found["top"].mtime) == (1_500_000_000, 1000.5)


async def test_a_whole_archive_arrives_with_attributes_links_and_fifos(keeper: Keeper, target: Path) -> None:
    archive = (
        Archive.new()
        .directory("d", mode=0o750)
        .add("d/file", b"x", xattrs={"user.note": "kept", "user.overlay.opaque": "y", "trusted.x": "y"})
        .add("d/fifo", kind=b"6")
        .hardlink("d/hard", "d/file")
        .symlink("link", "d")
    )
    with stream(archive.data) as descriptor:
        await keeper.unpack(descriptor, target, layer=False)
    assert os.listxattr(target / "d" / "file") == ["user.note"]
    assert stat.S_ISFIFO((target / "d" / "fifo").lstat().st_mode)
    assert (target / "d" / "hard").stat().st_ino == (target / "d" / "file").stat().st_ino
    assert (os.readlink(target / "link"), stat.S_IMODE((target / "d").stat().st_mode)) == ("d", 0o750)
    assert (target / "d").stat().st_mtime == 1_700_000_000
