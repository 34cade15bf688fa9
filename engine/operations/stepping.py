"""Steps that need one another, done side by side as far as they may, each told as it goes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.operations.together import together
from engine.types.operations import StepProgress, StepState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.types.projects import PlannedStep


async def carry_out(
    steps: Sequence[PlannedStep],
    act: Callable[[PlannedStep], Awaitable[None]],
    tell: Callable[[tuple[StepProgress, ...]], None],
    *,
    side_by_side: int = 16,
) -> None:
    """Every step that can be done is; then the first failure is raised, with all of them in its details."""
    done = {step.id: asyncio.get_running_loop().create_future() for step in steps}
    states = {step.id: StepProgress(id=step.id, action=step.action, subject=step.subject) for step in steps}
    slots = asyncio.Semaphore(side_by_side)
    failures: list[tuple[PlannedStep, WherryError]] = []

    def became(step: PlannedStep, state: StepState, note: str = "") -> None:
        states[step.id] = StepProgress(id=step.id, action=step.action, subject=step.subject, state=state, note=note)
        tell(tuple(states.values()))

    async def one(step: PlannedStep) -> bool:
        for need in step.needs:
            if need in done and not await done[need]:
                became(step, "skipped", f"{need} was not done")
                return False
        try:
            async with slots:
                became(step, "running")
                await act(step)
        except WherryError as error:
            failures.append((step, error))
            became(step, "failed", error.title)
            return False
        became(step, "done")
        return True

    async def settle(step: PlannedStep) -> None:
        done[step.id].set_result(await one(step))

    tell(tuple(states.values()))
    try:
        await together(settle(step) for step in steps)
    finally:
        for future in done.values():
            future.cancel()
    if failures:
        first = failures[0][1]
        if len(failures) > 1:
            told = "\n".join(f"{step.action} {step.subject}: {error.title}" for step, error in failures)
            first.details = f"{first.details}\n{told}".strip()
        raise first
