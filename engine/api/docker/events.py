"""`GET /events`: what happened since a moment, then what happens, until another."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from engine.api.call import encode
from engine.api.http.query_filters import parse_moment
from engine.api.http.statuses import Refusal
from engine.api.shapes.events import DOCKER_TYPES, docker_type, event_record
from engine.types.events import EngineSnapshot

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

    from engine.api.call import Call
    from engine.api.http.query_filters import Filters
    from engine.types.events import Event

_SEQUENCE = "application/json-seq"
_RECORD_SEPARATOR = b"\x1e"
_FILTERS = frozenset(
    {"config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
     "service", "type", "volume"}
)  # fmt: skip


async def events(call: Call) -> web.StreamResponse:
    filters = call.filters(_FILTERS)
    since_ns, until_ns = parse_moment(call.text("since")), parse_moment(call.text("until"))
    if until_ns and since_ns > until_ns:
        since, until = call.text("since")[:40], call.text("until")[:40]
        raise Refusal(400, f"`since` time ({since}) cannot be after `until` time ({until})")
    async with aclosing(_events(call, since_ns, until_ns)) as happened:
        kind = _content_type(call)
        before = _RECORD_SEPARATOR if kind == _SEQUENCE else b""
        response = await call.stream(kind)
        async for event in happened:
            if _passes(event, filters):
                await response.write(before + encode(event_record(event, call.version)))
        await response.write_eof()
    return response


def _content_type(call: Call) -> str:
    """That of the streams of JSON which the client would rather have; plain JSON where it does not say."""
    offered = {"application/x-ndjson": 52, _SEQUENCE: 52, "application/jsonl": 53}
    for entry in call.request.headers.get("Accept", "").split(","):
        kind = entry.partition(";")[0].strip().lower()
        if kind in offered and call.at_least(offered[kind]):
            return kind
    return "application/json"


async def _events(call: Call, since_ns: int, until_ns: int) -> AsyncGenerator[Event, None]:
    """Those of the log, and, unless the end is past, the live ones; none twice and none left out."""
    async with call.engine.watch() as subscription:
        seen: set[tuple[int, str, str]] = set()
        newest = time.time_ns()
        if since_ns or (until_ns and until_ns <= newest):
            for event in await call.engine.event_log(since_ns=since_ns, until_ns=until_ns):
                seen.add(_key(event))
                yield event
        if until_ns and until_ns <= time.time_ns():
            return
        changes = aiter(subscription)
        while True:
            try:
                async with asyncio.timeout((until_ns - time.time_ns()) / 1e9 if until_ns else None):
                    change = await anext(changes, None)
            except TimeoutError:
                return
            if change is None:
                return
            missed: list[Event] = []
            if isinstance(change, EngineSnapshot):
                # Fell behind: the log has what the queue dropped.
                missed = list(await call.engine.event_log(since_ns=newest))
            elif change.event is not None:
                missed = [change.event]
            for event in missed:
                if _key(event) not in seen and (not until_ns or event.time_ns <= until_ns):
                    newest = max(newest, event.time_ns)
                    seen = {_key(event)} if len(seen) > 10_000 else seen | {_key(event)}
                    yield event


def _key(event: Event) -> tuple[int, str, str]:
    return event.time_ns, event.id, event.action


def _passes(event: Event, filters: Filters) -> bool:
    kind = docker_type(event)
    if kind not in DOCKER_TYPES:
        return False
    if not tuple(filters):
        return True
    return (
        filters.exact("type", kind)
        and _action(event, filters)
        and filters.labels("label", event.attributes)
        and filters.exact("scope", "local")
        and all(_object(event, kind, filters, key) for key in ("container", "image", "volume", "network", "daemon"))
        and not any(key in filters for key in ("config", "node", "plugin", "secret", "service"))
    )


def _action(event: Event, filters: Filters) -> bool:
    """ "exec_start" also stands for "exec_start: sh", and "health_status" for each of its values."""
    given = filters.get("event")
    return not given or any(event.action == word or event.action.startswith(f"{word}:") for word in given)


def _object(event: Event, kind: str, filters: Filters, key: str) -> bool:
    given = filters.get(key)
    if not given:
        return True
    names = {event.id, event.name} if kind == key else set()
    attribute = event.attributes.get(key, "")
    if attribute:
        names.add(attribute)
        if key == "image":
            names.add(attribute.partition(":")[0])
    return any(name == word or (kind == key and name.startswith(word)) for word in given for name in names if name)
