"""Sizes, times and numbers as people write them, both ways. What is written is read back as the same number.

The patterns are compiled when first needed: a command that has none of these should not wait for them.
"""

from __future__ import annotations

import re

from engine.recipe.faults import Unreadable, marked

_SIZE = r"(\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})\s*([kmgtp]?)(?:i?b)?"
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_TIME = r"(\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})(ns|us|µs|μs|ms|s|m|h)"
_NANOSECONDS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_LARGEST = (1 << 63) - 1


def read_size(text: str, name: str = "") -> int:
    """ "10m", "1.5g", "64kb", "1GiB", "100" as bytes; powers of two, as Docker takes them."""
    match = re.fullmatch(_SIZE, text.strip(), re.IGNORECASE)
    number = int(float(match[1]) * _FACTORS[match[2].lower()]) if match else -1
    if not 0 <= number <= _LARGEST:
        if name:
            raise Unreadable(marked("Recipe", "{1}: “{0}” is no size; write 512m or 1.5g"), text[:80], name)
        raise Unreadable(marked("Recipe", "“{0}” is no size; write 512m or 1.5g"), text[:80])
    return number


def size_words(count: int) -> str:
    """The shortest text that `read_size` reads as the same number."""
    for letter, factor in (("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)):
        if count and count % factor == 0:
            return f"{count // factor}{letter}"
    return str(count)


def read_seconds(text: str, name: str = "", *, bare: bool = False) -> float:
    """ "1m30s", "500ms". A number alone says nothing of its unit; `bare` takes it for seconds."""
    stripped = text.strip()
    if stripped == "0":
        return 0.0
    if bare and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", stripped):
        return float(stripped)
    parts = re.findall(_TIME, stripped)
    if not parts or "".join(number + unit for number, unit in parts) != stripped:
        if name:
            raise Unreadable(marked("Recipe", "{1}: “{0}” is no time; write 30s or 1m30s"), text[:80], name)
        raise Unreadable(marked("Recipe", "“{0}” is no time; write 30s or 1m30s"), text[:80])
    return sum(round(float(number) * _NANOSECONDS[unit]) for number, unit in parts) / 1e9


def seconds_words(seconds: float) -> str:
    """ "90s", "1500ms": the coarsest unit that says it whole."""
    count = round(seconds * 1e9)
    for unit in ("s", "ms", "us"):
        if count % _NANOSECONDS[unit] == 0:
            return f"{count // _NANOSECONDS[unit]}{unit}"
    return f"{count}ns"


def read_number(text: str, name: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,19}", text.strip()):
        raise Unreadable(marked("Recipe", "{1}: “{0}” is no whole number"), text[:80], name)
    return int(text)


def read_decimal(text: str, name: str) -> float:
    if not re.fullmatch(r"\d{1,12}(\.\d{0,12})?|\.\d{1,12}", text.strip()):
        raise Unreadable(marked("Recipe", "{1}: “{0}” is no number"), text[:80], name)
    return round(float(text) * 1e9) / 1e9


def decimal_words(number: float) -> str:
    """With as many figures as there are, never with an exponent."""
    return f"{number:.9f}".rstrip("0").rstrip(".") or "0"
