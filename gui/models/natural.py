"""Names in the order people count: web-2 before web-10."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d+")
_DIGITS = 20


def natural_key(text: str) -> str:
    """A text to sort by: numbers are as long as one another, and case does not matter."""
    return _NUMBER.sub(lambda found: found[0].lstrip("0").rjust(_DIGITS, "0"), text.casefold())
