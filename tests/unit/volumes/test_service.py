"""Volumes: made, shown, mounted, measured, moved and taken away, by a keeper in memory on real files."""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, StorageError, Unsupported
from engine.sandbox.keeper.asked.trees import TreeSize
from engine.types.data import LabelRule
from engine.types.volumes import CreateVolume
from engine.volumes import archive, volume_service
from engine.volumes.moving import COMPLETE, FORMER, UNPACKED, given_up, mark_of
from tests.unit.volumes.conftest import files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.volumes.conftest import Room


# --- made and shown ---


async def test_a_volume_is_made_once_and_shown_with_its_users(room: Room) -> None:
    made = await room.service.create(CreateVolume(name="data", labels={"a": "1"}, options={}))
    assert (made.name, made.labels, made.options, made.anonymous, made.used_by) == ("data", {"a": "1"}, {}, False, ())
    assert made.mountpoint == str(room.data("data"))
    assert stat.S_IMODE(room.paths.volume("data").stat().st_mode) == 0o700
    assert room.data("data").is_dir()
    assert room.heard == ["create data"]
    room.users.users = {"data": ("c1",)}
    again = await room.service.create(CreateVolume(name="data", labels={"b": "2"}))
    assert (again.created, again.labels, again.used_by) == (made.created, {"a": "1"}, ("c1",))
    assert (await room.service.get("data")).used_by == ("c1",)
    assert [each.used_by for each in await room.service.list()] == [("c1",)]
    assert room.heard == ["create data"]
    assert room.service.names() == {"data"}
    later = await room.anew()
    assert (await later.get("data")).labels == {"a": "1"}
    room.service.publish_all()
    assert [each.used_by for each in room.bus.snapshot().volumes] == [("c1",)]


async def test_what_the_books_say_is_on_disk_before_they_say_it(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        volume_service, "flush_names", lambda *paths: flushed.append(tuple(path.name for path in paths))
    )
    made = await room.service.ensure("one")
    assert room.bus.snapshot().volumes == (made,)
    await room.service.rename("one", "two")
    await room.service.clone("two", "copy").result()
    assert flushed == [(name, "volumes") for name in ("one", "two", "copy")]
    assert (await room.service.get("copy")).created is not None


async def test_one_without_a_name_has_a_long_one(room: Room) -> None:
    made = await room.service.create(CreateVolume(name="", driver="local"))
    assert (len(made.name), made.anonymous) == (64, True)
    with pytest.raises(Unsupported) as caught:
        await room.service.create(CreateVolume(name="x", driver="nfs"))
    assert str(caught.value) == "There is no volume driver “nfs”. Use “local”."


@pytest.mark.parametrize("name", ["a b", "../x", "-x", "x" * 201])
async def test_names_that_are_none(room: Room, name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await room.service.create(CreateVolume(name=name))
    error = caught.value
    assert error.title == f"“{name[:80]}” is no good as a name for a volume"
    assert error.explanation.startswith("A name begins with a letter or digit")
    assert error.subject == name[:80]
    assert error.docker == (
        f'create {name[:80]}: "{name[:80]}" includes invalid characters for a local volume name, only '
        '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'
    )
    assert room.left() == set()


async def test_options_that_cannot_be_make_nothing(room: Room) -> None:
    with pytest.raises(InvalidRequest):
        await room.service.create(CreateVolume(name="x", options={"odd": "1"}))
    assert (room.left(), room.service.names()) == (set(), frozenset())


async def test_a_volume_that_no_book_takes_is_not_there(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise StorageError("Full", code=Code.DISK_FULL)

    monkeypatch.setattr(room.database, "execute", full)
    with pytest.raises(StorageError):
        await room.service.create(CreateVolume(name="x"))
    assert (room.left(), room.service.names(), room.heard) == (set(), frozenset(), [])


async def test_who_is_not_there_is_told_in_dockers_words(room: Room) -> None:
    for ask in (
        room.service.get("x"),
        room.service.remove("x"),
        room.service.measure("x"),
        room.service.rename("x", "y"),
    ):
        with pytest.raises(NotFound) as caught:
            await ask
        assert (str(caught.value), caught.value.subject) == ("No such volume: x.", "x")
        assert caught.value.docker == "get x: no such volume"
    assert (await room.service.remove("x", force=True)).ids == ()


async def test_users_that_came_and_went_are_shown(room: Room) -> None:
    await room.service.ensure("data")
    room.users.users = {"data": ("c1",)}
    room.service.users_changed(("data", "nothing"))
    assert [each.used_by for each in room.bus.snapshot().volumes] == [("c1",)]
    room.service.announce("data", "mount", "c1", destination="/x")
    assert room.heard[-1] == "mount data container=c1 destination=/x"


# --- ready for a container ---


async def test_a_directory_of_the_store_is_ready_at_once(room: Room) -> None:
    await room.service.ensure("data")
    assert await room.service.mounted("data") == (room.data("data"), False)
    assert room.service.data_path("data") == room.data("data")


async def test_a_folder_of_this_machine_must_be_there(room: Room, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    options = {"type": "none", "device": str(tmp_path / "link"), "o": "bind,ro"}
    await room.service.ensure("mine", options=options)
    assert await room.service.mounted("mine") == (folder, True)
    folder.rmdir()
    with pytest.raises(InvalidRequest) as caught:
        await room.service.mounted("mine")
    error = caught.value
    assert str(error) == (
        f"The volume “mine” is the folder {tmp_path}/link, which is not there. Make it, or remove the volume."
    )
    assert (error.code, error.subject) == (Code.MOUNT_SOURCE_MISSING, str(tmp_path / "link"))


async def test_one_in_memory_begins_and_ends_with_its_containers(room: Room) -> None:
    await room.service.ensure("memory", options={"type": "tmpfs", "device": "tmpfs", "o": "size=1m,noexec"})
    await room.service.ensure("plain")
    place = str(room.data("memory"))

    def mounted() -> list[tuple[str, str]]:
        return [(each.target, each.kind) for each in room.machine.mounted]

    assert await room.service.mounted("memory") == (room.data("memory"), False)
    await room.service.mounted("memory")
    assert mounted() == [(place, "tmpfs")]
    await room.service.let_go(["memory", "plain", "gone"], {"memory": ("c1",)})
    assert mounted() == [(place, "tmpfs")], "another one still runs"
    room.machine.asked.clear()
    await room.service.let_go(["plain", "gone"], {})
    assert room.machine.asked == []
    await room.service.let_go(["plain", "memory"], {"memory": ()})
    assert mounted() == []


# --- taken away ---


async def test_what_is_removed_gives_its_room(room: Room) -> None:
    await room.service.ensure("data")
    (room.data("data") / "file").write_bytes(b"x" * 10_000)
    freed = await room.service.remove("data")
    assert (freed.ids, freed.bytes >= 10_000) == (("data",), True)
    assert (room.left(), room.heard[-1], room.bus.snapshot().volumes) == (set(), "destroy data", ())
    assert (await room.anew()).names() == frozenset()


async def test_what_is_in_use_stays(room: Room) -> None:
    await room.service.ensure("data")
    room.users.users = {"data": ("c1", "c2")}
    for ask in (room.service.remove("data"), room.service.rename("data", "other")):
        with pytest.raises(Conflict) as caught:
            await ask
        error = caught.value
        assert str(error) == ("The volume “data” is in use. By: name of c1, name of c2. Remove these containers first.")
        assert (error.code, error.subject) == (Code.IN_USE, "data")
        assert error.docker == "remove data: volume is in use - [c1, c2]"
    assert room.left() == {"data"}


async def test_on_a_full_disk_it_goes_without_a_mark(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.service.ensure("data")

    async def full(*_: object) -> None:
        raise StorageError("Full", code=Code.DISK_FULL)

    monkeypatch.setattr(room.keeper, "execute", full)
    await room.service.remove("data")
    assert room.left() == set()


async def test_what_nobody_uses_is_pruned(room: Room) -> None:
    await room.service.ensure("named", labels={"keep": "no"})
    await room.service.ensure("a" * 64, anonymous=True)
    await room.service.ensure("b" * 64, anonymous=True, labels={"keep": "yes"})
    await room.service.ensure("c" * 64, anonymous=True)
    (room.data("a" * 64) / "file").write_bytes(b"x" * 9000)
    room.users.users = {"c" * 64: ("c1",)}
    assert (await room.service.prune(labels=LabelRule(wanted={"no": "such"}))).bytes == 0
    freed = await room.service.prune(labels=LabelRule(unwanted={"keep": "yes"}))
    assert (freed.ids, freed.bytes >= 9000) == (("a" * 64,), True)
    assert (await room.service.prune(labels=LabelRule(wanted={"keep": "no"}))).ids == ()
    assert (await room.service.prune(all_unused=True, labels=LabelRule(wanted={"keep": "no"}))).ids == ("named",)
    assert (await room.service.prune()).ids == ("b" * 64,)
    assert room.left() == {"c" * 64}


async def test_somebody_quicker_is_no_failure_of_a_pruning(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        await room.service.ensure(name, anonymous=True)
    remove = room.service.remove

    async def quicker(name: str) -> Any:
        if name == "a":
            await remove(name)
        return await remove(name)

    monkeypatch.setattr(room.service, "remove", quicker)
    assert (await room.service.prune()).ids == ("b",)


# --- another name ---


async def test_another_name_for_the_same_files(room: Room) -> None:
    await room.service.ensure("old", labels={"a": "1"}, anonymous=True)
    (room.data("old") / "file").write_text("mine")
    renamed = await room.service.rename("old", "new")
    assert (renamed.name, renamed.labels, renamed.anonymous) == ("new", {"a": "1"}, False)
    assert renamed.mountpoint == str(room.data("new"))
    assert (room.left(), room.parts("new"), (room.data("new") / "file").read_text()) == ({"new"}, {"data"}, "mine")
    assert room.heard[-1] == "rename old"
    assert [each.name for each in room.bus.snapshot().volumes] == ["new"]
    later = await room.anew()
    assert later.names() == {"new"}
    await later.ensure("other")
    for ask, words in ((later.rename("new", "other"), "There is a volume “other” already"),):
        with pytest.raises(Conflict, match=words) as caught:
            await ask
        assert (caught.value.code, caught.value.subject) == (Code.NAME_TAKEN, "other")
    with pytest.raises(InvalidRequest):
        await later.rename("new", "a b")


# --- measured ---


async def test_a_size_is_kept_with_the_time_it_was_measured(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.service.ensure("data")
    (room.data("data") / "file").write_bytes(b"x" * 5000)
    room.users.users = {"data": ("c1",)}
    measured = await room.service.measure("data")
    assert measured.size is not None
    assert measured.size >= 5000
    assert measured.size_measured is not None
    assert measured.used_by == ("c1",)
    assert (await (await room.anew()).get("data")).size == measured.size
    assert room.heard == ["create data"]

    async def gone(_: Path) -> TreeSize:
        raise FileNotFoundError

    monkeypatch.setattr(room.keeper, "tree_size", gone)
    assert (await room.service.measure("data")).size == 0


async def test_one_that_was_removed_meanwhile_does_not_come_back(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.service.ensure("data")

    async def slow(_: Path) -> TreeSize:
        monkeypatch.undo()
        await room.service.remove("data")
        return TreeSize(0, 0, 0)

    monkeypatch.setattr(room.keeper, "tree_size", slow)
    with pytest.raises(NotFound):
        await room.service.measure("data")
    assert room.service.names() == frozenset()


async def test_one_thing_at_a_time_is_done_to_a_volume(room: Room) -> None:
    made = await asyncio.gather(*(room.service.ensure("data") for _ in range(5)))
    assert len({each.created for each in made}) == 1
    assert room.heard == ["create data"]


# --- where a crash came between ---


async def test_a_name_is_what_the_books_say(room: Room) -> None:
    for name in ("back", "done", "both"):
        await room.service.ensure(name)
        (room.data(name) / "file").write_text(name)
    (mark_of(room.paths.volume("back"), "back")).mkdir()
    room.paths.volume("back").rename(room.paths.volume("moved"))
    (mark_of(room.paths.volume("done"), "former")).mkdir()
    (mark_of(room.paths.volume("both"), "done")).mkdir()
    await room.anew()
    assert room.left() == {"back", "done", "both"}
    assert [room.parts(name) for name in ("back", "done", "both")] == [{"data"}] * 3
    assert files(room.data("back")) == {"file": "back"}


@pytest.mark.parametrize(
    ("parts", "contents"),
    [
        ({"data": "old", UNPACKED: "half"}, "old"),
        ({"data": "old", COMPLETE: "new"}, "old"),
        ({COMPLETE: "new", FORMER: "old"}, "new"),
        ({FORMER: "old"}, "old"),
        ({"data": "new", FORMER: "old"}, "new"),
        ({FORMER: "old", UNPACKED: "half"}, "old"),
    ],
)
async def test_its_files_are_the_old_or_the_new_whole(room: Room, parts: dict[str, str], contents: str) -> None:
    await room.service.ensure("data")
    room.data("data").rmdir()
    for part, text in parts.items():
        (room.paths.volume("data") / part).mkdir()
        (room.paths.volume("data") / part / "file").write_text(text)
    await room.anew()
    assert room.parts("data") == {"data"}
    assert files(room.data("data")) == {"file": contents}


async def test_what_no_book_knows_goes_unless_somebodys_files_are_in_it(room: Room) -> None:
    await room.service.ensure("kept")
    given_up(room.paths.volume("kept")).mkdir()
    for name, text in (("empty", ""), ("removed", "x"), ("somebodys", "x")):
        room.data(name).mkdir(parents=True)
        if text:
            (room.data(name) / "file").write_text(text)
    given_up(room.paths.volume("removed")).mkdir()
    await room.anew()
    assert room.left() == {"kept", "somebodys"}
    assert room.parts("kept") == {"data"}
    (mended,) = await room.operations.list()
    assert (mended.kind, mended.subject) == ("mend", "empty, removed")
    assert mended.title == "Clear away volumes whose making or removal was cut off"
    later = await room.anew()
    assert await room.operations.list() == []
    await later.close()


def test_names_say_whether_they_are_compressed() -> None:
    assert [archive.is_compressed_name(name) for name in ("a.tar", "a.tar.zst", "a.tzst", "zst")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert volume_service._event("x", "y").attributes == {"driver": "local"}
