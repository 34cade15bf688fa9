"""The list of operations. A room gives a title and a coroutine; it gets a handle, and watchers get progress.

Progress may come a thousand times a second; it is published at most every 50 ms, the newest state winning. The final
state is always published, and only after the work (its cleaning up included) has really ended.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Cancelled, Code, Conflict, NotFound, StorageError, WherryError
from engine.operations.endings import ending_of, is_bug
from engine.spoken.naming import take_name
from engine.types.data import now
from engine.types.events import Event
from engine.types.images import LayerPhase, LayerProgress
from engine.types.operations import Failure, Operation, OperationState, StepProgress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from engine.events.bus import EventBus
    from engine.state.database import Database

_log = logging.getLogger(__name__)
_PUBLISH_SECONDS = 0.05
_MOST_KEPT = 200


def failure_of(error: WherryError) -> Failure:
    return Failure(
        code=error.code.value,
        title=error.title,
        explanation=error.explanation,
        hint=error.hint,
        details=error.details,
        subject=error.subject,
    )


class Progress:
    """What the work of an operation tells about itself."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._layers: dict[str, LayerProgress] = {}

    def status(self, text: str) -> None:
        self._tell(status=text)

    def amount(self, done: int, total: int = 0) -> None:
        self._tell(done=done, total=total)

    def steps(self, steps: tuple[StepProgress, ...]) -> None:
        """Where each step of many stands; the amount counts those that are over."""
        over = sum(step.state in ("done", "failed", "skipped") for step in steps)
        self._tell(steps=steps, done=over, total=len(steps))

    def layer(self, digest: str, phase: LayerPhase, done: int = 0, total: int = 0, note: str = "") -> None:
        """One layer's state; the operation's amount is the sum over its layers."""
        self._layers[digest] = LayerProgress(digest=digest, phase=phase, done=done, total=total, note=note)
        layers = tuple(self._layers.values())
        self._tell(layers=layers, done=sum(one.done for one in layers), total=sum(one.total for one in layers))


class RunningOperation:
    """The handle: implements `facade.OperationHandle`."""

    def __init__(self, registry: OperationRegistry, snapshot: Operation) -> None:
        self.snapshot = snapshot
        self._registry = registry
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()
        self._publish_timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None
        self.error: BaseException | None = None

    @property
    def id(self) -> str:
        return self.snapshot.id

    def cancel(self) -> None:
        if self.task is not None and self.snapshot.cancellable and not self._ended.is_set():
            self.task.cancel()

    async def result(self) -> str:
        await self._ended.wait()
        if self.error is not None:
            raise self.error
        return self.snapshot.result

    async def watch(self) -> AsyncIterator[Operation]:
        last: Operation | None = None
        while True:
            self._changed.clear()
            if self.snapshot is not last:
                last = self.snapshot
                yield last
            if last.state is not OperationState.RUNNING:
                return
            if self.snapshot is last:
                await self._changed.wait()

    def update(self, **fields: object) -> None:
        """Take new progress; publish it soon."""
        self.snapshot = msgspec.structs.replace(self.snapshot, **fields)
        self._changed.set()
        if self._publish_timer is None:
            loop = asyncio.get_running_loop()
            self._publish_timer = loop.call_later(_PUBLISH_SECONDS, self._publish)

    def finish(self, state: OperationState, *, result: str = "", error: WherryError | None = None) -> None:
        if self._publish_timer is not None:
            self._publish_timer.cancel()
        self.error = error
        self.snapshot = msgspec.structs.replace(
            self.snapshot,
            state=state,
            ended=now(),
            result=result,
            failure=None if error is None or state is OperationState.CANCELLED else failure_of(error),
        )
        try:
            self._publish()
        finally:
            self._ended.set()
            self._changed.set()

    def _publish(self) -> None:
        self._publish_timer = None
        self._registry.publish(self.snapshot)


class OperationRegistry:
    """Implements `facade.Operations`, and starts operations for the rooms."""

    def __init__(self, bus: EventBus, database: Database | None = None) -> None:
        """Without a database what has ended is forgotten with this process."""
        self._bus = bus
        self._database = database
        self._running: dict[str, RunningOperation] = {}
        self._finished: dict[str, Operation] = {}

    async def open(self) -> None:
        """Bring back what earlier owners of the store finished."""
        if self._database is None:
            return
        rows = await self._database.fetch("SELECT body FROM operations ORDER BY started_ns")
        for (body,) in rows:
            operation = msgspec.json.decode(body, type=Operation)
            self._finished[operation.id] = operation
            self._bus.publish("operation", operation.id, operation)

    def start(
        self,
        *,
        kind: str,
        title: str,
        subject: str,
        work: Callable[[Progress], Awaitable[str]],
        cancellable: bool = True,
        operation_id: str = "",
        request: Mapping[str, str] | None = None,
    ) -> RunningOperation:
        """Run `work` now; its return value becomes the operation's result. `request` is kept for a repetition."""
        snapshot = Operation(
            id=operation_id or take_name() or secrets.token_hex(8),
            kind=kind,
            title=title,
            subject=subject,
            state=OperationState.RUNNING,
            started=now(),
            cancellable=cancellable,
            request=dict(request or {}),
        )
        running = RunningOperation(self, snapshot)
        self._running[running.id] = running
        self.publish(snapshot)
        running.task = asyncio.get_running_loop().create_task(self._run(running, work), name=f"{kind} {subject}")
        running.task.add_done_callback(lambda _: self._settle(running))
        return running

    def tell_mended(self, title: str, subject: str = "") -> None:
        """Something was put right unasked: people find it among what was done."""

        async def done(_: Progress) -> str:
            return ""

        self.start(kind="mend", title=title, subject=subject, work=done, cancellable=False)

    async def list(self) -> Sequence[Operation]:
        return [*self._finished.values(), *(running.snapshot for running in self._running.values())]

    async def get(self, operation: str) -> Operation:
        if operation in self._running:
            return self._running[operation].snapshot
        if operation in self._finished:
            return self._finished[operation]
        raise NotFound(f"No such operation: {operation}", subject=operation)

    async def cancel(self, operation: str) -> None:
        snapshot = await self.get(operation)
        running = self._running.get(operation)
        if running is None:
            return
        if not snapshot.cancellable:
            raise Conflict(f"“{snapshot.title}” cannot be cancelled", subject=operation)
        running.cancel()

    async def clear_finished(self) -> None:
        gone, self._finished = self._finished, {}
        if self._database is not None:
            await self._database.execute("DELETE FROM operations")
        for operation_id in gone:
            self._bus.publish("operation", operation_id, None)

    async def close(self) -> None:
        """Cancel what runs and wait until each has cleaned up after itself."""
        tasks = [running.task for running in self._running.values() if running.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def publish(self, operation: Operation) -> None:
        event = None
        if operation.state is not OperationState.RUNNING:
            event = Event(
                time_ns=time.time_ns(),
                kind="operation",
                action=operation.state.value,
                id=operation.id,
                name=operation.title,
                attributes={"kind": operation.kind, "subject": operation.subject},
            )
        self._bus.publish("operation", operation.id, operation, event)

    async def _run(self, running: RunningOperation, work: Callable[[Progress], Awaitable[str]]) -> None:
        try:
            result = await work(Progress(running.update))
        except (Exception, asyncio.CancelledError) as error:
            if is_bug(error):
                # Say so honestly, and leave the trace where a report can quote it.
                _log.exception("operation %s failed unexpectedly", running.snapshot.title)
            failure = ending_of(error)
            state = OperationState.CANCELLED if failure.code is Code.CANCELLED else OperationState.FAILED
            running.finish(state, error=failure)
        else:
            running.finish(OperationState.SUCCEEDED, result=result)
        try:
            await self._save(running.snapshot)
        except StorageError as error:
            # Whoever waits has been told; only the list of past operations is shorter after a restart.
            _log.info("cannot write down how “%s” ended: %s", running.snapshot.title, error)

    def _settle(self, running: RunningOperation) -> None:
        if running.snapshot.state is OperationState.RUNNING:  # cancelled before its first step
            running.finish(OperationState.CANCELLED, error=Cancelled())
        del self._running[running.id]
        self._remember(running.snapshot)

    def _remember(self, operation: Operation) -> None:
        self._finished[operation.id] = operation
        while len(self._finished) > _MOST_KEPT:
            oldest = next(iter(self._finished))
            del self._finished[oldest]
            self._bus.publish("operation", oldest, None)

    async def _save(self, operation: Operation) -> None:
        if self._database is None:
            return
        await self._database.transaction(
            [
                (
                    "INSERT OR REPLACE INTO operations(id, started_ns, body) VALUES (?, ?, ?)",
                    (operation.id, int(operation.started.timestamp() * 1e9), msgspec.json.encode(operation)),
                ),
                (
                    "DELETE FROM operations WHERE id NOT IN "
                    "(SELECT id FROM operations ORDER BY started_ns DESC LIMIT ?)",
                    (_MOST_KEPT,),
                ),
            ]
        )
