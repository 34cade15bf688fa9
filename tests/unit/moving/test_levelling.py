"""A volume brought to what another is: only what differs is sent, whatever the other side can do."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, StorageError, Unsupported
from engine.moving.levelling import level, must_equal
from engine.types.files import FileMark, Place
from engine.types.machines import Capabilities
from engine.types.volumes import CreateVolume
from tests.support.images import File, directory, layer_tar, symlink
from tests.unit.moving.test_carrying import contents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine
    from tests.unit.moving.conftest import Ends

DATA = Place(kind="volume", id="data")
TREE = [
    directory("dir"), File("dir/deep", b"deep"), File("same", b"same"), File("changed", b"before"), File("gone", b"x"),
    directory("gone-dir"), File("gone-dir/a", b"a"), File("gone-dir/b/c", b"c"), symlink("link", "same"),
    File("becomes-directory", b"f"), directory("becomes-file"), File("becomes-file/inner", b"i"),
    File("hard", link="same", kind=tarfile.LNKTYPE),
]  # fmt: skip
LATER = [
    directory("dir", 0o700), File("dir/deep", b"deep"), File("same", b"same"), File("changed", b"after!"),
    symlink("link", "changed"), directory("becomes-directory"), File("becomes-directory/new", b"n"),
    File("becomes-file", b"file"), File("hard2", link="same", kind=tarfile.LNKTYPE), File("new", b"new", 0o600),
]  # fmt: skip


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def fill(engine: EmbeddedEngine, files: list[File]) -> None:
    names = [each.name for each in await engine.volumes.list()]
    if "data" in names:
        await engine.volumes.remove("data")
    await engine.volumes.create(CreateVolume(name="data", labels={"a": "b"}))
    await engine.files.upload(DATA, "/", once(layer_tar(files)), copy_owner=True)


class Sent:
    """How much was sent, and which members arrived in the last upload."""

    def __init__(self, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        self.members: list[str] = []
        really = engine.files.upload

        async def upload(place: Place, path: str, tar: AsyncIterator[bytes], **more: Any) -> None:
            data = b"".join([piece async for piece in tar])
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                self.members = [each.name.removeprefix("./") for each in archive]
            await really(place, path, once(data), **more)

        monkeypatch.setattr(engine.files, "upload", upload)

    def __call__(self, count: int) -> None:
        self.bytes += count


async def test_only_what_differs_is_sent_and_what_is_gone_goes(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(ends.here, TREE)
    await ends.there.volumes.create(CreateVolume(name="data"))
    sent = Sent(ends.there, monkeypatch)
    first = await level(ends.here, ends.there, "data", "data", {}, sent)
    assert await contents(ends.there) == await contents(ends.here)
    assert {path for path in first if path} == {each.path for each in TREE} | {"gone-dir/b"}
    await must_equal(ends.here, ends.there, "data", first)

    # Nothing changed: nothing is sent.
    sent.members, before = [], sent.bytes
    assert await level(ends.here, ends.there, "data", "data", first, sent) == first
    assert (sent.members, sent.bytes) == ([], before)

    await fill(ends.here, LATER)
    later = await level(ends.here, ends.there, "data", "data", first, sent)
    assert await contents(ends.there) == await contents(ends.here)
    await must_equal(ends.here, ends.there, "data", later)
    assert "dir/deep" not in sent.members
    assert {"changed", "dir", "link", "becomes-file", "becomes-directory/new", "new", "hard2", "same"} == (
        set(sent.members) - {"becomes-directory"}
    ), "and what a changed hard link leads to"


async def test_what_the_other_has_is_looked_at_where_it_is_not_known(ends: Ends) -> None:
    """After a cut: what arrived is only compared."""
    await fill(ends.here, TREE)
    await fill(ends.there, TREE[:4])
    told: list[int] = []
    await level(ends.here, ends.there, "data", "data", None, told.append)
    assert await contents(ends.there) == await contents(ends.here)
    await level(ends.here, ends.there, "data", "data", None, told.append)
    assert sum(told) > 0


async def test_a_side_that_takes_nothing_away_has_the_volume_made_anew(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(ends.here, TREE)
    await fill(ends.there, TREE)
    there = {mark.path: mark for mark in await ends.there.files.marks(DATA)}
    await fill(ends.here, LATER)

    async def cannot(_: Place, path: str) -> None:
        raise Unsupported(f"{path} stays")

    monkeypatch.setattr(ends.there.files, "remove", cannot)
    found = await level(ends.here, ends.there, "data", "data", there, lambda _: None)
    assert await contents(ends.there) == await contents(ends.here)
    assert set(found) == set(await contents(ends.here))
    assert (await ends.there.volumes.get("data")).labels == {"a": "b"}


async def test_only_the_uppermost_is_taken_away(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(ends.here, [File("same", b"same")])
    await fill(ends.there, [File("same", b"same"), File("a/b/c", b"x"), File("a/d", b"y"), File("ab", b"z")])
    removed: list[str] = []
    really = ends.there.files.remove

    async def remove(place: Place, path: str) -> None:
        removed.append(path)
        await really(place, path)

    monkeypatch.setattr(ends.there.files, "remove", remove)
    await level(ends.here, ends.there, "data", "data", None, lambda _: None)
    assert removed == ["/a", "/ab"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"a": None}, "“a” differs."),
        ({"a": FileMark(path="a", kind="file", size=1, digest="y")}, "“a” differs."),
        ({"new": FileMark(path="new", kind="file")}, "“new” differs."),
        ({"a": None, "new": FileMark(path="new", kind="file")}, "“a” differs, and 1 more."),
        ({"": FileMark(path="", kind="directory", mode=0o700)}, ""),
        ({}, ""),
    ],
)
async def test_what_did_not_arrive_as_it_is_is_named(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, changes: dict[str, FileMark | None], words: str
) -> None:
    here = {"": FileMark(path="", kind="directory"), "a": FileMark(path="a", kind="file", size=1, digest="x")}
    there = {path: mark for path, mark in {**here, **changes}.items() if mark is not None}

    async def marks(_: Place) -> list[FileMark]:
        return list(there.values())

    monkeypatch.setattr(ends.there.files, "marks", marks)
    if not words:
        await must_equal(ends.here, ends.there, "data", here)
        return
    with pytest.raises(StorageError, match="The volume data did not arrive") as wrong:
        await must_equal(ends.here, ends.there, "data", here)
    assert (wrong.value.explanation, wrong.value.code, wrong.value.subject) == (words, Code.DIGEST_MISMATCH, "data")


async def test_owners_count_where_both_tell_them(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"a": FileMark(path="a", kind="file", uid=5, gid=6)}

    async def marks(_: Place) -> list[FileMark]:
        return [FileMark(path="a", kind="file")]

    monkeypatch.setattr(ends.there.files, "marks", marks)
    with pytest.raises(StorageError):
        await must_equal(ends.here, ends.there, "data", here)
    silent = Capabilities(lacks={"files.owners": "It does not tell."})
    monkeypatch.setattr(type(ends.there), "capabilities", silent)
    await must_equal(ends.here, ends.there, "data", here)
