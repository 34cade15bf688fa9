"""The `filters` query parameter: parsing both of its spellings, and the matches several nouns share."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from engine.api.http.statuses import Refusal
from engine.types.data import LabelRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIMIT_BYTES = 64 * 1024
_PATTERN_BYTES = 256
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_UNIT_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TRUE = frozenset({"1", "true", "t", "yes"})
_FALSE = frozenset({"0", "false", "f", "no"})


class Filters:
    """Values by key. An absent key lets everything through; several values of a key are alternatives."""

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        self._values = dict(values)

    @classmethod
    def parse(cls, text: str, allowed: frozenset[str]) -> Filters:
        """From `{"key": {"value": true}}` or the older `{"key": ["value"]}`."""
        if not text:
            return cls({})
        try:
            if len(text) > _LIMIT_BYTES:
                raise ValueError("too long")
            raw = msgspec.json.decode(text, type=dict[str, dict[str, bool] | list[str]])
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Refusal(400, "invalid filter") from error
        values: dict[str, tuple[str, ...]] = {}
        for key, given in raw.items():
            if key not in allowed:
                raise Refusal(400, f"invalid filter '{key}'")
            chosen = given if isinstance(given, list) else [value for value, wanted in given.items() if wanted]
            values[key] = tuple(chosen)
        return cls(values)

    def __contains__(self, key: str) -> bool:
        return bool(self._values.get(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def get(self, key: str) -> tuple[str, ...]:
        return self._values.get(key, ())

    def flag(self, key: str) -> bool | None:
        """None where not given."""
        given = self.get(key)
        if not given:
            return None
        words = {value.lower() for value in given}
        if words <= _TRUE:
            return True
        if words <= _FALSE:
            return False
        raise Refusal(400, f"invalid filter '{key}=[{' '.join(given)[:200]}]'")

    def exact(self, key: str, value: str) -> bool:
        given = self.get(key)
        return not given or value in given

    def prefix(self, key: str, value: str) -> bool:
        given = self.get(key)
        return not given or any(value.startswith(start) for start in given)

    def name(self, key: str, value: str) -> bool:
        """Docker's name match: a pattern found anywhere, with or without the leading slash it used to have."""
        given = self.get(key)
        return not given or any(_found(pattern, value) for pattern in given)

    def labels(self, key: str, labels: Mapping[str, str]) -> bool:
        """All the labels asked for are there (unlike other keys, these are not alternatives)."""
        return all(_has_label(wanted, labels) for wanted in self.get(key))

    def label_rule(self) -> LabelRule:
        """Labels for a prune, as the facade takes them."""

        def pairs(key: str) -> dict[str, str]:
            return {name: value for name, _, value in (given.partition("=") for given in self.get(key))}

        return LabelRule(wanted=pairs("label"), unwanted=pairs("label!"))

    def until_ns(self, key: str = "until") -> int:
        """The moment of an `until` filter in nanoseconds; 0 where not given."""
        given = self.get(key)
        if not given:
            return 0
        if len(given) > 1:
            raise Refusal(400, f"more than one {key} filter specified")
        return parse_moment(given[0])


def _found(pattern: str, value: str) -> bool:
    """A pattern from outside: bounded, and where it could run away or is no pattern, a plain search."""
    if len(pattern) > _PATTERN_BYTES:
        raise Refusal(400, "a name filter is too long")
    plain = pattern.removeprefix("^").removesuffix("$").removeprefix("/")
    if re.fullmatch(r"[\w\-:/@]*", plain):
        anchored_start, anchored_end = pattern.startswith(("^", "/")), pattern.endswith("$")
        if anchored_start and anchored_end:
            return value == plain
        if anchored_start:
            return value.startswith(plain)
        return value.endswith(plain) if anchored_end else plain in value
    if re.search(r"[*+}]\)?[*+{]|\([^)]*[*+|][^)]*\)[*+{]|\\[1-9]", pattern):
        raise Refusal(400, f"the name filter {pattern[:80]!r} is too complicated")
    if re.search(r"\[[^]]*\[|--|&&|\|\||~~", pattern):
        # Words for sets of sets, which Python keeps for later and warns of.
        return pattern in value
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return pattern in value
    return bool(compiled.search(value) or compiled.search("/" + value))


def _has_label(wanted: str, labels: Mapping[str, str]) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def parse_moment(text: str) -> int:
    """A moment in nanoseconds: Unix seconds (with a fraction), a duration ago as "1h30m", or a date."""
    text = text.strip()
    if not text:
        return 0
    if re.fullmatch(r"\d{1,12}(\.\d{1,9}\d*)?", text):
        whole, _, fraction = text.partition(".")
        return int(whole) * 1_000_000_000 + int((fraction + "000000000")[:9])
    pieces = _DURATION.findall(text)
    if pieces and len(text) < 64 and "".join(number + unit for number, unit in pieces) == text:
        return time.time_ns() - int(sum(float(number) * _UNIT_SECONDS[unit] for number, unit in pieces) * 1e9)
    return _date(text)


def _date(text: str) -> int:
    # Python reads six digits of a fraction; Docker writes nine.
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d)?)?)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?", text)
    if match is None:
        raise Refusal(400, f'failed to parse value as time or duration: "{text[:80]}"')
    try:
        moment = datetime.fromisoformat(match[1] + (match[3] or ""))
    except ValueError as error:
        raise Refusal(400, f'failed to parse value as time or duration: "{text[:80]}"') from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000 + int(((match[2] or "") + "000000000")[:9])
