"""Where one way of saying a figure turns into the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gui.presentation import units

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (9 * 3600 + 60, "9 h 1 min"),
        (10 * 3600 + 60, "10 h"),
        (DAY - 1, "23 h"),
        (DAY, "1 d"),
    ],
)
def test_spans_of_time_at_their_edges(seconds: float, text: str) -> None:
    assert units.duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (0.0994, "99.4 ms"),
        (0.1, "100 ms"),
        (0.999, "999 ms"),
        (1, "1.00 s"),
        (59.5, "59.50 s"),
        (60, "1 min 0 s"),
        (125.9, "2 min 5 s"),
    ],
)
def test_how_long_a_step_took(seconds: float, text: str) -> None:
    assert units.step_text(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0.0 %"), (9.94, "9.9 %"), (9.95, "10 %"), (100, "100 %")])
def test_shares(value: float, text: str) -> None:
    assert units.percent_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(4, "just now"), (5, "5 s ago"), (3599, "59 min ago"), (3600, "1 h ago")]
)
def test_ages_at_their_edges(seconds: int, text: str) -> None:
    assert units.ago_text(NOW - timedelta(seconds=seconds), NOW) == text


def test_no_moment_has_no_words() -> None:
    assert units.ago_text(None) == units.clock_text(None) == ""


def test_a_rate_is_an_amount_for_each_second() -> None:
    assert units.rate_text(1 << 20) == "1.00 MiB/s"


@pytest.mark.parametrize("prefix", ["", "sha256:"])
def test_ids_are_twelve_characters(prefix: str) -> None:
    assert units.short_id(prefix + "0123456789abcdef") == "0123456789ab"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (10 << 20, "10.0 MiB"),
        (10230 << 10, "9.99 MiB"),
        (99.96 * (1 << 20), "100 MiB"),
        (-2048, "-2.00 KiB"),
        (1023.4, "1023 B"),
    ],
)
def test_amounts_have_three_figures(count: float, text: str) -> None:
    assert units.bytes_text(count) == text


@pytest.mark.parametrize(
    ("count", "text"), [(1536, "1.5 KiB"), (150.5 * 1024, "150 KiB"), (-512, "-512 B"), (99.5 * 1024, "99.5 KiB")]
)
def test_limits_are_told_as_they_are_given(count: float, text: str) -> None:
    assert units.memory_text(count) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (1, "1 d ago"),
        (59, "59 d ago"),
        (60, "2 months ago"),
        (89.99, "2 months ago"),
        (90, "3 months ago"),
        (729, "24 months ago"),
        (730, "2 years ago"),
        (1095, "3 years ago"),
    ],
)
def test_long_ages_are_months_and_years(days: float, text: str) -> None:
    assert units.ago_text(NOW - timedelta(days=days), NOW) == text
