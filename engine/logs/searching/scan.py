"""The search itself: which lines of a block answer a question. Standard library only: the search worker imports it.

Blocks of whole lines, which most are, are gone through by the C code of `bytes` and `re`. Where hits are few it goes
from one to the next and looks at single lines only there; where they are many it goes over all lines, with one call of
C code for the whole block. Blocks with pieces of lines are joined first.
"""

from __future__ import annotations

import operator
from array import array
from dataclasses import dataclass
from itertools import compress, repeat
from typing import TYPE_CHECKING

from engine.logs.written.format import STAMP, TEXT, Joiner, count_ends, count_if_whole, parse_stamp
from engine.logs.written.level import guess_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.logs.searching.question import Plan

    Numbers = range | array[int]
    """Numbers of lines, ascending: where lines that follow each other all answer, a range costs nothing."""

_SPARSE_BYTES = 320
"""With fewer hits than one in so many bytes, going from hit to hit is faster than going over all lines."""
_BURST_BYTES = 16 * 1024
"""So many bytes of hits in every line are forgiven."""
_STREAM_AT = 39
_OUT, _ERR = b"o", b"e"
_UNICODE_SPACES = b"\x1c\x1d\x1e\x1f"
"""Spaces to an expression over text, but not to one over bytes."""
_NONE = range(0)
_after_head = operator.itemgetter(slice(TEXT, None))


@dataclass(frozen=True, slots=True)
class Block:
    """Whole physical lines, and what is known of them."""

    data: bytes
    offset: int
    number: int
    """Number of the first line that ends here."""
    doubtful: bool = True
    """False where the index knows that all lines are whole."""
    marks: Sequence[tuple[int, int]] = ()
    """(offset, number) of lines that the index knows."""


def scan_block(plan: Plan, block: Block, joiner: Joiner) -> tuple[Numbers, int | None]:
    """Numbers of the lines that answer, and how many lines there are (None where that was not needed)."""
    count = count_if_whole(block.data) if joiner.clean and block.doubtful else None
    if joiner.clean and (count is not None or not block.doubtful):
        verdict = _time_verdict(plan, block.data)
        if verdict is False:
            return _NONE, count
        if verdict is True:
            return _scan_whole_lines(plan, block), count
    lines = joiner.feed(block.data, block.offset)
    accepts, in_time = plan.accepts, plan.in_time
    places = [place for place, (time, stream, text) in enumerate(lines) if in_time(time) and accepts(stream, text)]
    return _numbers(places, block.number), len(lines)


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


def _scan_whole_lines(plan: Plan, block: Block) -> Numbers:
    data, inverse = block.data, plan.question.inverse
    haystack = data if plan.sensitive or not plan.needle else data.lower()
    begins: list[int] | None = None
    if inverse:
        pass
    elif plan.needle:
        begins = _lines_with(plan, data, haystack) if _possible(plan.needle, haystack) else []
    elif plan.searches_blocks and _is_plain(data):
        begins = _lines_by_expression(plan, data)
    elif plan.level_traces and b"\x1b" not in data:
        begins = _lines_by_traces(plan, data)
    if begins is not None:
        return _numbered(block, begins)
    return _over_all(plan, block, haystack)


def _possible(literal: bytes, haystack: bytes) -> bool:
    """Quickly: False where one of its bytes is nowhere, which spares the longer search for the whole."""
    return all(byte in haystack for byte in set(literal))


def _is_plain(data: bytes) -> bool:
    """Whether an expression over these bytes finds what it finds over the text."""
    return data.isascii() and not any(space in data for space in _UNICODE_SPACES)


# --- hits are few: from one to the next. These give the offsets in the block where the found lines begin, and None as
# --- soon as hits turn out to be many


def _too_many(hits: int, reached: int) -> bool:
    return hits * _SPARSE_BYTES > reached + _BURST_BYTES


def _lines_with(plan: Plan, data: bytes, haystack: bytes) -> list[int] | None:
    needle, hits = plan.needle, 0
    sure = plan.needle_decides and not _picky(plan)
    found: list[int] = []
    hit = haystack.find(needle)
    while hit >= 0:
        hits += 1
        if _too_many(hits, hit):
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


def _lines_by_expression(plan: Plan, data: bytes) -> list[int] | None:
    """No needle: the expression finds candidates in the whole block, one at most for each line."""
    if plan.byte_expression is None:
        return None
    hits = 0
    found: list[int] = []
    search = plan.byte_expression.search
    hit = search(data)
    while hit is not None:
        hits += 1
        if _too_many(hits, hit.start()):
            return None
        begin = data.rfind(b"\n", 0, hit.start()) + 1
        end = data.find(b"\n", begin)
        if end < 0:
            break
        if _line_accepted(plan, data[begin:end]):
            found.append(begin)
        hit = search(data, end + 1)
    return found


def _lines_by_traces(plan: Plan, data: bytes) -> list[int] | None:
    """Only a level is asked for: lines that have one of the words it is written with."""
    haystack, most = data.lower(), (len(data) + _BURST_BYTES) // _SPARSE_BYTES
    candidates: set[int] = set()
    for trace in plan.level_traces:
        hit = haystack.find(trace) if _possible(trace, haystack) else -1
        while hit >= 0:
            candidates.add(haystack.rfind(b"\n", 0, hit) + 1)
            if len(candidates) > most:
                return None
            hit = haystack.find(trace, haystack.find(b"\n", hit))
    return [begin for begin in sorted(candidates) if _line_accepted(plan, data[begin : data.find(b"\n", begin)])]


def _numbered(block: Block, begins: list[int]) -> Numbers:
    """Line numbers of lines that begin at these offsets."""
    numbers = array("Q")
    number, counted = block.number, 0
    marks = iter([*block.marks, (block.offset + len(block.data), 0)])
    mark, marked = next(marks)
    for begin in begins:
        while mark <= block.offset + begin:
            counted, number = mark - block.offset, marked
            mark, marked = next(marks)
        number += count_ends(block.data[counted:begin])
        counted = begin
        numbers.append(number)
    return numbers


# --- hits are many: over all lines, with the least work for each. Places are positions among the block's lines ---


def _over_all(plan: Plan, block: Block, haystack: bytes) -> Numbers:
    lines, question = _split(block.data), plan.question
    if plan.needle_decides:
        places = _with_needle(plan, lines, block.data, haystack, absent=question.inverse)
    else:
        places = _matching(plan, block, lines, haystack)
        if question.inverse:
            places = _others(places, len(lines))
    if not (question.stdout and question.stderr):
        places = _of_stream(block.data, lines, places, _OUT if question.stdout else _ERR)
    if plan.wanted_levels:
        wanted = plan.wanted_levels
        places = [place for place in places if guess_level(lines[place][TEXT:].decode("utf-8", "replace")) in wanted]
    return _numbers(places, block.number)


def _matching(plan: Plan, block: Block, lines: list[bytes], haystack: bytes) -> Sequence[int]:
    """Lines in which the expression finds something."""
    places: Sequence[int] = range(len(lines))
    if plan.question.inverse:
        places = _with_needle(plan, lines, block.data, haystack)
    # Otherwise the needle, if there is one, is known to be frequent: it would spare little.
    if plan.expression is None:
        return places
    chosen = lines if len(places) == len(lines) else [lines[place] for place in places]
    texts: Iterator[bytes] = map(_after_head, chosen)
    if plan.byte_expression is not None and _is_plain(block.data):
        hits = map(plan.byte_expression.search, texts)
        return _true(places, list(map(operator.is_not, hits, repeat(None))))
    search = plan.expression.search
    return [
        place for place, text in zip(places, texts, strict=True) if search(text.decode("utf-8", "replace")) is not None
    ]


def _with_needle(
    plan: Plan, lines: list[bytes], data: bytes, haystack: bytes, *, absent: bool = False
) -> Sequence[int]:
    """Lines that have the needle; or those that have not."""
    if not plan.needle or not _possible(plan.needle, haystack):
        everywhere = not plan.needle
        return range(len(lines)) if everywhere is not absent else _NONE
    searched = lines if haystack is data else _split(haystack)
    positions = list(map(bytes.find, searched, repeat(plan.needle), repeat(TEXT if plan.needle_in_head else 0)))
    misses = positions.count(-1)
    if misses in (0, len(positions)):
        everywhere = misses == 0
        return range(len(lines)) if everywhere is not absent else _NONE
    if absent:
        return [place for place, position in enumerate(positions) if position < 0]
    return [place for place, position in enumerate(positions) if position >= 0]


def _true(places: Sequence[int], verdicts: list[bool]) -> Sequence[int]:
    return places if all(verdicts) else list(compress(places, verdicts))


def _others(places: Sequence[int], count: int) -> Sequence[int]:
    if not places:
        return range(count)
    others = bytearray(b"\x01") * count
    for place in places:
        others[place] = 0
    return list(compress(range(count), others))


def _of_stream(data: bytes, lines: list[bytes], places: Sequence[int], wanted: bytes) -> Sequence[int]:
    unwanted = b" stderr " if wanted == _OUT else b" stdout "
    if unwanted not in data:
        return places
    return [place for place in places if lines[place][_STREAM_AT : _STREAM_AT + 1] == wanted]


def _numbers(places: Sequence[int], first: int) -> Numbers:
    if not places:
        return _NONE
    if places[-1] - places[0] + 1 == len(places):
        return range(first + places[0], first + places[-1] + 1)
    return array("Q", map(first.__add__, places))


# --- single lines ---


def _picky(plan: Plan) -> bool:
    question = plan.question
    return bool(plan.wanted_levels) or not (question.stdout and question.stderr)


def _line_accepted(plan: Plan, line: bytes) -> bool:
    return plan.accepts(int(line[_STREAM_AT : _STREAM_AT + 1] == _ERR), line[TEXT:])


def _split(block: bytes) -> list[bytes]:
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines
