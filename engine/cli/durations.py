"""Durations as people write them: "1h30m", "500ms"."""

from __future__ import annotations

from engine.cli.options import UsageError

_UNIT_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def nanoseconds(text: str, option: str) -> int:
    """Numbers with units, one after the other; anything else is a usage error naming the option."""
    total, rest = 0.0, text.strip()
    if rest == "0":
        return 0
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        number, rest = rest[:digits], rest[digits:]
        letters = len(rest) - len(rest.lstrip("nuµmsh"))
        # "1m30s": a unit ends where the next number begins.
        unit, rest = rest[:letters], rest[letters:]
        try:
            total += float(number) * _UNIT_NS[unit]
        except (ValueError, KeyError):
            raise UsageError(f'invalid argument "{text}" for --{option}: not a duration such as 1m30s') from None
    return int(total)
