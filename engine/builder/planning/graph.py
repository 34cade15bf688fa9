"""The graph people watch: one vertex per instruction that does work, with what each waits for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.builder.language.types import Arg
from engine.types.builds import BuildStep

if TYPE_CHECKING:
    from engine.builder.language.types import Instruction
    from engine.builder.planning.plan import Plan, PlannedStage


_MOST_SHOWN = 4096
"""Characters of an instruction: each change of a step tells all of it again."""


def step_id(stage: int, number: int) -> str:
    return f"{stage}.{number}"


def steps_of(plan: Plan) -> list[BuildStep]:
    """All steps of all needed stages, in the order of the file. Step 0 of a stage is its FROM."""
    return [step for stage in plan.ordered() for step in stage_steps(plan, stage, stage.stage.instructions)]


def stage_steps(plan: Plan, stage: PlannedStage, instructions: tuple[Instruction, ...]) -> list[BuildStep]:
    """The steps of one stage; called again when the base's triggers have lengthened it."""
    working = [stage.stage.origin, *(one for one in instructions if not isinstance(one, Arg))]
    steps: list[BuildStep] = []
    for number, instruction in enumerate(working):
        waits = [step_id(stage.index, number - 1)] if number else []
        if number == 0:
            waits += [_last(plan.stages[other]) for other in sorted(stage.needs)]
        steps.append(
            BuildStep(
                id=step_id(stage.index, number),
                stage=stage.name,
                number=number,
                total=len(working) - 1,
                instruction=instruction.text[:_MOST_SHOWN],
                line=instruction.line,
                depends_on=tuple(waits),
            )
        )
    return steps


def _last(stage: PlannedStage) -> str:
    return step_id(stage.index, len(stage.steps) - 1)
