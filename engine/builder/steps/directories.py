"""Directories of an image that a COPY or WORKDIR needs: found, made, or told why they cannot be."""

from __future__ import annotations

import posixpath
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.builder.language.source import RawInstruction
    from engine.sandbox.client import Keeper


async def make_directories(
    keeper: Keeper, root: Path, path: str, *, owner: tuple[int, int], at: RawInstruction
) -> None:
    """Make what is missing of a path, following the root's own links and none out of it."""
    if await is_directory(keeper, root, path):
        return
    try:
        await keeper.make_directory(root, path, parents=True, owner=owner)
    except OSError as error:
        problem = await _obstacle(keeper, root, path) or f"{path} cannot be made: {error.strerror or error}"
        raise at.error(problem, column=at.column_of(path)) from error


async def is_directory(keeper: Keeper, root: Path, path: str) -> bool:
    try:
        found = await keeper.stat(root, path, follow=True)
    except OSError:
        return False
    return stat.S_ISDIR(found.mode)


async def _obstacle(keeper: Keeper, root: Path, path: str) -> str:
    """What on the way to a path is no directory and cannot become one; "" for nothing that can be named."""
    reached = "/"
    for part in posixpath.normpath(path).strip("/").split("/"):
        reached = posixpath.join(reached, part)
        try:
            found = await keeper.stat(root, reached)
        except OSError:
            return ""
        way = "" if reached == posixpath.normpath(path) else f", which is on the way to {path}"
        if not stat.S_ISLNK(found.mode):
            if not stat.S_ISDIR(found.mode):
                return f"{reached} is a file in the image and no directory{way}"
            continue
        try:
            target = await keeper.stat(root, reached, follow=True)
        except OSError:
            return f"{reached} is a link to {found.link} in the image, and that leads nowhere{way}"
        if not stat.S_ISDIR(target.mode):
            return f"{reached} is a link to {found.link} in the image, and that is no directory{way}"
    return ""
