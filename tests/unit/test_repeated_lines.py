"""What is logged again and again is said a few times, and then how often it was."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from engine import repeated_lines
from engine.repeated_lines import BoundedRepeats

if TYPE_CHECKING:
    import pytest


def _record(line: int, text: str, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord("asyncio", level, "selector_events.py", line, text, None, None)


def test_the_same_line_is_said_five_times_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr(repeated_lines.time, "monotonic", lambda: clock)
    bounded = BoundedRepeats()
    assert sum(bounded.filter(_record(1, f"out of files {number}")) for number in range(100_000)) == 5
    assert bounded.filter(_record(2, "something else"))
    assert all(bounded.filter(_record(1, "of no weight", logging.INFO)) for _ in range(10))
    clock = 61.0
    again = _record(1, "out of files")
    assert bounded.filter(again)
    assert again.getMessage() == "out of files (and 99995 times more in the last minute)"
