"""Answers that go on: attach, logs, wait and stats of one container."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any, cast

import msgspec
from aiohttp import web

from engine.api.call import encode
from engine.api.docker.lookups import docker_words
from engine.api.http.detach import detach_keys
from engine.api.http.hijack import MULTIPLEXED_STREAM, RAW_STREAM, Parting, RawStream, converse, frames, hijack
from engine.api.http.query_filters import parse_moment
from engine.api.http.statuses import Refusal, message_of
from engine.api.shapes.stats import nothing as no_stats
from engine.api.shapes.stats import stats as stats_record
from engine.api.shapes.times import rfc3339_ns
from engine.errors import Code, NotFound, WherryError
from engine.types.containers import ALIVE_STATES, State
from engine.types.logs import ReadLogs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from typing import Literal

    from engine.api.call import Call
    from engine.types.logs import LogLine
    from engine.types.stats import Sample

_STATS_SECONDS = 1.0
_SPEAKING = ALIVE_STATES | {State.STARTING, State.RESTARTING}
_WAIT_CONDITIONS = frozenset({"not-running", "next-exit", "removed"})


async def attach(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
    if container.state is State.PAUSED:
        raise Refusal(409, f"container {container.name} is paused, unpause the container before attach")
    if container.state in (State.REMOVING, State.DEAD):
        raise Refusal(409, f"container {container.name} is being removed")
    stdin = call.flag("stdin") and container.spec.stdin_open
    keys = detach_keys(call.text("detachKeys"))
    stdout, stderr = call.flag("stdout"), call.flag("stderr")
    stream = await call.engine.containers.attach(
        container.id, stdin=stdin, logs=call.flag("logs"), stream=call.flag("stream")
    )

    async def talk(raw: RawStream) -> None:
        await call.engine.containers.tell(container.id, "attach", {})
        letting_go = keys if container.spec.tty else b""
        parting = await converse(raw, stream, stdin=stdin, stdout=stdout, stderr=stderr, keys=letting_go)
        if parting is Parting.DETACHED:
            await call.engine.containers.tell(container.id, "detach", {})

    try:
        return await hijack(call.request, tty=container.spec.tty, version=call.version, talk=talk)
    finally:
        await stream.close()


async def wait(call: Call) -> web.StreamResponse:
    condition = call.text("condition") or "not-running"
    if condition not in _WAIT_CONDITIONS:
        raise Refusal(400, f'invalid condition: "{condition[:40]}"')
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
    chosen: Literal["not-running", "next-exit", "removed"] = condition  # type: ignore[assignment]
    waiting = asyncio.ensure_future(call.engine.containers.wait(container.id, condition=chosen))
    try:
        # It must be waiting before the client learns that it is: `docker run` starts the container right after.
        await asyncio.wait({waiting}, timeout=0)
        await asyncio.sleep(0)
        response = await call.stream()
        try:
            result = await waiting
            answer = {"StatusCode": result.exit_code}
            # Who waits for a removal has heard from the start already what went wrong there.
            if result.error and chosen != "removed":
                await response.write(encode({**answer, "Error": {"Message": result.error}}))
            else:
                await response.write(encode(answer))
        except WherryError as error:
            # The headers are out; Docker has this place for it.
            await response.write(encode({"StatusCode": -1, "Error": {"Message": message_of(error)}}))
        await response.write_eof()
        return response
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def logs(call: Call) -> web.StreamResponse:
    stdout, stderr = call.flag("stdout"), call.flag("stderr")
    if not stdout and not stderr:
        raise Refusal(400, "Bad parameters: you must choose at least one stream")
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
    if container.spec.log.driver == "none":
        raise Refusal(501, "configured logging driver does not support reading")
    request = ReadLogs(
        tail=_tail(call.text("tail")),
        since_ns=parse_moment(call.text("since")) or None,
        until_ns=parse_moment(call.text("until")) or None,
        stdout=stdout,
        stderr=stderr,
        # What does not run says nothing new; Docker does not follow it either.
        follow=call.flag("follow") and container.state in _SPEAKING,
    )
    timestamps, details, tty = call.flag("timestamps"), call.flag("details"), container.spec.tty
    kind = RAW_STREAM if tty or not call.at_least(42) else MULTIPLEXED_STREAM
    response = await call.stream(kind)
    async with contextlib.aclosing(_lines(call, container.id, request)) as batches:
        async for batch in batches:
            await response.write(_rendered(batch, timestamps=timestamps, details=details, tty=tty))
    await response.write_eof()
    return response


async def _lines(call: Call, container_id: str, request: ReadLogs) -> AsyncGenerator[Sequence[LogLine], None]:
    """What is asked for. A follow ends with the container, after its very last line."""
    reading = cast("AsyncGenerator[Sequence[LogLine], None]", call.engine.logs.read(container_id, request))
    if not request.follow:
        async with contextlib.aclosing(reading):
            async for batch in reading:
                yield batch
        return
    last = -1
    ended = asyncio.ensure_future(_ended(call, container_id))
    try:
        async with contextlib.aclosing(reading):
            async for batch in _until(reading, ended):
                last = batch[-1].number if batch else last
                yield batch
    finally:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
    rest = msgspec.structs.replace(request, follow=False, **({"first": last + 1, "tail": None} if last >= 0 else {}))
    remaining = cast("AsyncGenerator[Sequence[LogLine], None]", call.engine.logs.read(container_id, rest))
    with contextlib.suppress(NotFound):
        async with contextlib.aclosing(remaining):
            async for batch in remaining:
                yield batch


async def _until(
    reading: AsyncGenerator[Sequence[LogLine], None], ended: asyncio.Future[None]
) -> AsyncIterator[Sequence[LogLine]]:
    """Batches, until there are no more or the container has ended."""
    while True:
        step = asyncio.ensure_future(anext(reading, None))
        try:
            either: set[asyncio.Future[Any]] = {step, ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not step.done():
                step.cancel()
                await asyncio.gather(step, return_exceptions=True)
        if step.cancelled() or (batch := step.result()) is None:
            return
        yield batch


async def _ended(call: Call, container_id: str) -> None:
    """Returns once the container has ended and will not start again by itself."""
    with contextlib.suppress(NotFound):
        while True:
            await call.engine.containers.wait(container_id, condition="not-running")
            container = await call.engine.containers.get(container_id)
            if container.state not in _SPEAKING:
                return
            if container.state is State.RESTARTING:
                await call.engine.containers.wait(container_id, condition="next-exit")


def _tail(text: str) -> int | None:
    """None is all; Docker takes anything that is no number for all too."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _rendered(batch: Sequence[LogLine], *, timestamps: bool, details: bool, tty: bool) -> bytes:
    pieces: list[bytes] = []
    for line in batch:
        text = line.text if line.partial else f"{line.text}\n"
        if details:
            text = f" {text}"
        if timestamps:
            text = f"{rfc3339_ns(line.time_ns)} {text}"
        data = text.encode("utf-8", "replace")
        pieces.append(data if tty else frames(line.stream, data))
    return b"".join(pieces)


async def stats(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
    facts = await call.engine.host.facts()
    processors, memory = facts.processors or os.cpu_count() or 1, facts.memory

    def record(sample: Sample | None, before: Sample | None) -> bytes:
        if sample is None:
            return encode(no_stats(container, call.version))
        return encode(
            stats_record(container, sample, before, processors=processors, host_memory=memory, version=call.version)
        )

    before: Sample | None = None
    if not call.flag("stream", default=True):
        if not call.flag("one-shot"):
            before = await _sample(call, container.id)
            if before is not None:
                await asyncio.sleep(_STATS_SECONDS)
        body = record(await _sample(call, container.id), before)
        return web.Response(body=body, content_type="application/json")
    response = await call.stream()
    with contextlib.suppress(NotFound):
        while True:
            sample = await _sample(call, container.id)
            await response.write(record(sample, before))
            before = sample
            await asyncio.sleep(_STATS_SECONDS)
    await response.write_eof()
    return response


async def _sample(call: Call, container_id: str) -> Sample | None:
    """None of a container that does not run."""
    try:
        return await call.engine.stats.sample(container_id)
    except WherryError as error:
        if error.code is not Code.WRONG_STATE:
            raise
        return None
