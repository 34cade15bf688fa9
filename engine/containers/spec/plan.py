"""Everything the runtime spec is made from, decided beforehand and laid out as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.containers.spec.cdi import Edits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.containers.run.new_owners import NewOwner
    from engine.containers.spec.users import ContainerUser
    from engine.types.containers import ContainerSpec


@dataclass(frozen=True, kw_only=True)
class PlannedMount:
    """A mount whose source is a real path by now (or "" for a tmpfs)."""

    target: str
    source: str = ""
    tmpfs: bool = False
    read_only: bool = False
    propagation: str = "rprivate"
    size: int = 0
    mode: int = 0o1777
    options: tuple[str, ...] = ()
    """Further ones of a tmpfs."""
    owner: tuple[int, int] | None = None
    """Whom the files of the host's user shall belong to inside (uid and gid), by an idmapped mount."""
    new_owner: NewOwner | None = None
    """Whom they are given to, for good."""


@dataclass(frozen=True, kw_only=True)
class SpecPlan:
    """One container about to start."""

    container_id: str
    spec: ContainerSpec
    command_line: Sequence[str]
    env: Mapping[str, str]
    workdir: str
    user: ContainerUser
    hostname: str
    rootfs: str
    mounts: Sequence[PlannedMount] = ()
    edits: Edits = field(default_factory=Edits)
    """What devices by their makers' names take."""
    etc_files: Mapping[str, str] = field(default_factory=dict)
    """Path in the container to the generated file that is bound there."""
    init_program: str = ""
    """Host path of the init to lend, "" for none."""

    # the host
    architecture: str = "amd64"
    single_id: bool = False
    cgroup_v2: bool = True
    """crun sees cgroup v2 (on a hybrid host: made to), so that it can be shown inside."""
    cgroup_views: Mapping[str, str] = field(default_factory=dict)
    """The container's groups of v1 by controller, where crun finds them: a program reads its limits there."""

    # namespaces to join: a path, "host", or "" for one's own
    network: str = ""
    own_network: bool = True
    """The network namespace belongs to our user namespace, so /sys may be mounted for it."""
    pid: str = ""
    ipc: str = ""
    shared_memory: str = ""
    """A directory that several containers have as their /dev/shm."""
    host_ipc: Sequence[str] = ()
    """With the host's IPC: those of /dev/mqueue and /dev/shm that the host has."""
    uts: str = ""
    cgroup: str = ""
    host_user_id: int = 0
    """For keep-id: the id the host's user shall have inside."""
    host_group_id: int = 0
    id_count: int = 65536
