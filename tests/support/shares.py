"""Parts of the suite that run side by side: whole files, so that what a file's tests share is made once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Share(NamedTuple):
    """One of so many; written as 1/2."""

    number: int
    of: int

    @classmethod
    def parse(cls, words: str) -> Self:
        number, _, of = words.partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise ValueError(words)
        return cls(int(number), int(of))


def files_of(share: Share, tests: Sequence[Path]) -> frozenset[Path]:
    """The share's of the files that the tests are in. The largest go first, each to the lightest share."""
    loads = [0] * share.of
    mine: set[Path] = set()
    for file, count in sorted(Counter(tests).items(), key=lambda each: (-each[1], each[0])):
        lightest = loads.index(min(loads))
        loads[lightest] += count
        if lightest == share.number - 1:
            mine.add(file)
    return frozenset(mine)
