"""Unpacking a tar that a container sent: names stay below the directory, owners are ours, devices are left out.

tarfile's own filters are missing from the Python of some distributions, so the rules are kept here.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator


class UnpackingFault(Exception):
    """What came is no tar, or would write where it may not."""


class _Pieces:
    """An iterator of bytes as the file that tarfile reads from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._kept = bytearray()

    def read(self, size: int) -> bytes:
        while len(self._kept) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._kept += piece
        data = bytes(self._kept[:size])
        del self._kept[:size]
        return data


def unpack(pieces: Iterator[bytes], base: str, rename: str | None) -> int:
    """Everything into `base`. `rename` takes the place of the first name; "" drops it; None keeps it. Gives how many
    files that were."""
    files = 0
    directories: list[tuple[str, tarfile.TarInfo]] = []
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", _Pieces(pieces)), mode="r|") as archive:
            for member in archive:
                name = _renamed(member.name, rename)
                if not name or member.isdev():
                    continue
                path = _below(base, name)
                _make(archive, member, path, base, rename)
                files += member.isreg() or member.islnk()
                if member.isdir():
                    directories.append((path, member))
    except tarfile.TarError as error:
        raise UnpackingFault(f"what the container sent is no tar: {error}") from None
    # Last, or a directory without the right to write could not be filled.
    for path, member in reversed(directories):
        os.chmod(path, member.mode & 0o777)
        os.utime(path, (member.mtime, member.mtime))
    return files


def _renamed(name: str, rename: str | None) -> str:
    clean = os.path.normpath(name.lstrip("/"))
    if clean == ".":
        clean = ""
    if rename is None:
        return clean
    if name.startswith("./"):
        # The first name is the dot: of a container's root, or of "DIRECTORY/.".
        return os.path.join(rename, clean).rstrip("/")
    _, slash, rest = clean.partition("/")
    return f"{rename}{slash}{rest}" if rename else rest


def _below(base: str, name: str) -> str:
    """The path to write to. No name, and no link made by an earlier name, may lead out of the directory."""
    real_base = os.path.realpath(base)
    path = os.path.join(real_base, name)
    parent = os.path.realpath(os.path.dirname(path))
    inside = parent == real_base or parent.startswith(real_base.rstrip("/") + "/")
    if name.startswith("..") or not inside:
        raise UnpackingFault(f"the container sent a path that would leave the directory: {name}")
    return os.path.join(parent, os.path.basename(path))


def _make(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, base: str, rename: str | None) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if member.isdir():
        if not os.path.isdir(path) or os.path.islink(path):
            _clear(path)
            os.mkdir(path, 0o700)
        return
    _clear(path)
    if member.issym():
        os.symlink(member.linkname, path)
    elif member.islnk():
        os.link(_below(base, _renamed(member.linkname, rename)), path, follow_symlinks=False)
    elif member.isreg():
        source = archive.extractfile(member)
        assert source is not None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            shutil.copyfileobj(source, file, 1 << 18)
        os.chmod(path, member.mode & 0o777)
        os.utime(path, (member.mtime, member.mtime))


def _clear(path: str) -> None:
    if os.path.islink(path) or not os.path.isdir(path):
        if os.path.lexists(path):
            os.unlink(path)
        return
    raise UnpackingFault(f'cannot overwrite the directory "{path}" with something else')
