"""Layers by diff id, unpacked once and shared by every image and container. A layer's directory appears by rename."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING

from engine.errors import Code, NotFound, StorageError, WherryError
from engine.sandbox.keeper.asked.steps import Link, MakeDirectory, Remove, Rename
from engine.storage.blobs import disk_error
from engine.storage.layer_index import LayerIndex
from engine.storage.paths import hex_of
from engine.storage.settling import Settling
from engine.storage.trash import Trash, to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.trees import Unpacked
    from engine.sandbox.trees import UnpackLimits
    from engine.storage.paths import Paths

OPEN_INDEXES = 300
SHORT_NAME = 12
"""Hexadecimal digits; 128 layers of this length fit in a page of mount options with room to spare."""


class LayerStore:
    def __init__(self, paths: Paths, keeper: Keeper) -> None:
        self._paths = paths
        self._keeper = keeper
        self._indexes: OrderedDict[str, LayerIndex] = OrderedDict()
        self._seals: dict[str, tuple[int, int, int]] = {}
        """Inode, size and time of each open index."""
        self._adding: dict[str, asyncio.Lock] = {}
        self._placing: dict[str, asyncio.Lock] = {}
        self.trash = Trash(paths, keeper)
        self._settling = Settling(paths, keeper, self.trash)

    async def open(self) -> None:
        """Sweep what a crash left half-made, doubt what a power cut may have spoilt, go on deleting."""
        await self.trash.open()
        await self._settling.open(self.diff_ids())
        lost = [each for each in self._paths.layer_links.iterdir() if not each.exists()]
        await self._keeper.execute([Remove(path=each) for each in lost])

    async def close(self) -> None:
        await self._settling.close()
        await self.trash.close()
        self._indexes.clear()

    def has(self, diff_id: str) -> bool:
        return self._paths.layer(diff_id).is_dir()

    def path(self, diff_id: str) -> Path:
        """The layer's tree. Raises NotFound."""
        if not self.has(diff_id):
            raise NotFound("No such layer", f"{diff_id} is not in the store.", subject=diff_id)
        return self._paths.layer_tree(diff_id)

    def size(self, diff_id: str) -> int:
        """Bytes of its regular files, from the index."""
        return self.index(diff_id).total

    def diff_ids(self) -> set[str]:
        return {f"sha256:{entry.name}" for entry in os.scandir(self._paths.layers) if len(entry.name) == 64}

    async def add(
        self,
        diff_id: str | None,
        tar_fd: int,
        *,
        limits: UnpackLimits | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> str:
        """Unpack an uncompressed tar stream as a layer; gives its diff id.

        The stream's sha256 is computed here on the way (callers need not) and a stream that is not `diff_id` raises
        StorageError(DIGEST_MISMATCH) and leaves nothing. With None the diff id is whatever it is. One that is here
        already is left as it is (the stream is then not read). The caller closes `tar_fd`; cancelling cleans up.
        """
        lock = self._adding.setdefault(diff_id or secrets.token_hex(8), asyncio.Lock())
        async with lock:
            if diff_id and self.has(diff_id):
                return diff_id
            return await self._add(diff_id, tar_fd, limits, progress)

    async def _add(
        self, diff_id: str | None, tar_fd: int, limits: UnpackLimits | None, progress: Callable[[int], None] | None
    ) -> str:
        staged = self._paths.staging / secrets.token_hex(8)
        try:
            await to_its_end(
                self._keeper.execute([MakeDirectory(path=staged, mode=0o700), MakeDirectory(path=staged / "tree")])
            )
            done = await self._keeper.unpack(
                tar_fd, staged / "tree", index=staged / "index", limits=limits, progress=progress
            )
            if diff_id and done.diff_id != diff_id:
                raise StorageError(
                    "A layer is not what the image says it is", f"It should be {diff_id} and is {done.diff_id}.",
                    code=Code.DIGEST_MISMATCH, subject=diff_id,
                )  # fmt: skip
            async with self._placing.setdefault(done.diff_id, asyncio.Lock()):  # the same, made twice at once
                await to_its_end(self._place(staged, done))
        except BaseException:
            with contextlib.suppress(StorageError):
                await asyncio.shield(self.trash.take(staged))
            raise
        return done.diff_id

    async def _place(self, staged: Path, done: Unpacked) -> None:
        """The link first: a link to nothing harms nobody, a layer that cannot be mounted would."""
        if self.has(done.diff_id):
            await self.trash.take(staged)
            return
        link = self._paths.layer_links / hex_of(done.diff_id)[:SHORT_NAME]
        points_to = self.link_target(done.diff_id)
        if link.is_symlink() and os.readlink(link) != points_to and link.exists():
            raise StorageError("Two layers begin with the same digits", f"{link} is taken.", code=Code.CORRUPT)
        try:
            self._settling.mark(staged)
        except OSError as error:
            raise disk_error(error, staged) from error
        await self._keeper.execute(
            [Link(path=link, points_to=points_to), Rename(source=staged, target=self._paths.layer(done.diff_id))]
        )

        self._settling.settle(done.diff_id)

    @property
    def lost(self) -> set[str]:
        """What a power cut before this start took."""
        return self._settling.lost

    async def settled(self, diff_ids: Iterable[str]) -> None:
        """No power cut takes them any more. For what is kept in no other form: it costs a flush of the file system."""
        await self._settling.now(diff_ids)

    def short_name(self, diff_id: str) -> str:
        """Its tree's name relative to the root of the store."""
        return f"{self._paths.layer_links.name}/{hex_of(diff_id)[:SHORT_NAME]}"

    def link_target(self, diff_id: str) -> str:
        """What its short name must point to."""
        return f"../{self._paths.layers.name}/{hex_of(diff_id)}/tree"

    async def remove(self, diff_id: str) -> int:
        """Bytes freed, at once; the deletion itself goes on behind and survives a crash."""
        if not self.has(diff_id):
            return 0
        size = self.size(diff_id)
        self._indexes.pop(diff_id, None)
        await self.trash.take(self._paths.layer(diff_id))
        await self._keeper.execute([Remove(path=self._paths.layer_links / hex_of(diff_id)[:SHORT_NAME])])
        return size

    async def damage(self, diff_id: str) -> str:
        """The first file that is not what its index says, or what is wrong with that; "" for nothing. Reads it all."""
        try:
            self.index(diff_id)
            return await self._keeper.layer_damage(self._paths.layer_tree(diff_id), self._paths.layer_index(diff_id))
        except (OSError, ValueError, WherryError) as error:
            return str(error)

    async def set_aside(self, diff_id: str) -> None:
        """Make room for the same layer, made anew."""
        self._indexes.pop(diff_id, None)
        if self.has(diff_id):
            await self.trash.take(self._paths.layer(diff_id))

    def index(self, diff_id: str) -> LayerIndex:
        """The layer's index; kept open for the last few."""
        found = self._indexes.get(diff_id)
        # What is mapped and was cut off since would end this process with the first look past its end.
        seal = _seal(self._paths.layer_index(diff_id))
        if found is None or self._seals.get(diff_id) != seal:
            self._indexes.pop(diff_id, None)
            self.path(diff_id)
            found = self._indexes[diff_id] = LayerIndex.open(self._paths.layer_index(diff_id))
            self._seals[diff_id] = seal
            if len(self._indexes) > OPEN_INDEXES:
                self._indexes.popitem(last=False)
        self._indexes.move_to_end(diff_id)
        return found


def _seal(path: Path) -> tuple[int, int, int]:
    try:
        there = path.stat()
    except OSError:
        return (0, 0, 0)
    return (there.st_ino, there.st_size, there.st_mtime_ns)
