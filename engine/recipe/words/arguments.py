"""Options as Docker spells them, and words on a line taken apart by them. Without argparse, which costs more than `ps`.

An option may be declared as a line of text, `[-s] --name KIND words of help`; kinds are `flag`, `text`, `list`
(repeatable) and `number`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.recipe.faults import Unreadable, marked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Taken = tuple[dict[str, list[str]], list[str]]

YES = ("true", "1", "t", "yes")
NO = ("false", "0", "f", "no")
_KINDS = ("flag", "text", "list", "number")


class Option:
    """One option. No named tuple: making a class of one takes longer than all else that `ps` needs of this module."""

    __slots__ = ("aliases", "help", "kind", "name", "short")

    def __init__(self, name: str, kind: str, words: str = "", short: str = "", aliases: tuple[str, ...] = ()) -> None:
        self.name = name
        self.kind = kind
        self.help = words
        self.short = short
        self.aliases = aliases

    @classmethod
    def of_line(cls, line: str) -> Option:
        words = line.split(None, 3 if not line.startswith("--") else 2)
        short = "" if line.startswith("--") else words.pop(0)[1:]
        if words[1] not in _KINDS:
            raise AssertionError(f"no such kind of option: {line}")
        return cls(words[0][2:], words[1], words[2] if len(words) > 2 else "", short)


def take_apart(words: Sequence[str], options: Iterable[Option], *, stop_early: bool) -> Taken:
    """Values by the option's name, in the order in which they came, and what is no option.

    `stop_early`: options end with the first argument; what follows is somebody else's command line.
    """
    by_name = {name: option for option in options for name in (option.name, *option.aliases)}
    by_short = {option.short: option for option in by_name.values() if option.short}
    values: dict[str, list[str]] = {}
    arguments: list[str] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "--":
            arguments.extend(reversed(rest))
            break
        if word.startswith("--"):
            _long(word[2:], rest, by_name, values)
        elif word.startswith("-") and len(word) > 1:
            _short(word[1:], rest, by_short, values)
        else:
            arguments.append(word)
            if stop_early:
                arguments.extend(reversed(rest))
                break
    return values, arguments


def _long(word: str, rest: list[str], by_name: dict[str, Option], values: dict[str, list[str]]) -> None:
    name, equals, value = word.partition("=")
    if name == "help":
        _keep(values, "help", "true")
        return
    option = by_name.get(name)
    if option is None:
        raise Unreadable(marked("Recipe", "unknown flag: {0}"), f"--{name}")
    if option.kind == "flag":
        _keep_flag(option, value if equals else "true", values)
    elif equals:
        _keep(values, option.name, value)
    elif rest:
        _keep(values, option.name, rest.pop())
    else:
        raise Unreadable(marked("Recipe", "flag needs an argument: {0}"), f"--{name}")


def _short(word: str, rest: list[str], by_short: dict[str, Option], values: dict[str, list[str]]) -> None:
    """`-it`, `-p80:80`, `-n=3`: flags may be joined, a value ends the word."""
    while word:
        letter, word = word[0], word[1:]
        option = by_short.get(letter)
        if option is None:
            if letter == "h" and not word:
                _keep(values, "help", "true")
                return
            raise Unreadable(marked("Recipe", "unknown shorthand flag: '{0}' in {1}"), letter, f"-{letter}{word}")
        if option.kind == "flag":
            if word.startswith("="):
                _keep_flag(option, word[1:], values)
                return
            _keep(values, option.name, "true")
            continue
        if word:
            _keep(values, option.name, word.removeprefix("="))
        elif rest:
            _keep(values, option.name, rest.pop())
        else:
            raise Unreadable(marked("Recipe", "flag needs an argument: {0}"), f"'{letter}' in -{letter}")
        return


def _keep(values: dict[str, list[str]], name: str, value: str) -> None:
    values.setdefault(name, []).append(value)


def _keep_flag(option: Option, value: str, values: dict[str, list[str]]) -> None:
    lowered = value.lower()
    if lowered not in YES and lowered not in NO:
        raise Unreadable(marked("Recipe", "invalid flag --{0}: “{1}” is neither true nor false"), option.name, value)
    _keep(values, option.name, lowered)
