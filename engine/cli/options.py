"""Verbs of the command line: what each takes, what was typed, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.recipe.faults import Unreadable
from engine.recipe.words.arguments import YES, Option, take_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class UsageError(Unreadable):
    """The command line itself is wrong."""


class Given:
    """What was typed: option values by name, and the arguments."""

    def __init__(self, values: dict[str, list[str]], arguments: list[str]) -> None:
        self.values = values
        self.arguments = arguments
        self.program: str = ""

    def add(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)

    def has(self, name: str) -> bool:
        return name in self.values

    def flag(self, name: str, *, default: bool = False) -> bool:
        values = self.values.get(name)
        return values[-1] in YES if values else default

    def text(self, name: str, default: str = "") -> str:
        values = self.values.get(name)
        return values[-1] if values else default

    def list(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def number(self, name: str) -> int | None:
        values = self.values.get(name)
        if not values:
            return None
        try:
            return int(values[-1])
        except ValueError:
            raise UsageError(f'invalid argument "{values[-1]}" for --{name}: not a whole number') from None


def filters(given: Given) -> str:
    """`--filter key=value …` as the API takes them."""
    values: dict[str, dict[str, bool]] = {}
    for text in given.list("filter"):
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError("invalid argument for --filter: bad format of filter (expected name=value)")
        values.setdefault(key.strip().lower(), {})[value.strip()] = True
    if not values:
        return ""
    import json

    return json.dumps(values, separators=(",", ":"))


class Command:
    """A verb: what it takes, what it says of itself, and what it does."""

    def __init__(
        self,
        run: Callable[[Given], int],
        usage: str,
        summary: str,
        options: str | Callable[[], Iterable[Option]] = "",
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
        """From the table's lines, or from whoever has them."""
        if callable(self._table):
            return list(self._table())
        return [Option.of_line(line.strip()) for line in self._table.strip().splitlines() if line.strip()]

    def parse(self, words: Sequence[str]) -> Given:
        given = Given(*take_apart(words, self.options, stop_early=self.stop_early))
        if not given.has("help"):
            self._check_count(len(given.arguments))
        return given

    def _check_count(self, count: int) -> None:
        if count < self.least:
            plural = "" if self.least == 1 else "s"
            raise UsageError(f"needs at least {self.least} argument{plural}")
        if self.most is not None and count > self.most:
            raise UsageError("takes no arguments" if not self.most else f"takes at most {self.most}, not {count}")

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
