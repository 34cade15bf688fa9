"""Workloads of a cluster: how far they are, scaled, started anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.clusters.watching import path_of
from engine.errors import Unsupported
from engine.types.clusters import Rollout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.clusters.connection import Connection
    from engine.types.clusters import ClusterKind

_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
ROLLS = ("Deployment", "StatefulSet", "DaemonSet")


class Workloads:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def scale(self, kind: ClusterKind, namespace: str, name: str, replicas: int) -> None:
        path = path_of(kind, namespace, name, "scale")
        body = {"spec": {"replicas": replicas}}
        await self._connection.ask("PATCH", path, body=body, content=_MERGE, what=f"{kind.kind}/{name}")

    async def restart(self, kind: ClusterKind, namespace: str, name: str) -> None:
        """As kubectl does: a note in the template, and the workload's own way of replacing pods."""
        _must_roll(kind)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: now}}}}}
        path = path_of(kind, namespace, name)
        await self._connection.ask("PATCH", path, body=body, content=_STRATEGIC, what=f"{kind.kind}/{name}")

    async def status(self, kind: ClusterKind, namespace: str, name: str) -> Rollout:
        _must_roll(kind)
        return rollout_of(await self._connection.get(path_of(kind, namespace, name)))


def rollout_of(found: Mapping[str, Any]) -> Rollout:
    """In kubectl's order: has it been seen, are the new ones there, are the old ones gone, are they ready."""
    spec, status, name = found.get("spec") or {}, found.get("status") or {}, found["metadata"]["name"]
    if status.get("observedGeneration", 0) < found["metadata"].get("generation", 0):
        return Rollout(name=name, done=False, message="The cluster has not seen the change yet")
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            told = str(condition.get("message") or "It took too long")
            return Rollout(name=name, done=False, failed=True, message=told)
    if found["kind"] == "DaemonSet":
        wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
        ready = status.get("numberAvailable", 0)
    else:
        wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
        ready = status.get("availableReplicas", status.get("readyReplicas", 0))
    if updated < wanted:
        return Rollout(name=name, done=False, message=f"{updated} of {wanted} new pods are made")
    old = status.get("replicas", updated) - updated
    if found["kind"] == "Deployment" and old > 0:
        return Rollout(name=name, done=False, message=f"{old} old pods are still to end")
    if ready < wanted:
        return Rollout(name=name, done=False, message=f"{ready} of {wanted} pods are ready")
    return Rollout(name=name, done=True, message=f"{ready} of {wanted} pods are ready")


def _must_roll(kind: ClusterKind) -> None:
    if kind.kind not in ROLLS:
        raise Unsupported(f"A {kind.kind} is not rolled out", hint=f"That is for: {', '.join(ROLLS)}.")
