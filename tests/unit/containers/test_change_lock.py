"""Whoever changes a container next waits for what the last change left to do."""

from __future__ import annotations

import asyncio

import pytest

from engine.containers.known.book import ChangeLock


async def test_the_next_holder_waits_for_what_was_left() -> None:
    lock = ChangeLock()
    left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with lock:
        lock.finish_later(left)

    following = asyncio.ensure_future(lock.acquire())
    await asyncio.wait([following], timeout=0.01)
    assert not following.done()
    left.set_result(None)

    assert await following
    lock.release()
    async with lock:
        pass


async def test_a_waiter_that_gives_up_leaves_the_lock_free() -> None:
    lock = ChangeLock()
    left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with lock:
        lock.finish_later(left)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), lock:
            pass

    assert not lock.locked()
    left.set_result(None)
    async with lock:
        pass


async def test_work_that_failed_stands_in_nobodys_way() -> None:
    lock = ChangeLock()
    left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    lock.finish_later(left)
    left.set_exception(OSError("gone"))

    async with lock:
        pass
    assert isinstance(left.exception(), OSError)
