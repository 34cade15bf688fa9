"""What the container may do: capabilities, masked paths, seccomp, privileges. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.containers.spec.seccomp import default_profile, profile_from_json
from engine.errors import InvalidRequest
from engine.recipe.checks import capability
from engine.types.confinement import ALL_CAPABILITIES, MASKED_PATHS, READ_ONLY_PATHS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.containers.spec.plan import SpecPlan
    from engine.types.containers import Security

DEFAULT_CAPABILITIES = (
    "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
)  # fmt: skip


def normal_capability(name: str) -> str:
    full = capability(name)
    if not full:
        raise InvalidRequest(f"There is no capability “{name[:40]}”", hint="Capabilities are named like NET_ADMIN.")
    return full


def capability_set(security: Security) -> tuple[str, ...]:
    """The default, more or fewer; all of them for a privileged container."""
    if security.privileged:
        return ALL_CAPABILITIES
    added = {normal_capability(name) for name in security.capabilities_add}
    dropped = {normal_capability(name) for name in security.capabilities_drop}
    if "ALL" in added:
        held = set(ALL_CAPABILITIES) - dropped
    else:
        held = (set() if "ALL" in dropped else set(DEFAULT_CAPABILITIES) - dropped) | added
    return tuple(sorted(held))


def capabilities_object(security: Security, uid: int) -> dict[str, list[str]]:
    """A process that is not root starts with none of them in effect; the bounding set is what it could ever regain."""
    held = list(capability_set(security))
    effective = held if uid == 0 else []
    return {"bounding": held, "effective": effective, "permitted": effective, "inheritable": [], "ambient": []}


def seccomp_object(plan: SpecPlan) -> dict[str, Any] | None:
    security = plan.spec.security
    if security.seccomp == "unconfined" or (security.privileged and not security.seccomp):
        return None
    held = capability_set(security)
    if security.seccomp:
        return profile_from_json(security.seccomp, held, plan.architecture)
    return default_profile(held, plan.architecture)


def hidden_paths(security: Security) -> dict[str, Sequence[str]]:
    if security.privileged or security.unmask_paths:
        return {}
    return {"maskedPaths": list(MASKED_PATHS), "readonlyPaths": list(READ_ONLY_PATHS)}


def check_security(security: Security) -> None:
    capability_set(security)
    if security.seccomp and security.seccomp != "unconfined":
        profile_from_json(security.seccomp, (), "amd64")
