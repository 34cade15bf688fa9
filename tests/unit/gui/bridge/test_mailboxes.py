"""What crosses the threads: nothing that counts is lost, nothing comes twice, and a slow window is waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from engine.types.data import now
from engine.types.events import Change, EngineSnapshot, Event
from engine.types.volumes import Volume
from gui.bridge import pump as pumps
from gui.bridge.mailboxes import BatchMailbox, FoldMailbox, LatestMailbox
from gui.bridge.pump import Pump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtCore import QCoreApplication

    from gui.bridge.changes import ChangeSet
    from gui.bridge.mailboxes import Mailbox

MOMENT = now()


class Awake(list["Mailbox"]):
    """Who has something to hand over, in the order in which it was told."""

    def wake(self, mailbox: Mailbox) -> None:
        self.append(mailbox)


# --- every item counts ---


async def test_all_items_are_delivered_at_once_and_in_order() -> None:
    awake, got = Awake(), list[Any]()
    mailbox: BatchMailbox[int] = BatchMailbox(awake.wake, got.append, 100)
    await mailbox.put([1, 2])
    await mailbox.put([3])
    assert awake == [mailbox, mailbox]
    mailbox.drain()
    mailbox.drain()
    assert got == [[1, 2, 3]]


async def until_it_waits(task: asyncio.Task[Any]) -> None:
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()


@pytest.mark.parametrize(("items", "waits"), [(1, False), (2, True), (3, True)])
async def test_a_sender_waits_while_the_window_is_behind(items: int, *, waits: bool) -> None:
    awake, got = Awake(), list[Any]()
    mailbox: BatchMailbox[int] = BatchMailbox(awake.wake, got.append, 2)
    sending = asyncio.create_task(mailbox.put(range(items)))
    if waits:
        await until_it_waits(sending)
        assert awake == [mailbox], "the window knows of it all the same"
        mailbox.drain()
    await sending
    mailbox.drain()
    assert got == [list(range(items))]


async def test_a_sender_waits_each_time() -> None:
    got: list[list[int]] = []
    mailbox: BatchMailbox[int] = BatchMailbox(Awake().wake, got.append, 1)
    for number in range(3):
        sending = asyncio.create_task(mailbox.put([number]))
        await until_it_waits(sending)
        mailbox.drain()
        await sending
    assert got == [[0], [1], [2]]


async def test_a_closed_one_lets_its_sender_go_and_delivers_nothing() -> None:
    awake, got = Awake(), list[Any]()
    mailbox: BatchMailbox[int] = BatchMailbox(awake.wake, got.append, 1)
    sending = asyncio.create_task(mailbox.put([1]))
    await until_it_waits(sending)
    mailbox.close()
    await sending
    awake.clear()
    await mailbox.put([2])
    mailbox.drain()
    assert (got, awake) == ([], [])


def test_what_is_left_is_delivered_though_the_engine_s_loop_is_over() -> None:
    got: list[list[int]] = []
    mailbox: BatchMailbox[int] = BatchMailbox(Awake().wake, got.append, 10)
    asyncio.run(mailbox.put([1]))
    mailbox.drain()
    assert got == [[1]]


# --- only the newest counts ---


def test_only_the_newest_value_is_delivered() -> None:
    awake, got = Awake(), list[Any]()
    mailbox: LatestMailbox[int | None] = LatestMailbox(awake.wake, got.append)
    mailbox.drain()
    for value in (1, 2, None):
        mailbox.put(value)
    assert awake == [mailbox] * 3
    mailbox.drain()
    mailbox.drain()
    assert got == [None], "that there is none is a value too"
    mailbox.put(3)
    mailbox.close()
    mailbox.drain()
    assert got == [None]


# --- the last of each object counts ---


def a_volume(name: str) -> Volume:
    return Volume(name=name, created=MOMENT, mountpoint=f"/{name}")


def a_change(revision: int, name: str, *, gone: bool = False, event: str = "") -> Change:
    happened = Event(time_ns=revision, kind="volume", action=event, id=name) if event else None
    return Change(revision=revision, kind="volume", id=name, value=None if gone else a_volume(name), event=happened)


def folded(*items: Change | EngineSnapshot) -> ChangeSet:
    got: list[ChangeSet] = []
    mailbox = FoldMailbox(Awake().wake, got.append)
    for item in items:
        mailbox.put(item)
    mailbox.drain()
    mailbox.drain()
    (only,) = got
    return only


def test_the_last_of_each_object_is_delivered_and_every_event() -> None:
    found = folded(a_change(1, "a", event="create"), a_change(2, "b"), a_change(3, "a", gone=True, event="destroy"))
    change = found.kinds["volume"]
    assert (set(change.upserted), change.removed, change.complete, found.complete) == (
        {"b"},
        frozenset("a"),
        False,
        False,
    )
    assert [event.action for event in found.events] == ["create", "destroy"]


def test_a_snapshot_is_all_there_is_and_what_comes_after_it_counts() -> None:
    snapshot = EngineSnapshot(revision=5, volumes=(a_volume("b"), a_volume("c")))
    found = folded(a_change(1, "a", event="create"), snapshot, a_change(6, "c", gone=True), a_change(7, "d"))
    change = found.kinds["volume"]
    assert (set(change.upserted), change.complete, found.complete) == ({"b", "d"}, True, True)
    assert [event.action for event in found.events] == ["create"], "what happened is told all the same"


def test_of_a_flood_of_events_the_last_are_told() -> None:
    found = folded(*(a_change(number, "a", event=str(number)) for number in range(FoldMailbox.EVENT_LIMIT + 2)))
    assert len(found.events) == FoldMailbox.EVENT_LIMIT
    assert (found.events[0].action, found.events[-1].action) == ("2", str(FoldMailbox.EVENT_LIMIT + 1))


def test_nothing_new_delivers_nothing_and_anything_new_wakes() -> None:
    awake, got = Awake(), list[Any]()
    mailbox = FoldMailbox(awake.wake, got.append)
    mailbox.drain()
    assert (awake, got) == ([], [])
    mailbox.put(EngineSnapshot(revision=1))
    mailbox.put(a_change(2, "a"))
    assert awake == [mailbox, mailbox]
    mailbox.drain()
    mailbox.put(a_change(3, "a", event="update"))
    mailbox.drain()
    mailbox.put(a_change(4, "b"))
    mailbox.drain()
    assert [each.complete for each in got] == [True, False, False], "also what happened without an event"
    assert got[1].kinds["volume"].complete is False


# --- the pump ---


class Box:
    def __init__(self) -> None:
        self.drained = 0

    def drain(self) -> None:
        self.drained += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the pump takes for the time."""
    moment = [1000.0]
    monkeypatch.setattr(pumps, "monotonic", lambda: moment[0])
    return moment


@pytest.fixture
def pump(qapp: QCoreApplication, clock: list[float]) -> Iterator[Pump]:
    made = Pump()
    yield made
    made.stop()
    made.deleteLater()
    qapp.processEvents()


def rest(pump: Pump) -> int:
    """How long until it drains."""
    assert pump._timer.isActive()
    return pump._timer.interval()


def test_whoever_woke_the_pump_is_drained_once_and_not_at_once(pump: Pump, qtbot: Any) -> None:
    one, two = Box(), Box()
    pump.wake(one)
    pump.wake(two)
    pump.wake(one)
    assert (one.drained, two.drained) == (0, 0), "never inside the call that woke it"
    assert rest(pump) == 0
    qtbot.waitUntil(lambda: two.drained == 1)
    assert one.drained == 1
    pump.wake(one)
    qtbot.waitUntil(lambda: one.drained == 2)
    assert two.drained == 1


@pytest.mark.parametrize(("later", "wait"), [(0.0, 16), (0.006, 10), (0.016, 0), (9.0, 0)])
def test_at_most_one_drain_a_frame(pump: Pump, clock: list[float], qtbot: Any, later: float, wait: int) -> None:
    box = Box()
    pump.wake(box)
    qtbot.waitUntil(lambda: box.drained == 1)
    clock[0] += later
    pump.wake(box)
    assert rest(pump) in (wait, wait - 1), "whole milliseconds"


def test_a_pump_that_drains_already_is_not_put_off(pump: Pump, clock: list[float]) -> None:
    pump.wake(Box())
    began = pump._timer.remainingTime()
    with pump._lock:
        pump._dirty.clear()
    clock[0] -= 0.001
    pump.wake(Box())
    assert (pump._timer.isActive(), pump._timer.interval(), began) == (True, 0, 0)


def test_a_stopped_pump_delivers_nothing_more(pump: Pump, qapp: QCoreApplication) -> None:
    early, late = Box(), Box()
    pump.wake(early)
    pump.stop()
    pump.wake(late)
    assert not pump._timer.isActive()
    pump._drain()
    assert (early.drained, late.drained) == (0, 0)


def test_stopping_while_it_drains_spares_the_others(pump: Pump) -> None:
    class Last(Box):
        def drain(self) -> None:
            super().drain()
            pump.stop()

    last, other = Last(), Box()
    pump.wake(last)
    pump.wake(other)
    pump._drain()
    assert (last.drained, other.drained) == (1, 0)
