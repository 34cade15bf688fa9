"""Containers: list, inspect, create, and each step of their lives."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.api.call import shaped
from engine.api.docker.lookups import (
    docker_words,
    image_of,
    images_by_id,
    networks_by_name,
    processors,
    volume_paths,
)
from engine.api.docker.platforms import platform_of
from engine.api.docker.ps_formats import columns_of, table
from engine.api.http.statuses import Refusal
from engine.api.rules.create import check_create
from engine.api.rules.limits import check_limits, check_restart
from engine.api.shapes.bodies import CreateBody, HostConfigBody, UpdateBody
from engine.api.shapes.containers import docker_state, endpoints, inspection, merged_labels, summary
from engine.errors import Code, InvalidRequest, NotFound, WherryError
from engine.recipe.body import load, load_update
from engine.recipe.checks import is_name
from engine.recipe.crossing import endpoints as endpoints_asked
from engine.recipe.crossing import recipe_of, spec_of
from engine.recipe.networks import shown_network
from engine.types.containers import CreateContainer, Health, State, UpdateContainer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from engine.api.call import Call
    from engine.api.http.query_filters import Filters
    from engine.types.containers import Container, SizeOnDisk
    from engine.types.images import Image
    from engine.types.networks import Network

_LIST_FILTERS = frozenset(
    {"ancestor", "before", "expose", "exited", "health", "id", "is-task", "isolation", "label", "name", "network",
     "publish", "since", "status", "volume"}
)  # fmt: skip
_PRUNE_FILTERS = frozenset({"until", "label", "label!"})
_HEALTHS = frozenset({"none", "starting", "healthy", "unhealthy"})
_STATUSES = frozenset({"created", "restarting", "running", "removing", "paused", "exited", "dead"})
_MEASURED_AT_ONCE = 4
_EMPTY_BODY = 7
"""Bytes that a body of nothing may have: clients send "{}", "null" and a line break."""


async def list_containers(call: Call) -> web.StreamResponse:
    filters = call.filters(_LIST_FILTERS)
    limit = call.integer("limit", 0) or 0
    images, networks = await images_by_id(call.engine), await networks_by_name(call.engine)
    everything = sorted(await call.engine.containers.list(), key=lambda each: (each.created, each.id), reverse=True)
    _check_states(filters)
    ancestors = _ancestors(filters, images)
    wanted_all = call.flag("all") or limit > 0 or any(key in filters for key in ("status", "exited"))
    chosen = [
        container
        for container in _between(everything, filters)
        if (wanted_all or _counts_as_running(container)) and _passes(container, filters, images, ancestors, networks)
    ]
    if limit > 0:
        chosen = chosen[:limit]
    paths = await volume_paths(call.engine, chosen)
    sizes = await _sizes(call, chosen) if call.flag("size") else {}
    now = datetime.now(UTC)
    return call.answer(
        [
            summary(
                container,
                image=images.get(container.image_id),
                volume_paths=paths,
                networks=networks,
                size=sizes.get(container.id),
                now=now,
            )
            for container in chosen
        ]
    )


def _counts_as_running(container: Container) -> bool:
    return container.state in (State.RUNNING, State.PAUSED, State.STOPPING, State.RESTARTING)


def _between(newest_first: Sequence[Container], filters: Filters) -> Sequence[Container]:
    """What `before` and `since` leave: the list is cut at the containers they name."""
    chosen = newest_first
    for key in ("before", "since"):
        for name in filters.get(key):
            index = next((i for i, each in enumerate(chosen) if _names(each, name)), None)
            if index is None:
                raise Refusal(404, f"No such container: {name[:200]}")
            chosen = chosen[index + 1 :] if key == "before" else chosen[:index]
    return chosen


def _names(container: Container, name: str) -> bool:
    return container.name == name.removeprefix("/") or (bool(name) and container.id.startswith(name))


def _passes(
    container: Container,
    filters: Filters,
    images: Mapping[str, Image],
    ancestors: Sequence[Image],
    networks: Mapping[str, Network],
) -> bool:
    if not tuple(filters):
        return True
    image = images.get(container.image_id)
    ending = container.exit
    exit_code = str(ending.code) if ending is not None and container.state is State.EXITED else "-"
    return (
        filters.exact("status", docker_state(container))
        and filters.prefix("id", container.id)
        and filters.name("name", container.name)
        and filters.labels("label", merged_labels(container, image))
        and filters.exact("exited", exit_code)
        and filters.exact("health", _health_word(container))
        and _of_image(container, filters, images, ancestors)
        and _has_volume(container, filters)
        and _on_network(container, filters, networks)
        and _has_port(container, filters, image)
        and filters.flag("is-task") is not True
    )


def _check_states(filters: Filters) -> None:
    for status in filters.get("status"):
        if status not in _STATUSES:
            raise Refusal(
                400,
                f"invalid filter 'status={status[:40]}': invalid value for state ({status[:40]}): "
                "must be one of created, running, paused, restarting, removing, exited, dead",
            )
    for health in filters.get("health"):
        if health not in _HEALTHS:
            raise Refusal(
                400,
                f"invalid filter 'health={health[:40]}': invalid value for health ({health[:40]}): "
                "must be one of none, starting, healthy, unhealthy",
            )
    for code in filters.get("exited"):
        if not re.fullmatch(r"-?\d{1,4}", code):
            raise Refusal(400, f"invalid filter 'exited={code[:40]}'")


def _health_word(container: Container) -> str:
    return "none" if container.health.status is Health.NONE else container.health.status.value


def _of_image(container: Container, filters: Filters, images: Mapping[str, Image], ancestors: Sequence[Image]) -> bool:
    """Made from one of the images asked for, or from one that was made from it."""
    if "ancestor" not in filters:
        return True
    image = images.get(container.image_id)
    if image is not None and any(_descends(image, ancestor, images) for ancestor in ancestors):
        return True
    names = {container.image, container.image_id}
    return any(_means_image(wanted, names, container.image_id) for wanted in filters.get("ancestor"))


def _ancestors(filters: Filters, images: Mapping[str, Image]) -> list[Image]:
    """The images that an ancestor filter means."""
    return [
        image
        for image in images.values()
        for wanted in filters.get("ancestor")
        if _means_image(wanted, {image.id, *image.tags, *image.digests}, image.id)
    ]


def _descends(image: Image, ancestor: Image, images: Mapping[str, Image]) -> bool:
    if len(image.layers) > len(ancestor.layers) > 0 and image.layers[: len(ancestor.layers)] == ancestor.layers:
        return True
    seen: set[str] = set()
    while image.id not in seen:
        if image.id == ancestor.id:
            return True
        seen.add(image.id)
        image = images.get(image.parent, image)
    return False


def _means_image(wanted: str, names: set[str], image_id: str) -> bool:
    bare = wanted.removeprefix("sha256:")
    if len(bare) >= 4 and image_id.removeprefix("sha256:").startswith(bare):
        return True
    tagged = wanted if ":" in wanted.rpartition("/")[2] else f"{wanted}:latest"
    spellings = {wanted, tagged, f"docker.io/{tagged}", f"docker.io/library/{tagged}"}
    return bool(spellings & names)


def _has_volume(container: Container, filters: Filters) -> bool:
    given = filters.get("volume")
    return not given or any(mount.source in given or mount.target in given for mount in container.mounts)


def _on_network(container: Container, filters: Filters, networks: Mapping[str, Network]) -> bool:
    """By name or by the beginning of an id, on any of the container's networks."""
    given = filters.get("network")
    if not given:
        return True
    known = endpoints(container, networks)
    ids = [each["NetworkID"] for each in known.values()]
    return any(shown_network(name) in known or any(id.startswith(name) for id in ids if name) for name in given)


def _has_port(container: Container, filters: Filters, image: Image | None) -> bool:
    inside = {f"{port.container_port}/{port.protocol}" for port in container.ports}
    published = inside | {f"{port.host_port}/{port.protocol}" for port in container.ports}
    exposed = {*container.spec.exposed_ports, *(image.config.exposed_ports if image is not None else ()), *inside}
    return _any_port(filters.get("publish"), published) and _any_port(filters.get("expose"), exposed)


def _any_port(given: tuple[str, ...], there: set[str]) -> bool:
    if not given:
        return True
    for text in given:
        numbers, _, protocol = text.partition("/")
        first, _, last = numbers.partition("-")
        if not (first.isdigit() and (not last or last.isdigit()) and len(numbers) < 12):
            raise Refusal(400, f"invalid port filter {text[:40]!r}")
        low, high = int(first), int(last or first)
        for key in there:
            number, _, kind = key.partition("/")
            if number.isdigit() and low <= int(number) <= high and kind == (protocol or "tcp"):
                return True
    return False


async def _sizes(call: Call, containers: Sequence[Container]) -> dict[str, SizeOnDisk]:
    turn = asyncio.Semaphore(_MEASURED_AT_ONCE)

    async def measure(container: Container) -> tuple[str, SizeOnDisk | None]:
        async with turn:
            try:
                return container.id, await call.engine.containers.size(container.id)
            except NotFound:
                return container.id, None

    pairs = await asyncio.gather(*map(measure, containers))
    return {container_id: size for container_id, size in pairs if size is not None}


async def inspect_container(call: Call) -> web.StreamResponse:
    name = call.words["id"]
    with docker_words("container", name):
        container = await call.engine.containers.get(name)
    size = await call.engine.containers.size(container.id) if call.flag("size") else None
    return call.answer(
        inspection(
            container,
            image=await image_of(call.engine, container),
            volume_paths=await volume_paths(call.engine, [container]),
            networks=await networks_by_name(call.engine),
            exec_ids=call.served.execs.ids_of(container.id),
            version=call.version,
            size=size,
        )
    )


async def create_container(call: Call) -> web.StreamResponse:
    name = call.text("name")
    if name and not is_name(name.removeprefix("/")):
        raise Refusal(400, f"Invalid container name ({name[:100]}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    body = await call.json(dict[str, Any])
    typed = shaped(body, CreateBody)
    host = typed.host_config or HostConfigBody()
    check_create(typed, host, processors=await processors(call.engine))
    if call.at_least(42):
        (body.get("HostConfig") or {}).pop("KernelMemory", None)  # Docker ignores it since: the kernel has dropped it
    asked = load(body)
    spec = spec_of({**asked.recipe, "platform": platform_of(call.text("platform"))})
    request = CreateContainer(spec=spec, name=name.removeprefix("/"), networks=endpoints_asked(asked.networks))
    try:
        container = await call.engine.containers.create(request)
    except NotFound as error:
        raise await _missing(call, spec.image, error) from error
    return call.answer({"Id": container.id, "Warnings": [*container.unenforced, *container.warnings]}, 201)


async def _missing(call: Call, image: str, error: NotFound) -> WherryError:
    """Clients pull the image when a create answers 404: so that is the answer exactly when it is the image that is
    missing, or there for another machine. A network, container or link that is missing makes a bad request."""
    if error.code is not Code.NOT_FOUND:
        return error
    with docker_words("image", image):
        await call.engine.images.get(image)
    return InvalidRequest(error.title, error.explanation, hint=error.hint, subject=error.subject, docker=error.docker)


async def start(call: Call) -> web.StreamResponse:
    name = call.words["id"]
    if (call.request.content_length or 0) > _EMPTY_BODY:
        raise Refusal(
            400,
            "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
        )
    with docker_words("container", name):
        container = await call.engine.containers.get(name)
        if container.state in (State.RUNNING, State.PAUSED):
            if container.state is State.PAUSED:
                raise Refusal(409, "cannot start a paused container, try unpause instead")
            return call.empty(304)
        await call.engine.containers.start(container.id)
    return call.empty()


async def stop(call: Call) -> web.StreamResponse:
    name = call.words["id"]
    with docker_words("container", name):
        container = await call.engine.containers.get(name)
        if container.state in (State.CREATED, State.EXITED, State.DEAD):
            return call.empty(304)
        await call.engine.containers.stop(container.id, timeout=_grace(call), signal=call.text("signal"))
    return call.empty()


async def restart(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        await call.engine.containers.restart(call.words["id"], timeout=_grace(call))
    return call.empty()


def _grace(call: Call) -> float | None:
    """Seconds to wait for an end; -1 is for ever."""
    seconds = call.integer("t")
    if seconds is None:
        return None
    return float("inf") if seconds < 0 else float(seconds)


async def kill(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        await call.engine.containers.kill(call.words["id"], signal=call.text("signal") or "KILL")
    return call.empty()


async def pause(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        await call.engine.containers.pause(call.words["id"])
    return call.empty()


async def unpause(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        await call.engine.containers.unpause(call.words["id"])
    return call.empty()


async def rename(call: Call) -> web.StreamResponse:
    name = call.text("name")
    if not name:
        raise Refusal(400, "Neither old nor new names may be empty")
    if not is_name(name.removeprefix("/")):
        raise Refusal(
            400,
            f"Error when allocating new name: Invalid container name ({name[:100]}), "
            "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
        )
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
        if container.name == name.removeprefix("/"):
            raise Refusal(400, "Renaming a container with the same name as its current name")
        await call.engine.containers.rename(container.id, name.removeprefix("/"))
    return call.empty()


async def update(call: Call) -> web.StreamResponse:
    body = await call.json(dict[str, Any])
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
        memory = container.spec.resources.memory
        typed = shaped(body, UpdateBody)
        check_limits(typed, processors=await processors(call.engine), memory_now=memory)
        for complaint in check_restart(typed.restart_policy):
            raise Refusal(400, complaint)
        wanted = spec_of(load_update(body, recipe_of(container.spec)))
        request = UpdateContainer(resources=wanted.resources, restart=wanted.restart)
        changed = await call.engine.containers.update(container.id, request)
    return call.answer({"Warnings": list(changed.unenforced) or None})


async def resize(call: Call) -> web.StreamResponse:
    rows, columns = window_size(call)
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
    if container.state not in (State.RUNNING, State.PAUSED, State.STOPPING, State.STARTING):
        raise Refusal(409, f"container {container.id} is not running")
    await call.engine.containers.resize(container.id, rows, columns)
    return call.empty(200)


def window_size(call: Call) -> tuple[int, int]:
    return _side(call, "h", "height"), _side(call, "w", "width")


def _side(call: Call, key: str, word: str) -> int:
    text = call.text(key)
    if not (text.isascii() and text.isdigit()):
        reason = "value out of range" if re.fullmatch(r"-\d+", text) else "invalid syntax"
        raise Refusal(400, f'invalid resize {word} "{text[:20]}": {reason}')
    if len(text) > 5 or int(text) >= 1 << 16:
        raise Refusal(400, f'invalid resize {word} "{text[:20]}": value out of range')
    return int(text)


async def remove(call: Call) -> web.StreamResponse:
    if call.flag("link"):
        raise Refusal(501, "legacy links are not supported by Wherry: use networks")
    name = call.words["id"]
    with docker_words("container", name):
        container = await call.engine.containers.get(name)
        await call.engine.containers.remove(container.id, force=call.flag("force"), volumes=call.flag("v"))
    call.served.execs.forget_container(container.id)
    return call.empty()


async def prune(call: Call) -> web.StreamResponse:
    filters = call.filters(_PRUNE_FILTERS)
    freed = await call.engine.containers.prune(until_ns=filters.until_ns(), labels=filters.label_rule())
    return call.answer({"ContainersDeleted": list(freed.ids) or None, "SpaceReclaimed": freed.bytes})


async def top(call: Call) -> web.StreamResponse:
    columns = columns_of(call.text("ps_args"))
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
        if container.state not in (State.RUNNING, State.PAUSED, State.STOPPING):
            raise Refusal(409, f"container {container.id} is not running")
        processes = await call.engine.containers.processes(container.id)
    await call.engine.containers.tell(container.id, "top", {})
    memory = (await call.engine.host.facts()).memory or 1
    titles, rows = table(processes, columns, memory=memory, now=datetime.now(UTC))
    return call.answer({"Titles": titles, "Processes": rows})


_CHANGE_NUMBER = {"changed": 0, "added": 1, "removed": 2}


async def changes(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        found = await call.engine.containers.changes(call.words["id"])
    return call.answer([{"Path": each.path, "Kind": _CHANGE_NUMBER[each.kind]} for each in found] or None)


async def export(call: Call) -> web.StreamResponse:
    with docker_words("container", call.words["id"]):
        container = await call.engine.containers.get(call.words["id"])
    await call.engine.containers.tell(container.id, "export", {})
    return await call.send(call.engine.containers.export(container.id), "application/x-tar")
