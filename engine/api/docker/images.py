"""Images: list, inspect, history, tag, remove, prune, search, save, load, import, commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from engine.api.call import encode
from engine.api.docker.lookups import docker_words
from engine.api.docker.platforms import platform_of
from engine.api.docker.progress import run_operation
from engine.api.http.decompression import decompressed
from engine.api.http.statuses import Refusal
from engine.api.shapes.bodies import CommitBody, words
from engine.api.shapes.images import history as history_rows
from engine.api.shapes.images import inspection, removed, search_row, summary
from engine.api.shapes.names import familiar, tagged
from engine.types.images import CommitContainer

if TYPE_CHECKING:
    from aiohttp import web

    from engine.api.call import Call
    from engine.api.http.query_filters import Filters
    from engine.types.images import Image

_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_LIST_FILTERS = frozenset({"before", "dangling", "label", "reference", "since", "until"})
_PRUNE_FILTERS = frozenset({"dangling", "label", "label!", "until"})
_SEARCH_FILTERS = frozenset({"is-automated", "is-official", "stars"})


async def list_images(call: Call) -> web.StreamResponse:
    filters = call.filters(_LIST_FILTERS)
    images = sorted(await call.engine.images.list(), key=_age, reverse=True)
    # As docker's store of indexes shows them: one row for all that stands under a name.
    chosen = [image for image in images if not image.index_names and _passes(image, filters)]
    for key in ("before", "since"):
        for name in filters.get(key):
            with docker_words("image", name):
                pivot = _age(await call.engine.images.get(name))
            chosen = [image for image in chosen if (_age(image) < pivot if key == "before" else _age(image) > pivot)]
    rows = [_row(image, filters) for image in chosen]
    if call.at_least(44):
        for row in rows:
            del row["VirtualSize"]
    return call.answer(rows)


def _age(image: Image) -> float:
    return image.created.timestamp() if image.created is not None else 0.0


def _row(image: Image, filters: Filters) -> dict[str, object]:
    row = summary(image, containers=len(image.used_by))
    if "reference" in filters:
        row["RepoTags"] = [familiar(tag) for tag in image.tags if _any_reference(filters, tag)]
    return row


def _passes(image: Image, filters: Filters) -> bool:
    dangling = filters.flag("dangling")
    is_dangling = image.dangling
    if dangling is not None and dangling is not is_dangling:
        return False
    until = filters.until_ns()
    if until and _age(image) * 1e9 >= until:
        return False
    if not filters.labels("label", image.config.labels):
        return False
    return "reference" not in filters or any(_any_reference(filters, name) for name in (*image.tags, *image.digests))


def _any_reference(filters: Filters, name: str) -> bool:
    """Shell patterns over the whole reference or its repository, in the short or the long spelling."""
    short = familiar(name)
    spellings = {each for full in (name, short) for each in (full, repository_of(full))}
    return any(_glob(pattern).fullmatch(each) for pattern in filters.get("reference") for each in spellings)


def repository_of(name: str) -> str:
    """A reference without its tag and its digest; the port of a host is no tag."""
    bare = name.partition("@")[0]
    head, slash, tail = bare.rpartition("/")
    return head + slash + tail.partition(":")[0]


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stay within a path word, as in Go's path.Match. Nothing here can run away: stars are joined."""
    if len(pattern) > 256:
        raise Refusal(400, "a reference filter is too long")
    joined = re.sub(r"\*+", "*", pattern)
    if joined.count("*") > 8:
        raise Refusal(400, "a reference filter has too many stars")
    return re.compile("".join({"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char) for char in joined))


async def inspect_image(call: Call) -> web.StreamResponse:
    name = call.words["name"]
    with docker_words("image", name):
        image = await call.engine.images.get(name)
    wanted = platform_of(call.text("platform"))
    if wanted and wanted != str(image.platform):
        raise Refusal(404, f"image {name} is for {image.platform}, not for {wanted}")
    driver = (await call.engine.host.facts()).driver
    return call.answer(inspection(image, driver=driver, version=call.version))


async def history(call: Call) -> web.StreamResponse:
    with docker_words("image", call.words["name"]):
        image = await call.engine.images.get(call.words["name"])
    return call.answer(history_rows(image, await call.engine.images.history(image.id)))


async def tag(call: Call) -> web.StreamResponse:
    repository, tag_name = call.text("repo"), call.text("tag")
    if not repository:
        raise Refusal(400, "no repository was named")
    with docker_words("image", call.words["name"]):
        await call.engine.images.tag(call.words["name"], joined(repository, tag_name))
    return call.empty(201)


def joined(repository: str, tag_name: str) -> str:
    """Repository and tag come apart in queries; a tag may also be a digest. It counts more than one in the name."""
    if not tag_name:
        return repository
    if ":" not in tag_name and not _TAG.fullmatch(tag_name):
        raise Refusal(400, "invalid tag format")
    bare = repository_of(repository)
    return f"{bare}@{tag_name}" if tag_name.startswith("sha256:") else f"{bare}:{tag_name}"


async def remove(call: Call) -> web.StreamResponse:
    with docker_words("image", call.words["name"]):
        result = await call.engine.images.remove(
            call.words["name"], force=call.flag("force"), prune_parents=not call.flag("noprune")
        )
    return call.answer(removed(result))


async def prune(call: Call) -> web.StreamResponse:
    filters = call.filters(_PRUNE_FILTERS)
    result = await call.engine.images.prune(
        all_unused=filters.flag("dangling") is False, until_ns=filters.until_ns(), labels=filters.label_rule()
    )
    return call.answer({"ImagesDeleted": removed(result) or None, "SpaceReclaimed": result.bytes})


async def search(call: Call) -> web.StreamResponse:
    term = call.text("term")
    if not term:
        raise Refusal(400, "no term to search for was given")
    filters = call.filters(_SEARCH_FILTERS)
    limit = call.integer("limit", 25) or 25
    if not 1 <= limit <= 100:
        raise Refusal(400, f"limit {limit} is outside the range of [1, 100]")
    official = filters.flag("is-official")
    least = max((int(stars) for stars in filters.get("stars") if stars.isdigit() and len(stars) < 10), default=0)
    found = await call.engine.images.search(term, limit=limit)
    return call.answer(
        [
            search_row(result)
            for result in found
            if result.stars >= least and (official is None or result.official is official)
        ]
    )


async def save_one(call: Call) -> web.StreamResponse:
    return await _save(call, [call.words["name"]])


async def save_many(call: Call) -> web.StreamResponse:
    names = [name for value in call.texts("names") for name in value.split(",") if name]
    if not names:
        raise Refusal(400, "no image was named")
    return await _save(call, names)


async def _save(call: Call, names: list[str]) -> web.StreamResponse:
    wanted = platform_of(call.text("platform"))
    for name in names:
        with docker_words("image", name):
            image = await call.engine.images.get(name)
        if wanted and wanted != str(image.platform):
            raise Refusal(404, f"image {name} is for {image.platform}, not for {wanted}")
    return await call.send(call.engine.images.save(names), "application/x-tar")


async def load(call: Call) -> web.StreamResponse:
    """The result is told as a stream of messages, one line per image, as `docker load` shows them."""
    platform_of(call.text("platform"))
    operation = call.engine.images.load(decompressed(call.upload()))

    async def ending(result: str) -> list[dict[str, object]]:
        return [{"stream": f"Loaded image{_kind(name)}: {name}\n"} for name in result.splitlines() if name]

    return await run_operation(call, operation, ending=ending)


def _kind(name: str) -> str:
    return " ID" if name.startswith("sha256:") else ""


async def import_image(call: Call) -> web.StreamResponse:
    """`images/create` with `fromSrc`: a tree from the body, or from an address."""
    source = call.text("fromSrc")
    if source != "-" and not source.startswith(("http://", "https://")):
        source = f"http://{source}"  # as Docker takes a bare word
    reference = joined(call.text("repo"), call.text("tag"))
    operation = call.engine.images.import_tree(
        decompressed(call.upload()) if source == "-" else source,
        reference,
        message=call.text("message"),
        changes=call.texts("changes"),
    )

    async def ending(result: str) -> list[dict[str, object]]:
        return [{"status": result}]

    return await run_operation(call, operation, ending=ending)


async def commit(call: Call) -> web.StreamResponse:
    body = await call.json(CommitBody)
    container = call.text("container")
    if not container:
        raise Refusal(400, 'invalid name or ID supplied: ""')
    with docker_words("container", container):
        found = await call.engine.containers.get(container)
    request = CommitContainer(
        container=found.id,
        reference=joined(call.text("repo"), call.text("tag")),
        message=call.text("comment"),
        author=call.text("author"),
        changes=(*_config_lines(body), *(line for text in call.texts("changes") for line in text.splitlines())),
        pause=call.flag("pause", default=True),
    )
    image = await call.engine.images.commit(request).result()
    said = {"comment": request.message, "imageID": image, "imageRef": tagged(request.reference)}
    await call.engine.containers.tell(found.id, "commit", {key: text for key, text in said.items() if text})
    return call.answer({"Id": image}, 201)


def _config_lines(body: CommitBody) -> list[str]:
    """The body's configuration as the Dockerfile lines that say the same."""
    lines: list[str] = []
    for word, given in (("CMD", words(body.cmd)), ("ENTRYPOINT", words(body.entrypoint))):
        if given is not None:
            lines.append(f"{word} {msgspec.json.encode(list(given)).decode()}")
    for pair in body.env or ():
        key, _, value = pair.partition("=")
        lines.append(f"ENV {key}={_quoted(value)}")
    lines += [f"LABEL {_quoted(key)}={_quoted(value)}" for key, value in (body.labels or {}).items()]
    lines += [f"{word} {value}" for word, value in (("USER", body.user), ("WORKDIR", body.working_dir)) if value]
    lines += [f"EXPOSE {port}" for port in body.exposed_ports or ()]
    lines += [f"VOLUME {path}" for path in body.volumes or ()]
    if any("\n" in line or "\r" in line for line in lines):
        raise Refusal(400, "a value of the configuration holds a line break")
    return lines


def _quoted(text: str) -> str:
    return encode(text).decode().strip()
