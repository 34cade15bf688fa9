"""Directories downloaded and uploaded as tar streams, with what is mounted below them."""

from __future__ import annotations

import asyncio
import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.errors import Conflict, InvalidRequest, NotFound, WherryError
from tests.support.images import File, directory, layer_tar
from tests.unit.files.places import HERE, Room, pieces, room_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    return room_at(tmp_path)


async def names(room: Room, path: str) -> list[str]:
    data = b"".join([piece async for piece in room.files.download(HERE, path)])
    return tarfile.open(fileobj=io.BytesIO(data)).getnames()


# --- out ---


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/d", ["d", "d/f"]),
        ("/d/", ["d", "d/f"]),
        ("/d/.", [".", "./f"]),
        ("/d/f", ["f"]),
        ("/l", ["l"]),
        ("/l/", ["l", "l/f"]),
        ("/l/.", [".", "./f"]),
        ("/", [".", "./d", "./d/f", "./l"]),
    ],
)
async def test_an_entry_is_called_by_its_name_or_the_dot(room: Room, path: str, found: list[str]) -> None:
    (room.root / "d").mkdir()
    (room.root / "d/f").write_text("1")
    (room.root / "l").symlink_to("/d")
    assert await names(room, path) == found


@pytest.mark.parametrize("path", ["/x", "/x/", "/d/x", "/dead/"])
async def test_what_is_not_there_is_not_downloaded(room: Room, path: str) -> None:
    (room.root / "d").mkdir()
    (room.root / "dead").symlink_to("nowhere")
    with pytest.raises(NotFound, match=f"There is no {path}"):
        await names(room, path)


async def test_contents_come_as_they_are(room: Room) -> None:
    (room.root / "f").write_bytes(bytes(range(256)) * 9000)
    data = b"".join([piece async for piece in room.files.download(HERE, "/f")])
    file = tarfile.open(fileobj=io.BytesIO(data)).extractfile("f")
    assert file is not None
    assert file.read() == bytes(range(256)) * 9000


async def test_marks_tell_every_file_and_its_digest(room: Room) -> None:
    (room.root / "d").mkdir()
    (room.root / "d/f").write_bytes(b"")
    found = {each.path: (each.kind, each.digest[:4]) for each in await room.files.marks(HERE)}
    assert found == {"": ("directory", ""), "d": ("directory", ""), "d/f": ("file", "e3b0")}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/srv", ["srv", "srv/data", "srv/data/in", "srv/file"]),
        ("/", [".", "./srv", "./way", "./srv/data", "./srv/data/in", "./srv/file"]),
        ("/way", ["way"]),
        ("/way/", ["way", "way/data", "way/data/in", "way/file"]),
        ("/srv/data", ["data", "data/in"]),
        ("/srv/data/in", ["in"]),
        ("/srv/file", ["one"]),
    ],
)
async def test_a_stopped_containers_volumes_come_along(room: Room, tmp_path: Path, path: str, found: list[str]) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/in").touch()
    (tmp_path / "one").touch()
    (room.root / "srv/data").mkdir(parents=True)
    (room.root / "srv/data/covered").touch()
    (room.root / "srv/file").touch()
    (room.root / "way").symlink_to("srv")
    room.says(
        mounts=(("/srv/data", str(tmp_path / "volume"), False), ("/srv/file", str(tmp_path / "one"), True),
                ("/other", str(tmp_path / "volume"), False))
    )  # fmt: skip
    assert sorted(await names(room, path)) == sorted(
        ["file" if each == "one" else each for each in found] + (["./other", "./other/in"] if path == "/" else [])
    )


async def test_a_running_containers_volumes_are_named_to_the_packer(room: Room) -> None:
    (room.root / "srv/data").mkdir(parents=True)
    (room.root / "srv/data/in").touch()
    (room.root / "srvant").mkdir()
    room.says(shown_mounts=("/srv/data", "/srvant", "/srv", "/gone"))
    assert await names(room, "/srv") == ["srv", "srv/data", "srv/data/in"]
    (packed,) = [each for each in room.keeper.operations if type(each).__name__ == "Pack"]
    assert [(str(each[0]), each[1], each[2]) for each in packed.mounted] == [(str(room.root), "/srv/data", "srv/data")]


# --- in ---


async def test_what_is_uploaded_lies_in_the_directory(room: Room) -> None:
    (room.root / "d").mkdir()
    (room.root / "l").symlink_to("d")
    data = layer_tar([directory("e", 0o750), File("e/f", b"1" * 20_000, 0o600), File("g", b"2")])
    await room.files.upload(HERE, "/l", pieces(data))
    assert (room.root / "d/e/f").read_bytes() == b"1" * 20_000
    assert (room.root / "d/g").read_bytes() == b"2"
    assert stat.S_IMODE((room.root / "d/e").stat().st_mode) == 0o750
    assert room.given.held == 0


@pytest.mark.parametrize(("copied", "owner"), [(False, (0, 0)), (True, None)])
async def test_all_belongs_to_root_unless_owners_are_copied(
    room: Room, copied: bool, owner: tuple[int, int] | None
) -> None:
    options = {"copy_owner": True} if copied else {}
    await room.files.upload(HERE, "/", pieces(layer_tar([File("f", b"1", uid=7)])), **options)
    (asked,) = [each for each in room.keeper.operations if type(each).__name__ == "Unpack"]
    assert (asked.owner, asked.layer, asked.no_overwrite_kind) == (owner, False, False)
    assert (asked.root, asked.target) == (room.root, room.root)


async def test_a_directory_is_replaced_by_a_file_unless_that_is_refused(room: Room) -> None:
    (room.root / "f").mkdir()
    with pytest.raises(WherryError, match="directory"):
        await room.files.upload(HERE, "/", pieces(layer_tar([File("f", b"1")])), no_overwrite_kind=True)
    assert (room.root / "f").is_dir()
    await room.files.upload(HERE, "/", pieces(layer_tar([File("f", b"1")])))
    assert (room.root / "f").read_bytes() == b"1"


async def test_an_upload_needs_a_directory_that_may_be_written(room: Room, tmp_path: Path) -> None:
    (room.root / "f").touch()
    (tmp_path / "volume").mkdir()
    room.says(mounts=(("/data", str(tmp_path / "volume"), True),))
    data = layer_tar([File("g", b"1")])
    with pytest.raises(Conflict, match="/f is not a directory") as caught:
        await room.files.upload(HERE, "/f", pieces(data))
    assert caught.value.subject == "/f"
    with pytest.raises(Conflict, match="read-only"):
        await room.files.upload(HERE, "/data", pieces(data))
    with pytest.raises(NotFound, match="There is no /none"):
        await room.files.upload(HERE, "/none", pieces(data))
    assert not list((tmp_path / "volume").iterdir())


async def test_an_upload_into_a_volume_lies_in_the_volume(room: Room, tmp_path: Path) -> None:
    (tmp_path / "volume/sub").mkdir(parents=True)
    (room.root / "data/sub").mkdir(parents=True)
    room.says(mounts=(("/data", str(tmp_path / "volume"), False),))
    await room.files.upload(HERE, "/data/sub", pieces(layer_tar([File("g", b"1")])))
    assert (tmp_path / "volume/sub/g").read_bytes() == b"1"
    assert not list((room.root / "data/sub").iterdir())


async def test_no_archive_is_told_and_leaves_no_descriptor(room: Room) -> None:
    before = _pipes()
    with pytest.raises(WherryError):
        await room.files.upload(HERE, "/", pieces(b"nonsense" * 100_000))
    assert _pipes() == before


async def test_a_source_that_breaks_off_is_told_as_what_it_was(room: Room) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield layer_tar([File("f", b"1")])
        raise InvalidRequest("The sender went away")

    before = _pipes()
    with pytest.raises(InvalidRequest, match="went away"):
        await room.files.upload(HERE, "/", breaks())
    assert _pipes() == before


async def test_who_stops_an_upload_leaves_no_descriptor(room: Room) -> None:
    reached, before = asyncio.Event(), _pipes()

    async def waits() -> AsyncIterator[bytes]:
        yield layer_tar([File("f", b"1" * 3_000_000)])[:1_000_000]
        reached.set()
        await asyncio.Event().wait()

    uploading = asyncio.create_task(room.files.upload(HERE, "/", waits()))
    await reached.wait()
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    assert room.given.held == 0
    assert _pipes() == before


def _pipes() -> int:
    found = 0
    for each in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{each}").startswith("pipe:")
        except OSError:
            continue
    return found
