"""What takes or gives a file does so where somebody sits: archives, backups and logs of another machine come here."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import secrets
import tarfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.errors import InvalidRequest, StorageError
from engine.operations.streams import closable
from engine.types.files import Place
from engine.types.logs import ReadLogs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from engine.facade import Engine, OperationHandle
    from engine.operations.registry import OperationRegistry, Progress
    from engine.types.logs import ExportLogs

_PIECE = 1 << 20


async def pieces_of(path: str, progress: Progress | None = None) -> AsyncGenerator[bytes, None]:
    """A file as a stream, read beside the loop."""
    try:
        file = await asyncio.to_thread(Path(path).open, "rb")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read", error.strerror or str(error), subject=path) from None
    with file:
        total, done = os.fstat(file.fileno()).st_size, 0
        while piece := await asyncio.to_thread(file.read, _PIECE):
            done += len(piece)
            if progress is not None:
                progress.amount(done, total)
            yield piece


async def write_file(path: str, pieces: AsyncIterator[bytes], progress: Progress) -> int:
    """Beside, and renamed when it is whole."""
    fresh = Path(f"{path}.{secrets.token_hex(4)}")
    done = 0
    try:
        with await asyncio.to_thread(fresh.open, "xb") as file:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
                done += len(piece)
                progress.amount(done)
        await asyncio.to_thread(os.replace, fresh, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written", error.strerror or str(error), subject=path) from error
    finally:
        await asyncio.to_thread(fresh.unlink, missing_ok=True)
    return done


class LocalFiles:
    """Operations of this computer over the rooms of another."""

    def __init__(self, engine: Engine, operations: OperationRegistry) -> None:
        self._engine = engine
        self._operations = operations

    def save_to(self, references: Sequence[str], path: str, *, oci: bool = False) -> OperationHandle:
        async def work(progress: Progress) -> str:
            async with contextlib.aclosing(closable(self._engine.images.save(references, oci=oci))) as pieces:
                await write_file(path, pieces, progress)
            return path

        return self._operations.start(kind="save", title=f"Save {', '.join(references)}", subject=path, work=work)

    def backup(self, name: str, path: str) -> OperationHandle:
        if path.endswith((".zst", ".gz")):
            raise InvalidRequest("A volume of another machine is backed up as a plain .tar", subject=path)

        async def work(progress: Progress) -> str:
            source = self._engine.files.download(Place(kind="volume", id=name), "/")
            async with contextlib.aclosing(closable(source)) as pieces:
                await write_file(path, pieces, progress)
            return path

        return self._operations.start(kind="backup", title=f"Back up {name}", subject=name, work=work)

    def restore(self, name: str, path: str) -> OperationHandle:
        async def work(progress: Progress) -> str:
            await asyncio.to_thread(_must_be_tar, path)
            place = Place(kind="volume", id=name)
            await self._engine.files.upload(place, "/", pieces_of(path, progress), copy_owner=True)
            return name

        return self._operations.start(kind="restore", title=f"Restore {name}", subject=name, work=work)

    def export_log(self, container: str, request: ExportLogs) -> OperationHandle:
        async def work(progress: Progress) -> str:
            async def lines() -> AsyncGenerator[bytes, None]:
                async for batch in self._engine.logs.read(container, ReadLogs()):
                    yield "".join(f"{line.text}\n" for line in batch).encode(errors="replace")

            packed = _zipped(lines()) if request.gzip else lines()
            async with contextlib.aclosing(packed) as pieces:
                await write_file(request.path, pieces, progress)
            return request.path

        return self._operations.start(kind="export", title="Export the log", subject=container, work=work)


async def _zipped(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        yield gzip.compress(piece)


def _must_be_tar(path: str) -> None:
    try:
        file: IO[bytes]
        with Path(path).open("rb") as file, tarfile.open(fileobj=file, mode="r|*"):
            return
    except (OSError, tarfile.TarError) as error:
        raise InvalidRequest(f"{path} is no archive", str(error), subject=path) from None
