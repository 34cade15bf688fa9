"""The containers there are: in memory the truth, in the store the durable copy, on the bus what others see."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from engine.containers.known.record import Record
from engine.errors import DISK_REFUSES, Code, Conflict, NotFound, StorageError
from engine.types.containers import ALIVE_STATES, Container, State
from engine.types.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from engine.events.bus import EventBus
    from engine.state.database import Database, Statement

_log = logging.getLogger(__name__)
_SHORTEST_PREFIX = 1


class ChangeLock(asyncio.Lock):
    """Held by who changes a container. Whoever takes it next also waits for what the last holder left to do."""

    def __init__(self) -> None:
        super().__init__()
        self._unfinished: asyncio.Future[None] | None = None

    def finish_later(self, work: asyncio.Future[None]) -> None:
        """The holder is done as far as its caller is concerned; this is still to come."""
        self._unfinished = work

    async def acquire(self) -> Literal[True]:
        await super().acquire()
        try:
            await self.finished()
        except BaseException:
            self.release()
            raise
        return True

    async def finished(self) -> None:
        if self._unfinished is not None:
            await asyncio.wait([self._unfinished])
            self._unfinished = None


class Entry:
    """One container while the engine runs: its record, the lock its changes take, and who waits for it."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.lock = ChangeLock()
        self.gone = False
        self.ends = 0
        """How often it has ended since the engine started; a waiter compares."""
        self.leaving = False
        """It is being removed by force: its end need not be kept, nor anything for a next run."""
        self._changed = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None
        self._called_off = False

    @property
    def id(self) -> str:
        return self.record.container.id

    @property
    def container(self) -> Container:
        return self.record.container

    @property
    def state(self) -> State:
        return self.record.container.state

    @property
    def alive(self) -> bool:
        return self.state in ALIVE_STATES

    @property
    def is_going(self) -> bool:
        """Being removed: its files go before its row."""
        return self.leaving or self.state is State.REMOVING

    def waits_to_restart(self) -> bool:
        return self.state is State.RESTARTING

    @property
    def volume_names(self) -> tuple[str, ...]:
        return tuple(mount.source for mount in self.container.mounts if mount.kind == "volume")

    async def starting(self, work: Coroutine[object, object, None]) -> None:
        """The work of a start, which a removal by force may call off. The caller holds the lock."""
        self._called_off = False
        self._starting = asyncio.get_running_loop().create_task(work, name=f"start {self.id[:12]}")
        try:
            await self._starting
        except asyncio.CancelledError:
            if not self._called_off:
                raise
            raise Conflict(f"The start of “{self.container.name}” was called off", subject=self.id) from None
        finally:
            self._starting = None

    def call_off_start(self) -> None:
        if self._starting is not None:
            self._called_off = True
            self._starting.cancel()

    def notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a change makes it true. Holds no lock."""
        while not condition():
            await self._changed.wait()


class Follower(Protocol):
    """A room that follows containers from run to run and keeps something of each."""

    def container_changed(self, container_id: str) -> None:
        """It started, ended or was removed."""

    def container_ends(self, container_id: str) -> None:
        """Its run is over, and its control groups are still there."""

    async def keep_history(self, container_id: str, name: str) -> None:
        """It is being removed: now or never."""


class ContainerBook:
    """Finds by id, prefix or name; saves and publishes."""

    def __init__(self, database: Database, bus: EventBus) -> None:
        self._database = database
        self._bus = bus
        self._entries: dict[str, Entry] = {}
        self._names: dict[str, str] = {}
        self._followers: list[Follower] = []
        self._owed: set[str] = set()
        """Whose rows say less than is true, because the disk was full."""

    async def open(self) -> None:
        for (body,) in await self._database.fetch("SELECT body FROM containers"):
            record = msgspec.json.decode(body, type=Record)
            self._entries[record.id] = Entry(record)
            self._names[record.container.name] = record.id

    def follow(self, follower: Follower) -> None:
        """From now on it is told of every container's runs."""
        self._followers.append(follower)

    def tell_ends(self, entry: Entry) -> None:
        for follower in self._followers:
            follower.container_ends(entry.id)

    async def keep_histories(self, entry: Entry) -> None:
        for follower in self._followers:
            await follower.keep_history(entry.id, entry.container.name)

    # --- finding ---

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def names(self) -> dict[str, str]:
        return self._names

    def volume_users(self) -> dict[str, tuple[str, ...]]:
        """Which containers use which volumes."""
        users: dict[str, tuple[str, ...]] = {}
        for entry in self._entries.values():
            for name in entry.volume_names:
                users[name] = (*users.get(name, ()), entry.id)
        return users

    def name_of(self, container_id: str) -> str:
        return self.find(container_id).container.name

    def is_alive(self, container_id: str) -> bool:
        return self.find(container_id).alive

    def mounted_layers(self) -> set[str]:
        """Of images that containers have mounted beside their own."""
        return {layer for entry in self for layers in entry.record.mounted_images.values() for layer in layers}

    def live_volume_users(self, *, besides: str = "") -> dict[str, tuple[str, ...]]:
        """Those of them that run, or are about to."""
        resting = (State.CREATED, State.EXITED, State.REMOVING, State.DEAD)
        live = {entry.id for entry in self._entries.values() if entry.state not in resting} - {besides}
        users = ((name, tuple(each for each in ids if each in live)) for name, ids in self.volume_users().items())
        return {name: ids for name, ids in users if ids}

    def by_id(self, container_id: str) -> Entry | None:
        return self._entries.get(container_id)

    def find(self, wanted: str) -> Entry:
        """An id, a name, or a prefix of one id only."""
        bare = wanted.removeprefix("/")
        if bare in self._entries:
            return self._entries[bare]
        if bare in self._names:
            return self._entries[self._names[bare]]
        matches = [key for key in self._entries if key.startswith(bare)] if len(bare) >= _SHORTEST_PREFIX else []
        if len(matches) == 1:
            return self._entries[matches[0]]
        if matches:
            raise Conflict(
                f"“{wanted}” could be several containers",
                ", ".join(self._entries[key].container.name for key in matches[:8]),
                code=Code.AMBIGUOUS,
                hint="Give more of the id, or the name.",
                subject=wanted,
            )
        raise NotFound(f"No such container: {wanted}", subject=wanted)

    # --- changing ---

    async def add(self, record: Record) -> Entry:
        entry = Entry(record)
        self._entries[record.id] = entry
        self._names[record.container.name] = record.id
        try:
            await self.write(record)
        except BaseException as error:
            del self._entries[record.id]
            del self._names[record.container.name]
            if isinstance(error, asyncio.CancelledError):
                await self._take_back(record.id)
            raise
        self._publish(entry, "create")
        return entry

    async def save(self, entry: Entry, record: Record, action: str = "", **attributes: str) -> None:
        """The container is now like this: seen by all at once, durable when this returns."""
        self.show(entry, record, action, **attributes)
        await self.write(entry.record)

    async def save_when_it_fits(self, entry: Entry, record: Record, action: str = "", **attributes: str) -> None:
        """For what has happened or must happen, room or not: ends, and wishes to end.

        On a full disk it is true in memory, and the row follows with the next write that succeeds. A crash before that
        loses nothing but the wording: the next engine sees what lives and what conmon wrote down.
        """
        self.show(entry, record, action, **attributes)
        try:
            await self.write(entry.record)
        except StorageError as error:
            if error.code not in DISK_REFUSES:
                raise
            self._owed.add(entry.id)
            _log.warning("%s: the state of %s will be written later", error.title, entry.container.name)

    async def pay(self) -> None:
        """Write what is owed, if there is room by now."""
        with contextlib.suppress(StorageError):  # not yet, then
            for container_id in tuple(self._owed):
                entry = self._entries.get(container_id)
                if entry is not None:
                    await self.write(entry.record)

    def show(self, entry: Entry, record: Record, action: str = "", **attributes: str) -> None:
        """Change and publish without writing: for states that a later engine works out by looking."""
        entry.record = record
        self._publish(entry, action, **attributes)

    async def rename(self, entry: Entry, name: str) -> None:
        old = entry.container.name
        self._names[name] = entry.id
        record = entry.record.with_container(name=name)
        try:
            await self.write(record)
        except asyncio.CancelledError:
            self._renamed(entry, record, old)  # the row is written all the same
            raise
        except BaseException:
            del self._names[name]
            raise
        self._renamed(entry, record, old)

    def _renamed(self, entry: Entry, record: Record, old: str) -> None:
        self._names.pop(old, None)
        self.show(entry, record, "rename", oldName=f"/{old}")

    async def _take_back(self, container_id: str) -> None:
        """Of a row whose writer was called off: it is written all the same, and this comes after it."""
        await self._database.execute("DELETE FROM containers WHERE id = ?", (container_id,))

    async def remove(self, entry: Entry) -> None:
        await self._database.execute("DELETE FROM containers WHERE id = ?", (entry.id,))
        self._entries.pop(entry.id, None)
        self._names.pop(entry.container.name, None)
        self._owed.discard(entry.id)

    def tell_removed(self, entry: Entry) -> None:
        """The very last of a container: who waits for its removal finds nothing of it any more."""
        entry.gone = True
        self._bus.publish("container", entry.id, None, self._event(entry, "destroy", {}))
        entry.notify()
        self._tell(entry.id)

    def announce(self, entry: Entry, action: str, **attributes: str) -> None:
        """An event that changes nothing in the snapshot."""
        self._bus.announce(self._event(entry, action, attributes))

    def publish_all(self) -> None:
        for entry in self._entries.values():
            self._bus.publish("container", entry.id, entry.container)

    # --- inside ---

    async def write(self, record: Record) -> None:
        """Durable, and shown to nobody yet."""
        owed = [self._entries[each].record for each in self._owed - {record.id} if each in self._entries]
        await self._database.transaction([_row(each) for each in (record, *owed)])
        still = {each.id for each in owed if (entry := self._entries.get(each.id)) and entry.record is not each}
        self._owed -= {record.id, *(each.id for each in owed)} - still

    def _publish(self, entry: Entry, action: str, **attributes: str) -> None:
        event = self._event(entry, action, attributes) if action else None
        self._bus.publish("container", entry.id, entry.container, event)
        entry.notify()
        if action in ("start", "die", "create", "stop"):
            self._tell(entry.id)

    def _tell(self, container_id: str) -> None:
        for follower in self._followers:
            follower.container_changed(container_id)

    def _event(self, entry: Entry, action: str, attributes: dict[str, str]) -> Event:
        container = entry.container
        labels = entry.record.image_config.labels | container.spec.labels
        return Event(
            time_ns=time.time_ns(),
            kind="container",
            action=action,
            id=container.id,
            name=container.name,
            attributes=labels | {"image": container.image, "name": container.name} | attributes,
        )


def _row(record: Record) -> Statement:
    return (
        "INSERT INTO containers(id, name, body) VALUES (?, ?, ?) "
        "ON CONFLICT(id) DO UPDATE SET name = excluded.name, body = excluded.body",
        (record.id, record.container.name, msgspec.json.encode(record)),
    )
