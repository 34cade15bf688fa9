"""The sections of the form, as data: which option of the recipe is which field, under which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import convert, to_builtins

from engine.recipe.kinds.amounts import read_size
from engine.recipe.kinds.devices import device_words, read_device
from engine.recipe.kinds.special import read_ulimit
from engine.types.containers import Device, HealthCheck, IoLimit, RestartPolicy, Ulimit
from gui.dialogs.containers.form import fields as f
from gui.dialogs.containers.form.rows import MountRow, PortRow, RowsField
from gui.widgets.labels import form_label
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gui.dialogs.containers.form.fields import Field


@dataclass(frozen=True, slots=True)
class Entry:
    """One field: where its value lives in the recipe ("env", "resources.memory"), its label, its field."""

    key: str
    words: str
    field: Field
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    id: str
    title: str
    icon: str
    entries: tuple[Entry, ...]
    note: str = ""


def sections(
    *,
    volumes: Sequence[str],
    networks: Sequence[str],
    choose_folder: Callable[[MountRow], None],
    choose_env_file: Callable[[f.PairsField], None],
) -> tuple[Section, ...]:
    """All of them, with fresh fields."""
    return (
        _basics(),
        _ports(),
        _files(volumes, choose_folder),
        _environment(choose_env_file),
        _network(networks),
        _limits(),
        _health(),
        _security(),
        _advanced(),
    )


def _basics() -> Section:
    return Section(
        "command",
        translate("RunForm", "Basics"),
        "container",
        (
            Entry("command", translate("RunForm", "Command"), f.command_field()),
            Entry("entrypoint", translate("RunForm", "Entrypoint"), f.command_field()),
            Entry("restart", translate("RunForm", "Start again"), RestartField()),
            Entry(
                "tty", "", f.BoolField(translate("RunForm", "Give it a terminal (for shells and full-screen programs)"))
            ),
            Entry("stdin_open", "", f.BoolField(translate("RunForm", "Keep its input open"))),
            Entry("auto_remove", "", f.BoolField(translate("RunForm", "Remove it when it ends"))),
            Entry("init", "", f.BoolField(translate("RunForm", "Add a small init that reaps zombies"))),
        ),
    )


def _ports() -> Section:
    rows = RowsField(PortRow, translate("RunForm", "Publish a port"))
    return Section(
        "ports",
        translate("RunForm", "Ports"),
        "plug",
        (
            Entry("ports", "", rows),
            Entry(
                "publish_all", "", f.BoolField(translate("RunForm", "Publish every port of the image on a free port"))
            ),
            Entry("exposed_ports", translate("RunForm", "Also expose"), f.words_field("9000/tcp")),
        ),
        translate("RunForm", "Left: the port on this computer. Right: the port the service listens on."),
    )


def _files(volumes: Sequence[str], choose_folder: Callable[[MountRow], None]) -> Section:
    rows = RowsField(lambda mount: MountRow(mount, volumes, choose_folder), translate("RunForm", "Mount something"))
    return Section(
        "mounts",
        translate("RunForm", "Files and volumes"),
        "volume",
        (
            Entry("mounts", "", rows),
            Entry(
                "volumes_from",
                translate("RunForm", "Volumes of"),
                f.words_field(translate("RunForm", "other containers")),
            ),
            Entry("shm_size", translate("RunForm", "Shared memory"), f.size_field("64m")),
        ),
        translate("RunForm", "Volumes outlive the container; what it writes elsewhere goes when it is removed."),
    )


def _environment(choose_file: Callable[[f.PairsField], None]) -> Section:
    return Section(
        "env",
        translate("RunForm", "Environment"),
        "braces",
        (
            Entry("env", translate("RunForm", "Variables"), f.PairsField("NAME=value", choose_file)),
            Entry("labels", translate("RunForm", "Labels"), f.PairsField("name=value")),
            Entry("user", translate("RunForm", "User"), f.TextField(empty=None)),
            Entry("extra_groups", translate("RunForm", "Further groups"), f.words_field()),
            Entry("workdir", translate("RunForm", "Directory"), f.TextField(empty=None, code=True)),
            Entry("hostname", translate("RunForm", "Host name"), f.TextField()),
            Entry("domainname", translate("RunForm", "Domain"), f.TextField()),
        ),
    )


def _network(networks: Sequence[str]) -> Section:
    choices = [
        ("pasta", translate("RunForm", "Its own, reachable by published ports")),
        ("none", translate("RunForm", "None")),
        ("host", translate("RunForm", "That of this computer")),
        *((name, name) for name in networks),
    ]
    return Section(
        "network",
        translate("RunForm", "Network"),
        "network",
        (
            Entry("network", translate("RunForm", "Network"), f.ChoiceField(choices, editable=True)),
            Entry("network_aliases", translate("RunForm", "Also known as"), f.words_field()),
            Entry("extra_hosts", translate("RunForm", "Hosts"), f.LinesField("name:10.0.0.1")),
            Entry("links", translate("RunForm", "Links"), f.words_field("db:store")),
            Entry("egress", translate("RunForm", "May reach"), f.words_field("example.org, *.debian.org, 10.0.0.0/8")),
            Entry("dns", translate("RunForm", "DNS servers"), f.words_field("9.9.9.9")),
            Entry("dns_search", translate("RunForm", "DNS search"), f.words_field("example.org")),
            Entry("dns_options", translate("RunForm", "DNS options"), f.words_field("ndots:2")),
        ),
    )


def _limits() -> Section:
    return Section(
        "limits",
        translate("RunForm", "Limits"),
        "gauge",
        (
            Entry("resources.memory", translate("RunForm", "Memory"), f.size_field()),
            Entry("resources.cpus", translate("RunForm", "CPUs"), f.decimal_field("1.5")),
            Entry("resources.pids", translate("RunForm", "Processes"), f.integer_field("200")),
            Entry("resources.memory_reservation", translate("RunForm", "Memory, soft"), f.size_field()),
            Entry("resources.memory_swap", translate("RunForm", "Memory and swap"), f.swap_field()),
            Entry("resources.cpu_shares", translate("RunForm", "CPU weight"), f.integer_field("1024", most=262144)),
            Entry("resources.cpuset_cpus", translate("RunForm", "On processors"), f.TextField("0-3")),
            Entry("resources.cpuset_mems", translate("RunForm", "On memory nodes"), f.TextField("0")),
            Entry("resources.cpu_quota", translate("RunForm", "CPU quota, µs"), f.integer_field("50000")),
            Entry("resources.cpu_period", translate("RunForm", "CPU period, µs"), f.integer_field("100000")),
            Entry("resources.io_weight", translate("RunForm", "Disk weight"), f.integer_field("500", most=1000)),
            Entry(
                "resources.io",
                translate("RunForm", "Disk rates"),
                f.LinesField("/dev/sda read-bps 10m", parse=_parse_io, show=_show_io),
            ),
            Entry(
                "resources.oom_score_adj",
                translate("RunForm", "OOM score"),
                f.integer_field("0", least=-1000, most=1000),
            ),
            Entry(
                "resources.swappiness",
                translate("RunForm", "Swappiness"),
                f.integer_field("60", least=-1, most=100, empty=-1),
            ),
            Entry(
                "resources.oom_kill_disable",
                "",
                f.BoolField(translate("RunForm", "Wait for memory instead of being killed (control groups v1)")),
            ),
            Entry(
                "ulimits",
                translate("RunForm", "Ulimits"),
                f.LinesField("nofile=1024:4096", parse=_parse_ulimit, show=lambda u: f"{u.name}={u.soft}:{u.hard}"),
            ),
            Entry(
                "log.driver",
                translate("RunForm", "Log"),
                f.ChoiceField(
                    [
                        ("json-file", translate("RunForm", "Kept in files")),
                        ("local", translate("RunForm", "Kept in files (“local” to clients of Docker)")),
                        ("none", translate("RunForm", "Not kept")),
                    ]
                ),
            ),
            Entry("log.max_bytes", translate("RunForm", "Log file size"), f.size_field("256m")),
            Entry("log.max_files", translate("RunForm", "Log files"), f.integer_field("4", most=100)),
        ),
        translate("RunForm", "Empty means no limit. Memory, CPUs and processes can be changed while it runs."),
    )


def _health() -> Section:
    return Section("health", translate("RunForm", "Health check"), "pulse", (Entry("health", "", HealthField()),))


def _security() -> Section:
    seccomp = f.ChoiceField(
        [("", translate("RunForm", "The default list")), ("unconfined", translate("RunForm", "No filter"))],
        editable=True,
    )
    return Section(
        "security",
        translate("RunForm", "Security"),
        "shield",
        (
            Entry(
                "security.read_only_root", "", f.BoolField(translate("RunForm", "It cannot change its own file system"))
            ),
            Entry("security.no_new_privileges", "", f.BoolField(translate("RunForm", "It cannot gain privileges"))),
            Entry(
                "security.privileged",
                "",
                f.BoolField(translate("RunForm", "Privileged (within its own user namespace, never on this computer)")),
            ),
            Entry(
                "engine_socket",
                "",
                f.BoolField(translate("RunForm", "It may command Wherry (/var/run/docker.sock as a mount's source)")),
            ),
            Entry(
                "security.unmask_paths", "", f.BoolField(translate("RunForm", "Show masked paths of /proc and /sys"))
            ),
            Entry(
                "security.capabilities_add",
                translate("RunForm", "Add capabilities"),
                f.words_field("NET_ADMIN", upper=True),
            ),
            Entry(
                "security.capabilities_drop",
                translate("RunForm", "Drop capabilities"),
                f.words_field("ALL", upper=True),
            ),
            Entry("security.seccomp", translate("RunForm", "System calls"), seccomp),
            Entry(
                "security.user_namespace",
                translate("RunForm", "Users"),
                f.ChoiceField(
                    [
                        ("", translate("RunForm", "You are its root, or whoever works in your folders")),
                        ("keep-id", translate("RunForm", "You are its user")),
                        ("host", translate("RunForm", "You are its root in any case")),
                    ]
                ),
            ),
            Entry(
                "devices",
                translate("RunForm", "Devices"),
                f.LinesField("/dev/ttyUSB0", parse=_parse_device, show=_show_device),
            ),
            Entry("device_rules", translate("RunForm", "Device rules"), f.LinesField("c 189:* rwm")),
            Entry("sysctls", translate("RunForm", "Kernel settings"), f.PairsField("net.core.somaxconn=1024")),
        ),
    )


def _advanced() -> Section:
    own_or_host = [("", translate("RunForm", "Its own")), ("host", translate("RunForm", "That of this computer"))]
    return Section(
        "advanced",
        translate("RunForm", "Advanced"),
        "settings",
        (
            Entry("stop_signal", translate("RunForm", "Stop signal"), f.TextField(empty=None)),
            Entry("stop_timeout", translate("RunForm", "Time to stop"), f.seconds_field("10s", empty=None)),
            Entry("pid_mode", translate("RunForm", "Processes"), f.ChoiceField(own_or_host, editable=True)),
            Entry("ipc_mode", translate("RunForm", "Shared memory (IPC)"), f.ChoiceField(own_or_host, editable=True)),
            Entry("uts_mode", translate("RunForm", "Host name (UTS)"), f.ChoiceField(own_or_host)),
            Entry("cgroup_mode", translate("RunForm", "Control groups"), f.ChoiceField(own_or_host)),
            Entry(
                "driver",
                translate("RunForm", "Storage"),
                f.ChoiceField(
                    [
                        ("", translate("RunForm", "The engine's choice")),
                        ("overlay", "overlay"),
                        ("fuse-overlayfs", "fuse-overlayfs"),
                    ]
                ),
            ),
            Entry("cgroup_parent", translate("RunForm", "Group above"), f.TextField()),
            Entry("platform", translate("RunForm", "Platform"), f.TextField("linux/amd64")),
            Entry("stdin_once", "", f.BoolField(translate("RunForm", "Close its input after the first client"))),
        ),
    )


class RestartField(f.Field):
    """The policy and, for failures, how often."""

    def __init__(self) -> None:
        super().__init__()
        from PySide6.QtWidgets import QHBoxLayout

        self.choice = f.ChoiceField(
            [
                ("no", translate("RunForm", "Never")),
                ("on-failure", translate("RunForm", "When it fails")),
                ("unless-stopped", translate("RunForm", "Always, unless stopped by hand")),
                ("always", translate("RunForm", "Always")),
            ]
        )
        self.retries = f.integer_field(translate("RunForm", "times"), most=1000)
        self.retries.setFixedWidth(90)
        self.retries.line.setAccessibleName(translate("RunForm", "How many times"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.choice, 1)
        row.addWidget(self.retries)
        self.setFocusProxy(self.choice)
        self.choice.changed.connect(self._on_choice)
        self.retries.changed.connect(self.changed.emit)
        self._on_choice()

    def _on_choice(self) -> None:
        self.retries.setVisible(self.choice.value() == "on-failure")
        self.changed.emit()

    def value(self) -> RestartPolicy:
        name = self.choice.value()
        return RestartPolicy(name=name, maximum_retries=self.retries.value() if name == "on-failure" else 0)

    def set_value(self, value: RestartPolicy) -> None:
        self.choice.set_value(value.name)
        self.retries.set_value(value.maximum_retries)


class HealthField(f.Field):
    """As the image says, none, or a command of one's own with its times."""

    wide = True

    def __init__(self) -> None:
        super().__init__()
        from PySide6.QtWidgets import QFormLayout

        self.mode = f.ChoiceField(
            [
                ("image", translate("RunForm", "As the image says")),
                ("none", translate("RunForm", "Do not check")),
                ("own", translate("RunForm", "Run a command")),
            ]
        )
        self.command = f.TextField("curl -f http://localhost/ || exit 1", code=True)
        self.times = {
            "interval": f.seconds_field("30s"),
            "timeout": f.seconds_field("30s"),
            "start_period": f.seconds_field("0s"),
            "start_interval": f.seconds_field("5s"),
            "retries": f.integer_field("3", most=1000),
        }
        words = {
            "interval": translate("RunForm", "Every"),
            "timeout": translate("RunForm", "Give up after"),
            "start_period": translate("RunForm", "Time to get ready"),
            "start_interval": translate("RunForm", "Meanwhile every"),
            "retries": translate("RunForm", "Unhealthy after failures"),
        }
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.addRow(form_label(translate("RunForm", "Check")), self.mode)
        self._form.addRow(form_label(translate("RunForm", "Command")), self.command)
        for key, field in self.times.items():
            field.line.setAccessibleName(words[key])
            self._form.addRow(form_label(words[key]), field)
        for part in (self.mode, self.command, *self.times.values()):
            part.changed.connect(self._on_change)
        self._on_change()

    def _on_change(self) -> None:
        own = self.mode.value() == "own"
        for field in (self.command, *self.times.values()):
            self._form.setRowVisible(field, own)
        self.changed.emit()

    def value(self) -> HealthCheck | None:
        mode = self.mode.value()
        if mode == "image":
            return None
        if mode == "none":
            return HealthCheck(test=("NONE",))
        command = self.command.value()
        if not command:
            raise ValueError(translate("RunForm", "Which command tells that it is well?"))
        return HealthCheck(test=("CMD-SHELL", command), **{key: field.value() for key, field in self.times.items()})

    def set_value(self, value: HealthCheck | None) -> None:
        import shlex

        none = value is not None and value.test[:1] == ("NONE",)
        self.mode.set_value("image" if value is None else "none" if none else "own")
        if value is None or none:
            return
        kind, *rest = value.test or ("CMD-SHELL",)
        self.command.set_value(rest[0] if kind == "CMD-SHELL" and rest else shlex.join(rest))
        for key, field in self.times.items():
            field.set_value(getattr(value, key))


def _parse_io(text: str) -> IoLimit:
    parts = text.split()
    kinds = ("read-bps", "write-bps", "read-iops", "write-iops")
    if len(parts) != 3 or parts[1] not in kinds:
        raise ValueError(translate("RunForm", "“{0}”: write /dev/sda read-bps 10m").format(text))
    kind: Any = parts[1]
    return IoLimit(device=parts[0], kind=kind, rate=read_size(parts[2]))


def _show_io(limit: IoLimit) -> str:
    return f"{limit.device} {limit.kind} {limit.rate}"


def _parse_ulimit(text: str) -> Ulimit:
    return convert(read_ulimit(text), Ulimit)


def _parse_device(text: str) -> Device:
    return convert(read_device(text), Device)


def _show_device(device: Device) -> str:
    return device_words(to_builtins(device))
