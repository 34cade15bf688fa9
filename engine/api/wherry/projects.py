"""Compose projects below `/wherry/projects`: plans as JSON; what takes time as a stream of its steps, a line each."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from engine.api.call import encode
from engine.api.http.statuses import advice_of
from engine.errors import WherryError
from engine.types.projects import (
    BuildProject,
    DownProject,
    PullProject,
    ReadProject,
    RunService,
    UpProject,
    WatchProject,
)

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.facade import OperationHandle


async def list_projects(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(list(await call.engine.projects.list())))


async def read(call: Call) -> web.StreamResponse:
    """The canonical project in all its forms, or what is wrong with it."""
    return call.answer(msgspec.to_builtins(await call.engine.projects.read(await call.json(ReadProject))))


async def plan(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.projects.plan(await call.json(UpProject))))


async def plan_down(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.projects.plan_down(await call.json(DownProject))))


async def up(call: Call) -> web.StreamResponse:
    return await followed(call, call.engine.projects.up(await call.json(UpProject)))


async def down(call: Call) -> web.StreamResponse:
    return await followed(call, call.engine.projects.down(await call.json(DownProject)))


async def build(call: Call) -> web.StreamResponse:
    return await followed(call, call.engine.projects.build(await call.json(BuildProject)))


async def pull(call: Call) -> web.StreamResponse:
    return await followed(call, call.engine.projects.pull(await call.json(PullProject)))


async def watch(call: Call) -> web.StreamResponse:
    return await followed(call, call.engine.projects.watch(await call.json(WatchProject)))


async def make_run(call: Call) -> web.StreamResponse:
    made = await call.engine.projects.make_run(await call.json(RunService))
    return call.answer({"Id": made.id}, 201)


async def roll_back(call: Call) -> web.StreamResponse:
    return await followed(call, await call.engine.projects.roll_back(call.words["name"]))


async def history(call: Call) -> web.StreamResponse:
    """Without the files' texts, which may hold secrets."""
    runs = await call.engine.projects.history(call.words["name"])
    shown = [msgspec.structs.replace(run, services={}, request=_without_texts(run.request)) for run in runs]
    return call.answer(msgspec.to_builtins(shown))


def _without_texts(request: UpProject) -> UpProject:
    source = msgspec.structs.replace(request.source, texts={}, environment={})
    return msgspec.structs.replace(request, source=source)


async def followed(call: Call, operation: OperationHandle) -> web.StreamResponse:
    """Every step as its state changes, then the end. Who leaves before it cancels what was begun."""
    response = await call.stream()
    told: dict[str, Any] = {}
    ended = False
    try:
        async with aclosing(operation.watch()) as states:  # type: ignore[type-var]
            async for state in states:
                for step in state.steps:
                    if told.get(step.id) != step:
                        told[step.id] = step
                        await response.write(encode({"step": msgspec.to_builtins(step)}))
        try:
            result = await operation.result()
            await response.write(encode({"done": result}))
        except WherryError as error:
            await response.write(encode({"error": advice_of(error) or str(error), "details": error.details}))
        ended = True
    finally:
        if not ended:
            operation.cancel()
    await response.write_eof()
    return response
