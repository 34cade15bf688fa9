"""Streams from and to files of this user, `-` being the terminal's own."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING

from engine.cli.reach.wire import Failed
from engine.cli.streams.frames import write_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PIECE = 1 << 18


def write_out(pieces: Iterable[bytes], path: str) -> int:
    """To a file that appears whole or not at all, or to a stdout that is no terminal."""
    if not path:
        if sys.stdout.isatty():
            raise Failed(0, "cowardly refusing to save to a terminal. Use the -o flag or redirect")
        for piece in pieces:
            write_all(1, piece)
        return 0
    partial = f"{path}.{os.getpid()}.partial"
    try:
        with _told(path), open(partial, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.unlink(partial)
        raise
    return 0


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """A fault of the file is said of the name that the person gave."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            raise  # of the line over which it comes
        raise Failed(0, f"{path} cannot be written: {error.strerror}") from None


def read_in(path: str) -> Iterator[bytes]:
    """A file, or stdin where the path is empty or `-`."""
    if path in ("", "-"):
        while data := os.read(0, _PIECE):
            yield data
        return
    with open(path, "rb") as file:
        while data := file.read(_PIECE):
            yield data
