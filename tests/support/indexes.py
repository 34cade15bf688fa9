"""Layer indexes made without a keeper unpacking anything: written by the keeper's own writer from a list of entries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.sandbox.keeper.layers.indexing import IndexWriter, Row
from engine.storage.layer_index import DIRECTORY, FILE, HARDLINK, IMPLICIT, OPAQUE, SYMLINK, WHITEOUT, LayerIndex

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Entry:
    path: str
    kind: int = FILE
    data: bytes = b""
    mode: int = 0o644
    uid: int = 0
    link: str = ""
    implicit: bool = False
    size: int | None = None


def file(path: str, data: bytes = b"", *, mode: int = 0o644, uid: int = 0, size: int | None = None) -> Entry:
    return Entry(path, FILE, data, mode, uid, size=size)


def folder(path: str, *, mode: int = 0o755, implicit: bool = False) -> Entry:
    return Entry(path, DIRECTORY, mode=mode, implicit=implicit)


def hardlink(path: str, target: str, data: bytes = b"") -> Entry:
    """With the bytes of what it links to, where they matter."""
    return Entry(path, HARDLINK, data, link=target)


def symlink(path: str, target: str) -> Entry:
    return Entry(path, SYMLINK, mode=0o777, link=target)


def whiteout(path: str) -> Entry:
    return Entry(path, WHITEOUT)


def opaque(path: str) -> Entry:
    return Entry(path, OPAQUE)


def make_index(place: Path, name: str, entries: Iterable[Entry]) -> LayerIndex:
    """An index as unpacking these entries would leave it."""
    writer = IndexWriter()
    for entry in entries:
        digest = -1
        has_bytes = entry.kind == FILE or (entry.kind == HARDLINK and bool(entry.data))
        if has_bytes:
            digest = writer.digest(hashlib.sha256(entry.data).digest())
        size = len(entry.data) if entry.size is None else entry.size
        row = Row(
            kind=entry.kind,
            flags=IMPLICIT if entry.implicit else 0,
            mode=entry.mode,
            uid=entry.uid,
            gid=entry.uid,
            size=size if has_bytes else 0,
            digest=digest,
            link=writer.link(entry.link.encode()) if entry.link else -1,
        )
        writer.add(entry.path.encode(errors="surrogateescape"), row)
    path = place / name
    writer.write(str(path), f"sha256:{name}", [])
    return LayerIndex.open(path)
