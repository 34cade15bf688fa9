"""Whole trees, by workers that the keeper forks. Cancelling a call ends its worker."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.sandbox.asking import Asking
from engine.sandbox.failures import unpack_error
from engine.sandbox.keeper.asked.trees import (
    Beside,
    CopyTree,
    MeasureTree,
    Pack,
    RemoveTree,
    RemoveTrees,
    Sync,
    TreeSize,
    Unpack,
    Unpacked,
    VerifyLayer,
)
from engine.sandbox.pipes import wide_pipe

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from engine.sandbox.keeper.layers.marks import By


_PIECE = 1 << 18


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may ask for before it is called a bomb."""

    bytes: int = 256 << 30
    entries: int = 4_000_000


class Trees(Asking):
    async def unpack(
        self,
        tar_fd: int,
        target: Path,
        *,
        index: Path | None = None,
        layer: bool = True,
        limits: UnpackLimits | None = None,
        progress: Callable[[int], None] | None = None,
        owner: tuple[int, int] | None = None,
        no_overwrite_kind: bool = False,
        root: Path | None = None,
    ) -> Unpacked:
        """Unpack an uncompressed tar stream into `target`, which exists.

        As a `layer`, `target` must be empty, whiteouts become what both overlays understand, and `index` is written.
        Otherwise the tree may be alive and hostile (`docker cp`): names are resolved inside `root` (default: target),
        `target` then being a path below it; `owner` overrides every owner; `no_overwrite_kind` refuses to replace a
        directory by something else and the reverse.
        """
        bounds = limits or UnpackLimits()
        unpacking = Unpack(
            target=target,
            root=root or target,
            index_at=index or "",
            layer=layer,
            most_bytes=bounds.bytes,
            most_entries=bounds.entries,
            owner=owner,
            single_id=self.ids.single_id,
            no_overwrite_kind=no_overwrite_kind,
        )
        try:
            answer = await self._ask(unpacking, [tar_fd], progress)
        except OSError as error:
            raise unpack_error(error) from error
        return Unpacked(*answer.values)

    async def pack(
        self,
        root: Path,
        out_fd: int,
        *,
        path: str = "/",
        name: str | None = None,
        marks: By | Literal[""] = "",
        latest: int | None = None,
        mounted: Sequence[tuple[Path, str, str]] = (),
        progress: Callable[[int], None] | None = None,
    ) -> tuple[str, ...]:
        """Write `path` inside `root` as a deterministic tar stream: sorted, pax where needed. Gives what was left out.

        With `marks`, `root` is what that overlay wrote, or a layer's tree; its marks become `.wh.` names.
        `name` is what the top entry is called (`docker cp` uses the base name); default: a tree with "./" stripped.
        No time is after `latest`, in seconds. What is mounted below is left out but for `mounted`: (root, path in it,
        name in the tar), which also stands for what a tree has there if nothing is mounted.
        """
        packing = Pack(root, path, name, marks, latest, [Beside(*each) for each in mounted])
        return tuple((await self._ask(packing, [out_fd], progress)).values)

    async def packed(
        self, root: Path, *, path: str = "/", name: str | None = None, mounted: Sequence[tuple[Path, str, str]] = ()
    ) -> AsyncGenerator[bytes, None]:
        """The same in pieces, read while it is written."""
        read_end, write_end = wide_pipe()
        packing = asyncio.create_task(self._pack_into(write_end, root, path, name, mounted), name=f"pack {path}")
        try:
            while piece := await asyncio.to_thread(os.read, read_end, _PIECE):
                yield piece
            await packing
        finally:
            # The reading end first: a packer that waits in its write then ends.
            os.close(read_end)
            packing.cancel()
            await asyncio.gather(packing, return_exceptions=True)

    async def _pack_into(
        self, write_end: int, root: Path, path: str, name: str | None, mounted: Sequence[tuple[Path, str, str]]
    ) -> None:
        try:
            await self.pack(root, write_end, path=path, name=name, mounted=mounted)
        finally:
            os.close(write_end)

    async def copy_tree(self, source: Path, target: Path, *, progress: Callable[[int], None] | None = None) -> None:
        """Copy the contents of a directory into another: owners, modes, times, attributes, hard links, holes."""
        await self._ask(CopyTree(source, target), progress=progress)

    async def remove_tree(self, path: Path) -> None:
        """Remove a tree whatever its modes; not being there is no failure. Never crosses into a mount."""
        await self._ask(RemoveTree(path))

    async def remove_trees(self, paths: Sequence[Path], *, mounted: str = "") -> dict[Path, str]:
        """Many that nobody waits for, with what is mounted at that place in each; gives which could not be and why."""
        failed = (await self._ask(RemoveTrees(paths, mounted))).values
        return {Path(path): reason for path, reason in failed}

    async def tree_size(self, path: Path) -> TreeSize:
        return TreeSize(*(await self._ask(MeasureTree(path))).values)

    async def sync(self, path: Path) -> None:
        """Bring the file system that it is on up to date on disk."""
        await self._ask(Sync(path))

    async def layer_damage(self, tree: Path, index: Path) -> str:
        """The first file of a layer that is not as its index says, or "". Reads all of it."""
        return str((await self._ask(VerifyLayer(tree, index))).values)
