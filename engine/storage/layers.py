"""Layers by diff id, unpacked once and shared by every image and container. A layer's directory appears by rename."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.sandbox.client import Keeper, UnpackLimits
    from engine.storage.layer_index import LayerIndex
    from engine.storage.paths import Paths


class LayerStore:
    def __init__(self, paths: Paths, keeper: Keeper) -> None:
        self._paths = paths
        self._keeper = keeper

    async def open(self) -> None:
        """Sweep what a crash left half-made and go on deleting what was being deleted."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    def has(self, diff_id: str) -> bool:
        raise NotImplementedError

    def path(self, diff_id: str) -> Path:
        """The layer's tree. Raises NotFound."""
        raise NotImplementedError

    def size(self, diff_id: str) -> int:
        """Bytes of its regular files, from the index."""
        raise NotImplementedError

    def diff_ids(self) -> set[str]:
        raise NotImplementedError

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
        raise NotImplementedError

    async def remove(self, diff_id: str) -> int:
        """Bytes freed, at once; the deletion itself goes on behind and survives a crash."""
        raise NotImplementedError

    def index(self, diff_id: str) -> LayerIndex:
        """The layer's index; kept open for the last few."""
        raise NotImplementedError
