"""What a passing test may say: nothing at WARNING or above, unless it announced that it would."""

from __future__ import annotations

import logging
import re


class QuietHandler(logging.Handler):
    """Collects records that no test expected."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._expected: list[re.Pattern[str]] = []
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    def expect(self, pattern: str) -> None:
        """Let records through whose "LEVEL logger: message" the pattern is found in."""
        self._expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        formatter = logging.Formatter("%(levelname)s %(name)s: %(message)s")
        lines = [formatter.format(record) for record in self._records]
        return [line for line in lines if not any(pattern.search(line) for pattern in self._expected)]
