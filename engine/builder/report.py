"""What a Dockerfile says of itself with nothing built: its targets, what one of them asks for, what it had better say
otherwise. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.builder.language import types as t
from engine.builder.language.errors import DockerfileError
from engine.builder.language.mounts import read_mount
from engine.builder.language.parser import parse_dockerfile
from engine.builder.planning.lint import lint
from engine.builder.planning.plan import make_plan
from engine.builder.steps.context_paths import context_paths
from engine.types.builds import RecipeArgument, RecipeNeed, RecipeReport, RecipeTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from engine.builder.language.types import RunMount
    from engine.builder.planning.plan import Plan, PlannedStage
    from engine.types.builds import BuildImage, RecipeWarning
    from engine.types.data import Platform

_CHECK = "BUILDKIT_DOCKERFILE_CHECK"


def make_report(
    request: BuildImage,
    text: str,
    *,
    build_platform: Platform,
    target_platform: Platform,
    environment: Callable[[str], Collection[str] | None],
    triggers: Callable[[str], bool | None],
) -> RecipeReport:
    """`environment` gives the variables of a base image, `triggers` whether it leaves instructions to whoever builds
    on it; None where the image is not known here."""
    given = {name: value for name, value in request.build_args.items() if value is not None}
    try:
        dockerfile = parse_dockerfile(text)
        plan = make_plan(
            dockerfile,
            target=request.target,
            build_args=given,
            named_contexts=request.named_contexts,
            build_platform=build_platform,
            target_platform=target_platform,
        )
        images = {stage.origin.name for stage in plan.stages if stage.origin.kind == "image"}
        known = {name: found for name in images if (found := environment(name)) is not None}
        checks = given.get(_CHECK, dockerfile.directives.get("check", ""))
        skip, strict = _read_checks(checks)
        warnings = lint(plan, known, skip=skip)
        told = _told(request, text, plan, given, warnings=tuple(warnings), strict=strict)
        return msgspec.structs.replace(told, context_paths=context_paths(plan, triggers))
    except DockerfileError as error:
        problem = error.docker or error.title
        return RecipeReport(filename=request.dockerfile, text=text, problem=problem, problem_line=error.line)


def _told(
    request: BuildImage,
    text: str,
    plan: Plan,
    given: Mapping[str, str],
    *,
    warnings: tuple[RecipeWarning, ...],
    strict: bool,
) -> RecipeReport:
    comments = _Comments(text)
    needed = [stage for stage in plan.stages if stage.index in plan.needed]
    last = len(plan.stages) - 1
    targets = tuple(_target(stage, comments, default=stage.index == last) for stage in plan.stages)
    mounts = [mount for stage in needed for mount in _mounts(stage)]
    rules = ", ".join(dict.fromkeys(each.rule for each in warnings))
    return RecipeReport(
        filename=request.dockerfile,
        text=text,
        warnings=warnings,
        targets=targets,
        target=targets[plan.target],
        arguments=tuple(_arguments(plan, needed, given, comments)),
        secrets=_needs([(_secret_name(each), each.required) for each in mounts if each.kind == "secret"]),
        agents=_needs([(each.cache_id or "default", each.required) for each in mounts if each.kind == "ssh"]),
        caches=tuple(dict.fromkeys(each.cache_id or each.target for each in mounts if each.kind == "cache")),
        problem=f"lint violation found for rules: {rules}" if strict and warnings else "",
        problem_line=warnings[0].line if strict and warnings else 0,
    )


def _read_checks(text: str) -> tuple[set[str], bool]:
    """`skip=Rule,Rule;error=true`: rules not to look for, and whether the others are errors."""
    fields = dict(part.strip().partition("=")[::2] for part in text.split(";"))
    skip = {word.strip() for word in fields.get("skip", "").split(",") if word.strip()}
    return skip, fields.get("error", "").strip().lower() == "true"


def _target(stage: PlannedStage, comments: _Comments, *, default: bool) -> RecipeTarget:
    name, line = stage.stage.origin.name, stage.stage.origin.line
    return RecipeTarget(
        name=name,
        default=default,
        description=comments.about(name, line) if name else "",
        base=stage.origin.name or stage.stage.origin.image,
        platform=stage.platform,
        line=line,
    )


def _arguments(
    plan: Plan, needed: list[PlannedStage], given: Mapping[str, str], comments: _Comments
) -> Iterator[RecipeArgument]:
    """Each name once: those before the first FROM, then those of the stages that are needed."""
    seen: set[str] = set()
    here = [*plan.dockerfile.global_arguments]
    here += [one for stage in needed for one in stage.stage.instructions if isinstance(one, t.Arg)]
    for instruction in here:
        for each in instruction.arguments:
            if each.name in seen:
                continue
            seen.add(each.name)
            default = plan.globals.arguments.get(each.name, (each.value or "").strip("\"'"))
            yield RecipeArgument(
                name=each.name,
                description=comments.about(each.name, instruction.line),
                value=given.get(each.name, default),
                line=instruction.line,
            )


def _mounts(stage: PlannedStage) -> Iterator[RunMount]:
    for one in stage.stage.instructions:
        if isinstance(one, t.Run):
            yield from (read_mount(one.raw, text) for text in one.mounts if "$" not in text)


def _secret_name(mount: RunMount) -> str:
    return mount.cache_id or mount.source or mount.target.rpartition("/")[2]


def _needs(found: list[tuple[str, bool]]) -> tuple[RecipeNeed, ...]:
    """Required where one of those who ask for it says so."""
    names = dict.fromkeys(name for name, _ in found)
    return tuple(RecipeNeed(name=name, required=(name, True) in found) for name in names)


class _Comments:
    """What comments say of what stands below them: `# name what it is for`."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def about(self, name: str, line: int) -> str:
        above: list[str] = []
        at = line - 2
        while at >= 0 and self._lines[at].lstrip().startswith("#"):
            above.insert(0, self._lines[at].strip().lstrip("#").strip())
            at -= 1
        for number, text in enumerate(above):
            first, _, rest = text.partition(" ")
            if first.lower() == name.lower() and rest:
                return " ".join([rest.strip(), *above[number + 1 :]])
        return ""
