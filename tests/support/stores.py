"""A private store for a test: root and run directories with a short path, and their removal whoever owns the files."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ON_DISK = "/tmp"
_PLACE = os.environ.get("WHERRY_TEST_STORES", ON_DISK)


@dataclass(frozen=True)
class ShortTmp:
    """Directories for one test. The paths stay short because a unix socket's path may have 107 bytes only."""

    path: Path

    @property
    def root(self) -> Path:
        """For `open_engine(root=…)`; nothing is made yet."""
        return self.path / "root"

    @property
    def run(self) -> Path:
        """For `open_engine(run=…)`; exists, mode 0700, as $XDG_RUNTIME_DIR does."""
        return self.path / "run"


def make_short_tmp(within: str = _PLACE) -> ShortTmp:
    place = ShortTmp(Path(tempfile.mkdtemp(prefix="wt-", dir=within)))
    if os.getuid() == 0:
        # A container's root is then somebody else, who must be able to walk to the store.
        place.path.chmod(0o711)
    place.run.mkdir(mode=0o700)
    return place


def remove_tree(path: Path) -> None:
    """Take a tree away, with files of subordinate ids in it too."""
    shutil.rmtree(path, ignore_errors=True)
    if path.exists() and os.getuid() != 0:
        subprocess.run(
            ["unshare", "--map-root-user", "--map-auto", "rm", "-rf", "--one-file-system", str(path)],
            check=False,
            capture_output=True,
            timeout=60,
        )
    if path.exists():
        left = sorted(str(entry.relative_to(path)) for entry in path.rglob("*"))[:10]
        pytest.fail(f"could not remove {path}; left: {left}")
