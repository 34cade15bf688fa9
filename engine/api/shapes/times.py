"""Moments in Docker's spellings."""

from __future__ import annotations

from datetime import UTC, datetime

NEVER = "0001-01-01T00:00:00Z"


def rfc3339(moment: datetime | None) -> str:
    """As Go prints it; a moment that never was is the year 1."""
    if moment is None:
        return NEVER
    text = moment.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def rfc3339_ns(time_ns: int) -> str:
    """Nine digits of a second, as `logs --timestamps` prints it."""
    seconds, fraction = divmod(time_ns, 1_000_000_000)
    try:
        whole = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    except (OverflowError, ValueError, OSError):
        return NEVER
    return f"{whole}.{fraction:09d}Z"


def unix(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment is not None else 0
