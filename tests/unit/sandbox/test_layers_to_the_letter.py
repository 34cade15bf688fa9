"""Archives of layers to the letter: what replaces what, what hides what, whose it is, and what could not be kept."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import StorageError
from engine.sandbox.ids import IdMapping, IdRange
from engine.sandbox.keeper.layers import sparse, unpacking
from engine.sandbox.keeper.layers.entry_places import normalised
from engine.sandbox.keeper.requests import BadInput
from engine.sandbox.trees import UnpackLimits
from engine.storage.layer_index import DEVICE, DIRECTORY, FIFO, FILE, HARDLINK, OPAQUE, SPARSE, SYMLINK, WHITEOUT
from tests.support.archives import Archive, add_layer, stream

if TYPE_CHECKING:
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths

KINDS = {
    FILE: "file",
    DIRECTORY: "dir",
    OPAQUE: "opaque",
    WHITEOUT: "gone",
    SYMLINK: "link",
    FIFO: "fifo",
    DEVICE: "dev",
    HARDLINK: "hard",
}


_MODES = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo", stat.S_IFCHR: "gone"}


def rows(layers: LayerStore, diff_id: str) -> list[tuple[str, str]]:
    index = layers.index(diff_id)
    return [(index.paths[row].decode(), KINDS[index.kinds[row]]) for row in index.rows()]


def shape(tree: Path) -> dict[str, str]:
    found = {}
    for path in tree.rglob("*"):
        mode = path.lstat().st_mode
        kind = {
            stat.S_IFREG: "file",
            stat.S_IFDIR: "dir",
            stat.S_IFLNK: "link",
            stat.S_IFIFO: "fifo",
            stat.S_IFCHR: "gone",
        }
        found[str(path.relative_to(tree))] = kind[stat.S_IFMT(mode)]
    return found


def marked(tree: Path, path: str) -> bool:
    return "user.overlay.opaque" in os.listxattr(tree / path)


# --- what replaces what ---


@pytest.mark.parametrize("late", ["file", "dir", "link", "fifo", "hard"])
@pytest.mark.parametrize("early", ["file", "dir", "link", "fifo"])
async def test_the_last_entry_of_a_name_counts(layers: LayerStore, early: str, late: str) -> None:
    archive = Archive.new().add("target", b"t").directory("keep").add("keep/it", b"k")
    for kind in (early, late):
        if kind == "file":
            archive.add("x", kind.encode(), mode=0o600)
        elif kind == "dir":
            archive.directory("x")
            if kind is early:
                archive.add("x/below", b"b")
        elif kind == "link":
            archive.symlink("x", "keep")
        elif kind == "fifo":
            archive.add("x", kind=tarfile.FIFOTYPE)
        else:
            archive.hardlink("x", "target")
    diff_id = await add_layer(layers, archive)
    tree = layers.path(diff_id)
    expected = {"target": "file", "keep": "dir", "keep/it": "file", "x": "file" if late == "hard" else late}
    if early == late == "dir":
        expected["x/below"] = "file"
    assert shape(tree) == expected
    assert {path for path, _ in rows(layers, diff_id)} == set(expected)
    if late == "hard":
        assert (tree / "x").stat().st_ino == (tree / "target").stat().st_ino
    assert (tree / "keep" / "it").read_bytes() == b"k"


async def test_a_link_to_itself_changes_nothing(layers: LayerStore) -> None:
    diff_id = await add_layer(layers, Archive.new().add("x", b"1").hardlink("x", "./x"))
    assert rows(layers, diff_id) == [("x", "file")]


async def test_modes_and_times_of_directories_are_those_of_the_archive(layers: LayerStore) -> None:
    """Nothing that is written into them later changes them, and a closed one can be filled."""
    archive = Archive.new().directory("./", mode=0o711, mtime=5).directory("d", mode=0o500, mtime=6)
    archive.add("d/file", b"x", mode=0o4711, mtime=7).symlink("d/link", "file", mtime=8).directory("d/e", mode=0o1777)
    diff_id = await add_layer(layers, archive)
    tree = layers.path(diff_id)
    facts = {name: (tree / name).lstat() for name in (".", "d", "d/file", "d/link", "d/e")}
    assert {name: int(each.st_mtime) for name, each in facts.items()} == {
        ".": 5, "d": 6, "d/file": 7, "d/link": 8, "d/e": 1_700_000_000,
    }  # fmt: skip
    modes = {name: stat.S_IMODE(each.st_mode) for name, each in facts.items() if name != "d/link"}
    assert modes == {".": 0o711, "d": 0o500, "d/file": 0o4711, "d/e": 0o1777}
    index = layers.index(diff_id)
    root = index.entry(index.find(b""))
    assert (root.path, root.mode, root.mtime) == ("/", 0o711, 5.0)


async def test_times_that_no_disk_has_are_the_nearest_it_has(layers: LayerStore) -> None:
    archive = (
        Archive.new().add("old", b"", mtime=-(1 << 40)).add("new", b"", mtime=1 << 40).symlink("l", "x", mtime=1 << 40)
    )
    diff_id = await add_layer(layers, archive)
    index = layers.index(diff_id)
    assert [index.mtimes[index.find(name)] // 10**9 for name in (b"old", b"new", b"l")] == [
        -(1 << 31),
        1 << 33,
        1 << 33,
    ]


# --- what hides what ---


async def test_a_whiteout_hides_what_is_below_and_not_its_own_layer(layers: LayerStore) -> None:
    archive = (
        Archive.new().whiteout("gone").whiteout("d/gone").add("file", b"own").whiteout("file")
        .directory("own").add("own/x").whiteout("own").whiteout("own/y")
    )  # fmt: skip
    diff_id = await add_layer(layers, archive)
    assert rows(layers, diff_id) == [
        ("d", "dir"), ("d/gone", "gone"), ("file", "file"), ("gone", "gone"), ("own", "dir"), ("own", "opaque"),
        ("own/x", "file"),
    ]  # fmt: skip
    tree = layers.path(diff_id)
    assert shape(tree) == {"d": "dir", "d/gone": "gone", "file": "file", "gone": "gone", "own": "dir", "own/x": "file"}
    assert (marked(tree, "own"), marked(tree, "d")) == (True, False)


async def test_an_opaque_directory_needs_no_whiteouts(layers: LayerStore) -> None:
    archive = (
        Archive.new().whiteout("d/before").whiteout("dd/other").opaque("d").whiteout("d/after").whiteout("d/e/deep")
    )
    diff_id = await add_layer(layers, archive)
    found = rows(layers, diff_id)
    assert ("d", "opaque") in found
    assert ("dd/other", "gone") in found
    assert [path for path, kind in found if kind == "gone"] == ["dd/other"]
    everything = await add_layer(layers, Archive.new().whiteout("a").add(".wh..wh..opq").whiteout("b/c").add("kept"))
    assert rows(layers, everything) == [("", "opaque"), ("b", "dir"), ("kept", "file")]
    assert marked(layers.path(everything), ".")


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", ".wh..wh.plnk", ".wh..wh.aufs"])
async def test_books_of_another_file_system_hide_nothing(layers: LayerStore, name: str) -> None:
    diff_id = await add_layer(layers, Archive.new().add("file").add(name))
    assert rows(layers, diff_id) == [("file", "file")]


@pytest.mark.parametrize("devices", [True, False])
async def test_a_directory_in_place_of_a_whiteout_hides_what_was_below(
    layers: LayerStore, monkeypatch: pytest.MonkeyPatch, *, devices: bool
) -> None:
    """Named in the archive or not, and where no device can be made too."""
    if not devices:

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "mknod", refuse)
    archive = (
        Archive.new().whiteout("named").directory("named").add("named/x")
        .whiteout("silent").add("silent/deep/y").whiteout("file").add("file", b"z").whiteout("gone")
    )  # fmt: skip
    diff_id = await add_layer(layers, archive)
    assert rows(layers, diff_id) == [
        ("file", "file"), ("gone", "gone"), ("named", "dir"), ("named", "opaque"), ("named/x", "file"),
        ("silent", "dir"), ("silent", "opaque"), ("silent/deep", "dir"), ("silent/deep/y", "file"),
    ]  # fmt: skip
    tree = layers.path(diff_id)
    beside = {} if devices else {".wh.gone": "file"}
    there = shape(tree)
    there.pop("gone", "")
    assert there == {
        "file": "file", "named": "dir", "named/x": "file", "silent": "dir", "silent/deep": "dir",
        "silent/deep/y": "file", **beside,
    }  # fmt: skip
    assert [marked(tree, name) for name in ("named", "silent", "silent/deep")] == [True, True, False]


# --- what could not be kept ---


async def test_what_could_not_be_kept_is_noted_once(layers: LayerStore) -> None:
    archive = (
        Archive.new()
        .add("dev/null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)
        .add("dev/sda", kind=tarfile.BLKTYPE, devmajor=8, devminor=0)
        .add("a", xattrs={"user.overlay.opaque": "y", "user.kept": "1", "trusted.x": "y"})
        .add("b", xattrs={"user.overlay.opaque": "y", "user.containers.override_stat": "0:0:0777"})
    )
    diff_id = await add_layer(layers, archive)
    notes = layers.index(diff_id).notes
    assert notes == (
        "“dev/null” is a device (c 1:3); an empty file stands in for it",
        "“dev/sda” is a device (b 8:0); an empty file stands in for it",
        "the attribute 'user.overlay.opaque' was left out",
        "the attribute 'trusted.x' was left out",
        "the attribute 'user.containers.override_stat' was left out",
    )
    tree = layers.path(diff_id)
    assert os.listxattr(tree / "a") == ["user.kept"]
    assert os.listxattr(tree / "b") == []
    assert (stat.S_IMODE((tree / "dev" / "null").stat().st_mode), (tree / "dev" / "null").stat().st_size) == (0, 0)


async def test_an_attribute_that_a_disk_does_not_take_is_noted(
    layers: LayerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.setxattr

    def refuse(place: Any, name: Any, value: bytes) -> None:
        if name == b"user.note":
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        real(place, name, value)

    monkeypatch.setattr(os, "setxattr", refuse)
    diff_id = await add_layer(layers, Archive.new().add("a", xattrs={"user.note": "1"}))
    assert layers.index(diff_id).notes == ("the attribute 'user.note' of “a”: Operation not supported",)


async def test_there_are_not_more_notes_than_anybody_reads(layers: LayerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_NOTES", 3)
    archive = Archive.new()
    for number in range(9):
        archive.add(f"d{number}", kind=tarfile.CHRTYPE, devmajor=1, devminor=number)
    assert len(layers.index(await add_layer(layers, archive)).notes) == 3


# --- bounds ---


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (UnpackLimits(bytes=1 << 30, entries=2), "more than the 2 entries allowed"),
        (UnpackLimits(bytes=9_999, entries=9), "larger than the 9999 bytes allowed"),
        (UnpackLimits(bytes=60_000, entries=3), ""),
    ],
)
async def test_an_archive_may_be_as_large_as_allowed_and_no_larger(
    layers: LayerStore, limits: UnpackLimits, told: str
) -> None:
    archive = Archive.new().add("a", bytes(5_000)).add("b", bytes(5_000)).add("c")
    with stream(archive.data) as descriptor:
        if not told:
            await layers.add(None, descriptor, limits=limits)
            return
        with pytest.raises(StorageError, match=told):
            await layers.add(None, descriptor, limits=limits)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"a/b", b"a/b"), (b"/a//b/", b"a/b"), (b"./a/./b", b"a/b"), (b"a/../b", b"b"), (b".", b""), (b"/", b""),
        (b"a/b/..", b"a"), (b"..a/.b", b"..a/.b"), (b"a" * 4095, b"a" * 4095),
    ],
)  # fmt: skip
def test_a_name_is_a_path_inside(name: bytes, path: bytes) -> None:
    assert normalised(name) == path


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (b"..", "'..' leads out"), (b"a/../../b", "'a/../../b' leads out"), (b"/../x", "'/../x' leads out"),
        (b"a\0b", "zero byte"), (b"a" * 4096, "a path of 4096 bytes"),
    ],
)  # fmt: skip
def test_a_name_that_leads_out_is_refused(name: bytes, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        normalised(name)


@pytest.mark.parametrize(
    ("archive", "told"),
    [
        (Archive.new().hardlink("a", "none"), "“a” is a hard link to “none”, which is not here"),
        (Archive.new().directory("d").hardlink("a", "d"), "“a” is a hard link to a directory"),
        (Archive.new().hardlink("a", "/"), "a hard link to the root"),
        (Archive.new().symlink("a", ""), "the link “a” points nowhere"),
        (Archive.new().add("a").add("a/b"), "'a' is no directory, yet has entries below it"),
        (Archive.new().add("x", kind=b"Q"), "the entry “x” is of an unknown kind (0x51)"),
        (Archive.new().add("x", uid=0xFFFFFFFF), "“x” belongs to 4294967295:0, which are no ids"),
        (Archive.new().symlink("x", "y", gid=0xFFFFFFFF), "“x” belongs to 0:4294967295, which are no ids"),
        (Archive.new().symlink("a", "b").symlink("b", "a").add("a/x"), "too many links on the way to 'a'"),
    ],
)
async def test_what_is_wrong_is_named(layers: LayerStore, archive: Archive, told: str) -> None:
    with pytest.raises(StorageError) as refused:
        await add_layer(layers, archive)
    assert told in refused.value.explanation


async def test_an_entry_that_the_disk_refuses_is_named(layers: LayerStore) -> None:
    with pytest.raises(StorageError) as refused:
        await add_layer(layers, Archive.new().directory("d").add("d/" + "n" * 256))
    assert refused.value.explanation == f"File name too long (at d/{'n' * 256})."


# --- whose it is ---


@pytest.fixture
def owned(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """With many ids: what was given to whom."""
    found: dict[str, tuple[int, int]] = {}

    def fchown(descriptor: int, uid: int, gid: int) -> None:
        if uid > 65535:
            raise OSError(errno.EINVAL, "Invalid argument")
        found[os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))] = (uid, gid)

    def chown(name: bytes, uid: int, gid: int, **_: object) -> None:
        if uid > 65535:
            raise OSError(errno.EINVAL, "Invalid argument")
        found[os.fsdecode(name)] = (uid, gid)

    monkeypatch.setattr(keeper, "ids", IdMapping((IdRange(0, 1, 65536),), (IdRange(0, 1, 65536),)))
    monkeypatch.setattr(os, "fchown", fchown)
    monkeypatch.setattr(os, "chown", chown)
    return found


async def test_files_belong_to_whom_the_archive_says(layers: LayerStore, owned: dict[str, tuple[int, int]]) -> None:
    archive = (
        Archive.new().directory("d", uid=1, gid=2).add("f", uid=3, gid=4).symlink("l", "x", uid=5, gid=6)
        .add("p", kind=tarfile.FIFOTYPE, uid=7).add("root").add("g", gid=8)
    )  # fmt: skip
    await add_layer(layers, archive)
    assert owned == {"d": (1, 2), "f": (3, 4), "l": (5, 6), "p": (7, 0), "g": (0, 8)}


@pytest.mark.parametrize("archive", [Archive.new().add("x", uid=70_000), Archive.new().symlink("x", "y", uid=70_000),
                                     Archive.new().directory("x", uid=70_000)])  # fmt: skip
@pytest.mark.usefixtures("owned")
async def test_an_id_that_this_account_has_not_is_told_with_what_helps(layers: LayerStore, archive: Archive) -> None:
    with pytest.raises(StorageError, match=r"“x/?” belongs to 70000:0, beyond the ids") as refused:
        await add_layer(layers, archive)
    assert "/etc/subuid" in refused.value.explanation


async def test_what_is_copied_in_belongs_to_whom_was_wished(
    keeper: Keeper, paths: Paths, owned: dict[str, tuple[int, int]]
) -> None:
    data = Archive.new().add("f", uid=3, gid=4, mode=0o4755).symlink("l", "x").data
    with stream(data) as descriptor:
        await keeper.unpack(descriptor, paths.staging, layer=False, owner=(8, 9))
    mine = (os.getuid(), os.getgid())  # the keeper in memory makes all of it ours
    assert owned == {"f": mine, "l": mine}
    assert stat.S_IMODE((paths.staging / "f").stat().st_mode) == 0o4755


# --- long and sparse ---


def sparse_archive(form: int, size: int, *segments: tuple[int, bytes]) -> bytes:
    """As `tar --sparse` writes it: in the old GNU form, or in one of those of pax."""
    stored = b"".join(data for _, data in segments)
    pairs = [(at, len(data)) for at, data in segments]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("holes")
        flat = ",".join(f"{at},{length}" for at, length in pairs)
        if form == 1:
            info.pax_headers = {"GNU.sparse.name": "holes", "GNU.sparse.size": str(size), "GNU.sparse.map": flat,
                                "GNU.sparse.major": "0", "GNU.sparse.minor": "1"}  # fmt: skip
        else:
            numbers = [len(pairs), *(number for pair in pairs for number in pair)]
            table = b"".join(b"%d\n" % number for number in numbers)
            stored = table + bytes(-len(table) % 512) + stored
            info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes",
                                "GNU.sparse.realsize": str(size)}  # fmt: skip
        info.size = len(stored)
        archive.addfile(info, io.BytesIO(stored))
        archive.addfile(tarfile.TarInfo("after"))
    return buffer.getvalue()


def old_gnu(size: int, *segments: tuple[int, bytes]) -> bytes:
    """Four stretches in the header, 21 in each block behind it."""
    stored = b"".join(data for _, data in segments)
    pairs = b"".join(b"%011o\0%011o\0" % (at, len(data)) for at, data in segments)
    block = bytearray(tarfile.TarInfo("holes").tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"%011o\0" % len(stored)
    block[156:157] = b"S"
    block[386 : 386 + 96] = pairs[:96].ljust(96, b"\0")
    more = pairs[96:]
    block[482:483] = b"\1" if more else b"\0"
    block[483:495] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    extra = b""
    while more:
        part, more = more[: 21 * 24], more[21 * 24 :]
        extra += part.ljust(21 * 24, b"\0") + (b"\1" if more else b"\0") + bytes(7)
    end = tarfile.TarInfo("after").tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    return bytes(block) + extra + stored + bytes(-len(stored) % 512) + end


SEGMENTS = [(number * 20_000, b"%d!" % number * 500) for number in range(30)]
SIZE = 700_001


@pytest.mark.parametrize("form", ["old", "0.1", "1.0"])
@pytest.mark.parametrize("count", [0, 4, 5, 26])
@pytest.mark.parametrize("long", [False, True])
async def test_a_file_of_holes_is_what_it_reads_as(
    layers: LayerStore, paths: Paths, monkeypatch: pytest.MonkeyPatch, form: str, count: int, *, long: bool
) -> None:
    if long:
        monkeypatch.setattr(sparse, "LONG", SIZE)
    segments = SEGMENTS[:count] or [(SIZE, b"")]
    whole = bytearray(SIZE)
    for at, data in segments:
        whole[at : at + len(data)] = data
    data = old_gnu(SIZE, *segments) if form == "old" else sparse_archive(int(form[0] == "0"), SIZE, *segments)
    with stream(data) as descriptor:
        diff_id = await layers.add(None, descriptor)
    index, tree = layers.index(diff_id), layers.path(diff_id)
    row = index.find(b"holes")
    assert (tree / "holes").read_bytes() == bytes(whole)
    assert index.find(b"after") >= 0
    assert (index.sizes[row], bool(index.flags[row] & SPARSE), index.total) == (SIZE, True, SIZE)
    entry = index.entry(row)
    if long:
        assert entry.digest.startswith("sha256-of-blocks:")
    else:
        assert entry.digest == "sha256:" + hashlib.sha256(whole).hexdigest()
    assert await layers.damage(diff_id) == ""
    with (tree / "holes").open("r+b") as file:
        file.seek(SIZE - 1)
        file.write(b"x")
    assert await layers.damage(diff_id) == "holes"


@pytest.mark.parametrize("size", [1, unpacking.SMALL, unpacking.SMALL + 1, 3_000_000])
async def test_a_file_of_any_length_has_the_digest_of_its_bytes(layers: LayerStore, size: int) -> None:
    data, other = os.urandom(size), os.urandom(size)
    diff_id = await add_layer(layers, Archive.new().add("one", data).add("other", other).add("empty"))
    index = layers.index(diff_id)
    for name, contents in (("one", data), ("other", other), ("empty", b"")):
        assert index.entry(index.find(name.encode())).digest == "sha256:" + hashlib.sha256(contents).hexdigest()
        assert (layers.path(diff_id) / name).read_bytes() == contents
    assert index.total == 2 * size
