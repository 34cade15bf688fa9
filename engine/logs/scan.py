"""The search itself: which lines of a block answer a question. Standard library only: the search worker imports it.

Blocks of whole lines, which most are, take a fast path that lets the C code of `bytes` and `re` walk over the block
and looks at single lines only where something was found. Blocks with pieces of lines are joined first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.logs.format import KINDS, STAMP, TEXT, Joiner, may_have_pieces, parse_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.logs.question import Plan

_DENSE = 8
"""From one hit in so many lines on, walking over all lines is faster than from hit to hit."""
_STREAM_AT = 39
_OUT_BYTE, _ERR_BYTE = ord("o"), ord("e")


def scan_block(plan: Plan, block: bytes, offset: int, joiner: Joiner) -> tuple[list[int], int | None]:
    """Positions (0 = first line that ends in the block) of lines that answer, and how many lines there are.

    The count is None where it was not needed and is left to whoever wants it.
    """
    if joiner.clean and not may_have_pieces(block):
        verdict = _time_verdict(plan, block)
        if verdict is False:
            return [], None
        if verdict is True:
            return _scan_whole_lines(plan, block)
    lines = joiner.feed(block, offset)
    accepts, in_time = plan.accepts, plan.in_time
    found = [position for position, (time, stream, text) in enumerate(lines) if in_time(time) and accepts(stream, text)]
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


def _scan_whole_lines(plan: Plan, block: bytes) -> tuple[list[int], int | None]:
    question = plan.question
    if not plan.needle and plan.byte_expression is None:
        return _each_line(plan, block)
    if not plan.needle and not block.isascii():
        return _each_line(plan, block)
    if plan.needle:
        haystack = block if plan.sensitive else block.lower()
        hits = haystack.count(plan.needle)
        if not hits and not question.inverse:
            return [], None
        if question.inverse or hits * _DENSE * 100 > len(block):
            return _dense(plan, block, haystack)
        return _sparse(plan, block, haystack), None
    if question.inverse:
        return _each_line(plan, block)
    return _by_expression(plan, block), None


def _each_line(plan: Plan, block: bytes) -> tuple[list[int], int | None]:
    lines = _split(block)
    question = plan.question
    if plan.expression is None and not plan.wanted_levels and not question.inverse:
        return _of_stream(plan, lines, range(len(lines))), len(lines)
    search = None if plan.expression is None else plan.expression.search
    if plan.wanted_levels or search is None:
        return [place for place, line in enumerate(lines) if _line_accepted(plan, line)], len(lines)
    inverse = question.inverse
    found = [
        place
        for place, line in enumerate(lines)
        if (search(line[TEXT:].decode("utf-8", "replace")) is not None) is not inverse
    ]
    return _of_stream(plan, lines, found), len(lines)


def _dense(plan: Plan, block: bytes, haystack: bytes) -> tuple[list[int], int]:
    """Many hits, or the question is which lines have none: look at every line, with the least work for each."""
    lines, needle = _split(haystack), plan.needle
    if plan.needle_in_head:
        hits = [place for place, line in enumerate(lines) if line.find(needle, TEXT) >= 0]
    else:
        hits = [place for place, line in enumerate(lines) if needle in line]
    originals = lines if haystack is block else _split(block)
    if not plan.needle_decides:
        hits = [place for place in hits if plan.text_matches(originals[place][TEXT:])]
    if plan.question.inverse:
        excluded = set(hits)
        hits = [place for place in range(len(lines)) if place not in excluded]
    if plan.wanted_levels:
        hits = [place for place in hits if plan.accepts(*_parse(originals[place]))]
    return _of_stream(plan, originals, hits), len(lines)


def _sparse(plan: Plan, block: bytes, haystack: bytes) -> list[int]:
    """Few hits: jump from one to the next, and count the lines between."""
    needle, skip = plan.needle, TEXT
    sure = plan.needle_decides and not _picky(plan)
    found: list[int] = []
    place, counted = 0, 0
    hit = haystack.find(needle)
    while hit >= 0:
        begin = haystack.rfind(b"\n", 0, hit) + 1
        end = haystack.find(b"\n", hit)
        if hit < begin + skip:
            later = haystack.find(needle, begin + skip)
            if later < 0 or later > end:
                hit = later
                continue
        place += haystack.count(b"\n", counted, begin)
        counted = begin
        if sure or _line_accepted(plan, block[begin:end]):
            found.append(place)
        hit = haystack.find(needle, end)
    return found


def _by_expression(plan: Plan, block: bytes) -> list[int]:
    """No needle: let the expression find candidates in the whole block, one line at most for each."""
    expression = plan.byte_expression
    if expression is None:
        raise ValueError("this plan has no expression to search blocks with")
    found: list[int] = []
    place, counted, search = 0, 0, expression.search
    hit = search(block)
    while hit is not None:
        begin = block.rfind(b"\n", 0, hit.start()) + 1
        end = block.find(b"\n", begin)
        if end < 0:
            break
        if _line_accepted(plan, block[begin:end]):
            place += block.count(b"\n", counted, begin)
            counted = begin
            found.append(place)
        hit = search(block, end + 1)
    return found


def _picky(plan: Plan) -> bool:
    question = plan.question
    return bool(plan.wanted_levels) or not (question.stdout and question.stderr)


def _line_accepted(plan: Plan, line: bytes) -> bool:
    return plan.accepts(*_parse(line))


def _parse(line: bytes) -> tuple[int, bytes]:
    kind = KINDS.get(line[36:TEXT])
    return (0, line) if kind is None else (kind >> 1, line[TEXT:])


def _split(block: bytes) -> list[bytes]:
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _of_stream(plan: Plan, lines: list[bytes], places: Iterable[int]) -> list[int]:
    question = plan.question
    if question.stdout and question.stderr:
        return list(places)
    wanted = _OUT_BYTE if question.stdout else _ERR_BYTE
    return [place for place in places if len(lines[place]) > _STREAM_AT and lines[place][_STREAM_AT] == wanted]
