"""The kernel's tables that containers fill: how full each is, and the command that makes it larger.

What is counted is what this user's processes have: those that may be looked into, which the engine's are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.networks.host.ports import parse_sockets
from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.host.machine import Machine
    from engine.storage.paths import Paths

_MUCH = 0.8
"""Of a bound: from here on it is told how to raise it."""


@dataclass(frozen=True)
class Bound:
    words: str
    used: int
    most: int
    fix: str

    @property
    def is_near(self) -> bool:
        return self.most > 0 and self.used >= self.most * _MUCH


def kernel_bounds(machine: Machine, paths: Paths) -> HostCheck:
    line = partial(HostCheck, name="kernel-bounds", title="Kernel's bounds")
    bounds = [bound for bound in _bounds(machine, paths) if bound.most > 0]
    found = "; ".join(f"{bound.words}: {bound.used} of {bound.most}" for bound in bounds)
    near = [bound for bound in bounds if bound.is_near]
    if not near:
        return line(verdict=Verdict.OK, found=f"{found}.")
    return line(
        verdict=Verdict.DEGRADED,
        found=f"{found}.",
        matters=f"Soon no more containers start here, for want of: {', '.join(bound.words for bound in near)}.",
        fix="; ".join(bound.fix for bound in near),
    )


def _bounds(machine: Machine, paths: Paths) -> Iterator[Bound]:
    counts = machine.process_counts()
    engine = max(0, machine.store_holder(paths.lock))
    yield Bound(
        "files open in the engine",
        len(machine.names(f"/proc/{engine}/fd")) if engine else 0,
        _open_files(machine, engine),
        "raise LimitNOFILE of the unit (systemctl --user edit wherry) or of the session (ulimit -n)",
    )
    yield Bound(
        "key rings",
        _keys(machine),
        _number(machine, "/proc/sys/kernel/keys/maxkeys"),
        kept_setting("kernel.keys.maxkeys", 2000),
    )
    inotify = "/proc/sys/fs/inotify/max_user_"
    yield Bound(
        "inotify instances", counts.inotify_instances, _number(machine, f"{inotify}instances"),
        kept_setting("fs.inotify.max_user_instances", 1024),
    )  # fmt: skip
    yield Bound(
        "inotify watches", counts.inotify_watches, _number(machine, f"{inotify}watches"),
        kept_setting("fs.inotify.max_user_watches", 524288),
    )  # fmt: skip
    yield Bound(
        "user namespaces", counts.user_namespaces, _number(machine, "/proc/sys/user/max_user_namespaces"),
        kept_setting("user.max_user_namespaces", 63000),
    )  # fmt: skip
    yield Bound(
        "network namespaces", counts.network_namespaces, _number(machine, "/proc/sys/user/max_net_namespaces"),
        kept_setting("user.max_net_namespaces", 63000),
    )  # fmt: skip
    yield Bound(
        "mounts", counts.mounts, _number(machine, "/proc/sys/fs/mount-max"), kept_setting("fs.mount-max", 200000)
    )
    first, last = _picked_ports(machine)
    yield Bound(
        "ports to pick from", _listening(machine, first, last), last - first + 1 if last else 0,
        kept_setting("net.ipv4.ip_local_port_range", "15000 60999"),
    )  # fmt: skip
    yield Bound(
        "processes", counts.processes, _process_limit(machine),
        "raise TasksMax of your slice: sudo systemctl set-property user-$(id -u).slice TasksMax=80%",
    )  # fmt: skip


def kept_setting(setting: str, value: int | str) -> str:
    """The command that sets it, now and at each boot, and leaves in that file what others have set."""
    return f"echo {setting}={value} | sudo tee -a /etc/sysctl.d/60-wherry.conf && sudo sysctl --system"


def _number(machine: Machine, path: str) -> int:
    text = (machine.read(path) or "").strip()
    return int(text) if text.isdigit() else 0


def _picked_ports(machine: Machine) -> tuple[int, int]:
    """Those that the kernel gives to who asks for any."""
    words = (machine.read("/proc/sys/net/ipv4/ip_local_port_range") or "").split()
    return (int(words[0]), int(words[1])) if len(words) == 2 and "".join(words).isdecimal() else (0, 0)


def _listening(machine: Machine, first: int, last: int) -> int:
    """Of anybody: a port is taken whoever has it."""
    texts = [machine.read(path) or "" for path in ("/proc/net/tcp", "/proc/net/tcp6")]
    taken = {each.port for text in texts for each in parse_sockets(text, "tcp")}
    return sum(first <= port <= last for port in taken)


def _open_files(machine: Machine, engine: int) -> int:
    """The hard limit is what an engine takes; without one that runs, ours is what it would get."""
    for row in (machine.read(f"/proc/{engine or 'self'}/limits") or "").splitlines():
        if row.startswith("Max open files"):
            hard = row.split()[-2]
            return int(hard) if hard.isdigit() else 0
    return 0


def _keys(machine: Machine) -> int:
    """Those that count against the bound: the fourth column is "own/most"."""
    for row in (machine.read("/proc/key-users") or "").splitlines():
        user, _, rest = row.partition(":")
        columns = rest.split()
        if user.strip() == str(machine.uid) and len(columns) > 2:
            return int(columns[2].partition("/")[0])
    return 0


def _process_limit(machine: Machine) -> int:
    """The nearest group of ours that has one."""
    for row in (machine.read("/proc/self/cgroup") or "").splitlines():
        _, controllers, path = [*row.split(":", 2), "", ""][:3]
        if controllers not in ("", "pids"):
            continue
        place = f"/sys/fs/cgroup/{controllers}{path}".replace("cgroup//", "cgroup/").rstrip("/")
        while place.startswith("/sys/fs/cgroup/"):
            if most := _number(machine, f"{place}/pids.max"):
                return most
            place = place.rpartition("/")[0]
    return 0
