"""Where the store is: room on the disk, whether it may be written, who holds it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from engine.host.checks.filesystems import nearest_directory
from engine.storage.scrub import record_of
from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from engine.host.machine import Machine, Space
    from engine.storage.paths import Paths

_GIB = 1 << 30
LITTLE = 5 * _GIB
TOO_LITTLE = _GIB // 4
FEW_INODES = 20_000


def free_space(machine: Machine, paths: Paths) -> HostCheck:
    line = partial(HostCheck, name="free-space", title="Free disk")
    place = nearest_directory(machine, paths.root)
    space = machine.space(place)
    if space is None:
        return line(verdict=Verdict.DEGRADED, found=f"{place} does not tell how much is free.")
    found = f"{_size(space.free)} of {_size(space.total)} free at {place}"
    verdict = _room(space)
    if space.total_inodes and space.free_inodes < FEW_INODES:
        verdict = Verdict.DEGRADED if verdict is Verdict.OK else verdict
        found += f", but only {space.free_inodes} more files"
    if verdict is Verdict.OK:
        return line(verdict=verdict, found=found)
    return line(
        verdict=verdict,
        found=found,
        matters="Images of a few hundred megabytes will not fit, and containers that write will fail.",
        fix="wherry system prune, or put the store on another disk: WHERRY_ROOT=/path/there wherry",
    )


def _room(space: Space) -> Verdict:
    if space.free < TOO_LITTLE:
        return Verdict.MISSING
    return Verdict.DEGRADED if space.free < LITTLE else Verdict.OK


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / (1 << 20):.0f} MiB"


def store(machine: Machine, paths: Paths) -> HostCheck:
    line = partial(HostCheck, name="store", title="Store")
    place = nearest_directory(machine, paths.root)
    if not machine.may(place, os.W_OK | os.X_OK):
        return line(
            verdict=Verdict.MISSING,
            found=f"{place} may not be written to by {machine.user}.",
            matters="Images and containers have nowhere to be.",
            fix=_fix_place(machine, paths.root, place),
        )
    if place != paths.root:
        return line(verdict=Verdict.OK, found=f"{paths.root} will be made at the first start.")
    if machine.owner(paths.root) not in (machine.uid, None):
        return line(
            verdict=Verdict.MISSING,
            found=f"{paths.root} belongs to another user.",
            matters="The engine would not find its own files readable.",
            fix=f"sudo chown {machine.user}:{machine.group} {paths.root}",
        )
    holder = machine.store_holder(paths.lock)
    used = f"in use by Wherry, process {holder}" if holder > 0 else "in use by Wherry" if holder else "not in use now"
    return line(verdict=Verdict.OK, found=f"{paths.root}, {used}")


def contents(machine: Machine, paths: Paths) -> HostCheck:
    """Whether what is in the store was read through, when, and what was found."""
    line = partial(HostCheck, name="contents", title="Contents of the store")
    record = record_of(machine.read(paths.scrub_record))
    if record.damaged:
        return line(
            verdict=Verdict.DEGRADED,
            found=f"Damaged layers were found: {len(record.damaged)}.",
            matters="Containers on them may miss files or read wrong ones.",
            fix="wherry doctor --deep --mend",
        )
    if not record.finished:
        return line(verdict=Verdict.OK, found="Not read through yet; the engine does it in the background.")
    day = datetime.fromtimestamp(record.finished, UTC).strftime("%Y-%m-%d")
    return line(verdict=Verdict.OK, found=f"Read through on {day}; everything is what it was.")


def closed(machine: Machine, paths: Paths) -> HostCheck:
    """Container root is this user and keeps set-user-id files: who walks in may become him."""
    line = partial(HostCheck, name="store-closed", title="Closed to others")
    group_too = 0 if machine.uid == 0 else 0o070
    wide = [
        str(path)
        for path in (paths.root, paths.run, *paths.private_files)
        if (machine.mode(path) or 0) & (0o007 | group_too)
    ]
    if not wide:
        return line(verdict=Verdict.OK, found="Nobody else can read, write or run anything of the store.")
    return line(
        verdict=Verdict.MISSING,
        found=f"Others may enter or read {', '.join(wide)}.",
        matters="Another user of this machine could read passwords of containers and run their set-user-id programs "
        "as you.",
        fix=f"chmod {'o-rwx' if machine.uid == 0 else 'go-rwx'} {' '.join(wide)}",
    )


def _fix_place(machine: Machine, wanted: Path, place: Path) -> str:
    if (machine.owner(place) or 0) == machine.uid:
        return f"mount the file system of {place} writable, or put the store elsewhere: WHERRY_ROOT=/path/there wherry"
    if place == wanted:
        return f"sudo chown -R {machine.user}:{machine.group} {wanted}"
    return f"sudo install -d -o {machine.user} -g {machine.group} {wanted}"
