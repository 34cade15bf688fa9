"""What is wrong with a Dockerfile, and where."""

from __future__ import annotations

import difflib
import itertools
from typing import TYPE_CHECKING

from engine.errors import Code, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable


_MOST_COMPARED = 60
"""Letters of a word: comparing takes the product of both lengths."""
_MOST_LOOKED_AT = 100_000
_MOST_LIKELY = 200


class DockerfileError(InvalidRequest):
    """Names the line and column, shows the line, and suggests the near miss where there is one."""

    default_code = Code.INVALID_DOCKERFILE

    def __init__(
        self, problem: str, *, line: int = 0, column: int = 0, source: str = "", hint: str = "", docker: str = ""
    ) -> None:
        self.problem = problem
        self.line = line
        self.column = column
        self.source = source
        self.bare_hint = hint
        where = f"Line {line}" + (f", column {column}" if column else "") + ": " if line else ""
        shown = source.splitlines()[0][:400] if source else ""
        marker = " " * (column - 1) + "^" if column and column <= 400 else ""
        details = f"{line:>5} | {shown}\n      | {marker}".rstrip(" |\n") if shown else ""
        self.bare_docker = docker
        super().__init__(
            f"{where}{problem}",
            hint=hint,
            details=details,
            subject=str(line) if line else "",
            docker=docker or self._as_docker_says(),
        )

    def _as_docker_says(self) -> str:
        if not self.line:
            return ""
        near = self.bare_hint.removesuffix("?").removeprefix("Did you mean ")
        suffix = f" (did you mean {near}?)" if near != self.bare_hint.removesuffix("?") else ""
        # A keyword at the beginning stays one.
        lowered = self.problem if self.problem[1:2].isupper() else self.problem[:1].lower() + self.problem[1:]
        return f"dockerfile parse error on line {self.line}: {lowered}{suffix}"

    def at(self, line: int, column: int, source: str) -> DockerfileError:
        """The same error with its place, for code that did not know it."""
        if self.line:
            return self
        return DockerfileError(
            self.problem, line=line, column=column, source=source, hint=self.bare_hint, docker=self.bare_docker
        )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint naming the closest known word, or nothing."""
    if len(word) > _MOST_COMPARED:
        return ""
    words = [one for one in itertools.islice(known, _MOST_LOOKED_AT) if len(one) <= _MOST_COMPARED]
    if len(words) > _MOST_LIKELY:
        # Of a context of a hundred thousand files only those are worth comparing that begin or end alike.
        words = [one for one in words if one[:1].lower() == word[:1].lower() or one[-2:] == word[-2:]][:_MOST_LIKELY]
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else ""
