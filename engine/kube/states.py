"""How pods and workloads of a cluster are, from their objects as the API has them. Pure, and light to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def pod_state(pod: Mapping[str, Any]) -> str:
    """In the cluster's own word, the one that says most: "Running", "CrashLoopBackOff", "Init:0/1", "Terminating"."""
    about, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    if about.get("deletionTimestamp"):
        return "Terminating"
    done = 0
    for each in status.get("initContainerStatuses") or ():
        ended = _part(each, "terminated")
        if ended and not ended.get("exitCode"):
            done += 1
            continue
        reason = _part(each, "waiting").get("reason") or ended.get("reason")
        if reason and reason != "PodInitializing":
            return f"Init:{reason}"
        return f"Init:{done}/{len(spec.get('initContainers') or ())}"
    states = status.get("containerStatuses") or ()
    for name in ("waiting", "terminated"):
        for each in states:
            if reason := _part(each, name).get("reason"):
                return str(reason)
    return str(status.get("reason") or status.get("phase") or "Unknown")


def _part(status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return (status.get("state") or {}).get(name) or {}


def restarts_of(pod: Mapping[str, Any]) -> int:
    states = (pod.get("status") or {}).get("containerStatuses") or ()
    return sum(int(each.get("restartCount") or 0) for each in states)


def ready_of(found: Mapping[str, Any]) -> tuple[int, int]:
    """How many are ready, and how many there should be: containers of a pod, pods of a workload."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    match found.get("kind"):
        case "Pod":
            states = status.get("containerStatuses") or ()
            return sum(bool(each.get("ready")) for each in states), len(spec.get("containers") or ())
        case "DaemonSet":
            return int(status.get("numberReady") or 0), int(status.get("desiredNumberScheduled") or 0)
        case "Job":
            return int(status.get("succeeded") or 0), int(spec.get("completions") or 1)
        case "CronJob":
            return len(status.get("active") or ()), 0
    wanted = spec.get("replicas")
    return int(status.get("readyReplicas") or 0), 1 if wanted is None else int(wanted)
