"""Whether a disk takes anything, asked of the disk itself: many programs only say that something went wrong."""

from __future__ import annotations

import errno
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def refusal_of(directory: Path) -> int:
    """With which error of the system it refuses a small file there; 0 where it takes it."""
    trial = directory / f".trial-{secrets.token_hex(4)}"
    try:
        trial.write_bytes(b"\0")
        trial.unlink()
    except OSError as error:
        if error.errno != errno.EROFS and trial.exists():
            os.unlink(trial)
        return error.errno or errno.EIO
    return 0
