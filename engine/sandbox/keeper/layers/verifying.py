"""Compare a layer's files with its index: after a power cut, files may be shorter than they were told to be."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from engine.sandbox.keeper.disk.opened import Opened
from engine.sandbox.keeper.layers import indexing, sparse
from engine.sandbox.keeper.requests import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.sandbox.keeper.asked.trees import Sync, VerifyLayer
    from engine.sandbox.keeper.requests import Request

PIECE = 1 << 20


def sync(asked: Sync, _request: Request) -> None:
    descriptor = Opened(os.open(asked.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fspath(asked.path))


def verify_layer(asked: VerifyLayer, _request: Request) -> Reply:
    tree = Opened(os.open(asked.tree, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    try:
        with open(asked.index_at, "rb") as file:
            data = file.read()
        for listed in _files(data):
            if not _is_intact(tree, listed):
                return Reply(os.fsdecode(listed.path))
    except (ValueError, TypeError, KeyError, IndexError):
        return Reply("its index")
    return Reply("")


class _File(NamedTuple):
    path: bytes
    size: int
    digest: bytes
    is_long_and_sparse: bool


def _files(data: bytes) -> Iterator[_File]:
    """Every regular file of an index."""
    length = int.from_bytes(data[8:16], "little")
    if data[:8] != indexing.MAGIC:
        raise ValueError("no index")
    header = json.loads(data[16 : 16 + length])
    view = memoryview(data)
    parts = {name: view[start : start + size] for name, (start, size) in header["columns"].items()}
    if header.get("check", "") not in ("", indexing.check(parts)):
        raise ValueError("not the columns it was written with")
    kinds, sizes, rows = parts["kind"], parts["size"].cast("Q"), parts["digest"].cast("i")
    if not len(kinds):
        return
    for number, path in enumerate(bytes(parts["paths"]).split(b"\0")):
        if kinds[number] == indexing.FILE:
            at = rows[number] * 32
            long_and_sparse = bool(parts["flags"][number] & indexing.LONG_SPARSE)
            yield _File(path, sizes[number], bytes(parts["digests"][at : at + 32]), long_and_sparse)


def _is_intact(tree: int, wanted: _File) -> bool:
    try:
        descriptor = os.open(wanted.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=tree)
    except OSError:
        return False
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != wanted.size:
            return False
        if wanted.is_long_and_sparse:
            return sparse.digest_of(descriptor, wanted.size) == wanted.digest
        seen = hashlib.sha256()
        while data := os.read(descriptor, PIECE):
            seen.update(data)
        return seen.digest() == wanted.digest
    finally:
        os.close(descriptor)
