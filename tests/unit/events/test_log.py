"""Past events: kept a moment after they happen, told from memory and disk alike, and waiting where there is no room."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, StorageError, disk_refuses
from engine.events import log as module
from engine.events.bus import EventBus
from engine.events.log import EventLog
from engine.state.database import Database
from engine.types.data import now
from engine.types.events import Change, Event
from engine.types.volumes import Volume

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "db")
    yield opened
    await opened.close()


def event(moment: int) -> Event:
    return Event(time_ns=moment, kind="volume", action="create", id="a")


class FullDisk:
    """In front of a database: takes nothing, or fails in another way, as long as it is told to."""

    def __init__(self, database: Database, failure: StorageError | None) -> None:
        self.failure = failure
        self.fetch = database.fetch
        self._database = database

    async def transaction(self, statements: object) -> None:
        if self.failure is not None:
            raise self.failure
        await self._database.transaction(statements)  # type: ignore[arg-type]


def full() -> StorageError:
    found = disk_refuses(errno.ENOSPC, "No room.")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [(0, 0, [10, 20, 30]), (10, 0, [10, 20, 30]), (11, 0, [20, 30]), (0, 20, [10, 20]), (20, 20, [20]), (0, 1, []),
     (31, 0, [])],
)  # fmt: skip
@pytest.mark.parametrize("room", [True, False])
async def test_what_happened_between_two_moments_is_told(
    database: Database, since: int, until: int, found: list[int], *, room: bool
) -> None:
    log = EventLog(FullDisk(database, None if room else full()))  # type: ignore[arg-type]
    for moment in (10, 20, 30):
        log.record(event(moment))
    assert [each.time_ns for each in await log.read(since_ns=since, until_ns=until)] == found
    await log.close()


async def test_events_come_to_disk_by_themselves_and_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[float] = []
    written: list[int] = []
    come = asyncio.Event()
    wait, transaction = asyncio.sleep, database.transaction

    async def moment(seconds: float) -> None:
        moments.append(seconds)
        await wait(0)

    async def noting(statements: list[object]) -> None:
        await transaction(statements)  # type: ignore[arg-type]
        written.append(len(statements) - 1)
        come.set()

    monkeypatch.setattr(module.asyncio, "sleep", moment)
    monkeypatch.setattr(database, "transaction", noting)
    log = EventLog(database)
    for each in (1, 2):
        log.record(event(each))
    await asyncio.wait_for(come.wait(), 20)
    come.clear()
    log.record(event(3))
    await asyncio.wait_for(come.wait(), 20)
    assert (sum(written), written[0], set(moments)) == (3, 2, {0.5})
    assert [row[0] for row in await database.fetch("SELECT time_ns FROM events ORDER BY number")] == [1, 2, 3]
    await log.close()


async def test_what_has_not_been_written_is_written_at_the_end(database: Database) -> None:
    log = EventLog(database)
    await log.close()
    log.record(event(1))
    await log.close()
    assert len(await EventLog(database).read()) == 1


async def test_on_a_full_disk_events_wait_in_their_order_the_newest_longest(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 3)
    disk = FullDisk(database, full())
    log = EventLog(disk)  # type: ignore[arg-type]
    for moment in (1, 2):
        log.record(event(moment))
    await log.read()
    for moment in (3, 4):
        log.record(event(moment))
    assert [each.time_ns for each in await log.read()] == [2, 3, 4]
    disk.failure = None
    log.record(event(5))
    assert [each.time_ns for each in await log.read()] == [3, 4, 5], "on disk only so many are kept, too"
    await log.close()
    assert [each.time_ns for each in await EventLog(database).read()] == [3, 4, 5]


async def test_a_broken_database_is_not_taken_for_a_full_disk(database: Database) -> None:
    log = EventLog(FullDisk(database, StorageError("Damaged", code=Code.CORRUPT)))  # type: ignore[arg-type]
    log._unwritten.append(event(1))
    with pytest.raises(StorageError, match="Damaged"):
        await log.read()


# --- the bus ---


def volume(name: str) -> Volume:
    return Volume(name=name, created=now(), mountpoint=f"/{name}")


async def test_an_event_that_changes_nothing_is_seen_as_a_change_of_its_object() -> None:
    heard: list[Event] = []
    bus = EventBus(heard.append)
    bus.publish("volume", "a", volume("a"))
    resized = event(5)
    daemon = Event(time_ns=6, kind="daemon", action="reload", id="wherry")
    async with bus.subscribe() as subscription:
        bus.announce(resized)
        bus.announce(daemon)
        change = await anext(aiter(subscription))
        assert isinstance(change, Change)
        assert (change.kind, change.id, change.event, change.revision) == ("volume", "a", resized, 2)
        assert change.value == bus.objects("volume")["a"]
        bus.announce(Event(time_ns=7, kind="volume", action="destroy", id="gone"))
        gone = await anext(aiter(subscription))
        assert isinstance(gone, Change)
        assert (gone.id, gone.value, gone.revision) == ("gone", None, 3), "the daemon's own is nobody's change"
    assert [each.time_ns for each in heard] == [5, 6, 7]
    EventBus().announce(daemon)


async def test_who_looks_at_everything_anew_skips_what_waits() -> None:
    bus = EventBus()
    async with bus.subscribe(limit=2) as subscription:
        for name in "abc":
            bus.publish("volume", name, volume(name))
        subscription.skip()
        bus.publish("volume", "d", volume("d"))
        change = await anext(aiter(subscription))
        assert isinstance(change, Change)
        assert change.id == "d"
        bus.publish("volume", "e", volume("e"))
        subscription.skip()
        bus.publish("volume", "f", volume("f"))
        change = await anext(aiter(subscription))
        assert isinstance(change, Change)
        assert change.id == "f"


async def test_readers_end_with_the_bus_once_they_have_read_all() -> None:
    bus = EventBus()
    async with bus.subscribe() as subscription, bus.subscribe() as other:
        waiting = asyncio.create_task(anext(aiter(other), None))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        bus.publish("volume", "a", volume("a"))
        await waiting
        waiting = asyncio.create_task(anext(aiter(other), None))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        bus.close()
        assert [each.id async for each in subscription if isinstance(each, Change)] == ["a"]
        assert await asyncio.wait_for(waiting, 20) is None
    bus.publish("volume", "b", volume("b"))
    assert not subscription._queue, "who has gone is told nothing"


async def test_of_each_kind_the_latest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = EventBus()
    assert bus.publish("volume", "a", volume("a")) == 1
    assert bus.publish("volume", "a", changed := volume("a")) == 2
    assert bus.publish("volume", "never", None) == 3
    snapshot = bus.snapshot()
    assert (snapshot.revision, snapshot.volumes, snapshot.images) == (3, (changed,), ())
