"""Making a control group's directory, open to be looked at as the kernel's own are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make_group(path: Path) -> None:
    """With those above it. Whatever the mask of this process: where root started us, what shows a container its limits
    is somebody else, and a group is no secret."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        each.chmod(0o755)
