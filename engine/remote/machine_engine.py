"""The engine of another machine, whatever it is: connected, followed, connected again; its last state kept meanwhile.

`start` returns at once. What was last known, also of an earlier day, is there from the first moment; the truth comes as
soon as the machine has told it. Nothing here ever waits for a machine without a bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from engine.errors import Code, WherryError
from engine.events.bus import EventBus
from engine.operations.registry import OperationRegistry, failure_of
from engine.remote.link import Link
from engine.types.data import now
from engine.types.events import EngineSnapshot
from engine.types.machines import Capabilities
from engine.types.machines import Link as LinkState
from engine.types.operations import Failure

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from engine.events.bus import BusSubscription
    from engine.machines.machine_list import Entry
    from engine.types.events import Kind
    from engine.types.images import Login

_log = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_KEPT: tuple[Kind, ...] = ("container", "image", "volume", "network")
_KEEP_SECONDS = 5.0
_MOST_KEPT_BYTES = 256 << 20


FindLogin = Callable[[str], Awaitable["Login | None"]]
"""This computer's login for an image's registry, for who asks another machine's engine to fetch that image."""


async def no_login(image: str) -> None:
    del image


class Peer(Protocol):
    """What kind of engine it is: how its state is loaded and followed."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def load(self) -> None:
        """All there is, onto the bus."""
        ...

    async def follow(self) -> None:
        """Every change, until the connection breaks off (which is raised)."""
        ...

    async def close(self) -> None: ...


class Condition(msgspec.Struct, frozen=True):
    """How the link is."""

    link: LinkState = LinkState.NONE
    since: datetime | None = None
    problem: Failure | None = None
    kind: str = ""
    version: str = ""


class Machinery:
    """Bus, operations and the connection that is tried again and again. The engines of both kinds lean on it."""

    lost: ClassVar[frozenset[LinkState]] = frozenset({LinkState.STALE, LinkState.UNREACHABLE})

    def __init__(self, entry: Entry, *, run: Path, kept: Path, told: Callable[[], None]) -> None:
        self.entry = entry
        self.link = Link(entry, str(run / "ssh"))
        self.bus = EventBus()
        self.own_operations = OperationRegistry(self.bus)
        """What is done from here with what is there."""
        self.condition = Condition(kind=entry.kind)
        self.kept = kept
        self._told = told
        self._wake = asyncio.Event()
        self._begun = self._failed = 0
        """Tries to connect: how many began, and the newest that failed."""
        self._running: asyncio.Task[None] | None = None
        self._peer: Peer | None = None
        self._remembered = 0.0

    # --- what was last known ---

    def recall(self) -> None:
        """Put on the bus what was known the last time."""
        with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError):
            if os.stat(self.kept).st_size > _MOST_KEPT_BYTES:
                return
            snapshot = msgspec.msgpack.decode(self.kept.read_bytes(), type=EngineSnapshot)
            self.replace(snapshot)

    def replace(self, snapshot: EngineSnapshot) -> None:
        """The bus has exactly this."""
        for kind in _KEPT:
            there = {_key(kind, value): value for value in getattr(snapshot, f"{kind}s")}
            self.replace_kind(kind, there)

    def replace_kind(self, kind: Kind, there: dict[str, Any]) -> None:
        known = self.bus.objects(kind)
        for key in [key for key in known if key not in there]:
            self.bus.publish(kind, key, None)
        for key, value in there.items():
            if known.get(key) != value:
                self.bus.publish(kind, key, value)

    async def remember(self, *, at_end: bool = False) -> None:
        """Write down what is known, for the next start; every few seconds at most, and at the end."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._remembered < _KEEP_SECONDS and not at_end:
            return
        self._remembered = loop.time()
        snapshot = self.bus.snapshot()
        kept = msgspec.structs.replace(snapshot, operations=(), builds=(), pods=(), doors=())
        with contextlib.suppress(OSError, UnicodeEncodeError):
            await asyncio.to_thread(_write, self.kept, msgspec.msgpack.encode(kept))

    # --- the life of the connection ---

    def start(self, peer: Peer) -> None:
        self._peer = peer
        self._running = asyncio.create_task(self._run(peer), name=f"the engine of {self.entry.name}")

    def look_now(self) -> None:
        """Somebody wants to see it: do not wait for the next try."""
        self._wake.set()

    async def connected(self, seconds: float) -> bool:
        """Wait so long until it is there; of one that is lost, until a try that begins now has failed too."""
        last = self._begun
        if self.condition.link in self.lost:
            last += 1
            self.look_now()
        deadline = asyncio.get_running_loop().time() + seconds
        while self.condition.link is not LinkState.CONNECTED:
            failed = self.condition.link in self.lost and self._failed >= last
            if failed or asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.02)
        return True

    async def _run(self, peer: Peer) -> None:
        pause = _FIRST_PAUSE
        while True:
            self._wake.clear()
            self._begun += 1
            try:
                if self.condition.link is LinkState.NONE:
                    self._is(LinkState.CONNECTING)
                await peer.load()
                self._is(LinkState.CONNECTED)
                pause = _FIRST_PAUSE
                await self.remember()
                await peer.follow()
            except WherryError as error:
                self._lost(error)
            except Exception as error:
                _log.exception("the engine of %s could not be followed", self.entry.name)
                self._lost(WherryError("Something unexpected happened", repr(error)))
            self._failed = self._begun
            await self.remember()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _lost(self, error: WherryError) -> None:
        if error.code is Code.TIMEOUT:
            self.link.dialer.renounce()
        was_there = self.condition.link in (LinkState.CONNECTED, LinkState.STALE)
        state = LinkState.STALE if was_there else LinkState.UNREACHABLE
        since = self.condition.since if self.condition.link is state else now()
        self._say(msgspec.structs.replace(self.condition, link=state, since=since, problem=failure_of(error)))

    def _is(self, link: LinkState) -> None:
        self._say(msgspec.structs.replace(self.condition, link=link, since=now(), problem=None))

    def found_out(self, kind: str, version: str) -> None:
        self._say(msgspec.structs.replace(self.condition, kind=kind, version=version))

    def _say(self, condition: Condition) -> None:
        if condition != self.condition:
            self.condition = condition
            self._told()

    def tell(self) -> None:
        """Something else about the machine is known: what its engine can do."""
        self._told()

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self.condition.link in (LinkState.CONNECTED, LinkState.STALE):
            await self.remember(at_end=True)
        await self.own_operations.close()
        if self._peer is not None:
            await self._peer.close()
        self.bus.close()
        await self.link.close()

    # --- the facade's own ---

    def watch(self) -> AbstractAsyncContextManager[BusSubscription]:
        return self.bus.subscribe()


def _key(kind: Kind, value: Any) -> str:
    return str(value.name if kind == "volume" else value.id)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    fresh.replace(path)
