"""What is wrong with a compose file, and where: a sentence, a place in a file, and the word that was probably meant."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]
"""The way to a value in a file: ("services", "web", "ports", 0)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, counted from one as editors do, and the line that stands there."""

    file: str
    line: int
    column: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    path: Path
    message: str
    mark: Mark | None = None
    hint: str = ""
    warning: bool = False
    word: str = ""
    """A variable it is about: its place is where that is used."""

    def __str__(self) -> str:
        """As a compiler says it: the place, the sentence, the line and a caret below the word."""
        where = dotted(self.path)
        head = f"{where}: {self.message}" if where else self.message
        if self.hint:
            head += f" ({self.hint})"
        if self.mark is None:
            return head
        shown = f"{self.mark.file}:{self.mark.line}:{self.mark.column}: {head}"
        if not self.mark.text.strip():
            return shown
        return f"{shown}\n  {self.mark.text}\n  {' ' * (self.mark.column - 1)}^"


class ComposeError(Exception):
    """A compose file that cannot be used, with everything that was found in it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def dotted(path: Path) -> str:
    """services.web.ports[0]"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def near_miss(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, as a question; nothing where none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean “{near[0]}”?" if near else ""
