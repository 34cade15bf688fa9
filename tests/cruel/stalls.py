"""How long an event loop was kept from everybody else by one callback, the time in a queue for a processor left out:
other work on the machine does not count, waiting for a disk, a lock or the interpreter does."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from typing import Any

from tests.cruel.pinging import Queue

_STALL_SECONDS = 0.05


class Stalls:
    """While it is installed, every callback of this thread's loop is timed."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.seen: Counter[str] = Counter()
        """What took longer than a person notices, by what it was."""

    def install(self) -> None:
        run, queue = asyncio.Handle._run, Queue(os.getpid())

        def timed(handle: Any) -> None:
            waited, begun, worked = queue.seconds(), time.perf_counter(), time.thread_time()
            run(handle)
            took = time.perf_counter() - begun
            if took > self.longest or took > _STALL_SECONDS:
                took -= queue.seconds() - waited
                if took > _STALL_SECONDS:
                    work = (time.thread_time() - worked) * 1000
                    self.seen[f"{_name(handle)} {took * 1000:.0f} ms, {work:.0f} of them work"] += 1
                self.longest = max(self.longest, took)

        asyncio.Handle._run = timed  # type: ignore[method-assign]


def _name(handle: Any) -> str:
    callback = handle._callback
    task = getattr(callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        return f"{task.get_name()}: {task.get_coro()!r}"[:200]
    return repr(callback)[:200]
