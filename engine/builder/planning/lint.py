"""What a Dockerfile had better say otherwise: BuildKit's rules, by its names, over our own reading. Pure.

A rule is a function that gives what it finds; the table at the end says what each is about.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.builder.language import types as t
from engine.builder.language.errors import did_you_mean
from engine.builder.language.words import WordError, expand
from engine.builder.planning.variables import PREDEFINED, global_variables
from engine.types.builds import RecipeWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from engine.builder.language.source import RawInstruction
    from engine.builder.planning.plan import Plan

_SECRET: Final = re.compile(
    r"(?i)(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)",
)
_PUBLIC: Final = re.compile(r"(?i)(?:_|^)public(?:_|$)")
_AS: Final = re.compile(r"(?i)\s(as)\s+(\S+)\s*$")
_RESERVED: Final = ("context", "scratch")
_MOST_FOUND: Final = 1000


@dataclass(frozen=True)
class Linted:
    """A Dockerfile as it is looked at."""

    plan: Plan
    environments: Mapping[str, Collection[str]]
    """The variables of base images, where they are known: of the others nothing is said."""

    @property
    def stages(self) -> tuple[t.Stage, ...]:
        return self.plan.dockerfile.stages

    def instructions(self) -> Iterator[t.Instruction]:
        yield from self.plan.dockerfile.global_arguments
        for stage in self.stages:
            yield stage.origin
            yield from stage.instructions


Found = tuple["RawInstruction", str]
"""Where, and what is to be said about it."""


def lint(plan: Plan, environments: Mapping[str, Collection[str]], *, skip: Collection[str]) -> list[RecipeWarning]:
    """Everything found, by line; `skip` holds rules not to look for, or the word "all"."""
    if "all" in skip:
        return []
    looked_at = Linted(plan, environments)
    left_out = {rule.lower() for rule in skip}
    found = [
        RecipeWarning(rule=rule, description=about, detail=detail, line=raw.line, end_line=raw.end_line)
        for rule, (look, about) in RULES.items()
        if rule.lower() not in left_out
        for raw, detail in look(looked_at)
    ]
    return sorted(found, key=lambda each: each.line)[:_MOST_FOUND]


def _keyword(raw: RawInstruction) -> str:
    """As it is written."""
    word = next(iter(raw.source.split(None, 1)), "")
    return word if word.upper() == raw.keyword else raw.keyword


def _keyword_casing(recipe: Linted) -> Iterator[Found]:
    words = [(one.raw, _keyword(one.raw)) for one in recipe.instructions()]
    counts = Counter("lower" if word.islower() else "upper" for _, word in words if word.islower() or word.isupper())
    lower = counts["lower"] > counts["upper"]
    for raw, word in words:
        if not (word.islower() if lower else word.isupper()):
            yield raw, f"{word!r} is written otherwise than most instructions ({'lower' if lower else 'upper'}case)"


def _as_casing(recipe: Linted) -> Iterator[Found]:
    for stage in recipe.stages:
        raw = stage.origin.raw
        written, found = _keyword(raw), _AS.search(raw.arguments)
        if found and ((written.islower() and not found[1].islower()) or (written.isupper() and not found[1].isupper())):
            yield raw, f"{found[1]!r} and {written!r} are not cased alike"


def _stage_casing(recipe: Linted) -> Iterator[Found]:
    for stage in recipe.stages:
        found = _AS.search(stage.origin.raw.arguments)
        if found and found[2] != found[2].lower():
            yield stage.origin.raw, f"The stage name {found[2]!r} should be lowercase"


def _stage_twice(recipe: Linted) -> Iterator[Found]:
    seen: set[str] = set()
    for stage in recipe.stages:
        name = stage.origin.name
        if name and name in seen:
            yield stage.origin.raw, f"There is a stage named {name!r} already"
        seen.add(name)


def _stage_reserved(recipe: Linted) -> Iterator[Found]:
    for stage in recipe.stages:
        if stage.origin.name in _RESERVED:
            yield stage.origin.raw, f"{stage.origin.name!r} has a meaning of its own and should name no stage"


def _empty_continuation(recipe: Linted) -> Iterator[Found]:
    for one in recipe.instructions():
        lines = one.raw.source.split("\n")
        documents = sum(each.text.count("\n") + 1 for each in one.raw.heredocs)
        if any(not line.strip() for line in lines[: len(lines) - documents]):
            yield one.raw, "An empty line stands among continued ones"


def _shell_form(recipe: Linted) -> Iterator[Found]:
    for stage in recipe.stages:
        if any(isinstance(one, t.Shell) for one in stage.instructions):
            continue  # who chose a shell means it
        for one in stage.instructions:
            if isinstance(one, t.Cmd | t.Entrypoint) and one.shell and one.words:
                yield one.raw, f"{one.raw.keyword} as a JSON list lets the program itself get signals, not a shell"


def _maintainer(recipe: Linted) -> Iterator[Found]:
    for one in recipe.instructions():
        if isinstance(one, t.Maintainer):
            yield one.raw, "MAINTAINER is deprecated: a label can say it"


def _spaced_pairs(recipe: Linted) -> Iterator[Found]:
    for one in recipe.instructions():
        if isinstance(one, t.Pairs) and one.spaced:
            word = one.raw.keyword
            yield one.raw, f'"{word} key=value" should be used instead of the legacy "{word} key value"'


def _relative_workdir(recipe: Linted) -> Iterator[Found]:
    absolute: set[int] = set()
    for planned in recipe.plan.stages:
        known = planned.origin.stage in absolute
        for one in planned.stage.instructions:
            if not isinstance(one, t.Workdir):
                continue
            path = one.path.strip("\"'")
            if path.startswith(("/", "$")):
                known = True
            elif not known:
                yield one.raw, f"What the relative directory {path!r} means changes with the base image"
        if known:
            absolute.add(planned.index)


def _secrets(recipe: Linted) -> Iterator[Found]:
    for one in recipe.instructions():
        names: list[str] = []
        if isinstance(one, t.Env):
            names = [name for name, _ in one.pairs]
        elif isinstance(one, t.Arg):
            names = [each.name for each in one.arguments]
        for name in names:
            if _SECRET.search(name) and not _PUBLIC.search(name):
                yield one.raw, f'{one.raw.keyword} "{name}" puts what looks like a secret into the image or its history'


def _said_twice(recipe: Linted) -> Iterator[Found]:
    for stage in recipe.stages:
        last: dict[type[t.Instruction], t.Instruction] = {}
        for one in stage.instructions:
            if isinstance(one, t.Cmd | t.Entrypoint | t.Healthcheck):
                if type(one) in last:
                    yield last[type(one)].raw, f"Of several {one.raw.keyword} in a stage only the last one counts"
                last[type(one)] = one


# --- variables ---


def _bare(text: str, known: Mapping[str, str], escape: str) -> set[str]:
    """Names that are unset, and for which nothing else is said."""
    if "$" not in text:
        return set()
    try:
        return expand(text, known, escape=escape).bare
    except WordError:
        return set()  # what cannot be read is the build's to refuse


def _undefined_in_from(recipe: Linted) -> Iterator[Found]:
    known = recipe.plan.globals.visible()
    for stage in recipe.stages:
        for text in (stage.origin.image, stage.origin.platform):
            for name in sorted(_bare(text, known, recipe.plan.dockerfile.escape)):
                yield stage.origin.raw, f"The argument {name!r} is not declared before the first FROM"


def _empty_base(recipe: Linted) -> Iterator[Found]:
    dockerfile = recipe.plan.dockerfile
    defaults = global_variables(dockerfile.global_arguments, {}, recipe.plan.predefined, dockerfile.escape)
    for stage in recipe.stages:
        image = defaults.expanded(stage.origin.image, stage.origin)
        if "$" in stage.origin.image and (not image or image.endswith((":", "@", "/"))):
            yield stage.origin.raw, f"{stage.origin.image} names no image unless arguments are given"


def _fixed_platform(recipe: Linted) -> Iterator[Found]:
    for stage in recipe.stages:
        platform = stage.origin.platform
        named = platform.partition("/")[2] or platform
        if platform and "$" not in platform and named.partition("/")[0] not in stage.origin.name:
            yield stage.origin.raw, f'FROM --platform should not be the fixed value "{platform}"'


def _default_platform(recipe: Linted) -> Iterator[Found]:
    for stage in recipe.stages:
        if stage.origin.platform in ("$TARGETPLATFORM", "${TARGETPLATFORM}"):
            yield stage.origin.raw, f"{stage.origin.platform} is what FROM takes anyway"


def _undefined(recipe: Linted) -> Iterator[Found]:
    after: dict[int, set[str] | None] = {}
    for planned in recipe.plan.stages:
        names: set[str] | None = {"PATH", *PREDEFINED}
        if planned.origin.kind == "stage":
            inherited = after.get(planned.origin.stage)
            names = None if inherited is None else set(inherited)
        elif planned.origin.kind != "scratch":
            known = recipe.environments.get(planned.origin.name)
            names = None if known is None else {"PATH", *PREDEFINED, *known}
        after[planned.index] = names
        if names is not None:
            yield from _undefined_in(planned.stage, names, recipe.plan.dockerfile.escape)


def _undefined_in(stage: t.Stage, names: set[str], escape: str) -> Iterator[Found]:
    for one in stage.instructions:
        known = dict.fromkeys(names, "x")
        missing = sorted({name for text in _expanded(one) for name in _bare(text, known, escape)})
        for name in missing:
            hint = did_you_mean(name, names).removeprefix("Did you mean ").removesuffix("?")
            yield one.raw, f"The variable '${name}' is not defined" + (f" (did you mean ${hint}?)" if hint else "")
        if isinstance(one, t.Env):
            names.update(name for name, _ in one.pairs)
        elif isinstance(one, t.Arg):
            names.update(each.name for each in one.arguments)


def _expanded(one: t.Instruction) -> tuple[str, ...]:  # one answer for each kind
    """The words of an instruction in which the builder, not a shell, puts variables."""
    match one:
        case t.Pairs():
            return tuple(word for pair in one.pairs for word in pair)
        case t.Arg():
            return tuple(each.value for each in one.arguments if each.value)
        case t.Transfer():
            return (*one.sources, one.destination, one.owner, one.mode)
        case t.Workdir():
            return (one.path,)
        case t.User():
            return (one.user,)
        case t.Expose():
            return one.ports
        case t.Volume():
            return one.paths
        case t.StopSignal():
            return (one.signal,)
    return ()


RULES: Final[dict[str, tuple[Callable[[Linted], Iterator[Found]], str]]] = {
    "ConsistentInstructionCasing": (_keyword_casing, "All instructions are written in one casing"),
    "FromAsCasing": (_as_casing, "AS is cased like its FROM"),
    "StageNameCasing": (_stage_casing, "Names of stages are lowercase"),
    "DuplicateStageName": (_stage_twice, "Names of stages differ"),
    "ReservedStageName": (_stage_reserved, "No stage has a name that means something else"),
    "NoEmptyContinuation": (_empty_continuation, "No empty lines among continued ones: they will become errors"),
    "JSONArgsRecommended": (_shell_form, "CMD and ENTRYPOINT are JSON lists, so that signals arrive"),
    "MaintainerDeprecated": (_maintainer, "A label names the author instead of MAINTAINER"),
    "LegacyKeyValueFormat": (_spaced_pairs, "ENV and LABEL are written with an equals sign"),
    "WorkdirRelativePath": (_relative_workdir, "WORKDIR is absolute where no absolute one stands before it"),
    "SecretsUsedInArgOrEnv": (_secrets, "ARG and ENV hold no secrets: --mount=type=secret does"),
    "MultipleInstructionsDisallowed": (_said_twice, "CMD, ENTRYPOINT and HEALTHCHECK stand once in a stage"),
    "UndefinedArgInFrom": (_undefined_in_from, "FROM uses declared arguments only"),
    "InvalidDefaultArgInFrom": (_empty_base, "The defaults of arguments make a valid FROM"),
    "FromPlatformFlagConstDisallowed": (_fixed_platform, "The platform of FROM is not fixed"),
    "RedundantTargetPlatform": (_default_platform, "FROM needs no --platform for the target's"),
    "UndefinedVar": (_undefined, "Variables are defined before they are used"),
}
