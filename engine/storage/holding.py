"""Whether there is anything in a tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def holds_nothing(tree: Path) -> bool:
    """Directories at most; what cannot be read is not called empty."""
    try:
        for place, directories, files in os.walk(tree, onerror=_raise):
            if files or any(os.path.islink(os.path.join(place, each)) for each in directories):
                return False
    except OSError:
        return False
    return True


def _raise(error: OSError) -> None:
    raise error
