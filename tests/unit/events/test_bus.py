"""The bus: snapshot first, then every change; an overflow gives a fresh snapshot, never a silent gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from engine.events.bus import EventBus
from engine.events.log import EventLog
from engine.state.database import Database
from engine.types.data import now
from engine.types.events import Change, EngineSnapshot, Event
from engine.types.volumes import Volume

if TYPE_CHECKING:
    from pathlib import Path


def volume(name: str, size: int = 0) -> Volume:
    return Volume(name=name, created=now(), mountpoint=f"/{name}", size=size)


async def test_a_subscriber_sees_the_past_as_a_snapshot_and_the_future_as_changes() -> None:
    bus = EventBus()
    bus.publish("volume", "a", volume("a"))
    async with bus.subscribe() as subscription:
        assert [one.name for one in subscription.snapshot.volumes] == ["a"]
        revision = bus.publish("volume", "a", None)
        change = await anext(aiter(subscription))
        assert isinstance(change, Change)
        assert (change.revision, change.value) == (revision, None)


async def test_a_slow_reader_gets_a_fresh_snapshot_and_then_goes_on() -> None:
    bus = EventBus()
    async with bus.subscribe(limit=3) as subscription:
        for number in range(10):
            bus.publish("volume", str(number), volume(str(number)))
        fresh = await anext(aiter(subscription))
        assert isinstance(fresh, EngineSnapshot)
        assert len(fresh.volumes) == 10
        bus.publish("volume", "0", None)
        change = await anext(aiter(subscription))
        assert isinstance(change, Change)
        assert change.revision == fresh.revision + 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3) | st.none()), max_size=40), st.integers(1, 5))
async def test_folding_what_is_read_always_gives_what_is_there(steps: list[tuple[str, int | None]], limit: int) -> None:
    bus = EventBus()
    async with bus.subscribe(limit=limit) as subscription:
        seen: dict[str, object] = {}
        for name, size in steps:
            bus.publish("volume", name, None if size is None else volume(name, size))
        revision = 0
        while revision < len(steps):
            news = await anext(aiter(subscription))
            revision = news.revision
            if isinstance(news, EngineSnapshot):
                seen = {one.name: one for one in news.volumes}
            elif news.value is None:
                seen.pop(news.id, None)
            else:
                seen[news.id] = news.value
        assert seen == dict(bus.objects("volume"))


async def test_the_log_keeps_events_across_owners(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    log = EventLog(database)
    bus = EventBus(log.record)
    for moment in (10, 20, 30):
        event = Event(time_ns=moment, kind="volume", action="create", id="a")
        bus.publish("volume", "a", volume("a"), event)
    await log.close()
    again = EventLog(database)
    assert [event.time_ns for event in await again.read(since_ns=15, until_ns=25)] == [20]
    assert len(await again.read()) == 3
    await again.close()
    await database.close()
