"""What runs containers here: the keeper, control groups and programs, and where their files are. Made once."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.types.containers import LogLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.cgroups.group import ContainerCgroup
    from engine.cgroups.tree import CgroupTree
    from engine.containers.known.record import Record
    from engine.containers.run.seccomp_filters import CompiledFilters
    from engine.processes.crun import Crun
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths

_CGROUP_ROOT = "/sys/fs/cgroup"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


@dataclass(frozen=True)
class Runtime:
    paths: Paths
    keeper: Keeper
    cgroups: CgroupTree
    crun: Crun
    conmon: str
    filters: CompiledFilters
    boot: str
    """The kernel's name for this boot: processes of another one are gone for certain."""
    log_defaults: Callable[[], LogLimits] = LogLimits
    """What holds where a container says nothing; both set."""

    def cgroup(self, record: Record) -> ContainerCgroup:
        """The groups a container runs in, or would."""
        if record.run.cgroups:
            return self.cgroups.existing(record.run.cgroups)
        return self.cgroups.group(record.id)

    def inside_view(self, directory: str) -> str:
        """Where a program inside the keeper's mount namespace finds a control group."""
        if not self.keeper.hybrid_cgroups:
            return directory
        return str(self.paths.cgroup_view / Path(directory).relative_to(_CGROUP_ROOT))


def boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def architecture() -> str:
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)
