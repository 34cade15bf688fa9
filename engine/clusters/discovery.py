"""Which kinds a cluster has, as it tells itself, and which is meant by a word."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.compose.faults import near_miss
from engine.errors import ClusterError, Code, NotFound, WherryError
from engine.types.clusters import ClusterKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.clusters.connection import Connection

_TOGETHER = ",".join(
    [*(f"application/json;g=apidiscovery.k8s.io;v={each};as=APIGroupDiscoveryList" for each in ("v2", "v2beta1")),
     "application/json"]
)  # fmt: skip
"""From 1.27 on all kinds come in two answers; older servers take no notice of the first two words."""


class Kinds:
    """Asked once for each connection; asked again when a word is not found."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: list[ClusterKind] = []
        self._away: list[str] = []
        """Parts of the API that did not answer: their kinds are not known."""
        self._asking = asyncio.Lock()
        """Those that ask side by side, as the watches of a page do, get one answer."""

    async def all(self) -> list[ClusterKind]:
        async with self._asking:
            if not self._known:
                self._known = await self._ask()
            return self._known

    async def find(self, word: str, api_version: str = "") -> ClusterKind:
        """Words as "pods", "pod", "po", "Deployment", "deployments.apps"."""
        for again in (False, True):
            if again:
                self._known = []
            kinds = await self.all()
            for each in kinds:
                if api_version in ("", each.api_version) and _means(each, word.lower()):
                    return each
        if self._away:
            self._known = []
            raise ClusterError(
                f"The cluster does not say whether it has “{word}”",
                f"Parts of it do not answer: {', '.join(self._away)}",
                code=Code.CONNECT, subject=word,
            )  # fmt: skip
        words = [name for each in kinds for name in (each.plural, each.kind.lower())]
        raise NotFound(
            f"The cluster has no kind “{word}”" + (f" in {api_version}" if api_version else ""),
            hint=near_miss(word.lower(), words),
            subject=word,
        )

    async def _ask(self) -> list[ClusterKind]:
        self._away = []
        core, groups = await asyncio.gather(
            self._connection.get("/api", accept=_TOGETHER), self._connection.get("/apis", accept=_TOGETHER)
        )
        if core.get("kind") == "APIGroupDiscoveryList":
            return [*_of_list(core), *_of_list(groups)]
        places = [("", version) for version in core.get("versions") or ()]
        for group in groups.get("groups") or ():
            preferred = (group.get("preferredVersion") or {}).get("version")
            versions = [each["version"] for each in group.get("versions") or ()]
            versions.sort(key=lambda version: version != preferred)
            places += [(group["name"], version) for version in versions]
        answers = await asyncio.gather(*(self._of_place(group, version) for group, version in places))
        return [kind for kinds in answers for kind in kinds]

    async def _of_place(self, group: str, version: str) -> list[ClusterKind]:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            answer = await self._connection.get(path)
        except NotFound:
            return []
        except WherryError:
            self._away.append(f"{group}/{version}".removeprefix("/"))
            return []  # an aggregated API whose server is away hides its own kinds only
        return [
            ClusterKind(
                kind=each["kind"], plural=each["name"], group=group, version=version,
                namespaced=bool(each.get("namespaced")), short_names=tuple(each.get("shortNames") or ()),
                verbs=tuple(each.get("verbs") or ()),
            )
            for each in answer.get("resources") or ()
            if "/" not in each["name"]
        ]  # fmt: skip


def _of_list(answer: dict[str, Any]) -> Iterator[ClusterKind]:
    for group in answer.get("items") or ():
        name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions") or ():
            for each in version.get("resources") or ():
                yield ClusterKind(
                    kind=each["responseKind"]["kind"], plural=each["resource"], group=name, version=version["version"],
                    namespaced=each.get("scope") == "Namespaced", short_names=tuple(each.get("shortNames") or ()),
                    verbs=tuple(each.get("verbs") or ()),
                )  # fmt: skip


def _means(kind: ClusterKind, word: str) -> bool:
    return word in (kind.plural, kind.kind.lower(), *kind.short_names, f"{kind.plural}.{kind.group}")
