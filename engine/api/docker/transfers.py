"""Pull and push, and the login that goes before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.api.docker.credentials import login_in, login_of
from engine.api.docker.images import import_image, joined, repository_of
from engine.api.docker.lookups import docker_words
from engine.api.docker.platforms import platform_of
from engine.api.docker.progress import LayerTeller, run_operation
from engine.api.http.statuses import Refusal
from engine.api.shapes.names import familiar
from engine.errors import NotFound
from engine.types.images import PullImage, PushImage

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.types.images import Image


async def create_image(call: Call) -> web.StreamResponse:
    """A pull (`fromImage`) or an import (`fromSrc`)."""
    image = call.text("fromImage")
    if not image:
        if call.text("fromSrc"):
            return await import_image(call)
        raise Refusal(400, "neither fromImage nor fromSrc was given")
    tag = call.text("tag")
    reference = joined(image, tag)
    # A repository without a tag is all of its tags; that is how `pull -a` says it.
    all_tags = not tag and ":" not in image.rpartition("/")[2] and "@" not in image
    request = PullImage(
        reference=reference, platform=platform_of(call.text("platform")), all_tags=all_tags, login=login_of(call)
    )
    before = await _digests(call, reference)

    async def ending_rows(result: str) -> list[dict[str, Any]]:
        try:
            got = await call.engine.images.get(result or reference)
        except NotFound:
            return [{"status": f"Status: Downloaded newer image for {reference}"}]
        digest = _digest_under(reference, got)
        rows: list[dict[str, Any]] = [{"status": f"Digest: {digest}"}] if digest else []
        unchanged = got.id == before
        words = "Image is up to date" if unchanged else "Downloaded newer image"
        return [*rows, {"status": f"Status: {words} for {familiar(reference)}"}]

    title = f"Pulling from {familiar(reference).partition(':')[0].partition('@')[0]}"
    opening = [{"status": title, "id": tag}] if tag and not tag.startswith("sha256:") else [{"status": title}]
    return await run_operation(
        call, call.engine.images.pull(request), opening=opening, tell=LayerTeller(push=False), ending=ending_rows
    )


async def _digests(call: Call, reference: str) -> str:
    try:
        return (await call.engine.images.get(reference)).id
    except NotFound:
        return ""


def _digest_under(reference: str, image: Image) -> str:
    """That of the repository it was asked for; an image may stand in several, with another in each."""
    named = familiar(repository_of(reference))
    pairs = [each.partition("@")[::2] for each in image.digests]
    there = [digest for repository, digest in pairs if familiar(repository) == named]
    return next(iter(there or [digest for _, digest in pairs]), "")


async def push(call: Call) -> web.StreamResponse:
    name, tag = call.words["name"], call.text("tag")
    if not tag and ":" in name.rpartition("/")[2]:
        name, _, tag = name.rpartition(":")
    all_tags = not tag
    if call.text("platform"):
        raise Refusal(501, "push --platform is not supported by Wherry: an image here has one platform")
    if not all_tags:
        with docker_words("image", joined(name, tag)):
            image = await call.engine.images.get(joined(name, tag))
    request = PushImage(reference=joined(name, tag), all_tags=all_tags, login=login_of(call))
    label = tag or "latest"

    async def ending(result: str) -> list[dict[str, Any]]:
        digest = result.rpartition("@")[2] if "sha256:" in result else ""
        if all_tags or not digest:
            return []
        aux = {"Tag": label, "Digest": digest, "Size": image.size}
        return [{"status": f"{label}: digest: {digest} size: {image.size}"}, {"progressDetail": {}, "aux": aux}]

    opening = [{"status": f"The push refers to repository [{name}]"}]
    return await run_operation(
        call, call.engine.images.push(request), opening=opening, tell=LayerTeller(push=True), ending=ending
    )


async def distribution(call: Call) -> web.StreamResponse:
    """What the registry has under a name, for who would know before a pull."""
    found = await call.engine.images.remote_image(call.words["name"], login=login_of(call))
    platforms = [
        {
            "architecture": each.architecture,
            "os": each.os,
            **({"variant": each.variant} if each.variant else {}),
        }
        for each in found.platforms
    ]
    descriptor = {"mediaType": found.media_type, "digest": found.digest, "size": found.size}
    return call.answer({"Descriptor": descriptor, "Platforms": platforms})


async def auth(call: Call) -> web.StreamResponse:
    """Docker's client keeps its logins itself, and forgets them itself: here they are only tried."""
    await call.engine.images.login(await login_in(call), keep=False)
    return call.answer({"Status": "Login Succeeded", "IdentityToken": ""})
