"""How a container gets its root file system: the kernel's overlay in a user namespace, or fuse-overlayfs."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.host.checks.runtime import version_of
from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from engine.host.machine import Machine
    from engine.storage.paths import Paths

_TRY_OVERLAY = """
cd "$1" && mkdir lower upper work merged && echo below > lower/file &&
mount -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work merged &&
echo above > merged/file && rm merged/file && test -c upper/file
"""
"""Not only mounted but used: a file is changed and removed, which needs whiteouts and the xattrs of the file system."""


def overlay(machine: Machine, paths: Paths) -> HostCheck:
    line = partial(HostCheck, name="overlay", title="Kernel overlay")
    place = nearest_directory(machine, paths.root)
    kind = filesystem_of(machine.read("/proc/self/mountinfo") or "", str(place))
    complaint = _try_overlay(machine, place)
    if not complaint:
        return line(verdict=Verdict.OK, found=f"Works on {place} ({kind}).")
    fallback = machine.which("fuse-overlayfs") is not None and machine.opens("/dev/fuse")
    return line(
        verdict=Verdict.DEGRADED if fallback else Verdict.MISSING,
        found=f"Does not work on {place} ({kind}): {complaint}",
        matters="fuse-overlayfs is used instead; files are then slower."
        if fallback
        else "Neither it nor fuse-overlayfs works here, so no container can have a root file system.",
        fix=machine.distribution.install({"debian": "fuse-overlayfs"})
        if not fallback
        else "Put the store on a local ext4, xfs or btrfs file system: WHERRY_ROOT=/path/there wherry",
    )


def _try_overlay(machine: Machine, place: Path) -> str:
    """What is wrong, "" if nothing is."""
    if not machine.may(place, os.W_OK | os.X_OK):
        return "the directory may not be written to."
    try:
        with tempfile.TemporaryDirectory(prefix=".wherry-probe-", dir=place, ignore_cleanup_errors=True) as directory:
            answer = machine.ask(
                ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _TRY_OVERLAY, "sh", directory]
            )
            # The kernel leaves work/work with mode 000, which its owner may remove only after a chmod.
            for left in Path(directory).glob("work/*"):
                left.chmod(0o700)
    except OSError as error:
        return f"{error.strerror or error}."
    return "" if answer.code == 0 else f"{answer.words}."


def fuse(machine: Machine) -> HostCheck:
    line = partial(HostCheck, name="fuse", title="fuse-overlayfs")
    matters = "It stands in where the kernel's own overlay does not work."
    version = version_of(machine, "fuse-overlayfs")
    if version is None:
        return line(
            verdict=Verdict.DEGRADED,
            found="Not installed.",
            matters=matters,
            fix=machine.distribution.install({"debian": "fuse-overlayfs"}),
        )
    if not machine.exists("/dev/fuse"):
        return line(
            verdict=Verdict.DEGRADED,
            found=f"{version}, but there is no /dev/fuse.",
            matters=matters,
            fix="sudo modprobe fuse",
        )
    if not machine.opens("/dev/fuse"):
        return line(
            verdict=Verdict.DEGRADED,
            found=f"{version}, but /dev/fuse may not be opened by {machine.user}.",
            matters=matters,
            fix="sudo chmod 666 /dev/fuse",
        )
    return line(verdict=Verdict.OK, found=f"{version}, /dev/fuse opens")


def nearest_directory(machine: Machine, path: Path) -> Path:
    """The path, or the nearest one above it that exists: where the store is, or will be made."""
    for candidate in (path, *path.parents):
        if machine.exists(candidate):
            return candidate
    return Path("/")


def filesystem_of(mountinfo: str, path: str) -> str:
    """The type of the file system that holds a path: of the longest mount point it lies below."""
    best, kind = "", "unknown"
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        point = fields[4].replace("\\040", " ")
        below = point == "/" or path == point or path.startswith(point + "/")
        if below and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind
