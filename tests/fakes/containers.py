"""Containers of the fake engine: the lifecycle table obeyed, ports checked, names given."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from engine.containers.end.exit_words import meaning_of
from engine.errors import Code, Conflict, InvalidRequest, RuntimeFailure
from engine.recipe.crossing import recipe_of
from engine.recipe.rows import LIVE, changes
from engine.types.containers import (
    LEGAL_ACTIONS,
    Action,
    ChangedPath,
    Container,
    ContainerSpec,
    CreateContainer,
    DeathReport,
    Exec,
    Exit,
    Health,
    HealthStatus,
    ListContainers,
    Mount,
    PortMapping,
    Process,
    SizeOnDisk,
    StartTiming,
    State,
    UpdateContainer,
    WaitResult,
)
from engine.types.data import ANY_LABELS, Freed, now
from engine.types.volumes import Volume
from tests.fakes.shell import FakeExec
from tests.fakes.store import normal_reference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.types.data import LabelRule
    from tests.fakes.store import Store

_ADJECTIVES = ("quiet", "brave", "amber", "swift", "mellow", "bright", "calm", "eager")
_NOUNS = ("heron", "otter", "maple", "harbor", "comet", "willow", "falcon", "ferry")


class FakeContainers:
    """Implements `facade.Containers`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._free_ports = itertools.count(49153)

    async def list(self, request: ListContainers = ListContainers()) -> Sequence[Container]:  # noqa: B008
        everyone = self._store.containers.values()
        return [c for c in everyone if not request.running_only or c.state in (State.RUNNING, State.PAUSED)]

    async def get(self, container: str) -> Container:
        return self._store.container(container)

    async def create(self, request: CreateContainer) -> Container:
        self._store.fail_if_told("containers.create")
        name = request.name or self._invent_name()
        if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", name):
            raise InvalidRequest(f"{name} is no name for a container", subject=name)
        if any(c.name == name for c in self._store.containers.values()):
            raise Conflict(f"The name {name} is taken", code=Code.NAME_TAKEN, subject=name)
        image = self._store.image(request.spec.image)
        spec = request.spec
        entry = image.config.entrypoint if spec.entrypoint is None else spec.entrypoint
        command = spec.command
        if command is None:
            command = image.config.command if spec.entrypoint is None else ()
        if not (*entry, *command):
            raise InvalidRequest("No command to run", "The image names none either.")
        container = Container(
            id=secrets.token_hex(32),
            name=name,
            image_id=image.id,
            image=normal_reference(spec.image) if normal_reference(spec.image) in image.tags else image.id,
            spec=spec,
            command_line=(*entry, *command),
            state=State.CREATED,
            created=now(),
            mounts=self._mounts(spec, image.config.volumes),
            driver=spec.driver or "overlay",
        )
        for network in request.networks:
            self._store.network(network)
        self._store.put("container", container, "create")
        for network, asked in request.networks.items():
            self._store.join(network, container.id, asked.aliases)
        self._store.refresh_users()
        return container

    async def start(self, container: str) -> Container:
        found = self._legal(container, Action.START)
        self._store.fail_if_told("containers.start")
        ports = self._publish(found, found.spec.ports)
        self._store.put("container", replace(found, state=State.STARTING))
        if self._store.delay:
            await asyncio.sleep(self._store.delay)
        timing = StartTiming(
            steps=(("mount", 0.4), ("network", 3.1), ("conmon and create", 8.2), ("ports", 17.9), ("start", 3.0)),
            begun=(0.0, 0.1, 3.3, 3.4, 21.5),
        )
        health = Health.STARTING if found.spec.health is not None else Health.NONE
        fresh = replace(
            self._store.container(found.id),
            state=State.RUNNING,
            started=now(),
            exit=None,
            pid=secrets.randbelow(30000) + 2000,
            ports=ports,
            ip_address="10.0.2.100" if found.spec.network == "pasta" else "",
            timing=timing,
            health=HealthStatus(status=health),
        )
        self._store.put("container", fresh, "start")
        return fresh

    async def stop(self, container: str, *, timeout: float | None = None, signal: str = "") -> Container:
        found = self._legal(container, Action.STOP, or_state=State.EXITED)
        if found.state is State.EXITED:
            return found
        self._store.fail_if_told("containers.stop")
        self._store.put("container", replace(found, state=State.STOPPING))
        if self._store.delay:
            await asyncio.sleep(self._store.delay)
        return self.end(found.id, Exit(code=143, signal=15, ended=now(), requested=True), "stop")

    async def restart(self, container: str, *, timeout: float | None = None) -> Container:
        found = self._legal(container, Action.RESTART)
        if found.state in (State.RUNNING, State.PAUSED):
            await self.stop(found.id, timeout=timeout)
        return await self.start(found.id)

    async def kill(self, container: str, *, signal: str = "KILL") -> Container:
        found = self._legal(container, Action.KILL)
        if signal.removeprefix("SIG") not in {"KILL", "TERM", "9", "15"}:
            return found
        return self.end(found.id, Exit(code=137, signal=9, ended=now(), requested=True), "kill")

    async def pause(self, container: str) -> Container:
        found = replace(self._legal(container, Action.PAUSE), state=State.PAUSED)
        self._store.put("container", found, "pause")
        return found

    async def unpause(self, container: str) -> Container:
        found = replace(self._legal(container, Action.UNPAUSE), state=State.RUNNING)
        self._store.put("container", found, "unpause")
        return found

    async def rename(self, container: str, name: str) -> Container:
        found = self._legal(container, Action.RENAME)
        if any(c.name == name and c.id != found.id for c in self._store.containers.values()):
            raise Conflict(f"The name {name} is taken", code=Code.NAME_TAKEN, subject=name)
        fresh = replace(found, name=name)
        self._store.put("container", fresh, "rename", oldName=found.name)
        return fresh

    async def update(self, container: str, request: UpdateContainer) -> Container:
        found = self._legal(container, Action.UPDATE)
        spec, ports = found.spec, found.ports
        if request.resources is not None:
            spec = replace(spec, resources=request.resources)
        if request.restart is not None:
            spec = replace(spec, restart=request.restart)
        if request.ports is not None:
            spec = replace(spec, ports=request.ports)
            ports = self._publish(found, request.ports) if found.state is State.RUNNING else ()
        fresh = replace(found, spec=spec, ports=ports)
        self._store.put("container", fresh, "update")
        return fresh

    async def edit(self, container: str, spec: ContainerSpec) -> Container:
        found = self._legal(container, Action.EDIT)
        image = self._store.image(spec.image)
        if image.id != found.image_id or spec.driver != found.spec.driver:
            raise InvalidRequest("This of a container cannot be changed")
        costs = changes(recipe_of(found.spec), recipe_of(spec))
        if found.state is State.RUNNING and set(costs.values()) <= {LIVE}:
            ports = self._publish(found, spec.ports) if spec.ports != found.spec.ports else found.ports
            fresh = replace(found, spec=spec, ports=ports)
            self._store.put("container", fresh, "update")
            return fresh
        was_running = found.state is State.RUNNING
        if was_running:
            await self.stop(found.id)
        fresh = replace(
            self._store.container(found.id),
            spec=spec,
            image_id=image.id,
            command_line=(*(spec.entrypoint or image.config.entrypoint), *(spec.command or image.config.command)),
            mounts=self._mounts(spec, image.config.volumes),
        )
        self._store.put("container", fresh, "update")
        return await self.start(found.id) if was_running else fresh

    async def wait(
        self, container: str, *, condition: Literal["not-running", "next-exit", "removed"] = "not-running"
    ) -> WaitResult:
        found = self._store.container(container)
        last = found.exit
        while True:
            current = self._store.containers.get(found.id)
            if current is None:
                return WaitResult(exit_code=last.code if last else 0)
            last = current.exit or last
            ended = current.state in (State.EXITED, State.CREATED, State.DEAD)
            if ended and condition == "not-running":
                return WaitResult(exit_code=last.code if last else 0)
            if ended and condition == "next-exit" and found.state is not current.state:
                return WaitResult(exit_code=last.code if last else 0)
            await asyncio.sleep(0.005)

    async def remove(self, container: str, *, force: bool = False, volumes: bool = False) -> Freed:
        found = self._legal(container, Action.FORCE_REMOVE if force else Action.REMOVE)
        self._store.fail_if_told("containers.remove")
        self._store.drop("container", found.id, "destroy")
        if volumes:
            for mount in found.mounts:
                volume = self._store.volumes.get(mount.source)
                if volume is not None and volume.anonymous:
                    self._store.drop("volume", volume.name, "destroy")
        self._store.refresh_users()
        return Freed(ids=(found.id,), bytes=2_400_000)

    async def prune(self, *, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Freed:
        gone = [
            c
            for c in list(self._store.containers.values())
            if c.state in (State.CREATED, State.EXITED, State.DEAD) and labels.allows(c.spec.labels)
        ]
        for container in gone:
            await self.remove(container.id)
        return Freed(ids=tuple(c.id for c in gone), bytes=2_400_000 * len(gone))

    async def size(self, container: str) -> SizeOnDisk:
        found = self._store.container(container)
        return SizeOnDisk(writable=2_400_000, total=2_400_000 + self._store.images[found.image_id].size)

    async def exec(self, container: str, request: Exec) -> FakeExec:
        found = self._legal(container, Action.EXEC)
        if request.command and request.command[0].endswith("missing"):
            raise RuntimeFailure(
                f"{request.command[0]} is not in the container", code=Code.COMMAND_NOT_FOUND, exit_code=127
            )
        return FakeExec(found, request)

    async def attach(self, container: str, *, stdin: bool = False, logs: bool = False, stream: bool = True) -> FakeExec:
        found = self._legal(container, Action.ATTACH)
        return FakeExec(found, Exec(command=found.command_line, tty=found.spec.tty, stdin=stdin))

    async def resize(self, container: str, rows: int, columns: int) -> None:
        self._store.container(container)

    async def tell(self, container: str, action: str, attributes: dict[str, str]) -> None:
        self._store.put("container", self._store.container(container), action, **attributes)

    async def processes(self, container: str) -> Sequence[Process]:
        found = self._legal(container, Action.PAUSE, or_state=State.PAUSED)
        started = found.started or now()
        lines = [" ".join(found.command_line), *(f"worker process {n}" for n in range(1, 4))]
        return [
            Process(
                pid=found.pid + n,
                container_pid=1 + n * 6,
                parent_pid=found.pid if n else 1,
                user="root" if n == 0 else "app",
                uid=0 if n == 0 else 1000,
                state="S",
                cpu_percent=0.4 * n,
                cpu_seconds=3.1 * (n + 1),
                memory=(18 + 7 * n) << 20,
                started=started + timedelta(seconds=n),
                command=line,
            )
            for n, line in enumerate(lines)
        ]

    async def signal_process(self, container: str, pid: int, signal: str) -> None:
        found = self._legal(container, Action.EXEC)
        if pid == found.pid and signal in {"KILL", "TERM"}:
            self.end(found.id, Exit(code=137, signal=9, ended=now(), requested=True), "die")

    async def changes(self, container: str) -> Sequence[ChangedPath]:
        self._store.container(container)
        return [
            ChangedPath(path="/etc/hostname", kind="changed", size=13),
            ChangedPath(path="/tmp/session-4f2a", kind="added", size=4096),
            ChangedPath(path="/usr/share/doc/examples", kind="removed"),
            ChangedPath(path="/var/cache/app/index.db", kind="added", size=2_310_144),
            ChangedPath(path="/var/log/app.log", kind="changed", size=88_213),
        ]

    async def suggest_dockerfile(self, container: str) -> str:
        found = self._store.container(container)
        return f"FROM {found.image}\nCOPY index.db /var/cache/app/index.db\nRUN rm -r /usr/share/doc/examples\n"

    async def death_report(self, container: str) -> DeathReport:
        found = self._store.container(container)
        if found.exit is None:
            raise Conflict(f"{found.name} has not ended")
        oom = found.exit.oom_killed
        return DeathReport(
            container_id=found.id,
            summary="It ran out of memory" if oom else f"Its command ended with code {found.exit.code}",
            meaning=meaning_of(found.exit.code, found.exit.signal),
            exit=found.exit,
            oom_proof="memory.events: oom_kill 1" if oom else "",
            memory_curve=tuple((-60.0 + n, int((60 + n * 3.2) * (1 << 20))) for n in range(61)) if oom else (),
            memory_limit=found.spec.resources.memory,
            stderr_tail=("Traceback (most recent call last):", '  File "/app/main.py", line 41', "MemoryError")
            if oom
            else ("connecting to database at db:5432", "fatal: password authentication failed for user “app”"),
            restarts=found.restart_count,
            next_steps=("raise-memory", "show-log", "restart") if oom else ("show-log", "open-shell", "fix-command"),
        )

    async def _tree(self, container: str) -> bytes:
        self._store.container(container)
        return b"\0" * 10240

    async def export(self, container: str) -> AsyncIterator[bytes]:
        yield await self._tree(container)

    # --- for tests ---

    def end(self, container_id: str, exit_: Exit, action: str = "die") -> Container:
        """The container's process has ended."""
        found = self._store.containers[container_id]
        fresh = replace(found, state=State.EXITED, exit=exit_, pid=0, ports=(), health=HealthStatus(), ip_address="")
        self._store.put("container", fresh, "die", exitCode=str(exit_.code))
        if action == "stop":
            self._store.put("container", fresh, "stop")
        if found.spec.auto_remove:
            self._store.drop("container", container_id, "destroy")
        return fresh

    def set_health(self, container_id: str, status: Health) -> None:
        found = self._store.containers[container_id]
        fresh = replace(found, health=HealthStatus(status=status, failing_streak=3))
        self._store.put("container", fresh, f"health_status: {status.value}")

    # --- inside ---

    def _legal(self, name: str, action: Action, *, or_state: State | None = None) -> Container:
        found = self._store.container(name)
        if action not in LEGAL_ACTIONS[found.state] and found.state is not or_state:
            raise Conflict(f"{found.name} is {found.state.value}", f"It cannot {action.value} now.", subject=found.id)
        return found

    def _publish(self, container: Container, ports: tuple[PortMapping, ...]) -> tuple[PortMapping, ...]:
        taken = {
            (port.host_port, port.protocol): other
            for other in self._store.running()
            if other.id != container.id
            for port in other.ports
        }
        result = []
        for port in ports:
            owner = taken.get((port.host_port, port.protocol))
            if port.host_port and owner is not None:
                raise Conflict(
                    f"Port {port.host_port} is in use",
                    f"The container {owner.name} has it.",
                    code=Code.PORT_IN_USE,
                    subject=str(port.host_port),
                )
            result.append(port if port.host_port else replace(port, host_port=next(self._free_ports)))
        return tuple(result)

    def _mounts(self, spec: ContainerSpec, declared: Sequence[str]) -> tuple[Mount, ...]:
        targets = {mount.target for mount in spec.mounts}
        wanted = [*spec.mounts, *(Mount(kind="volume", target=path) for path in declared if path not in targets)]
        result = []
        for mount in wanted:
            if mount.kind == "volume":
                anonymous = not mount.source
                mount = replace(mount, source=mount.source or secrets.token_hex(32))
                if mount.source not in self._store.volumes:
                    volume = Volume(
                        name=mount.source, created=now(), mountpoint=f"/volumes/{mount.source}", anonymous=anonymous
                    )
                    self._store.put("volume", volume, "create")
            result.append(mount)
        return tuple(result)

    def _invent_name(self) -> str:
        taken = {c.name for c in self._store.containers.values()}
        names = (f"{a}-{n}" for a in _ADJECTIVES for n in _NOUNS)
        return next((name for name in names if name not in taken), f"container-{time.time_ns()}")
