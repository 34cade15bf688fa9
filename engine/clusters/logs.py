"""What pods say: of one, or of several merged, each line with its pod's name; of the run before, too."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from engine.clusters.watching import path_of
from engine.errors import WherryError
from engine.types.clusters import ClusterLogLine

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable, Mapping, Sequence

    from engine.clusters.connection import Connection
    from engine.types.clusters import ClusterChange, ClusterKind

Source = tuple[str, str]
"""Pod and container."""
_MOST_WAITING = 10_000


def sources(pod: Mapping[str, Any], container: str = "") -> list[Source]:
    """Pod and container; all of its containers where none is named."""
    name = pod["metadata"]["name"]
    known = [each["name"] for each in pod["spec"].get("containers") or ()]
    return [(name, each) for each in ([container] if container else known)]


def incarnations(pod: Mapping[str, Any], container: str = "") -> dict[str, Source]:
    """By what tells one run of a container from the next, those of a pod that have begun to say something."""
    about = pod["metadata"]
    found: dict[str, Source] = {}
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        state = status.get("state") or {}
        if container in ("", status["name"]) and ("running" in state or "terminated" in state):
            run = status.get("containerID") or (state.get("running") or state["terminated"]).get("startedAt", "")
            found[f"{about.get('uid', '')}/{status['name']}/{run}"] = (about["name"], status["name"])
    return found


async def newcomers(
    changes: AsyncIterator[ClusterChange], known: Iterable[str], container: str
) -> AsyncGenerator[Source, None]:
    """Containers that have begun since, of pods that are new or start again; `known` are read already."""
    seen = set(known)
    async for change in changes:
        for pod in change.objects if change.kind in ("all", "put") else ():
            for run, source in incarnations(pod, container).items():
                if run not in seen:
                    seen.add(run)
                    yield source


async def read(
    connection: Connection,
    pods: ClusterKind,
    namespace: str,
    wanted: Sequence[Source],
    *,
    follow: bool = False,
    previous: bool = False,
    tail: int = -1,
    since_seconds: int = 0,
    joining: AsyncGenerator[Source, None] | None = None,
) -> AsyncIterator[ClusterLogLine]:
    """In the order in which lines arrive; of one source, in its own. A source that fails says so in a line. Where
    several tell a bounded past, that comes first, in the order of its times. Who joins is read from its beginning."""
    reader = _Reader(connection, pods, namespace, previous=previous, since_seconds=since_seconds)
    since: dict[Source, str] = {}
    if len(wanted) > 1 and tail >= 0:
        past = await asyncio.gather(*(reader.past(source, tail) for source in wanted))
        lines = [line for lines in past for line in lines]
        for line in sorted(lines, key=lambda line: (line.failed, line.time)):
            yield line
        since = {source: lines[-1].time if lines else "" for source, lines in zip(wanted, past, strict=True)}
        wanted = [source for source, lines in zip(wanted, past, strict=True) if not (lines and lines[-1].failed)]
        if not follow:
            return
    async with aclosing(_together(reader, wanted, tail, since, joining, follow=follow)) as lines_of_all:
        async for line in lines_of_all:
            yield line


async def _together(
    reader: _Reader,
    wanted: Sequence[Source],
    tail: int,
    since: Mapping[Source, str],
    joining: AsyncGenerator[Source, None] | None,
    *,
    follow: bool,
) -> AsyncGenerator[ClusterLogLine, None]:
    """Side by side, until all have ended and nobody can join."""
    queue: asyncio.Queue[ClusterLogLine | None] = asyncio.Queue(_MOST_WAITING)
    tasks: list[asyncio.Task[None]] = []

    async def one(source: Source, tail: int, since: str) -> None:
        try:
            async with aclosing(reader.lines(source, tail, since, follow=follow)) as told:
                async for line in told:
                    await queue.put(line)
        finally:
            await queue.put(None)

    async def join(sources: AsyncGenerator[Source, None]) -> None:
        try:
            async with aclosing(sources):
                async for source in sources:
                    begin(one(source, -1, ""))
        finally:
            await queue.put(None)

    def begin(work: Coroutine[Any, Any, None]) -> None:
        tasks.append(asyncio.create_task(work, name="log of a pod"))

    for source in wanted:
        begin(one(source, tail, since.get(source, "")))
    if joining is not None:
        begin(join(joining))
    try:
        ended = 0
        while ended < len(tasks):
            came = await queue.get()
            if came is None:
                ended += 1
            else:
                yield came
    finally:
        for task in tasks:
            task.cancel()
        while not queue.empty():
            queue.get_nowait()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Reader:
    """Asks for the log of one source after the other, or of several at once."""

    def __init__(
        self, connection: Connection, pods: ClusterKind, namespace: str, *, previous: bool, since_seconds: int
    ) -> None:
        self._connection, self._pods, self._namespace = connection, pods, namespace
        self._params = {
            "timestamps": "true",
            **({"previous": "true"} if previous else {}),
            **({"sinceSeconds": str(since_seconds)} if since_seconds else {}),
        }

    async def past(self, source: Source, tail: int) -> list[ClusterLogLine]:
        async with aclosing(self.lines(source, tail, "", follow=False)) as told:
            return [line async for line in told]

    async def lines(
        self, source: Source, tail: int, since: str, *, follow: bool
    ) -> AsyncGenerator[ClusterLogLine, None]:
        """Those after `since`, which the API takes to the second only."""
        pod, container = source
        params = {**self._params, "container": container, **({"follow": "true"} if follow else {})}
        if since:
            params["sinceTime"] = since
        elif tail >= 0:
            params["tailLines"] = str(tail)
        try:
            async with self._connection.lines(path_of(self._pods, self._namespace, pod, "log"), params) as lines:
                async for line in lines:
                    time, _, text = line.decode(errors="replace").partition(" ")
                    if time > since:
                        yield ClusterLogLine(pod=pod, container=container, time=time, text=text)
        except WherryError as error:
            yield ClusterLogLine(pod=pod, container=container, text=_why(error), failed=True)


def _why(error: WherryError) -> str:
    """In the cluster's own words, which name the pod; the path asked for tells nobody anything."""
    return error.explanation or str(error)
