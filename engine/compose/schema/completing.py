"""What could stand where somebody types in a compose file: keys of the schema, names of the file itself, known images.

Works on text that is not whole: the way to the cursor is read from the indentation above it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from engine.compose.schema import fields
from engine.compose.schema.shapes import Fields, Listed, Mapped, Shape, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY = re.compile(r"(\s*)((?:-\s+)*)([\w.-]*)$")
_VALUE = re.compile(r"(\s*)((?:-\s+)*)([\w.-]+):\s+[\"']?([^\s\"']*)$")
_ENTRY = re.compile(r"(\s*)((?:-\s+)*)([\w.-]+)\s*:")
_NAMED_BY = {
    "depends_on": "services", "networks": "networks", "volumes": "volumes", "secrets": "secrets", "configs": "configs",
}  # fmt: skip
"""Lists and mappings of a service whose words are names of the file."""
_RESTARTS = ("no", "always", "unless-stopped", "on-failure")


class Completion(NamedTuple):
    """`words` could stand in the place of what was typed from `start` (a column, from zero) on."""

    start: int
    words: tuple[str, ...]


def complete(text: str, line: int, column: int, images: Sequence[str] = ()) -> Completion:
    """`line` and `column` of the cursor, from zero."""
    lines = text.split("\n")
    before = lines[line][:column] if line < len(lines) else ""
    if value := _VALUE.match(before):
        path = [*_path(lines, line, len(value[1]) + len(value[2])), value[3]]
        return _fitting(before, value[4], _values(path, lines, images))
    if key := _KEY.match(before):
        above = _path(lines, line, len(key[1]))
        if key[2]:
            return _fitting(before, key[3], _items(above, lines))
        there = _beside(lines, line, len(key[1]))
        return _fitting(before, key[3], [word for word in _keys(above, lines) if word.rstrip(":") not in there])
    return Completion(column, ())


def _fitting(before: str, typed: str, words: Sequence[str]) -> Completion:
    begin = typed.lower()
    found = [word for word in words if word.lower().startswith(begin) and word != typed]
    found += [word for word in words if begin in word.lower() and not word.lower().startswith(begin)]
    return Completion(len(before) - len(typed), tuple(found[:100]))


def _path(lines: Sequence[str], line: int, indent: int) -> list[str]:
    """The keys around a line that is so far in."""
    found: list[str] = []
    for at in range(line - 1, -1, -1):
        if indent <= 0:
            break
        entry = _ENTRY.match(lines[at])
        if entry is None:
            continue
        width = len(entry[1]) + len(entry[2])
        if width < indent:
            found.append(entry[3])
            indent = len(entry[1]) if entry[2] else width
    return found[::-1]


def _beside(lines: Sequence[str], line: int, indent: int) -> set[str]:
    """The keys of the same mapping."""
    found = set()
    for step in (-1, 1):
        at = line + step
        while 0 <= at < len(lines):
            text = lines[at]
            width = len(text) - len(text.lstrip())
            if text.strip() and width < indent:
                break
            if width == indent and (entry := _ENTRY.match(text)):
                found.add(entry[3])
            at += step
    return found


def _shape(path: Sequence[str]) -> Shape:
    shape: Shape = fields.FILE
    for key in path:
        if isinstance(shape, Listed):
            shape = shape.item
        if isinstance(shape, Fields):
            shape = shape.rows.get(key, Shape())
        elif isinstance(shape, Mapped):
            shape = shape.item
        else:
            return Shape()
    return shape


def _keys(path: Sequence[str], lines: Sequence[str]) -> list[str]:
    shape = _shape(path)
    if isinstance(shape, Listed):
        shape = shape.item
    if isinstance(shape, Fields):
        return [f"{key}:" for key in shape.rows]
    return [f"{name}:" for name in _names(path, lines)]


def _items(path: Sequence[str], lines: Sequence[str]) -> list[str]:
    """What could be an entry of a list."""
    shape = _shape(path)
    item = shape.item if isinstance(shape, Listed) else Shape()
    keys = [f"{key}:" for key in item.rows] if isinstance(item, Fields) else []
    colon = ":" if path[-1:] == ["volumes"] else ""
    return [*(f"{name}{colon}" for name in _names(path, lines)), *keys]


def _values(path: Sequence[str], lines: Sequence[str], images: Sequence[str]) -> list[str]:
    shape = _shape(path)
    if isinstance(shape, Text) and shape.choices:
        return list(shape.choices)
    if len(path) == 3 and path[0] == "services":
        if path[2] == "image":
            return list(images)
        if path[2] == "restart":
            return list(_RESTARTS)
    if path[-1:] == ["source"]:
        return [name for kind in ("volumes", "secrets", "configs") for name in _of_file(lines, kind)]
    return ["true", "false"] if type(shape).__name__ == "Flag" else []


def _names(path: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Names of the file that a service's list may have."""
    if len(path) != 3 or path[0] != "services" or path[2] not in _NAMED_BY:
        return []
    found = _of_file(lines, _NAMED_BY[path[2]])
    return [name for name in found if name != path[1] or path[2] != "depends_on"]


def _of_file(lines: Sequence[str], kind: str) -> list[str]:
    """The entries of a block at the left edge."""
    found: list[str] = []
    inside, width = False, 0
    for text in lines:
        if text[:1].strip() and not text.startswith("#"):
            inside, width = text.startswith(f"{kind}:"), 0
        elif inside and (entry := _ENTRY.match(text)) and not entry[2]:
            width = width or len(entry[1])
            if len(entry[1]) == width:
                found.append(entry[3])
    return found
