"""A long file cut into its services, so that after a key only the one that was typed in is parsed again.

Cut is only what is the same in one piece and in many: block style, every service begun on a line of its own, no anchors
or aliases, one document. Whatever else a file is, or a piece that is no YAML, is left to the parser of whole files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from engine.compose.faults import ComposeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEAST = 8 << 10
"""Characters: what is shorter is parsed in a moment."""
MOST = 1 << 20
_FILES_AT_MOST = 4

_SERVICES = re.compile(r"^services:[ \t]*(#.*)?$", re.MULTILINE)
_SECTION = re.compile(r"^[^\s#]", re.MULTILINE)
_FIRST = re.compile(r"\n(?:[ ]*(?:#.*)?\n)*([ ]+)[^\s#]")
_UNCUTTABLE = re.compile(r"^(---|\.\.\.|%|\t)|(^|[\s\[{,:])[&*][\w-]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One service: its name, what stands there, and the nodes to find places in."""

    name: str
    value: Any
    node: yaml.MappingNode


@dataclass(frozen=True, slots=True)
class Pieces:
    """A file in pieces: the rest with no service in it, and each service with the line it begins on."""

    rest: yaml.MappingNode
    services: tuple[tuple[Piece, int], ...]


_known: dict[str, dict[str, Piece]] = {}
"""File to the pieces it had when it was read last, by their texts."""


def pieces_of(text: str, file: str, value_of: Callable[[yaml.Node, int], Any]) -> Pieces | None:
    """The file in pieces, or nothing where it is to be parsed whole."""
    if not LEAST <= len(text) <= MOST or "\r" in text or _UNCUTTABLE.search(text):
        return None
    heads = _SERVICES.findall(text)
    if len(heads) != 1 or (bounds := _bounds(text)) is None:
        return None
    begin, end = bounds
    try:
        rest = _mapping(f"{text[:begin]}{chr(10) * text.count(chr(10), begin, end)}{text[end:]}")
        before, now = _known.get(file, {}), {}
        found = []
        for piece_text, line in _cut(text, begin, end):
            now[piece_text] = piece = before.get(piece_text) or _piece(piece_text, value_of)
            found.append((piece, line))
    except (yaml.YAMLError, RecursionError, ComposeError, _WholeError):
        return None
    if len({piece.name for piece, _ in found}) != len(found) or not _stands_empty(rest):
        return None
    _remember(file, now)
    return Pieces(rest, tuple(found))


class _WholeError(Exception):
    """It must be parsed whole."""


def _bounds(text: str) -> tuple[int, int] | None:
    """Where the services stand: after the word's line, before the next section."""
    head = _SERVICES.search(text)
    if head is None or head.end() >= len(text):
        return None
    begin = head.end() + 1
    after = _SECTION.search(text, begin)
    return begin, after.start() if after else len(text)


def _stands_empty(rest: yaml.MappingNode) -> bool:
    """Whether the word was the section's, and not a line of some longer text."""
    found = [value for key, value in rest.value if key.value == "services"]
    return len(found) == 1 and isinstance(found[0], yaml.ScalarNode) and not found[0].value


def _cut(text: str, begin: int, end: int) -> Iterator[tuple[str, int]]:
    """(text, line) of each service."""
    first = _FIRST.match(text, begin - 1, end)
    if first is None:
        raise _WholeError
    starts = [match.start() for match in re.compile(rf"^{first[1]}(?=[^\s#])", re.MULTILINE).finditer(text, begin, end)]
    line = text.count("\n", 0, starts[0])
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        yield text[start:stop], line
        line += text.count("\n", start, stop)


def _piece(text: str, value_of: Callable[[yaml.Node, int], Any]) -> Piece:
    node = _mapping(text)
    if len(node.value) != 1 or not isinstance(node.value[0][0], yaml.ScalarNode) or node.value[0][0].value == "<<":
        raise _WholeError
    key, value = node.value[0]
    return Piece(key.value, value_of(value, 2), node)


def _mapping(text: str) -> yaml.MappingNode:
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(node, yaml.MappingNode):
        raise _WholeError
    return node


def _remember(file: str, pieces: dict[str, Piece]) -> None:
    _known.pop(file, None)
    _known[file] = pieces
    for other in list(_known)[:-_FILES_AT_MOST]:
        _known.pop(other, None)
