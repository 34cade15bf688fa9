"""The fast search gives what a line-by-line one gives, on any log and any question."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.logs.searching import scan
from engine.logs.searching.question import Question, compile_question, looks_at_edges, may_touch_head, required_literal
from engine.logs.searching.scan import Block, scan_block
from engine.logs.written.format import Joiner, count_if_whole
from engine.logs.written.level import guess_level
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
_TORN = st.sampled_from([b"2026-09-21T13:13:20.0000\n", b"error\n", b"\n", b"\0\0\0", b"\0\0error F err\n"])
_LINE = st.builds(
    lambda text, stream, tag: physical(text, stream=stream, tag=tag),
    _TEXT,
    st.sampled_from(["stdout", "stderr"]),
    st.sampled_from(["F"] * 60 + ["P"]),
)
_LOG = st.one_of(st.lists(_LINE, min_size=1, max_size=30), st.lists(_LINE | _TORN, min_size=1, max_size=30))
_PATTERNS = st.sampled_from(
    ["error", "Error", "2026", "F", "F err", "stdout", "café", "É", "1", " ", "x" * 50, "a.b", "GET", ":00", "fe"]
)
_EXPRESSIONS = st.sampled_from(
    [r"err.r", r"^error", r"error$", r"\berror\b", r"[0-9]+", r"caf\w", r"(GET|error)", r"x{3,}", r"a\.b", r"^$",
     r"\S+ \S+", r"[^a-z]+E", r"(?i)ERROR", r"(?<=a)\.b", r"e*r", r"[eE]rr|GET", r"\d\s\S",
     r"\w\W\w", r"[^x]+[yz]", r"[A-Z]", r"\bG|\d\b", r"caf\u00e9|x", r"^(error|GET)", r"\s\s|[GF]$"]
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
@given(_LOG, _QUESTIONS, st.integers(1, 5), st.sampled_from([0, 500, scan._BURST_BYTES]))
@pytest.mark.bulk
def test_fast_is_as_right_as_slow(log: list[bytes], question: Question, repeat: int, burst: int) -> None:
    data = b"".join(log * repeat)
    data = data[: data.rfind(b"\n") + 1]
    raw = [line + b"\n" for line in data.split(b"\n")[:-1]]
    # A text that quotes a line's head hides a torn line beside it: what is found in that one is not promised.
    assume(b"stdout F" not in b"".join(line[45:] for line in raw) or all(line[35:39] == b" std" for line in raw))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_BURST_BYTES", burst)
        found = _quickly(question, raw)
    assert found == _slowly(question, data)


def _quickly(question: Question, raw: list[bytes]) -> list[int]:
    plan, joiner = compile_question(question), Joiner()
    found: list[int] = []
    number = offset = 0
    for at in range(0, len(raw), 20):
        block = b"".join(raw[at : at + 20])
        # As with an index, and without one.
        known = joiner.clean and count_if_whole(block) is not None
        marks = [(offset + len(b"".join(raw[at : at + n])), number + n) for n in (3, 4, 9)] if known else []
        doubtful = not known or at % 40 == 0
        numbers, count = scan_block(plan, Block(block, offset, number, doubtful=doubtful, marks=marks), joiner)
        found += numbers
        number += block.count(b"\n") if count is None else count
        offset += len(block)
    return found


def test_a_hit_in_every_line_is_a_range() -> None:
    data = b"".join(physical(b"GET /%d" % n) for n in range(500))
    for question in (Question(pattern="GET"), Question(pattern="GET /[0-9]+$", regex=True), Question(pattern="")):
        assert scan_block(compile_question(question), Block(data, 0, 7), Joiner())[0] == range(7, 507)


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ([physical(b"a"), physical(b"b F c", stream="stderr")], 2),
        ([physical(b"a", tag="P"), physical(b"b")], None),
        ([physical(b"a"), b"torn\n"], None),
        ([physical(b" F  F "), b"torn\n", physical(b"")], None),
    ],
)
def test_whole_lines_are_told_from_torn_ones(lines: list[bytes], count: int | None) -> None:
    assert count_if_whole(b"".join(lines)) == count


def test_a_literal_that_case_folding_would_miss() -> None:
    plan = compile_question(Question(pattern="straße", case_sensitive=False))
    found, _ = scan_block(plan, Block(physical("STRAßE".encode()) + physical(b"strasse"), 0, 0), Joiner())
    assert list(found) == [0]


def test_times_bound_a_search() -> None:
    data = b"".join(physical(b"x", time_ns=START_NS + n) for n in range(10))
    plan = compile_question(Question(pattern="x", since_ns=START_NS + 3, until_ns=START_NS + 5))
    assert list(scan_block(plan, Block(data, 0, 0), Joiner())[0]) == [3, 4, 5]


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
