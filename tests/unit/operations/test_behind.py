"""What nobody waits for is done when nobody is waiting for anything."""

from __future__ import annotations

import asyncio

from engine.errors import StorageError
from engine.operations.behind import Behind


async def test_what_is_swept_up_waits_for_the_last_of_a_burst() -> None:
    """Fifty removals are answered before the first directory is swept: both take the same processor."""
    behind, done = Behind(), []

    async def sweep(number: int) -> None:
        done.append(number)

    for number in range(50):
        behind.begin(f"run of {number}", lambda number=number: sweep(number))  # type: ignore[misc]
        await asyncio.sleep(0)
        assert done == []
    assert behind.is_going("run of 49")
    await behind.settled()
    assert done == list(range(50))
    assert not behind.is_going("run of 49")


async def test_one_that_fails_keeps_nothing_from_the_next() -> None:
    behind, done = Behind(), []

    async def fail() -> None:
        raise StorageError("It is stuck")

    async def sweep() -> None:
        done.append("swept")

    behind.begin("stuck", fail)
    behind.begin("other", sweep)
    await behind.settled()
    assert done == ["swept"]
    assert not behind.is_going("stuck")


async def test_what_comes_while_another_is_swept_is_swept_too() -> None:
    behind, done = Behind(), []

    async def sweep_and_begin() -> None:
        done.append("first")
        behind.begin("the same", sweep)

    async def sweep() -> None:
        done.append("second")

    behind.begin("the same", sweep_and_begin)
    await behind.settled()
    assert done == ["first", "second"]
