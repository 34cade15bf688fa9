"""All objects of one kind, kept true: listed, then watched; listed again after a gap; a refusal told and waited out."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

import msgspec

from engine.clusters.faults import TooOld
from engine.errors import ClusterError, Code, NotFound, WherryError
from engine.types.clusters import ClusterChange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from engine.clusters.connection import Connection
    from engine.types.clusters import ClusterKind

_PAGE = "250"
"""Few enough that reading a page never holds others up for a tenth of a second."""
_SECONDS = 300
"""After which a server ends a watch by itself; it goes on from where it was."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_LISTINGS = 3


def path_of(kind: ClusterKind, namespace: str, name: str = "", part: str = "") -> str:
    """`namespace` "" is all of them."""
    within = f"/namespaces/{namespace}" if kind.namespaced and namespace else ""
    return kind.base + within + f"/{kind.plural}" + (f"/{name}" if name else "") + (f"/{part}" if part else "")


async def list_all(
    connection: Connection, kind: ClusterKind, namespace: str, selector: str = "", fields: str = ""
) -> tuple[list[dict[str, Any]], str]:
    """In pages; with the version of the list. One whose rest was forgotten meanwhile begins anew."""
    for _ in range(_LISTINGS - 1):
        with contextlib.suppress(TooOld):
            return await _pages(connection, kind, namespace, selector, fields)
    return await _pages(connection, kind, namespace, selector, fields)


async def _pages(
    connection: Connection, kind: ClusterKind, namespace: str, selector: str, fields: str
) -> tuple[list[dict[str, Any]], str]:
    """Items of a list do not say their kind, so it is put back."""
    found: list[dict[str, Any]] = []
    chosen = {"labelSelector": selector, "fieldSelector": fields}
    params = {"limit": _PAGE, **{key: value for key, value in chosen.items() if value}}
    while True:
        answer = await connection.get(path_of(kind, namespace), params)
        found += [{"apiVersion": kind.api_version, "kind": kind.kind, **each} for each in answer.get("items") or ()]
        about = answer.get("metadata") or {}
        if not about.get("continue"):
            return found, str(about.get("resourceVersion") or "")
        params["continue"] = about["continue"]


async def watch(
    connection: Connection, find: Callable[[], Awaitable[ClusterKind]], namespace: str, selector: str = ""
) -> AsyncIterator[ClusterChange]:
    """Goes on until it is closed. Of a kind that may not be seen, it says so and tries again now and then; of one that
    the cluster does not have, it ends. `find` asks the cluster which kind is meant."""
    pause, forgotten = _FIRST_PAUSE, False
    while True:
        try:
            kind = await find()
            objects, version = await list_all(connection, kind, namespace, selector)
            yield ClusterChange(kind="all", objects=tuple(objects))
            pause = pause if forgotten else _FIRST_PAUSE
            async for change in _changes(connection, kind, namespace, selector, version):
                forgotten = False
                yield change
        except TooOld as error:
            if not forgotten:
                forgotten = True
                continue
            # Twice in a row: it forgets faster than one can ask, and is not to be asked without a pause.
            yield ClusterChange(kind="told", message=str(error), code=error.code.value)
        except WherryError as error:
            yield ClusterChange(kind="told", message=str(error), code=error.code.value)
            if isinstance(error, NotFound):
                return
            if error.code is Code.FORBIDDEN:
                pause = _LONGEST_PAUSE
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _changes(
    connection: Connection, kind: ClusterKind, namespace: str, selector: str, version: str
) -> AsyncIterator[ClusterChange]:
    """Raises TooOld where the server has forgotten what was since."""
    while True:
        params = {
            "watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": str(_SECONDS),
            **({"labelSelector": selector} if selector else {}),
        }  # fmt: skip
        async with connection.lines(path_of(kind, namespace), params) as lines:
            async for line in lines:
                event = _event(line)
                found = event.get("object") or {}
                if event.get("type") == "ERROR":
                    if found.get("code") == 410:
                        raise TooOld(kind.plural)
                    return
                version = (found.get("metadata") or {}).get("resourceVersion") or version
                if event["type"] != "BOOKMARK":
                    yield ClusterChange(kind="gone" if event["type"] == "DELETED" else "put", objects=(found,))


def _event(line: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise ClusterError("The cluster's answer cannot be read", str(error), code=Code.BAD_RESPONSE) from error
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise ClusterError("The cluster's answer cannot be read", code=Code.BAD_RESPONSE)
    return found
