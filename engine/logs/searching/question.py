"""A search question, compiled: how to find its lines in a block quickly, and how to test one line surely.

Standard library only: the search worker imports it. Pure.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import Any

from engine.logs.written.format import TEXT
from engine.logs.written.level import guess_level, traces
from engine.types.expressions import trouble_with

_TEMPLATE: tuple[frozenset[int], ...] = tuple(
    frozenset(b"0123456789") if choices == "0" else frozenset(choices.encode())
    for choices in [*"0000-00-00T00:00:00.000000000", "+-", *"00:00 std", "oe", "ur", "tr", " ", "FP", " "]
)
"""Which bytes can stand at each place of a line's head."""


@dataclass(frozen=True)
class Question:
    """As `SearchLogs` says it; plain values, so that it crosses to the worker as JSON."""

    pattern: str
    regex: bool = False
    case_sensitive: bool | None = None
    inverse: bool = False
    whole_word: bool = False
    levels: tuple[str, ...] = ()
    stdout: bool = True
    stderr: bool = True
    since_ns: int | None = None
    until_ns: int | None = None

    @property
    def sensitive(self) -> bool:
        if self.case_sensitive is None:
            return self.pattern != self.pattern.lower()
        return self.case_sensitive


@dataclass
class Plan:
    """How a question is answered."""

    question: Question
    expression: re.Pattern[str] | None = None
    """Decides, where the needle alone does not."""
    byte_expression: re.Pattern[bytes] | None = None
    """The same over plain ASCII, which needs no decoding."""
    searches_blocks: bool = False
    """Whether it finds candidates in whole blocks too: it looks at no edges."""
    needle: bytes = b""
    """Every line that matches has this in it (in small letters where case does not matter)."""
    needle_decides: bool = False
    needle_in_head: bool = False
    """The needle could also be found in a line's time stamp: test only after it."""
    sensitive: bool = True
    wanted_levels: frozenset[str] = field(default_factory=frozenset)
    level_traces: tuple[bytes, ...] = ()

    def accepts(self, stream: int, text: bytes) -> bool:
        """Test one whole line (time aside)."""
        question = self.question
        if not (question.stderr if stream else question.stdout):
            return False
        if self.wanted_levels and guess_level(text.decode("utf-8", "replace")) not in self.wanted_levels:
            return False
        return self.text_matches(text) is not question.inverse

    def text_matches(self, text: bytes) -> bool:
        if self.needle and self.needle not in (text if self.sensitive else text.lower()):
            return False
        if self.needle_decides or self.expression is None:
            return True
        return self.expression.search(text.decode("utf-8", "replace")) is not None

    def in_time(self, time_ns: int) -> bool:
        question = self.question
        if question.since_ns is not None and time_ns < question.since_ns:
            return False
        return question.until_ns is None or time_ns <= question.until_ns


def compile_question(question: Question) -> Plan:
    """Raises `re.error` for a pattern that is none."""
    plan = Plan(question, sensitive=question.sensitive, wanted_levels=frozenset(question.levels))
    plan.level_traces = traces(plan.wanted_levels) if plan.wanted_levels else ()
    pattern = question.pattern
    if not pattern:
        plan.needle_decides = True
        return plan
    if not question.regex and not question.whole_word and (plan.sensitive or pattern.isascii()):
        plan.needle = pattern.encode("utf-8", "surrogateescape")
        plan.needle_decides = True
    else:
        if question.regex and (trouble := trouble_with(pattern)):
            raise re.error(trouble)
        source = pattern if question.regex else re.escape(pattern)
        if question.whole_word:
            source = rf"(?<!\w)(?:{source})(?!\w)"
        plan.expression = re.compile(source, 0 if plan.sensitive else re.IGNORECASE)
        literal = pattern if not question.regex else required_literal(pattern)
        if plan.sensitive or literal.isascii():
            plan.needle = literal.encode("utf-8", "surrogateescape")
        plan.byte_expression = _over_bytes(source, plan.expression.flags)
        plan.searches_blocks = plan.byte_expression is not None and not looks_at_edges(source)
    if not plan.sensitive:
        plan.needle = plan.needle.lower()
    plan.needle_in_head = may_touch_head(plan.needle)
    return plan


def _over_bytes(source: str, flags: int) -> re.Pattern[bytes] | None:
    """None where bytes have no such expression: it names letters beyond ASCII, or asks for Unicode."""
    try:
        return re.compile(source.encode("ascii"), flags & ~re.UNICODE)
    except (UnicodeEncodeError, re.error, ValueError):
        return None


def may_touch_head(needle: bytes) -> bool:
    """Whether the needle can be found wholly or partly in the head of a line."""
    small = [frozenset(bytes(choices).lower()) | choices for choices in _TEMPLATE]
    for start in range(TEXT):
        if all(byte in choices for byte, choices in zip(needle, small[start:], strict=False)):
            return bool(needle)
    return False


# --- looking into a regular expression ---


def _parsed(source: str) -> Any:
    """The parse tree; None where this Python does not show it (then there is no shortcut, only more work)."""
    try:
        return importlib.import_module("re._parser").parse(source)
    except (ImportError, AttributeError):
        return None


def required_literal(source: str) -> str:
    """The longest text that must stand in every match, as it is written; "" where none is sure."""
    tree = _parsed(source)
    if tree is None or "(?" in source.replace("(?:", ""):
        return ""
    best, run = "", ""
    for kind, value in _flat(tree):
        if kind == "LITERAL":
            run += chr(value)
        else:
            best, run = max(best, run, key=len), ""
    return max(best, run, key=len)


def _flat(tree: Any) -> list[tuple[str, Any]]:
    """The parts that every match has, in order; anything optional or chosen stands as a gap."""
    parts: list[tuple[str, Any]] = []
    for operation, value in tree:
        name = str(operation)
        if name == "LITERAL":
            parts.append((name, value))
        elif name == "SUBPATTERN":
            parts += _flat(value[3])
        elif name in ("MAX_REPEAT", "MIN_REPEAT") and value[0] >= 1:
            parts += [("GAP", None), *_flat(value[2]), ("GAP", None)]
        else:
            parts.append(("GAP", None))
    return parts


def looks_at_edges(source: str) -> bool:
    """Whether a match depends on where the line begins, or on what is around it: then a block cannot stand for it."""
    tree = _parsed(source)
    return tree is None or _has_edges(tree)


def _has_edges(tree: Any) -> bool:
    for operation, value in tree:
        name = str(operation)
        if name in ("ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS", "AT"):
            if name == "AT" and str(value) in ("AT_BOUNDARY",):
                continue
            return True
        if name == "SUBPATTERN" and (value[1] or value[2] or _has_edges(value[3])):
            return True
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and _has_edges(value[2]):
            return True
        if name == "BRANCH" and any(_has_edges(branch) for branch in value[1]):
            return True
        if name == "ATOMIC_GROUP" and _has_edges(value):
            return True
    return False
