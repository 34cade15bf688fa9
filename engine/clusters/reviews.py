"""What one may do in a cluster, asked of the cluster itself before it is tried."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import NotFound, WherryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.clusters.connection import Connection
    from engine.clusters.discovery import Kinds

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def forbidden(
    connection: Connection, kinds: Kinds, namespace: str, verb: str, words: Sequence[str]
) -> dict[str, str]:
    """By kind, why not. Where the cluster cannot be asked, nothing is: then the deed itself is refused and told."""

    async def one(word: str) -> tuple[str, str]:
        try:
            kind = await kinds.find(word)
        except NotFound:
            return word, ""
        wish = {"verb": verb, "group": kind.group, "resource": kind.plural}
        if kind.namespaced and namespace:
            wish["namespace"] = namespace
        body = {
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wish},
        }  # fmt: skip
        try:
            answer = await connection.ask("POST", _PATH, body=body, what=_PATH)
        except WherryError:
            return word, ""
        status = answer.get("status") or {}
        if status.get("allowed", True):
            return word, ""
        where = f" in {namespace}" if "namespace" in wish else ""
        return word, str(status.get("reason") or f"You may not {verb} {kind.plural}{where}.")

    found = await asyncio.gather(*map(one, words))
    return {word: reason for word, reason in found if reason}
