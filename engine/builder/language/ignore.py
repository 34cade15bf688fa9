"""`.dockerignore`: reading it, and deciding which paths it leaves out. The last pattern that matches decides.

A pattern also covers everything below what it matches, and a later `!pattern` may bring a part of that back.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from engine.builder.language.globs import Globs, PatternError

if TYPE_CHECKING:
    from collections.abc import Iterable


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
        self._excluding: list[bool] = []
        cleaned: list[str] = []
        for pattern in patterns:
            excludes = not pattern.startswith("!")
            bare = pattern.removeprefix("!").strip()
            if bare:
                cleaned.append(_clean(bare))
                self._excluding.append(excludes)
            elif not excludes:
                raise PatternError("“!” alone excludes nothing; a pattern must follow it")
        self._globs = Globs(cleaned)
        self._has_exceptions = not all(self._excluding)

    def __bool__(self) -> bool:
        return bool(self._excluding)

    def ignores(self, path: str) -> bool:
        last = self._globs.last_that_covers(path.strip("/"))
        return last is not None and self._excluding[last]

    def prunes(self, directory: str) -> bool:
        """True where a whole directory can be passed over unread: ignored, and no exception could reach into it."""
        return not self._has_exceptions and self.ignores(directory)


def _clean(path: str) -> str:
    """As Go's filepath.Clean: `//`, `.` and `..` folded, no trailing slash."""
    cleaned = posixpath.normpath(path)
    return "/" + cleaned.lstrip("/") if cleaned.startswith("//") else cleaned
