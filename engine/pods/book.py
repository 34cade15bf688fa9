"""The pods there are: in memory the truth, in the store the durable copy."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Code, Conflict, NotFound
from engine.storage.paths import pod_key
from engine.types.containers import Container, ContainerSpec, PortMapping, State
from engine.types.data import Data, now
from engine.types.pods import CreatePod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.state.database import Database


class PodRecord(Data, frozen=True, kw_only=True):
    """One row of the pods table."""

    id: str
    created: datetime
    recipe: CreatePod
    picked: tuple[PortMapping, ...] = ()
    """The ports as they were published last: numbers that were picked stay."""


class PodEntry:
    """One pod while the engine runs."""

    def __init__(self, record: PodRecord) -> None:
        self.record = record
        self.lock = asyncio.Lock()
        """Held by who brings its ground up or takes it away."""
        self.is_up = False
        self.holds = 0
        """Who is in the middle of starting it: between two of its containers nothing is taken away."""
        self.gone = False

    @property
    def name(self) -> str:
        return self.record.recipe.name

    @property
    def key(self) -> str:
        """What its network and its directories are known by among those of containers. No container's id looks so."""
        return pod_key(self.record.id)


class PodBook:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: dict[str, PodEntry] = {}
        self._listeners: list[Callable[[PodEntry], None]] = []

    def follow(self, listener: Callable[[PodEntry], None]) -> None:
        """From now on it is told of every pod whose ground or whose containers changed."""
        self._listeners.append(listener)

    def tell(self, entry: PodEntry) -> None:
        for listener in self._listeners:
            listener(entry)

    async def open(self) -> None:
        rows = await self._database.fetch("SELECT body FROM pods")
        records = (msgspec.json.decode(body, type=PodRecord) for (body,) in rows)
        for record in sorted(records, key=lambda each: each.created):
            self._entries[record.recipe.name] = PodEntry(record)

    def __iter__(self) -> Iterator[PodEntry]:
        return iter(tuple(self._entries.values()))

    def by_key(self, key: str) -> PodEntry | None:
        return next((entry for entry in self if entry.key == key), None)

    def find(self, wanted: str) -> PodEntry:
        """A name, an id, or a prefix of one id only."""
        if wanted in self._entries:
            return self._entries[wanted]
        matches = [entry for entry in self if wanted and entry.record.id.startswith(wanted)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(entry.name for entry in matches[:8])
            raise Conflict(f"“{wanted}” could be several pods", names, code=Code.AMBIGUOUS, subject=wanted)
        raise NotFound(f"No such pod: {wanted}", hint=f"Make it: wherry pod create {wanted}", subject=wanted)

    def shown_as_containers(self) -> Iterator[Container]:
        """Pods as the networks room sees who is in a network."""
        for entry in self:
            recipe = entry.record.recipe
            yield Container(
                id=entry.key,
                name=entry.name,
                image_id="",
                image="",
                spec=ContainerSpec(
                    image="", network=recipe.network, ports=recipe.ports, dns=recipe.dns, extra_hosts=recipe.extra_hosts
                ),
                command_line=(),
                state=State.RUNNING if entry.is_up else State.EXITED,
                created=entry.record.created,
                pid=1 if entry.is_up else 0,
                ports=entry.record.picked if entry.is_up else (),
            )

    async def add(self, recipe: CreatePod) -> PodEntry:
        if recipe.name in self._entries:
            raise Conflict(
                f"There is a pod “{recipe.name}” already",
                code=Code.NAME_TAKEN,
                hint="Choose another name, or remove that one.",
                subject=recipe.name,
            )
        entry = PodEntry(PodRecord(id=secrets.token_hex(32), created=now(), recipe=recipe))
        self._entries[recipe.name] = entry
        try:
            await self.save(entry, entry.record)
        except BaseException as error:
            del self._entries[recipe.name]
            if isinstance(error, asyncio.CancelledError):
                await self._drop_row(entry)  # it is written all the same, and this comes after it
            raise
        return entry

    async def save(self, entry: PodEntry, record: PodRecord) -> None:
        await self._database.execute(
            "INSERT INTO pods(id, name, body) VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET body = excluded.body",
            (record.id, record.recipe.name, msgspec.json.encode(record)),
        )
        entry.record = record

    async def _drop_row(self, entry: PodEntry) -> None:
        await self._database.execute("DELETE FROM pods WHERE id = ?", (entry.record.id,))

    async def remove(self, entry: PodEntry) -> None:
        await self._drop_row(entry)
        self._entries.pop(entry.name, None)
        entry.gone = True
