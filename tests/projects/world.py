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
