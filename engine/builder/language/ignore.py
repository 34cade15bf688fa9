"""`.dockerignore`: reading it, and deciding which paths it leaves out. The last pattern that matches decides.

A pattern also covers everything below what it matches, and a later `!pattern` may bring a part of that back.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PatternError(ValueError):
    """A pattern that cannot be read."""


def read_ignore_file(text: str) -> list[str]:
    """The patterns of an ignore file, cleaned; exclamation marks kept."""
    patterns: list[str] = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#"):
            continue
        pattern = line.strip()
        if not pattern:
            continue
        inverted = pattern.startswith("!")
        if inverted:
            pattern = pattern[1:].strip()
        if pattern:
            pattern = _clean(pattern)
            if len(pattern) > 1:
                pattern = pattern.removeprefix("/")
        patterns.append(f"!{pattern}" if inverted else pattern)
    return patterns


class IgnoreRules:
    """The compiled patterns. `ignores(path)` takes a relative path with `/`."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._rules: list[tuple[re.Pattern[str], bool]] = []
        for pattern in patterns:
            excludes = not pattern.startswith("!")
            bare = pattern.removeprefix("!").strip()
            if bare:
                self._rules.append((glob_expression(_clean(bare)), excludes))
            elif not excludes:
                raise PatternError("“!” alone excludes nothing; a pattern must follow it")
        self._has_exceptions = any(not excludes for _, excludes in self._rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def ignores(self, path: str) -> bool:
        ignored = False
        parts = path.strip("/").split("/")
        prefixes = ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]
        for expression, excludes in self._rules:
            if excludes != ignored and any(expression.fullmatch(prefix) for prefix in prefixes):
                ignored = excludes
        return ignored

    def prunes(self, directory: str) -> bool:
        """True where a whole directory can be passed over unread: ignored, and no exception could reach into it."""
        return not self._has_exceptions and self.ignores(directory)


def glob_expression(pattern: str) -> re.Pattern[str]:
    """A Go-style pattern: `*` and `?` stay within a name, `**` crosses directories, `[…]` are classes."""
    out: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            if pattern[at : at + 1] != "*":
                out.append("[^/]*")
                continue
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
            out.append(".*" if at >= len(pattern) else "(?:.*/)?")
        elif character == "?":
            out.append("[^/]")
        elif character == "\\":
            if at >= len(pattern):
                raise PatternError(f"{pattern!r} ends in a backslash")
            out.append(re.escape(pattern[at]))
            at += 1
        elif character == "[":
            closing, piece = _character_class(pattern, at)
            out.append(piece)
            at = closing
        else:
            out.append(re.escape(character))
    return re.compile("".join(out), re.DOTALL)


def has_glob(pattern: str) -> bool:
    return any(character in pattern for character in "*?[\\")


def _character_class(pattern: str, at: int) -> tuple[int, str]:
    """`[abc]`, `[^a-z]`, from just behind the bracket: where it ends, and the same for a regular expression."""
    start = at
    out = ["["]
    if pattern[at : at + 1] == "^":
        out.append("^")
        at += 1
    first = at
    while pattern[at : at + 1] != "]" or at == first:
        low, at = _class_member(pattern, at)
        out.append(re.escape(low))
        if pattern[at : at + 1] == "-":
            high, at = _class_member(pattern, at + 1)
            if high < low:
                return _nothing_matches(pattern, start)
            out.append(f"-{re.escape(high)}")
    return at + 1, "".join(out) + "]"


def _class_member(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] == "\\":
        at += 1
    elif pattern[at : at + 1] in ("-", "]"):
        raise PatternError(f"{pattern!r}: a “{pattern[at]}” within brackets needs a backslash before it")
    if at >= len(pattern):
        raise PatternError(f"{pattern!r}: the bracket is not closed")
    return pattern[at], at + 1


def _nothing_matches(pattern: str, at: int) -> tuple[int, str]:
    """A range that runs backwards is legal and matches no character."""
    return pattern.index("]", at) + 1, "(?!)"


def _clean(path: str) -> str:
    """As Go's filepath.Clean: `//`, `.` and `..` folded, no trailing slash."""
    cleaned = posixpath.normpath(path)
    return "/" + cleaned.lstrip("/") if cleaned.startswith("//") else cleaned
