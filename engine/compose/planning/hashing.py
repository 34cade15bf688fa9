"""docker compose's own hash of a service: with it, either of us leaves alone what the other made and nobody changed.

It is the SHA-256 of the service as Go prints it as JSON, so the order of keys matters: that of `ORDER` and of the
rows in `fields`, whose order is Go's for this reason.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from engine.compose.planning.export import as_service
from engine.compose.schema import fields
from engine.compose.schema.shapes import Fields, Listed, Mapped, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

ORDER = tuple(
    """
    annotations attach develop blkio_config cap_add cap_drop cgroup_parent cgroup cpu_count cpu_percent cpu_period
    cpu_quota cpu_rt_period cpu_rt_runtime cpus cpuset cpu_shares command configs container_name credential_spec deploy
    device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint provider environment expose external_links
    extra_hosts group_add gpus hostname healthcheck image init ipc isolation labels label_file links logging mem_limit
    mem_reservation memswap_limit mem_swappiness mac_address models network_mode networks oom_kill_disable oom_score_adj
    pid pids_limit platform ports privileged read_only restart runtime secrets security_opt shm_size stdin_open
    stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes
    volumes_from working_dir post_start pre_stop
    """.split()
)
"""What is hashed of a service. Left out is what changes without a new container, like build, depends_on and scale."""
_BEFORE_DEPLOY = ORDER.index("deploy")
_WITH_PROFILES = ("profiles", *ORDER)
_WITH_BOTH = ("profiles", *ORDER[:_BEFORE_DEPLOY], "depends_on", *ORDER[_BEFORE_DEPLOY:])


def service_hash(service: dict[str, Any]) -> str:
    """The value of the label com.docker.compose.config-hash."""
    return _hash_of(service, ORDER)


def is_hash_of(value: str, service: dict[str, Any]) -> bool:
    """Whether one that may be older made it: docker compose hashed depends_on up to 2.29 and profiles up to 2.30."""
    return any(value == _hash_of(service, order) for order in (ORDER, _WITH_PROFILES, _WITH_BOTH))


def _hash_of(service: dict[str, Any], order: Iterable[str]) -> str:
    shown = as_service(service)
    if shown.get("deploy"):
        shown["deploy"] = {key: value for key, value in shown["deploy"].items() if key != "replicas"}
    ordered = {key: _ordered(fields.SERVICE.rows[key], shown[key]) for key in order if key in shown}
    return _digest(ordered)


def _digest(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for letter, escaped in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(letter, escaped)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _ordered(shape: Shape, value: Any) -> Any:
    if isinstance(value, list):
        item = shape.item if isinstance(shape, Listed) else Shape()
        return [_ordered(item, each) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(shape, Fields):
        return {key: _ordered(row, value[key]) for key, row in shape.rows.items() if key in value}
    item = shape.item if isinstance(shape, Mapped) else Shape()
    return {key: _ordered(item, value[key]) for key in sorted(value)}


def network_hash(network: dict[str, Any]) -> str:
    """The same for a network."""
    order = "name driver driver_opts ipam external internal attachable labels enable_ipv4 enable_ipv6".split()
    shown = {"ipam": {}, **{key: value for key, value in network.items() if value not in (None, False, {}, [])}}
    return _digest({key: _ordered(fields.NETWORK.rows[key], shown[key]) for key in order if key in shown})


def volume_hash(volume: dict[str, Any]) -> str:
    """The same for a volume."""
    shown = {"driver": "local", **{key: value for key, value in volume.items() if value not in (None, False, {}, [])}}
    order = "name driver driver_opts external labels".split()
    return _digest({key: _ordered(fields.VOLUME.rows[key], shown[key]) for key in order if key in shown})
