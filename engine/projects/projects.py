"""Implements `facade.Projects`: reads files, makes plans, carries them out one at a time for each project."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import msgspec

from engine.compose.faults import ComposeError
from engine.compose.planning.plan import Plan, only_stopped, plan_build, plan_down, plan_pull, plan_up
from engine.compose.schema.completing import complete
from engine.compose.text.adding import with_services
from engine.errors import NotFound, RuntimeFailure, WherryError
from engine.operations.registry import failure_of
from engine.projects import beside
from engine.projects.actual import look, projects_of, until_removed
from engine.projects.advice import advise
from engine.projects.carrying_out import BuildChanges, Carrier
from engine.projects.one_off import make_run
from engine.projects.reading import (
    plan_shown,
    problems_shown,
    refusal,
    step_shown,
)
from engine.projects.requests import agents_of
from engine.projects.watching import Watcher
from engine.types.data import now
from engine.types.projects import (
    DownProject,
    ProjectCompletion,
    ProjectPlan,
    ProjectReading,
    ProjectRun,
    UpOptions,
    UpProject,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.compose.faults import Problem
    from engine.compose.planning.plan import Actual
    from engine.compose.reading.loading import Project
    from engine.facade import Engine, OperationHandle
    from engine.operations.registry import OperationRegistry, Progress
    from engine.projects.reading import Texts
    from engine.projects.records import ProjectRecords
    from engine.types.containers import Container
    from engine.types.projects import BuildProject, PullProject, ReadProject, RunService, WatchProject
    from engine.types.projects import Project as ShownProject


class ProjectService:
    """Holds the engine by its facade, as a window does: nothing here reaches below what others may ask for."""

    def __init__(self, engine: Engine, operations: OperationRegistry, records: ProjectRecords) -> None:
        self._engine = engine
        self._operations = operations
        self._records = records
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # --- looking ---

    async def list(self) -> Sequence[ShownProject]:
        return projects_of(await self._engine.containers.list(), await self._records.names())

    async def history(self, name: str) -> Sequence[ProjectRun]:
        return await self._records.of(name)

    async def take_over(self, runs: Sequence[ProjectRun]) -> None:
        for run in runs:
            await self._records.save(run)

    async def read(self, source: ReadProject) -> ProjectReading:
        """The files alone: nothing is asked of the engine."""
        try:
            return await beside.reading(source)
        except ComposeError as error:
            return ProjectReading(project=source.name, problems=problems_shown(error.problems))

    async def plan(self, request: UpProject) -> ProjectPlan:
        """What `up` would do; where the files cannot be used, what is wrong with them."""
        try:
            project, _ = await beside.read(request.source)
        except ComposeError as error:
            return ProjectPlan(project=request.source.name, problems=problems_shown(error.problems))
        try:
            plan = await self._planned(project, request)
        except ComposeError as error:
            return plan_shown(project, None, [project.placed(each) for each in error.problems])
        return plan_shown(project, plan, await self._advice(project))

    async def with_services(self, text: str, addition: str) -> str:
        """A compose file's text with the services of another one in it."""
        try:
            return await asyncio.to_thread(with_services, text, addition)
        except ComposeError as error:
            raise refusal(error) from error

    async def complete(self, text: str, line: int, column: int) -> ProjectCompletion:
        images = sorted(tag for image in await self._engine.images.list() for tag in image.tags)
        start, words = await asyncio.to_thread(complete, text, line, column, images)
        return ProjectCompletion(start=start, words=words)

    async def _advice(self, project: Project) -> Sequence[Problem]:
        listening = await self._engine.networks.host_ports()
        actual = await self._look(project.name, None)
        return await asyncio.to_thread(advise, project, listening, {each.id for each in actual.containers})

    async def plan_down(self, request: DownProject) -> ProjectPlan:
        project = await self._project_of(request)
        name = project.name if project else request.name
        plan = await self._planned_down(name, project, request)
        return ProjectPlan(project=name, steps=tuple(map(step_shown, plan.steps)))

    # --- acting ---

    def up(self, request: UpProject) -> OperationHandle:
        """The operation's result is the project's name."""
        operation = secrets.token_hex(8)

        async def work(progress: Progress) -> str:
            progress.status("reading")
            try:
                project, texts = await beside.read(request.source)
            except ComposeError as error:
                raise refusal(error) from error
            async with self._lock(project.name):
                await self._bring_up(operation, project, texts, request, progress)
            return project.name

        subject = request.source.name or os.path.basename(os.path.dirname(request.source.files[0]))
        return self._operations.start(
            kind="up", title=f"Bring up {subject}", subject=subject, work=work, operation_id=operation
        )

    def down(self, request: DownProject) -> OperationHandle:
        async def work(progress: Progress) -> str:
            project = await self._project_of(request)
            name = project.name if project else request.name
            async with self._lock(name):
                await until_removed(self._engine, name)
                plan = await self._planned_down(name, project, request)
                await Carrier(
                    self._engine, project, plan, progress.steps, {}, timeout=request.timeout, volumes=request.volumes
                ).run()
            return name

        subject = request.name or (request.source.name if request.source else "")
        title = f"Stop {subject}" if request.only_stop else f"Take down {subject}"
        return self._operations.start(kind="down", title=title, subject=subject, work=work)

    def build(self, request: BuildProject) -> OperationHandle:
        async def work(progress: Progress) -> str:
            project = await self._read(request.source)
            plan = plan_build(project, request.services, dependencies=request.dependencies)
            agents = agents_of(request.ssh, request.source.environment)
            options = BuildChanges(request.no_cache, request.pull, request.build_args, agents)
            carrier = Carrier(
                self._engine, project, plan, progress.steps, request.source.environment, build_changes=options
            )
            await carrier.run()
            return project.name

        subject = os.path.basename(os.path.dirname(request.source.files[0]))
        return self._operations.start(kind="build-project", title=f"Build {subject}", subject=subject, work=work)

    def pull(self, request: PullProject) -> OperationHandle:
        async def work(progress: Progress) -> str:
            project = await self._read(request.source)
            here = (await self._look(project.name, project)).images if request.missing else ()
            plan = plan_pull(project, request.services, dependencies=request.dependencies, here=here)
            await Carrier(self._engine, project, plan, progress.steps, request.source.environment).run()
            return project.name

        subject = request.source.name or os.path.basename(os.path.dirname(request.source.files[0]))
        return self._operations.start(kind="pull-project", title=f"Pull {subject}", subject=subject, work=work)

    def watch(self, request: WatchProject) -> OperationHandle:
        """Ends when it is cancelled."""

        async def work(progress: Progress) -> str:
            project = await self._read(request.source)

            async def remake(service: str) -> None:
                await self._remade(request.source, service)

            watcher = Watcher(self._engine, project, request.services, progress.steps, remake)
            if request.up:
                up = UpProject(source=request.source, services=request.services, build=True)
                await self.up(up).result()
            await watcher.run()
            return project.name

        subject = request.source.name or os.path.basename(os.path.dirname(request.source.files[0]))
        return self._operations.start(kind="watch-project", title=f"Watch {subject}", subject=subject, work=work)

    async def _remade(self, source: ReadProject, service: str) -> None:
        """Built from what its files are now, and put in the place of what runs."""
        request = UpProject(source=source, services=(service,), dependencies=False, build=True, recreate="always")
        await self.up(request).result()

    async def make_run(self, request: RunService) -> Container:
        project = await self._read(request.source)
        if request.service not in project.services:
            raise NotFound(f"No such service: {request.service}", subject=request.service)
        async with self._lock(project.name):
            await self._ready_for(project, request)
        return await make_run(self._engine, project, request)

    async def _ready_for(self, project: Project, request: RunService) -> None:
        """What the command's service stands on: what it depends on if asked, its image, networks and volumes always."""
        needs = tuple(project.services[request.service].get("depends_on") or {}) if request.dependencies else ()
        environment = request.source.environment
        own = UpOptions(
            services=(request.service,), scale={request.service: 0}, dependencies=False, start=False,
            build=request.build, pull=request.pull, remove_orphans=request.remove_orphans,
        )  # fmt: skip
        wished = [own, UpOptions(services=needs)] if needs else [own]
        for options in reversed(wished):
            actual = await self._look(project.name, project)
            plan = plan_up(project, actual, options)
            steps = tuple(step for step in plan.steps if step.action != "remove" or step.reason == "orphan")
            await Carrier(self._engine, project, Plan(project.name, steps), lambda _: None, environment).run()

    async def earlier(self, name: str) -> UpProject:
        """What was before the last `up` that changed something: files, images and recipes as they were."""
        runs = list(await self._records.of(name))
        changed = max((at for at, run in enumerate(runs) if run.changes), default=0)
        before = [run for run in runs[:changed] if run.failure is None and run.ended is not None]
        if not before:
            raise NotFound(f"There is no earlier state of {name}", "It was brought up once only.", subject=name)
        request = before[-1].request
        return msgspec.structs.replace(request, services=(), build=False, pull="missing", recreate="changed")

    async def roll_back(self, name: str) -> OperationHandle:
        return self.up(await self.earlier(name))

    # --- the work ---

    async def _bring_up(
        self, operation: str, project: Project, texts: Texts, request: UpProject, progress: Progress
    ) -> None:
        await until_removed(self._engine, project.name)
        try:
            plan = await self._planned(project, request)
        except ComposeError as error:
            raise refusal(error) from error
        run = ProjectRun(
            id=operation,
            project=project.name,
            started=now(),
            request=msgspec.structs.replace(request, source=_kept(request.source, texts, project.name)),
            services={name: json.dumps(service) for name, service in project.services.items()},
            changes=tuple(f"{step.action} {step.subject}" for step in plan.changes),
        )
        await self._records.save(run)
        environment = request.source.environment
        carrier = Carrier(
            self._engine, project, plan, progress.steps, environment, timeout=request.timeout, wait=request.wait,
            renew_anonymous=request.renew_anonymous, follow_images=request.recreate != "never",
        )  # fmt: skip
        try:
            await _within(request.wait_timeout, carrier)
        except WherryError as error:
            await self._records.save(msgspec.structs.replace(run, ended=now(), failure=failure_of(error)))
            raise
        await self._records.save(msgspec.structs.replace(run, ended=now()))

    async def _planned(self, project: Project, request: UpProject) -> Plan:
        """Raises ComposeError where something that the files take for granted is not there."""
        actual, made_with = await self._look(project.name, project), await self._made_with(project.name)
        return plan_up(project, actual, request, made_with)

    async def _planned_down(self, name: str, project: Project | None, request: DownProject) -> Plan:
        actual = await self._look(name, project)
        plan = plan_down(
            project,
            name,
            actual,
            volumes=request.volumes and not request.keep_named,
            images=request.images,
            orphans=request.orphans,
            services=request.services,
        )
        return only_stopped(plan, actual) if request.only_stop else plan

    async def _look(self, name: str, project: Project | None) -> Actual:
        engine = self._engine
        return await look(name, project, engine.containers, engine.images, engine.volumes, engine.networks)

    async def _made_with(self, name: str) -> dict[str, dict[str, Any]]:
        """The services as they were last made here."""
        services: dict[str, dict[str, Any]] = {}
        for run in await self._records.of(name):
            services |= {service: json.loads(text) for service, text in run.services.items()}
        return services

    async def _project_of(self, request: DownProject) -> Project | None:
        return None if request.source is None else await self._read(request.source)

    async def _read(self, source: ReadProject) -> Project:
        try:
            project, _ = await beside.read(source)
        except ComposeError as error:
            raise refusal(error) from error
        return project

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())


async def _within(seconds: float | None, carrier: Carrier) -> None:
    """What was done until then stays, and the next `up` goes on from there."""
    try:
        async with asyncio.timeout(seconds):
            await carrier.run()
    except TimeoutError as error:
        told = f"It waited for {', '.join(carrier.unfinished())}."
        raise RuntimeFailure(f"The project is not up and healthy after {seconds:g} s", told) from error


def _kept(source: ReadProject, texts: Texts, name: str) -> ReadProject:
    """What brings this state back: the files' texts, and of the environment only what they name."""
    read = dict(texts.read)
    named = {
        key: value
        for key, value in source.environment.items()
        if key.startswith("COMPOSE_") or any(key in text for text in read.values())
    }
    return msgspec.structs.replace(source, texts=read, name=name, environment=named)
