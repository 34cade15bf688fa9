"""The gallery below `/wherry/gallery`: templates, their sources, and files with a service filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.types.gallery import AddFromGallery

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call


async def list_templates(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(list(await call.engine.gallery.list())))


async def show(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.gallery.get(call.words["name"])))


async def fill(call: Call) -> web.StreamResponse:
    """The caller writes the files: only it knows where they are."""
    return call.answer(msgspec.to_builtins(await call.engine.gallery.fill(await call.json(AddFromGallery))))


async def sources(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(list(await call.engine.gallery.sources())))


async def add_source(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.gallery.add_source(_address(await call.json(dict)))))


async def remove_source(call: Call) -> web.StreamResponse:
    await call.engine.gallery.remove_source(_address(await call.json(dict)))
    return call.answer({})


def _address(body: dict[str, object]) -> str:
    return str(body.get("address", ""))
