"""Ending containers: signals, grace, killing, freezing. No lock is held while a process takes its time to end."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from engine.containers.known import docker_words
from engine.containers.run.restart_file import remove_restart_file
from engine.containers.spec import image_config
from engine.errors import Code, Conflict, HostError, InvalidRequest, RuntimeFailure
from engine.processes.programs import runtime_environment
from engine.sandbox.failures import KeeperLost
from engine.types.containers import LEGAL_ACTIONS, Action, State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.known.record import Record
    from engine.containers.run.runtime import Runtime

_KILL_SECONDS = 10.0
_FREEZE_SECONDS = 5.0
_FREEZE_LOOK_SECONDS = 0.002

_VERBS = {
    Action.START: "started", Action.STOP: "stopped", Action.KILL: "killed", Action.PAUSE: "paused",
    Action.UNPAUSE: "resumed", Action.UPDATE: "changed", Action.RENAME: "renamed", Action.REMOVE: "removed",
    Action.EDIT: "edited", Action.EXEC: "entered", Action.ATTACH: "attached to", Action.RESTART: "restarted",
    Action.COMMIT: "made into an image",
}  # fmt: skip


def must_allow(entry: Entry, action: Action) -> None:
    """The lifecycle table decides."""
    if action not in LEGAL_ACTIONS[entry.state]:
        container = entry.container
        raise Conflict(
            f"The container “{container.name}” cannot be {_VERBS.get(action, action.value)} now",
            f"It is {container.state.value}.",
            code=Code.WRONG_STATE,
            hint=_hint(entry.state, action),
            subject=container.id,
            docker=docker_words.refused(container, action),
        )


def _hint(state: State, action: Action) -> str:
    if action is Action.REMOVE and state in (State.RUNNING, State.PAUSED, State.RESTARTING):
        return "Stop it first, or remove it by force."
    if state is State.PAUSED:
        return "Resume it first."
    if state in (State.EXITED, State.CREATED):
        return "Start it first."
    return ""


async def send_signal(runtime: Runtime, record: Record, signal: str) -> None:
    """To the container's first process. One that is gone is no failure."""
    call = runtime.crun.kill(record.id, signal)
    try:
        done = await runtime.keeper.run(call, env=runtime_environment())
    except KeeperLost:
        # The wish is written down already; a signal that arrives twice does less harm than one that never does.
        done = await runtime.keeper.run(call, env=runtime_environment())
    if done.code == 0:
        return
    text = done.stderr.decode(errors="replace").strip()
    if "unknown signal" in text or "invalid signal" in text:
        raise InvalidRequest(f"There is no signal {signal}", details=text)
    if "no such process" not in text.lower() and "not running" not in text.lower() and "does not exist" not in text:
        raise RuntimeFailure(f"The signal {signal} could not be sent", text, details=text)


class Ender:
    """Stops, kills and freezes."""

    def __init__(self, book: ContainerBook, runtime: Runtime) -> None:
        self._book = book
        self._runtime = runtime

    async def stop(self, entry: Entry, timeout: float | None, signal: str) -> None:
        """Ask, wait, kill. Comes back when the container has ended and all of it is cleared away."""
        async with entry.lock:
            if entry.state in (State.EXITED, State.CREATED):
                return
            record = entry.record
            if entry.state is not State.STOPPING:
                must_allow(entry, Action.STOP)
            ends = entry.ends
            paused = entry.state is State.PAUSED
            wanted = signal or image_config.stop_signal(record.container.spec, record.image_config)
            wanted = image_config.normal_signal(wanted)
            # The wish is durable before the signal goes out: no restart policy may undo what a person asked for.
            await self._want_stop(entry, State.STOPPING)
            await send_signal(self._runtime, record, wanted)
            self._book.announce(entry, "kill", signal=wanted)
            if paused:
                self._runtime.cgroup(record).freeze(frozen=False)
        grace = image_config.stop_timeout(record.container.spec) if timeout is None else timeout
        if not await self._ended(entry, ends, None if grace < 0 else grace):
            await self._kill_hard(entry)
            if not await self._ended(entry, ends, _KILL_SECONDS):
                raise _undying(entry)
        self._book.announce(entry, "stop")

    async def kill(self, entry: Entry, signal: str) -> None:
        name = image_config.normal_signal(signal)
        async with entry.lock:
            must_allow(entry, Action.KILL)
            ends = entry.ends
            record = entry.record
            deadly = name in ("KILL", "9")
            if deadly:
                await self._want_stop(entry, None)
                await self._kill_now(entry)
            else:
                await send_signal(self._runtime, record, name)
            self._book.announce(entry, "kill", signal=name)
        if deadly:
            await self._ended(entry, ends, _KILL_SECONDS)

    async def end_for_removal(self, entry: Entry) -> None:
        """Killed if it has a process, whatever it is doing; one that is just ending has none in the next moment."""
        entry.call_off_start()
        async with entry.lock:
            if not entry.alive:
                return
            ends = entry.ends
            # Not written down: what follows at once says more, and a crash before that finds one that has ended.
            remove_restart_file(self._runtime, entry.id)
            self._book.show(entry, entry.record.changed(stop_wanted=True))
            await self._kill_now(entry)
            self._book.announce(entry, "kill", signal="KILL")
        if not await self._ended(entry, ends, _KILL_SECONDS):
            raise _undying(entry)

    async def pause(self, entry: Entry) -> None:
        async with entry.lock:
            must_allow(entry, Action.PAUSE)
            if not self._runtime.cgroup(entry.record).can_freeze:
                raise HostError(
                    "Containers cannot be paused on this host",
                    "It gives this user no freezer control group.",
                    hint="Run “wherry doctor” for the way to get one.",
                )
            await self._freeze(entry, briefly=False)

    @asynccontextmanager
    async def still(self, entry: Entry) -> AsyncIterator[None]:
        """Frozen for a piece of work, if it runs then; let go on afterwards, also by a later engine."""
        async with entry.lock:
            frozen = entry.state is State.RUNNING and self._runtime.cgroup(entry.record).can_freeze
            if frozen:
                await self._freeze(entry, briefly=True)
        try:
            yield
        finally:
            if frozen:
                await asyncio.shield(self._let_go_on(entry))

    async def _freeze(self, entry: Entry, *, briefly: bool) -> None:
        group = self._runtime.cgroup(entry.record)
        paused = entry.record.changed(paused_briefly=briefly).with_container(state=State.PAUSED)
        if briefly:
            # Known before it is done: an engine that is killed now must not leave it frozen for ever.
            await self._book.write(paused)
        group.freeze(frozen=True)
        try:
            async with asyncio.timeout(_FREEZE_SECONDS):
                # Frozen at once but for processes deep in a system call; nothing announces it on v1.
                while not group.is_frozen():  # noqa: ASYNC110
                    await asyncio.sleep(_FREEZE_LOOK_SECONDS)
        except TimeoutError:
            group.freeze(frozen=False)
            raise RuntimeFailure(
                "The container could not be paused", "A process does not let itself be frozen."
            ) from None
        await self._book.save(entry, paused, "pause")

    async def _let_go_on(self, entry: Entry) -> None:
        async with entry.lock:
            if entry.state is State.PAUSED and entry.record.paused_briefly:
                await self._thaw(entry)

    async def unpause(self, entry: Entry) -> None:
        async with entry.lock:
            must_allow(entry, Action.UNPAUSE)
            await self._thaw(entry)

    async def _thaw(self, entry: Entry) -> None:
        self._runtime.cgroup(entry.record).freeze(frozen=False)
        running = entry.record.changed(paused_briefly=False).with_container(state=State.RUNNING)
        await self._book.save_when_it_fits(entry, running, "unpause")

    async def _want_stop(self, entry: Entry, state: State | None) -> None:
        remove_restart_file(self._runtime, entry.id)
        record = entry.record.changed(stop_wanted=True)
        if state is not None:
            record = record.with_container(state=state)
        await self._book.save_when_it_fits(entry, record)

    async def _kill_now(self, entry: Entry) -> None:
        """Everything in it at once where the kernel can; else its first process, with which its namespace dies."""
        record = entry.record
        group = self._runtime.cgroup(record)
        if not group.kill_at_once():
            with contextlib.suppress(RuntimeFailure):
                await send_signal(self._runtime, record, "KILL")
        if group.can_freeze and record.container.state is State.PAUSED:
            with contextlib.suppress(OSError):
                group.freeze(frozen=False)

    async def _kill_hard(self, entry: Entry) -> None:
        async with entry.lock:
            if entry.alive:
                await self._kill_now(entry)
                self._book.announce(entry, "kill", signal="KILL")

    async def _ended(self, entry: Entry, ends: int, seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await entry.until(lambda: entry.ends > ends or entry.gone or not entry.alive)
        except TimeoutError:
            return False
        return True


def _undying(entry: Entry) -> RuntimeFailure:
    return RuntimeFailure(
        f"The container “{entry.container.name}” does not end",
        "It was killed and is still there; a process may be stuck in the kernel.",
        hint="Look at its processes; a hanging disk or network mount is the usual cause.",
    )
