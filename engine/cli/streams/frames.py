"""Taking the 8-byte frames of a multiplexed stream apart, as bytes and across the borders of what was received."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STDERR = 2


class Unframer:
    """Fed with pieces, gives (is it stderr, bytes) as soon as there are any."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0
        self._stderr = False

    def feed(self, data: bytes) -> Iterator[tuple[bool, bytes]]:
        while data:
            if not self._left:
                need = 8 - len(self._head)
                self._head += data[:need]
                data = data[need:]
                if len(self._head) < 8:
                    return
                self._stderr = self._head[0] == _STDERR
                self._left = int.from_bytes(self._head[4:8], "big")
                self._head = b""
                continue
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            yield self._stderr, piece


def payloads(pieces: Iterable[bytes], *, framed: bool) -> Iterator[bytes]:
    """What stands in the frames, of both streams alike."""
    unframer = Unframer()
    for piece in pieces:
        if framed:
            yield from (data for _, data in unframer.feed(piece))
        else:
            yield piece


def copy_frames(pieces: Iterable[bytes], *, framed: bool) -> None:
    """To stdout and stderr, at once and unbuffered."""
    sys.stdout.flush()
    unframer = Unframer()
    for piece in pieces:
        if not framed:
            write_all(1, piece)
            continue
        for is_stderr, data in unframer.feed(piece):
            write_all(2 if is_stderr else 1, data)


def write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
