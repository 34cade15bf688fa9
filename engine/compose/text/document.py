"""YAML text to plain values: YAML 1.2's words as Go's readers take them, anchors, merges, and compose's two tags.

The parser is libyaml, which reads 5,000 lines in a twentieth of the time of a pure Python reader; so a file can be
checked while somebody types. What the words mean (is `yes` a text?) is decided here, for libyaml's own answer is that
of YAML 1.1. Where a value stands is looked up in the parsed nodes when it is asked for, so a file without faults pays
nothing for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from engine.compose.faults import ComposeError, Mark, Problem
from engine.compose.text.pieces import pieces_of

if TYPE_CHECKING:
    from engine.compose.faults import Path
    from engine.compose.text.pieces import Pieces

VALUES_AT_MOST = 200_000
"""Of one file, with every alias counted as often as it is used: nine lines can stand for a billion values."""
_LONG = 200 << 10
"""Characters: in less there cannot be too many values without aliases."""
DEPTH_AT_MOST = 100
BYTES_AT_MOST = 16 << 20


@dataclass(frozen=True, slots=True)
class Reset:
    """`!reset`: what stood here in earlier files goes."""


@dataclass(frozen=True, slots=True)
class Override:
    """`!override`: this stands alone, whatever stood here in earlier files."""

    value: Any


@dataclass(slots=True)
class Document:
    """One file as values, which knows where each of them stands."""

    file: str
    value: Any
    _node: yaml.Node | None
    _lines: list[str]
    _keys: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = field(default_factory=dict)
    """Of mappings something was looked up in: they may be long, and many places be asked for."""
    _pieces: dict[str, tuple[yaml.Node, int]] = field(default_factory=dict)
    """Services that were parsed by themselves, with the line they begin on."""

    def mark(self, path: Path) -> Mark | None:
        """Where that value stands, or the nearest one around it: of a key, its word."""
        node, line, path = self._start(path)
        if node is None:
            return None
        nearest = node
        for step in path:
            shown, below = self._below(node, step)
            if shown is None or below is None:
                break
            node, nearest = below, shown
        return self._marked(nearest, line)

    def has(self, path: Path) -> bool:
        """Whether that very value stands here."""
        node, _, path = self._start(path)
        for step in path:
            _, node = self._below(node, step)
            if node is None:
                return False
        return True

    def _start(self, path: Path) -> tuple[yaml.Node | None, int, Path]:
        """(a node, the line its text begins on, the way on from it)."""
        if path[:1] == ("services",) and len(path) > 1 and path[1] in self._pieces:
            return (*self._pieces[str(path[1])], path[1:])
        return self._node, 0, path

    def mark_of_word(self, variable: str) -> Mark | None:
        """Where a variable is used first."""
        used = re.compile(rf"\$\{{?{re.escape(variable)}(?![A-Za-z0-9_])")
        for number, line in enumerate(self._lines):
            if found := used.search(line):
                return Mark(self.file, number + 1, found.start() + 1, line)
        return None

    def _marked(self, node: yaml.Node, begin: int) -> Mark:
        line = begin + node.start_mark.line
        text = self._lines[line] if line < len(self._lines) else ""
        return Mark(self.file, line + 1, node.start_mark.column + 1, text)

    def _below(self, node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
        """(what to point at, the value's node) of one step into a node."""
        if isinstance(node, yaml.SequenceNode):
            if isinstance(step, int) and step < len(node.value):
                return node.value[step], node.value[step]
            # Lists of KEY=VALUE are told by their key once they are a mapping.
            for item in node.value:
                if isinstance(item, yaml.ScalarNode) and re.split("[=:]", item.value, maxsplit=1)[0] == step:
                    return item, item
        if isinstance(node, yaml.MappingNode):
            keys = self._keys_of(node)
            if str(step) in keys:
                return keys[str(step)]
            if "<<" in keys:
                return self._below_merged(keys["<<"][1], step)
        return None, None

    def _keys_of(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        keys = self._keys.get(id(node))
        if keys is None:
            keys = self._keys[id(node)] = {key.value: (key, value) for key, value in node.value}
        return keys

    def _below_merged(self, node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
        for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            found = self._below(each, step)
            if found[1] is not None:
                return found
        return None, None


def read(text: str, file: str) -> list[Document]:
    """Every document of a file. Raises ComposeError with the place where the text is not YAML."""
    if len(text) > BYTES_AT_MOST:
        raise ComposeError(Problem((), f"{file} has {len(text) >> 20} MiB; a compose file of more than 16 is not read"))
    lines = text.split("\n")
    if pieces := pieces_of(text, file, _Reader(file, lines).value):
        return [_assembled(pieces, file, lines)]
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.CSafeLoader if len(text) < _LONG else _Counting))
    except _TooManyError:
        raise ComposeError(Problem((), f"{file} has more than {VALUES_AT_MOST} values")) from None
    except yaml.YAMLError as error:
        raise ComposeError(_not_yaml(error, file, lines)) from error
    except RecursionError as error:
        raise ComposeError(Problem((), f"{file} is nested more than {DEPTH_AT_MOST} deep")) from error
    return [Document(file, _Reader(file, lines).value(node, 0), node, lines) for node in nodes]


class _TooManyError(Exception):
    """More values than are read."""


class _Counting(yaml.CSafeLoader):
    """Leaves off where a file has too many values, and not when all of them are parsed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._left = VALUES_AT_MOST

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _TooManyError
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


def _assembled(pieces: Pieces, file: str, lines: list[str]) -> Document:
    value = _Reader(file, lines).value(pieces.rest, 0)
    value["services"] = {piece.name: piece.value for piece, _ in pieces.services}
    return Document(
        file, value, pieces.rest, lines, _pieces={each.name: (each.node, at) for each, at in pieces.services}
    )


def _not_yaml(error: yaml.YAMLError, file: str, lines: list[str]) -> Problem:
    said = getattr(error, "problem", None) or str(error)
    at = getattr(error, "problem_mark", None)
    if at is None:
        return Problem((), f"{file} is not YAML: {said}")
    text = lines[at.line] if at.line < len(lines) else ""
    hint = "YAML is indented with spaces" if text.lstrip(" ").startswith("\t") or "'\\t'" in said else ""
    return Problem((), f"this is not YAML: {said}", Mark(file, at.line + 1, at.column + 1, text), hint)


class _Reader:
    """Nodes to values, within bounds."""

    def __init__(self, file: str, lines: list[str]) -> None:
        self.file = file
        self.lines = lines
        self.left = VALUES_AT_MOST

    def value(self, node: yaml.Node, depth: int) -> Any:
        self.left -= 1
        if self.left < 0:
            self._fail(node, f"the aliases here stand for more than {VALUES_AT_MOST} values")
        if depth > DEPTH_AT_MOST:
            self._fail(node, f"this is nested more than {DEPTH_AT_MOST} deep, or is an alias of itself")
        if node.tag == "!reset":
            return Reset()
        inner = self._untagged(node, depth)
        return Override(inner) if node.tag == "!override" else inner

    def _untagged(self, node: yaml.Node, depth: int) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        if getattr(node, "style", None) or (node.tag == _TEXT and not _OF_TODAY.match(node.value)):
            return node.value
        return plain(node.value)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fail(key_node, "a key must be a word")
            key = key_node.value
            if key == "<<" and not key_node.style:
                for each in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    below = self.value(each, depth + 1)
                    if not isinstance(below, dict):
                        self._fail(each, "only a mapping can be merged with <<")
                    merged = below | merged
                continue
            if key in own:
                self._fail(key_node, f"the key “{key}” stands here twice")
            own[key] = self.value(value_node, depth + 1)
        return merged | own if merged else own

    def _fail(self, node: yaml.Node, message: str) -> None:
        line = node.start_mark.line
        raise ComposeError(
            Problem((), message, Mark(self.file, line + 1, node.start_mark.column + 1, self.lines[line]))
        )


_TEXT = "tag:yaml.org,2002:str"
_OF_TODAY = re.compile(r"0o[0-7]+$|[-+]?[0-9.]+[eE][-+]?[0-9]+$")
"""Numbers for YAML 1.2 that 1.1, and so libyaml's resolver, calls texts. All other texts without quotes are texts in
both."""
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_WHOLE = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)$")
_BROKEN = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")


def plain(text: str) -> Any:
    """What an unquoted word is: nothing, a truth, a number, or a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        digits = text.replace("_", "")
        sign = -1 if digits.startswith("-") else 1
        digits = digits.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
            digits = "0o" + digits[1:]
        return sign * int(digits, 0)
    if _BROKEN.match(text):
        return float(text)
    if text.lstrip("+-").lower() == ".inf":
        return float("-inf") if text.startswith("-") else float("inf")
    return float("nan") if text.lower() == ".nan" else text
