"""Which regular expressions are taken from people: those that cannot run away on a line that a stranger wrote. Pure.

Python's expressions go back and forth, and hold the interpreter meanwhile. What makes them exponential is a repetition
within a repetition that can divide the same letters in more than one way: that is refused. What is left costs at most
the length of the line to the power of its repetitions, so whoever matches in a hurry takes only so much of a line.
"""

from __future__ import annotations

import importlib
from typing import Any

_MOST_CHARACTERS = 1000
_MANY = 16
"""A repetition that may be longer counts as one without end."""
_OTHER = 128
"""Stands for all letters beyond ASCII."""
_ALL = frozenset(range(_OTHER + 1))
_DIGITS, _BLANKS = frozenset(range(48, 58)), frozenset((9, 10, 11, 12, 13, 32))
_WORD = frozenset((*range(48, 58), *range(65, 91), 95, *range(97, 123), _OTHER))
_CATEGORIES = {"DIGIT": _DIGITS, "SPACE": _BLANKS, "WORD": _WORD}
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_WORK = 10_000_000


def trouble_with(source: str) -> str:
    """Why this expression is not taken, "" if it is. One that cannot be read at all is for `re` to complain about."""
    if len(source) > _MOST_CHARACTERS:
        return f"it is longer than {_MOST_CHARACTERS} characters"
    tree = _parsed(source)
    if tree is None:
        return ""
    if _mentions(tree, ("GROUPREF", "GROUPREF_EXISTS")):
        return "it refers back to a group"
    return "a repetition within a repetition could go on for ever" if _runs_away(tree) else ""


def quick_characters(source: str) -> int:
    """So much of a line can be matched in a moment, whatever stands in it."""
    tree = _parsed(source)
    return int(_WORK ** (1 / (_repeats(tree) + 1))) if tree is not None and _repeats(tree) else 1 << 14


def _parsed(source: str) -> Any:
    try:
        return importlib.import_module("re._parser").parse(source)
    except Exception:  # whatever is wrong with it, `re` says when it is compiled
        return None


def _children(operation: str, value: Any) -> list[Any]:
    if operation in _REPEATS:
        return [value[2]]
    if operation == "SUBPATTERN":
        return [value[3]]
    if operation == "BRANCH":
        return list(value[1])
    if operation in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    return [value] if operation == "ATOMIC_GROUP" else []


def _mentions(tree: Any, names: tuple[str, ...]) -> bool:
    return any(
        str(operation) in names or any(_mentions(child, names) for child in _children(str(operation), value))
        for operation, value in tree
    )


def _is_long(operation: str, value: Any) -> bool:
    return operation in _REPEATS and int(value[1]) > _MANY


def _repeats(tree: Any) -> int:
    return sum(
        _is_long(str(operation), value) + sum(_repeats(child) for child in _children(str(operation), value))
        for operation, value in tree
    )


def _runs_away(tree: Any) -> bool:
    for operation, value in tree:
        name = str(operation)
        if _is_long(name, value) and not _divides_in_one_way(value[2]):
            return True
        if any(_runs_away(child) for child in _children(name, value)):
            return True
    return False


def _divides_in_one_way(body: Any) -> bool:
    """Of what is repeated: single letters; or parts of which each is told from its neighbours by its letters."""
    parts = list(_flat(body))
    if any(part is None for part in parts):
        return False
    if not any(long for _, long, _ in parts):
        return all(least for _, _, least in parts)
    for number, (letters, long, _) in enumerate(parts):
        if long:
            others = [part for at, part in enumerate(parts) if at != number]
            if not any(least for _, _, least in others) or any(letters & other for other, _, _ in others):
                return False
    return True


def _flat(tree: Any) -> Any:
    """(letters, long, must be there) for each part; None for one that is not so simple."""
    for operation, value in tree:
        name = str(operation)
        letters = _letters(name, value)
        if letters is not None:
            yield letters, False, True
        elif name == "SUBPATTERN":
            yield from _flat(value[3])
        elif name in _REPEATS and len(value[2]) == 1 and (inner := _letters(*_first(value[2]))) is not None:
            yield inner, _is_long(name, value) or value[0] != value[1], value[0] >= 1
        elif name == "BRANCH":
            yield _branches(value[1])
        elif name != "AT":
            yield None


def _first(tree: Any) -> tuple[str, Any]:
    operation, value = tree[0]
    return str(operation), value


def _branches(branches: Any) -> Any:
    """Words of which no two begin alike."""
    begins: set[int] = set()
    for branch in branches:
        parts = list(_flat(branch))
        if not parts or any(part is None or part[1] for part in parts) or begins & parts[0][0]:
            return None
        begins |= parts[0][0]
    return frozenset(begins), False, True


def _letters(name: str, value: Any) -> frozenset[int] | None:
    """What one character may be; letters of either case are the same."""
    if name == "ANY":
        return _ALL
    if name == "LITERAL":
        return _either_case({min(value, _OTHER)})
    if name == "NOT_LITERAL":
        return _ALL - {value} if value < _OTHER else _ALL
    if name != "IN":
        return None
    parts = [_of_class(str(kind), what) for kind, what in value if str(kind) != "NEGATE"]
    if len(parts) == len(value):
        return _either_case(set().union(*parts))
    # One letter beyond ASCII, or a range of them, is not all that `_OTHER` stands for.
    named = [
        each if str(kind) == "CATEGORY" else each - {_OTHER} for (kind, _), each in zip(value[1:], parts, strict=True)
    ]
    return _ALL.difference(*named)


def _of_class(kind: str, what: Any) -> frozenset[int]:
    """One entry of a class in brackets."""
    if kind == "LITERAL":
        return frozenset({min(what, _OTHER)})
    if kind == "RANGE":
        return frozenset(range(min(what[0], _OTHER), min(what[1], _OTHER) + 1))
    category = str(what).removeprefix("CATEGORY_")
    letters = _CATEGORIES.get(category.removeprefix("NOT_"), _ALL)
    return _ALL - letters if category.startswith("NOT_") else letters


def _either_case(letters: set[int]) -> frozenset[int]:
    return frozenset(letters) | {ord(chr(one).swapcase()) for one in letters if one < _OTHER}
