"""Kubernetes' quantities: "500m" of a processor, "128Mi" of memory."""

from __future__ import annotations

import re

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|[kMGTPE]|[KMGTPE]i|[eE][0-9]+)?")
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def quantity(text: str) -> float | None:
    """None for what is none."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return None
    number, unit = float(found[1]), found[2] or ""
    if unit == "m":
        return number / 1000
    if unit in _BINARY:
        return number * (1 << _BINARY[unit])
    if unit in _DECIMAL:
        return number * float(10 ** _DECIMAL[unit])
    return number * float(f"1{unit}") if unit else number
