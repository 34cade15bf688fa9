"""Caches outside: where a client wants steps looked for, and where it wants them kept."""

from __future__ import annotations

import contextlib
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from grpclib.exceptions import GRPCError

from engine.api.buildkit.faults import refused
from engine.api.buildkit.lent.content import SessionBlobs
from engine.api.buildkit.lent.lending import login_for
from engine.errors import WherryError
from engine.types.builds import BuildCache

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from engine.api.buildkit.connections.sessions import Session
    from engine.api.buildkit.jobs import Job, Made
    from engine.facade import Engine

_MOST_CACHES = 32


def inline_wanted(job: Job) -> bool:
    """Whether the image is to say itself which steps made it."""
    return any(each.Type == "inline" for each in job.request.Cache.Exports)


@asynccontextmanager
async def opened_caches(
    engine: Engine, session: Session, job: Job, cache_imports: str
) -> AsyncIterator[tuple[str, ...]]:
    """The caches to look into, as long as this lasts. One that cannot be read is told and harms nothing."""
    opened: list[str] = []
    try:
        for kind, attributes in _imports(job, cache_imports)[:_MOST_CACHES]:
            with contextlib.suppress(WherryError, GRPCError):
                opened.append(await _open(engine, session, job, kind, attributes))
        yield tuple(opened)
    finally:
        for name in opened:
            engine.builds.close_cache(name)


def _imports(job: Job, text: str) -> list[tuple[str, Mapping[str, str]]]:
    """From the call itself, else from the option that says the same."""
    if job.request.Cache.Imports:
        return [(each.Type, dict(each.Attrs)) for each in job.request.Cache.Imports]
    try:
        listed: list[dict[str, Any]] = json.loads(text) if text else []
        return [(str(each["Type"]), dict(each.get("Attrs") or {})) for each in listed]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise refused("cache-imports is not a list of caches") from error


async def _open(engine: Engine, session: Session, job: Job, kind: str, attributes: Mapping[str, str]) -> str:
    if kind == "local":
        source = attributes.get("src", "")
        with job.board.begin(f"importing cache manifest from {source}"):
            blobs = SessionBlobs(session, f"local:{source}", attributes.get("digest", ""))
            return await engine.builds.open_cache(BuildCache(), blobs)
    reference = attributes.get("ref", "")
    with job.board.begin(f"importing cache manifest from {reference or kind}"):
        if kind != "registry" or not reference:
            raise refused(f"caches of the kind {kind[:40]} are not read here: registry and local are")
        login = await login_for(session, reference)
        return await engine.builds.open_cache(BuildCache(reference=reference, login=login))


async def export_caches(engine: Engine, session: Session, job: Job, made: Sequence[Made]) -> dict[str, str]:
    """What was built, to every cache that is to have it."""
    response: dict[str, str] = {}
    for each in job.request.Cache.Exports:
        if each.Type == "inline":
            continue
        attributes = dict(each.Attrs)
        try:
            response |= await _export(engine, session, job, made, each.Type, attributes)
        except (WherryError, GRPCError) as error:
            if attributes.get("ignore-error") != "true":
                raise error if isinstance(error, GRPCError) else refused(str(error)) from error
    return response


async def _export(
    engine: Engine, session: Session, job: Job, made: Sequence[Made], kind: str, attributes: Mapping[str, str]
) -> dict[str, str]:
    everything = attributes.get("mode") == "max"
    builds = [each.build for each in made]
    if kind == "local":
        blobs = SessionBlobs(session, f"local:{attributes.get('dest', '')}")
        with job.board.begin("exporting cache to client directory"):
            found = await engine.builds.export_cache(builds, BuildCache(everything=everything), blobs)
    elif kind == "registry" and attributes.get("ref"):
        reference = attributes["ref"]
        with job.board.begin("exporting cache to registry"):
            login = await login_for(session, reference)
            cache = BuildCache(reference=reference, everything=everything, login=login)
            found = await engine.builds.export_cache(builds, cache)
    else:
        raise refused(f"unknown cache exporter: {kind[:40]!r}: registry, local and inline are there")
    descriptor = {"mediaType": found.media_type, "digest": found.digest, "size": found.size}
    return {"cache.manifest": json.dumps(descriptor)}
