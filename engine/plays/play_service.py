"""Implements `facade.Manifests`: reads manifests, plans, carries out one plan at a time."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from engine.compose.faults import ComposeError
from engine.errors import InvalidRequest
from engine.kube.plan import plan_down, plan_play
from engine.kube.wanted import OWN_NETWORK, Wishes, names_of, read_wanted
from engine.operations.stepping import carry_out
from engine.plays.carrying_out import Hands
from engine.plays.images_here import names_at, only_here, with_images
from engine.plays.looking import look
from engine.plays.telling import manifests_of
from engine.projects.reading import problems_shown
from engine.recipe.networks import network_name
from engine.types.projects import ProjectPlan

if TYPE_CHECKING:
    from engine.facade import Engine, OperationHandle
    from engine.kube.wanted import Wanted
    from engine.operations.registry import OperationRegistry, Progress
    from engine.types.manifests import GenerateManifests, PlayManifests, TakeManifestsDown
    from engine.types.projects import PlannedStep


class PlayService:
    """Holds the engine by its facade: nothing here reaches below what others may ask for."""

    def __init__(self, engine: Engine, operations: OperationRegistry) -> None:
        self._engine = engine
        self._operations = operations
        self._lock = asyncio.Lock()

    async def plan(self, request: PlayManifests) -> ProjectPlan:
        """What `play` would do; where the files cannot be used, what is wrong with them."""
        title = _title(request.texts)
        try:
            wanted = await _read(request)
            steps = await self._planned(wanted, request)
        except ComposeError as error:
            return ProjectPlan(project=title, problems=problems_shown(error.problems))
        names = tuple(pod.name for pod in wanted.pods)
        return ProjectPlan(project=title, steps=steps, problems=problems_shown(wanted.problems), services=names)

    async def plan_down(self, request: TakeManifestsDown) -> ProjectPlan:
        return ProjectPlan(project=_title(request.texts), steps=await self._planned_down(request))

    def play(self, request: PlayManifests) -> OperationHandle:
        """The operation's result is the names of the pods, a line each."""

        async def work(progress: Progress) -> str:
            progress.status("reading")
            async with self._lock:
                try:
                    wanted = await _read(request)
                    steps = await self._planned(wanted, request)
                except ComposeError as error:
                    raise _refusal(error) from error
                hands = Hands(self._engine, {pod.name: pod for pod in wanted.pods}, wanted.volumes)
                await carry_out(steps, hands.act, progress.steps)
            return "\n".join(pod.name for pod in wanted.pods)

        title = _title(request.texts)
        return self._operations.start(kind="play", title=f"Play {title}", subject=title, work=work)

    def down(self, request: TakeManifestsDown) -> OperationHandle:
        async def work(progress: Progress) -> str:
            async with self._lock:
                steps = await self._planned_down(request)
                await carry_out(steps, Hands(self._engine, {}, {}).act, progress.steps)
            return "\n".join(step.subject for step in steps)

        title = _title(request.texts)
        return self._operations.start(kind="play-down", title=f"Take down {title}", subject=title, work=work)

    async def generate(self, request: GenerateManifests) -> str:
        return await manifests_of(self._engine, request)

    async def images_only_here(self, texts: dict[str, str], registry: str) -> dict[str, str]:
        found = await only_here(self._engine, texts)
        return names_at(registry, found) if registry else dict.fromkeys(found, "")

    async def with_images(self, texts: dict[str, str], names: dict[str, str]) -> dict[str, str]:
        return await asyncio.to_thread(with_images, texts, names)

    # --- inside ---

    async def _planned(self, wanted: Wanted, request: PlayManifests) -> tuple[PlannedStep, ...]:
        present = await look(self._engine, wanted.pods)
        return plan_play(wanted, present, replace=request.replace, start=request.start, pull=request.pull)

    async def _planned_down(self, request: TakeManifestsDown) -> tuple[PlannedStep, ...]:
        try:
            titles, claims = await asyncio.to_thread(names_of, request.texts)
        except ComposeError as error:
            raise _refusal(error) from error
        return plan_down(titles, claims, await look(self._engine), volumes=request.volumes)


async def _read(request: PlayManifests) -> Wanted:
    wishes = Wishes(
        network=network_name(request.network) if request.network else OWN_NETWORK,
        publish_all=request.publish_all,
        ports=request.ports,
        replicas=request.replicas,
    )
    return await asyncio.to_thread(read_wanted, request.texts, wishes)


def _title(texts: dict[str, str]) -> str:
    return os.path.basename(next(iter(texts), ""))


def _refusal(error: ComposeError) -> InvalidRequest:
    first = error.problems[0]
    return InvalidRequest(
        f"The manifests cannot be used: {first.message}",
        "\n".join(map(str, error.problems)),
        subject=first.mark.file if first.mark else "",
    )
