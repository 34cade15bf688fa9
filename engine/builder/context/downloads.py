"""ADD's other sources: files from the web, git repositories, and archives that are unpacked on the way in."""

from __future__ import annotations

import asyncio
import bz2
import contextlib
import hashlib
import lzma
import os
import posixpath
import secrets
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, cast
from urllib.parse import urlsplit

import zstandard
from isal import igzip

from engine.builder.language.errors import DockerfileError
from engine.errors import Code, RegistryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.builder.context.directory import ContextDirectory
    from engine.builder.context.sources import Sources

_CHUNK: Final = 1 << 20
_MAGIC: Final = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"))


@dataclass(frozen=True)
class ArchiveFile:
    """A regular file of the host that may be an archive."""

    path: Path
    name: str
    digest: str = ""
    unpack: bool = False
    context: ContextDirectory | None = None

    @classmethod
    def in_context(cls, context: ContextDirectory, path: str) -> ArchiveFile:
        return cls(Path(path), posixpath.basename(path), context=context, unpack=True)

    def _open(self) -> IO[bytes]:
        if self.context is not None:
            return open(self.context.open_file(str(self.path)), "rb")
        return self.path.open("rb")

    def is_tar(self) -> bool:
        """Looks at the first block, behind whatever compression; a damaged file is simply no archive."""
        with (
            self._open() as file,
            contextlib.suppress(OSError, EOFError, ValueError, lzma.LZMAError, zstandard.ZstdError),
        ):
            with _plain(file) as plain:
                block = plain.read(tarfile.BLOCKSIZE)
            try:
                tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            except tarfile.HeaderError:
                return False
            return True
        return False

    async def write_tar_to(self, out_fd: int) -> None:
        """The plain tar stream; closes the descriptor."""
        await asyncio.to_thread(self._write, out_fd)

    def _write(self, out_fd: int) -> None:
        with open(out_fd, "wb", buffering=0) as out, self._open() as file, _plain(file) as plain:
            while block := plain.read(_CHUNK):
                view = memoryview(block)
                while view:
                    view = view[out.write(view) :]


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def __enter__(self) -> _Readable: ...
    def __exit__(self, *_: Any) -> bool | None: ...


def _plain(file: IO[bytes]) -> _Readable:
    start = file.read(8)
    file.seek(0)
    kind = next((name for magic, name in _MAGIC if start.startswith(magic)), "")
    if kind == "gzip":
        return cast("_Readable", igzip.IGzipFile(fileobj=file, mode="rb"))  # type: ignore[no-untyped-call]
    if kind == "bzip2":
        return bz2.BZ2File(file)
    if kind == "xz":
        return lzma.LZMAFile(file)
    if kind == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    return cast("_Readable", file)


@dataclass(frozen=True)
class Downloads:
    """Where one build keeps what it fetches, and the way to it."""

    into: Path
    sources: Sources

    async def fetch(self, url: str, *, checksum: str, unpack: bool) -> ArchiveFile:
        """Download a file; its digest is checked if one was given, and part of the step's key in any case."""
        name = posixpath.basename(urlsplit(url).path)
        if not name:
            raise DockerfileError(f"{url} names no file", hint="End the address with a file name.")
        path = self.into / hashlib.sha256(url.encode()).hexdigest()
        await asyncio.to_thread(lambda: self.into.mkdir(parents=True, exist_ok=True))
        digest = hashlib.sha256()
        async with contextlib.aclosing(self.sources.pieces(url)) as pieces:
            await _store(pieces, path, digest)
        found = f"sha256:{digest.hexdigest()}"
        if checksum and checksum != found:
            raise RegistryError(
                f"{url} is not what the Dockerfile expects",
                f"Its digest is {found}.",
                code=Code.DIGEST_MISMATCH,
                subject=url,
            )
        return ArchiveFile(path, name, found, unpack)

    async def fetch_git(self, address: str, *, checksum: str, keep_git: bool) -> ArchiveFile:
        """The files of a repository, to be unpacked; a checksum is (the beginning of) the commit it must be."""
        place = self.into / secrets.token_hex(8)
        commit = await self.sources.repository(address, place / "files", keep_git=keep_git)
        if checksum and not commit.startswith(checksum.lower()):
            raise RegistryError(
                f"{address} is not what the Dockerfile expects",
                f"Its commit is {commit}.",
                code=Code.DIGEST_MISMATCH,
                subject=address,
            )
        archive = place / "files.tar"
        digest = await asyncio.to_thread(_pack, place / "files", archive)
        return ArchiveFile(archive, posixpath.basename(address), f"{digest} {commit if keep_git else ''}", unpack=True)


def _pack(directory: Path, archive: Path) -> str:
    """A plain archive that root owns. The digest is of names, modes and contents: not of times, which are now's, nor of
    git's own files."""
    digest = hashlib.sha256()

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        if not member.issym():
            # As git has them, whatever may be opened by others here.
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        if member.name.split("/")[0] != ".git":
            digest.update(os.fsencode(f"{member.name}\0{member.mode:o}\0{member.linkname}\0{member.size}\0"))
            if member.isreg():
                with (directory / member.name).open("rb") as file:
                    while block := file.read(_CHUNK):
                        digest.update(block)
        return member

    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(os.listdir(directory)):
            tar.add(directory / name, name, filter=owned)  # in the order of names below it too
    return f"git:{digest.hexdigest()}"


async def _store(pieces: AsyncIterator[bytes], path: Path, digest: hashlib._Hash) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as out:
        async for block in pieces:
            digest.update(block)
            await asyncio.to_thread(out.write, block)
