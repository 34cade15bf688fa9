"""The process: what runs, as whom, with which environment and limits. Pure."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Any

from engine.containers.spec.security import capabilities_object
from engine.errors import InvalidRequest, Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.containers.spec.plan import SpecPlan
    from engine.types.containers import Ulimit

INIT_PATH = "/run/.wherry-init"
"""Where the lent init shows up inside."""

_LIMITS = {
    name.removeprefix("RLIMIT_").lower(): getattr(resource, name)
    for name in dir(resource)
    if name.startswith("RLIMIT_")
}


def process_object(plan: SpecPlan) -> dict[str, Any]:
    spec = plan.spec
    line = list(plan.command_line)
    if plan.init_program:
        line = [INIT_PATH, "--", *line]
    process: dict[str, Any] = {
        "terminal": spec.tty,
        "args": line,
        "env": [f"{name}={value}" for name, value in plan.env.items()],
        "cwd": plan.workdir,
        "user": _user_object(plan),
        "capabilities": capabilities_object(spec.security, plan.user.uid),
        "noNewPrivileges": spec.security.no_new_privileges,
        "rlimits": rlimits(spec.ulimits),
    }
    if spec.resources.oom_score_adj:
        process["oomScoreAdj"] = spec.resources.oom_score_adj
    return process


def _user_object(plan: SpecPlan) -> dict[str, Any]:
    user: dict[str, Any] = {"uid": plan.user.uid, "gid": plan.user.gid, "umask": 0o022}
    if not plan.single_id:
        # Its own is among them, as with Docker: what asks for its groups finds at least that.
        user["additionalGids"] = sorted({plan.user.gid, *plan.user.groups})
    return user


def rlimits(ulimits: Sequence[Ulimit]) -> list[dict[str, Any]]:
    return [
        {"type": f"RLIMIT_{limit.name.upper()}", "soft": _value(limit.soft), "hard": _value(limit.hard)}
        for limit in ulimits
    ]


def _value(limit: int) -> int:
    return 2**64 - 1 if limit < 0 else limit


def check_ulimits(ulimits: Sequence[Ulimit], host: Mapping[str, int] | None = None) -> None:
    """Refuse what cannot be meant, and what a user may not raise."""
    for limit in ulimits:
        number = _LIMITS.get(limit.name.lower())
        if number is None:
            raise InvalidRequest(
                f"There is no limit called “{limit.name}”", hint=f"Known: {', '.join(sorted(_LIMITS))}."
            )
        if 0 <= limit.hard < limit.soft:
            raise InvalidRequest(f"The soft {limit.name} limit is above the hard one")
        most = host.get(limit.name.lower(), -1) if host is not None else resource.getrlimit(number)[1]
        if most != resource.RLIM_INFINITY and not 0 <= limit.hard <= most:
            raise Unsupported(
                f"The {limit.name} limit cannot be raised to {limit.hard if limit.hard >= 0 else 'unlimited'}",
                f"This user's own hard limit is {most}.",
                hint="Raise it in /etc/security/limits.conf and log in again, or ask for less.",
                subject=limit.name,
            )
