"""What is in a volume: from the image, kept in a file and brought back, copied; and what must not be lost over it."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest
import zstandard

from engine.errors import Code, Conflict, InvalidRequest, NotFound, StorageError, Unsupported, WherryError
from engine.volumes import archive
from tests.unit.volumes.conftest import files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.volumes.conftest import Room


# --- contents ---


async def test_the_images_files_go_into_an_empty_one_only(room: Room, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("the image's")
    await room.service.ensure("data")
    await room.service.populate("data", tmp_path)
    assert (room.data("data") / "file").read_text() == "the image's"
    (tmp_path / "second").touch()
    await room.service.populate("data", tmp_path)
    assert not (room.data("data") / "second").exists()


@pytest.mark.parametrize("name", ["data.tar", "data.tar.zst", "data.tzst"])
async def test_what_was_kept_is_brought_back(room: Room, tmp_path: Path, name: str) -> None:
    await room.service.ensure("data")
    (room.data("data") / "sub").mkdir()
    (room.data("data") / "sub/file").write_text("mine" * 1000)
    kept = tmp_path / name
    handle = room.service.backup("data", str(kept))
    assert await handle.result() == str(kept)
    shown = await room.operations.get(handle.id)
    assert (shown.kind, shown.title, shown.subject) == ("backup", "Back up volume data", "data")
    assert (shown.request, shown.status) == ({"path": str(kept)}, "Packing")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [name]
    is_zstd = kept.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    assert is_zstd is (name != "data.tar")

    (room.data("data") / "later").write_text("x")
    handle = room.service.restore("data", str(kept))
    assert await handle.result() == "data"
    shown = await room.operations.get(handle.id)
    assert (shown.kind, shown.title, shown.subject) == ("restore", "Restore volume data", "data")
    assert (shown.request, shown.status) == ({"path": str(kept)}, "Unpacking")
    assert files(room.data("data")) == {"sub/file": "mine" * 1000}
    assert room.parts("data") == {"data"}
    await room.service.restore("other", str(kept)).result()
    assert files(room.data("other")) == {"sub/file": "mine" * 1000}


async def test_a_path_is_taken_from_where_one_is(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await room.service.ensure("data")
    assert await room.service.backup("data", "x.tar").result() == str(tmp_path / "x.tar")
    assert await room.service.restore("data", "x.tar").result() == "data"
    with pytest.raises(NotFound):
        room.service.backup("nothing", "x.tar")


def tar_of(*sizes: int) -> bytes:
    """Of files that no compression makes smaller."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for number, size in enumerate(sizes):
            member = tarfile.TarInfo(f"file-{number}")
            member.size = size
            tar.addfile(member, io.BytesIO(os.urandom(size)))
    return made.getvalue()


PLAIN = tar_of(100_000, 512)
ZSTD = zstandard.ZstdCompressor().compress(PLAIN)
CUT_OFF = "The backup is damaged. Its end is missing."


@pytest.mark.parametrize(
    ("name", "contents", "story"),
    [
        ("nothing.tar", None, "{} cannot be opened. No such file or directory."),
        (
            "gzip.tar",
            gzip.compress(PLAIN),
            "This backup is compressed with gzip. Volumes are backed up as .tar or .tar.zst. Unpack it first: "
            "gunzip {}.",
        ),
        ("rubbish.tar", b"rubbish" * 1000, ""),
        ("damaged.zst", ZSTD[:4] + b"\xff" * 50, ""),
        ("empty.tar", b"", CUT_OFF),
        ("cut off behind a file.tar", PLAIN[: 512 + 100_352], CUT_OFF),
        ("cut off in a file.tar", PLAIN[:50_000], ""),
        ("cut off.zst", ZSTD[: len(ZSTD) // 2], CUT_OFF),
        ("cut off at once.zst", ZSTD[:10], CUT_OFF),
    ],
)
async def test_what_is_no_whole_backup_changes_nothing(
    room: Room, tmp_path: Path, name: str, contents: bytes | None, story: str
) -> None:
    await room.service.ensure("data")
    (room.data("data") / "file").write_text("mine")
    path = tmp_path / name
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(WherryError) as caught:
        await room.service.restore("data", str(path)).result()
    assert str(caught.value) == story.format(path) or not story
    if story.startswith("{}") or "gzip" in name:
        assert (type(caught.value), caught.value.subject) == (InvalidRequest, str(path))
    else:
        assert caught.value.code is Code.BAD_ARCHIVE
    assert files(room.data("data")) == {"file": "mine"}
    assert room.parts("data") == {"data"}


async def test_backups_of_other_tools_are_brought_back(room: Room, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(PLAIN + bytes(100_000))
    (tmp_path / "b.zst").write_bytes(zstandard.ZstdCompressor().compress(PLAIN + bytes(3_000_000)))
    for name in ("a.tar", "b.zst"):
        await room.service.restore("data", str(tmp_path / name)).result()
        assert {path.name: path.stat().st_size for path in room.data("data").iterdir()} == {
            "file-0": 100_000, "file-1": 512,
        }  # fmt: skip


async def test_one_whose_container_runs_is_not_replaced(room: Room, tmp_path: Path) -> None:
    await room.service.ensure("data")
    await room.service.backup("data", str(tmp_path / "x.tar")).result()
    room.users.users, room.users.running = {"data": ("c1", "c2")}, {"c2"}
    with pytest.raises(Conflict) as caught:
        await room.service.restore("data", str(tmp_path / "x.tar")).result()
    assert str(caught.value) == "The volume “data” is in use. By: name of c2. Stop these containers first."
    room.users.running = set()
    assert await room.service.restore("data", str(tmp_path / "x.tar")).result() == "data"
    room.users.users = {}
    await room.service.ensure("memory", options={"type": "tmpfs", "device": "tmpfs"})
    with pytest.raises(Unsupported) as unsupported:
        await room.service.restore("memory", str(tmp_path / "x.tar")).result()
    assert str(unsupported.value) == (
        "The volume “memory” has no files of its own to replace. It is kept in memory, or stands for a folder of this "
        "machine."
    )
    assert unsupported.value.subject == "memory"


async def test_a_place_that_takes_no_backup_is_told_and_left_clean(room: Room, tmp_path: Path) -> None:
    await room.service.ensure("data")
    (tmp_path / "file").touch()
    target = tmp_path / "file/x.tar"
    with pytest.raises(StorageError) as caught:
        await room.service.backup("data", str(target)).result()
    error = caught.value
    assert str(error) == f"{target} cannot be written. Not a directory. Choose another place."
    assert (error.code, error.subject) == (Code.INVALID, str(target))
    full = archive._unwritable(target, OSError(28, "No space left on device"))
    assert (full.code, full.subject, full.explanation) == (Code.DISK_FULL, str(target), "No space left on device")
    assert archive._unwritable(target, OSError("odd")).explanation == "odd"


async def test_half_a_backup_never_looks_like_one(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.service.ensure("data")
    (tmp_path / "x.tar.zst").write_text("the one before")

    async def fail(*_: object) -> None:
        raise StorageError("It broke off")

    monkeypatch.setattr(room.keeper, "pack", fail)
    with pytest.raises(StorageError, match="It broke off"):
        await room.service.backup("data", str(tmp_path / "x.tar.zst")).result()
    assert os.listdir(tmp_path) == ["x.tar.zst"]
    assert (tmp_path / "x.tar.zst").read_text() == "the one before"


async def test_a_copy_is_one_of_its_own(room: Room) -> None:
    await room.service.ensure("data", labels={"a": "1"}, anonymous=True)
    (room.data("data") / "file").write_text("mine")
    handle = room.service.clone("data", "copy")
    assert await handle.result() == "copy"
    shown = await room.operations.get(handle.id)
    assert (shown.kind, shown.title, shown.subject) == ("clone", "Clone volume data", "data")
    assert (shown.request, shown.status) == ({"new_name": "copy"}, "Copying")
    copy = await room.service.get("copy")
    assert (copy.labels, copy.anonymous, copy.mountpoint) == ({"a": "1"}, False, str(room.data("copy")))
    (room.data("copy") / "file").write_text("other")
    assert files(room.data("data")) == {"file": "mine"}
    assert stat.S_IMODE(room.paths.volume("copy").stat().st_mode) == 0o700
    assert list(room.paths.staging.iterdir()) == []
    assert room.heard[-1] == "create copy"
    with pytest.raises(Conflict):
        room.service.clone("data", "copy")
    with pytest.raises(NotFound):
        room.service.clone("nothing", "x")


async def test_a_copy_that_fails_leaves_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.service.ensure("data")

    async def fail(*_: object) -> None:
        raise StorageError("Full")

    monkeypatch.setattr(room.keeper, "copy_tree", fail)
    with pytest.raises(StorageError):
        await room.service.clone("data", "copy").result()
    assert (room.left(), list(room.paths.staging.iterdir())) == ({"data"}, [])
