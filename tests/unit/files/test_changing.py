"""Files written, renamed, made and removed; what refuses, and in which words."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, StorageError, WherryError
from tests.unit.files.places import HERE, Room, room_at

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from engine.files.file_service import FileService


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    return room_at(tmp_path)


async def test_a_file_is_written_anew_and_over_another(room: Room) -> None:
    await room.files.write(HERE, "/f", b"one")
    assert (room.root / "f").read_bytes() == b"one"
    assert stat.S_IMODE((room.root / "f").stat().st_mode) == 0o644
    (room.root / "f").chmod(0o751)
    await room.files.write(HERE, "/f", b"two")
    assert (room.root / "f").read_bytes() == b"two"
    assert stat.S_IMODE((room.root / "f").stat().st_mode) == 0o751
    await room.files.write(HERE, "/f", b"three", mode=0o600)
    assert stat.S_IMODE((room.root / "f").stat().st_mode) == 0o600
    with pytest.raises(NotFound, match="There is no /none/f"):
        await room.files.write(HERE, "/none/f", b"")
    (room.root / "d").mkdir()
    with pytest.raises(InvalidRequest, match="/d is a directory"):
        await room.files.write(HERE, "/d", b"")


async def test_a_file_is_renamed(room: Room) -> None:
    (room.root / "d").mkdir()
    (room.root / "f").write_text("1")
    await room.files.rename(HERE, "/f", "/d/g")
    assert not (room.root / "f").exists()
    assert (room.root / "d/g").read_text() == "1"
    with pytest.raises(NotFound, match="There is no /f"):
        await room.files.rename(HERE, "/f", "/h")
    (room.root / "e").mkdir()
    with pytest.raises(Conflict, match="/e is there already") as caught:
        await room.files.rename(HERE, "/e", "/d")
    assert caught.value.code is Code.NAME_TAKEN


async def test_a_directory_is_made_once(room: Room) -> None:
    await room.files.make_directory(HERE, "/d")
    assert stat.S_IMODE((room.root / "d").stat().st_mode) == 0o755
    with pytest.raises(Conflict, match="/d is there already") as caught:
        await room.files.make_directory(HERE, "/d")
    assert (caught.value.code, caught.value.subject) == (Code.NAME_TAKEN, "/d")


async def test_a_directory_goes_with_all_in_it(room: Room) -> None:
    (room.root / "d/e").mkdir(parents=True)
    (room.root / "d/e/f").touch()
    await room.files.remove(HERE, "/d/")
    assert not (room.root / "d").exists()
    with pytest.raises(NotFound):
        await room.files.remove(HERE, "/d")


@pytest.mark.parametrize("path", ["/", "", "//"])
async def test_the_whole_tree_is_not_removed(room: Room, path: str) -> None:
    (room.root / "f").touch()
    with pytest.raises(Conflict, match="the whole tree") as caught:
        await room.files.remove(HERE, path)
    assert caught.value.subject == path
    assert (room.root / "f").exists()


async def test_a_volume_is_not_removed_as_a_directory(room: Room, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/f").touch()
    room.says(mounts=(("/data", str(tmp_path / "volume"), False),))
    with pytest.raises(Conflict):
        await room.files.remove(HERE, "/data")
    assert (tmp_path / "volume/f").exists()


_CHANGES: dict[str, Callable[[FileService, str], Coroutine[None, None, None]]] = {
    "write": lambda files, path: files.write(HERE, path, b"x"),
    "make_directory": lambda files, path: files.make_directory(HERE, path),
    "remove": lambda files, path: files.remove(HERE, path),
    "rename": lambda files, path: files.rename(HERE, path, "/elsewhere"),
    "rename to": lambda files, path: files.rename(HERE, "/elsewhere", path),
}


@pytest.mark.parametrize("change", _CHANGES)
async def test_what_may_only_be_read_is_not_changed(room: Room, tmp_path: Path, change: str) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/f").write_text("1")
    (room.root / "elsewhere").write_text("2")
    room.says(mounts=(("/data", str(tmp_path / "volume"), True),))
    with pytest.raises(Conflict, match="read-only") as caught:
        await _CHANGES[change](room.files, "/data/f")
    assert caught.value.subject == "/data/f"
    assert (tmp_path / "volume/f").read_text() == "1"
    assert (room.root / "elsewhere").read_text() == "2"


async def test_a_bound_file_that_may_only_be_read_is_not_written(room: Room, tmp_path: Path) -> None:
    (tmp_path / "conf").write_text("1")
    room.says(mounts=(("/etc/conf", str(tmp_path / "conf"), True),))
    with pytest.raises(Conflict, match="read-only"):
        await room.files.write(HERE, "/etc/conf", b"2")
    assert (tmp_path / "conf").read_text() == "1"


async def test_an_image_may_only_be_read(room: Room) -> None:
    (room.root / "f").touch()
    room.says(read_only=True)
    for change in _CHANGES.values():
        with pytest.raises(Conflict, match="read-only"):
            await change(room.files, "/f")


async def test_a_file_is_not_renamed_into_another_volume(room: Room, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (room.root / "f").write_text("1")
    room.says(mounts=(("/data", str(tmp_path / "volume"), False),))
    with pytest.raises(Conflict, match="another volume") as caught:
        await room.files.rename(HERE, "/f", "/data/f")
    assert caught.value.subject == "/f"
    assert (room.root / "f").exists()


@pytest.mark.parametrize(
    ("number", "error", "code", "said"),
    [
        (errno.ENOENT, NotFound, Code.NOT_FOUND, "There is no /f"),
        (errno.ENOTDIR, InvalidRequest, Code.INVALID, "/f is not a directory"),
        (errno.EISDIR, InvalidRequest, Code.INVALID, "/f is a directory"),
        (errno.EEXIST, Conflict, Code.NAME_TAKEN, "/f is there already"),
        (errno.ENOTEMPTY, Conflict, Code.NAME_TAKEN, "/f is there already"),
        (errno.ENOSPC, StorageError, Code.DISK_FULL, "The disk is full"),
        (errno.EDQUOT, StorageError, Code.DISK_FULL, "The disk is full"),
        (errno.EROFS, Conflict, Code.WRONG_STATE, "/f cannot be changed"),
        (errno.EACCES, Conflict, Code.WRONG_STATE, "/f cannot be changed"),
        (errno.EPERM, Conflict, Code.WRONG_STATE, "/f cannot be changed"),
        (errno.EXDEV, Conflict, Code.WRONG_STATE, "/f is a mount, or beyond one"),
        (errno.EBUSY, Conflict, Code.WRONG_STATE, "/f is a mount, or beyond one"),
        (errno.ELOOP, InvalidRequest, Code.INVALID, "The links at /f lead in circles"),
        (errno.EIO, StorageError, Code.CORRUPT, "/f could not be used"),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else "",
)
async def test_a_refusal_of_the_kernel_is_said_in_words(
    room: Room, number: int, error: type[WherryError], code: Code, said: str
) -> None:
    room.keeper.refusal = OSError(number, os.strerror(number), "somewhere")
    for change in _CHANGES.values():
        with pytest.raises(error) as caught:
            await change(room.files, "/f")
        assert (caught.value.title.replace("/elsewhere", "/f"), caught.value.code) == (said, code)
        assert (caught.value.subject.replace("/elsewhere", "/f"), "somewhere" in caught.value.details) == ("/f", True)
        if said in ("/f cannot be changed", "/f could not be used"):
            assert caught.value.explanation == f"{os.strerror(number)}."


@pytest.mark.parametrize("change", _CHANGES)
async def test_no_path_has_a_nul_in_it(room: Room, change: str) -> None:
    (room.root / "elsewhere").touch()
    with pytest.raises(InvalidRequest, match="NUL") as caught:
        await _CHANGES[change](room.files, "/f\0g")
    assert caught.value.subject == "path"
