"""Manifests to a cluster: what they would change there, then server-side apply with a field manager of our own."""

from __future__ import annotations

import asyncio
import difflib
from typing import TYPE_CHECKING, Any

from engine.clusters.watching import path_of
from engine.compose.faults import ComposeError
from engine.compose.text.document import read
from engine.errors import InvalidRequest, NotFound
from engine.recipe.exports.yaml_text import yaml_text
from engine.types.clusters import ObjectChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.clusters.connection import Connection
    from engine.clusters.discovery import Kinds
    from engine.clusters.former import FormerStates
    from engine.types.clusters import ClusterKind

MANAGER = "wherry"
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_OF_THE_CLUSTER = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
_FIRST = (
    "Namespace", "CustomResourceDefinition", "ServiceAccount", "Secret", "ConfigMap", "PersistentVolumeClaim",
    "Service",
)  # fmt: skip
_SIDE_BY_SIDE = 8


def read_objects(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every object of the files, lists taken apart; those that others stand on come first."""
    found: list[dict[str, Any]] = []
    try:
        for file, text in texts.items():
            for document in read(text, file):
                found += _taken_apart(document.value, file)
    except ComposeError as error:
        raise InvalidRequest("The manifests cannot be used", str(error)) from error
    return sorted(found, key=lambda each: _FIRST.index(each["kind"]) if each["kind"] in _FIRST else len(_FIRST))


def _taken_apart(value: Any, file: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str) or not value.get("apiVersion"):
        raise InvalidRequest(f"{file}: an object needs apiVersion and kind", subject=file)
    if value["kind"].endswith("List") and isinstance(value.get("items"), list):
        return [each for item in value["items"] for each in _taken_apart(item, file)]
    if not (value.get("metadata") or {}).get("name"):
        raise InvalidRequest(f"{file}: a {value['kind']} has no name", subject=file)
    return [value]


class Applier:
    """Of one cluster and its default namespace."""

    def __init__(self, connection: Connection, kinds: Kinds, namespace: str, former: FormerStates) -> None:
        self._connection = connection
        self._kinds = kinds
        self._namespace = namespace
        self._former = former

    async def differences(self, objects: list[dict[str, Any]], *, force: bool = False) -> list[ObjectChange]:
        """Asked of the server itself, which fills in defaults and checks as if it were meant."""
        slots = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def one(wanted: dict[str, Any]) -> ObjectChange:
            async with slots:
                return await self._difference(wanted, force=force)

        return list(await asyncio.gather(*map(one, objects)))

    async def _difference(self, wanted: dict[str, Any], *, force: bool) -> ObjectChange:
        kind, path = await self._place(wanted)
        before = await self._there(path)
        made_too = before is None and kind.namespaced and await self._namespace_is_missing(self._space(wanted))
        after = wanted if made_too else await self._send(wanted, dry_run=True, force=force)
        old, new = (yaml_text(shown(each)) if each else "" for each in (before, after))
        lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "there", "wanted", lineterm="", n=3)
        action = "create" if before is None else "same" if old == new else "change"
        return ObjectChange(
            title=f"{kind.kind}/{wanted['metadata']['name']}",
            namespace=self._space(wanted) if kind.namespaced else "",
            action=action,  # type: ignore[arg-type]
            diff="\n".join(lines),
        )

    async def _namespace_is_missing(self, name: str) -> bool:
        """Nothing can be tried in one that comes with the same files."""
        try:
            await self._connection.get(f"/api/v1/namespaces/{name}")
        except NotFound:
            return True
        return False

    async def apply(self, objects: list[dict[str, Any]], *, force: bool = False) -> list[dict[str, Any]]:
        """One after the other, in their order; how each was before is kept."""
        made = []
        for wanted in objects:
            _, path = await self._place(wanted)
            before = await self._there(path)
            made.append(await self._send(wanted, dry_run=False, force=force))
            self._former.keep(self._connection.access.server, path, before)
        return made

    async def put_back(self, objects: list[dict[str, Any]]) -> list[str]:
        """Each as it was before it was last applied from here; what was not there then is deleted. Last ones first."""
        titles = []
        for wanted in reversed(objects):
            kind, path = await self._place(wanted)
            titles.append(await self.put_back_one(kind, path, wanted["metadata"]["name"], may_delete=True))
        return titles

    async def put_back_one(self, kind: ClusterKind, path: str, name: str, *, may_delete: bool = False) -> str:
        title, server = f"{kind.kind}/{name}", self._connection.access.server
        known, before = self._former.known(server, path)
        if not known or (before is None and not may_delete):
            raise NotFound(
                f"There is no earlier state of {title}",
                "A cluster keeps none of this kind, and Wherry only that of before its own last deployment.",
                subject=name,
            )
        now = await self._there(path)
        if before is None:
            if now is not None:
                await self._connection.ask("DELETE", path, {"propagationPolicy": "Background"}, what=title)
        elif now is None:
            await self._connection.ask("POST", path.rpartition("/")[0], body=shown(before), what=title)
        else:
            body = shown(before)
            body["metadata"] = {**body["metadata"], "resourceVersion": now["metadata"].get("resourceVersion", "")}
            await self._connection.ask("PUT", path, {"fieldManager": MANAGER}, body=body, what=title)
        self._former.keep(server, path, now)
        return title

    async def _there(self, path: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = await self._connection.get(path)
        except NotFound:
            return None
        return found

    async def delete(self, objects: list[dict[str, Any]]) -> list[str]:
        """Those that are there, last ones first."""
        gone = []
        for each in reversed(objects):
            kind, path = await self._place(each)
            title = f"{kind.kind}/{each['metadata']['name']}"
            try:
                await self._connection.ask("DELETE", path, {"propagationPolicy": "Background"}, what=title)
            except NotFound:
                continue
            gone.append(title)
        return gone

    async def _send(self, wanted: dict[str, Any], *, dry_run: bool, force: bool) -> dict[str, Any]:
        kind, path = await self._place(wanted)
        params = (
            {"fieldManager": MANAGER} | ({"dryRun": "All"} if dry_run else {}) | ({"force": "true"} if force else {})
        )
        title = f"{kind.kind}/{wanted['metadata']['name']}"
        found: dict[str, Any] = await self._connection.ask(
            "PATCH", path, params, body=wanted, content=_APPLY, what=title
        )
        return found

    async def _place(self, wanted: Mapping[str, Any]) -> tuple[ClusterKind, str]:
        kind = await self._kinds.find(wanted["kind"], wanted["apiVersion"])
        return kind, path_of(kind, self._space(wanted), wanted["metadata"]["name"])

    def _space(self, wanted: Mapping[str, Any]) -> str:
        return str(wanted["metadata"].get("namespace") or self._namespace)


def shown(found: Mapping[str, Any]) -> dict[str, Any]:
    """Without what only the cluster writes."""
    about = {key: value for key, value in (found.get("metadata") or {}).items() if key not in _OF_THE_CLUSTER}
    return {key: about if key == "metadata" else value for key, value in found.items() if key != "status"}
