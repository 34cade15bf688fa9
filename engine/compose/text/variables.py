"""`.env` files, and the variables a compose file is read with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.compose.faults import ComposeError, Mark, Problem
from engine.compose.text.interpolation import FormatError, MissingError, substitute

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY = re.compile(r"\s*(?:export\s+)?([^\s=:#'\"]+)\s*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b", '"': '"', "\\": "\\", "$": "$$"}


def read_env_file(text: str, file: str, around: Mapping[str, str], *, raw: bool = False) -> dict[str, str | None]:
    """The file's variables in their order. A name alone is taken from around it, or stands for nothing.

    Values may use variables from around and from above; single quotes keep everything, double ones expand and may
    span lines.
    """
    if raw:
        return _raw(text)
    found: dict[str, str | None] = {}
    at, length = 0, len(text)
    while at < length:
        end = text.find("\n", at)
        end = length if end < 0 else end
        line = text[at:end]
        if not line.strip() or line.lstrip().startswith("#"):
            at = end + 1
            continue
        key = _KEY.match(line)
        separator = line[key.end() : key.end() + 1] if key else ""
        if key is None or (separator not in ("=", ":") and line[key.end() :].strip()):
            _fail(text, file, at, f"unexpected character in a variable's name: “{line.strip()[:40]}”")
        assert key is not None
        if not separator:
            found[key[1]] = around.get(key[1])
            at = end + 1
            continue
        variables = {**{name: value for name, value in found.items() if value is not None}, **around}
        try:
            found[key[1]], at = _value(text, at + key.end() + 1, end, file, variables)
        except (FormatError, MissingError) as error:
            _fail(text, file, at, str(error))
    return found


def _raw(text: str) -> dict[str, str | None]:
    pairs = (line.partition("=") for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return {key.strip(): value if separator else None for key, separator, value in pairs}


def _value(text: str, at: int, end: int, file: str, variables: Mapping[str, str]) -> tuple[str, int]:
    """(the value, where the next line begins)"""
    while at < end and text[at] in " \t":
        at += 1
    quote = text[at : at + 1]
    if quote and quote in "'\"":
        close = _closing_quote(text, at, quote)
        if close < 0:
            _fail(text, file, at, f"a quote ({quote}) is not closed")
        inside = text[at + 1 : close]
        after = text.find("\n", close)
        after = len(text) if after < 0 else after
        if quote == '"':
            inside = substitute(re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), inside, flags=re.S), variables)
        return inside, after + 1
    bare = re.split(r"\s#", text[at:end].rstrip("\r"), maxsplit=1)[0].rstrip()
    return substitute(bare, variables), end + 1


def _closing_quote(text: str, at: int, quote: str) -> int:
    close = at + 1
    while (close := text.find(quote, close)) >= 0:
        slashes = len(text[:close]) - len(text[:close].rstrip("\\"))
        if slashes % 2 == 0 or quote == "'":
            return close
        close += 1
    return -1


def _fail(text: str, file: str, at: int, message: str) -> None:
    line = text.count("\n", 0, at)
    raise ComposeError(Problem((), message, Mark(file, line + 1, 1, text.split("\n")[line])))
