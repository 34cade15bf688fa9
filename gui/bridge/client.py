"""The engine as the window holds it: ask and await, start operations, lease streams; follow what changes.

`work` everywhere is a function of the engine, run on the engine's thread, so that pages never see its loop:

    container = await client.call(lambda engine: engine.containers.start(container_id))
    ticket    = await client.begin(lambda engine: engine.images.pull(request))
    lease     = client.stream(lambda engine: engine.logs.read(cid, request), self._on_lines)   # later: lease.end()
    lease     = client.latest(lambda engine: engine.stats.watch(), self._on_rates)

Truth comes by `changed` (a ChangeSet, at most one a frame) and is kept in `mirror`; results never write models.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from engine.errors import WherryError
from engine.types.machines import LOCAL, Link
from gui.bridge.changes import ChangeSet, Mirror, fold_changes
from gui.bridge.engine_thread import EngineThread
from gui.bridge.mailboxes import BatchMailbox, FoldMailbox, LatestMailbox
from gui.bridge.pump import Pump
from gui.bridge.terminal_link import TerminalLink
from gui.bridge.veil import Veil

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
    from concurrent.futures import Future

    from engine.facade import ByteStream, Engine, OperationHandle
    from engine.types.events import Kind
    from engine.types.machines import Capabilities, Machine

T = TypeVar("T")

BATCH_CAPACITY = 20_000


class Lease(Protocol):
    """A stream somebody shows. End it when it is hidden."""

    def end(self) -> None: ...


class _StreamLease(Generic[T]):
    def __init__(self, future: Future[None], mailbox: BatchMailbox[T] | LatestMailbox[T]) -> None:
        self._future = future
        self._mailbox = mailbox
        self.ended = False

    def end(self) -> None:
        if not self.ended:
            self.ended = True
            self._mailbox.close()
            self._future.cancel()


class OperationTicket:
    """An operation this window started. Its state is in `client.mirror.operations[ticket.id]`."""

    def __init__(self, client: EngineClient, handle: OperationHandle) -> None:
        self._client = client
        self._handle = handle
        self.id = handle.id

    async def result(self) -> str:
        """Wait for its end; raises what it failed with, or `Cancelled`."""
        return await self._client.call(lambda _: self._handle.result())

    def cancel(self) -> None:
        """Ask it to stop. That it has stopped is told by its own terminal state, not by this call."""
        self._client.engine_soon(self._handle.cancel)


class EngineClient(QObject):
    """One per window. Create on the window's thread, `start`, use after `ready`, `stop` and `join` at the end."""

    ready = Signal()
    """The first snapshot is in the mirror."""
    changed = Signal(object)
    """A ChangeSet, already applied to the mirror."""
    failed = Signal(object)
    """The engine could not be opened, or its subscription broke: the exception."""
    stopped = Signal()
    """The engine is closed."""
    switched = Signal()
    """Another machine's engine is shown from now on; what is known of it is in the mirror."""
    machines_changed = Signal()
    """The list of machines, or how one of them is."""
    capable = Signal()
    """What the shown engine can do is another than was known."""
    _posted = Signal(object)

    def __init__(self, open_engine: Callable[[], Awaitable[Engine]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.mirror = Mirror()
        self._veil = Veil()
        self.is_ready = False
        self.pump = Pump(self)
        self._open_engine = open_engine
        self._thread = EngineThread(open_engine)
        self._fold = FoldMailbox(self.pump.wake, self._on_changes)
        # Queued even within this thread: a callback never runs inside the call that caused it.
        self.stood_in_the_way: Callable[[WherryError], Awaitable[bool]] | None = None
        """Asked when the engine refuses a call: whether something that only waited to be removed was the reason."""
        self.machine = ""
        """The name of the machine that is shown; "" is this computer."""
        self.machines: tuple[Machine, ...] = ()
        self.capabilities = LOCAL
        self._following: Future[None] | None = None
        self._posted.connect(self._run_posted, Qt.ConnectionType.QueuedConnection)

    # --- life ---

    def start(self) -> None:
        """Open the engine; again after it could not be opened."""
        if self._thread.finished.done():
            self._thread = EngineThread(self._open_engine)
        self._thread.opened.add_done_callback(lambda done: self.post(lambda: self._on_opened(done)))
        self._thread.finished.add_done_callback(lambda _: self.post(self.stopped.emit))
        self._thread.start()

    def stop(self, *, stop_containers: bool = False) -> None:
        """Begin to close; `stopped` tells the end."""
        self._thread.stop(stop_containers=stop_containers)

    def join(self, timeout: float = 10.0) -> bool:
        self.pump.stop()
        return self._thread.join(timeout)

    # --- asking ---

    async def call(self, work: Callable[[Engine], Awaitable[T]]) -> T:
        """Run one quick thing and await its answer here. Raises what it raised."""

        async def ask(engine: Engine) -> T:
            return await work(engine)

        try:
            return await asyncio.wrap_future(self._thread.submit(ask))
        except WherryError as error:
            if self.stood_in_the_way is None or not await self.stood_in_the_way(error):
                raise
        return await asyncio.wrap_future(self._thread.submit(ask))

    async def begin(self, work: Callable[[Engine], OperationHandle]) -> OperationTicket:
        """Start something that takes time."""

        async def start(engine: Engine) -> OperationTicket:
            return OperationTicket(self, work(engine))

        return await asyncio.wrap_future(self._thread.submit(start))

    async def operate(self, work: Callable[[Engine], OperationHandle]) -> str:
        """Start something that takes time and wait for its result."""
        return await (await self.begin(work)).result()

    def submit(self, work: Callable[[Engine], Coroutine[Any, Any, T]]) -> Future[T]:
        """The raw form of `call`, for those that keep the future."""
        return self._thread.submit(work)

    # --- other machines ---

    async def at_home(self, work: Callable[[Engine], Awaitable[T]]) -> T:
        """As `call`, of the engine of this computer, whichever is shown."""

        async def ask(engine: Engine) -> T:
            return await work(engine)

        return await asyncio.wrap_future(self._thread.submit(ask, home=True))

    async def begin_at_home(self, work: Callable[[Engine], OperationHandle]) -> OperationTicket:
        """As `begin`, of the engine of this computer."""

        async def start(engine: Engine) -> OperationTicket:
            return OperationTicket(self, work(engine))

        return await asyncio.wrap_future(self._thread.submit(start, home=True))

    @property
    def is_connected(self) -> bool:
        """Whether the machine that is shown answers, as far as is known."""
        shown = next((each for each in self.machines if each.name == self.machine), None)
        return not self.machine or (shown is not None and shown.link is Link.CONNECTED)

    async def switch(self, machine: str) -> None:
        """Show a machine: what was last known of it at once, the truth as it comes."""
        engine = await self.at_home(lambda home: home.machines.engine(machine))
        if self._following is not None:
            self._following.cancel()
        self._thread.show(engine if machine else None)
        self.machine = machine
        self.capabilities = engine.capabilities
        self._follow_shown()
        self.switched.emit()

    def _follow_shown(self) -> None:
        self._following = self._thread.submit(self._follow)
        self._following.add_done_callback(lambda over: self.post(lambda: self._on_follow_end(over)))

    async def _follow_machines(self, engine: Engine) -> None:
        async with contextlib.aclosing(_closable(engine.machines.watch())) as lists:
            async for machines in lists:
                self.post(lambda found=tuple(machines): self._on_machines(found))  # type: ignore[misc]

    def _on_machines(self, machines: tuple[Machine, ...]) -> None:
        self.machines = machines
        self.machines_changed.emit()
        if self.machine:
            self._thread.submit(self._capabilities).add_done_callback(self._on_capabilities)

    async def _capabilities(self, engine: Engine) -> Capabilities:
        return engine.capabilities

    def _on_capabilities(self, done: Future[Capabilities]) -> None:
        if not done.cancelled() and done.exception() is None:
            self.post(lambda: self._learn(done.result()))

    def _learn(self, capabilities: Capabilities) -> None:
        if capabilities != self.capabilities:
            self.capabilities = capabilities
            self.capable.emit()

    def stream(
        self,
        work: Callable[[Engine], AsyncIterator[Sequence[T]]],
        deliver: Callable[[list[T]], None],
        ended: Callable[[BaseException | None], None] | None = None,
        *,
        capacity: int = BATCH_CAPACITY,
    ) -> Lease:
        """Lease a stream of batches in which every item counts. `deliver` gets at most one list a frame."""
        mailbox: BatchMailbox[T] = BatchMailbox(self.pump.wake, deliver, capacity)

        async def run(engine: Engine) -> None:
            async with contextlib.aclosing(_closable(work(engine))) as batches:
                async for batch in batches:
                    await mailbox.put(batch)

        return self._lease(run, mailbox, ended)

    def latest(
        self,
        work: Callable[[Engine], AsyncIterator[T]],
        deliver: Callable[[T], None],
        ended: Callable[[BaseException | None], None] | None = None,
    ) -> Lease:
        """Lease a stream of which only the newest value counts."""
        mailbox: LatestMailbox[T] = LatestMailbox(self.pump.wake, deliver)

        async def run(engine: Engine) -> None:
            async with contextlib.aclosing(_closable(work(engine))) as values:
                async for value in values:
                    mailbox.put(value)

        return self._lease(run, mailbox, ended)

    def terminal(
        self,
        work: Callable[[Engine], Awaitable[ByteStream]],
        deliver: Callable[[bytes], None],
        ended: Callable[[int | None, BaseException | None], None],
    ) -> TerminalLink:
        """Open a line to a process: `exec` or `attach`. `ended` gets the exit code, or the error."""
        return TerminalLink(self, work, deliver, ended)

    # --- what is shown as gone before it is ---

    def hide(self, kind: Kind, keys: Iterable[str]) -> None:
        """Show these objects as gone; the engine is not asked."""
        self._tell(self._veil.hide(kind, keys))

    def unhide(self, kind: Kind, keys: Iterable[str]) -> None:
        """Show those again that are still there."""
        self._tell(self._veil.show(kind, keys))

    def let_go(self, kind: Kind, keys: Iterable[str]) -> None:
        """The engine has removed what was hidden; an object that takes the same name later is a new one."""
        self._veil.let_go(kind, keys)

    async def remaining(self, kind: Kind, keys: Iterable[str]) -> frozenset[str]:
        """Those the engine still has, asked of it and not of what has been told so far."""

        async def look(engine: Engine) -> frozenset[str]:
            async with engine.watch() as subscription:
                present = fold_changes(subscription.snapshot, ()).kinds[kind].upserted
            return frozenset(keys) & present.keys()

        return await asyncio.wrap_future(self._thread.submit(look))

    def hides(self, kind: Kind, key: str) -> bool:
        return self._veil.hides(kind, key)

    # --- crossing, for this room ---

    def post(self, action: Callable[[], None]) -> None:
        """Run on the window's thread, soon. For rare things; what comes often goes through a mailbox."""
        with contextlib.suppress(RuntimeError):  # the window is gone
            self._posted.emit(action)

    def engine_soon(self, action: Callable[..., None], *arguments: Any) -> None:
        """Run on the engine's thread, soon, without an answer."""
        with contextlib.suppress(RuntimeError):  # its loop is closed
            self._thread.loop.call_soon_threadsafe(action, *arguments)

    def _lease(
        self,
        run: Callable[[Engine], Coroutine[Any, Any, None]],
        mailbox: BatchMailbox[T] | LatestMailbox[T],
        ended: Callable[[BaseException | None], None] | None,
    ) -> Lease:
        future = self._thread.submit(run)
        lease = _StreamLease(future, mailbox)

        def over(done: Future[None]) -> None:
            error = None if done.cancelled() else done.exception()

            def tell() -> None:
                if not lease.ended:
                    mailbox.drain()
                    lease.ended = True
                    if ended is not None:
                        ended(error)

            self.post(tell)

        future.add_done_callback(over)
        return lease

    def _run_posted(self, action: Callable[[], None]) -> None:
        action()

    def _on_opened(self, done: Future[Engine]) -> None:
        error = done.exception()
        if error is not None:
            self.failed.emit(error)
            return
        self._follow_shown()
        self._thread.submit(self._follow_machines, home=True).add_done_callback(_over)

    async def _follow(self, engine: Engine) -> None:
        async with engine.watch() as subscription:
            self._fold.put(subscription.snapshot)
            async for change in subscription:
                self._fold.put(change)

    def _on_follow_end(self, done: Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self.failed.emit(error)

    def _on_changes(self, changes: ChangeSet) -> None:
        shown = self._veil.filter(changes)
        self.mirror.apply(shown)
        if not self.is_ready and shown.complete:
            self.is_ready = True
            self.ready.emit()
        self.changed.emit(shown)

    def _tell(self, changes: ChangeSet) -> None:
        self.mirror.apply(changes)
        self.changed.emit(changes)


def _over(done: Future[None]) -> None:
    """Without the list of machines a window is what it was; why there is none, adding one tells."""
    if not done.cancelled():
        done.exception()


async def _closable(source: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """An async generator around any iterator, so that closing it closes the source."""
    try:
        async for item in source:
            yield item
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
