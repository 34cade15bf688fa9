"""What is there of a project, read from the rooms by the labels of compose."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.compose import labels
from engine.compose.planning.bodies import image_name
from engine.compose.planning.plan import Actual, Present
from engine.errors import NotFound
from engine.recipe.networks import EGRESS_LABEL
from engine.types.containers import ALIVE_STATES, Health, State
from engine.types.machines import MOVED_IMAGES
from engine.types.projects import Project as ShownProject
from engine.types.projects import ProjectService

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.compose.reading.loading import Project
    from engine.facade import Containers, Engine, Images, Networks, Volumes
    from engine.types.containers import Container


_REMOVAL_SECONDS = 30.0
"""Without any word of it: then whoever asked hears why it cannot be."""


async def look(
    name: str, project: Project | None, containers: Containers, images: Images, volumes: Volumes, networks: Networks
) -> Actual:
    every_volume, every_network = await volumes.list(), await networks.list()
    mine = [each for each in await containers.list() if each.spec.labels.get(labels.PROJECT) == name]
    return Actual(
        containers=tuple(map(present, mine)),
        networks={each.name: each.labels.get(labels.HASH, "") for each in every_network},
        limits={each.name: each.labels.get(EGRESS_LABEL, "") for each in every_network},
        project_networks=frozenset(each.name for each in every_network if each.labels.get(labels.PROJECT) == name),
        volumes=frozenset(each.name for each in every_volume),
        project_volumes=frozenset(each.name for each in every_volume if each.labels.get(labels.PROJECT) == name),
        images=await _image_ids(project, images) if project else {},
    )


async def until_removed(engine: Engine, name: str) -> None:
    """Containers whose removal was begun, perhaps by an engine that was killed, go first: they hold their names."""
    async with engine.watch() as changes:
        while await _removing(engine, name):
            try:
                async with asyncio.timeout(_REMOVAL_SECONDS):
                    async for change in changes:
                        if getattr(change, "kind", "container") == "container":
                            break
            except TimeoutError:
                return


async def _removing(engine: Engine, name: str) -> bool:
    return any(
        each.state is State.REMOVING and each.spec.labels.get(labels.PROJECT) == name
        for each in await engine.containers.list()
    )


async def _image_ids(project: Project, images: Images) -> dict[str, str]:
    found: dict[str, str] = {}
    for service in project.services:
        reference = image_name(project, service)
        try:
            found[reference] = (await images.get(reference)).id
        except NotFound:
            continue
    return found


def present(container: Container) -> Present:
    said = container.spec.labels
    number = said.get(labels.NUMBER, "")
    return Present(
        id=container.id,
        name=container.name,
        service=said.get(labels.SERVICE, ""),
        number=int(number) if number.isdigit() else 0,
        config_hash=said.get(labels.HASH, ""),
        image_id=_image_of(container),
        running=container.state in ALIVE_STATES or container.state in (State.STARTING, State.RESTARTING),
        egress=said.get(EGRESS_LABEL, ""),
        oneoff=said.get(labels.ONEOFF, "False").lower() == "true",
    )


def _image_of(container: Container) -> str:
    """One that was moved here runs the image of its service with a layer of its own files on it."""
    moved = container.image.startswith(MOVED_IMAGES)
    return (container.spec.labels.get(labels.IMAGE) if moved else "") or container.image_id


def projects_of(containers: Iterable[Container], ours: Iterable[str]) -> Sequence[ShownProject]:
    """Every project whose containers are there, and those that were brought up here and are away now."""
    by_project: dict[str, list[Container]] = {name: [] for name in ours}
    for each in containers:
        if name := each.spec.labels.get(labels.PROJECT):
            by_project.setdefault(name, []).append(each)
    known = set(ours)
    return [_shown(name, found, ours=name in known) for name, found in sorted(by_project.items())]


def _shown(name: str, containers: Sequence[Container], *, ours: bool) -> ShownProject:
    by_service: dict[str, list[Container]] = {}
    for each in containers:
        by_service.setdefault(each.spec.labels.get(labels.SERVICE, ""), []).append(each)
    newest = max(containers, key=lambda each: each.created, default=None)
    said = newest.spec.labels if newest else {}
    return ShownProject(
        name=name,
        directory=said.get(labels.DIRECTORY, ""),
        files=tuple(filter(None, said.get(labels.FILES, "").split(","))),
        services=tuple(_service(service, found) for service, found in sorted(by_service.items())),
        containers=len(containers),
        running=sum(each.state in ALIVE_STATES for each in containers),
        ours=ours,
    )


def _service(name: str, containers: Sequence[Container]) -> ProjectService:
    waits = containers[0].spec.labels.get(labels.DEPENDS_ON, "")
    return ProjectService(
        name=name,
        containers=tuple(each.id for each in containers),
        running=sum(each.state in ALIVE_STATES for each in containers),
        unhealthy=sum(each.health.status is Health.UNHEALTHY for each in containers),
        depends_on=tuple(each.partition(":")[0] for each in waits.split(",") if each),
    )
