"""The first moment there is, and objects that come and go: nothing of them is lost, nothing stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.events.bus import EventBus
from engine.events.log import EventLog
from engine.state.database import Database
from engine.types.data import now
from engine.types.events import Event
from engine.types.volumes import Volume

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_event_of_the_very_first_moment_is_told(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    log = EventLog(database)
    log.record(Event(time_ns=0, kind="volume", action="create", id="a"))
    assert [event.time_ns for event in await log.read()] == [0]
    await log.close()
    await database.close()


def test_what_is_gone_is_in_no_snapshot_and_the_rest_is() -> None:
    bus = EventBus()
    for name in ("a", "b"):
        bus.publish("volume", name, Volume(name=name, created=now(), mountpoint=f"/{name}"))
    bus.publish("volume", "a", None)
    assert list(bus.objects("volume")) == ["b"]
    assert [each.name for each in bus.snapshot().volumes] == ["b"]
    assert bus.snapshot().revision == 3
