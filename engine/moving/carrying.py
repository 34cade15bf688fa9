"""A move or a copy, carried out: copied while it runs, then stopped, levelled, started there; only then let go here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from engine.errors import Conflict, NotFound, WherryError
from engine.moving.again import make, make_networks, runs_well, start
from engine.moving.images import carry_image, named, own_files, reference_there
from engine.moving.kept import AWAKE, let_go
from engine.moving.levelling import level, must_equal
from engine.moving.parts import FROM_LABEL, as_it_is, mark_of, new_volume_name, parts_of, plan_of, volume_there
from engine.moving.under_way import UnderWay, clear_away, standing, wake
from engine.types.containers import State
from engine.types.data import now
from engine.types.machines import KeptSource
from engine.types.volumes import CreateVolume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade import Engine
    from engine.moving.kept import KeptSources
    from engine.moving.levelling import Marks
    from engine.moving.parts import Parts
    from engine.moving.under_way import RecordsUnderWay
    from engine.operations.registry import Progress
    from engine.types.containers import Container
    from engine.types.images import Image
    from engine.types.machines import Moved
    from engine.types.volumes import Volume


class Books(NamedTuple):
    """What outlives a carrier that ends in the middle."""

    under_way: RecordsUnderWay
    kept: KeptSources


class Carrier:
    """One request. Whatever it is cut off by, doing it again goes on where it was: what arrived is not sent twice."""

    def __init__(self, source: Engine, target: Engine, request: Moved, progress: Progress, books: Books) -> None:
        self._source = source
        self._target = target
        self._request = request
        self._progress = progress
        self._books = books
        self._record = UnderWay(request=request)
        self._sent = 0
        self._total = 0
        self._marks: dict[str, Marks] = {}
        self._images: dict[str, str] = {}

    async def run(self) -> str:
        earlier = await self._books.under_way.of(self._request)
        parts = await parts_of(self._source, self._request)
        if earlier is not None:
            self._record = earlier
            stands = await standing(self._target, earlier, parts.containers)
            if stands == "over":
                return await self._go_on_there(parts)
            if stands == "unclear":
                raise Conflict(
                    f"“{self._request.name}” was started there by an earlier try, and stands still",
                    "What it wrote may be nowhere else. Start it there and move again; or remove it there first.",
                )
        plan = await plan_of(self._source, self._target, self._request, earlier)
        if plan.problems:
            raise Conflict(f"“{self._request.name}” cannot be taken there", " ".join(plan.problems))
        self._total = plan.bytes
        running = self._that_ran(parts)
        volumes = [volume for volume in parts.volumes if not await self._stays_as_it_is(volume)]
        names = {self._volume_name(volume): mark_of(volume) for volume in volumes}
        await self._note(volumes=names, running=tuple(running))
        await clear_away(self._target, self._record)
        await self._note(makes=(), made=(), started=())
        for image in parts.images:
            await self._carry_image(image)
        for volume in volumes:
            await self._make_volume(volume)
            await self._level(volume)
        await make_networks(self._target, parts.networks)
        return await self._hand_over(parts, volumes, running)

    def _that_ran(self, parts: Parts) -> list[str]:
        """An earlier try may have stopped some, and not have come so far as to start them again."""
        before = self._record.running if self._record.stopped else ()
        return [each.id for each in parts.containers if each.state in AWAKE or each.id in before]

    async def _stays_as_it_is(self, volume: Volume) -> bool:
        earlier = self._record if self._record.volumes else None
        return as_it_is(self._request) and await volume_there(self._target, volume, self._request, earlier) == "came"

    async def _note(self, **changes: Any) -> None:
        """Written down before it is done."""
        self._record = msgspec.structs.replace(self._record, **changes)
        await self._books.under_way.add(self._record)

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

    async def _carry_own_files(self, parts: Parts) -> None:
        """What a container changed in its own files goes along as a layer on its image. It stands still by now."""
        for container in parts.containers:
            if not await self._source.containers.changes(container.id):
                continue
            self._progress.status(f"Files of {container.name}")
            async with own_files(self._source, container) as image:
                of_earlier_try = await named(self._target, image.tags[0])
                await carry_image(self._source, self._target, image, self._told, renaming=True)
            self._images[container.id] = image.tags[0]
            if of_earlier_try not in ("", image.id):
                with contextlib.suppress(WherryError):
                    await self._target.images.remove(of_earlier_try)

    # --- volumes ---

    def _volume_name(self, volume: Volume) -> str:
        return new_volume_name(volume, self._request)

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

    async def _hand_over(self, parts: Parts, volumes: Sequence[Volume], running: list[str]) -> str:
        """From the stop here to the start there nobody answers: that time is told."""
        begun = time.monotonic()
        kept = self._kept(parts)
        try:
            quiet = await self._quieten(running)
            await self._level_once_more(volumes, running, quiet=quiet)
            await self._carry_own_files(parts)
            if not self._request.move:
                await self._wake()
            made = await self._make(parts)
            started = [new for old, new in zip(parts.containers, made, strict=True) if old.id in running]
            started = started if self._request.start else []
            kept = msgspec.structs.replace(
                kept, there={each.id: each.name for each in made}, running=tuple(each.id for each in started)
            )
            if self._keeps:
                await self._books.kept.add(kept)
            await self._note(started=tuple(each.id for each in started))
            await start(self._target, started)
            downtime = time.monotonic() - begun
            await self._settle(started)
        except BaseException:
            await self._back(kept)
            raise
        return await self._conclude(parts, kept, downtime if self._request.move and running else 0.0)

    @property
    def _keeps(self) -> bool:
        return self._request.move and self._request.kind in ("container", "project")

    def _kept(self, parts: Parts) -> KeptSource:
        request = self._request
        return KeptSource(
            kind="project" if request.kind == "project" else "container", name=request.name, source=request.source,
            target=request.target, moved=now(), here={each.id: each.name for each in parts.containers}, there={},
            volumes=tuple(volume.name for volume in parts.volumes),
        )  # fmt: skip

    async def _quieten(self, running: Sequence[str]) -> bool:
        """What is moved stops; what is copied stands still for a moment, where the engine can do that."""
        if not running:
            return True
        await self._note(stopped=True)
        if self._request.move:
            await asyncio.gather(*(self._source.containers.stop(each) for each in running))
            return True
        try:
            await asyncio.gather(*(self._pause(each) for each in running))
        except WherryError:
            await self._wake()
            return False
        return True

    async def _pause(self, container: str) -> None:
        if (await self._source.containers.get(container)).state is State.RUNNING:
            await self._source.containers.pause(container)

    async def _wake(self) -> None:
        if self._record.stopped and await wake(self._source, self._record):
            await self._note(stopped=False)

    async def _level_once_more(self, volumes: Sequence[Volume], running: list[str], *, quiet: bool) -> None:
        if running and quiet:
            for volume in volumes:
                await self._level(volume)
        for volume in volumes:
            self._progress.status(f"Comparing {volume.name}")
            if not quiet and any(each in running for each in volume.used_by):
                continue  # it changes while it is looked at: a copy of something that runs is of a moment
            await must_equal(self._source, self._target, self._volume_name(volume), self._marks[volume.name])

    async def _make(self, parts: Parts) -> list[Container]:
        """The record grows with each, so that whatever happens it is known what is there."""
        now_called: dict[str, str] = {}
        made: list[Container] = []
        renamed = self._request.new_name if self._request.kind == "container" else ""
        await self._note(makes=tuple(renamed or each.name for each in parts.containers))
        for container in parts.containers:
            self._progress.status(f"Container {container.name}")
            image = self._images.get(container.id) or await reference_there(self._target, container)
            new = await make(self._target, container, parts.networks, now_called, name=renamed, image=image)
            now_called[container.id] = new.id
            made.append(new)
            await self._note(made=tuple(each.id for each in made))
        return made

    async def _settle(self, containers: Sequence[Container]) -> None:
        self._progress.status("Waiting until it runs")
        for container in containers:
            await runs_well(self._target, container)
        if self._request.kind == "project":
            await self._target.projects.take_over(await self._source.projects.history(self._request.name))

    async def _back(self, kept: KeptSource) -> None:
        """As it was here; what arrived of volumes and images stays there for another try."""
        gone = False
        with contextlib.suppress(WherryError):
            await clear_away(self._target, self._record)
            gone = True
        if gone:
            await self._note(makes=(), made=(), started=())
        await self._wake()
        if gone or not self._record.stopped:
            await self._books.kept.drop(kept)

    # --- the end ---

    async def _go_on_there(self, parts: Parts) -> str:
        """An earlier try ended after its change-over: what runs there counts."""
        known = [each for each in await self._books.kept.all() if (each.kind, each.name, each.source, each.target)
                 == (self._request.kind, self._request.name, self._request.source, self._request.target)]  # fmt: skip
        kept = known[-1] if known else self._kept(parts)
        await self._settle([await self._target.containers.get(each) for each in self._record.started])
        return await self._conclude(parts, kept, 0.0)

    async def _conclude(self, parts: Parts, kept: KeptSource, downtime: float) -> str:
        """It runs there: only now what was here goes."""
        if self._request.move and not (self._keeps and self._request.keep_source):
            self._progress.status("Letting go here")
            await let_go(self._source, [*reversed(kept.here)], kept.volumes)
            if self._request.kind == "image":
                for image in parts.images:
                    await self._source.images.remove(image.id, force=True)
            await self._books.kept.drop(kept)
        await self._books.under_way.drop(self._record)
        return self._told_in_words(parts, downtime)

    def _told_in_words(self, parts: Parts, downtime: float) -> str:
        verb = "Moved" if self._request.move else "Copied"
        words = f"{verb} {self._request.name}: {self._sent} bytes sent"
        if self._request.move and self._request.keep_source and parts.containers:
            words += ", the source is stopped and stays"
        return f"{words}, {downtime:.1f} s nobody answered" if downtime else words
