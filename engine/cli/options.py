"""Options as Docker spells them, declared as a table of lines, parsed without argparse (which costs more than `ps`).

A line is `[-s] --name KIND words of help`; kinds are `flag`, `text`, `list` (repeatable) and `number`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_KINDS = ("flag", "text", "list", "number")
_NO = ("false", "0", "f", "no")
_YES = ("true", "1", "t", "yes")


class UsageError(Exception):
    """The command line itself is wrong."""


class Given:
    """What was typed: option values by name, and the arguments."""

    def __init__(self) -> None:
        self.arguments: list[str] = []
        self._values: dict[str, list[str]] = {}
        self.program: str = ""

    def add(self, name: str, value: str) -> None:
        self._values.setdefault(name, []).append(value)

    def has(self, name: str) -> bool:
        return name in self._values

    def flag(self, name: str, *, default: bool = False) -> bool:
        values = self._values.get(name)
        return values[-1] in _YES if values else default

    def text(self, name: str, default: str = "") -> str:
        values = self._values.get(name)
        return values[-1] if values else default

    def list(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def number(self, name: str) -> int | None:
        values = self._values.get(name)
        if not values:
            return None
        try:
            return int(values[-1])
        except ValueError:
            raise UsageError(f'invalid argument "{values[-1]}" for --{name}: not a whole number') from None


class Option:
    """One line of the table."""

    __slots__ = ("help", "kind", "name", "short")

    def __init__(self, line: str) -> None:
        words = line.split(None, 3 if not line.startswith("--") else 2)
        self.short = ""
        if not line.startswith("--"):
            self.short = words.pop(0)[1:]
        self.name = words[0][2:]
        self.kind = words[1]
        self.help = words[2] if len(words) > 2 else ""
        if self.kind not in _KINDS:
            raise AssertionError(f"no such kind of option: {line}")


class Command:
    """A verb: what it takes, what it says of itself, and what it does."""

    def __init__(
        self,
        run: Callable[[Given], int],
        usage: str,
        summary: str,
        options: str = "",
        *,
        least: int = 0,
        most: int | None = None,
        stop_early: bool = False,
    ) -> None:
        self.run = run
        self.usage = usage
        self.summary = summary
        self.least = least
        self.most = most
        self.stop_early = stop_early
        """Options end with the first argument: what follows is somebody else's command line."""
        self._table = options

    @property
    def options(self) -> list[Option]:
        return [Option(line.strip()) for line in self._table.strip().splitlines() if line.strip()]

    def parse(self, words: Sequence[str]) -> Given:
        given = Given()
        by_name = {option.name: option for option in self.options}
        by_short = {option.short: option for option in by_name.values() if option.short}
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                given.arguments += rest
                break
            if word.startswith("--"):
                self._long(word[2:], rest, by_name, given)
            elif word.startswith("-") and len(word) > 1:
                self._short(word[1:], rest, by_short, given)
            else:
                given.arguments.append(word)
                if self.stop_early:
                    given.arguments += rest
                    break
        if not given.has("help"):
            self._check_count(len(given.arguments))
        return given

    def _check_count(self, count: int) -> None:
        if count < self.least:
            plural = "" if self.least == 1 else "s"
            raise UsageError(f"needs at least {self.least} argument{plural}")
        if self.most is not None and count > self.most:
            raise UsageError("takes no arguments" if not self.most else f"takes at most {self.most}, not {count}")

    @staticmethod
    def _long(word: str, rest: list[str], by_name: dict[str, Option], given: Given) -> None:
        name, equals, value = word.partition("=")
        if name == "help":
            given.add("help", "true")
            return
        option = by_name.get(name)
        if option is None:
            raise UsageError(f"unknown flag: --{name}")
        if option.kind == "flag":
            _add_flag(option, value if equals else "true", given)
        elif equals:
            given.add(name, value)
        elif rest:
            given.add(name, rest.pop(0))
        else:
            raise UsageError(f"flag needs an argument: --{name}")

    @staticmethod
    def _short(word: str, rest: list[str], by_short: dict[str, Option], given: Given) -> None:
        """`-it`, `-p80:80`, `-n=3`: flags may be joined, a value ends the word."""
        while word:
            letter, word = word[0], word[1:]
            option = by_short.get(letter)
            if option is None:
                if letter == "h" and not word:
                    given.add("help", "true")
                    return
                raise UsageError(f"unknown shorthand flag: '{letter}' in -{letter}{word}")
            if option.kind == "flag":
                if word.startswith("="):
                    _add_flag(option, word[1:], given)
                    return
                given.add(option.name, "true")
                continue
            if word:
                given.add(option.name, word.removeprefix("="))
            elif rest:
                given.add(option.name, rest.pop(0))
            else:
                raise UsageError(f"flag needs an argument: '{letter}' in -{letter}")
            return

    def help_text(self, name: str) -> str:
        lines = [f"Usage:  wherry {name} {self.usage}".rstrip(), "", self.summary]
        options = self.options
        if options:
            lines += ["", "Options:"]
            heads = [self._head(option) for option in options]
            width = max(len(head) for head in heads)
            lines += [f"{head:{width}}   {option.help}" for head, option in zip(heads, options, strict=True)]
        return "\n".join(lines)

    @staticmethod
    def _head(option: Option) -> str:
        short = f"-{option.short}, " if option.short else "    "
        kind = {"flag": "", "text": " string", "list": " list", "number": " int"}[option.kind]
        return f"  {short}--{option.name}{kind}"


def _add_flag(option: Option, value: str, given: Given) -> None:
    lowered = value.lower()
    if lowered not in _YES and lowered not in _NO:
        raise UsageError(f'invalid argument "{value}" for --{option.name}: not true or false')
    given.add(option.name, lowered)
