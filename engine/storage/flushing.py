"""Names on disk: a database that writes into room it has already brings nobody else's new names there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def flush_names(*directories: Path) -> None:
    """What they hold is found there after a power cut. Blocks for a flush of the disk."""
    for directory in directories:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
