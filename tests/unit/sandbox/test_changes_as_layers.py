"""What an overlay wrote, packed as a layer: whose marks become which names, and the same bytes for the same files."""

from __future__ import annotations

import io
import os
import socket
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.keeper.disk.links import resolved
from engine.sandbox.keeper.layers import packing, tar_writer
from engine.sandbox.keeper.layers.tar_writer import Entry
from tests.support.archives import Archive, members, packed, stream

if TYPE_CHECKING:
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.layers.marks import By
    from engine.storage.paths import Paths


@pytest.fixture
def upper(paths: Paths, keeper: Keeper) -> Path:
    """As a container leaves it, with the marks of both overlays."""
    top = paths.staging / "upper"
    for name in ("kernel", "fuse", "plain"):
        (top / name).mkdir(parents=True)
        (top / name / "new").write_text("x")
    os.mknod(top / "gone", stat.S_IFCHR, 0)
    (top / "plain" / ".wh.hidden").touch()
    (top / "fuse" / ".wh..wh..opq").touch()
    (top / "fuse" / ".wh..opq").touch()
    os.setxattr(top / "kernel", "user.overlay.opaque", b"y")
    os.setxattr(top / "fuse", "user.fuseoverlayfs.opaque", b"y")
    os.setxattr(top / "plain", "user.note", b"kept")
    for path in [top, *top.rglob("*")]:
        os.utime(path, ns=(5, 7_900_000_000), follow_symlinks=False)
    return top


@pytest.mark.parametrize(
    ("by", "marks"),
    [
        ("overlay", {".wh.gone", "kernel/.wh..wh..opq"}),
        ("fuse-overlayfs", {".wh.gone", "fuse/.wh..wh..opq", "plain/.wh.hidden"}),
        ("layer", {".wh.gone", "kernel/.wh..wh..opq", "fuse/.wh..wh..opq", "plain/.wh.hidden"}),
    ],
)
async def test_marks_are_those_of_the_overlay_that_wrote_them(
    keeper: Keeper, upper: Path, by: By, marks: set[str]
) -> None:
    data = await packed(keeper, upper, marks=by)
    found = members(data)
    assert set(found) == marks | {"kernel", "kernel/new", "fuse", "fuse/new", "plain", "plain/new"}
    for name in marks:
        assert (found[name].size, found[name].mode, found[name].type) == (0, 0, tarfile.REGTYPE)
    assert {found[name].mtime for name in found if ".wh." not in name} == {7}, "a layer has whole seconds"
    assert found["plain"].pax_headers == {"SCHILY.xattr.user.note": "kept"}
    assert found["kernel"].pax_headers == found["fuse"].pax_headers == {}
    assert await packed(keeper, upper, marks=by) == data


async def test_a_top_that_hides_all_says_so_first(keeper: Keeper, upper: Path) -> None:
    os.setxattr(upper, "user.overlay.opaque", b"y")
    assert next(iter(members(await packed(keeper, upper, marks="overlay")))) == ".wh..wh..opq"
    assert ".wh..wh..opq" not in members(await packed(keeper, upper, marks="fuse-overlayfs"))


async def test_a_name_that_a_layer_cannot_say_is_left_out_and_noted(
    keeper: Keeper, upper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MOST_NOTES", 2)
    for number in range(3):
        (upper / "plain" / f".wh.{number}").touch()
    sink = os.open("/dev/null", os.O_WRONLY)
    notes = await keeper.pack(upper, sink, marks="overlay")
    silent = await keeper.pack(upper, sink)
    os.close(sink)
    why = "is left out: in a layer a name that begins with .wh. removes a file"
    assert notes == (f"'fuse/.wh..opq' {why}", f"'fuse/.wh..wh..opq' {why}")
    assert silent == ()


async def test_a_tree_is_packed_as_it_is_where_no_marks_are_meant(keeper: Keeper, upper: Path) -> None:
    found = members(await packed(keeper, upper, name="top"))
    assert {"top/plain/.wh.hidden", "top/fuse/.wh..opq", "top/gone"} <= set(found)
    assert (found["top/gone"].type, found["top/gone"].devmajor, found["top/gone"].devminor) == (tarfile.CHRTYPE, 0, 0)
    assert found["top/plain"].mtime == 7.9


async def test_every_kind_of_file_is_itself_and_a_second_name_a_link(keeper: Keeper, paths: Paths) -> None:
    top = paths.staging / "top"
    (top / "d").mkdir(parents=True)
    (top / "a").write_bytes(b"x" * 700)
    os.link(top / "a", top / "d" / "hard")
    (top / "soft").symlink_to("d/../a")
    os.link(top / "soft", top / "soft-too", follow_symlinks=False)
    os.mkfifo(top / "p")
    (top / "a").chmod(0o4751)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(top / "s"))
    found = members(await packed(keeper, top, name="t"))
    assert {name: (each.type, each.linkname, each.size) for name, each in found.items()} == {
        "t": (tarfile.DIRTYPE, "", 0), "t/a": (tarfile.REGTYPE, "", 700), "t/d": (tarfile.DIRTYPE, "", 0),
        "t/d/hard": (tarfile.LNKTYPE, "t/a", 0), "t/p": (tarfile.FIFOTYPE, "", 0),
        "t/soft": (tarfile.SYMTYPE, "d/../a", 0), "t/soft-too": (tarfile.LNKTYPE, "t/soft", 0),
    }  # fmt: skip
    assert (found["t/a"].mode, found["t/a"].uid, found["t/a"].gid) == (0o4751, os.getuid(), os.getgid())
    alone = members(await packed(keeper, top, path="/soft", name="renamed"))
    assert [(name, each.linkname) for name, each in alone.items()] == [("renamed", "d/../a")]


async def test_a_file_that_shrinks_meanwhile_is_filled_up(
    keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive has said how long it is."""
    top = paths.staging / "top"
    top.mkdir()
    (top / "large").write_bytes(b"x" * 2_500_000)
    (top / "small").write_bytes(b"y" * 1000)
    real_send, real_read = os.sendfile, os.pread

    def send(out: int, descriptor: int, offset: int, count: int) -> int:
        left = (1 << 20) - offset
        return real_send(out, descriptor, offset, min(count, left)) if left > 0 else 0

    monkeypatch.setattr(os, "sendfile", send)
    monkeypatch.setattr(os, "pread", lambda descriptor, count, offset: real_read(descriptor, count, offset)[:300])
    data = await packed(keeper, top, name="t")
    monkeypatch.undo()
    out = paths.staging / "out"
    out.mkdir()
    with stream(data) as descriptor:
        await keeper.unpack(descriptor, out, layer=False)
    assert (out / "t" / "large").read_bytes() == b"x" * (1 << 20) + bytes(2_500_000 - (1 << 20))
    assert (out / "t" / "small").read_bytes() == b"y" * 300 + bytes(700)


async def test_trees_deeper_than_any_archive_are_refused(
    keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "DEEPEST", 2)
    top = paths.staging / "top"
    (top / "a" / "b").mkdir(parents=True)
    assert "t/a/b" in members(await packed(keeper, top, name="t"))
    (top / "a" / "b" / "c").mkdir()
    with pytest.raises(OSError, match="directories too deep") as refused:
        await packed(keeper, top, name="t")
    assert refused.value.filename == "t/a/b/c/"


async def test_packing_tells_how_far_it_is(keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PIECE", 4096)
    (paths.staging / "file").write_bytes(bytes(range(256)) * 500)
    os.utime(paths.staging / "file", (5, 5))
    told: list[int] = []
    sink = os.open("/dev/null", os.O_WRONLY)
    await keeper.pack(paths.staging, sink, path="/file", progress=told.append)
    os.close(sink)
    assert (await keeper.stat(paths.staging, "file")).size == 128_000
    assert told == sorted(told)
    assert told[-1] == 512 + 128_000 + 1024
    assert len(told) > 3


# --- headers ---


@pytest.mark.parametrize(
    ("entry", "records"),
    [
        (Entry(b"n" * 100, b"0"), {}),
        (Entry(b"n" * 101, b"0"), {"path": "n" * 101}),
        (Entry(b"d" * 155 + b"/" + b"n" * 100, b"0"), {}),
        (Entry(b"d" * 156 + b"/" + b"n", b"0"), {"path": "d" * 156 + "/n"}),
        (Entry(b"a/" + b"d" * 60 + b"/" + b"n" * 60, b"0"), {}),
        (Entry(b"l", b"2", link=b"t" * 100), {}),
        (Entry(b"l", b"2", link=b"t" * 101), {"linkpath": "t" * 101}),
        (Entry(b"i", b"0", uid=0o7777777, gid=0o7777777), {}),
        (Entry(b"i", b"0", uid=0o10000000, gid=0o10000001), {"uid": "2097152", "gid": "2097153"}),
        (Entry(b"t", b"0", mtime_ns=1_000_000_000), {}),
        (Entry(b"t", b"0", mtime_ns=1_500_000_000), {"mtime": "1.5"}),
        (Entry(b"t", b"0", mtime_ns=-1_500_000_000), {"mtime": "-1.5"}),
        (Entry(b"t", b"0", mtime_ns=-2_000_000_000), {"mtime": "-2"}),
        (Entry(b"t", b"0", mtime_ns=(1 << 33) * 10**9), {"mtime": str(1 << 33)}),
        (Entry(b"s", b"5", size=0o77777777777), {}),
        (Entry(b"s", b"5", size=1 << 33), {"size": str(1 << 33)}),
    ],
)
def test_what_a_header_cannot_say_is_said_in_front(entry: Entry, records: dict[str, str]) -> None:
    data = tar_writer.header(entry, {})
    assert len(data) % 512 == 0
    assert (len(data) > 512) is bool(records)
    with tarfile.open(fileobj=io.BytesIO(data + bytes(1024)), mode="r:") as archive:
        archive.errorlevel = 0
        [found] = [archive.next()]
    assert found is not None
    assert found.pax_headers == records
    assert found.name.encode() == entry.name
    assert (found.uid, found.gid, found.linkname.encode()) == (entry.uid, entry.gid, entry.link)
    assert found.mtime == entry.mtime_ns / 1e9


def test_what_comes_with_an_entry_is_sorted_and_counts_itself() -> None:
    data = tar_writer.header(Entry(b"x", b"0"), {b"b": b"2", b"a": b"1" * 90, b"c": b"3" * 94})
    assert data[512:].startswith(b"96 a=" + b"1" * 90 + b"\n6 b=2\n")
    assert b"\n101 c=" + b"3" * 94 + b"\n" in data


# --- links ---


LINKS = {
    b"abs": b"/d", b"rel": b"d/e", b"up": b"../../../d", b"d/back": b"../rel/f", b"one": b"two", b"two": b"one",
    b"long": b"x/" * 5000, b"d/here": b".", b"empty": b"",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        (b"", b""), (b"/", b""), (b"d//./e/", b"d/e"), (b"../..", b""), (b"d/../x", b"x"), (b"abs", b"d"),
        (b"abs/e", b"d/e"), (b"rel/f", b"d/e/f"), (b"d/e/../../up/x", b"d/x"), (b"d/back/g", b"d/e/f/g"),
        (b"d/here/e", b"d/e"), (b"missing", b"missing"), (b"missing/./", b"missing"), (b"d/missing", b"d/missing"),
    ],
)  # fmt: skip
def test_a_path_leads_where_it_would_for_a_process_inside(path: bytes, leads_to: bytes) -> None:
    assert resolved(path, _target, lambda: RecursionError()) == leads_to


@pytest.mark.parametrize("path", [b"one", b"two/x", b"long"])
def test_links_without_end_are_told(path: bytes) -> None:
    with pytest.raises(RecursionError):
        resolved(path, _target, lambda: RecursionError())


@pytest.mark.parametrize("path", [b"missing/x", b"d/missing/../x", b"missing/.."])
def test_only_the_last_place_may_be_missing(path: bytes) -> None:
    with pytest.raises(FileNotFoundError):
        resolved(path, _target, lambda: RecursionError())


@pytest.mark.parametrize(("count", "ends"), [(40, True), (41, False)])
def test_so_many_links_are_followed_and_no_more(count: int, ends: bool) -> None:
    chain = {b"l%d" % number: b"l%d" % (number + 1) for number in range(count)}
    if ends:
        assert resolved(b"l0", chain.get, lambda: RecursionError()) == b"l%d" % count
    else:
        with pytest.raises(RecursionError):
            resolved(b"l0", chain.get, lambda: RecursionError())


def _target(here: bytes) -> bytes | None:
    if here.endswith(b"missing"):
        raise FileNotFoundError(here)
    return LINKS.get(here)


async def test_a_whole_tree_out_and_in_is_the_same_to_the_byte(keeper: Keeper, paths: Paths) -> None:
    source, target = paths.staging / "source", paths.staging / "target"
    source.mkdir()
    target.mkdir()
    archive = Archive.new().directory("d" * 90).add("d" * 90 + "/" + "f" * 90, b"x", mtime=1.25).symlink("l", "t" * 150)
    with stream(archive.data) as descriptor:
        await keeper.unpack(descriptor, source, layer=False)
    first = await packed(keeper, source, name="t")
    with stream(first) as descriptor:
        await keeper.unpack(descriptor, target, layer=False)
    assert await packed(keeper, target / "t", name="t") == first
