"""Sizes as people write them: "10m", "1g", "64kb"."""

from __future__ import annotations

from engine.api.statuses import Refusal

_UNIT_BYTES = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def size_in_bytes(text: str) -> int:
    """ "10m", "1g", "64kb" as bytes; "" as 0."""
    if not text:
        return 0
    lowered = text.strip().lower()
    digits = lowered.rstrip("kmgtib")
    unit = lowered[len(digits) :].removesuffix("b").removesuffix("i")
    try:
        number = float(digits)
        if unit not in _UNIT_BYTES or number < 0 or len(digits) > 16:
            raise ValueError(text)
        return int(number * _UNIT_BYTES[unit])
    except (ValueError, OverflowError):
        raise Refusal(400, f"invalid size: {text[:40]!r}") from None
