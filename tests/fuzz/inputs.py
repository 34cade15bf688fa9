"""Made-up inputs: good ones of a kind, changed, cut, joined, repeated, with words in them that readers know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

_ODD = (
    "\0", "\n", "\r\n", "\t", " ", "'", '"', "\\", "`", "$", "${", "}", "{{", "}}", "[", "]", "*", "**", "?", "!", "#",
    "&", "|", ";", "<<", ">", "=", ":", "/", "//", "..", "../", "-", "--", "@", ",", "%", "\x1b[", "\ufeff", "\u202e",
    "é", "ß", "İ", "𝔘", "\ud800", "0", "-1", "1e999", "9" * 20, "99999999999999999999999", "NaN", "null", "true", "~",
    "a" * 300, "٣", "²",
)  # fmt: skip
_LARGE_EVERY, _LARGEST_REPEAT = 300, 6000


@dataclass(frozen=True)
class Kind:
    """What one reader is given."""

    seeds: Sequence[bytes]
    words: Sequence[str] = ()
    largest: int = 64 << 10
    mend: Callable[[bytearray], None] | None = None
    """Makes a changed input get past a first check, as a sum of all bytes."""


@dataclass
class Maker:
    """Inputs of a kind, one after another, the same for the same seed."""

    kind: Kind
    dice: random.Random
    _words: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._words = [word.encode("utf-8", "surrogatepass") for word in (*_ODD, *self.kind.words)]
        self._changes = (self._put, self._put, self._cut, self._double, self._flip, self._join, self._swap)

    def make(self) -> bytes:
        dice = self.dice
        data = bytearray(dice.choice(self.kind.seeds))
        if dice.random() < 0.05:
            data = bytearray(b"".join(dice.choice(self._words) for _ in range(dice.randrange(1, 40))))
        for _ in range(1 + int(dice.expovariate(1.0))):
            dice.choice(self._changes)(data)
        if dice.randrange(_LARGE_EVERY) == 0:
            self._repeat(data)
        if self.kind.mend is not None and dice.random() < 0.9:
            self.kind.mend(data)
        return bytes(data[: self.kind.largest])

    def _place(self, data: bytearray) -> int:
        return self.dice.randrange(len(data) + 1)

    def _put(self, data: bytearray) -> None:
        at = self._place(data)
        data[at:at] = self.dice.choice(self._words)

    def _cut(self, data: bytearray) -> None:
        at = self._place(data)
        del data[at : at + self.dice.choice((1, 1, 2, 8, 40, 512))]

    def _double(self, data: bytearray) -> None:
        at = self._place(data)
        data[at:at] = data[at : at + self.dice.choice((1, 4, 30, 200))] * self.dice.choice((1, 2, 9))

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self.dice.randrange(len(data))] = self.dice.randrange(256)

    def _join(self, data: bytearray) -> None:
        other = self.dice.choice(self.kind.seeds)
        at = self._place(data)
        begin = self.dice.randrange(len(other) + 1)
        data[at:at] = other[begin : begin + self.dice.randrange(1, 200)]

    def _swap(self, data: bytearray) -> None:
        at, other = self._place(data), self._place(data)
        length = self.dice.choice((1, 5, 20))
        data[at : at + length], data[other : other + length] = data[other : other + length], data[at : at + length]

    def _repeat(self, data: bytearray) -> None:
        """What is quick once may be slow thousands of times."""
        at = self._place(data)
        piece = self.dice.choice((self.dice.choice(self._words), bytes(data[at : at + self.dice.randrange(1, 60)])))
        data[at:at] = piece * self.dice.randrange(200, _LARGEST_REPEAT)
