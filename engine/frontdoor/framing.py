"""Where the body of a message ends: told as its bytes come, which are passed on as they are. Pure.

`feed` takes what came and gives how much of it belongs to the body; then `over` says whether the body is complete.
"""

from __future__ import annotations

import re
from typing import Protocol

_LONGEST_LINE = 4096
_LONGEST_TRAILER = 16 * 1024
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[^\x00-\x08\x0a-\x1f\x7f]*")


class BadBody(Exception):
    """It cannot be told where the body ends."""


class Framing(Protocol):
    @property
    def over(self) -> bool: ...
    def feed(self, data: bytes) -> int: ...
    def end(self) -> None:
        """The connection ended. Raises `BadBody` where more was to come."""
        ...


class Counted:
    """A body of so many bytes."""

    def __init__(self, length: int) -> None:
        self._left = length

    @property
    def over(self) -> bool:
        return not self._left

    def feed(self, data: bytes) -> int:
        taken = min(len(data), self._left)
        self._left -= taken
        return taken

    def end(self) -> None:
        if self._left:
            raise BadBody("the body ended early")


class NoBody(Counted):
    def __init__(self) -> None:
        super().__init__(0)


class UntilEnd:
    """All that comes until the connection ends."""

    over = False

    def feed(self, data: bytes) -> int:
        return len(data)

    def end(self) -> None:
        self.over = True


class Chunked:
    """Pieces with their lengths before them, and fields after the last."""

    def __init__(self) -> None:
        self.over = False
        self._left = 0
        self._line = bytearray()
        self._after_data = False
        self._in_trailer = False
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> int:
        place = 0
        while place < len(data) and not self.over:
            if self._left:
                taken = min(self._left, len(data) - place)
                self._left -= taken
                place += taken
                self._after_data = not self._left
            else:
                place = self._take_line(data, place)
        return place

    def end(self) -> None:
        if not self.over:
            raise BadBody("the body ended early")

    def _take_line(self, data: bytes, place: int) -> int:
        end = data.find(b"\n", place)
        stop = len(data) if end < 0 else end + 1
        self._line += data[place:stop]
        if len(self._line) > _LONGEST_LINE:
            raise BadBody("a line between the pieces is too long")
        if end >= 0:
            line, self._line = bytes(self._line), bytearray()
            if not line.endswith(b"\r\n"):
                raise BadBody("a line ends as no line of HTTP does")
            self._read(line[:-2])
        return stop

    def _read(self, line: bytes) -> None:
        if self._after_data:
            self._after_data = False
            if line:
                raise BadBody("a piece is longer than it said")
        elif self._in_trailer:
            self._read_trailer(line)
        else:
            found = _SIZE.fullmatch(line)
            if found is None:
                raise BadBody("the length of a piece is no number")
            self._left = int(found.group(1), 16)
            self._in_trailer = not self._left

    def _read_trailer(self, line: bytes) -> None:
        self._trailer_bytes += len(line)
        if line and (not _TRAILER.fullmatch(line) or self._trailer_bytes > _LONGEST_TRAILER):
            raise BadBody("what follows the last piece is no field")
        self.over = not line
