"""What a container changed in its file tree, from the overlay's upper directory; and Dockerfile lines to match."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.sandbox.client import Keeper
    from engine.types.containers import ChangedPath


async def changed_paths(
    keeper: Keeper, upper: str, *, in_image: Callable[[str], bool], hidden: Sequence[str] = ()
) -> Sequence[ChangedPath]:
    """Paths in the upper directory, sorted. `in_image(path)` says whether the image has the path (added or changed);
    `hidden` are mount targets and the engine's own files, which are no changes."""
    raise NotImplementedError


def suggest_dockerfile(image: str, changes: Sequence[ChangedPath], *, name: str = "") -> str:
    """The changes as Dockerfile lines: packages recognised, the rest copied, with a note of how to get the files."""
    raise NotImplementedError
