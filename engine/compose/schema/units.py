"""Sizes and lengths of time as compose files write them."""

from __future__ import annotations

import re

_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([kmgtp]?)(i?b)?\s*$", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}

_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


def bytes_of(text: str) -> int | None:
    """`64m` as bytes, with powers of 1024; -1 means without a limit."""
    if text == "-1":
        return -1
    found = _SIZE.match(text)
    if not found or (found[3] and found[3].lower() == "ib" and not found[2]):
        return None
    return int(float(found[1]) * 1024 ** _POWERS[found[2].lower()])


def nanoseconds_of(text: str) -> int | None:
    """`1h2m3.5s` as nanoseconds."""
    rest = text.lstrip("+-")
    if rest == "0":
        return 0
    total, at = 0.0, 0
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None:
            return None
        total += float(part[1]) * _NANOSECONDS[part[2]]
        at = part.end()
    if not rest:
        return None
    return -round(total) if text.startswith("-") else round(total)


def go_duration(nanoseconds: int) -> str:
    """As Go prints a length of time: 1h2m3.5s, 100ms, 0s."""
    if nanoseconds == 0:
        return "0s"
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left < 10**9:
        for unit, size in (("ms", 10**6), ("µs", 10**3), ("ns", 1)):
            if left >= size:
                return f"{sign}{_decimal(left, size)}{unit}"
    minutes, left = divmod(left, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(left, 10**9)}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{sign}{hours}h{text}" if hours else sign + text


def _decimal(number: int, size: int) -> str:
    whole, rest = divmod(number, size)
    return f"{whole}.{str(rest).zfill(len(str(size)) - 1).rstrip('0')}" if rest else str(whole)
