"""The whole of config.json, put together from its parts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.containers.spec.mounts import mount_objects
from engine.containers.spec.process import process_object
from engine.containers.spec.security import hidden_paths, seccomp_object
from engine.errors import InvalidRequest
from engine.storage.drivers import changed_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.containers.spec.plan import SpecPlan

_VERSION = "1.0.2"


def runtime_spec(plan: SpecPlan) -> dict[str, Any]:
    document: dict[str, Any] = {
        "ociVersion": _VERSION,
        "process": process_object(plan),
        "root": {"path": plan.rootfs, "readonly": plan.spec.security.read_only_root},
        "mounts": mount_objects(plan),
        "linux": _linux_object(plan),
        "annotations": {"io.wherry.id": plan.container_id},
    }
    if not plan.uts:
        document["hostname"] = plan.hostname
        if plan.spec.domainname:
            document["domainname"] = plan.spec.domainname
    plan.edits.apply(document)
    return document


def _linux_object(plan: SpecPlan) -> dict[str, Any]:
    linux: dict[str, Any] = {
        "namespaces": list(_namespaces(plan)),
        "sysctl": _sysctls(plan),
        "rootfsPropagation": "rprivate",
        **hidden_paths(plan.spec.security),
    }
    if plan.host_user_id:
        linux["uidMappings"] = keep_id_map(plan.host_user_id, plan.id_count)
        linux["gidMappings"] = keep_id_map(plan.host_group_id, plan.id_count)
    seccomp = seccomp_object(plan)
    if seccomp is not None:
        linux["seccomp"] = seccomp
    return linux


def _namespaces(plan: SpecPlan) -> Sequence[dict[str, str]]:
    """ "host" leaves a namespace out, a path joins one, "" makes one."""
    wanted = {"pid": plan.pid, "ipc": plan.ipc, "uts": plan.uts, "network": plan.network}
    if plan.cgroup_v2:
        wanted["cgroup"] = plan.cgroup
    namespaces = [{"type": "mount"}]
    for kind, value in wanted.items():
        if value != "host":
            namespaces.append({"type": kind, "path": value} if value else {"type": kind})
    if plan.host_user_id:
        namespaces.append({"type": "user"})
    return namespaces


def _sysctls(plan: SpecPlan) -> dict[str, str]:
    if not plan.own_network:
        return plan.spec.sysctls
    defaults = {
        # As Docker: the container's network is its own, so low ports and ping need no privilege in it.
        "net.ipv4.ip_unprivileged_port_start": "0",
        # Groups that are not mapped cannot be named, so "all" is all that are.
        "net.ipv4.ping_group_range": f"0 {plan.id_count - 1}",
    }
    return defaults | plan.spec.sysctls


def check_sysctls(sysctls: dict[str, str], *, network: str, ipc: str) -> None:
    """Only what belongs to a namespace of the container's own may be set."""
    for name in sysctls:
        if name.startswith("net."):
            if network == "host":
                raise InvalidRequest(f"{name} would change the host", "The container uses the host's network.")
        elif name.startswith(("fs.mqueue.", "kernel.msg", "kernel.sem", "kernel.shm")):
            if ipc == "host":
                raise InvalidRequest(f"{name} would change the host", "The container shares the host's IPC.")
        elif name not in ("kernel.domainname", "kernel.hostname"):
            raise InvalidRequest(
                f"{name} cannot be set for one container",
                "The kernel has it once for the whole machine.",
                subject=name,
            )


def keep_id_map(own: int, count: int) -> list[dict[str, int]]:
    """The host's user (0 in the engine's namespace) as `own` inside; the one that was there is root instead."""
    ranges = changed_places(own, count)
    return [{"containerID": inside, "hostID": outside, "size": size} for inside, outside, size in ranges]
