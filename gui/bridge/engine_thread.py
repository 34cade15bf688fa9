"""The thread the engine lives in: one asyncio loop, every task inside one group, joined at the end."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from engine.facade import Engine

T = TypeVar("T")


class WrongThread(RuntimeError):
    """A call came from the engine's own thread: waiting for itself, it would never end."""


class EngineClosed(RuntimeError):
    """Work came for an engine that is not open yet, or no more."""


class EngineThread:
    """Opens an engine on a loop of its own and runs work there. `submit` from any other thread."""

    def __init__(self, open_engine: Callable[[], Awaitable[Engine]]) -> None:
        self._open_engine = open_engine
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group: asyncio.TaskGroup | None = None
        self._leave: asyncio.Event | None = None
        self._stop_containers = False
        self._closing = False
        self._shown: Engine | None = None
        self.opened: Future[Engine] = Future()
        """Done when the engine is there; carries what opening it failed with."""
        self.finished: Future[None] = Future()
        """Done when the engine is closed and the loop is about to end."""

    def start(self) -> None:
        self._thread.start()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the engine thread has not started yet")
        return self._loop

    def show(self, engine: Engine | None) -> None:
        """From now on `submit` is about this one, another machine's; None is the engine that was opened."""
        self._shown = engine

    def submit(self, work: Callable[[Engine], Coroutine[Any, Any, T]], *, home: bool = False) -> Future[T]:
        """Run work on the engine's loop, on the engine that is shown, or (`home`) on the one of this computer.
        Cancelling the future cancels the task."""
        if threading.current_thread() is self._thread:
            raise WrongThread("work for the engine was submitted from the engine's own thread")
        answer: Future[T] = Future()
        if self._closing or self._loop is None or not self.opened.done():
            answer.set_exception(EngineClosed("the engine is not open"))
            return answer
        engine = self.opened.result() if home or self._shown is None else self._shown
        try:
            self._loop.call_soon_threadsafe(self._begin, work, engine, answer)
        except RuntimeError:  # the loop was closed between the check and the call
            answer.set_exception(EngineClosed("the engine is not open"))
        return answer

    def stop(self, *, stop_containers: bool = False) -> None:
        """Ask it to end: leases are cancelled, then the engine is closed. Returns at once; see `finished`."""
        self._closing = True
        self._stop_containers = stop_containers
        if self._loop is not None and self._leave is not None:
            try:
                self._loop.call_soon_threadsafe(self._leave.set)
            except RuntimeError:
                return  # already gone

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; says whether it came."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- on the engine's thread ---

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:
            if not self.opened.done():
                self.opened.set_exception(error)
            if not self.finished.done():
                self.finished.set_exception(error)
            return
        if not self.finished.done():
            self.finished.set_result(None)

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._leave = asyncio.Event()
        engine = await self._open_engine()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self.opened.set_result(engine)
                if not self._closing:
                    await self._leave.wait()
                own = asyncio.current_task()
                for task in asyncio.all_tasks():
                    if task is not own and task.get_name().startswith("window:"):
                        task.cancel()
        finally:
            self._closing = True
            self._group = None
            await engine.close(stop_containers=self._stop_containers)

    def _begin(self, work: Callable[[Engine], Coroutine[Any, Any, T]], engine: Engine, answer: Future[T]) -> None:
        if self._group is None or self._closing:
            answer.cancel()
            return
        task = self._group.create_task(self._answer(work, engine, answer), name=f"window:{id(answer)}")

        def cancel_task(done: Future[T]) -> None:
            if done.cancelled() and self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(task.cancel)

        answer.add_done_callback(cancel_task)

    @staticmethod
    async def _answer(work: Callable[[Engine], Coroutine[Any, Any, T]], engine: Engine, answer: Future[T]) -> None:
        try:
            value = await work(engine)
        except asyncio.CancelledError:
            answer.cancel()
        except Exception as error:
            if answer.set_running_or_notify_cancel():
                answer.set_exception(error)
        else:
            if answer.set_running_or_notify_cancel():
                answer.set_result(value)
