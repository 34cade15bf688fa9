"""What a container changed in one directory, read off what its overlay wrote and the layers below."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.files.marks import Marks, changes_in, removed_entries
from engine.files.tree import Tree
from tests.unit.files.places import Room, room_at

if TYPE_CHECKING:
    from pathlib import Path


def tree(place: Path, **more: object) -> Tree:
    """The upper directory `upper`, above the layers `one` and `two`."""
    more = {"driver": "fuse-overlayfs", "lowers": (str(place / "one"), str(place / "two"))} | more
    return Tree(str(place / "tree"), upper=str(place / "upper"), **more)  # type: ignore[arg-type]


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    for name in ("upper", "one", "two"):
        (tmp_path / name).mkdir()
    return room_at(tmp_path)


def put(place: Path, *names: str) -> None:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()


async def changed(room: Room, tmp_path: Path, path: str = "/", **more: object) -> tuple[set[str], set[str], set[str]]:
    marks = await changes_in(room.keeper, tree(tmp_path, **more), path)
    return marks.added, marks.modified, marks.removed


async def test_whatever_a_layer_has_was_changed_and_the_rest_added(room: Room, tmp_path: Path) -> None:
    put(tmp_path / "upper", "d/a", "d/b", "d/c", "d/.wh.e", "d/.wh.never")
    put(tmp_path / "one", "d/a", "d/e")
    put(tmp_path / "two", "d/b", "d/f")
    assert await changed(room, tmp_path, "/d") == ({"c"}, {"a", "b"}, {"e"})
    assert await changed(room, tmp_path, "/d/") == ({"c"}, {"a", "b"}, {"e"})


async def test_what_a_layer_took_away_is_added_anew(room: Room, tmp_path: Path) -> None:
    put(tmp_path / "upper", "a")
    put(tmp_path / "one", ".wh.a")
    assert (await changed(room, tmp_path))[0] == {"a"}


async def test_a_directory_the_container_never_touched_costs_one_look(room: Room, tmp_path: Path) -> None:
    put(tmp_path / "one", "d/a")
    assert await changed(room, tmp_path, "/d") == (set(), set(), set())
    assert len(room.keeper.operations) == 1


async def test_a_device_takes_away_too(room: Room, tmp_path: Path) -> None:
    put(tmp_path / "one", "gone", "tty")
    os.mknod(tmp_path / "upper/gone", stat.S_IFCHR, 0)
    assert await changed(room, tmp_path, driver="overlay") == (set(), set(), {"gone"})


async def test_to_the_kernels_overlay_a_name_is_only_a_name(room: Room, tmp_path: Path) -> None:
    put(tmp_path / "upper", ".wh.a", ".wh..wh..opq")
    put(tmp_path / "one", "a")
    assert await changed(room, tmp_path, driver="overlay") == ({".wh.a", ".wh..wh..opq"}, set(), set())


async def test_the_name_that_hides_a_directorys_past_is_no_file(room: Room, tmp_path: Path) -> None:
    put(tmp_path / "upper", ".wh..wh..opq", ".wh..opq", "a")
    put(tmp_path / "one", "b")
    assert (await changed(room, tmp_path))[0] == {"a"}


async def test_what_is_mounted_and_the_engines_own_files_are_no_change(room: Room, tmp_path: Path) -> None:
    put(tmp_path / "upper", "etc/hosts", "etc/mine", "srv/data/.keep", "run/secret", "opt/a/b/c", "opt/a/new", "www/x")
    put(tmp_path / "one", "etc/passwd")
    own = ("/etc/hosts", "/srv/data/", "/run", "/opt/a/b/c")
    assert await changed(room, tmp_path, no_changes=own) == ({"opt", "www"}, {"etc"}, set())
    assert await changed(room, tmp_path, "/etc", no_changes=own) == ({"mine"}, set(), set())
    (tmp_path / "upper/opt/a/new").unlink()
    (tmp_path / "upper/etc/mine").unlink()
    assert await changed(room, tmp_path, no_changes=own) == ({"www"}, set(), set())


async def test_a_directory_with_only_a_past_to_hide_beside_a_mount_is_no_change(room: Room, tmp_path: Path) -> None:
    put(tmp_path / "upper", "etc/hosts", "etc/.wh..wh..opq")
    assert await changed(room, tmp_path, no_changes=("/etc/hosts",)) == (set(), set(), set())
    put(tmp_path / "upper", "etc/.wh.passwd")
    assert (await changed(room, tmp_path, no_changes=("/etc/hosts",)))[0] == {"etc"}


def test_each_mark_has_its_word() -> None:
    marks = Marks(added={"a"}, modified={"m"}, removed={"r"})
    assert [marks.changed(name) for name in "amrx"] == ["added", "changed", "", ""]


def test_what_is_back_is_not_shown_as_removed() -> None:
    found = removed_entries(Marks(removed={"c", "a", "b"}), {"b"})
    assert [(each.name, each.changed) for each in found] == [("a", "removed"), ("c", "removed")]
