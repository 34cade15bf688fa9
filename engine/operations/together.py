"""Several things at once, of which the first failure stops the rest; it is raised as it is, not in a group.

Not a TaskGroup: up to Python 3.12.2 one that fails leaves its caller marked as being cancelled, and the caller's next
timeout then raises CancelledError.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence
    from typing import Any

T = TypeVar("T")
U = TypeVar("U")


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Results in order. Returns, or raises, only when every one of them has ended and cleaned up."""
    tasks = [asyncio.ensure_future(one) for one in work]
    await _finished(tasks)
    return [task.result() for task in tasks]


async def both(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Two of different kinds."""
    one, other = asyncio.ensure_future(first), asyncio.ensure_future(second)
    await _finished([one, other])
    return one.result(), other.result()


async def _finished(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """All came to their end; or one failed, the others were cancelled and waited for, and this raises that failure."""
    if not tasks:
        return
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            if task in done and not task.cancelled() and task.exception() is not None:
                task.result()  # raises
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
