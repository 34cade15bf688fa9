"""Several things at once, steps that need one another, streams that close their source."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.errors import RuntimeFailure
from engine.operations import quiet
from engine.operations.quiet import Quiet
from engine.operations.stepping import carry_out
from engine.operations.streams import closable
from engine.operations.together import both, together
from engine.types.projects import PlannedStep

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.types.operations import StepProgress


async def gives(value: int) -> int:
    await asyncio.sleep(0)
    return value


class Cleaning:
    """Waits for ever, and cleans up."""

    def __init__(self) -> None:
        self.cleaned = False

    async def work(self) -> int:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.cleaned = True
        return 0


async def fails(words: str) -> int:
    await asyncio.sleep(0)
    raise RuntimeFailure(words)


async def test_results_come_in_order() -> None:
    assert await together(gives(each) for each in (3, 1, 2)) == [3, 1, 2]
    assert await together([]) == []
    assert await both(gives(1), gives(2)) == (1, 2)


async def test_the_first_failure_stops_the_rest_and_waits_for_their_cleaning_up() -> None:
    other = Cleaning()
    with pytest.raises(RuntimeFailure, match="first"):
        await together([other.work(), fails("first"), fails("second")])
    assert other.cleaned
    other = Cleaning()
    with pytest.raises(RuntimeFailure, match="one"):
        await both(fails("one"), other.work())
    assert other.cleaned


async def test_who_is_called_off_calls_all_off() -> None:
    others = [Cleaning(), Cleaning()]
    task = asyncio.create_task(together(each.work() for each in others))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [each.cleaned for each in others] == [True, True]


# --- steps ---


def step(name: str, *needs: str) -> PlannedStep:
    return PlannedStep(id=name, action="start", subject=f"box {name}", needs=needs)


class Told:
    """What became of each step, in the order in which it was told."""

    def __init__(self) -> None:
        self.first: list[str] = []
        self.lines: list[str] = []
        self._known: dict[str, StepProgress] = {}

    def __call__(self, steps: tuple[StepProgress, ...]) -> None:
        if not self._known:
            self.first = [f"{each.id} {each.action} {each.subject} {each.state}" for each in steps]
        for each in steps:
            if self._known and self._known[each.id] != each:
                assert (each.action, each.subject) == ("start", f"box {each.id}")
                self.lines.append(f"{each.id} {each.state} {each.note}".strip())
        self._known = {each.id: each for each in steps}


async def test_who_needs_another_waits_for_it() -> None:
    told = Told()

    async def act(step: PlannedStep) -> None:
        await asyncio.sleep(0)

    await carry_out([step("web", "db", "elsewhere"), step("db")], act, told)
    assert told.first == ["web start box web ", "db start box db "]
    assert told.lines == ["db running", "db done", "web running", "web done"]


async def test_what_failed_keeps_back_who_needs_it_and_nobody_else() -> None:
    told = Told()

    async def act(step: PlannedStep) -> None:
        if step.id in ("a", "x"):
            raise RuntimeFailure(f"{step.id} is broken", details=f"about {step.id}")

    steps = [step("a"), step("b", "a"), step("c", "b"), step("d"), step("x")]
    with pytest.raises(RuntimeFailure, match="a is broken") as caught:
        await carry_out(steps, act, told)
    assert sorted(told.lines) == sorted(
        [
            "a running", "a failed a is broken", "b skipped a was not done", "c skipped b was not done", "d running",
            "d done", "x running", "x failed x is broken",
        ]
    )  # fmt: skip
    assert caught.value.details == "about a\nstart box a: a is broken\nstart box x: x is broken"
    with pytest.raises(RuntimeFailure) as caught:
        await carry_out(steps[:1], act, Told())
    assert caught.value.details == "about a"


async def test_no_more_than_so_many_are_done_at_once() -> None:
    busy, most = 0, 0

    async def act(step: PlannedStep) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1

    steps = [step(str(number)) for number in range(40)]
    await carry_out(steps, act, lambda _: None, side_by_side=3)
    assert most == 3
    most = 0
    await carry_out(steps, act, lambda _: None)
    assert most == 16


async def test_what_is_no_failure_of_ours_ends_all_of_them() -> None:
    async def act(step: PlannedStep) -> None:
        if step.id == "a":
            raise ZeroDivisionError
        await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        await carry_out([step("b"), step("a"), step("c", "a")], act, lambda _: None)


# --- streams, and when it is quiet ---


async def test_closing_a_stream_closes_its_source() -> None:
    closed = []

    async def source() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    stream = closable(source())
    assert await anext(stream) == 1
    await stream.aclose()
    assert closed == [True]
    assert [each async for each in closable(source())] == [1, 2]

    class Plain:
        def __init__(self) -> None:
            self.left = [1]

        def __aiter__(self) -> AsyncIterator[int]:
            return self

        async def __anext__(self) -> int:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    assert [each async for each in closable(Plain())] == [1]


async def test_it_is_quiet_when_nothing_came_for_a_moment_or_something_waits_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = asyncio.get_running_loop().time
    monkeypatch.setattr(quiet, "_QUIET_SECONDS", 0.02)
    found = Quiet()
    since = found.came()
    assert abs(since - clock()) < 10
    await found.wait(since)
    assert clock() - since >= 0.02
    monkeypatch.setattr(quiet, "_QUIET_SECONDS", 1000.0)
    monkeypatch.setattr(quiet, "_LONGEST_SECONDS", 0.01)
    since = found.came()
    await found.wait(since)
    assert clock() - since >= 0.01
    await found.wait(since - 1)


async def test_who_is_in_a_hurry_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "_QUIET_SECONDS", 1000.0)
    monkeypatch.setattr(quiet, "_LONGEST_SECONDS", 1000.0)
    found = Quiet()
    waiting = asyncio.create_task(found.wait(found.came()))
    await asyncio.sleep(0)
    with found.hurry():
        await waiting
        await found.wait(found.came())
    late = asyncio.create_task(found.wait(found.came()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not late.done(), "the hurry is over"
    late.cancel()
