"""The revisioned bus. It holds the latest snapshot of every object, so a subscriber starts with all and loses nothing.

A subscriber's queue is bounded. One that falls behind is not waited for: its queue is dropped and what it reads next is
a fresh `EngineSnapshot`, from which the changes go on. All methods belong to the engine's loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast, get_args

from engine.types.events import Change, EngineSnapshot, Event, Kind, Snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

_KINDS: tuple[Kind, ...] = get_args(Kind)
_LONGEST_QUEUE = 10_000


class BusSubscription:
    """One reader. Iterating gives changes in order, or a fresh snapshot after an overflow."""

    def __init__(self, bus: EventBus, snapshot: EngineSnapshot, limit: int) -> None:
        self.snapshot = snapshot
        self._bus = bus
        self._limit = limit
        self._queue: deque[Change] = deque()
        self._overflowed = False
        self._closed = False
        self._wake = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[Change | EngineSnapshot]:
        return self

    async def __anext__(self) -> Change | EngineSnapshot:
        while True:
            if self._overflowed:
                self._overflowed = False
                return self._bus.snapshot()
            if self._queue:
                return self._queue.popleft()
            if self._closed:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()

    def push(self, change: Change) -> None:
        if len(self._queue) >= self._limit:
            self._queue.clear()
            self._overflowed = True
        if not self._overflowed:
            self._queue.append(change)
        self._wake.set()

    def skip(self) -> None:
        """Forget what waits: for a reader that looks at everything anew."""
        self._queue.clear()
        self._overflowed = False

    def end(self) -> None:
        self._closed = True
        self._wake.set()


class EventBus:
    """Publishes snapshots. `on_event` sees each event once, for the event log."""

    def __init__(self, on_event: Callable[[Event], None] | None = None) -> None:
        self._objects: dict[Kind, dict[str, Snapshot]] = {kind: {} for kind in _KINDS}
        self._subscriptions: set[BusSubscription] = set()
        self._revision = 0
        self._on_event = on_event

    def publish(self, kind: Kind, object_id: str, value: Snapshot | None, event: Event | None = None) -> int:
        """The object is now like this (None: gone). Gives the revision that says so."""
        objects = self._objects[kind]
        if value is None:
            objects.pop(object_id, None)
        else:
            objects[object_id] = value
        self._revision += 1
        change = Change(revision=self._revision, kind=kind, id=object_id, value=value, event=event)
        for subscription in self._subscriptions:
            subscription.push(change)
        if event is not None and self._on_event is not None:
            self._on_event(event)
        return self._revision

    def announce(self, event: Event) -> None:
        """An event that changes no snapshot ("exec_create", "resize", …). Readers see it as a change of its object."""
        if event.kind == "daemon":
            if self._on_event is not None:
                self._on_event(event)
            return
        self.publish(event.kind, event.id, self._objects[event.kind].get(event.id), event)

    def objects(self, kind: Kind) -> Mapping[str, Snapshot]:
        return self._objects[kind]

    def snapshot(self) -> EngineSnapshot:
        # The bus is heterogeneous by nature; each publisher puts only its own kind under its own name.
        everything = {f"{kind}s": tuple(objects.values()) for kind, objects in self._objects.items()}
        return EngineSnapshot(revision=self._revision, **cast("dict[str, Any]", everything))

    @asynccontextmanager
    async def subscribe(self, *, limit: int = _LONGEST_QUEUE) -> AsyncIterator[BusSubscription]:
        subscription = BusSubscription(self, self.snapshot(), limit)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.end()
