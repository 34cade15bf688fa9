"""The facade for another Wherry, below `/wherry/facade`: so a remote Wherry can do all that this one can."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from typing import TYPE_CHECKING

from engine.api.http.statuses import Refusal
from engine.api.http.versions import VERSION
from engine.errors import InvalidRequest, WherryError
from engine.spoken.naming import name_next
from engine.spoken.packing import (
    BEAT,
    END,
    FAILURE,
    LARGEST_REQUEST,
    MEDIA_TYPE,
    VALUE,
    frame,
    pack,
    pack_change,
    pack_error,
    unpack_arguments,
)
from engine.spoken.signatures import methods

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

    from engine.api.call import Call
    from engine.facade import OperationHandle
    from engine.spoken.signatures import Method

_BEAT_SECONDS = 5.0


async def spoken_methods(call: Call) -> web.StreamResponse:
    return call.answer({"version": VERSION, "methods": sorted(methods())})


async def watch(call: Call) -> web.StreamResponse:
    async with call.engine.watch() as subscription:
        first = pack_change(subscription.snapshot)

        async def changes() -> AsyncGenerator[bytes, None]:
            yield first
            async for change in subscription:
                yield pack_change(change)

        return await _framed(call, changes())


async def event_log(call: Call) -> web.StreamResponse:
    since, until = call.integer("since", 0) or 0, call.integer("until", 0) or 0

    async def told() -> AsyncGenerator[bytes, None]:
        yield pack(list(await call.engine.event_log(since_ns=since, until_ns=until)))

    return await _framed(call, told())


async def speak(call: Call) -> web.StreamResponse:
    """One method. Its arguments stand before what is uploaded; everything comes back in frames."""
    name = f"{call.words['room']}.{call.words['method']}"
    method = methods().get(name)
    if method is None:
        raise Refusal(404, f"this Wherry knows no {name[:100]}")
    if call.request.headers.get("Content-Type") != MEDIA_TYPE:
        raise Refusal(400, f"a call of the facade is {MEDIA_TYPE}")
    return await _framed(call, _items(call, method))


async def _items(call: Call, method: Method) -> AsyncGenerator[bytes, None]:
    content = call.request.content
    try:
        size = int.from_bytes(await content.readexactly(4), "big")
        if size > LARGEST_REQUEST:
            raise InvalidRequest(f"The arguments of {method.name} are too large")
        given = unpack_arguments(method, await content.readexactly(size))
    except asyncio.IncompleteReadError:
        raise InvalidRequest(f"The arguments of {method.name} did not come") from None
    if method.upload and call.flag("upload"):
        given[method.upload] = call.upload()
    name_next(call.text("operation"))
    room, _, verb = method.name.partition(".")
    asked = getattr(getattr(call.engine, room), verb)
    try:
        inspect.signature(asked).bind(**given)
    except TypeError as error:
        raise InvalidRequest(f"{method.name} wants more arguments", str(error)) from None
    given_up = asked(**given)
    if method.manner in ("stream", "bytes"):
        async with contextlib.aclosing(given_up):
            async for item in given_up:
                yield item if method.manner == "bytes" else pack(item)
    elif method.manner == "answer":
        yield pack(await given_up)
    else:
        handle: OperationHandle = given_up
        async for snapshot in handle.watch():
            yield pack(snapshot)
        await handle.result()


async def _framed(call: Call, items: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """A sign of life wherever nothing is said for a while: a connection that died is told by its silence."""
    response = await call.stream(MEDIA_TYPE)
    writing = asyncio.Lock()

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            async with writing:
                await response.write(frame(BEAT))

    beating = asyncio.create_task(beat())
    try:
        ending = await _said(response, items, writing)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
    await response.write(ending)
    await response.write_eof()
    return response


async def _said(response: web.StreamResponse, items: AsyncGenerator[bytes, None], writing: asyncio.Lock) -> bytes:
    """All items; gives the frame that ends them."""
    try:
        async with contextlib.aclosing(items) as said:
            async for item in said:
                async with writing:
                    await response.write(frame(VALUE, item))
    except asyncio.CancelledError:
        raise
    except WherryError as error:
        return frame(FAILURE, pack_error(error))
    return frame(END)
