"""Kubernetes manifests below `/wherry/manifests`: plans as JSON, what takes time as a stream of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.api.wherry.projects import followed
from engine.types.data import Data
from engine.types.manifests import GenerateManifests, PlayManifests, TakeManifestsDown

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call


async def plan(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.manifests.plan(await call.json(PlayManifests))))


async def plan_down(call: Call) -> web.StreamResponse:
    return call.answer(msgspec.to_builtins(await call.engine.manifests.plan_down(await call.json(TakeManifestsDown))))


async def play(call: Call) -> web.StreamResponse:
    return await followed(call, call.engine.manifests.play(await call.json(PlayManifests)))


async def down(call: Call) -> web.StreamResponse:
    return await followed(call, call.engine.manifests.down(await call.json(TakeManifestsDown)))


class ImagesAsked(Data, frozen=True, kw_only=True):
    """Of which files, and where to or how called."""

    texts: dict[str, str]
    registry: str = ""
    names: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it


async def images(call: Call) -> web.StreamResponse:
    asked = await call.json(ImagesAsked)
    return call.answer(await call.engine.manifests.images_only_here(asked.texts, asked.registry))


async def rename(call: Call) -> web.StreamResponse:
    asked = await call.json(ImagesAsked)
    return call.answer(await call.engine.manifests.with_images(asked.texts, asked.names))


async def generate(call: Call) -> web.StreamResponse:
    return call.answer({"text": await call.engine.manifests.generate(await call.json(GenerateManifests))})
