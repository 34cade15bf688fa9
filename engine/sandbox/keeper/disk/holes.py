"""Where a file has data, and where nothing but holes."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def data_of(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Beginning and end of each stretch of data below `size`. A file system that cannot tell has data everywhere."""
    at = 0
    while at < size:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but holes from here on
                return
            start, end = at, size
        if start >= size:
            return
        yield start, min(end, size)
        at = end
