"""What a value in a compose file may look like: each shape checks it, brings it to its one long form, and merges two
of it.

A shape is a row's right-hand side in `fields`: a field is described once, and reading, checking, merging, completing
and
explaining all follow from that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.compose.faults import Problem, near_miss
from engine.compose.schema.units import bytes_of, go_duration, nanoseconds_of
from engine.compose.text.document import Override, Reset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.compose.faults import Path


@dataclass(slots=True)
class Reading:
    """One file being read: where its relative paths begin, and what was found wrong."""

    directory: str
    home: str = ""
    problems: list[Problem] = field(default_factory=list)

    def tell(self, path: Path, message: str, hint: str = "", *, warning: bool = False) -> None:
        self.problems.append(Problem(path, message, hint=hint, warning=warning))


class Shape:
    """Anything: what is written is what is meant, and a later file's replaces an earlier one's."""

    word = "value"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        """The long form; what is wrong is told, and then the answer does not matter."""
        return value

    def merge(self, below: Any, above: Any) -> Any:
        """Of a file below and one above it, both in long form."""
        return above

    def _refuse(self, path: Path, to: Reading) -> None:
        to.tell(path, f"must be a {self.word}")

    def marked(self, value: Any, path: Path, to: Reading) -> Any:
        """Read, with compose's own tags kept around what they stand before."""
        if isinstance(value, Reset):
            return value
        if isinstance(value, Override):
            return Override(self.read(value.value, path, to))
        return self.read(value, path, to)


def merged(shape: Shape, below: Any, above: Any) -> Any:
    """One value over another, obeying compose's tags."""
    if isinstance(above, Override | Reset) or below is None or isinstance(below, Reset):
        return above
    if isinstance(below, Override):
        return Override(shape.merge(below.value, above)) if above is not None else below
    return shape.merge(below, above) if above is not None else below


def settled(value: Any) -> Any:
    """The tags gone that nothing is above of any more."""
    if isinstance(value, Override):
        return settled(value.value)
    if isinstance(value, dict):
        return {key: settled(each) for key, each in value.items() if not isinstance(each, Reset)}
    if isinstance(value, list):
        return [settled(each) for each in value if not isinstance(each, Reset)]
    return value


# --- single values ---


class Text(Shape):
    """A text; with `numbers`, a number is one too. `choices` are the only ones there are."""

    word = "string"

    def __init__(self, *choices: str, numbers: bool = False, empty: bool = False) -> None:
        self.choices = choices
        self.numbers = numbers
        self.empty = empty

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if self.empty and value is None:
            return None
        if self.numbers and isinstance(value, int | float) and not isinstance(value, bool):
            return as_text(value)
        if not isinstance(value, str):
            self._refuse(path, to)
            return None
        if self.choices and value not in self.choices:
            listed = ", ".join(f"'{choice}'" for choice in self.choices)
            to.tell(path, f"value must be one of {listed}", near_miss(value, self.choices))
        return value


class Whole(Shape):
    """A whole number, also as the text of one."""

    word = "integer"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if isinstance(value, str):
            try:
                return int(value, 10)
            except ValueError:
                to.tell(path, f"failed to cast to expected type: “{value}” is not a whole number")
                return None
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(path, to)
            return None
        return value


class Number(Shape):
    """Any number, also as the text of one."""

    word = "number"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if isinstance(value, str):
            try:
                number = float(value)
            except ValueError:
                to.tell(path, f"failed to cast to expected type: “{value}” is not a number")
                return None
            return int(number) if number.is_integer() else number
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._refuse(path, to)
            return None
        return int(value) if float(value).is_integer() else value


_TRUE = {"true", "True", "TRUE", "t", "T", "1", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON"}
_FALSE = {"false", "False", "FALSE", "f", "F", "0", "no", "No", "NO", "n", "N", "off", "Off", "OFF"}


class Flag(Shape):
    """Yes or no."""

    word = "boolean"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value in _TRUE | _FALSE:
            if value.lower() in ("yes", "no", "y", "n", "on", "off"):
                meant = "true" if value in _TRUE else "false"
                to.tell(path, f"“{value}” is not a truth in YAML 1.2; write “{meant}”", warning=True)
            return value in _TRUE
        if isinstance(value, str):
            to.tell(path, f"failed to cast to expected type: invalid boolean: {value}")
        else:
            self._refuse(path, to)
        return None


class Size(Shape):
    """Bytes, as a number or in words (`64m`); in long form the text of the number."""

    word = "string"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(int(value))
        if not isinstance(value, str):
            self._refuse(path, to)
            return None
        number = bytes_of(value)
        if number is None:
            to.tell(path, f"invalid size: '{value}'", "a size is written like 64m or 1.5g")
            return None
        return str(number)


class Duration(Shape):
    """A length of time in words (`1m30s`)."""

    word = "string"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if not isinstance(value, str):
            self._refuse(path, to)
            return None
        if not value:
            return None
        number = nanoseconds_of(value)
        if number is None:
            to.tell(path, f"invalid duration “{value}”", "a duration is written like 30s or 1m30s")
            return None
        return go_duration(number)


class FilePath(Text):
    """A path, made whole."""

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        text = super().read(value, path, to)
        return whole_path(text, to) if text else text


class CommandLine(Shape):
    """A command: a list of words, or a line that is cut into words as a shell would."""

    word = "array"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            try:
                return shell_words(value)
            except ValueError as error:
                to.tell(path, str(error))
                return None
        if not isinstance(value, list):
            to.tell(path, "must be a string or a list of strings")
            return None
        for at, word in enumerate(value):
            if not isinstance(word, str):
                to.tell((*path, at), "must be a string")
        return [as_text(word) for word in value]


# --- many values ---


class Listed(Shape):
    """A list. `alone` lets one value stand for a list of one; `key` tells which two are the same: the later one
    stays."""

    word = "array"

    def __init__(self, item: Shape, key: Callable[[Any], Any] | None = None, *, alone: bool = False) -> None:
        self.item = item
        self.key = key
        self.alone = alone

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if self.alone and isinstance(value, str | dict):
            value = [value]
        if not isinstance(value, list):
            self._refuse(path, to)
            return None
        items: list[Any] = []
        for at, each in enumerate(value):
            item = self.item.marked(each, (*path, at), to)
            items += item if isinstance(item, Several) else [item]
        return self._once(items)

    def merge(self, below: Any, above: Any) -> Any:
        return self._once([*below, *above])

    def _once(self, items: list[Any]) -> list[Any]:
        if self.key is None:
            return items
        # The place of the first, the value of the last.
        kept: dict[Any, Any] = {}
        for at, item in enumerate(items):
            plain = item.value if isinstance(item, Override) else item
            known = None if plain is None or isinstance(plain, Reset) else self.key(plain)
            kept[at if known is None else ("", known)] = item
        return list(kept.values())


class Several(list[Any]):
    """What one short form stands for, where that is more than one."""


def itself(item: Any) -> Any:
    """The key of lists that hold each value once."""
    return str(item)


class KeyValues(Shape):
    """`KEY: value` or a list of `KEY=value`; in long form the mapping. A key alone has nothing, or the word given
    here."""

    word = "mapping"

    def __init__(self, *, bare: str | None = None, separators: str = "=", numbers: bool = False) -> None:
        self.bare = bare
        self.separators = separators
        self.numbers = numbers

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if isinstance(value, list):
            pairs: dict[str, Any] = {}
            for at, each in enumerate(value):
                if not isinstance(each, str):
                    to.tell((*path, at), "must be a string")
                    continue
                key, separator, word = each.partition("=")
                if key != key.rstrip():
                    to.tell((*path, at), f"environment variable {key} is declared with a trailing space")
                pairs[key] = word if separator else self.bare
            return pairs
        if not isinstance(value, dict):
            self._refuse(path, to)
            return None
        return {key: self._one(each, (*path, key), to) for key, each in value.items()}

    def _one(self, value: Any, path: Path, to: Reading) -> Any:
        if value is None:
            return self.bare
        if isinstance(value, Reset | Override):
            return value
        if isinstance(value, list | dict):
            to.tell(path, "must be a string, a number, true, false or nothing")
            return None
        return as_text(value)

    def merge(self, below: Any, above: Any) -> Any:
        return {**below, **above}


class Mapped(Shape):
    """Names and what each stands for: `services`, `networks`."""

    word = "mapping"

    def __init__(self, item: Shape, *, empty: bool = False, names: re.Pattern[str] | None = None) -> None:
        self.item = item
        self.empty = empty
        self.names = names

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if not isinstance(value, dict):
            self._refuse(path, to)
            return None
        read: dict[str, Any] = {}
        for name, each in value.items():
            if self.names is not None and not self.names.match(name):
                if not name.startswith("x-"):
                    to.tell((*path, name), f"additional properties '{name}' not allowed")
                continue
            read[name] = None if each is None and self.empty else self.item.marked(each, (*path, name), to)
        return read

    def merge(self, below: Any, above: Any) -> Any:
        return {**below, **{name: merged(self.item, below.get(name), each) for name, each in above.items()}}


class Fields(Shape):
    """A mapping whose keys are known. `short` turns another way to write it into the long one first."""

    word = "mapping"

    def __init__(
        self,
        rows: Mapping[str, Shape],
        *,
        short: Callable[[Any, Path, Reading], Any] | None = None,
        after: Callable[[dict[str, Any], Path, Reading], Any] | None = None,
        required: tuple[str, ...] = (),
        empty: bool = False,
        replaced: bool = False,
        word: str = "mapping",
    ) -> None:
        self.rows = rows
        self.short = short
        self.after = after
        self.required = required
        self.empty = empty
        self.replaced = replaced
        self.word = word

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if self.short is not None and not isinstance(value, dict):
            value = self.short(value, path, to)
            if value is None or isinstance(value, Several):
                return value
        if value is None and self.empty:
            return None
        if not isinstance(value, dict):
            self._refuse(path, to)
            return None
        read: dict[str, Any] = {}
        for key, each in value.items():
            row = self.rows.get(key)
            if row is not None:
                read[key] = row.marked(each, (*path, key), to)
            elif key.startswith("x-"):
                read[key] = each
            else:
                hint = near_miss(key, self.rows)
                to.tell((*path, key), f"additional properties '{key}' not allowed", hint)
        for key in self.required:
            if key not in read:
                to.tell(path, f"missing property '{key}'")
        return self.after(read, path, to) if self.after is not None else read

    def merge(self, below: Any, above: Any) -> Any:
        if self.replaced:
            return above
        result = dict(below)
        for key, each in above.items():
            row = self.rows.get(key, _ANYTHING)
            result[key] = merged(row, below.get(key), each)
        return result


_ANYTHING = Shape()


# --- what the shapes lean on ---


def as_text(value: Any) -> str:
    """A plain value as docker writes it into an environment."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    return "" if value is None else str(value)


def whole_path(text: str, to: Reading) -> str:
    """A path from the file's directory or from home as an absolute one; what is none of these is left alone."""
    if text == "~" or text.startswith("~/"):
        text = to.home + text[1:]
    if text.startswith("/"):
        return normal_path(text)
    if _OF_WINDOWS.match(text):
        return text
    return normal_path(f"{to.directory}/{text}")


_OF_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
"""Whole paths of another system: what its volumes are, we cannot know."""


def normal_path(path: str) -> str:
    """Without `.`, `..` and doubled slashes: by words alone, as nothing here looks at a disk."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            if steps:
                steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/" + "/".join(steps)


def shell_words(line: str) -> list[str]:
    """A line cut as a shell cuts it, without expanding anything. Raises ValueError where a quote is not closed."""
    words: list[str] = []
    word, within, quote, at = "", False, "", 0
    while at < len(line):
        letter = line[at]
        if letter == "\\" and quote != "'":
            at += 1
            if at >= len(line):
                break
            word += ("\\" if quote == '"' and line[at] not in '"\\$`\n' else "") + line[at]
            within = True
        elif quote:
            if letter == quote:
                quote = ""
            else:
                word += letter
        elif letter in "'\"":
            quote, within = letter, True
        elif letter.isspace():
            if within:
                words.append(word)
            word, within = "", False
        else:
            word, within = word + letter, True
        at += 1
    if quote:
        raise ValueError(f"a quote ({quote}) is not closed")
    return [*words, word] if within else words
