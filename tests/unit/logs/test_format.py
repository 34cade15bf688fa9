"""Pieces become lines, whatever the blocks they are read in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.logs.written.format import JOIN_WINDOW, Joiner, parse_stamp
from tests.unit.logs.logtext import START_NS, physical, plain_reading, stamp

_TEXT = st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")) | st.sampled_from(
    [b"", b"\x00\x00", b"\xff\xfe", b"\x1b[31mred\x1b[0m", b"10%\r20%\r", b" stdout P fooled you", b"x" * 3000]
)
_LINES = st.lists(
    st.tuples(_TEXT, st.sampled_from(["stdout", "stderr"]), st.sampled_from(["F", "F", "P"])), max_size=40
)


@given(_LINES, st.lists(st.integers(1, 12), min_size=1))
def test_joining_does_not_depend_on_blocks(lines: list[tuple[bytes, str, str]], cuts: list[int]) -> None:
    raw = [physical(text, stream=stream, tag=tag) for text, stream, tag in lines]
    joiner, offset, found, place = Joiner(), 0, [], 0
    for cut in cuts * (len(raw) + 1):
        block = b"".join(raw[place : place + cut])
        if block:
            found += joiner.feed(block, offset)
        offset += len(block)
        place += cut
    assert [(("stdout", "stderr")[stream], text) for _, stream, text in found] == plain_reading(b"".join(raw))


def test_a_megabyte_line_in_pieces_is_one_line() -> None:
    text = bytes(range(32, 127)) * 11000
    pieces = [physical(text[at : at + 8192], tag="P") for at in range(0, len(text) - 8192, 8192)]
    rest = text[len(pieces) * 8192 :]
    lines = Joiner().feed(b"".join([*pieces, physical(rest)]), 0)
    assert [line[2] for line in lines] == [text]


def test_interleaved_streams_keep_their_own_pieces() -> None:
    block = physical(b"half ", tag="P") + physical(b"an error", stream="stderr") + physical(b"whole")
    assert [(stream, text) for _, stream, text in Joiner().feed(block, 0)] == [(1, b"an error"), (0, b"half whole")]


def test_a_joined_line_has_the_time_of_its_beginning() -> None:
    block = physical(b"a", tag="P", time_ns=START_NS) + physical(b"b", time_ns=START_NS + 5)
    assert Joiner().feed(block, 0) == [(START_NS, 0, b"ab")]


def test_both_streams_may_have_an_unfinished_line() -> None:
    joiner = Joiner()
    assert joiner.feed(physical(b"out", tag="P") + physical(b"err", tag="P", stream="stderr"), 0) == []
    assert [(stream, text) for _, stream, text in joiner.unfinished()] == [(1, b"err"), (0, b"out")]


def test_a_line_never_ended_does_not_wait_for_ever() -> None:
    prompt = physical(b"password: ", tag="P")
    joiner = Joiner()
    assert joiner.feed(prompt, 0) == []
    assert joiner.unfinished() == [(START_NS, 0, b"password: ")]
    far = joiner.feed(physical(b"later", stream="stderr"), JOIN_WINDOW)
    assert [text for _, _, text in far] == [b"password: ", b"later"]


def test_a_torn_head_before_a_piece_is_read_the_same_in_every_block() -> None:
    """Found by `python -m tests.fuzz`: what comes before the stream's name made the quick look miss a piece."""
    torn = b"2026-11-2:01.000000000+00:00 0000000stderr P part"
    assert [text for _, _, text in in_any_blocks([torn, physical(b"end", stream="stderr")[:-1]])] == [b"partend"]


def test_a_zero_before_a_line_is_read_the_same_in_every_block() -> None:
    zero = b"\0" + physical(b"GET / 200")[2:-1]
    piece = physical(b"part")[:-1].replace(b" F ", b" P ")
    assert in_any_blocks([zero]) == in_any_blocks([zero, piece])


def in_any_blocks(lines: list[bytes]) -> list[tuple[int, int, bytes]]:
    """Line by line, and in one block."""
    apart, at = Joiner(), 0
    read = []
    for line in lines:
        read += apart.feed(line + b"\n", at)
        at += len(line) + 1
    assert Joiner().feed(b"".join(line + b"\n" for line in lines), 0) == read
    return read


@pytest.mark.parametrize("raw", [b"", b"garbage", b"2026-11-21 cut sho", b"x" * 60])
def test_a_damaged_line_is_shown_whole(raw: bytes) -> None:
    assert [text for _, _, text in Joiner().feed(raw + b"\n" + physical(b"good"), 0)] == [raw, b"good"]


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_stamps(time_ns: int) -> None:
    assert parse_stamp(stamp(time_ns)) == time_ns


def test_stamp_with_an_offset() -> None:
    assert parse_stamp(b"2026-11-21T07:47:16.000000001+02:00") == parse_stamp(b"2026-11-21T05:47:16.000000001+00:00")


def test_zeros_left_by_a_power_cut_hide_no_line() -> None:
    data = physical(b"before") + bytes(700) + physical(b"after", stream="stderr")
    assert [(stream, text) for _, stream, text in Joiner().feed(data, 0)] == [(0, b"before"), (1, b"after")]
