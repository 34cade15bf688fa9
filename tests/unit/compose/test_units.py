"""Sizes, lengths of time and command lines as compose files write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.compose.schema.shapes import shell_words
from engine.compose.schema.units import bytes_of, go_duration, nanoseconds_of


@pytest.mark.parametrize(
    ("text", "number"),
    [("64m", 64 << 20), ("1.5 G", 3 << 29), ("2kb", 2048), ("1KiB", 1024), ("3t", 3 << 40), ("1p", 1 << 50), ("7", 7),
     ("7b", 7), (".5k", 512), ("-1", -1), ("-2", None), ("7ib", None), ("", None), ("1x", None), ("1m 2", None)],
)  # fmt: skip
def test_sizes(text: str, number: int | None) -> None:
    assert bytes_of(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("1h2m3.5s", 3723500 * 10**6), ("5ms", 5 * 10**6), ("5us", 5000), ("5µs", 5000), ("5μs", 5000), ("5ns", 5),
     ("0", 0), ("-0", 0), ("+1s", 10**9), ("-1s", -(10**9)), (".5s", 5 * 10**8), ("", None), ("-", None), ("1", None),
     ("1s x", None), ("s", None)],
)  # fmt: skip
def test_lengths_of_time(text: str, number: int | None) -> None:
    assert nanoseconds_of(text) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0s"), (1, "1ns"), (999, "999ns"), (1000, "1µs"), (1500, "1.5µs"), (10**6, "1ms"), (1_050_000, "1.05ms"),
     (10**9 - 1, "999.999999ms"), (10**9, "1s"), (1_500_000_000, "1.5s"), (59 * 10**9, "59s"), (60 * 10**9, "1m0s"),
     (61 * 10**9, "1m1s"), (3600 * 10**9, "1h0m0s"), (3661 * 10**9, "1h1m1s"), (90 * 3600 * 10**9, "90h0m0s"),
     (-1, "-1ns"), (-90 * 10**9, "-1m30s"), (-3600 * 10**9, "-1h0m0s")],
)  # fmt: skip
def test_lengths_of_time_as_go_prints_them(number: int, text: str) -> None:
    assert go_duration(number) == text


@given(st.integers(-(10**14), 10**14))
def test_what_is_printed_is_read_as_it_was(number: int) -> None:
    assert nanoseconds_of(go_duration(number)) == number


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  ", []),
        (" a  b\tc\n", ["a", "b", "c"]),
        ("a 'b c' d", ["a", "b c", "d"]),
        ('a "b c"d', ["a", "b cd"]),
        ("''", [""]),
        ('a "" b', ["a", "", "b"]),
        (r"a\ b", ["a b"]),
        (r"'a\b'", [r"a\b"]),
        (r'"a\b"', [r"a\b"]),
        (r'"a\"b\\\$\`"', ['a"b\\$`']),
        ("a\\", ["a"]),
        ("\\\\", ["\\"]),
        (r"\'", ["'"]),
        ("'\"'", ['"']),
    ],
)
def test_a_line_is_cut_as_a_shell_cuts_it(line: str, words: list[str]) -> None:
    assert shell_words(line) == words


@pytest.mark.parametrize("line", ["'a", 'a "b', "\"a'"])
def test_a_quote_that_is_not_closed_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="is not closed"):
        shell_words(line)
