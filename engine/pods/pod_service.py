"""Pods as the facade shows them: made and removed, and what is done to all containers of one together."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from typing import TYPE_CHECKING, Protocol

import msgspec

from engine.containers.known.names import invent_name
from engine.errors import Code, Conflict, InvalidRequest, RuntimeFailure, WherryError
from engine.networks.host.ports import check_mappings
from engine.pods.states import state_of
from engine.recipe.networks import is_shared, network_name, pod_of
from engine.types.containers import ALIVE_STATES, State
from engine.types.data import ANY_LABELS, Freed
from engine.types.events import Event
from engine.types.pods import INIT_LABEL, SIDECAR_LABEL, Pod, PodContainer, PodState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from engine.events.bus import EventBus
    from engine.facade import Containers
    from engine.pods.book import PodBook, PodEntry
    from engine.types.containers import Container, PortMapping
    from engine.types.data import LabelRule
    from engine.types.pods import CreatePod

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")


class Ground(Protocol):
    """What a pod stands on (`engine.pods.ground`)."""

    def address(self, entry: PodEntry) -> str: ...
    def published(self, entry: PodEntry) -> tuple[PortMapping, ...]: ...
    async def rest(self, entry: PodEntry) -> None: ...
    async def forget(self, entry: PodEntry) -> None: ...


class PodService:
    """Implements `engine.facade.Pods`."""

    def __init__(
        self,
        book: PodBook,
        ground: Ground,
        containers: Containers,
        bus: EventBus,
        check_network: Callable[[str], None],
        everything: Callable[[], Sequence[Container]],
    ) -> None:
        """`everything` lists all containers, at once."""
        self._book = book
        self._ground = ground
        self._containers = containers
        self._bus = bus
        self._check_network = check_network
        self._everything = everything
        book.follow(self.publish)

    # --- looking ---

    async def list(self) -> Sequence[Pod]:
        return [self._shown(entry) for entry in self._book]

    async def get(self, pod: str) -> Pod:
        return self._shown(self._book.find(pod))

    def publish_all(self) -> None:
        for entry in self._book:
            self.publish(entry)

    def publish(self, entry: PodEntry, action: str = "") -> None:
        event = self._event(entry, action) if action else None
        value = None if entry.gone else self._shown(entry)
        self._bus.publish("pod", entry.record.id, value, event)

    # --- making and removing ---

    async def create(self, request: CreatePod) -> Pod:
        name = request.name or invent_name([entry.name for entry in self._book])
        if not _NAME.fullmatch(name):
            raise InvalidRequest(
                f"A pod cannot be called “{name[:80]}”",
                "Letters, digits, and _ . - after the first.",
                subject=name[:80],
            )
        network = network_name(request.network)
        if is_shared(network):
            raise InvalidRequest("A pod cannot share another's network", subject=request.network)
        if request.ports and network in ("none", "host"):
            raise InvalidRequest("Ports cannot be published here", f"The pod's network is “{network}”.")
        check_mappings(request.ports)
        self._check_network(network)
        entry = await self._book.add(msgspec.structs.replace(request, name=name, network=network))
        self.publish(entry, "create")
        return self._shown(entry)

    async def remove(self, pod: str, *, force: bool = False, volumes: bool = False) -> Freed:
        """The pod and its containers."""
        entry = self._book.find(pod)
        busy = [each.name for each in self._of(entry) if each.state in ALIVE_STATES or each.state is State.RESTARTING]
        if busy and not force:
            raise Conflict(
                f"Containers of the pod “{entry.name}” run",
                ", ".join(busy),
                code=Code.IN_USE,
                hint="Stop it first, or remove it by force.",
                subject=entry.record.id,
            )
        freed = 0
        for each in self._of(entry):
            freed += (await self._containers.remove(each.id, force=True, volumes=volumes)).bytes
        await self._ground.forget(entry)
        await self._book.remove(entry)
        self.publish(entry, "remove")
        return Freed(ids=(entry.record.id,), bytes=freed)

    async def prune(self, *, labels: LabelRule = ANY_LABELS) -> Freed:
        """Those of which nothing runs."""
        gone: list[str] = []
        for entry in self._book:
            shown = self._shown(entry)
            if shown.state in (PodState.CREATED, PodState.EXITED) and labels.allows(shown.recipe.labels):
                with contextlib.suppress(WherryError):
                    gone += (await self.remove(entry.record.id)).ids
        return Freed(ids=tuple(gone))

    # --- all of its containers ---

    async def start(self, pod: str) -> Pod:
        """Those that run first, one after the other and each to its good end; then the others together."""
        entry = self._book.find(pod)
        async with self._held(entry):
            members = self._of(entry)
            inits = sorted((each for each in members if is_init(each)), key=_place)
            mains = [each for each in members if not is_init(each)]
            if not any(each.state in ALIVE_STATES for each in mains):
                for each in inits:
                    await self._prepare(entry, each)
            await self._together(mains, self._containers.start)
        self.publish(entry, "start")
        return self._shown(entry)

    async def _prepare(self, entry: PodEntry, container: Container) -> None:
        await self._containers.start(container.id)
        if SIDECAR_LABEL in container.spec.labels:
            return
        result = await self._containers.wait(container.id)
        if result.exit_code:
            raise RuntimeFailure(
                f"“{container.name}”, which prepares the pod “{entry.name}”, ended with {result.exit_code}",
                "The others were not started.",
                hint=f"Its log says why: wherry logs {container.name}",
                code=Code.WRONG_STATE,
                subject=container.id,
            )

    async def stop(self, pod: str, *, timeout: float | None = None) -> Pod:
        return await self._each(pod, lambda each: self._containers.stop(each, timeout=timeout), "stop", _can_stop)

    async def restart(self, pod: str) -> Pod:
        await self.stop(pod)
        return await self.start(pod)

    async def kill(self, pod: str, *, signal: str = "KILL") -> Pod:
        return await self._each(pod, lambda each: self._containers.kill(each, signal=signal), "kill", _can_stop)

    async def pause(self, pod: str) -> Pod:
        return await self._each(pod, self._containers.pause, "pause", lambda each: each.state is State.RUNNING)

    async def unpause(self, pod: str) -> Pod:
        return await self._each(pod, self._containers.unpause, "unpause", lambda each: each.state is State.PAUSED)

    # --- inside ---

    async def _each(
        self,
        pod: str,
        act: Callable[[str], Awaitable[Container]],
        action: str,
        fits: Callable[[Container], bool],
    ) -> Pod:
        entry = self._book.find(pod)
        await self._together([each for each in self._of(entry) if fits(each)], act)
        await self._ground.rest(entry)
        self.publish(entry, action)
        return self._shown(entry)

    async def _together(self, members: Sequence[Container], act: Callable[[str], Awaitable[Container]]) -> None:
        """Side by side; the first failure is raised when all have had their turn, with the others in its details."""
        ends = await asyncio.gather(*(act(each.id) for each in members), return_exceptions=True)
        failed = [(each.name, end) for each, end in zip(members, ends, strict=True) if isinstance(end, BaseException)]
        if not failed:
            return
        first = failed[0][1]
        if isinstance(first, WherryError) and len(failed) > 1:
            told = "\n".join(f"{name}: {error}" for name, error in failed)
            first.details = f"{first.details}\n{told}".strip()
        raise first

    @contextlib.asynccontextmanager
    async def _held(self, entry: PodEntry) -> AsyncIterator[None]:
        """Nothing of it is taken away between two containers; where none runs in the end, all is."""
        entry.holds += 1
        try:
            yield
        finally:
            entry.holds -= 1
            await asyncio.shield(self._ground.rest(entry))

    def _of(self, entry: PodEntry) -> Sequence[Container]:
        return [each for each in self._everything() if pod_of(each.spec.network) == entry.name]

    def _shown(self, entry: PodEntry) -> Pod:
        members = sorted(self._of(entry), key=lambda each: each.created)
        return Pod(
            id=entry.record.id,
            name=entry.name,
            created=entry.record.created,
            recipe=entry.record.recipe,
            state=state_of([each.state for each in members if not is_init(each)]),
            containers=tuple(
                PodContainer(id=each.id, name=each.name, state=each.state, init=is_init(each)) for each in members
            ),
            ports=self._ground.published(entry),
            ip_address=self._ground.address(entry),
        )

    def _event(self, entry: PodEntry, action: str) -> Event:
        return Event(
            time_ns=time.time_ns(),
            kind="pod",
            action=action,
            id=entry.record.id,
            name=entry.name,
            attributes={"name": entry.name} | entry.record.recipe.labels,
        )


def is_init(container: Container) -> bool:
    return INIT_LABEL in container.spec.labels


def _place(container: Container) -> int:
    text = container.spec.labels[INIT_LABEL]
    return int(text) if text.isdigit() else 0


def _can_stop(container: Container) -> bool:
    return container.state in ALIVE_STATES or container.state is State.RESTARTING
