"""Files of a tree: whatever links a container left in it, no path leads out."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.keeper.asked.steps import MakeDirectory, MakeFile

if TYPE_CHECKING:
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths


@pytest.fixture
async def root(keeper: Keeper, paths: Paths) -> Path:
    top = paths.staging / "root"
    await keeper.execute([MakeDirectory(path=top / "etc"), MakeFile(path=paths.staging / "secret")])
    script = """
        echo secret > ../secret; echo inside > etc/passwd; ln -s /etc absolute; ln -s ../../../../etc climbing
        ln -s ../secret escape; ln -s loop loop; ln -s /proc/self/root magic; mkfifo fifo; ln -s /etc/new dangling
    """
    assert (await keeper.run(["sh", "-euc", script], cwd=top)).code == 0
    return top


async def read(keeper: Keeper, root: Path, path: str) -> bytes:
    with os.fdopen(await keeper.open_file(root, path, os.O_RDONLY), "rb") as file:
        return file.read()


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "absolute/passwd", "climbing/passwd", "../../etc/passwd", "etc/./passwd"]
)
async def test_every_way_leads_to_the_file_inside(keeper: Keeper, root: Path, path: str) -> None:
    assert await read(keeper, root, path) == b"inside\n"


async def test_ways_out_end_inside(keeper: Keeper, root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await read(keeper, root, "escape")
    for path in ("loop", "loop/x"):
        with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
            await read(keeper, root, path)
    with pytest.raises(OSError, match=f"{os.strerror(errno.ELOOP)}|{os.strerror(errno.ENOENT)}"):
        await read(keeper, root, "magic/etc/passwd")


async def test_listing_tells_kinds_and_links(keeper: Keeper, root: Path) -> None:
    found = {each.name: each for each in await keeper.list_directory(root, "/")}

    assert found["climbing"].link == "../../../../etc"
    assert stat.S_ISFIFO(found["fifo"].mode)
    assert stat.S_ISDIR(found["etc"].mode)
    assert [each.name for each in await keeper.list_directory(root, "absolute")] == ["passwd"]
    with pytest.raises(NotADirectoryError):
        await keeper.list_directory(root, "etc/passwd")


async def test_stat_and_real_paths(keeper: Keeper, root: Path) -> None:
    assert stat.S_ISLNK((await keeper.stat(root, "absolute")).mode)
    assert stat.S_ISDIR((await keeper.stat(root, "absolute", follow=True)).mode)
    assert stat.S_ISDIR((await keeper.stat(root, "/")).mode)
    assert await keeper.real_path(root, "climbing/../absolute/passwd") == "/etc/passwd"
    assert await keeper.real_path(root, "/") == "/"
    with pytest.raises(FileNotFoundError):
        await keeper.stat(root, "none/such")


async def test_writing_replaces_by_rename_and_follows_inside(keeper: Keeper, root: Path, paths: Paths) -> None:
    (root / "etc/passwd").chmod(0o640)
    before = await keeper.stat(root, "etc/passwd")
    await keeper.write_file(root, "climbing/passwd", b"changed")
    await keeper.write_file(root, "dangling", b"through a link", mode=0o600, owner=(1, 1))

    after = await keeper.stat(root, "etc/passwd")
    assert await read(keeper, root, "etc/passwd") == b"changed"
    assert stat.S_IMODE(after.mode) == 0o640
    assert after.inode != before.inode
    assert await read(keeper, root, "etc/new") == b"through a link"
    assert stat.S_IMODE((await keeper.stat(root, "etc/new")).mode) == 0o600
    assert (paths.staging / "secret").read_bytes() == b"secret\n"
    with pytest.raises(IsADirectoryError):
        await keeper.write_file(root, "etc", b"")


async def test_opening_never_waits_for_a_fifo(keeper: Keeper, root: Path) -> None:
    fd = await keeper.open_file(root, "fifo", os.O_RDONLY)
    assert stat.S_ISFIFO(os.fstat(fd).st_mode)
    os.close(fd)


async def test_directories_are_made_renamed_and_removed(keeper: Keeper, root: Path) -> None:
    await keeper.make_directory(root, "a/b/c", parents=True, mode=0o750, owner=(2, 3))
    await keeper.make_directory(root, "a/b/c", parents=True)
    with pytest.raises(FileExistsError):
        await keeper.make_directory(root, "a")
    await keeper.rename(root, "a/b", "climbing/moved")
    await keeper.write_file(root, "etc/moved/c/file", b"x")

    assert stat.S_IMODE((await keeper.stat(root, "etc/moved/c")).mode) == 0o750
    await keeper.remove(root, "etc/moved")
    assert {each.name for each in await keeper.list_directory(root, "etc")} == {"passwd"}
    with pytest.raises(FileNotFoundError):
        await keeper.remove(root, "etc/moved")
    with pytest.raises(OSError, match="busy"):
        await keeper.remove(root, "/")


async def test_removing_a_link_leaves_what_it_points_to(keeper: Keeper, root: Path) -> None:
    await keeper.remove(root, "absolute")
    assert await read(keeper, root, "etc/passwd") == b"inside\n"


async def test_what_of_some_paths_is_not_there_is_told_from_the_outside_in(keeper: Keeper, root: Path) -> None:
    paths = ["etc/passwd", "/new/deep/er", "absolute/one", "climbing/two/x", "etc/../other", "loop/x", "/"]
    assert await keeper.missing_places(root, paths) == [
        "/new", "/new/deep", "/new/deep/er", "/absolute/one", "/climbing/two", "/climbing/two/x", "/other",
        "/loop", "/loop/x",
    ]  # fmt: skip


async def test_only_what_nobody_used_of_what_was_made_is_taken_away(keeper: Keeper, root: Path) -> None:
    (root / "made" / "deep").mkdir(parents=True)
    (root / "used").mkdir()
    (root / "used" / "file").touch()
    (root / "point").touch()
    (root / "note").write_text("x")
    places = ["/made", "/made/deep", "/used", "/point", "/note", "/loop", "/none", "no/such/place", "/fifo"]
    await keeper.remove_unused(root, root, places)

    there = set(os.listdir(root))
    assert {"used", "note", "etc", "loop", "fifo"} <= there
    assert not {"made", "point"} & there


async def test_what_an_image_has_is_not_taken_away_with_what_was_made(keeper: Keeper, root: Path, paths: Paths) -> None:
    written = paths.staging / "written"
    written.mkdir()
    (root / "of-the-image").touch()
    (root / "emptied").write_text("x")
    (written / "emptied").touch()
    await keeper.remove_unused(written, root, ["/of-the-image", "/emptied"])
    assert "of-the-image" in os.listdir(root)
    assert "emptied" not in os.listdir(root)


async def test_a_stranger_gets_a_copy_of_the_beginning(
    keeper: Keeper, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started by root: of a file on a fuse mount the kernel lets him read nothing."""
    monkeypatch.setattr(type(keeper), "host_root", property(lambda _: True))
    for most, expected in ((3, b"ins"), (100, b"inside\n")):
        with os.fdopen(await keeper.open_file(root, "etc/passwd", os.O_RDONLY, most=most), "rb") as file:
            assert os.readlink(f"/proc/self/fd/{file.fileno()}").startswith("/memfd:")
            assert file.read() == expected
    for path, flags in (("etc/passwd", os.O_RDWR), ("fifo", os.O_RDONLY | os.O_NONBLOCK)):
        descriptor = await keeper.open_file(root, path, flags)
        assert not os.readlink(f"/proc/self/fd/{descriptor}").startswith("/memfd:")
        os.close(descriptor)


async def test_whether_reading_waits_is_as_it_was_asked(keeper: Keeper, root: Path) -> None:
    for flags, blocking in ((os.O_RDONLY, True), (os.O_RDONLY | os.O_NONBLOCK, False)):
        descriptor = await keeper.open_file(root, "etc/passwd", flags)
        assert os.get_blocking(descriptor) is blocking
        os.close(descriptor)


async def test_a_file_written_anew_keeps_what_users_noted(keeper: Keeper, root: Path) -> None:
    os.setxattr(root / "etc/passwd", "user.note", b"kept")
    await keeper.write_file(root, "etc/passwd", b"anew")
    assert os.getxattr(root / "etc/passwd", "user.note") == b"kept"
    assert set(os.listdir(root / "etc")) == {"passwd"}


async def test_what_is_mounted_as_a_file_is_written_in_its_place(
    keeper: Keeper, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    inode = os.stat(root / "etc/passwd").st_ino
    monkeypatch.setattr(os, "rename", busy)
    await keeper.write_file(root, "etc/passwd", b"x")
    assert (await read(keeper, root, "etc/passwd"), os.stat(root / "etc/passwd").st_ino) == (b"x", inode)
    assert set(os.listdir(root / "etc")) == {"passwd"}


async def test_the_top_itself_is_neither_moved_nor_removed(keeper: Keeper, root: Path) -> None:
    for asked in (keeper.remove(root, "/"), keeper.rename(root, ".", "x"), keeper.rename(root, "etc", "/")):
        with pytest.raises(OSError, match=os.strerror(errno.EBUSY)):
            await asked
    for path in ("a\0b", "etc/\0"):
        with pytest.raises(OSError, match="Invalid argument"):
            await keeper.stat(root, path)


async def test_directories_are_made_with_their_parents_where_asked(keeper: Keeper, root: Path) -> None:
    await keeper.make_directory(root, "absolute/./new/deep", parents=True, mode=0o1770)
    await keeper.make_directory(root, "absolute/new/deep", parents=True)
    assert stat.S_IMODE(os.stat(root / "etc/new/deep").st_mode) == 0o1770
    assert stat.S_IMODE(os.stat(root / "etc/new").st_mode) == 0o1770
    with pytest.raises(FileExistsError):
        await keeper.make_directory(root, "etc/new")
    with pytest.raises(FileNotFoundError):
        await keeper.make_directory(root, "no/such")
    with pytest.raises(NotADirectoryError):
        await keeper.make_directory(root, "etc/passwd/x", parents=True)


async def test_looking_at_files_leaves_nothing_open(keeper: Keeper, root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        await keeper.list_directory(root, "etc")
        await keeper.stat(root, "absolute/passwd", follow=True)
        await keeper.write_file(root, "etc/passwd", b"x")
        await keeper.rename(root, "etc/passwd", "etc/other")
        await keeper.rename(root, "etc/other", "etc/passwd")
        await keeper.make_directory(root, "d/e", parents=True)
        await keeper.remove_unused(root, root, ["d/e"])
        await keeper.remove(root, "d")
        await keeper.missing_places(root, ["none"])
        await keeper.real_path(root, "absolute")
    assert len(os.listdir("/proc/self/fd")) == before
