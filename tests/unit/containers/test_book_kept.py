"""What the book knows and tells of containers, and writes down: at once, or later where the disk is full."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.containers.known.book import ContainerBook, Entry
from engine.errors import Code, Conflict, NotFound, StorageError
from engine.events.bus import EventBus
from engine.state.database import Database
from engine.types.containers import Mount, State
from engine.types.images import ImageConfig
from tests.unit.containers.test_policies import record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.containers.known.record import Record
    from engine.types.events import Event


def made(name: str, state: State = State.RUNNING, *volumes: str, **fields: Any) -> Record:
    plain = record(**fields)
    mounts = (*(Mount(kind="volume", source=each, target=f"/{each}") for each in volumes),
              Mount(kind="tmpfs", target="/t"))  # fmt: skip
    return replace(plain, container=replace(plain.container, id=name * 64, name=name, state=state, mounts=mounts))


class Room:
    """A room that follows containers."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def container_changed(self, container_id: str) -> None:
        self.heard.append(f"changed {container_id[0]}")

    def container_ends(self, container_id: str) -> None:
        self.heard.append(f"ends {container_id[0]}")

    async def keep_history(self, container_id: str, name: str) -> None:
        self.heard.append(f"keep {container_id[0]} {name}")


class Kept:
    """A book, its store, and what was heard of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.events: list[Event] = []
        self.bus = EventBus(self.events.append)
        self.book = ContainerBook(database, self.bus)
        self.room = Room()
        self.book.follow(self.room)
        self.full = False
        self._transaction = database.transaction
        database.transaction = self._guarded  # type: ignore[method-assign]

    async def _guarded(self, statements: Any) -> Any:
        if self.full:
            raise StorageError("Full", code=Code.DISK_FULL)
        return await self._transaction(statements)

    async def written(self) -> dict[str, State]:
        later = ContainerBook(self.database, EventBus())
        await later.open()
        return {entry.container.name: entry.state for entry in later}


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    database = await Database.open(tmp_path / "state.db")
    yield Kept(database)
    await database.close()


async def test_what_is_added_is_known_written_and_told(kept: Kept) -> None:
    image = ImageConfig(labels={"image": "1", "both": "image"})
    given = replace(made("a"), image_config=image)
    given = given.with_container(spec=replace(given.container.spec, labels={"both": "own"}), image="img:1")
    entry = await kept.book.add(given)
    assert (entry.record, kept.book.by_id("a" * 64), kept.book.find("a")) == (given, entry, entry)
    assert (len(kept.book), list(kept.book), kept.book.names) == (1, [entry], {"a": "a" * 64})
    assert await kept.written() == {"a": State.RUNNING}
    (event,) = kept.events
    assert (event.kind, event.action, event.id, event.name) == ("container", "create", "a" * 64, "a")
    assert event.attributes == {"image": "img:1", "both": "own", "name": "a"}
    assert event.time_ns > 10**18
    assert kept.room.heard == ["changed a"]
    assert kept.bus.objects("container") == {"a" * 64: given.container}
    assert (kept.book.name_of("a"), kept.book.is_alive("a"), kept.book.by_id("x")) == ("a", True, None)


async def test_what_cannot_be_written_is_not_there(kept: Kept) -> None:
    kept.full = True
    with pytest.raises(StorageError):
        await kept.book.add(made("a"))
    assert (len(kept.book), kept.book.names, kept.events) == (0, {}, [])


async def test_who_is_meant_by_several_is_told_and_how_to_say_it_better(kept: Kept) -> None:
    for name in ("a", "b"):
        plain = made(name)
        await kept.book.add(replace(plain, container=replace(plain.container, id=f"0{name}" * 32)))
    with pytest.raises(Conflict) as caught:
        kept.book.find("0")
    assert str(caught.value) == "“0” could be several containers. a, b. Give more of the id, or the name."
    assert caught.value.subject == "0"
    with pytest.raises(NotFound) as missing:
        kept.book.find("/x")
    assert (str(missing.value), missing.value.subject) == ("No such container: /x.", "/x")


async def test_volumes_and_images_know_their_users(kept: Kept) -> None:
    await kept.book.add(made("a", State.RUNNING, "data", "own"))
    await kept.book.add(made("b", State.EXITED, "data"))
    await kept.book.add(made("c", State.STARTING, "data").changed(mounted_images={"/x": ("l1", "l2")}))
    await kept.book.add(made("d", State.CREATED).changed(mounted_images={"/y": ("l2", "l3")}))
    ids = {name: name * 64 for name in "abcd"}
    assert kept.book.volume_users() == {"data": (ids["a"], ids["b"], ids["c"]), "own": (ids["a"],)}
    assert kept.book.live_volume_users() == {"data": (ids["a"], ids["c"]), "own": (ids["a"],)}
    assert kept.book.live_volume_users(besides=ids["a"]) == {"data": (ids["c"],)}
    assert kept.book.mounted_layers() == {"l1", "l2", "l3"}
    for state in (State.REMOVING, State.DEAD):
        entry = kept.book.find("c")
        entry.record = entry.record.with_container(state=state)
        assert kept.book.live_volume_users(besides=ids["a"]) == {}


async def test_changes_are_seen_at_once_and_written(kept: Kept) -> None:
    entry = await kept.book.add(made("a"))
    kept.room.heard.clear()
    await kept.book.save(entry, entry.record.with_container(state=State.PAUSED), "pause", why="x")
    assert (entry.state, await kept.written()) == (State.PAUSED, {"a": State.PAUSED})
    assert (kept.events[-1].action, kept.events[-1].attributes["why"]) == ("pause", "x")
    assert kept.room.heard == []
    for action in ("start", "die", "create", "stop"):
        kept.book.show(entry, entry.record, action)
    assert kept.room.heard == ["changed a"] * 4
    before = len(kept.events)
    kept.book.show(entry, entry.record.with_container(state=State.EXITED))
    assert (len(kept.events), await kept.written()) == (before, {"a": State.PAUSED})
    kept.book.announce(entry, "resize", height="4")
    assert (kept.events[-1].action, kept.events[-1].attributes["height"]) == ("resize", "4")
    kept.book.tell_ends(entry)
    await kept.book.keep_histories(entry)
    assert kept.room.heard[4:] == ["ends a", "keep a a"]


async def test_on_a_full_disk_what_happened_is_true_and_written_later(
    kept: Kept, expect_log: Callable[[str], None]
) -> None:
    expect_log("Full: the state of (a|b) will be written later")
    one, two = await kept.book.add(made("a")), await kept.book.add(made("b"))
    kept.full = True
    await kept.book.save_when_it_fits(one, one.record.with_container(state=State.EXITED), "die")
    await kept.book.save_when_it_fits(two, two.record.with_container(state=State.DEAD))
    with pytest.raises(StorageError):
        await kept.book.save(one, one.record)
    assert (one.state, await kept.written()) == (State.EXITED, {"a": State.RUNNING, "b": State.RUNNING})
    await kept.book.pay()
    assert await kept.written() == {"a": State.RUNNING, "b": State.RUNNING}
    kept.full = False
    await kept.book.add(made("c"))
    assert await kept.written() == {"a": State.EXITED, "b": State.DEAD, "c": State.RUNNING}, "with the next write"
    assert kept.book._owed == set()
    kept.full = True
    await kept.book.save_when_it_fits(one, one.record.with_container(state=State.CREATED))
    kept.full = False
    await kept.book.pay()
    assert (await kept.written())["a"] is State.CREATED
    assert kept.book._owed == set()


async def test_what_is_wrong_with_the_store_itself_is_no_full_disk(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = await kept.book.add(made("a"))

    async def broken(_: object) -> None:
        raise StorageError("Broken", code=Code.CORRUPT)

    monkeypatch.setattr(kept.database, "transaction", broken)
    with pytest.raises(StorageError, match="Broken"):
        await kept.book.save_when_it_fits(entry, entry.record)
    assert kept.book._owed == set()


async def test_another_name_is_the_only_one(kept: Kept) -> None:
    entry = await kept.book.add(made("a"))
    await kept.book.rename(entry, "new")
    assert (kept.book.names, entry.container.name) == ({"new": "a" * 64}, "new")
    assert (kept.events[-1].action, kept.events[-1].attributes["oldName"]) == ("rename", "/a")
    assert await kept.written() == {"new": State.RUNNING}
    kept.full = True
    with pytest.raises(StorageError):
        await kept.book.rename(entry, "other")
    assert (kept.book.names, entry.container.name) == ({"new": "a" * 64}, "new")


async def test_who_is_removed_is_gone_and_told_last(kept: Kept) -> None:
    entry = await kept.book.add(made("a"))
    waiting = asyncio.ensure_future(entry.until(lambda: entry.gone))
    await asyncio.sleep(0)
    await kept.book.remove(entry)
    assert (len(kept.book), kept.book.names, entry.gone, await kept.written()) == (0, {}, False, {})
    kept.room.heard.clear()
    kept.book.tell_removed(entry)
    await waiting
    assert (kept.events[-1].action, kept.room.heard) == ("destroy", ["changed a"])
    assert kept.bus.objects("container") == {}
    kept.book.publish_all()
    assert kept.bus.objects("container") == {}


async def test_all_are_shown_when_somebody_asks(kept: Kept) -> None:
    for name in ("a", "b"):
        await kept.book.add(made(name))
    bus = EventBus()
    later = ContainerBook(kept.database, bus)
    await later.open()
    assert later.names == {"a": "a" * 64, "b": "b" * 64}
    later.publish_all()
    assert set(bus.objects("container")) == {"a" * 64, "b" * 64}


# --- one of them ---


async def test_a_start_may_be_called_off_by_who_removes_it() -> None:
    entry = Entry(made("a"))
    entry.call_off_start()

    async def work() -> None:
        await asyncio.Event().wait()

    starting = asyncio.ensure_future(entry.starting(work()))
    await asyncio.sleep(0)
    entry.call_off_start()
    with pytest.raises(Conflict) as caught:
        await starting
    assert (str(caught.value), caught.value.subject) == ("The start of “a” was called off.", "a" * 64)
    again = asyncio.ensure_future(entry.starting(work()))
    await asyncio.sleep(0)
    again.cancel()
    with pytest.raises(asyncio.CancelledError):
        await again
    entry.call_off_start()


def test_what_an_entry_is() -> None:
    entry = Entry(made("a", State.RUNNING, "v", "w"))
    assert (entry.id, entry.alive, entry.is_going, entry.waits_to_restart()) == ("a" * 64, True, False, False)
    assert (entry.gone, entry.ends, entry.leaving, entry.volume_names) == (False, 0, False, ("v", "w"))
    entry.leaving = True
    assert entry.is_going
    assert Entry(made("a", State.REMOVING)).is_going
    assert Entry(made("a", State.RESTARTING)).waits_to_restart()
    assert not Entry(made("a", State.EXITED)).alive
