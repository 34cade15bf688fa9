"""The fast search gives what a line-by-line one gives, on any log and any question."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.logs.format import Joiner
from engine.logs.level import guess_level
from engine.logs.question import Question, compile_question, looks_at_edges, may_touch_head, required_literal
from engine.logs.scan import Block, scan_block
from tests.unit.logs.logtext import START_NS, physical, plain_reading

_WORDS = st.sampled_from(
    [
        "error",
        "Error",
        "ERROR:",
        "café",
        "CAFÉ",
        "F",
        "stdout",
        "2026",
        "00:00 stdout F",
        " ",
        "1",
        "GET /",
        "a.b",
        "x" * 50,
    ]
)
_FILLER = st.sampled_from([b"zz zz " * 400])
_TEXT = (
    _FILLER
    | st.lists(_WORDS, max_size=4).map(lambda words: " ".join(words).encode())
    | st.binary(max_size=12).map(lambda data: data.replace(b"\n", b""))
)
_LOG = st.lists(
    st.tuples(_TEXT, st.sampled_from(["stdout", "stderr"]), st.sampled_from(["F"] * 60 + ["P"])),
    min_size=1,
    max_size=30,
)
_PATTERNS = st.sampled_from(
    ["error", "Error", "2026", "F", "F err", "stdout", "café", "É", "1", " ", "x" * 50, "a.b", "GET", ":00", "fe"]
)
_EXPRESSIONS = st.sampled_from(
    [r"err.r", r"^error", r"error$", r"\berror\b", r"[0-9]+", r"caf\w", r"(GET|error)", r"x{3,}", r"a\.b", r"^$",
     r"\S+ \S+", r"[^a-z]+E", r"(?i)ERROR", r"(?<=a)\.b", r"e*r", r"[eE]rr|GET", r"\d\s\S",
     r"\w\W\w", r"[^x]+[yz]", r"[A-Z]", r"\bG|\d\b"]
)  # fmt: skip


def _slowly(question: Question, data: bytes) -> list[int]:
    found = []
    for number, (stream, raw) in enumerate(plain_reading(data)):
        text = raw.decode("utf-8", "replace")
        if not (question.stderr if stream == "stderr" else question.stdout):
            continue
        if question.levels and guess_level(text) not in question.levels:
            continue
        source = question.pattern if question.regex else re.escape(question.pattern)
        if question.whole_word:
            source = rf"(?<!\w)(?:{source})(?!\w)"
        hit = re.search(source, text, 0 if question.sensitive else re.IGNORECASE) is not None
        if hit is not question.inverse:
            found.append(number)
    return found


_QUESTIONS = st.builds(
    Question,
    pattern=_PATTERNS,
    case_sensitive=st.sampled_from([None, True, False]),
    inverse=st.booleans(),
    whole_word=st.booleans(),
    stdout=st.sampled_from([True, True, False]),
    levels=st.sampled_from([(), (), ("error",), ("info", "fatal")]),
) | st.builds(
    Question,
    pattern=_EXPRESSIONS,
    regex=st.sampled_from([True]),
    case_sensitive=st.sampled_from([None, True]),
    inverse=st.booleans(),
    levels=st.sampled_from([(), ("error",)]),
)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_LOG, _QUESTIONS, st.integers(1, 5))
def test_fast_is_as_right_as_slow(log: list[tuple[bytes, str, str]], question: Question, repeat: int) -> None:
    raw = [physical(text, stream=stream, tag=tag) for text, stream, tag in log] * repeat
    data = b"".join(raw)
    plan, joiner = compile_question(question), Joiner()
    found: list[int] = []
    number = offset = 0
    for at in range(0, len(raw), 20):
        block = b"".join(raw[at : at + 20])
        # As with an index, and without one.
        pieces = not joiner.clean or b" P " in block or at % 40 == 0
        numbers, count = scan_block(plan, Block(block, offset, number, pieces=pieces), joiner)
        found += numbers
        number += block.count(b"\n") if count is None else count
        offset += len(block)
    assert found == _slowly(question, data)


def test_a_literal_that_case_folding_would_miss() -> None:
    plan = compile_question(Question(pattern="straße", case_sensitive=False))
    places, _ = scan_block(plan, Block(physical("STRAßE".encode()) + physical(b"strasse"), 0, 0), Joiner())
    assert places == [0]


def test_times_bound_a_search() -> None:
    data = b"".join(physical(b"x", time_ns=START_NS + n) for n in range(10))
    plan = compile_question(Question(pattern="x", since_ns=START_NS + 3, until_ns=START_NS + 5))
    assert scan_block(plan, Block(data, 0, 0), Joiner())[0] == [3, 4, 5]


@pytest.mark.parametrize(
    ("source", "literal"),
    [
        (r"timeout after \d+ ms", "timeout after "),
        (r"(error|warn)ing: disk", "ing: disk"),
        (r"colou?r", "colo"),
        (r"a|b", ""),
        (r"(?:connection )+refused", "connection "),
        (r"x*", ""),
        (r"(?i)abc", ""),
        (r"(?=abc)x", ""),
    ],
)
def test_required_literal(source: str, literal: str) -> None:
    assert required_literal(source) == literal


@pytest.mark.parametrize(
    ("source", "edges"),
    [(r"^a", True), (r"a$", True), (r"\ba", False), (r"\Ba", True), (r"(?<=x)a", True), (r"[0-9]+x", False)],
)
def test_edges(source: str, edges: object) -> None:
    assert looks_at_edges(source) is edges


@pytest.mark.parametrize(
    ("needle", "touches"),
    [
        (b"2026", True),
        (b"stdout", True),
        (b"stdwhat", False),
        (b" F hello", True),
        (b"hello", False),
        (b"", False),
        (b"+0", True),
    ],
)
def test_needles_in_the_head(needle: bytes, touches: object) -> None:
    assert may_touch_head(needle) is touches
