"""Carries a plan out: steps side by side where they may be, each told as it goes. The only place that acts on a
project.

A failure stops what builds on it and nothing else, and leaves what ran before running: a container is replaced only
when
its successor is made. Whatever is cut off halfway is whole again after the next `up`, which plans from what is there.
"""

from __future__ import annotations

import asyncio
import io
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from engine.compose import labels
from engine.compose.planning import bodies
from engine.compose.reading.leaning import leans_on
from engine.errors import Cancelled, Code, NotFound, RuntimeFailure, WherryError
from engine.operations.together import together
from engine.projects.requests import build_request, network_request, volume_request
from engine.recipe.body import load
from engine.recipe.crossing import endpoints, spec_of
from engine.types.containers import ALIVE_STATES, CreateContainer, Health, Mount, State
from engine.types.files import Place
from engine.types.images import PullImage
from engine.types.operations import StepProgress, StepState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from engine.compose.planning.plan import Plan, Step
    from engine.compose.reading.loading import Project
    from engine.facade import Engine
    from engine.types.containers import Container, ContainerSpec
    from engine.types.networks import Endpoint

SIDE_BY_SIDE = 16
BUILDS_SIDE_BY_SIDE = 3


class BuildChanges(NamedTuple):
    """What `build` was asked besides what the files say."""

    no_cache: bool
    pull: bool
    build_args: Mapping[str, str]
    ssh_sockets: Mapping[str, str]


class Carrier:
    """One plan on its way."""

    def __init__(
        self,
        engine: Engine,
        project: Project | None,
        plan: Plan,
        tell: Callable[[tuple[StepProgress, ...]], None],
        environment: Mapping[str, str],
        *,
        timeout: float | None = None,
        volumes: bool = False,
        wait: bool = False,
        renew_anonymous: bool = False,
        build_changes: BuildChanges | None = None,
        follow_images: bool = True,
    ) -> None:
        self.engine = engine
        self.project = project
        self.plan = plan
        self.tell = tell
        self.environment = environment
        self.timeout = timeout
        self.volumes = volumes
        self.wait = wait
        self.renew_anonymous = renew_anonymous
        self.build_changes = build_changes
        self.follow_images = follow_images
        self._states = {
            step.id: StepProgress(id=step.id, action=step.action, subject=step.subject) for step in self.plan.steps
        }
        self._done = {step.id: asyncio.get_running_loop().create_future() for step in self.plan.steps}
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)
        self._builds = asyncio.Semaphore(BUILDS_SIDE_BY_SIDE)
        self._renewed: set[str] = set()
        """Services whose containers others took the place of although the plan kept them."""
        self._turned: set[str] = set()
        """Their steps."""
        self._ids: dict[str, str] = {step.subject: step.container for step in self.plan.steps if step.container}

    async def run(self) -> None:
        """Every step that can be done is; then the first failure is raised, with all of them in its details."""
        self._publish()
        failures: list[tuple[Step, WherryError]] = []
        try:
            await together(self._step(step, failures) for step in self.plan.steps)
        finally:
            for future in self._done.values():
                future.cancel()
        if failures:
            raise _all_of(failures)

    async def _step(self, step: Step, failures: list[tuple[Step, WherryError]]) -> None:
        done = self._done[step.id]
        for need in step.needs:
            if need in self._done and not await self._done[need]:
                self._became(step, "skipped", f"{need} was not done")
                done.set_result(False)
                return
        try:
            await self._wait_for_others(step)
            async with self._builds if step.action == "build" else self._slots:
                self._became(step, "running")
                await _ACTS[step.action](self, step)
            if step.action == "start" and self.wait:
                await self._ready(step)
        except Cancelled as error:
            failures.append((step, error))
            self._became(step, "failed", error.title)
            done.set_result(False)
        except WherryError as error:
            failures.append((step, error))
            self._became(step, "failed", error.title)
            done.set_result(False)
        else:
            self._became(step, "done")
            done.set_result(True)

    def unfinished(self) -> list[str]:
        """What was begun, or waits, and is not done."""
        states = self._states.values()
        return [state.subject for state in states if state.state in ("running", "waiting")] or ["nothing"]

    def _became(self, step: Step, state: StepState, note: str = "") -> None:
        action = "recreate" if step.id in self._turned else step.action
        self._states[step.id] = StepProgress(id=step.id, action=action, subject=step.subject, state=state, note=note)
        self._publish()

    def _publish(self) -> None:
        self.tell(tuple(self._states.values()))

    # --- waiting ---

    async def _wait_for_others(self, step: Step) -> None:
        """Before its first container starts, a service waits for what it depends on, as its conditions say."""
        if step.action != "start" or self.project is None:
            return
        service = self.project.services[step.service]
        for other, wait in (service.get("depends_on") or {}).items():
            if other not in self.project.services or wait["condition"] == "service_started":
                continue
            for each in await self._of_service(other):
                self._became(step, "waiting", other)
                await self._until(each.id, wait["condition"], waiting=step.service)

    async def _ready(self, step: Step) -> None:
        container = await self.engine.containers.get(step.subject)
        if container.spec.health is not None or container.health.status is not Health.NONE:
            await self._until(container.id, "service_healthy", waiting="")

    async def _of_service(self, service: str) -> list[Container]:
        assert self.project is not None
        return [
            each
            for each in await self.engine.containers.list()
            if each.spec.labels.get(labels.PROJECT) == self.project.name
            and each.spec.labels.get(labels.SERVICE) == service
            and each.spec.labels.get(labels.ONEOFF, "False") != "True"
        ]

    async def _until(self, container_id: str, condition: str, *, waiting: str) -> None:
        async with self.engine.watch() as changes:
            if _met(await self.engine.containers.get(container_id), condition, waiting):
                return
            async for change in changes:
                if getattr(change, "id", container_id) != container_id:
                    continue
                if _met(await self.engine.containers.get(container_id), condition, waiting):
                    return

    # --- acts on what services stand on ---

    async def _pull(self, step: Step) -> None:
        assert self.project is not None
        platform = self.project.services[step.service].get("platform") or ""
        await self.engine.images.pull(PullImage(reference=step.subject, platform=platform)).result()

    async def _build(self, step: Step) -> None:
        assert self.project is not None
        request = build_request(self.project, step.service, self.environment)
        if changes := self.build_changes:
            request = msgspec.structs.replace(
                request,
                no_cache=changes.no_cache or request.no_cache,
                pull=changes.pull or request.pull,
                build_args={**request.build_args, **changes.build_args},
                ssh_sockets={**request.ssh_sockets, **changes.ssh_sockets},
            )
        await self.engine.builds.build(request).result()

    async def _network(self, step: Step) -> None:
        assert self.project is not None
        if step.reason == "changed":
            network = await self.engine.networks.get(step.subject)
            for member in network.members:
                await self.engine.networks.disconnect(step.subject, member.container_id, force=True)
            await self.engine.networks.remove(step.subject)
        await self.engine.networks.create(network_request(bodies.network_body(self.project, step.key)))

    async def _volume(self, step: Step) -> None:
        assert self.project is not None
        await self.engine.volumes.create(volume_request(bodies.volume_body(self.project, step.key)))

    # --- acts on containers ---

    async def _create(self, step: Step) -> None:
        made = await self._made(step, step.subject)
        self._ids[step.subject] = made.id

    async def _made(self, step: Step, name: str, inherited: tuple[Mount, ...] = (), replaced: str = "") -> Container:
        assert self.project is not None
        spec, networks = await self._spec(step)
        said = {**spec.labels, **({labels.REPLACE: replaced} if replaced else {})}
        spec = msgspec.structs.replace(spec, mounts=_with_inherited(spec.mounts, inherited), labels=said)
        made = await self.engine.containers.create(CreateContainer(spec=spec, name=name))
        try:
            for network, endpoint in networks.items():
                await self.engine.networks.connect(network, made.id, asked=endpoint)
            await self._write_files(step.service, made.id)
        except BaseException:
            await self.engine.containers.remove(made.id, force=True)
            raise
        return made

    async def _spec(self, step: Step) -> tuple[ContainerSpec, Mapping[str, Endpoint]]:
        assert self.project is not None
        image = await self.engine.images.get(bodies.image_name(self.project, step.service))
        others = bodies.Others(await self._leaning(step.service))
        body = bodies.create_body(self.project, step.service, step.number, image_id=image.id, others=others)
        request = load(body)
        return spec_of(request.recipe), endpoints(request.networks)

    async def _leaning(self, service: str) -> dict[str, str]:
        """The containers it lives in, as they are now: they were made before it."""
        assert self.project is not None
        found: dict[str, str] = {}
        for other in leans_on(self.project.services[service]):
            for each in sorted(await self._of_service(other), key=lambda each: each.spec.labels.get(labels.NUMBER, "")):
                found.setdefault(other, each.id)
        return found

    async def _write_files(self, service: str, container_id: str) -> None:
        assert self.project is not None
        files = bodies.written_files(self.project, service, self.environment)
        if not files:
            return
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for file in files:
                entry = tarfile.TarInfo(file.target.lstrip("/"))
                data = file.text.encode(errors="surrogateescape")
                entry.size, entry.mode, entry.uid, entry.gid = len(data), file.mode, file.uid, file.gid
                tar.addfile(entry, io.BytesIO(data))

        async def stream() -> AsyncIterator[bytes]:
            yield archive.getvalue()

        place = Place(kind="container", id=container_id)
        await self.engine.files.upload(place, "/", stream(), copy_owner=True)

    async def _recreate(self, step: Step) -> None:
        """The successor is made first, beside the one that runs; then they change places."""
        old = await self.engine.containers.get(step.container)
        kept = () if self.renew_anonymous else old.mounts
        anonymous = tuple(mount for mount in kept if mount.kind == "volume" and _is_anonymous(mount.source))
        made = await self._made(step, f"{old.id[:12]}_{step.subject}", anonymous, old.name)
        try:
            if old.state in ALIVE_STATES:
                await self.engine.containers.stop(old.id, timeout=self.timeout)
        except BaseException:
            await self.engine.containers.remove(made.id, force=True)
            raise
        await self.engine.containers.remove(old.id, force=True)
        await self.engine.containers.rename(made.id, step.subject)
        self._ids[step.subject] = made.id

    async def _edit(self, step: Step) -> None:
        """The same container and its files, with a new recipe; what can change while it runs does."""
        spec, _ = await self._spec(step)
        await self.engine.containers.edit(step.container, spec)

    async def _keep(self, step: Step) -> None:
        container = await self.engine.containers.get(step.container)
        if container.name != step.subject:  # its predecessor went, and then this was cut off
            await self.engine.containers.rename(container.id, step.subject)
        is_alive = container.state in ALIVE_STATES
        if await self._is_outdated(step.service, container):
            self._turned.add(step.id)
            self._became(step, "running")
            await self._recreate(step)
            self._renewed.add(step.service)
            if is_alive:
                await self._start_anew(step)
        elif is_alive and f"restart:{step.subject}" not in self._done and self._restarts(step.service):
            await self._restart(step)

    async def _is_outdated(self, service: str, container: Container) -> bool:
        """The plan knew the images that were here before it: which is built or pulled now shows when it is."""
        assert self.project is not None
        if not self.follow_images or not container.image_id:
            return False
        if leans_on(self.project.services[service]) & self._renewed:
            return True
        try:
            image = await self.engine.images.get(bodies.image_name(self.project, service))
        except NotFound:
            return False
        return image.id != container.image_id

    def _restarts(self, service: str) -> bool:
        assert self.project is not None
        waits = self.project.services[service].get("depends_on") or {}
        return any(wait.get("restart") and other in self._renewed for other, wait in waits.items())

    async def _start_anew(self, step: Step) -> None:
        start = replace(step, action="start")
        await self._wait_for_others(start)
        self._became(step, "running")
        await self._start(start)
        if self.wait:
            await self._ready(start)

    async def _start(self, step: Step) -> None:
        container = await self.engine.containers.get(self._ids.get(step.subject) or step.subject)
        if container.state in (State.RUNNING, State.STARTING):
            return
        if container.state is State.PAUSED:
            await self.engine.containers.unpause(container.id)
            return
        await self.engine.containers.start(container.id)

    async def _restart(self, step: Step) -> None:
        await self.engine.containers.restart(step.container, timeout=self.timeout)

    async def _stop(self, step: Step) -> None:
        await self.engine.containers.stop(step.container, timeout=self.timeout)

    async def _remove(self, step: Step) -> None:
        try:
            container = await self.engine.containers.get(step.container)
            if container.state in ALIVE_STATES or container.state is State.RESTARTING:
                await self.engine.containers.stop(container.id, timeout=self.timeout)
            await self.engine.containers.remove(container.id, force=True, volumes=self.volumes)
        except NotFound:
            return

    async def _remove_network(self, step: Step) -> None:
        try:
            await self.engine.networks.remove(step.subject)
        except NotFound:
            return

    async def _remove_volume(self, step: Step) -> None:
        try:
            await self.engine.volumes.remove(step.subject)
        except NotFound:
            return

    async def _remove_image(self, step: Step) -> None:
        try:
            await self.engine.images.remove(step.subject)
        except NotFound:
            return


_ACTS: dict[str, Callable[[Carrier, Step], Awaitable[None]]] = {
    "pull": Carrier._pull,
    "build": Carrier._build,
    "network": Carrier._network,
    "volume": Carrier._volume,
    "create": Carrier._create,
    "recreate": Carrier._recreate,
    "edit": Carrier._edit,
    "keep": Carrier._keep,
    "start": Carrier._start,
    "restart": Carrier._restart,
    "stop": Carrier._stop,
    "remove": Carrier._remove,
    "remove-network": Carrier._remove_network,
    "remove-volume": Carrier._remove_volume,
    "remove-image": Carrier._remove_image,
}


def _met(container: Container, condition: str, waiting: str) -> bool:
    """Whether a condition holds; raises where it never will."""
    if condition == "service_completed_successfully":
        if container.state is State.EXITED and container.exit is not None:
            if container.exit.code == 0:
                return True
            raise _never(container, waiting, f"it ended with {container.exit.code}")
        return False
    if container.health.status is Health.HEALTHY:
        return True
    if container.health.status is Health.UNHEALTHY:
        raise _never(container, waiting, "it is unhealthy")
    if container.state in (State.EXITED, State.DEAD, State.REMOVING):
        code = container.exit.code if container.exit else 0
        raise _never(container, waiting, f"it ended with {code}")
    return False


def _never(container: Container, waiting: str, why: str) -> RuntimeFailure:
    title = f"{container.name} did not get ready: {why}"
    told = f"“{waiting}” waits for it." if waiting else ""
    return RuntimeFailure(title, told, code=Code.WRONG_STATE, subject=container.id)


def _with_inherited(wanted: Sequence[Mount], inherited: Sequence[Mount]) -> tuple[Mount, ...]:
    """A volume without a name that the file asks for is the one that was there; what the image asks for stays too."""
    before = {mount.target: mount for mount in inherited}
    mounts = [
        msgspec.structs.replace(mount, source=before[mount.target].source)
        if mount.kind == "volume" and not mount.source and mount.target in before
        else mount
        for mount in wanted
    ]
    targets = {mount.target for mount in wanted}
    return (*mounts, *(mount for mount in inherited if mount.target not in targets))


def _is_anonymous(name: str) -> bool:
    return len(name) == 64 and all(letter in "0123456789abcdef" for letter in name)


def _all_of(failures: list[tuple[Step, WherryError]]) -> WherryError:
    first = failures[0][1]
    if len(failures) > 1:
        told = "\n".join(f"{step.action} {step.subject}: {error.title}" for step, error in failures)
        first.details = f"{first.details}\n{told}".strip()
    return first
