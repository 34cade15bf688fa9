"""One row for each field of a recipe: its option on a line, its key in Docker's body and in a compose file, how its
value is read, written and checked, what changing it costs a container that runs, and its words.

A new option is a row here, its field in `engine.types.containers` and its control in the form; every way in and out,
what an edit says it costs, the help and the tests of the round trips follow from the row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.recipe.faults import marked
from engine.recipe.kinds import devices, mounts, plain, special
from engine.recipe.networks import OWN_NETWORK

LIVE = "live"
"""A running container takes it without ending."""
RESTART = "restart"
"""It is stopped and started with the new recipe, on the same files."""
RECREATE = "recreate"
"""The container's files fit only what it was made with: it takes another container."""

_SHM = 64 << 20


class Row(NamedTuple):
    field: str
    """Where the value lives in the recipe ("resources.memory")."""
    flag: str
    """The option's name, "" where no option says it."""
    key: str
    """Where it lives in the body ("HostConfig.Memory"), "" where the body does not say it."""
    kind: Any
    cost: str
    words: str
    """Of the option, in the help."""
    short: str = ""
    aliases: tuple[str, ...] = ()
    default: Any = None
    """What the recipe holds where nothing was said."""
    empty: Any = None
    """What an inspection shows where nothing was said."""
    compose: str = ""
    """Its key in a compose service, where that is a plain value."""
    update: bool = False
    """Whether `update` takes it too."""


class Refused(NamedTuple):
    """Something Docker knows and a rootless engine cannot grant, or that would mean something else here."""

    flag: str
    key: str
    why: str
    harmless: tuple[Any, ...] = ()
    """Values that ask for what is so anyway."""


_TEXT, _FLAG, _NUMBER, _WORDS = plain.Text(), plain.Flag(), plain.Number(), plain.Words()

ROWS: tuple[Row, ...] = (
    Row("image", "", "Image", _TEXT, RECREATE, "", default="", compose="image"),
    Row("command", "", "Cmd", special.Command(), RESTART, "", compose="command"),
    Row("tty", "tty", "Tty", _FLAG, RESTART, "Allocate a pseudo-TTY", "t", default=False, compose="tty"),
    Row("stdin_open", "interactive", "OpenStdin", _FLAG, RESTART, "Keep STDIN open even if not attached", "i",
        default=False, compose="stdin_open"),
    Row("stdin_once", "", "StdinOnce", _FLAG, RESTART, "", default=False),
    Row("auto_remove", "rm", "HostConfig.AutoRemove", _FLAG, LIVE, "Automatically remove the container when it exits",
        default=False, empty=False),
    Row("init", "init", "HostConfig.Init", _FLAG, RESTART,
        "Run an init inside the container that forwards signals and reaps processes", default=False, empty=False,
        compose="init"),
    Row("publish_all", "publish-all", "HostConfig.PublishAllPorts", _FLAG, LIVE,
        "Publish all exposed ports to random ports", "P", default=False, empty=False),
    Row("ports", "publish", "HostConfig.PortBindings", special.Ports(), LIVE,
        "Publish a container's port(s) to the host", "p", default=[], empty={}, compose="ports"),
    Row("mounts", "volume", "HostConfig.Binds", special.Binds(mounts.fits_volume, mounts.in_binds), RESTART,
        "Bind mount a volume", "v", default=[]),
    Row("mounts", "mount", "HostConfig.Mounts", special.MountRecords(mounts.on_mount, mounts.in_mounts), RESTART,
        "Attach a filesystem mount to the container", default=[]),
    Row("mounts", "tmpfs", "HostConfig.Tmpfs", special.Tmpfs(mounts.on_tmpfs, mounts.in_tmpfs), RESTART,
        "Mount a tmpfs directory", default=[]),
    Row("mounts", "", "Volumes", special.Anonymous(None, mounts.in_volumes), RESTART, "", default=[]),
    Row("env", "env-file", "", special.EnvironmentFile(), RESTART, "Read in a file of environment variables",
        default={}),
    Row("env", "env", "Env", special.Environment(), RESTART, "Set environment variables", "e", default={},
        compose="environment"),
    Row("labels", "label-file", "", special.LabelFile(bare=True), LIVE, "Read in a line delimited file of labels",
        default={}),
    Row("labels", "egress", "", special.Egress(bare=True), LIVE,
        "Reach only these names and networks outside (example.org,*.debian.org,10.0.0.0/8), or 'none'", default={}),
    Row("labels", "label", "Labels", plain.Pairs(bare=True), LIVE, "Set meta data on a container", "l", default={},
        compose="labels"),
    Row("entrypoint", "entrypoint", "Entrypoint", special.Entrypoint(), RESTART,
        "Overwrite the default ENTRYPOINT of the image", compose="entrypoint"),
    Row("workdir", "workdir", "WorkingDir", plain.OrNone(), RESTART, "Working directory inside the container", "w",
        compose="working_dir"),
    Row("user", "user", "User", plain.OrNone(), RESTART, "Username or UID (format: <name|uid>[:<group|gid>])", "u",
        compose="user"),
    Row("hostname", "hostname", "Hostname", _TEXT, RESTART, "Container host name", "h", default="",
        compose="hostname"),
    Row("domainname", "domainname", "Domainname", _TEXT, RESTART, "Container NIS domain name", default="",
        compose="domainname"),
    Row("stop_signal", "stop-signal", "StopSignal", plain.OrNone(), LIVE, "Signal to stop the container",
        compose="stop_signal"),
    Row("stop_timeout", "stop-timeout", "StopTimeout", plain.StopTimeout(), LIVE,
        "Timeout (in seconds) to stop a container"),
    Row("links", "link", "HostConfig.Links", _WORDS, RESTART, "Add link to another container", default=[],
        compose="links"),
    Row("pid_mode", "pid", "HostConfig.PidMode", plain.Mode("PID mode", "host", "shareable", joins=True), RESTART,
        "PID namespace to use", default="", empty="", compose="pid"),
    Row("ipc_mode", "ipc", "HostConfig.IpcMode", plain.Mode("IPC mode", "host", "shareable", joins=True), RESTART,
        "IPC mode to use", default="", empty="private", compose="ipc"),
    Row("uts_mode", "uts", "HostConfig.UTSMode", plain.Mode("UTS mode", "host"), RESTART, "UTS namespace to use",
        default="", empty="", compose="uts"),
    Row("cgroup_mode", "cgroupns", "HostConfig.CgroupnsMode", plain.Mode("cgroup namespace mode", "host"), RESTART,
        "Cgroup namespace to use (host|private)", default="", empty="private", compose="cgroup"),
    Row("cgroup_parent", "cgroup-parent", "HostConfig.CgroupParent", _TEXT, RESTART,
        "Parent cgroup for the container, kept to be shown", default="", empty="", compose="cgroup_parent"),
    Row("engine_socket", "engine-socket", "HostConfig.EngineSocket", _FLAG, RESTART,
        "Let it command this engine: /var/run/docker.sock as a source of a mount is its socket", default=False),
    Row("platform", "platform", "", _TEXT, RECREATE, "Set platform if the image has several", default="",
        compose="platform"),
    Row("driver", "", "", _TEXT, RECREATE, "", default=""),
    Row("network", "network", "HostConfig.NetworkMode", special.Network(), RESTART,
        "Connect a container to a network", aliases=("net",), default=OWN_NETWORK, empty="bridge"),
    Row("network", "pod", "", special.InPod(), RESTART, "Make it one of a pod's containers", default=OWN_NETWORK),
    Row("restart", "restart", "HostConfig.RestartPolicy", special.Restart(), LIVE,
        "Restart policy to apply when a container exits", default={"name": "no", "maximum_retries": 0},
        empty={"Name": "no", "MaximumRetryCount": 0}, update=True),
    Row("shm_size", "shm-size", "HostConfig.ShmSize", plain.Size(), RESTART, "Size of /dev/shm", default=_SHM,
        empty=_SHM, compose="shm_size"),
    Row("log", "log-opt", "HostConfig.LogConfig.Config", special.LogOptions(), LIVE, "Log driver options",
        default={"max_bytes": 0, "max_files": 0, "driver": "json-file", "options": {}}, empty={}),
    Row("log.driver", "log-driver", "HostConfig.LogConfig.Type", special.LogDriver(), RESTART,
        "Logging driver for the container", default="json-file", empty="json-file"),
    Row("exposed_ports", "expose", "ExposedPorts", special.Exposed(), RESTART, "Expose a port or a range of ports",
        default=[], compose="expose"),
    Row("volumes_from", "volumes-from", "HostConfig.VolumesFrom", _WORDS, RESTART,
        "Mount volumes from the specified container(s)", default=[], compose="volumes_from"),
    Row("extra_groups", "group-add", "HostConfig.GroupAdd", _WORDS, RESTART, "Add additional groups to join",
        default=[], compose="group_add"),
    Row("network_aliases", "network-alias", "", _WORDS, RESTART, "Add network-scoped alias for the container",
        aliases=("net-alias",), default=[]),
    Row("ip", "ip", "", _TEXT, RESTART, "IPv4 address (e.g., 172.30.100.104)", default=""),
    Row("ip6", "ip6", "", _TEXT, RESTART, "IPv6 address (e.g., 2001:db8::33)", default=""),
    Row("interface_name", "interface-name", "", _TEXT, RESTART, "Name of its interface on the network (e.g., eth7)",
        default=""),
    Row("mac_address", "mac-address", "MacAddress", _TEXT, RESTART, "Container MAC address (e.g., 92:d0:c6:0a:29:33)",
        default="", compose="mac_address"),
    Row("dns", "dns", "HostConfig.Dns", _WORDS, RESTART, "Set custom DNS servers", default=[], empty=[],
        compose="dns"),
    Row("dns_search", "dns-search", "HostConfig.DnsSearch", _WORDS, RESTART, "Set custom DNS search domains",
        default=[], empty=[], compose="dns_search"),
    Row("dns_options", "dns-option", "HostConfig.DnsOptions", _WORDS, RESTART, "Set DNS options",
        aliases=("dns-opt",), default=[], empty=[], compose="dns_opt"),
    Row("extra_hosts", "add-host", "HostConfig.ExtraHosts", plain.Hosts(), RESTART,
        "Add a custom host-to-IP mapping (host:ip)", default=[], compose="extra_hosts"),
    Row("ulimits", "ulimit", "HostConfig.Ulimits", special.Ulimits(), RESTART, "Ulimit options", default=[], empty=[]),
    Row("sysctls", "sysctl", "HostConfig.Sysctls", plain.Pairs(), RESTART, "Sysctl options", default={},
        compose="sysctls"),
    Row("devices", "device", "HostConfig.Devices", devices.Devices(), RESTART, "Add a host device to the container",
        default=[], empty=[], compose="devices"),
    Row("devices", "gpus", "HostConfig.DeviceRequests", devices.DeviceRequests(), RESTART,
        "GPU devices to add to the container ('all' to pass all GPUs)", default=[]),
    Row("device_rules", "device-cgroup-rule", "HostConfig.DeviceCgroupRules", devices.DeviceRules(), RESTART,
        "Add a rule to the cgroup allowed devices list", default=[], compose="device_cgroup_rules"),
    Row("resources.memory", "memory", "HostConfig.Memory", plain.Size(), LIVE, "Memory limit", "m", default=0, empty=0,
        compose="mem_limit", update=True),
    Row("resources.memory_reservation", "memory-reservation", "HostConfig.MemoryReservation", plain.Size(), LIVE,
        "Memory soft limit", default=0, empty=0, compose="mem_reservation", update=True),
    Row("resources.memory_swap", "memory-swap", "HostConfig.MemorySwap", plain.Size(endless=True), LIVE,
        "Swap limit equal to memory plus swap: '-1' to enable unlimited swap", default=0, empty=0,
        compose="memswap_limit", update=True),
    Row("resources.cpus", "cpus", "HostConfig.NanoCpus", plain.Cpus(), LIVE, "Number of CPUs", default=0.0, empty=0,
        compose="cpus", update=True),
    Row("resources.cpu_shares", "cpu-shares", "HostConfig.CpuShares", _NUMBER, LIVE, "CPU shares (relative weight)",
        "c", default=0, empty=0, compose="cpu_shares", update=True),
    Row("resources.cpu_quota", "cpu-quota", "HostConfig.CpuQuota", plain.Number(least=None), LIVE,
        "Limit CPU CFS (Completely Fair Scheduler) quota", default=0, empty=0, compose="cpu_quota", update=True),
    Row("resources.cpu_period", "cpu-period", "HostConfig.CpuPeriod", _NUMBER, LIVE,
        "Limit CPU CFS (Completely Fair Scheduler) period", default=0, empty=0, compose="cpu_period", update=True),
    Row("resources.cpuset_cpus", "cpuset-cpus", "HostConfig.CpusetCpus", _TEXT, LIVE,
        "CPUs in which to allow execution (0-3, 0,1)", default="", empty="", compose="cpuset", update=True),
    Row("resources.cpuset_mems", "cpuset-mems", "HostConfig.CpusetMems", _TEXT, LIVE,
        "MEMs in which to allow execution (0-3, 0,1)", default="", empty="", update=True),
    Row("resources.pids", "pids-limit", "HostConfig.PidsLimit", plain.Pids(), LIVE,
        "Tune container pids limit (set -1 for unlimited)", default=0, compose="pids_limit", update=True),
    Row("resources.io_weight", "blkio-weight", "HostConfig.BlkioWeight", _NUMBER, LIVE,
        "Block IO (relative weight), between 10 and 1000, or 0 to disable", default=0, empty=0, update=True),
    Row("resources.oom_score_adj", "oom-score-adj", "HostConfig.OomScoreAdj", plain.OomScore(),
        LIVE, "Tune host's OOM preferences (-1000 to 1000)", default=0, empty=0, compose="oom_score_adj"),
    Row("resources.swappiness", "memory-swappiness", "HostConfig.MemorySwappiness", plain.Number(least=-1, most=100),
        RESTART, "Tune container memory swappiness (0 to 100)", default=-1, compose="mem_swappiness"),
    Row("resources.oom_kill_disable", "oom-kill-disable", "HostConfig.OomKillDisable", _FLAG, RESTART,
        "Disable OOM Killer", default=False, empty=False, compose="oom_kill_disable"),
    Row("resources.io", "device-read-bps", "HostConfig.BlkioDeviceReadBps", special.Rates("read-bps"), LIVE,
        "Limit read rate (bytes per second) from a device", default=[], empty=[]),
    Row("resources.io", "device-write-bps", "HostConfig.BlkioDeviceWriteBps", special.Rates("write-bps"), LIVE,
        "Limit write rate (bytes per second) to a device", default=[], empty=[]),
    Row("resources.io", "device-read-iops", "HostConfig.BlkioDeviceReadIOps", special.Rates("read-iops"), LIVE,
        "Limit read rate (IO per second) from a device", default=[], empty=[]),
    Row("resources.io", "device-write-iops", "HostConfig.BlkioDeviceWriteIOps", special.Rates("write-iops"), LIVE,
        "Limit write rate (IO per second) to a device", default=[], empty=[]),
    Row("security.privileged", "privileged", "HostConfig.Privileged", _FLAG, RESTART,
        "Give extended privileges to this container, never those of the host", default=False, empty=False,
        compose="privileged"),
    Row("security.read_only_root", "read-only", "HostConfig.ReadonlyRootfs", _FLAG, RESTART,
        "Mount the container's root filesystem as read only", default=False, empty=False, compose="read_only"),
    Row("security.capabilities_add", "cap-add", "HostConfig.CapAdd", plain.Capabilities(), RESTART,
        "Add Linux capabilities", default=[], compose="cap_add"),
    Row("security.capabilities_drop", "cap-drop", "HostConfig.CapDrop", plain.Capabilities(), RESTART,
        "Drop Linux capabilities", default=[], compose="cap_drop"),
    Row("security", "security-opt", "HostConfig.SecurityOpt", special.SecurityOptions(), RESTART, "Security Options",
        default={}, compose="security_opt"),
    Row("security.user_namespace", "userns", "HostConfig.UsernsMode", plain.UserNamespace(), RESTART,
        'User namespace to use ("keep-id": you are the same user inside)', default="", empty="", compose="userns_mode"),
    Row("health.test", "health-cmd", "Healthcheck.Test", special.HealthCommand(), RESTART,
        "Command to run to check health", default=[]),
    Row("health.test", "no-healthcheck", "", special.NoHealth(), RESTART,
        "Disable any container-specified HEALTHCHECK", default=[]),
    Row("health.interval", "health-interval", "Healthcheck.Interval", plain.Seconds(), RESTART,
        "Time between running the check (ms|s|m|h) (default 0s)", default=0.0),
    Row("health.timeout", "health-timeout", "Healthcheck.Timeout", plain.Seconds(), RESTART,
        "Maximum time to allow one check to run", default=0.0),
    Row("health.start_period", "health-start-period", "Healthcheck.StartPeriod", plain.Seconds(), RESTART,
        "Start period for the container to initialize before starting health-retries countdown", default=0.0),
    Row("health.start_interval", "health-start-interval", "Healthcheck.StartInterval", plain.Seconds(), RESTART,
        "Time between running the check during the start period", default=0.0),
    Row("health.retries", "health-retries", "Healthcheck.Retries", _NUMBER, RESTART,
        "Consecutive failures needed to report unhealthy", default=0),
)  # fmt: skip

_NEEDS_ROOT = marked("Recipe", "real-time scheduling needs root")
_DROPPED = marked("Recipe", "the kernel has dropped this limit")
_ONE_DRIVER = marked("Recipe", "there is one driver, local")
_LINK_LOCAL = marked("Recipe", "interfaces choose these themselves")
_PATHS = marked("Recipe", "give systempaths=unconfined or keep the default list")

REFUSED: tuple[Refused, ...] = (
    Refused("blkio-weight-device", "HostConfig.BlkioWeightDevice",
            marked("Recipe", "use BlkioWeight or the rates per device")),
    Refused("cpu-rt-period", "HostConfig.CpuRealtimePeriod", _NEEDS_ROOT),
    Refused("cpu-rt-runtime", "HostConfig.CpuRealtimeRuntime", _NEEDS_ROOT),
    Refused("kernel-memory", "HostConfig.KernelMemory", _DROPPED),
    Refused("", "HostConfig.KernelMemoryTCP", _DROPPED),
    Refused("isolation", "HostConfig.Isolation", marked("Recipe", "there is one kind, Linux namespaces"),
            ("default",)),
    Refused("runtime", "HostConfig.Runtime",
            marked("Recipe", "only crun runs here; a graphics card is given by --gpus"),
            ("crun", "runc", "io.containerd.runc.v2")),
    Refused("storage-opt", "HostConfig.StorageOpt", marked("Recipe", "the file system drivers have no quota")),
    Refused("volume-driver", "HostConfig.VolumeDriver", _ONE_DRIVER, ("local",)),
    Refused("", "HostConfig.Cgroup", marked("Recipe", "a container cannot join another's cgroup")),
    Refused("", "HostConfig.MaskedPaths", _PATHS),
    Refused("", "HostConfig.ReadonlyPaths", _PATHS),
    Refused("link-local-ip", "", _LINK_LOCAL),
)  # fmt: skip

_WORSE = (LIVE, RESTART, RECREATE)


def changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    """The fields that differ ("resources" as a whole), each with what the change costs a container that runs."""
    found: dict[str, str] = {}
    for row in ROWS:
        if get(old, row.field) != get(new, row.field):
            field = row.field.partition(".")[0]
            found[field] = max(found.get(field, LIVE), row.cost, key=_WORSE.index)
    return found


def get(recipe: dict[str, Any], field: str) -> Any:
    """The value at a field, None where there is none."""
    value: Any = recipe
    for part in field.split("."):
        value = value.get(part) if value is not None else None
    return value


def put(recipe: dict[str, Any], field: str, value: Any) -> None:
    outer, _, inner = field.partition(".")
    if inner:
        recipe[outer] = {**(recipe.get(outer) or {}), inner: value}
    elif isinstance(value, dict) and outer in ("security", "log"):
        recipe[outer] = {**(recipe.get(outer) or {}), **value}
    else:
        recipe[outer] = value
