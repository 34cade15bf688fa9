"""A log that says the same thing again and again says it five times a minute, and then how often it was.

Whatever goes wrong in a loop, or in each of a thousand requests, must not fill a disk.
"""

from __future__ import annotations

import logging
import time

_MOST = 5
_SECONDS = 60.0
_MOST_KINDS = 500


class BoundedRepeats(logging.Filter):
    """By the place in the program that speaks: one count for each line of code that logs."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        place, now = (record.pathname, record.lineno), time.monotonic()
        began, count = self._said.get(place, (now, 0))
        if now - began > _SECONDS:
            if count > _MOST:
                record.msg = f"{record.getMessage()} (and {count - _MOST} times more in the last minute)"
                record.args = None
            began, count = now, 0
        if len(self._said) > _MOST_KINDS:
            self._said.clear()
        self._said[place] = (began, count + 1)
        return count < _MOST


_installed: list[BoundedRepeats] = []


def bound_repeats() -> None:
    """On what prints this process's log: the handlers there are, or Python's own where there are none."""
    if _installed:
        return
    _installed.append(BoundedRepeats())
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler is not None:
            handler.addFilter(_installed[0])
