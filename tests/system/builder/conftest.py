"""A builder with a busybox to build on, and a short way to build from texts."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import WherryError
from engine.types.builds import BuildImage
from engine.types.images import FileKind
from tests.support.images import File, busybox_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.facade import Engine
    from engine.types.builds import Build

BASE = "localhost/base:latest"
_FILES = [
    File("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:web:/home/web:/bin/sh\n"),
    File("etc/group", b"root:x:0:\nweb:x:1001:\n"),
    File("root/.keep", b""),
]


@dataclass
class Built:
    """One build that is over."""

    image_id: str
    build: Build
    lines: list[str]

    def states(self) -> dict[str, str]:
        return {step.instruction: step.state.value for step in self.build.steps}


class Builder:
    """`await builder.build("FROM …", {"file": "text"})`."""

    def __init__(self, engine: Engine, place: Path) -> None:
        self.engine = engine
        self.place = place

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, text in files.items():
            path = self.place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    async def build(self, dockerfile: str, files: dict[str, str | bytes] | None = None, **options: Any) -> Built:
        self.write(files or {})
        request = BuildImage(context=str(self.place), dockerfile_text=dockerfile, **options)
        handle = self.engine.builds.build(request)
        lines = [line.text async for batch in self.engine.builds.output(handle.id) for line in batch]
        image_id = await handle.result()
        return Built(image_id, await self.engine.builds.get(handle.id), lines)

    async def failing(self, dockerfile: str, files: dict[str, str | bytes] | None = None, **options: Any) -> Build:
        """A build that must fail."""
        self.write(files or {})
        request = BuildImage(context=str(self.place), dockerfile_text=dockerfile, **options)
        handle = self.engine.builds.build(request)
        with pytest.raises(WherryError):
            await handle.result()
        return await self.engine.builds.get(handle.id)

    async def read(self, image: str, path: str) -> str:
        return (await self.engine.images.read_file(image, path)).decode()

    async def files(self, image: str, path: str = "/") -> dict[str, Any]:
        """Entries below a path of the finished image, by their path."""
        found: dict[str, Any] = {}
        for node in await self.engine.images.tree(image, path):
            found[node.entry.path] = node.entry
            if node.entry.kind is FileKind.DIRECTORY:
                found |= await self.files(image, node.entry.path)
        return found


@pytest.fixture
async def builder(engine: Engine, tmp_path: Path) -> Builder:
    async def stream() -> AsyncIterator[bytes]:
        yield busybox_archive(_FILES, reference=BASE)

    await engine.images.load(stream()).result()
    place = tmp_path / "context"
    place.mkdir()
    return Builder(engine, place)


def tar_of(files: dict[str, str | bytes], **links: str) -> bytes:
    """A tar of texts, and of symbolic links given by keyword."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return buffer.getvalue()
