"""Where limits and figures come from: the version of control groups, and the controllers this user was given."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from engine.cgroups import subtree
from engine.cgroups.layout import (
    LIMITING_CONTROLLERS,
    Mode,
    detect,
    group_directory,
    parse_membership,
    parse_mountinfo,
    read_controllers,
)
from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from engine.host.machine import Machine

NEEDED = ("cpu", "memory", "pids")
"""What Debian and Ubuntu hand to a user; limits of CPU, memory and processes need no more."""

_DELEGATE = (
    "sudo mkdir -p /etc/systemd/system/user@.service.d && "
    "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | "
    "sudo tee /etc/systemd/system/user@.service.d/delegate.conf && sudo systemctl daemon-reload, then log in again"
)
_OWN_V2 = (
    "for name in cpu memory pids; do echo +$name | sudo tee {top}/cgroup.subtree_control; done; "
    "sudo mkdir -p {own}/session && sudo chown -R {user} {own} && echo $$ | sudo tee {own}/session/cgroup.procs, "
    "then start Wherry from that shell"
)
_BOOT_V2 = "Add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and reboot"


def control_groups(machine: Machine) -> HostCheck:
    line = partial(HostCheck, name="cgroups", title="Control groups")
    mounts = parse_mountinfo(machine.read("/proc/self/mountinfo") or "")
    membership = parse_membership(machine.read("/proc/self/cgroup") or "")
    layout = detect(mounts, membership)
    if layout.mode is Mode.NONE:
        return line(
            verdict=Verdict.DEGRADED,
            found="Not mounted.",
            matters="Containers run without limits and without figures.",
            fix="sudo mount -t cgroup2 none /sys/fs/cgroup",
        )
    controllers = set(layout.controllers)
    fix = _DELEGATE
    if layout.mode is Mode.V2 and mounts.v2 is not None:
        if machine.exists("/run/systemd/system"):
            # The engine asks the user's own manager, or the machine's, for a scope: what that one has is what counts.
            manager = f"user.slice/user-{machine.uid}.slice/user@{machine.uid}.service" if machine.uid else ""
            controllers |= _controllers(machine, mounts.v2 / manager)
        else:
            controllers = set(_prospect(mounts.v2, membership.get("", "/")))
            fix = _OWN_V2.format(top=mounts.v2, own=mounts.v2 / machine.user, user=machine.user)
    missing = [name for name in NEEDED if name not in controllers]
    words = f"{layout.mode}; controllers: {', '.join(n for n in LIMITING_CONTROLLERS if n in controllers) or 'none'}"
    if missing:
        return line(
            verdict=Verdict.DEGRADED,
            found=f"{words}. Not yours: {', '.join(missing)}.",
            matters=f"No limits on {', '.join(missing)}, and estimated figures where there is no counter.",
            fix=fix if layout.mode is Mode.V2 else _fix_v1(machine, missing),
        )
    return line(verdict=Verdict.OK, found=words)


def _prospect(mount: Path, path: str) -> frozenset[str]:
    try:
        return subtree.prospect(mount, subtree.Group(group_directory(mount, path)))
    except OSError:
        return frozenset()


def _controllers(machine: Machine, directory: Path) -> frozenset[str]:
    return read_controllers(directory) if machine.may(directory, os.W_OK) else frozenset()


def _fix_v1(machine: Machine, missing: list[str]) -> str:
    """By hand there are two ways: the modern hierarchy, or a directory of one's own in each old one."""
    own = " ".join(f"/sys/fs/cgroup/{name}/{machine.user}" for name in missing)
    return f"{_BOOT_V2}; or: sudo mkdir -p {own} && sudo chown -R {machine.user} {own} && join them before starting"
