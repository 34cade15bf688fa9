"""Reading WWW-Authenticate: which scheme a registry wants, and where its tokens are given out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.types.data import Data

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|$)")
_LONGEST = 8192


class Challenge(Data, frozen=True, kw_only=True):
    scheme: str
    """Lower case."""
    parameters: dict[str, str]


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """All challenges of all headers; what cannot be read is left out."""
    found: list[Challenge] = []
    for value in values:
        found.extend(_parse(value[:_LONGEST]))
    return found


def _parse(value: str) -> Iterable[Challenge]:
    position = 0
    while match := _SCHEME.match(value, position):
        scheme = match.group(1).lower()
        position = match.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(value, position):
            name, quoted, bare = parameter.groups()
            parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
            position = parameter.end()
            if not value.startswith(",", position):
                break
            position += 1
        yield Challenge(scheme=scheme, parameters=parameters)


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """Bearer before Basic; nothing else is spoken here."""
    known = {challenge.scheme: challenge for challenge in reversed(list(challenges))}
    return known.get("bearer") or known.get("basic")
