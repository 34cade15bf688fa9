"""Other machines below `/wherry/machines`: moving things to and fro, and what there is to bring over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.api.call import encode
from engine.api.http.statuses import advice_of
from engine.errors import WherryError
from engine.types.machines import FinishMove, Moved

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call


async def plan(call: Call) -> web.StreamResponse:
    found = await call.engine.machines.plan(await call.json(Moved))
    return call.answer({**msgspec.to_builtins(found), "bytes": found.bytes})


async def carry_out(call: Call) -> web.StreamResponse:
    """Its progress, a line each; it is cancelled when the client leaves, and goes on where it was another time."""
    handle = call.engine.machines.carry_out(await call.json(Moved))
    response = await call.stream()
    try:
        async for snapshot in handle.watch():
            said = {"status": snapshot.status, "done": snapshot.done, "total": snapshot.total}
            await response.write(encode({"progress": said}))
        try:
            ending: dict[str, str] = {"result": await handle.result()}
        except WherryError as error:
            ending = {"error": advice_of(error) or str(error), "details": error.details}
        await response.write(encode(ending))
        await response.write_eof()
    finally:
        handle.cancel()
    return response


async def finish(call: Call) -> web.StreamResponse:
    """What a move left goes, if it runs where it went."""
    asked = await call.json(FinishMove)
    return call.answer(msgspec.to_builtins(await call.engine.machines.finish(asked.name, source=asked.source)))


async def bringable(call: Call) -> web.StreamResponse:
    """What the engines of this computer's other sockets have."""
    return call.answer(msgspec.to_builtins(list(await call.engine.machines.bringable(call.text("address")))))
