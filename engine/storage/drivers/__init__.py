"""Two ways of laying a writable directory over read-only layers, behind one small interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sandbox.plans import FsOperation


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


class Driver(Protocol):
    name: str
    mount_type: str
    """As the kernel's table of mounts has it."""

    def unavailable(self) -> str:
        """Why it cannot be used at all, or ""."""
        ...

    async def mount(self, stack: Stack, *, before: Sequence[FsOperation] = ()) -> None:
        """Do what is to be done before, and mount. Raises StorageError(MOUNT_FAILED)."""
        ...
