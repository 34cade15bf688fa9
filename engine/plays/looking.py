"""What is there of manifests, read from the rooms by our labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import NotFound
from engine.kube.labels import EMPTY, HASH, OBJECT
from engine.kube.plan import Present, PresentPod
from engine.types.pods import PodState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.facade import Engine
    from engine.kube.wanted import WantedPod
    from engine.types.pods import Pod


async def look(engine: Engine, wanted: Iterable[WantedPod] = ()) -> Present:
    pods = tuple(wanted)
    counts = {pod.name: len(pod.containers) for pod in pods}
    volumes = await engine.volumes.list()
    return Present(
        pods={each.name: _present(each, counts.get(each.name, 0)) for each in await engine.pods.list()},
        volumes=frozenset(each.name for each in volumes),
        empty_volumes={each.name: each.labels[EMPTY] for each in volumes if EMPTY in each.labels},
        networks=frozenset(each.name for each in await engine.networks.list()),
        images=frozenset(await _images(engine, {each.spec.image for pod in pods for each in pod.containers})),
        containers=frozenset(each.name for each in await engine.containers.list()),
    )


def _present(pod: Pod, count: int) -> PresentPod:
    return PresentPod(
        name=pod.name,
        object=pod.recipe.labels.get(OBJECT, ""),
        hash=pod.recipe.labels.get(HASH, ""),
        running=pod.state is PodState.RUNNING,
        whole=len(pod.containers) == count,
        containers=tuple(each.name for each in pod.containers),
    )


async def _images(engine: Engine, names: set[str]) -> set[str]:
    found = set()
    for name in names:
        try:
            await engine.images.get(name)
        except NotFound:
            continue
        found.add(name)
    return found
