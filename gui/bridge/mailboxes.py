"""Three ways to hand things from the engine's thread to the window, none of them one crossing per item.

batch    every item counts and order matters (log, build and terminal output): bounded, the sender waits
fold     the last state of each key counts (snapshots): grows with the number of keys only
latest   only the newest value counts (stats, progress)

The engine's side puts, the window's side drains, at most once a frame, when the pump says so.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from engine.types.events import Change, EngineSnapshot
from gui.bridge.changes import ChangeSet, fold_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class Mailbox(Protocol):
    """What the pump needs to know of a mailbox."""

    def drain(self) -> None:
        """On the window's thread: hand over what is there."""
        ...


class BatchMailbox(Generic[T]):
    """A bounded queue of items, delivered as lists. `put` waits while the window is behind."""

    def __init__(self, wake: Callable[[Mailbox], None], deliver: Callable[[list[T]], None], capacity: int) -> None:
        self._wake = wake
        self._deliver = deliver
        self._capacity = capacity
        self._lock = threading.Lock()
        self._items: list[T] = []
        self._room: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def put(self, items: Sequence[T]) -> None:
        """On the engine's loop."""
        if self._room is None:
            self._room, self._loop = asyncio.Event(), asyncio.get_running_loop()
        with self._lock:
            if self._closed:
                return
            self._items.extend(items)
            full = len(self._items) >= self._capacity
            if full:
                self._room.clear()
        self._wake(self)
        if full:
            await self._room.wait()

    def drain(self) -> None:
        with self._lock:
            items, self._items = self._items, []
            closed = self._closed
        if self._room is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._room.set)
        if items and not closed:
            self._deliver(items)

    def close(self) -> None:
        """On the window's thread: nothing more is delivered, a waiting sender is let go."""
        with self._lock:
            self._closed = True
        self.drain()


class LatestMailbox(Generic[T]):
    """One slot; a newer value takes the place of an older one that nobody saw."""

    def __init__(self, wake: Callable[[Mailbox], None], deliver: Callable[[T], None]) -> None:
        self._wake = wake
        self._deliver = deliver
        self._lock = threading.Lock()
        self._slot: list[T] = []
        self._closed = False

    def put(self, value: T) -> None:
        with self._lock:
            self._slot = [value]
        self._wake(self)

    def drain(self) -> None:
        with self._lock:
            slot, self._slot = self._slot, []
        if slot and not self._closed:
            self._deliver(slot[0])

    def close(self) -> None:
        self._closed = True


class FoldMailbox:
    """The last change of each object since the last frame, and every event on the way."""

    EVENT_LIMIT = 1000

    def __init__(self, wake: Callable[[Mailbox], None], deliver: Callable[[ChangeSet], None]) -> None:
        self._wake = wake
        self._deliver = deliver
        self._lock = threading.Lock()
        self._latest: dict[tuple[str, str], Change] = {}
        self._snapshot: EngineSnapshot | None = None
        self._changes_with_events: list[Change] = []

    def put(self, item: Change | EngineSnapshot) -> None:
        with self._lock:
            if isinstance(item, EngineSnapshot):
                self._snapshot = item
                self._latest.clear()
            else:
                self._latest[item.kind, item.id] = item
                if item.event is not None:
                    self._changes_with_events.append(item)
                    del self._changes_with_events[: -self.EVENT_LIMIT]
        self._wake(self)

    def drain(self) -> None:
        with self._lock:
            snapshot, self._snapshot = self._snapshot, None
            latest, self._latest = self._latest, {}
            with_events, self._changes_with_events = self._changes_with_events, []
        if snapshot is not None or latest or with_events:
            events = tuple(change.event for change in with_events if change.event is not None)
            self._deliver(fold_changes(snapshot, latest.values(), events))
