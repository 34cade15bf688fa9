"""A directory listed, an entry looked at, a file read: of a tree, and of what would be mounted in it."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, InvalidRequest, NotFound, WherryError
from engine.types.files import Place
from engine.types.images import FileKind
from tests.unit.files.places import HERE, Room, room_at

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    return room_at(tmp_path)


# --- a directory ---


async def test_entries_come_by_name_with_all_that_is_known_of_them(room: Room) -> None:
    file = room.root / "f"
    file.write_bytes(b"12345")
    file.chmod(0o640)
    os.utime(file, ns=(0, 1_500_000_000_500_000_000))
    (room.root / "d").mkdir()
    (room.root / "l").symlink_to("f")
    os.mkfifo(room.root / "a")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(room.root / "s"))
        found = await room.files.list(HERE, "/")

    assert [(each.name, each.kind, each.size, each.link) for each in found] == [
        ("a", FileKind.FIFO, 0, ""),
        ("d", FileKind.DIRECTORY, 0, ""),
        ("f", FileKind.FILE, 5, ""),
        ("l", FileKind.SYMLINK, 0, "f"),
        ("s", FileKind.FIFO, 0, ""),
    ]
    one = found[2]
    assert (stat.S_IMODE(one.mode), one.mtime, one.uid, one.gid) == (0o640, 1_500_000_000.5, os.getuid(), os.getgid())
    assert {each.changed for each in found} == {""}
    assert room.given.held == 0


async def test_a_device_is_a_device(room: Room) -> None:
    room.given.tree_here = type(room.given.tree_here)("/dev")
    kinds = {each.name: each.kind for each in await room.files.list(HERE, "/")}
    assert kinds["null"] is FileKind.DEVICE


async def test_what_the_container_changed_is_marked(room: Room, tmp_path: Path) -> None:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for place, names in ((upper, ("new", "changed", ".wh.gone")), (lower, ("changed", "gone", "same"))):
        (place / "d").mkdir(parents=True)
        for name in names:
            (place / "d" / name).touch()
    (room.root / "d").mkdir()
    for name in ("new", "changed", "same"):
        (room.root / "d" / name).touch()
    room.says(upper=str(upper), lowers=(str(lower),))

    found = await room.files.list(HERE, "/d")

    assert [(each.name, each.changed) for each in found] == [
        ("changed", "changed"), ("gone", "removed"), ("new", "added"), ("same", ""),
    ]  # fmt: skip
    gone = found[1]
    assert (gone.kind, gone.size, gone.mode, gone.uid, gone.gid, gone.mtime) == (FileKind.FILE, 0, 0, 0, 0, 0.0)


async def test_what_lies_in_a_volume_was_not_changed_by_the_container(room: Room, tmp_path: Path) -> None:
    for place in ("upper/data", "volume"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "volume/f").touch()
    (tmp_path / "upper/data/f").touch()
    room.says(upper=str(tmp_path / "upper"), mounts=(("/data", str(tmp_path / "volume"), False),))
    assert [(each.name, each.changed) for each in await room.files.list(HERE, "/data")] == [("f", "")]


@pytest.mark.parametrize(
    ("path", "error", "code", "said"),
    [
        ("/none", NotFound, Code.NOT_FOUND, "There is no /none"),
        ("/f", InvalidRequest, Code.INVALID, "/f is not a directory"),
        ("/f/x", InvalidRequest, Code.INVALID, "/f/x is not a directory"),
        ("/round", InvalidRequest, Code.INVALID, "The links at /round lead in circles"),
    ],
)
async def test_why_a_directory_cannot_be_listed(
    room: Room, path: str, error: type[WherryError], code: Code, said: str
) -> None:
    (room.root / "f").touch()
    (room.root / "round").symlink_to("round")
    with pytest.raises(error) as caught:
        await room.files.list(HERE, path)
    assert (caught.value.title, caught.value.code, caught.value.subject) == (said, code, path)
    assert caught.value.details


async def test_another_place_is_not_found(room: Room) -> None:
    with pytest.raises(NotFound):
        await room.files.list(Place(kind="volume", id="here"), "/")


# --- one entry ---


async def test_a_link_is_looked_at_itself_unless_its_contents_are_meant(room: Room) -> None:
    (room.root / "d").mkdir(0o700)
    (room.root / "l").symlink_to("/d")
    link = await room.files.stat(HERE, "/l")
    assert (link.name, stat.S_ISLNK(link.mode), link.link_target) == ("l", True, "/d")
    for path in ("/l/", "/l/."):
        behind = await room.files.stat(HERE, path)
        assert (behind.name, stat.S_ISDIR(behind.mode), behind.link_target) == ("l", True, "")


async def test_where_a_link_leads_is_told_as_a_path_from_the_top(room: Room) -> None:
    (room.root / "d").mkdir()
    (room.root / "d/f").touch()
    (room.root / "d/l").symlink_to("f")
    (room.root / "d/dead").symlink_to("../../nowhere/x")
    assert (await room.files.stat(HERE, "/d/l")).link_target == "/d/f"
    assert (await room.files.stat(HERE, "/d/dead")).link_target == "../../nowhere/x"


async def test_the_top_has_a_name_and_a_file_its_size_and_time(room: Room) -> None:
    assert (await room.files.stat(HERE, "/")).name == "/"
    (room.root / "f").write_bytes(b"123")
    os.utime(room.root / "f", ns=(0, 1_500_000_000_500_000_000))
    (room.root / "d").mkdir()
    found = await room.files.stat(HERE, "/d/../f/")
    assert (found.name, found.size, found.mtime, found.link_target) == ("f", 3, 1_500_000_000.5, "")
    assert stat.S_ISREG(found.mode)


async def test_what_is_not_there_cannot_be_looked_at(room: Room) -> None:
    with pytest.raises(NotFound, match="There is no /x"):
        await room.files.stat(HERE, "/x")


async def test_a_link_in_a_volume_keeps_its_words(room: Room, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/f").touch()
    (tmp_path / "volume/l").symlink_to("f")
    room.says(mounts=(("/data", str(tmp_path / "volume"), False),))
    assert (await room.files.stat(HERE, "/data/l")).link_target == "f"


# --- a file ---


async def test_a_file_is_read_from_where_it_is_asked_and_no_further(room: Room) -> None:
    (room.root / "f").write_bytes(bytes(range(256)) * 10_000)
    whole = bytes(range(256)) * 10_000
    assert await room.files.read(HERE, "/f") == whole[: 1 << 20]
    assert await room.files.read(HERE, "/f", limit=len(whole) + 9) == whole
    assert await room.files.read(HERE, "/f", offset=100, limit=1_500_000) == whole[100:1_500_100]
    assert await room.files.read(HERE, "/f", offset=len(whole) - 3, limit=10) == whole[-3:]
    assert await room.files.read(HERE, "/f", offset=len(whole) + 1, limit=10) == b""
    assert await room.files.read(HERE, "/f", limit=0) == b""
    assert await room.files.read(HERE, "/f", offset=3, limit=1) == b"\3"


async def test_a_link_that_leads_out_is_read_inside(room: Room) -> None:
    (room.root / "etc").mkdir()
    (room.root / "etc/passwd").write_text("ours")
    (room.root / "l").symlink_to("../../../../etc/passwd")
    assert await room.files.read(HERE, "/l") == b"ours"


@pytest.mark.parametrize(("offset", "limit"), [(-1, 1), (0, -1), (0, (256 << 20) + 1)])
async def test_what_cannot_be_read_at_once_is_refused(room: Room, offset: int, limit: int) -> None:
    (room.root / "f").write_bytes(b"1")
    with pytest.raises(InvalidRequest, match="cannot be read at once") as caught:
        await room.files.read(HERE, "/f", offset=offset, limit=limit)
    assert caught.value.subject == "/f"
    assert not room.keeper.operations


async def test_the_most_that_can_be_read_at_once(room: Room) -> None:
    (room.root / "f").write_bytes(b"1")
    assert await room.files.read(HERE, "/f", limit=256 << 20) == b"1"


async def test_only_files_are_read(room: Room) -> None:
    os.mkfifo(room.root / "p")
    (room.root / "d").mkdir()
    for path in ("/p", "/d"):
        with pytest.raises(InvalidRequest, match=f"{path} is not a file") as caught:
            await room.files.read(HERE, path)
        assert caught.value.subject == path
    with pytest.raises(NotFound):
        await room.files.read(HERE, "/none")


async def test_reading_keeps_nothing_open(room: Room) -> None:
    (room.root / "f").write_bytes(b"1")
    descriptor = await room.keeper.open_file(room.root, "/f", os.O_RDONLY)
    before = sum(_leads_to(each, room.root / "f") for each in os.listdir("/proc/self/fd"))
    await room.files.read(HERE, "/f")
    assert sum(_leads_to(each, room.root / "f") for each in os.listdir("/proc/self/fd")) == before
    os.close(descriptor)


def _leads_to(descriptor: str, path: Path) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}") == str(path)
    except OSError:
        return False


async def test_the_room_closes_without_a_word(room: Room) -> None:
    await room.files.close()
