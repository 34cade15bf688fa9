"""Moments and durations in Docker's spellings. Standard library only: the command line imports it too."""

from __future__ import annotations

from datetime import datetime

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
        whole = datetime.utcfromtimestamp(seconds)  # noqa: DTZ004 - no zone is printed; it is the fastest way
    except (OverflowError, ValueError, OSError):
        return NEVER
    return f"{whole.isoformat()}.{fraction:09d}Z"


def unix(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment is not None else 0


def human_duration(seconds: float) -> str:
    """Docker's words for how long: "Less than a second", "About a minute", "3 hours", "2 weeks"."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    # Docker rounds hours to the nearest.
    hours = int(seconds / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    for limit, size, word in ((48, 1, "hours"), (24 * 14, 24, "days"), (24 * 60, 24 * 7, "weeks")):
        if hours < limit:
            return f"{hours // size} {word}"
    if hours < 24 * 365 * 2:
        return f"{hours // (24 * 30)} months"
    return f"{hours // (24 * 365)} years"
