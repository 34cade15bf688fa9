"""From a Dockerfile to what has to be done: which stages are needed, where each begins, what each waits for. Pure.

Stages are the unit of parallel work; within one, steps follow each other. A stage that nothing needs is left out, and
its instructions are not even looked at beyond their syntax.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from engine.builder.language.errors import DockerfileError, did_you_mean
from engine.builder.language.mounts import read_mount
from engine.builder.language.types import Arg, Copy, Run
from engine.builder.planning.variables import Variables, global_variables, platform_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.builder.language.types import Dockerfile, Instruction, Stage
    from engine.types.data import Platform


@dataclass(frozen=True)
class Origin:
    """Where files come from: another stage, an image, a directory given by name, the build context, or nothing."""

    kind: Literal["stage", "image", "named", "context", "scratch"]
    name: str = ""
    stage: int = -1


@dataclass(frozen=True)
class PlannedStage:
    """One stage with its beginning resolved."""

    index: int
    name: str
    origin: Origin
    platform: str
    stage: Stage
    needs: frozenset[int]
    """Stages it names, by FROM, COPY --from or a mount."""

    @property
    def steps(self) -> tuple[Instruction, ...]:
        """FROM first, then all but ARG, which does no work."""
        return (self.stage.origin, *(one for one in self.stage.instructions if not isinstance(one, Arg)))


@dataclass(frozen=True)
class Plan:
    """What a build will do."""

    dockerfile: Dockerfile
    stages: tuple[PlannedStage, ...]
    """All, by index; only those in `needed` run."""
    target: int
    needed: frozenset[int]
    globals: Variables = field(compare=False)
    predefined: Mapping[str, str] = field(compare=False, default_factory=dict)
    """What every Dockerfile may ask for."""

    def ordered(self) -> Iterator[PlannedStage]:
        return (stage for stage in self.stages if stage.index in self.needed)


class StageNames:
    """How `--from=…` finds a stage."""

    def __init__(self, stages: Sequence[Stage], named: Mapping[str, str]) -> None:
        self._by_name = {stage.origin.name: stage.index for stage in stages if stage.origin.name}
        self._count = len(stages)
        self._named = named

    def base(self, image: str, before: int) -> Origin:
        """What FROM names: an earlier stage, else a named context, else an image."""
        if image == "scratch":
            return Origin("scratch")
        index = self._by_name.get(image.lower())
        if index is not None and index < before:
            return Origin("stage", image, index)
        return Origin("named", image) if image in self._named else Origin("image", image)

    def source(self, name: str, instruction: Instruction, current: int) -> Origin:
        """What `--from` names: a stage by name or number, a named context, else an image."""
        if not name:
            return Origin("context")
        index = self._by_name.get(name.lower())
        if index is None and name.isdigit():
            index = int(name)
            if index >= current:
                problem = f"There is no stage {name} before this one"
                raise instruction.raw.error(problem, column=instruction.raw.column_of(name))
        if index is not None:
            return Origin("stage", name, index)
        return Origin("named", name) if name in self._named else Origin("image", name)

    def near(self, name: str) -> str:
        return did_you_mean(name, self._by_name)


def make_plan(
    dockerfile: Dockerfile,
    *,
    target: str,
    build_args: Mapping[str, str],
    named_contexts: Mapping[str, str],
    build_platform: Platform,
    target_platform: Platform,
) -> Plan:
    """Resolve everything that can be known before anything runs."""
    predefined = platform_arguments(build_platform, target_platform, target)
    scope = global_variables(dockerfile.global_arguments, build_args, predefined, dockerfile.escape)
    names = StageNames(dockerfile.stages, named_contexts)
    stages = tuple(_planned(stage, names, scope) for stage in dockerfile.stages)
    last = _target_index(target, dockerfile.stages, names)
    return Plan(dockerfile, stages, last, _needed(stages, last), scope, predefined)


def _planned(stage: Stage, names: StageNames, scope: Variables) -> PlannedStage:
    image = scope.expanded(stage.origin.image, stage.origin)
    if not image:
        hint = "Give the argument a default before FROM, or a value with --build-arg."
        raise stage.origin.raw.error(f"FROM {stage.origin.image} comes to nothing", hint=hint)
    origin = names.base(image, stage.index)
    needs = {origin.stage} if origin.kind == "stage" else set()
    for instruction in stage.instructions:
        needs.update(_stages_named_by(instruction, names, stage.index))
    return PlannedStage(
        index=stage.index,
        name=stage.name,
        origin=origin,
        platform=scope.expanded(stage.origin.platform, stage.origin),
        stage=stage,
        needs=frozenset(needs),
    )


def _stages_named_by(instruction: Instruction, names: StageNames, current: int) -> set[int]:
    """Stages that an instruction names. A name with a variable in it is looked up when its turn comes."""
    sources: list[str] = []
    if isinstance(instruction, Copy):
        sources = [instruction.origin]
    elif isinstance(instruction, Run):
        sources = [read_mount(instruction.raw, text).origin for text in instruction.mounts if "$" not in text]
    origins = [names.source(name, instruction, current) for name in sources if name and "$" not in name]
    return {origin.stage for origin in origins if origin.kind == "stage"}


def _target_index(target: str, stages: Sequence[Stage], names: StageNames) -> int:
    if not target:
        return len(stages) - 1
    for stage in stages:
        if stage.origin.name == target.lower() or (not stage.origin.name and str(stage.index) == target):
            return stage.index
    if target.isdigit() and int(target) < len(stages):
        return int(target)
    raise DockerfileError(
        f"There is no stage named {target}",
        hint=names.near(target.lower()),
        docker=f'target stage "{target}" could not be found',
    )


def _needed(stages: Sequence[PlannedStage], target: int) -> frozenset[int]:
    """The target and all it waits for; a circle is an error that names the stages on it."""
    done: set[int] = set()
    path: list[int] = []

    def visit(index: int) -> None:
        if index in done:
            return
        if index in path:
            circle = [stages[one].name for one in (*path[path.index(index) :], index)]
            where = stages[index].stage.origin.raw
            raise where.error(f"These stages wait for each other: {' → '.join(circle)}")
        path.append(index)
        for other in sorted(stages[index].needs):
            visit(other)
        path.pop()
        done.add(index)

    visit(target)
    return frozenset(done)
