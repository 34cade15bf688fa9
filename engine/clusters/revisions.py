"""How a workload was before: a deployment's in its replica sets, others' in their controller revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.clusters.watching import list_all, path_of
from engine.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.clusters.connection import Connection
    from engine.clusters.discovery import Kinds
    from engine.types.clusters import ClusterKind

_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_STRATEGIC = "application/strategic-merge-patch+json"


class Revisions:
    """Of one cluster."""

    def __init__(self, connection: Connection, kinds: Kinds) -> None:
        self._connection = connection
        self._kinds = kinds

    async def bring_back(self, kind: ClusterKind, namespace: str, name: str, revision: int = 0) -> int:
        """The state before, or the named one; gives which."""
        path = path_of(kind, namespace, name)
        now = await self._connection.get(path)
        if kind.kind == "Deployment":
            return await self._deployment(path, now, namespace, revision)
        every = await self._owned(now, "ControllerRevision", namespace)
        mine = {int(each.get("revision") or 0): each for each in every}
        wanted = _chosen(mine, max(mine, default=0), revision, name)
        # A revision is itself the patch that brings its state back.
        patch = mine[wanted].get("data")
        await self._connection.ask("PATCH", path, body=patch, content=_STRATEGIC, what=f"{kind.kind}/{name}")
        return wanted

    async def _deployment(self, path: str, now: Mapping[str, Any], namespace: str, revision: int) -> int:
        name = now["metadata"]["name"]
        mine = {_revision(each): each for each in await self._owned(now, "ReplicaSet", namespace)}
        wanted = _chosen(mine, _revision(now), revision, name)
        template = mine[wanted]["spec"]["template"]
        labels = {key: value for key, value in template["metadata"].get("labels", {}).items() if key != _HASH}
        template = {**template, "metadata": {**template["metadata"], "labels": labels}}
        body = [{"op": "replace", "path": "/spec/template", "value": template}]
        await self._connection.ask("PATCH", path, body=body, content="application/json-patch+json", what=name)
        return wanted

    async def _owned(self, owner: Mapping[str, Any], kind: str, namespace: str) -> list[dict[str, Any]]:
        found, _ = await list_all(self._connection, await self._kinds.find(kind, "apps/v1"), namespace)
        uid = owner["metadata"]["uid"]
        return [each for each in found if _owned_by(each, uid)]


def _chosen(known: Mapping[int, object], now: int, revision: int, name: str) -> int:
    earlier = sorted(number for number in known if number < now)
    wanted = revision or (earlier[-1] if earlier else 0)
    if wanted not in known:
        raise NotFound(f"There is no earlier state of {name}", subject=name)
    return wanted


def _revision(found: Mapping[str, Any]) -> int:
    text = str((found["metadata"].get("annotations") or {}).get(_REVISION, "0"))
    return int(text) if text.isdigit() else 0


def _owned_by(found: Mapping[str, Any], uid: str) -> bool:
    return any(each.get("uid") == uid for each in found["metadata"].get("ownerReferences") or ())
