"""A small file of records that outlives whoever writes it: written beside, brought to the disk, and renamed."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from engine.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Record = TypeVar("Record")


class RecordFile(Generic[Record]):
    """Newest last. Two records of the same key are one: the newer."""

    def __init__(self, path: Path, kind: type[Record], key: Callable[[Record], object]) -> None:
        self._path = path
        self._kind = kind
        self._key = key
        self._writing = asyncio.Lock()

    async def all(self) -> list[Record]:
        return await asyncio.to_thread(self._read)

    async def add(self, record: Record) -> None:
        async with self._writing:
            await self._write([*await self._without(record), record])

    async def drop(self, record: Record) -> None:
        async with self._writing:
            before = await self.all()
            left = [each for each in before if self._key(each) != self._key(record)]
            if left != before:
                await self._write(left)

    async def _without(self, record: Record) -> list[Record]:
        return [each for each in await self.all() if self._key(each) != self._key(record)]

    def _read(self) -> list[Record]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[self._kind])  # type: ignore[name-defined]
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            raise StorageError(
                f"{self._path} cannot be read", f"{error}. What it names can be removed by hand."
            ) from None

    async def _write(self, records: Sequence[Record]) -> None:
        def write() -> None:
            fresh = self._path.with_name(f"{self._path.name}.new")
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(records))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)

        await asyncio.to_thread(write)
