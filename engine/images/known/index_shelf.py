"""The index an image was built with, kept beside it: its siblings for other machines, and what is attested of them.

A push of the image brings the whole index, as long as all of it is still here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from typing import TYPE_CHECKING

import msgspec

from engine.storage.paths import hex_of
from engine.types.attestations import IndexEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

_SUFFIX = ".index"


class IndexShelf:
    """Small files, one for each image with more than itself to show. Which images stand under which is in memory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._members: dict[str, tuple[str, ...]] = {}

    async def open(self) -> None:
        for image_id, entries in await asyncio.to_thread(self._all):
            self._remember(image_id, entries)

    def members_of(self, image_id: str) -> tuple[str, ...]:
        """The other images of its index."""
        return self._members.get(image_id, ())

    def owners_of(self, image_id: str) -> list[str]:
        """The images in whose index it stands."""
        return [owner for owner, members in self._members.items() if image_id in members]

    async def put(self, image_id: str, entries: Sequence[IndexEntry]) -> None:
        """Nothing where there is nothing: what an earlier build left goes."""
        await asyncio.to_thread(self._put, self._path(image_id), entries)
        self._remember(image_id, entries)

    async def drop(self, image_id: str) -> None:
        """The image is gone. One with no other image in its index has a file too, of what is attested of it."""
        await self.put(image_id, ())

    async def get(self, image_id: str, images: Collection[str]) -> tuple[IndexEntry, ...]:
        """The entries if all their images are among these, else nothing."""
        entries = await asyncio.to_thread(self._read, self._path(image_id))
        return entries if all(each.image in images for each in entries) else ()

    def sweep(self, images: Collection[str]) -> None:
        """Forget images that are gone."""
        kept = {self._path(image_id).name for image_id in images}
        for path in self._directory.glob(f"*{_SUFFIX}"):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def _remember(self, image_id: str, entries: Sequence[IndexEntry]) -> None:
        members = tuple(dict.fromkeys(each.image for each in entries if each.image != image_id))
        self._members.pop(image_id, None)
        if members:
            self._members[image_id] = members

    def _all(self) -> list[tuple[str, tuple[IndexEntry, ...]]]:
        places = sorted(self._directory.glob(f"*{_SUFFIX}"))
        return [(f"sha256:{path.name.removesuffix(_SUFFIX)}", self._read(path)) for path in places]

    def _path(self, image_id: str) -> Path:
        return self._directory / f"{hex_of(image_id)}{_SUFFIX}"

    def _put(self, path: Path, entries: Sequence[IndexEntry]) -> None:
        if not entries:
            path.unlink(missing_ok=True)
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        temporary.write_bytes(msgspec.json.encode(entries))
        os.replace(temporary, path)

    def _read(self, path: Path) -> tuple[IndexEntry, ...]:
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(path.read_bytes(), type=tuple[IndexEntry, ...])
        return ()
