"""Whether a file system can bear a store, tried where it will be: one for cameras and sticks cannot."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from typing import TYPE_CHECKING

from engine.errors import HostError, disk_refuses

if TYPE_CHECKING:
    from pathlib import Path


def require_bearing(root: Path) -> None:
    """Raises HostError with what it cannot do. A handful of system calls; asked before the first row is written."""
    trial = root / f".trial-{secrets.token_hex(4)}"
    try:
        lacking = _lacking(trial)
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(trial)
    if lacking:
        raise HostError(
            "The store cannot be on this file system",
            f"In {root}, {lacking}, which layers and volumes need.",
            hint="Choose a place on ext4, xfs or btrfs: WHERRY_ROOT=/path/there wherry",
            subject=str(root),
        )


def _lacking(trial: Path) -> str:
    """What it cannot do, "" for nothing."""
    one = trial / "one"
    doing = "no directory can be made"
    try:
        trial.mkdir(mode=0o700)
        one.touch()
        doing = "no symbolic link can be made"
        (trial / "link").symlink_to("one")
        doing = "a file cannot have two names"
        os.link(one, trial / "two")
        doing = "the mode of a file cannot be changed"
        one.chmod(0o751)
        if stat.S_IMODE(one.stat().st_mode) != 0o751:
            return doing
        if (trial / "ONE").exists():
            return "“a” and “A” are the same name"
    except OSError as error:
        if refused := disk_refuses(error.errno or 0, f"{trial.parent}: {error.strerror}."):
            raise refused from error
        return f"{doing} ({error.strerror})"
    return ""
