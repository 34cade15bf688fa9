"""The mark on what a shell would have filled in and we cannot: it travels with a word until somebody shows it.

Such a piece (`$DATA`, `$(hostname)`) has its letters moved to a private corner of Unicode. So no reader takes a colon
in it for a border, or all of it for the name of a volume, and it is still known where it has got to.
"""

from __future__ import annotations

from typing import Any

_CORNER = 0xE000
_PLAIN = 128
_BACK = {_CORNER + number: number for number in range(_PLAIN)}
_THERE = {number: _CORNER + number for number in range(_PLAIN)}


def as_open(text: str) -> str:
    return text.translate(_THERE)


def is_open(text: str) -> bool:
    return any(_CORNER <= ord(letter) < _CORNER + _PLAIN for letter in text)


def shown(value: Any) -> Any:
    """The same without marks, all the way down."""
    if isinstance(value, str):
        return value.translate(_BACK)
    if isinstance(value, dict):
        return {shown(key): shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    return value


def open_words(value: Any) -> list[str]:
    """Every text in it that has a mark, as it is shown."""
    if isinstance(value, str):
        return [shown(value)] if is_open(value) else []
    if isinstance(value, dict):
        pairs = [f"{key}={item}" if isinstance(item, str) and is_open(key) else item for key, item in value.items()]
        return [word for item in pairs for word in open_words(item)]
    if isinstance(value, list | tuple):
        return [word for item in value for word in open_words(item)]
    return []
