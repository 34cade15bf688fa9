"""Which names mean what, where: global arguments before the first FROM, then each stage's own ARG and ENV.

As BuildKit has it: FROM sees only global arguments; a stage sees a global argument only after naming it with ARG;
a value given for the build wins over a default; ENV wins over ARG; proxies need no ARG and never enter a cache key.
"""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Final

from engine.builder.language.words import Expansion, WordError, expand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.builder.language.types import Arg, Instruction
    from engine.types.data import Platform

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
_MOST_SHOWN: Final = 200
PREDEFINED: Final = frozenset(_PROXIES) | frozenset(name.lower() for name in _PROXIES)


def platform_arguments(build: Platform, target: Platform, stage: str) -> dict[str, str]:
    """Arguments every Dockerfile may ask for."""
    return {
        "BUILDPLATFORM": str(build),
        "BUILDOS": build.os,
        "BUILDARCH": build.architecture,
        "BUILDVARIANT": build.variant,
        "TARGETPLATFORM": str(target),
        "TARGETOS": target.os,
        "TARGETARCH": target.architecture,
        "TARGETVARIANT": target.variant,
        "TARGETSTAGE": stage or "default",
    }


MOST_NAMES: Final = 1000
"""In one scope; images have some ten."""
MOST_IN_ALL: Final = 32 << 20
"""Characters that the variables of one Dockerfile may become, all its lines together."""


class Allotment:
    """What is left of that. Shared by all scopes of a build."""

    def __init__(self) -> None:
        self.left = MOST_IN_ALL


class Variables:
    """The names of one scope. `given` are the values said for this build."""

    def __init__(
        self, given: Mapping[str, str], inherited: Mapping[str, str], escape: str, allotment: Allotment | None = None
    ) -> None:
        self.allotment = allotment or Allotment()
        self._given = given
        self._inherited = inherited
        self._escape = escape
        self.arguments: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.used: set[str] = set()

    def visible(self) -> dict[str, str]:
        """Everything a `$NAME` can mean here."""
        return {**self.arguments, **self.environment}

    def expanded(self, text: str, instruction: Instruction) -> str:
        return self._expand(text, instruction).text

    def expanded_words(self, text: str, instruction: Instruction) -> list[str]:
        return self._expand(text, instruction).words

    def define(self, instruction: Arg) -> None:
        """ARG: a given value wins; without a default the global argument of that name counts."""
        for argument in instruction.arguments:
            default = None if argument.value is None else self.expanded(argument.value, instruction)
            value = self._given.get(argument.name, default)
            if value is None:
                value = self._inherited.get(argument.name)
            self.used.add(argument.name)
            if value is not None:
                self.arguments[argument.name] = value

    def run_environment(self) -> dict[str, str]:
        """What a RUN sees: arguments below, the image's environment above."""
        return self.visible()

    def proxies(self) -> dict[str, str]:
        return {name: value for name, value in self._given.items() if name in PREDEFINED}

    def _expand(self, text: str, instruction: Instruction) -> Expansion:
        column = instruction.raw.column_of(text)
        try:
            expansion = expand(text, ChainMap(self.environment, self.arguments), escape=self._escape)
        except WordError as error:
            raise instruction.raw.error(f"{text[:_MOST_SHOWN]}: {error}", column=column) from None
        self.allotment.left -= len(expansion.text)
        if self.allotment.left < 0:
            problem = f"The variables of this Dockerfile become more than {MOST_IN_ALL >> 20} MiB of text"
            raise instruction.raw.error(problem, column=column)
        if len(self.environment) > MOST_NAMES or len(self.arguments) > MOST_NAMES:
            raise instruction.raw.error(f"There are more than {MOST_NAMES} variables here", column=column)
        return expansion


def global_variables(
    arguments: tuple[Arg, ...], given: Mapping[str, str], predefined: Mapping[str, str], escape: str
) -> Variables:
    """The scope of FROM lines."""
    scope = Variables(given, predefined, escape)
    scope.arguments.update(predefined)
    for instruction in arguments:
        scope.define(instruction)
    return scope
