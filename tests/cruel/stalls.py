"""How long an event loop was kept from everybody else by one callback, in processor time: other work on the machine
does not count."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

_STALL_SECONDS = 0.05


class Stalls:
    """While it is installed, every callback of every loop of this process is timed."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.seen: Counter[str] = Counter()
        """What took longer than a person notices, by what it was."""

    def install(self) -> None:
        run = asyncio.Handle._run

        def timed(handle: Any) -> None:
            begun = time.thread_time()
            run(handle)
            took = time.thread_time() - begun
            if took > _STALL_SECONDS:
                self.seen[f"{_name(handle)} {took * 1000:.0f} ms"] += 1
            self.longest = max(self.longest, took)

        asyncio.Handle._run = timed  # type: ignore[method-assign]


def _name(handle: Any) -> str:
    callback = handle._callback
    task = getattr(callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        return f"{task.get_name()}: {task.get_coro()!r}"[:200]
    return repr(callback)[:200]
