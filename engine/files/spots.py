"""Which tree a path is really in: what would be mounted in a stopped container is a tree of its own."""

from __future__ import annotations

import posixpath
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest
from engine.files.refusals import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.files.tree import Tree
    from engine.sandbox.client import Keeper

    Mounted = tuple[Path, str, str]
    """Something mounted in a tree: root, path in it, name in a tar."""

_MOST_LINKS = 40


@dataclass(frozen=True, slots=True)
class Spot:
    """A path with the tree it is really in."""

    root: Path
    path: str
    read_only: bool
    mounted: bool = False


class Spots:
    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def spot(self, tree: Tree, path: str, *, follow: bool = False) -> Spot:
        """Where a path is: in the tree, or in something that would be mounted there. `follow`: if it is a link, where
        that leads."""
        if "\0" in path:
            raise InvalidRequest("A path cannot have a NUL in it", subject="path")
        wanted = "/" + path.strip("/")
        if tree.mounts:
            spot = await self._in_mount(tree, await self._led(tree, wanted, follow=follow))
            if spot is not None:
                return spot
        return Spot(Path(tree.root), wanted, tree.read_only)

    async def mounted_below(self, tree: Tree, path: str, name: str, *, follow: bool) -> Sequence[Mounted]:
        """The volumes and binds below a path: to whoever copies a directory they are files of the container."""
        targets = [*tree.shown_mounts, *(target for target, _, _ in tree.mounts)]
        if not targets:
            return []
        top = await self._followed(tree, "/" + path.strip("/"), wholly=follow)
        found: list[Mounted] = []
        for target in sorted(targets):
            real = await self._followed(tree, target, wholly=True)
            if real == top or not real.startswith(top.rstrip("/") + "/"):
                continue
            spot = await self._in_mount(tree, target) or Spot(Path(tree.root), real, read_only=True)
            found.append((spot.root, spot.path, posixpath.join(name, real.removeprefix(top).lstrip("/"))))
        return found

    async def _led(self, tree: Tree, path: str, *, follow: bool) -> str:
        """The path with the links on its way followed; in what would be mounted only by its words, since what the tree
        has there is covered, or is not there at all."""
        targets = [target.rstrip("/") for target, _, _ in tree.mounts]
        waiting, at, links = _names(path), "/", 0
        while waiting:
            name = waiting.pop(0)
            here = posixpath.dirname(at) if name == ".." else posixpath.join(at, name)
            is_covered = any(here == target or here.startswith(target + "/") for target in targets)
            link = "" if is_covered or not (waiting or follow) else await self._link(tree, here)
            if link:
                links += 1
                if links > _MOST_LINKS:
                    return path
                waiting = _names(link) + waiting
            at = here if not link else "/" if link.startswith("/") else at
        return at

    async def _link(self, tree: Tree, path: str) -> str:
        """Where it leads, "" for what is no link or is not there."""
        try:
            return (await self._keeper.stat(Path(tree.root), path)).link
        except OSError:
            return ""

    async def _followed(self, tree: Tree, path: str, *, wholly: bool) -> str:
        """The path with links on its way followed, as far as they lead anywhere; `wholly`: its last name too."""
        parent, name = posixpath.split(posixpath.normpath(path))
        try:
            if wholly:
                return await self._keeper.real_path(Path(tree.root), posixpath.normpath(path))
            return posixpath.join(await self._keeper.real_path(Path(tree.root), parent), name)
        except OSError:
            return path

    async def _in_mount(self, tree: Tree, path: str) -> Spot | None:
        best: tuple[str, str, bool] | None = None
        for mount in tree.mounts:
            target = mount[0].rstrip("/")
            below = path == target or path.startswith(target + "/")
            if below and (best is None or len(target) > len(best[0])):
                best = (target, mount[1], mount[2])
        if best is None:
            return None
        target, source, read_only = best
        rest = path[len(target) :] or "/"
        with told(path):
            info = await self._keeper.stat(Path("/"), source, follow=True)
        if not stat.S_ISDIR(info.mode):
            return Spot(Path(source).parent, "/" + Path(source).name, read_only, mounted=True)
        return Spot(Path(source), rest, read_only, mounted=True)


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]
