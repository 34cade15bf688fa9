"""What pods say: of one, or of several merged, each line with its pod's name; of the run before, too."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.clusters.watching import path_of
from engine.errors import WherryError
from engine.types.clusters import ClusterLogLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from engine.clusters.connection import Connection
    from engine.types.clusters import ClusterKind

_MOST_WAITING = 10_000


def sources(pod: Mapping[str, Any], container: str = "") -> list[tuple[str, str]]:
    """Pod and container; all of its containers where none is named."""
    name = pod["metadata"]["name"]
    known = [each["name"] for each in pod["spec"].get("containers") or ()]
    return [(name, each) for each in ([container] if container else known)]


async def read(
    connection: Connection,
    pods: ClusterKind,
    namespace: str,
    wanted: Sequence[tuple[str, str]],
    *,
    follow: bool = False,
    previous: bool = False,
    tail: int = -1,
    since_seconds: int = 0,
) -> AsyncIterator[ClusterLogLine]:
    """In the order in which lines arrive; of one source, in its own. A source that fails says so in a line."""
    queue: asyncio.Queue[ClusterLogLine | None] = asyncio.Queue(_MOST_WAITING)
    params = {
        "timestamps": "true",
        **({"follow": "true"} if follow else {}),
        **({"previous": "true"} if previous else {}),
        **({"tailLines": str(tail)} if tail >= 0 else {}),
        **({"sinceSeconds": str(since_seconds)} if since_seconds else {}),
    }

    async def one(pod: str, container: str) -> None:
        try:
            path = path_of(pods, namespace, pod, "log")
            async with connection.lines(path, {**params, "container": container}) as lines:
                async for line in lines:
                    time, _, text = line.decode(errors="replace").partition(" ")
                    await queue.put(ClusterLogLine(pod=pod, container=container, time=time, text=text))
        except WherryError as error:
            await queue.put(ClusterLogLine(pod=pod, container=container, text=_why(error), failed=True))
        finally:
            await queue.put(None)

    tasks = [asyncio.create_task(one(pod, container), name=f"log of {pod}") for pod, container in wanted]
    try:
        left = len(tasks)
        while left:
            line = await queue.get()
            if line is None:
                left -= 1
            else:
                yield line
    finally:
        for task in tasks:
            task.cancel()
        while not queue.empty():
            queue.get_nowait()
        await asyncio.gather(*tasks, return_exceptions=True)


def _why(error: WherryError) -> str:
    """In the cluster's own words, which name the pod; the path asked for tells nobody anything."""
    return error.explanation or str(error)
