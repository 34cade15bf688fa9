"""The `--flags` before an instruction's arguments: cut off, checked against what it knows, read by kind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.builder.language.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.builder.language.source import RawInstruction

_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Flags:
    """The flags of one instruction, and the arguments after them."""

    def __init__(self, raw: RawInstruction, known: Sequence[str], *, repeatable: Sequence[str] = ()) -> None:
        self._raw = raw
        self._values: dict[str, list[str | None]] = {}
        words, self.rest = _cut(raw.arguments)
        for word in words:
            name, equals, value = word[2:].partition("=")
            if name not in known:
                hint = did_you_mean(f"--{name}", [f"--{one}" for one in known])
                raise raw.error(f"Unknown flag --{name} for {raw.keyword}", column=raw.column_of(word), hint=hint)
            if name in self._values and name not in repeatable:
                raise raw.error(f"The flag --{name} stands twice", column=raw.column_of(word))
            self._values.setdefault(name, []).append(value if equals else None)

    def text(self, name: str, default: str = "") -> str:
        values = self._values.get(name)
        if not values:
            return default
        if not values[0]:
            raise self._raw.error(f"The flag --{name} needs a value", column=self._raw.column_of(f"--{name}"))
        return values[0]

    def texts(self, name: str) -> tuple[str, ...]:
        values = self._values.get(name, [])
        if None in values:
            raise self._raw.error(f"The flag --{name} needs a value", column=self._raw.column_of(f"--{name}"))
        return tuple(value for value in values if value is not None)

    def switch(self, name: str) -> bool | None:
        """True, false, or None where it is not given."""
        values = self._values.get(name)
        if not values:
            return None
        value = (values[0] if values[0] is not None else "true").lower()
        if value not in ("true", "false"):
            problem = f"The flag --{name} is true or false, not {value!r}"
            raise self._raw.error(problem, column=self._raw.column_of(f"--{name}"))
        return value == "true"

    def seconds(self, name: str) -> float:
        text = self.text(name)
        if not text or text == "0":
            return 0.0
        pieces = list(_DURATION.finditer(text))
        if "".join(piece.group() for piece in pieces) != text:
            problem = f"The flag --{name} is a time like 30s or 1m30s, not {text!r}"
            raise self._raw.error(problem, column=self._raw.column_of(f"--{name}"))
        seconds = sum(float(piece.group(1)) * _SECONDS[piece.group(2)] for piece in pieces)
        if seconds < 0.001:
            raise self._raw.error(f"The flag --{name} cannot be less than 1ms")
        return seconds


def _cut(arguments: str) -> tuple[list[str], str]:
    """Leading words that begin with `--`; a bare `--` ends them."""
    words: list[str] = []
    rest = arguments.lstrip()
    while rest.startswith("--"):
        word, end = _flag_word(rest)
        if word == "--":
            return words, rest[end:].lstrip()
        words.append(word)
        rest = rest[end:].lstrip()
    return words, rest


def _flag_word(text: str) -> tuple[str, int]:
    """One flag, its quotes taken away where they enclose a part, and where it ends."""
    out: list[str] = []
    quote = ""
    at = 0
    while at < len(text):
        character = text[at]
        if quote:
            if character == quote:
                quote = ""
            elif character == "\\" and quote == '"' and at + 1 < len(text):
                at += 1
                out.append(text[at])
            else:
                out.append(character)
        elif character in "\"'":
            quote = character
        elif character.isspace():
            break
        elif character == "\\" and at + 1 < len(text):
            at += 1
            out.append(text[at])
        else:
            out.append(character)
        at += 1
    return "".join(out), at
