"""Moves of a volume's files that take more than one step, and what opening does where a crash came between.

All traces are in the volume's own directory, so that nothing which clears away half-made things takes them for such:
the only copy of somebody's files may be among them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.sandbox.keeper.asked.steps import MakeDirectory, Remove, Rename
from engine.storage.holding import holds_nothing

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.steps import Step
    from engine.storage.paths import Paths

UNPACKED = "unpacked"
"""Perhaps the half of an archive."""
COMPLETE = "complete"
"""The whole of it, to become the volume's files."""
FORMER = "former"
"""What they were before."""
_MARK = "renamed-from-"


_GIVEN_UP = "given-up"


def given_up(volume: Path) -> Path:
    """There once a volume is being removed: what a crash leaves of it then is nobody's."""
    return volume / _GIVEN_UP


def mark_of(volume: Path, old_name: str) -> Path:
    """There while the books may know the volume by its old name."""
    return volume / f"{_MARK}{old_name}"


def moved(paths: Paths, name: str, new_name: str) -> list[Step]:
    """To another name. The books follow; when they have, the mark goes."""
    return [
        MakeDirectory(path=mark_of(paths.volume(name), name)),
        Rename(source=paths.volume(name), target=paths.volume(new_name)),
    ]


def replaced(volume: Path) -> list[Step]:
    """The files that were unpacked take the place of those there are."""
    return [
        Rename(source=volume / UNPACKED, target=volume / COMPLETE),
        Rename(source=volume / "data", target=volume / FORMER),
        Rename(source=volume / COMPLETE, target=volume / "data"),
    ]


async def finish_moves(keeper: Keeper, paths: Paths, names: Collection[str]) -> None:
    """Every volume in the books has its directory and its files again, whatever moved them."""
    for volume in await asyncio.to_thread(lambda: sorted(paths.volumes.iterdir())):
        for mark in (part for part in await asyncio.to_thread(_parts, volume) if part.startswith(_MARK)):
            await _settle_name(keeper, paths, volume, mark.removeprefix(_MARK), names)
    for name in names:
        await _settle_contents(keeper, paths.volume(name))


async def sweep(keeper: Keeper, paths: Paths, names: Collection[str]) -> list[str]:
    """What a making or a removal that was cut off left: directories that no book knows, without a file or given up.
    Gives their names."""
    rubbish = await asyncio.to_thread(_rubbish, paths, names)
    for volume in rubbish:
        await keeper.remove_tree(volume)
    for name in names:
        if given_up(paths.volume(name)).is_dir():  # the row stayed: it was not removed
            await keeper.execute([Remove(path=given_up(paths.volume(name)))])
    return [each.name for each in rubbish]


def _rubbish(paths: Paths, names: Collection[str]) -> list[Path]:
    unknown = [each for each in sorted(paths.volumes.iterdir()) if each.name not in names]
    return [each for each in unknown if given_up(each).is_dir() or holds_nothing(each)]


async def _settle_name(keeper: Keeper, paths: Paths, volume: Path, old_name: str, names: Collection[str]) -> None:
    """Back to the old name if the books have it still."""
    old = paths.volume(old_name)
    if old_name in names and not old.exists():
        await keeper.execute([Rename(source=volume, target=old)])
        volume = old
    await keeper.execute([Remove(path=mark_of(volume, old_name))])


async def _settle_contents(keeper: Keeper, volume: Path) -> None:
    there = await asyncio.to_thread(_parts, volume)
    source = next((part for part in (COMPLETE, FORMER) if part in there), "")
    if source and "data" not in there:
        await keeper.execute([Rename(source=volume / source, target=volume / "data")])
    for left in {UNPACKED, COMPLETE, FORMER} & there:
        await keeper.remove_tree(volume / left)


def _parts(volume: Path) -> set[str]:
    return {part.name for part in volume.iterdir()} if volume.is_dir() else set()
