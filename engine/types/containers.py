"""Containers: what is asked for (requests), what is there (snapshots), which steps are legal (the lifecycle)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from engine.types.data import Data
from engine.types.networks import Endpoint

# --- the recipe of a container: a request, kept with the container, and shown again by `inspect` and the edit form ---

MOST_PORTS = 10_000
"""Of one container. So many begin in about a second."""
MOST_MOUNTS = 1000
"""Of one container."""


class PortMapping(Data, frozen=True, kw_only=True):
    """One published port. `host_port` 0 asks the engine to pick a free one."""

    container_port: int
    host_port: int = 0
    protocol: Literal["tcp", "udp"] = "tcp"
    host_ip: str = ""
    host_port_last: int = 0
    """With it, any free port from `host_port` to this one (`-p 8000-8010:80`). A running container shows the one."""


class Mount(Data, frozen=True, kw_only=True):
    """Something put into the container's file tree. `source` is a host path, a volume's name ("" = anonymous) or an
    image's."""

    kind: Literal["bind", "volume", "tmpfs", "image"]
    target: str
    source: str = ""
    read_only: bool = False
    propagation: str = "rprivate"
    ownership: Literal["", "idmap", "chown"] = ""
    """Help with owners: "idmap" shows the host user's files as the container's user's, "chown" changes them.

    With the user namespace keep-id, and for a container's root, nothing needs mapping. Else the kernel must allow it;
    it lets an ordinary user map owners on file systems mounted in the engine's own namespace only.
    """
    create_source: bool = False
    """Make a missing host directory, as `docker run -v` does (`--mount` does not)."""
    copy_up: bool = True
    tmpfs_size: int = 0
    tmpfs_mode: int = 0o1777
    tmpfs_options: tuple[str, ...] = ()
    """Further ones, as mount(8) takes them: "uid=1000", "exec"."""
    volume_labels: dict[str, str] = {}
    volume_options: dict[str, str] = {}
    """Of the local driver, for a volume that is made for this."""
    subpath: str = ""


class HealthCheck(Data, frozen=True, kw_only=True):
    """How to tell that the service answers. Seconds; 0 means Docker's default. `test` as in an image: ("CMD", …)."""

    test: tuple[str, ...] = ()
    interval: float = 0.0
    timeout: float = 0.0
    start_period: float = 0.0
    start_interval: float = 0.0
    retries: int = 0


class RestartPolicy(Data, frozen=True, kw_only=True):
    name: Literal["no", "on-failure", "always", "unless-stopped"] = "no"
    maximum_retries: int = 0


class Ulimit(Data, frozen=True, kw_only=True):
    name: str
    soft: int
    hard: int


class Device(Data, frozen=True, kw_only=True):
    host_path: str
    container_path: str
    permissions: str = "rwm"


class IoLimit(Data, frozen=True, kw_only=True):
    """A limit on one block device, in bytes or operations a second."""

    device: str
    kind: Literal["read-bps", "write-bps", "read-iops", "write-iops"]
    rate: int


class Resources(Data, frozen=True, kw_only=True):
    """Limits. 0 (or "") means none. CPUs in whole processors (1.5), memory in bytes."""

    memory: int = 0
    memory_reservation: int = 0
    memory_swap: int = 0
    """Memory plus swap, as Docker counts it; -1 is unlimited swap."""
    cpus: float = 0.0
    cpu_shares: int = 0
    cpu_quota: int = 0
    cpu_period: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids: int = 0
    """Processes and threads together; 0 is the engine's own limit, -1 is none."""
    io_weight: int = 0
    io: tuple[IoLimit, ...] = ()
    oom_score_adj: int = 0
    swappiness: int = -1
    """0 to 100, -1 is the host's. Only control groups v1 have it."""
    oom_kill_disable: bool = False
    """What asks for more memory than there is waits. Only control groups v1 have it."""


class Security(Data, frozen=True, kw_only=True):
    """What the container may do beyond, or short of, the default."""

    privileged: bool = False
    """All of the container's own user namespace; never of the host."""
    read_only_root: bool = False
    capabilities_add: tuple[str, ...] = ()
    capabilities_drop: tuple[str, ...] = ()
    no_new_privileges: bool = False
    seccomp: str = ""
    """"" is the default list, "unconfined" none, else the JSON text of a profile."""
    unmask_paths: bool = False
    user_namespace: Literal["", "keep-id", "host"] = ""
    """Who is you inside: "" is the container's root, or whoever works in a folder of yours; "keep-id" its user in any
    case; "host" its root in any case."""


class LogLimits(Data, frozen=True, kw_only=True):
    """When the log file is rotated; 0 means the engine's default."""

    max_bytes: int = 0
    max_files: int = 0
    driver: Literal["json-file", "local", "none"] = "json-file"
    """Docker's name for it. The files are the same whatever it is; with "none" there are none."""
    options: dict[str, str] = {}
    """Further ones of Docker's drivers, which are about what its files look like: kept to be shown."""


class ContainerSpec(Data, frozen=True, kw_only=True):
    """Everything `docker run` can say that makes sense rootless. `None` means "as the image says"."""

    image: str
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    env: dict[str, str] = {}
    workdir: str | None = None
    user: str | None = None
    extra_groups: tuple[str, ...] = ()
    hostname: str = ""
    domainname: str = ""
    labels: dict[str, str] = {}
    tty: bool = False
    stdin_open: bool = False
    stdin_once: bool = False
    auto_remove: bool = False
    init: bool = False
    ports: tuple[PortMapping, ...] = ()
    publish_all: bool = False
    exposed_ports: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    volumes_from: tuple[str, ...] = ()
    shm_size: int = 64 * 1024 * 1024
    ulimits: tuple[Ulimit, ...] = ()
    sysctls: dict[str, str] = {}
    devices: tuple[Device, ...] = ()
    device_rules: tuple[str, ...] = ()
    """As "c 189:* rwm". No device is kept from a container by number here: its file's rights decide."""
    resources: Resources = Resources()
    security: Security = Security()
    restart: RestartPolicy = RestartPolicy()
    stop_signal: str | None = None
    stop_timeout: float | None = None
    health: HealthCheck | None = None
    network: str = "pasta"
    """"pasta" (own address, reachable by published ports), "none", "host", "container:ID", "pod:NAME" or a
    named network."""
    network_aliases: tuple[str, ...] = ()
    ip: str = ""
    """A fixed address on that network, of its subnet; so are the next."""
    ip6: str = ""
    interface_name: str = ""
    """Of its interface on that network, inside; "" leaves it to the network."""
    mac_address: str = ""
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    """"name:address"; the address "host-gateway" is the host."""
    links: tuple[str, ...] = ()
    """"container:alias", a name of one's own for another container."""
    pid_mode: str = ""
    ipc_mode: str = ""
    uts_mode: str = ""
    cgroup_mode: str = ""
    cgroup_parent: str = ""
    """A name for the group above, kept to be shown: the engine has a tree of its own."""
    log: LogLimits = LogLimits()
    driver: Literal["", "overlay", "fuse-overlayfs"] = ""
    engine_socket: bool = False
    """It may command this engine: a bind of /var/run/docker.sock is its socket."""
    platform: str = ""


class CreateContainer(Data, frozen=True, kw_only=True):
    """Make a container. A name is invented where none is given."""

    spec: ContainerSpec
    name: str = ""
    networks: dict[str, Endpoint] = {}
    """Networks beyond that of the recipe, with what it asks of them: joined before anybody sees it succeed, or it is
    not made."""


class UpdateContainer(Data, frozen=True, kw_only=True):
    """Change a living container at once. `None` leaves a thing as it is."""

    resources: Resources | None = None
    restart: RestartPolicy | None = None
    ports: tuple[PortMapping, ...] | None = None


class ListContainers(Data, frozen=True, kw_only=True):
    """Which containers to list. Empty filters let everything through."""

    running_only: bool = False


# --- what is there ---


class State(StrEnum):
    """Where a container is in its life. One sentence each; the words shown are chosen in `gui/presentation`."""

    CREATED = "created"  # has its files and its name, never ran
    STARTING = "starting"  # being set up; not yet running the command
    RUNNING = "running"  # the command runs
    PAUSED = "paused"  # frozen; memory kept, no CPU used
    STOPPING = "stopping"  # asked to end, still within its grace time
    RESTARTING = "restarting"  # ended; its restart policy will start it again
    EXITED = "exited"  # ended by itself or stopped; can start again
    REMOVING = "removing"  # its files are being taken away
    DEAD = "dead"  # could not be removed or set up wholly; remove again


class Action(StrEnum):
    """What can be done to a container."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    KILL = "kill"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    EXEC = "exec"
    ATTACH = "attach"
    UPDATE = "update"
    RENAME = "rename"
    REMOVE = "remove"
    FORCE_REMOVE = "force-remove"
    EDIT = "edit"
    COMMIT = "commit"
    WAIT = "wait"


_AT_REST = frozenset(
    {
        Action.START,
        Action.RESTART,
        Action.UPDATE,
        Action.RENAME,
        Action.REMOVE,
        Action.FORCE_REMOVE,
        Action.EDIT,
        Action.COMMIT,
    }
)
_ALIVE = frozenset(
    {Action.STOP, Action.RESTART, Action.KILL, Action.UPDATE, Action.RENAME, Action.FORCE_REMOVE, Action.EDIT,
     Action.COMMIT, Action.ATTACH, Action.WAIT}
)  # fmt: skip

LEGAL_ACTIONS: dict[State, frozenset[Action]] = {
    State.CREATED: _AT_REST | {Action.WAIT, Action.ATTACH},
    State.STARTING: frozenset({Action.WAIT, Action.ATTACH, Action.FORCE_REMOVE}),
    State.RUNNING: _ALIVE | {Action.PAUSE, Action.EXEC},
    State.PAUSED: (_ALIVE - {Action.RESTART}) | {Action.UNPAUSE},
    State.STOPPING: frozenset({Action.KILL, Action.WAIT, Action.FORCE_REMOVE, Action.ATTACH}),
    State.RESTARTING: frozenset(
        {Action.STOP, Action.KILL, Action.START, Action.FORCE_REMOVE, Action.WAIT, Action.UPDATE}
    ),
    State.EXITED: _AT_REST | {Action.WAIT, Action.ATTACH},  # attached before its next start, as `start -a` does
    State.REMOVING: frozenset({Action.WAIT}),
    State.DEAD: frozenset({Action.REMOVE, Action.FORCE_REMOVE}),
}
"""The lifecycle, once: the engine enforces it and the window greys its buttons from it."""

ALIVE_STATES = frozenset({State.RUNNING, State.PAUSED, State.STOPPING})
"""States in which the container has a process."""


class Health(StrEnum):
    NONE = ""
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class HealthResult(Data, frozen=True, kw_only=True):
    started: datetime
    ended: datetime
    exit_code: int
    output: str


class HealthStatus(Data, frozen=True, kw_only=True):
    status: Health = Health.NONE
    failing_streak: int = 0
    log: tuple[HealthResult, ...] = ()


class Cause(StrEnum):
    """Who ended a run."""

    ITSELF = ""
    """Nobody asked for it."""
    STOPPED = "stopped"
    """Asked to end; where it ended by SIGKILL, it had let its grace time pass."""
    KILLED = "killed"
    """Killed on request."""
    LOST = "lost"
    """The program that looked after it is gone, `error` says which, so it could not go on."""
    REBOOT = "reboot"
    """The machine was restarted under it."""


class Exit(Data, frozen=True, kw_only=True):
    """How the last run ended."""

    code: int
    ended: datetime
    signal: int = 0
    oom_killed: bool = False
    """True only where the kernel counted an OOM kill in this container's cgroup."""
    error: str = ""
    """Why it could not start, where it never ran; or what was lost (`cause`)."""
    cause: Cause = Cause.ITSELF
    requested: bool = False
    """A person or a client asked for the end (stop, kill), so it is no accident."""


class StartTiming(Data, frozen=True, kw_only=True):
    """Where the milliseconds of the last start went, step by step, in the order in which they ended."""

    steps: tuple[tuple[str, float], ...] = ()
    begun: tuple[float, ...] = ()
    """When each step began, in milliseconds after the first did: some run side by side. Empty in older records."""

    @property
    def spans(self) -> tuple[tuple[str, float, float], ...]:
        """Name, begin and length of each step, in the order in which they began; one after the other if not known."""
        begun = self.begun
        if len(begun) != len(self.steps):
            lengths = [took for _, took in self.steps]
            begun = tuple(sum(lengths[:number]) for number in range(len(lengths)))
        spans = ((name, begin, took) for begin, (name, took) in zip(begun, self.steps, strict=True))
        return tuple(sorted(spans, key=lambda span: span[1]))

    @property
    def total_ms(self) -> float:
        """From the first step's begin to the last one's end, as a clock on the wall saw it."""
        return max((begin + took for _, begin, took in self.spans), default=0.0)


class Container(Data, frozen=True, kw_only=True):
    """One container as it is now."""

    id: str
    name: str
    image_id: str
    image: str
    """The reference it was made from, as the user wrote it, normalised."""
    spec: ContainerSpec
    """As asked, with defaults of the engine filled in, but not those of the image."""
    command_line: tuple[str, ...]
    """What really runs: entrypoint and command, image defaults applied."""
    state: State
    created: datetime
    started: datetime | None = None
    exit: Exit | None = None
    pid: int = 0
    restart_count: int = 0
    health: HealthStatus = HealthStatus()
    ports: tuple[PortMapping, ...] = ()
    """Ports really published now, with the numbers that were picked."""
    mounts: tuple[Mount, ...] = ()
    """With names of anonymous volumes filled in."""
    ip_address: str = ""
    driver: str = ""
    cgroup: str = ""
    log_path: str = ""
    unenforced: tuple[str, ...] = ()
    """Limits asked for that this host cannot enforce, in words."""
    warnings: tuple[str, ...] = ()
    """What was asked for and will hardly work as it was meant, in words: known since the creation."""
    timing: StartTiming = StartTiming()
    offline: bool = False
    """It runs, and the host had no network when its way out began: it reaches no more than this host."""

    @property
    def legal_actions(self) -> frozenset[Action]:
        return LEGAL_ACTIONS[self.state]


class SizeOnDisk(Data, frozen=True, kw_only=True):
    """Bytes of the writable layer, and of the whole tree with the image under it."""

    writable: int
    total: int


class WaitResult(Data, frozen=True, kw_only=True):
    exit_code: int
    error: str = ""


# --- looking into one ---


class Process(Data, frozen=True, kw_only=True):
    """One process of a container, seen from the host."""

    pid: int
    container_pid: int
    parent_pid: int
    user: str
    uid: int
    state: str
    cpu_percent: float
    cpu_seconds: float
    memory: int
    started: datetime
    command: str


class ChangedPath(Data, frozen=True, kw_only=True):
    """A path whose writable-layer version differs from the image's."""

    path: str
    kind: Literal["added", "changed", "removed"]
    size: int = 0


class Exec(Data, frozen=True, kw_only=True):
    """Run one more command in a running container."""

    command: tuple[str, ...]
    tty: bool = False
    stdin: bool = False
    user: str = ""
    workdir: str = ""
    env: dict[str, str] = {}
    privileged: bool = False
    lend_shell: bool = False
    """Bring a static busybox where the image has no shell of its own."""
    rows: int = 0
    columns: int = 0
    id: str = ""
    """What its session is called; one is made where none is given."""


NEXT_STEPS = (
    "raise-memory", "fix-command", "change-port", "free-space", "check-mounts", "edit", "show-health", "show-log",
    "open-shell", "restart",
)  # fmt: skip
"""What a death report can suggest."""


class DeathReport(Data, frozen=True, kw_only=True):
    """Why a container ended, in words, with the proof."""

    container_id: str
    summary: str
    meaning: str
    """The exit code or signal explained."""
    exit: Exit
    oom_proof: str = ""
    memory_curve: tuple[tuple[float, int], ...] = ()
    """Seconds before the end (negative) and bytes, over the last minute."""
    memory_limit: int = 0
    stderr_tail: tuple[str, ...] = ()
    health_output: str = ""
    restarts: int = 0
    next_restart_seconds: float = 0.0
    changes_since_good_run: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    """Names out of NEXT_STEPS, best first."""
