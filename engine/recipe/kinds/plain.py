"""The kinds of values a field of the recipe has: each is read from a line and from a body, and written to both.

`read` and `load` are given what the field holds so far (None for nothing) and give what it holds then; what is wrong is
Unreadable. `write` gives the words of each option on a line, `dump` the value in the body. The name is that of the
option, for words about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.recipe.faults import Unreadable, marked
from engine.recipe.kinds.amounts import (
    decimal_words,
    read_decimal,
    read_number,
    read_seconds,
    read_size,
    seconds_words,
    size_words,
)
from engine.recipe.words.arguments import NO, YES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.recipe.words.here import Here


def expected(name: str, kind: str) -> Unreadable:
    return Unreadable(marked("Recipe", "invalid {0}: {1} expected"), name, kind)


class Text:
    """One word or sentence."""

    takes = "text"

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return self.checked(texts[-1], name)

    def write(self, value: Any) -> list[str]:
        return [str(value)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, str):
            raise expected(name, "text")
        return self.checked(value, name)

    def dump(self, value: Any) -> Any:
        return value

    def checked(self, text: str, name: str) -> Any:
        return text


class OrNone(Text):
    """A text that says nothing when it is empty: as the image says."""

    def checked(self, text: str, name: str) -> Any:
        return text or None


class Mode(Text):
    """Whose namespace: one's own, the host's, another container's."""

    def __init__(self, what: str, *words: str, joins: bool = False) -> None:
        self._what = what
        self._words = words
        self._joins = joins

    def checked(self, text: str, name: str) -> Any:
        if text in ("", "private"):
            return ""
        if text in self._words or (self._joins and text.startswith("container:") and text != "container:"):
            return text
        raise Unreadable(marked("Recipe", "invalid {0}: {1}"), self._what, text[:80])


class UserNamespace(Text):
    """Who is you inside: "keep-id", "host", or the usual one."""

    def checked(self, text: str, name: str) -> Any:
        if text in ("", "private"):
            return ""
        if text not in ("keep-id", "host"):
            raise Unreadable(marked("Recipe", "invalid USER mode: {0}; try keep-id"), text[:80])
        return text


class Flag:
    """On or off."""

    takes = "flag"

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return texts[-1] in YES

    def write(self, value: Any) -> list[str]:
        return [""] if value else []

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if isinstance(value, bool | int):
            return bool(value)
        if isinstance(value, str) and value.lower() in YES + NO:
            return value.lower() in YES
        raise expected(name, "true or false")

    def dump(self, value: Any) -> Any:
        return bool(value)


class Number:
    """A whole number. `factor` is how many of the body's make one of the recipe's."""

    takes = "number"

    def __init__(self, *, least: int | None = 0, most: int = 1 << 62) -> None:
        self._least = least
        self._most = most

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return self._checked(read_number(texts[-1], name), name)

    def write(self, value: Any) -> list[str]:
        return [str(value)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if isinstance(value, str):
            value = read_number(value, name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise expected(name, "a number")
        return self._checked(value, name)

    def dump(self, value: Any) -> Any:
        return value

    def _checked(self, number: int, name: str) -> int:
        if self._least is not None and number < self._least:
            raise Unreadable(marked("Recipe", "invalid limit: {0} is negative"), name)
        if abs(number) > self._most:
            raise Unreadable(marked("Recipe", "invalid {0}: {1} is more than {2}"), name, number, self._most)
        return number


class OomScore(Number):
    def __init__(self) -> None:
        super().__init__(least=None)

    def _checked(self, number: int, name: str) -> int:
        if not -1000 <= number <= 1000:
            raise Unreadable(marked("Recipe", "Invalid value {0}, range for oom score adj is [-1000, 1000]"), number)
        return number


class Pids(Number):
    """-1, and all below, asks for no limit at all."""

    def __init__(self) -> None:
        super().__init__(least=None)

    def _checked(self, number: int, name: str) -> int:
        return max(-1, super()._checked(number, name))


class Size(Number):
    """Bytes; `endless` is whether -1 stands for no limit at all."""

    takes = "text"

    def __init__(self, *, endless: bool = False) -> None:
        super().__init__(least=-1 if endless else 0)
        self._endless = endless

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        if self._endless and texts[-1].strip() == "-1":
            return -1
        return read_size(texts[-1], name)

    def write(self, value: Any) -> list[str]:
        return [size_words(value) if value > 0 else str(value)]


class Cpus(Text):
    """Whole processors and parts of them; billionths in a body."""

    def checked(self, text: str, name: str) -> Any:
        return read_decimal(text, name)

    def write(self, value: Any) -> list[str]:
        return [decimal_words(value)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        number: int = Number().load(None, value, name)
        return number / 1e9

    def dump(self, value: Any) -> Any:
        return round(value * 1e9)


class Seconds(Text):
    """A time with its unit; nanoseconds in a body."""

    def checked(self, text: str, name: str) -> Any:
        return read_seconds(text, name)

    def write(self, value: Any) -> list[str]:
        return [seconds_words(value)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        number: int = Number().load(None, value, name)
        return number / 1e9

    def dump(self, value: Any) -> Any:
        return round(value * 1e9)


class StopTimeout(Text):
    """Seconds as a bare number on a line and in a body; -1 waits for ever."""

    takes = "number"

    def checked(self, text: str, name: str) -> Any:
        return -1.0 if text.strip() == "-1" else read_decimal(text, name)

    def write(self, value: Any) -> list[str]:
        return ["-1" if value < 0 else decimal_words(value)]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if isinstance(value, str):
            return self.checked(value, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise expected(name, "a number")
        return float(value)

    def dump(self, value: Any) -> Any:
        return int(value) if value == int(value) else value


class Words:
    """A list: the option may be given several times."""

    takes = "list"

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        return [*(so_far or ()), *(self.one(text, name) for text in texts)]

    def write(self, value: Any) -> list[str]:
        return [str(item) for item in value]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if isinstance(value, str):
            value = [value] if value else []
        if not isinstance(value, list) or not all(isinstance(item, str | int) for item in value):
            raise expected(name, "a list")
        return [*(so_far or ()), *(self.one(str(item), name) for item in value)]

    def dump(self, value: Any) -> Any:
        return list(value)

    def one(self, text: str, name: str) -> str:
        return text


class Capabilities(Words):
    """Without the prefix that some write before them."""

    def one(self, text: str, name: str) -> str:
        return text.upper().removeprefix("CAP_")


class Hosts(Words):
    """NAME:ADDRESS, also with "=" between and with brackets around an address of IPv6."""

    def one(self, text: str, name: str) -> str:
        host, separator, address = text.partition("=" if "=" in text else ":")
        if not separator or not host or not address:
            raise Unreadable(marked("Recipe", 'bad format for add-host: "{0}"'), text[:200])
        return f"{host}:{address.removeprefix('[').removesuffix(']')}"


class Pairs:
    """NAME=value, each name once. `bare` is whether a name alone has the value ""."""

    takes = "list"

    def __init__(self, *, bare: bool = False) -> None:
        self._bare = bare

    def read(self, so_far: Any, texts: Sequence[str], name: str, here: Here) -> Any:
        found = dict(so_far or {})
        for text in texts:
            key, equals, value = text.partition("=")
            if not key or not (equals or self._bare):
                raise Unreadable(marked("Recipe", "invalid {0} “{1}”: write NAME=value"), name, text[:80])
            found[key] = value
        return found

    def write(self, value: Any) -> list[str]:
        return [f"{key}={item}" for key, item in value.items()]

    def load(self, so_far: Any, value: Any, name: str) -> Any:
        if not isinstance(value, dict) or not all(isinstance(item, str | int | float) for item in value.values()):
            raise expected(name, "an object")
        return {**(so_far or {}), **{key: str(item) for key, item in value.items()}}

    def dump(self, value: Any) -> Any:
        return dict(value)
