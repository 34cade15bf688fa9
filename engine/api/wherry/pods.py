"""Pods below `/wherry/pods`: Docker's API has no such thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.types.pods import CreatePod

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from engine.api.call import Call
    from engine.types.pods import Pod

_PRUNE_FILTERS = frozenset({"label", "label!"})


async def list_pods(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(list(await call.engine.pods.list())))


async def inspect(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.pods.get(call.words["name"])))


async def create(call: Call) -> web.StreamResponse:
    made = await call.engine.pods.create(await call.json(CreatePod))
    return call.answer(msgspec.to_builtins(made), 201)


async def start(call: Call) -> web.StreamResponse:
    return await _answered(call, call.engine.pods.start)


async def stop(call: Call) -> web.StreamResponse:
    timeout = call.integer("t")
    return await _answered(
        call, lambda pod: call.engine.pods.stop(pod, timeout=None if timeout is None else float(timeout))
    )


async def restart(call: Call) -> web.StreamResponse:
    return await _answered(call, call.engine.pods.restart)


async def kill(call: Call) -> web.StreamResponse:
    return await _answered(call, lambda pod: call.engine.pods.kill(pod, signal=call.text("signal", "KILL")))


async def pause(call: Call) -> web.StreamResponse:
    return await _answered(call, call.engine.pods.pause)


async def unpause(call: Call) -> web.StreamResponse:
    return await _answered(call, call.engine.pods.unpause)


async def _answered(call: Call, act: Callable[[str], Awaitable[Pod]]) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await act(call.words["name"])))


async def remove(call: Call) -> web.StreamResponse:
    freed = await call.engine.pods.remove(call.words["name"], force=call.flag("force"), volumes=call.flag("v"))
    return call.answer(msgspec.to_builtins(freed))


async def prune(call: Call) -> web.StreamResponse:
    freed = await call.engine.pods.prune(labels=call.filters(_PRUNE_FILTERS).label_rule())
    return call.answer(msgspec.to_builtins(freed))
