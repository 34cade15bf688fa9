"""fuse-overlayfs's command line. It goes to the background by itself once the mount is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.processes.programs import find_program, need_program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def available() -> bool:
    return bool(find_program("fuse-overlayfs"))


def mount_argv(lower: Sequence[str], upper: str, work: str, target: Path, *, owners: Sequence[str] = ()) -> list[str]:
    """`lower` is top first; names must be free of colons and commas (older versions cannot escape them)."""
    options = [f"lowerdir={':'.join(lower)}"]
    if upper:
        options += [f"upperdir={upper}", f"workdir={work}"]
    options += owners
    return [need_program("fuse-overlayfs"), "-o", ",".join(options), str(target)]
