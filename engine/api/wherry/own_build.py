"""Builds as `wherry build` asks for them: the classic call, with what it has no parameter for in the first line of the
body, before the context's tar."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import msgspec

from engine.api.call import decode
from engine.api.docker import build
from engine.api.http.decompression import decompressed
from engine.api.http.spooled import spooled
from engine.api.http.statuses import Refusal
from engine.api.shapes.names import familiar, tagged
from engine.types.attestations import IndexEntry
from engine.types.builds import BuildCache, BuildImage, BuildSecret
from engine.types.files import Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

    from engine.api.call import Call
    from engine.types.images import Image

_MOST_EXTRAS = 8 << 20
_MOST_PLATFORMS = 16


class _Cache(msgspec.Struct):
    reference: str = ""
    directory: str = ""
    """Of this machine."""
    everything: bool = False

    @property
    def place(self) -> str:
        return self.directory or self.reference


class _Extras(msgspec.Struct):
    """The first line."""

    secrets: dict[str, str] = {}
    """Values in base64."""
    ssh: dict[str, str] = {}
    """Agents' sockets of this machine."""
    contexts: dict[str, str] = {}
    cache_from: tuple[_Cache, ...] = ()
    cache_to: tuple[_Cache, ...] = ()
    inline_cache: bool = False
    platforms: tuple[str, ...] = ()
    no_cache_stages: tuple[str, ...] = ()


async def make(call: Call) -> web.StreamResponse:
    extras, rest = await _read(call)
    request = _with_extras(build.request_of(call), extras)
    source = None if request.context else decompressed(rest)
    async with AsyncExitStack() as stack:
        request = msgspec.structs.replace(request, caches=await _opened(call, extras, stack))
        platforms = extras.platforms or (request.platform,)
        told = _told(call)
        kept = await stack.enter_async_context(spooled(source)) if source is not None and len(platforms) > 1 else None
        made: list[tuple[str, str]] = []
        for platform in platforms:
            tags = request.tags if platform == platforms[0] else ()
            wanted = msgspec.structs.replace(request, platform=platform, tags=tags)
            operation = call.engine.builds.build(wanted, kept.pieces() if kept is not None else source)
            image = await told.follow(operation)
            if image is None:
                return await told.finish()
            made.append((image, operation.id))
        entries = [IndexEntry(image=image) for image, _ in made] if len(made) > 1 else []
        await call.engine.images.keep_index(made[0][0], entries)
        for cache in extras.cache_to:
            wanted_cache = BuildCache(reference=cache.reference, directory=cache.directory, everything=cache.everything)
            await call.engine.builds.export_cache([each for _, each in made], wanted_cache)
            await told.say(f"exported the cache to {cache.place}\n")
        return await told.finish(made[0][0])


def _told(call: Call) -> build.Told:
    if call.text("progress") != "rawjson":
        return build.Told(call, quiet=call.flag("q"))
    from engine.api.wherry.raw_progress import RawTranscript  # nobody pays for it who does not ask

    return build.Told(call, quiet=call.flag("q"), transcript=RawTranscript)


async def examine(call: Call) -> web.StreamResponse:
    """What a Dockerfile says of itself, in the words of `docker build --call`."""
    from engine.api.buildkit.results.reports import metadata_of  # nobody pays for it who does not ask

    extras, rest = await _read(call)
    request = _with_extras(build.request_of(call), extras)
    report = await call.engine.builds.examine(request, None if request.context else decompressed(rest))
    answer = metadata_of(f"frontend.{call.text('question')[:40]}", report)
    if answer is None:
        raise Refusal(400, "a Dockerfile can be asked for lint, outline and targets")
    failed = bool(report.problem) or answer.get("result.statuscode") == b"1"
    return call.answer({"text": answer["result.txt"].decode(), "failed": failed, "problem": report.problem})


async def files(call: Call) -> web.StreamResponse:
    """An image's files as a tar."""
    image = await call.engine.images.get(call.words["name"])
    source = call.engine.files.download(Place(kind="image", id=image.id), "/")
    return await call.send(source, "application/x-tar")


async def layout(call: Call) -> web.StreamResponse:
    """An image as an OCI layout, with all of the index it was built with."""
    name = call.words["name"]
    image = await call.engine.images.get(name)
    entries = await call.engine.images.kept_index(image.id)
    named = [] if _is_id_of(image, name) else [name]
    if entries:
        return await call.send(call.engine.images.save_index(entries, named), "application/x-tar")
    return await call.send(call.engine.images.save([name], oci=True), "application/x-tar")


def _is_id_of(image: Image, name: str) -> bool:
    """Or the beginning of one, which a short name may look like."""
    if tagged(name) in (familiar(tag) for tag in image.tags):
        return False
    return image.id.removeprefix("sha256:").startswith(name.removeprefix("sha256:"))


async def _read(call: Call) -> tuple[_Extras, AsyncIterator[bytes]]:
    """The line, and what follows it."""
    stream = call.upload()
    head = b""
    while b"\n" not in head:
        piece = await anext(stream, b"")
        if not piece or len(head) > _MOST_EXTRAS:
            raise Refusal(400, "the body begins with a line of JSON, then comes the context")
        head += piece
    line, _, rest = head.partition(b"\n")

    async def following() -> AsyncIterator[bytes]:
        if rest:
            yield rest
        async for piece in stream:
            yield piece

    return decode(line, _Extras), following()


def _with_extras(request: BuildImage, extras: _Extras) -> BuildImage:
    if len(extras.platforms) > _MOST_PLATFORMS:
        raise Refusal(400, f"at most {_MOST_PLATFORMS} platforms are built at once")
    for name, place in extras.contexts.items():
        if not re.match(r"/|docker-image://|(?:https?|git|ssh)://|git@", place):
            raise Refusal(400, f"the context {name[:60]} is neither an absolute path, an image nor an address")
    try:
        secrets = tuple(
            BuildSecret(id=name, value=base64.b64decode(value, validate=True)) for name, value in extras.secrets.items()
        )
    except binascii.Error:
        raise Refusal(400, "a secret is base64") from None
    return msgspec.structs.replace(
        request,
        secrets=secrets,
        ssh_sockets=extras.ssh,
        named_contexts=extras.contexts,
        inline_cache=extras.inline_cache,
        no_cache_stages=extras.no_cache_stages,
        platform=extras.platforms[0] if extras.platforms else request.platform,
    )


async def _opened(call: Call, extras: _Extras, stack: AsyncExitStack) -> tuple[str, ...]:
    names = []
    for cache in extras.cache_from:
        if cache.directory and not await asyncio.to_thread(os.path.exists, f"{cache.directory}/index.json"):
            continue  # as docker's clients have it: the first build finds no cache there yet
        wanted = BuildCache(reference=cache.reference, directory=cache.directory)
        name = await call.engine.builds.open_cache(wanted)
        stack.callback(call.engine.builds.close_cache, name)
        names.append(name)
    return tuple(names)
