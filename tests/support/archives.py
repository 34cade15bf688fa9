"""Archives of layers built by hand, with anything wrong in them that a test wants, and layers made of them."""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.layers.marks import By
    from engine.storage.layers import LayerStore


@contextmanager
def stream(data: bytes) -> Iterator[int]:
    """Bytes as a descriptor to read from the start."""
    descriptor = os.memfd_create("archive", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass
class Archive:
    """Builds a tar by hand, entry by entry, with anything wrong in it that a test wants."""

    buffer: io.BytesIO
    tar: tarfile.TarFile

    @classmethod
    def new(cls, form: int = tarfile.PAX_FORMAT) -> Archive:
        buffer = io.BytesIO()
        return cls(buffer, tarfile.open(fileobj=buffer, mode="w", format=form, errors="surrogateescape"))

    def add(self, name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, **fields: Any) -> Archive:
        info = tarfile.TarInfo(name)
        info.type = kind
        info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
        info.mtime = 1_700_000_000
        info.size = len(data)
        attributes = fields.pop("xattrs", {})
        assert isinstance(attributes, dict)
        info.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in attributes.items()}
        for key, value in fields.items():
            setattr(info, key, value)
        self.tar.addfile(info, io.BytesIO(data))
        return self

    def directory(self, name: str, **fields: Any) -> Archive:
        return self.add(name, kind=tarfile.DIRTYPE, **fields)

    def symlink(self, name: str, target: str, **fields: Any) -> Archive:
        return self.add(name, kind=tarfile.SYMTYPE, linkname=target, **fields)

    def hardlink(self, name: str, target: str) -> Archive:
        return self.add(name, kind=tarfile.LNKTYPE, linkname=target)

    def whiteout(self, path: str) -> Archive:
        directory, _, name = path.rpartition("/")
        return self.add(f"{directory}/.wh.{name}".lstrip("/"))

    def opaque(self, directory: str) -> Archive:
        return self.add(f"{directory}/.wh..wh..opq")

    @property
    def data(self) -> bytes:
        self.tar.close()
        return self.buffer.getvalue()


async def add_layer(layers: LayerStore, archive: Archive) -> str:
    with stream(archive.data) as descriptor:
        return await layers.add(None, descriptor)


async def add_layers(layers: LayerStore, archives: Sequence[Archive]) -> list[str]:
    return [await add_layer(layers, archive) for archive in archives]


async def packed(
    keeper: Keeper, root: Path, *, path: str = "/", name: str | None = None, marks: By | Literal[""] = ""
) -> bytes:
    read, write = os.pipe()

    async def pack() -> None:
        try:
            await keeper.pack(root, write, path=path, name=name, marks=marks)
        finally:
            os.close(write)

    async def read_all() -> bytes:
        with os.fdopen(read, "rb") as file:
            return await asyncio.to_thread(file.read)

    return (await asyncio.gather(pack(), read_all()))[1]


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: member for member in tar}
