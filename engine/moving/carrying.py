"""A move or a copy, carried out: copied while it runs, then stopped, levelled, started there; only then let go here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from engine.errors import Conflict, NotFound, WherryError
from engine.moving.again import make, make_networks, runs_well, start
from engine.moving.images import carry_image, own_files, reference_there
from engine.moving.kept import AWAKE, let_go
from engine.moving.levelling import level, must_equal
from engine.moving.parts import FROM_LABEL, mark_of, parts_of, plan_of
from engine.types.data import now
from engine.types.machines import KeptSource
from engine.types.volumes import CreateVolume

if TYPE_CHECKING:
    from engine.facade import Engine
    from engine.moving.levelling import Marks
    from engine.moving.parts import Parts
    from engine.operations.registry import Progress
    from engine.types.containers import Container
    from engine.types.images import Image
    from engine.types.machines import Moved
    from engine.types.volumes import Volume


class Carrier:
    """One request. Whatever it is cut off by, doing it again goes on where it was: what arrived is not sent twice."""

    def __init__(self, source: Engine, target: Engine, request: Moved, progress: Progress) -> None:
        self._source = source
        self._target = target
        self._request = request
        self._progress = progress
        self._sent = 0
        self._total = 0
        self._marks: dict[str, Marks] = {}
        self._images: dict[str, str] = {}
        self.kept: KeptSource | None = None
        """What it left stopped where it was."""

    async def run(self) -> str:
        plan = await plan_of(self._source, self._target, self._request)
        if plan.problems:
            raise Conflict(f"“{self._request.name}” cannot be taken there", " ".join(plan.problems))
        self._total = plan.bytes
        parts = await parts_of(self._source, self._request)
        running = [each.id for each in parts.containers if each.state in AWAKE]
        for image in parts.images:
            await self._carry_image(image)
        await self._carry_containers_images(parts)
        for volume in parts.volumes:
            await self._make_volume(volume)
            await self._level(volume)
        await make_networks(self._target, parts.networks)
        return await self._hand_over(parts, running)

    def _told(self, count: int) -> None:
        self._sent += count
        self._progress.amount(self._sent, max(self._total, self._sent))

    # --- images ---

    async def _carry_image(self, image: Image) -> None:
        self._progress.status(f"Image {(*image.tags, image.id)[0]}")
        renaming = self._request.kind == "image"
        await carry_image(self._source, self._target, image, self._told, renaming=renaming)
        if self._request.kind == "image" and self._request.new_name:
            await self._target.images.tag(image.id, self._request.new_name)

    async def _carry_containers_images(self, parts: Parts) -> None:
        """What a container changed in its own files goes along as a layer on its image."""
        for container in parts.containers:
            if not await self._source.containers.changes(container.id):
                continue
            self._progress.status(f"Files of {container.name}")
            async with own_files(self._source, container) as image:
                await carry_image(self._source, self._target, image, self._told, renaming=True)
            self._images[container.id] = image.tags[0]

    # --- volumes ---

    def _volume_name(self, volume: Volume) -> str:
        return self._request.new_name or volume.name if self._request.kind == "volume" else volume.name

    async def _make_volume(self, volume: Volume) -> None:
        name = self._volume_name(volume)
        with contextlib.suppress(NotFound):
            await self._target.volumes.get(name)
            return  # of a move that was cut off: the plan has looked whose it is
        labels = {**volume.labels, FROM_LABEL: mark_of(volume)}
        await self._target.volumes.create(CreateVolume(name=name, labels=labels))

    async def _level(self, volume: Volume) -> None:
        self._progress.status(f"Volume {volume.name}")
        name = self._volume_name(volume)
        before = self._marks.get(volume.name)
        self._marks[volume.name] = await level(self._source, self._target, volume.name, name, before, self._told)

    # --- the change-over ---

    async def _hand_over(self, parts: Parts, running: list[str]) -> str:
        """From the stop here to the start there nobody answers: that time is told."""
        stops = self._request.move or bool(parts.containers)
        begun = time.monotonic()
        stopped = [each for each in running if stops and self._request.move]
        made: list[Container] = []
        try:
            await asyncio.gather(*(self._source.containers.stop(each) for each in stopped))
            if stopped:
                for volume in parts.volumes:
                    await self._level(volume)
            for volume in parts.volumes:
                self._progress.status(f"Comparing {volume.name}")
                if not stopped and self._busy(volume, running):
                    continue  # it changes while it is looked at: a copy of something that runs is of a moment
                await must_equal(self._source, self._target, self._volume_name(volume), self._marks[volume.name])
            await self._make(parts, made)
            started = [new for old, new in zip(parts.containers, made, strict=True) if old.id in running]
            await start(self._target, started)
            downtime = time.monotonic() - begun
            await self._settled(started)
            await self._take_recipe_along()
        except BaseException:
            await self._back(stopped, made)
            raise
        if self._request.move and self._request.keep_source:
            self._keep(parts, made, started)
        elif self._request.move:
            await self._let_go(parts)
        return self._told_in_words(parts, downtime if stopped else 0.0)

    @staticmethod
    def _busy(volume: Volume, running: list[str]) -> bool:
        return any(each in running for each in volume.used_by)

    async def _make(self, parts: Parts, made: list[Container]) -> None:
        """`made` grows with each, so that whatever happens it is known what is there."""
        now_called: dict[str, str] = {}
        renamed = self._request.new_name if self._request.kind == "container" else ""
        for container in parts.containers:
            self._progress.status(f"Container {container.name}")
            image = self._images.get(container.id) or await reference_there(self._target, container)
            new = await make(self._target, container, parts.networks, now_called, name=renamed, image=image)
            now_called[container.id] = new.id
            made.append(new)

    async def _settled(self, containers: list[Container]) -> None:
        self._progress.status("Waiting until it runs")
        for container in containers:
            await runs_well(self._target, container)

    async def _take_recipe_along(self) -> None:
        if self._request.kind == "project":
            await self._target.projects.take_over(await self._source.projects.history(self._request.name))

    async def _back(self, stopped: list[str], made: list[Container]) -> None:
        """As it was here; what arrived of volumes and images stays there for another try."""
        for container in made:
            with contextlib.suppress(WherryError):
                await self._target.containers.remove(container.id, force=True)
        for each in stopped:
            with contextlib.suppress(WherryError):
                await self._source.containers.start(each)

    async def _let_go(self, parts: Parts) -> None:
        """It runs there: only now what was here goes."""
        self._progress.status("Letting go here")
        volumes = [volume.name for volume in parts.volumes]
        await let_go(self._source, [each.id for each in reversed(parts.containers)], volumes)
        if self._request.kind == "image":
            for image in parts.images:
                await self._source.images.remove(image.id, force=True)

    def _keep(self, parts: Parts, made: list[Container], started: list[Container]) -> None:
        request = self._request
        if request.kind == "container" or request.kind == "project":
            self.kept = KeptSource(
                kind=request.kind, name=request.name, source=request.source, target=request.target, moved=now(),
                here={each.id: each.name for each in parts.containers},
                there={each.id: each.name for each in made},
                running=tuple(each.id for each in started),
                volumes=tuple(volume.name for volume in parts.volumes),
            )  # fmt: skip

    def _told_in_words(self, parts: Parts, downtime: float) -> str:
        verb = "Moved" if self._request.move else "Copied"
        words = f"{verb} {self._request.name}: {self._sent} bytes sent"
        if self._request.move and self._request.keep_source and parts.containers:
            words += ", the source is stopped and stays"
        return f"{words}, {downtime:.1f} s nobody answered" if downtime else words
