"""What a container did to its image: each entry of its own layer held against what the image has there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.images.look.compare import _ContainerChanges
from engine.images.look.stack import Stack
from engine.images.streams.tar_stream import Member
from engine.types.images import FileKind, TreeChange
from tests.support.indexes import file, folder, make_index, symlink

if TYPE_CHECKING:
    from pathlib import Path

BELOW = [
    folder("d"), file("d/one", b"1"), file("d/two", b"22"), folder("d/inner"), file("d/inner/deep", b"333"),
    file("f", b"4444"), symlink("l", "f"),
]  # fmt: skip


def changed(place: Path, *members: Member, digests: dict[str, str] | None = None) -> tuple[dict[str, str], int]:
    changes = _ContainerChanges(Stack([make_index(place, "0", BELOW)]))
    for member in members:
        changes.take(member, (digests or {}).get(member.name, "0" * 64))
    return {path: each.change.value for path, each in changes.found.items()}, changes.bytes


def a_file(name: str, size: int = 0, mode: int = 0o644) -> Member:
    return Member(name=name, size=size, is_file=True, mode=mode)


def a_folder(name: str, mode: int = 0o755) -> Member:
    return Member(name=name, size=0, is_file=False, kind=b"5", mode=mode)


def test_a_whiteout_takes_one_path_away(tmp_path: Path) -> None:
    assert changed(tmp_path, a_file("d/.wh.two")) == ({"/d/two": "removed"}, -2)
    assert changed(tmp_path, a_file("./.wh.f")) == ({"/f": "removed"}, -4)
    assert changed(tmp_path, a_file("d/.wh.nothing")) == ({}, 0)


def test_an_opaque_directory_takes_all_below_it_away(tmp_path: Path) -> None:
    gone = {"/d/one": "removed", "/d/two": "removed", "/d/inner": "removed", "/d/inner/deep": "removed"}
    assert changed(tmp_path, a_folder("d"), a_file("d/.wh..wh..opq")) == (gone, -6)


def test_what_comes_back_in_an_opaque_directory_is_what_it_is_now(tmp_path: Path) -> None:
    found, size = changed(tmp_path, a_folder("d"), a_file("d/.wh..wh..opq"), a_file("d/one", 5))
    assert found["/d/one"] == TreeChange.CHANGED
    assert found["/d/two"] == TreeChange.REMOVED
    assert size == 5 - 6, "the bytes that went are taken off once"


def test_a_new_path_counts_its_bytes_and_an_old_one_the_difference(tmp_path: Path) -> None:
    assert changed(tmp_path, a_file("new", 9)) == ({"/new": "added"}, 9)
    assert changed(tmp_path, a_file("f", 10)) == ({"/f": "changed"}, 6)


def test_another_mode_alone_is_told_as_that_and_the_same_as_nothing(tmp_path: Path) -> None:
    assert changed(tmp_path, a_folder("d")) == ({}, 0)
    assert changed(tmp_path, a_folder("d", 0o700)) == ({"/d": "mode-only"}, 0)
    assert changed(tmp_path, a_folder(".")) == ({}, 0)
    link = Member(name="l", size=0, is_file=False, kind=b"2", mode=0o777, link="f")
    assert changed(tmp_path, link) == ({}, 0)
    assert changed(tmp_path, Member(name="l", size=0, is_file=False, kind=b"2", mode=0o777, link="d")) == (
        {"/l": "changed"}, 0,
    )  # fmt: skip


def test_what_is_there_now_is_described(tmp_path: Path) -> None:
    changes = _ContainerChanges(Stack([make_index(tmp_path, "0", BELOW)]))
    changes.take(Member(name="p", size=0, is_file=False, kind=b"6", mode=0o600, uid=3, gid=4, mtime=5.0), "")
    changes.take(a_file("f", 2), "ab" * 32)

    new, old = changes.found["/p"].new, changes.found["/f"].old
    assert new is not None
    assert (new.path, new.kind, new.size, new.mode, new.uid, new.gid, new.mtime, new.digest) == (
        "/p", FileKind.FIFO, 0, 0o600, 3, 4, 5.0, "",
    )  # fmt: skip
    assert old is not None
    assert (old.path, old.size) == ("/f", 4)
    written = changes.found["/f"].new
    assert written is not None
    assert (written.kind, written.digest, written.size) == (FileKind.FILE, "sha256:" + "ab" * 32, 2)


def test_names_that_are_no_text_are_compared_all_the_same(tmp_path: Path) -> None:
    below = [folder("d\udcff"), file("d\udcff/a\udcfe", b"1"), file("d\udcff/b", b"22"), file("f\udcfd", b"333")]
    changes = _ContainerChanges(Stack([make_index(tmp_path, "0", below)]))
    for name in ("d\udcff/.wh.a\udcfe", ".wh.f\udcfd"):
        changes.take(a_file(name), "")
    changes.take(a_file("d\udcff/b", 2), "0" * 64)
    assert {path: each.change.value for path, each in changes.found.items()} == {
        "/d\udcff/a\udcfe": "removed", "/f\udcfd": "removed", "/d\udcff/b": "changed",
    }  # fmt: skip
    changes = _ContainerChanges(Stack([make_index(tmp_path, "1", below)]))
    changes.take(a_file("d\udcff/.wh..wh..opq"), "")
    assert set(changes.found) == {"/d\udcff/a\udcfe", "/d\udcff/b"}


def test_what_went_is_described_as_it_was(tmp_path: Path) -> None:
    changes = _ContainerChanges(Stack([make_index(tmp_path, "0", BELOW)]))
    for name in (".wh.f", ".wh.l", "d/.wh.inner", "d/.wh.inner"):
        changes.take(a_file(name), "")
    gone = {path: each.old for path, each in changes.found.items()}
    assert {path: (each.path, each.size, each.kind, each.link) for path, each in gone.items() if each} == {
        "/f": ("/f", 4, FileKind.FILE, ""), "/l": ("/l", 0, FileKind.SYMLINK, "f"),
        "/d/inner": ("/d/inner", 0, FileKind.DIRECTORY, ""),
    }  # fmt: skip
    assert changes.bytes == -4
    assert {each.new for each in changes.found.values()} == {None}


def test_another_name_of_a_file_brings_no_bytes(tmp_path: Path) -> None:
    changes = _ContainerChanges(Stack([make_index(tmp_path, "0", BELOW)]))
    changes.take(Member(name="twin", size=4, is_file=False, kind=b"1", mode=0o644, link="f", hard=True), "0" * 64)
    assert changes.bytes == 0
    new = changes.found["/twin"].new
    assert new is not None
    assert (new.kind, new.size, new.digest, new.link) == (FileKind.HARDLINK, 0, "", "f")
