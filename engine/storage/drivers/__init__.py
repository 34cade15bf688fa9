"""Two ways of laying a writable directory over read-only layers, behind one small interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sandbox.keeper.asked.steps import Step


@dataclass(frozen=True)
class OwnerChange:
    """Root's files shown as those of this user and group, and theirs as root's."""

    uid: int
    gid: int
    count: int
    """How many ids there are."""

    def ranges(self, own: int) -> list[tuple[int, int, int]]:
        """First id, what it is shown as, how many."""
        return changed_places(own, self.count)


def changed_places(own: int, count: int) -> list[tuple[int, int, int]]:
    """0 and this one change places and all others stay: first id, first id instead, how many."""
    # The first id is mapped by itself outside, and the kernel takes no range that spans two of those it is made of.
    first = [(0, own, 1), (1, 1, own - 1), (own, 0, 1)] if own else [(0, 0, 1)]
    ranges = [*first, (own + 1, own + 1, count - own - 1)]
    return [each for each in ranges if each[2] > 0]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What to mount. Names are relative to `base`, which keeps them short and free of colons and commas."""

    base: Path
    lower: tuple[str, ...]
    """Top first."""
    upper: str
    """Empty for a read-only mount."""
    work: str
    target: Path
    change: OwnerChange | None = None


class Driver(Protocol):
    name: str
    mount_type: str
    """As the kernel's table of mounts has it."""

    def unavailable(self) -> str:
        """Why it cannot be used at all, or ""."""
        ...

    async def mount(self, stack: Stack, *, before: Sequence[Step] = ()) -> None:
        """Do what is to be done before, and mount. Raises StorageError(MOUNT_FAILED)."""
        ...
