"""The twelve projects in the style of real ones, and what stands around them."""

from __future__ import annotations

import shutil
from pathlib import Path

FILES = Path(__file__).with_name("files")
MORE = {"WORD": "open"}
"""What a project asks its environment for, besides WEB_PORT."""


def prepare(source: Path, place: Path) -> Path:
    """A copy to work in. Git keeps no modes of secrets."""
    folder = place / source.name
    shutil.copytree(source, folder)
    for secret in folder.glob("key.txt"):
        secret.chmod(0o600)
    return folder


def copy_open(folder: Path, place: Path) -> None:
    """A copy for an engine whose root is another user: without capabilities it obeys modes."""
    shutil.copytree(folder, place)
    for secret in place.glob("key.txt"):
        secret.chmod(0o644)
