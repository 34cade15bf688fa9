"""A stopped container's paths: what would be mounted there is looked at where it really is."""

from __future__ import annotations

import io
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidRequest, NotFound
from tests.support.images import File, layer_tar
from tests.unit.files.places import HERE, Room, pieces, room_at

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    """Volumes at /data and /data/deep, a file bound at /etc/conf, and beside them what only looks like it."""
    room = room_at(tmp_path)
    for name in ("volume/sub", "deep", "tree/etc", "tree/data/deep", "tree/database", "tree/real"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "volume/f").write_text("in the volume")
    (tmp_path / "volume/sub/g").write_text("in the volume's directory")
    (tmp_path / "deep/f").write_text("in the one inside")
    (tmp_path / "conf").write_text("the bound file")
    (room.root / "database/f").write_text("of the container")
    (room.root / "data/f").write_text("covered")
    (room.root / "way").symlink_to("/data")
    (room.root / "etc/way").symlink_to("../data")
    room.says(
        mounts=(("/data", str(tmp_path / "volume"), False), ("/data/deep/", str(tmp_path / "deep"), False),
                ("/etc/conf", str(tmp_path / "conf"), False))
    )  # fmt: skip
    return room


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/data/f", "in the volume"),
        ("data/f", "in the volume"),
        ("/data/sub/g", "in the volume's directory"),
        ("/data/sub/../f", "in the volume"),
        ("/database/../data/f", "in the volume"),
        ("/data/../data/./f", "in the volume"),
        ("/data/../etc/conf", "the bound file"),
        ("/nowhere/../data/f", "in the volume"),
        ("/data/deep/f", "in the one inside"),
        ("/database/f", "of the container"),
        ("/way/f", "in the volume"),
        ("/etc/way/f", "in the volume"),
        ("/etc/conf", "the bound file"),
    ],
)
async def test_a_path_is_in_what_would_be_mounted_there(room: Room, path: str, text: str) -> None:
    assert (await room.files.read(HERE, path)).decode() == text


async def test_the_volume_itself_is_its_top(room: Room) -> None:
    for path in ("/data", "/data/", "/way/"):
        assert [each.name for each in await room.files.list(HERE, path)] == ["f", "sub"]


async def test_the_longest_of_those_that_are_mounted_counts_in_any_order(room: Room) -> None:
    room.says(mounts=tuple(reversed(room.given.tree_here.mounts)))
    assert await room.files.read(HERE, "/data/deep/f") == b"in the one inside"


async def test_a_source_that_is_gone_is_told(room: Room, tmp_path: Path) -> None:
    (tmp_path / "conf").unlink()
    with pytest.raises(NotFound, match="There is no /etc/conf"):
        await room.files.read(HERE, "/etc/conf")


async def test_a_link_to_a_bound_file_leads_to_it(room: Room, tmp_path: Path) -> None:
    (room.root / "etc/conf").touch()
    (room.root / "short").symlink_to("etc/conf")
    assert await room.files.read(HERE, "/short") == b"the bound file"
    await room.files.write(HERE, "/short", b"new")
    assert (tmp_path / "conf").read_bytes() == b"new"
    assert (room.root / "etc/conf").read_bytes() == b""
    found = await room.files.stat(HERE, "/short")
    assert (stat.S_ISLNK(found.mode), found.link_target) == (True, "/etc/conf")


async def test_a_link_into_a_volume_leads_to_what_only_the_volume_has(room: Room, tmp_path: Path) -> None:
    (room.root / "logs").symlink_to("data/sub")
    (room.root / "again").symlink_to("/logs")
    assert await room.files.read(HERE, "/logs/g") == b"in the volume's directory"
    assert await room.files.read(HERE, "/again/g") == b"in the volume's directory"
    await room.files.upload(HERE, "/again", pieces(layer_tar([File("h", b"1")])))
    assert (tmp_path / "volume/sub/h").read_bytes() == b"1"
    await room.files.remove(HERE, "/again/h")
    assert not (tmp_path / "volume/sub/h").exists()
    await room.files.remove(HERE, "/again")
    assert not (room.root / "again").is_symlink()
    assert (tmp_path / "volume/sub/g").exists()


async def test_links_that_lead_in_circles_lead_nowhere(room: Room) -> None:
    (room.root / "a").symlink_to("b")
    (room.root / "b").symlink_to("a")
    with pytest.raises(InvalidRequest, match="The links at /a/f lead in circles"):
        await room.files.read(HERE, "/a/f")


async def test_a_chain_of_links_is_followed_as_far_as_the_kernel_does(room: Room) -> None:
    (room.root / "link40").symlink_to("data")
    for number in range(39, -1, -1):
        (room.root / f"link{number}").symlink_to(f"link{number + 1}")
    assert await room.files.read(HERE, "/link1/f") == b"in the volume"
    with pytest.raises(InvalidRequest, match="circles"):
        await room.files.read(HERE, "/link0/f")


async def test_a_download_through_a_link_is_of_the_volume(room: Room) -> None:
    data = b"".join([piece async for piece in room.files.download(HERE, "/way/")])
    assert tarfile.open(fileobj=io.BytesIO(data)).getnames() == [
        "way",
        "way/f",
        "way/sub",
        "way/sub/g",
        "way/deep",
        "way/deep/f",
    ]


async def test_where_nothing_leads_nothing_is_found(room: Room) -> None:
    with pytest.raises(NotFound, match="There is no /nowhere/at/all"):
        await room.files.read(HERE, "/nowhere/at/all")
