"""What pods use, where a cluster's metrics API says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import NotFound
from engine.kube.amounts import quantity
from engine.types.clusters import PodUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.clusters.connection import Connection

_API = "/apis/metrics.k8s.io/v1beta1"


async def used(connection: Connection, namespace: str, pod: str) -> Sequence[PodUsage]:
    """Of all pods, or of one in a namespace."""
    within = f"/namespaces/{namespace}" if namespace or pod else ""
    if not namespace and pod:
        within += "default"
    try:
        answer = await connection.get(f"{_API}{within}/pods" + (f"/{pod}" if pod else ""))
    except NotFound:
        await _measures(connection)
        raise NotFound(f"{pod} is not measured", "It has not run for long enough yet, or does not run.") from None
    return [_usage(each) for each in ([answer] if pod else answer.get("items") or ())]


async def _measures(connection: Connection) -> None:
    try:
        await connection.get(_API)
    except NotFound as error:
        raise NotFound(
            "This cluster measures nothing", "It has no metrics API: its metrics-server is not installed."
        ) from error


def _usage(found: dict[str, Any]) -> PodUsage:
    parts = found.get("containers") or ()
    return PodUsage(
        namespace=found["metadata"].get("namespace", ""),
        pod=found["metadata"]["name"],
        cpu=sum(_amount(part, "cpu") for part in parts),
        memory=int(sum(_amount(part, "memory") for part in parts)),
    )


def _amount(part: dict[str, Any], name: str) -> float:
    """The metrics API says processors in billionths."""
    text = str((part.get("usage") or {}).get(name) or "0")
    for unit, factor in (("n", 1e-9), ("u", 1e-6)):
        if text.endswith(unit):
            return float(text[:-1]) * factor
    return quantity(text) or 0.0
