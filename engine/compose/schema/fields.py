"""Every field of a compose file, one row each: its name and its shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.compose.schema import short_forms as short
from engine.compose.schema.field_shapes import (
    Context,
    Contexts,
    Count,
    Entrypoints,
    ExtraHosts,
    FileMode,
    HealthTest,
    Logging,
    PullPolicy,
    Ulimit,
)
from engine.compose.schema.shapes import (
    CommandLine,
    Duration,
    Fields,
    FilePath,
    Flag,
    KeyValues,
    Listed,
    Mapped,
    Number,
    Reading,
    Shape,
    Size,
    Text,
    Whole,
    itself,
    whole_path,
)

if TYPE_CHECKING:
    from engine.compose.faults import Path

TEXT, FLAG, WHOLE, NUMBER, SIZE, DURATION = Text(), Flag(), Whole(), Number(), Size(), Duration()
TEXTS = Listed(TEXT)
WORDS = Listed(TEXT, itself)
WORD_OR_WORDS = Listed(TEXT, itself, alone=True)
LABELS = KeyValues(bare="")
VARIABLES = KeyValues()
NAMES = re.compile(r"[a-zA-Z0-9._-]+$")


ULIMITS = Mapped(Ulimit({"soft": WHOLE, "hard": WHOLE}, required=("soft", "hard")))


def _after_condition(read: dict[str, Any], path: Path, to: Reading) -> Any:
    return {"condition": "service_started", "required": True} | read


def _after_granted(read: dict[str, Any], path: Path, to: Reading) -> Any:
    if isinstance(read.get("mode"), int):
        read["mode"] = f"0{read['mode']:o}"
    return read


def _after_build(read: dict[str, Any], path: Path, to: Reading) -> Any:
    if "context" not in read and "dockerfile_inline" not in read:
        read["context"] = to.directory
    read.setdefault("context", to.directory)
    if "dockerfile" not in read and "dockerfile_inline" not in read:
        read["dockerfile"] = "Dockerfile"
    if "dockerfile" in read and "dockerfile_inline" in read and read["dockerfile"]:
        to.tell(path, "can't set both 'dockerfile' and 'dockerfile_inline'")
    return read


def _after_health(read: dict[str, Any], path: Path, to: Reading) -> Any:
    test = read.get("test")
    if isinstance(test, list) and test and test[0] not in ("NONE", "CMD", "CMD-SHELL"):
        to.tell((*path, "test"), 'must start with "NONE", "CMD" or "CMD-SHELL"')
    if read.get("disable") is False:
        del read["disable"]
    return read


def _after_volume(read: dict[str, Any], path: Path, to: Reading) -> Any:
    options = read.get("driver_opts") or {}
    if options.get("o") == "bind" and options.get("type") == "none" and "device" in options:
        options["device"] = whole_path(options["device"], to)
    return read


def _after_watch(read: dict[str, Any], path: Path, to: Reading) -> Any:
    """What it was called while it was tried out."""
    if "x-initialSync" in read:
        read["initial_sync"] = read.pop("x-initialSync") is True
    return read


class Gpus(Shape):
    """`all`, or a list of requests."""

    word = "list"

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        if value == "all":
            return [{"count": -1}]
        return Listed(_DEVICE_REQUEST).read(value, path, to)


_DEVICE_REQUEST = Fields(
    {
        "capabilities": TEXTS,
        "driver": TEXT,
        "count": Count(),
        "device_ids": TEXTS,
        "options": KeyValues(),
    },
)

_GRANTED = Listed(
    Fields(
        {"source": TEXT, "target": TEXT, "uid": Text(numbers=True), "gid": Text(numbers=True), "mode": FileMode()},
        short=short.granted,
        after=_after_granted,
    ),
    short.granted_key,
)

_RATES = Listed(Fields({"path": TEXT, "rate": SIZE}), lambda each: each.get("path"))
_COUNTS = Listed(Fields({"path": TEXT, "rate": Size()}), lambda each: each.get("path"))

BUILD = Fields(
    {
        "context": Context(),
        "dockerfile": TEXT,
        "dockerfile_inline": TEXT,
        "args": VARIABLES,
        "ssh": Entrypoints(),
        "labels": LABELS,
        "cache_from": TEXTS,
        "cache_to": TEXTS,
        "no_cache": FLAG,
        "no_cache_filter": WORD_OR_WORDS,
        "additional_contexts": Contexts(),
        "network": TEXT,
        "pull": FLAG,
        "target": TEXT,
        "shm_size": SIZE,
        "extra_hosts": ExtraHosts(),
        "isolation": TEXT,
        "privileged": FLAG,
        "secrets": _GRANTED,
        "tags": WORDS,
        "ulimits": ULIMITS,
        "platforms": WORDS,
        "entitlements": WORDS,
        "provenance": Shape(),
        "sbom": Shape(),
    },
    short=short.build,
    after=_after_build,
)

MOUNT = Fields(
    {
        "type": Text("bind", "volume", "tmpfs", "cluster", "npipe", "image"),
        "source": TEXT,
        "target": TEXT,
        "read_only": FLAG,
        "consistency": TEXT,
        "bind": Fields(
            {
                "propagation": TEXT,
                "create_host_path": FLAG,
                "recursive": Text("enabled", "disabled", "writable", "readonly"),
                "selinux": Text("z", "Z"),
            }
        ),
        "volume": Fields({"labels": LABELS, "nocopy": FLAG, "subpath": TEXT}),
        "tmpfs": Fields({"size": SIZE, "mode": FileMode()}),
        "image": Fields({"subpath": TEXT}),
    },
    short=short.mount,
    after=short.finish_mount,
    required=("type", "target"),
)

PORT = Fields(
    {
        "name": TEXT,
        "mode": TEXT,
        "host_ip": TEXT,
        "target": WHOLE,
        "published": Text(numbers=True),
        "protocol": TEXT,
        "app_protocol": TEXT,
    },
    short=short.ports,
    after=short.finish_port,
)

HEALTHCHECK = Fields(
    {
        "test": HealthTest(),
        "timeout": DURATION,
        "interval": DURATION,
        "retries": WHOLE,
        "start_period": DURATION,
        "start_interval": DURATION,
        "disable": FLAG,
    },
    after=_after_health,
)

_RESOURCES = {"cpus": NUMBER, "memory": SIZE, "pids": WHOLE}
_UPDATE = Fields(
    {
        "parallelism": WHOLE,
        "delay": DURATION,
        "failure_action": TEXT,
        "monitor": DURATION,
        "max_failure_ratio": NUMBER,
        "order": Text("start-first", "stop-first"),
    }
)

DEPLOY = Fields(
    {
        "mode": TEXT,
        "replicas": WHOLE,
        "labels": LABELS,
        "update_config": _UPDATE,
        "rollback_config": _UPDATE,
        "resources": Fields(
            {
                "limits": Fields(_RESOURCES),
                "reservations": Fields(
                    {
                        **_RESOURCES,
                        "generic_resources": Listed(
                            Fields({"discrete_resource_spec": Fields({"kind": TEXT, "value": NUMBER})})
                        ),
                        "devices": Listed(_DEVICE_REQUEST),
                    }
                ),
            }
        ),
        "restart_policy": Fields(
            {"condition": TEXT, "delay": DURATION, "max_attempts": WHOLE, "window": DURATION},
        ),
        "placement": Fields(
            {"constraints": TEXTS, "preferences": Listed(Fields({"spread": TEXT})), "max_replicas_per_node": WHOLE}
        ),
        "endpoint_mode": TEXT,
    },
    empty=True,
)

_HOOK = Listed(
    Fields(
        {
            "command": CommandLine(),
            "user": TEXT,
            "privileged": FLAG,
            "working_dir": TEXT,
            "environment": VARIABLES,
        },
        required=("command",),
    )
)

WATCH = Fields(
    {
        "path": FilePath(),
        "action": Text("rebuild", "sync", "restart", "sync+restart", "sync+exec"),
        "target": TEXT,
        "exec": Fields(
            {"command": CommandLine(), "user": TEXT, "privileged": FLAG, "working_dir": TEXT, "environment": VARIABLES}
        ),
        "ignore": Listed(TEXT, alone=True),
        "include": Listed(TEXT, alone=True),
        "initial_sync": FLAG,
    },
    required=("path", "action"),
    after=_after_watch,
)

ATTACHMENT = Fields(
    {
        "aliases": WORDS,
        "driver_opts": KeyValues(),
        "gw_priority": NUMBER,
        "interface_name": TEXT,
        "ipv4_address": TEXT,
        "ipv6_address": TEXT,
        "link_local_ips": WORDS,
        "mac_address": TEXT,
        "priority": NUMBER,
    },
    empty=True,
)


class Dependencies(Mapped):
    """Services that come before, by name; a list of names is the short form."""

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        return super().read(value if isinstance(value, dict) else short.depended(value, path, to), path, to)


class Attachments(Mapped):
    """Networks of a service by name; a list of names is the short form."""

    def read(self, value: Any, path: Path, to: Reading) -> Any:
        return super().read(value if isinstance(value, dict) else short.joined(value, path, to), path, to)


DEPENDENCIES = Dependencies(
    Fields(
        {
            "condition": Text("service_started", "service_healthy", "service_completed_successfully"),
            "restart": FLAG,
            "required": FLAG,
        },
        after=_after_condition,
    )
)

SERVICE = Fields(
    {
        "annotations": LABELS,
        "attach": FLAG,
        "blkio_config": Fields(
            {
                "weight": WHOLE,
                "weight_device": Listed(Fields({"path": TEXT, "weight": WHOLE}), lambda each: each.get("path")),
                "device_read_bps": _RATES,
                "device_write_bps": _RATES,
                "device_read_iops": _COUNTS,
                "device_write_iops": _COUNTS,
            }
        ),
        "build": BUILD,
        "cap_add": WORDS,
        "cap_drop": WORDS,
        "cgroup": Text("host", "private"),
        "cgroup_parent": TEXT,
        "command": CommandLine(),
        "configs": _GRANTED,
        "container_name": TEXT,
        "cpu_count": WHOLE,
        "cpu_percent": NUMBER,
        "cpu_period": WHOLE,
        "cpu_quota": WHOLE,
        "cpu_rt_period": WHOLE,
        "cpu_rt_runtime": WHOLE,
        "cpu_shares": WHOLE,
        "cpus": NUMBER,
        "cpuset": TEXT,
        "credential_spec": Fields({"config": TEXT, "file": TEXT, "registry": TEXT}),
        "depends_on": DEPENDENCIES,
        "deploy": DEPLOY,
        "develop": Fields({"watch": Listed(WATCH)}, empty=True),
        "device_cgroup_rules": WORDS,
        "devices": Listed(
            Fields({"source": TEXT, "target": TEXT, "permissions": TEXT}, short=short.device), short.target_key
        ),
        "dns": WORD_OR_WORDS,
        "dns_opt": WORDS,
        "dns_search": WORD_OR_WORDS,
        "domainname": TEXT,
        "entrypoint": CommandLine(),
        "env_file": Listed(
            Fields(
                {"path": FilePath(), "required": FLAG, "format": Text("raw")}, short=short.env_file, required=("path",)
            ),
            lambda each: each.get("path"),
            alone=True,
        ),
        "environment": VARIABLES,
        "expose": Listed(Text(numbers=True), itself),
        "extends": Fields({"service": TEXT, "file": TEXT}, short=short.extended, required=("service",)),
        "external_links": WORDS,
        "extra_hosts": ExtraHosts(),
        "gpus": Gpus(),
        "group_add": Listed(Text(numbers=True), itself),
        "healthcheck": HEALTHCHECK,
        "hostname": TEXT,
        "image": TEXT,
        "init": FLAG,
        "ipc": TEXT,
        "isolation": TEXT,
        "label_file": Listed(FilePath(), itself, alone=True),
        "labels": LABELS,
        "links": WORDS,
        "logging": Logging({"driver": TEXT, "options": KeyValues()}),
        "mac_address": TEXT,
        "mem_limit": SIZE,
        "mem_reservation": SIZE,
        "mem_swappiness": SIZE,
        "memswap_limit": SIZE,
        "models": Shape(),
        "network_mode": TEXT,
        "networks": Attachments(ATTACHMENT, empty=True),
        "oom_kill_disable": FLAG,
        "oom_score_adj": WHOLE,
        "pid": Text(empty=True),
        "pids_limit": WHOLE,
        "platform": TEXT,
        "ports": Listed(PORT, short.port_key),
        "post_start": _HOOK,
        "pre_stop": _HOOK,
        "privileged": FLAG,
        "profiles": WORDS,
        "provider": Shape(),
        "pull_policy": PullPolicy(),
        "pull_refresh_after": TEXT,
        "read_only": FLAG,
        "restart": TEXT,
        "runtime": TEXT,
        "scale": WHOLE,
        "secrets": _GRANTED,
        "security_opt": WORDS,
        "shm_size": SIZE,
        "stdin_open": FLAG,
        "stop_grace_period": DURATION,
        "stop_signal": TEXT,
        "storage_opt": KeyValues(),
        "sysctls": KeyValues(),
        "tmpfs": WORD_OR_WORDS,
        "tty": FLAG,
        "ulimits": ULIMITS,
        "use_api_socket": FLAG,
        "user": TEXT,
        "userns_mode": TEXT,
        "uts": TEXT,
        "volumes": Listed(MOUNT, short.target_key),
        "volumes_from": WORDS,
        "working_dir": TEXT,
    },
)


EXTERNAL = Shape()

NETWORK = Fields(
    {
        "name": TEXT,
        "driver": TEXT,
        "driver_opts": KeyValues(),
        "ipam": Fields(
            {
                "driver": TEXT,
                "config": Listed(
                    Fields(
                        {
                            "subnet": TEXT,
                            "ip_range": TEXT,
                            "gateway": TEXT,
                            "aux_addresses": KeyValues(),
                        }
                    ),
                    lambda each: each.get("subnet"),
                ),
                "options": KeyValues(),
            }
        ),
        "external": EXTERNAL,
        "internal": FLAG,
        "attachable": FLAG,
        "enable_ipv4": FLAG,
        "enable_ipv6": FLAG,
        "labels": LABELS,
    },
    empty=True,
)

VOLUME = Fields(
    {"name": TEXT, "driver": TEXT, "driver_opts": KeyValues(), "external": EXTERNAL, "labels": LABELS},
    empty=True,
    after=_after_volume,
)

_KEPT = {
    "name": TEXT,
    "environment": TEXT,
    "file": FilePath(),
    "external": EXTERNAL,
    "labels": LABELS,
    "template_driver": TEXT,
}
SECRET = Fields({**_KEPT, "driver": TEXT, "driver_opts": KeyValues()})
CONFIG = Fields({**_KEPT, "content": TEXT})

INCLUDE = Listed(
    Fields(
        {
            "path": Listed(TEXT, alone=True),
            "env_file": Listed(TEXT, alone=True),
            "project_directory": TEXT,
        },
        short=short.included,
        required=("path",),
    )
)

FILE = Fields(
    {
        "version": TEXT,
        "name": TEXT,
        "include": INCLUDE,
        "services": Mapped(SERVICE, names=NAMES),
        "networks": Mapped(NETWORK, names=NAMES),
        "volumes": Mapped(VOLUME, names=NAMES),
        "secrets": Mapped(SECRET, names=NAMES),
        "configs": Mapped(CONFIG, names=NAMES),
        "models": Shape(),
    }
)
"""A whole file."""
