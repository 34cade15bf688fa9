"""The search itself: which lines of a block answer a question. Standard library only: the search worker imports it.

Blocks of whole lines, which most are, take a fast path that lets the C code of `bytes` and `re` walk over the block
and looks at single lines only where something was found. Blocks with pieces of lines are joined first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.logs.format import KINDS, STAMP, TEXT, Joiner, count_ends, may_have_pieces, parse_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.logs.question import Plan

_SPARSE_BYTES = 800
"""With fewer hits than one in so many bytes, going from hit to hit is faster than walking over all lines."""
_STREAM_AT = 39
_OUT_BYTE, _ERR_BYTE = ord("o"), ord("e")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole physical lines, and what is known of them."""

    data: bytes
    offset: int
    number: int
    """Number of the first line that ends here."""
    pieces: bool = True
    """False where the index knows that there are no pieces."""


def scan_block(plan: Plan, block: Block, joiner: Joiner) -> tuple[list[int], int | None]:
    """Numbers of the lines that answer, and how many lines there are (None where that was not needed)."""
    if joiner.clean and not (block.pieces and may_have_pieces(block.data)):
        verdict = _time_verdict(plan, block.data)
        if verdict is False:
            return [], None
        if verdict is True:
            return _scan_whole_lines(plan, block)
    lines = joiner.feed(block.data, block.offset)
    accepts, in_time = plan.accepts, plan.in_time
    found = [
        number
        for number, (time, stream, text) in enumerate(lines, block.number)
        if in_time(time) and accepts(stream, text)
    ]
    return found, len(lines)


def _time_verdict(plan: Plan, block: bytes) -> bool | None:
    """True: all lines are in the wanted time; False: none is; None: see each."""
    question = plan.question
    if question.since_ns is None and question.until_ns is None:
        return True
    last = block.rfind(b"\n", 0, len(block) - 1) + 1
    begin, end = parse_stamp(block[:STAMP]), parse_stamp(block[last : last + STAMP])
    if plan.in_time(begin) and plan.in_time(end):
        return True
    if (question.until_ns is not None and begin > question.until_ns) or (
        question.since_ns is not None and end < question.since_ns
    ):
        return False
    return None


def _scan_whole_lines(plan: Plan, block: Block) -> tuple[list[int], int | None]:
    data, inverse = block.data, plan.question.inverse
    if plan.needle:
        haystack = data if plan.sensitive else data.lower()
        begins = None if inverse else _lines_with(plan, data, haystack)
        if begins is None:
            return _dense(plan, block, haystack)
        return _numbered(block, begins), None
    if plan.byte_expression is not None and not inverse and data.isascii():
        return _numbered(block, _lines_by_expression(plan, data)), None
    if plan.level_traces and b"\x1b" not in data:
        haystack = data.lower()
        if sum(map(haystack.count, plan.level_traces)) * _SPARSE_BYTES < len(data):
            return _numbered(block, _lines_by_traces(plan, data, haystack)), None
    return _each_line(plan, block)


# --- hits are few: from one to the next. These give the offsets in the block where the found lines begin ---


def _lines_with(plan: Plan, data: bytes, haystack: bytes) -> list[int] | None:
    """None as soon as hits turn out to be many."""
    needle, most, hits = plan.needle, len(data) // _SPARSE_BYTES + 1, 0
    sure = plan.needle_decides and not _picky(plan)
    found: list[int] = []
    hit = haystack.find(needle)
    while hit >= 0:
        hits += 1
        if hits > most:
            return None
        begin = haystack.rfind(b"\n", 0, hit) + 1
        end = haystack.find(b"\n", hit)
        if hit < begin + TEXT:
            # In the line's head: what counts is the next one, if it is in the same line.
            later = haystack.find(needle, begin + TEXT)
            if later < 0 or later > end:
                hit = later
                continue
        if sure or _line_accepted(plan, data[begin:end]):
            found.append(begin)
        hit = haystack.find(needle, end)
    return found


def _lines_by_expression(plan: Plan, data: bytes) -> list[int]:
    """No needle: the expression finds candidates in the whole block, one at most for each line."""
    expression = plan.byte_expression
    if expression is None:
        raise ValueError("this plan has no expression to search blocks with")
    found: list[int] = []
    search = expression.search
    hit = search(data)
    while hit is not None:
        begin = data.rfind(b"\n", 0, hit.start()) + 1
        end = data.find(b"\n", begin)
        if end < 0:
            break
        if _line_accepted(plan, data[begin:end]):
            found.append(begin)
        hit = search(data, end + 1)
    return found


def _lines_by_traces(plan: Plan, data: bytes, haystack: bytes) -> list[int]:
    """Only a level is asked for: lines that have one of the words it is written with."""
    candidates: set[int] = set()
    for trace in plan.level_traces:
        hit = haystack.find(trace)
        while hit >= 0:
            candidates.add(haystack.rfind(b"\n", 0, hit) + 1)
            hit = haystack.find(trace, haystack.find(b"\n", hit))
    return [begin for begin in sorted(candidates) if _line_accepted(plan, data[begin : data.find(b"\n", begin)])]


def _numbered(block: Block, begins: list[int]) -> list[int]:
    """Line numbers of lines that begin at these offsets."""
    numbers: list[int] = []
    number, counted = block.number, 0
    for begin in begins:
        number += count_ends(block.data[counted:begin])
        counted = begin
        numbers.append(number)
    return numbers


# --- hits are many: over all lines, with the least work for each ---


def _each_line(plan: Plan, block: Block) -> tuple[list[int], int]:
    lines = _split(block.data)
    question, first = plan.question, block.number
    if plan.expression is None and not plan.wanted_levels and not question.inverse:
        return _of_stream(plan, lines, range(len(lines)), first), len(lines)
    if plan.wanted_levels or plan.expression is None:
        return [number for number, line in enumerate(lines, first) if _line_accepted(plan, line)], len(lines)
    search, inverse = plan.expression.search, question.inverse
    found = [
        place
        for place, line in enumerate(lines)
        if (search(line[TEXT:].decode("utf-8", "replace")) is not None) is not inverse
    ]
    return _of_stream(plan, lines, found, first), len(lines)


def _dense(plan: Plan, block: Block, haystack: bytes) -> tuple[list[int], int]:
    lines, needle, first = _split(haystack), plan.needle, block.number
    if plan.needle_decides and not plan.needle_in_head and not _picky(plan):
        if plan.question.inverse:
            return [number for number, line in enumerate(lines, first) if needle not in line], len(lines)
        return [number for number, line in enumerate(lines, first) if needle in line], len(lines)
    hits = [place for place, line in enumerate(lines) if line.find(needle, TEXT) >= 0]
    originals = lines if haystack is block.data else _split(block.data)
    if not plan.needle_decides:
        hits = [place for place in hits if plan.text_matches(originals[place][TEXT:])]
    if plan.question.inverse:
        excluded = set(hits)
        hits = [place for place in range(len(lines)) if place not in excluded]
    if plan.wanted_levels:
        hits = [place for place in hits if _line_accepted(plan, originals[place])]
    return _of_stream(plan, originals, hits, first), len(lines)


# --- single lines ---


def _picky(plan: Plan) -> bool:
    question = plan.question
    return bool(plan.wanted_levels) or not (question.stdout and question.stderr)


def _line_accepted(plan: Plan, line: bytes) -> bool:
    kind = KINDS.get(line[36:TEXT])
    return plan.accepts(0, line) if kind is None else plan.accepts(kind >> 1, line[TEXT:])


def _split(block: bytes) -> list[bytes]:
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _of_stream(plan: Plan, lines: list[bytes], places: Iterable[int], first: int) -> list[int]:
    question = plan.question
    if question.stdout and question.stderr:
        return [first + place for place in places]
    wanted = _OUT_BYTE if question.stdout else _ERR_BYTE
    return [first + place for place in places if len(lines[place]) > _STREAM_AT and lines[place][_STREAM_AT] == wanted]
