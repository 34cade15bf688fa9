"""Containers of a Docker or Podman engine. Implements `facade.Containers`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote

import msgspec

from engine.errors import NotFound, WherryError
from engine.recipe import body as bodies
from engine.recipe.crossing import recipe_of
from engine.remote.docker.known import shapes
from engine.remote.docker.known.lacks import lacking
from engine.remote.process_lines import begin_attach, begin_exec
from engine.types.containers import (
    ChangedPath,
    Container,
    ContainerSpec,
    CreateContainer,
    DeathReport,
    Exec,
    ListContainers,
    Process,
    SizeOnDisk,
    State,
    UpdateContainer,
    WaitResult,
)
from engine.types.data import ANY_LABELS, Freed, LabelRule, now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.facade import ByteStream, ExecSession
    from engine.remote.docker.known.following import DockerState
    from engine.types.networks import Endpoint

_ALL = ListContainers()
_STOP_SECONDS = 30.0
_CHANGES: tuple[Literal["changed", "added", "removed"], ...] = ("changed", "added", "removed")


class DockerContainers:
    def __init__(self, state: DockerState) -> None:
        self._state = state
        self._link = state.link

    async def list(self, request: ListContainers = _ALL) -> Sequence[Container]:
        """From what is followed: at once."""
        awake = (State.RUNNING, State.PAUSED, State.RESTARTING)
        return [each for each in self._state.containers() if not request.running_only or each.state in awake]

    async def get(self, container: str) -> Container:
        return await self._state.inspect(container)

    async def create(self, request: CreateContainer) -> Container:
        body = bodies.dump(recipe_of(request.spec))
        body.setdefault("Image", request.spec.image)
        made = await self._link.json(
            "POST", "/containers/create", {"name": request.name, "platform": request.spec.platform}, body=body
        )
        container_id = str(made["Id"])
        try:
            for network, endpoint in request.networks.items():
                said = {"Container": container_id, "EndpointConfig": endpoint_body(endpoint)}
                await self._link.tell("POST", f"/networks/{quote(network)}/connect", said)
        except WherryError:
            await self.remove(container_id, force=True)
            raise
        found = await self.get(container_id)
        return msgspec.structs.replace(found, warnings=shapes.texts(made.get("Warnings")))

    async def _act(self, container: str, verb: str, query: dict[str, object] | None = None) -> Container:
        wait = cast("float", (query or {}).get("t") or 0.0)
        await self._link.json(
            "POST", f"/containers/{quote(container)}/{verb}", query, seconds=_STOP_SECONDS + max(wait, 0.0) + 30.0
        )
        return await self.get(container)

    async def start(self, container: str) -> Container:
        return await self._act(container, "start")

    async def stop(self, container: str, *, timeout: float | None = None, signal: str = "") -> Container:
        seconds = None if timeout is None else str(int(timeout))
        await self._link.json(
            "POST", f"/containers/{quote(container)}/stop", {"t": seconds, "signal": signal},
            seconds=_STOP_SECONDS + (timeout if timeout is not None and timeout > 0 else 600.0),
        )  # fmt: skip
        return await self.get(container)

    async def restart(self, container: str, *, timeout: float | None = None) -> Container:
        seconds = None if timeout is None else str(int(timeout))
        await self._link.json("POST", f"/containers/{quote(container)}/restart", {"t": seconds}, seconds=630.0)
        return await self.get(container)

    async def kill(self, container: str, *, signal: str = "KILL") -> Container:
        return await self._act(container, "kill", {"signal": signal})

    async def pause(self, container: str) -> Container:
        return await self._act(container, "pause")

    async def unpause(self, container: str) -> Container:
        return await self._act(container, "unpause")

    async def rename(self, container: str, name: str) -> Container:
        return await self._act(container, "rename", {"name": name})

    async def update(self, container: str, request: UpdateContainer) -> Container:
        if request.ports is not None:
            lacking("containers.edit")
        self._state.require("containers.update")
        spec = ContainerSpec(image="x")
        if request.resources is not None:
            spec = msgspec.structs.replace(spec, resources=request.resources)
        if request.restart is not None:
            spec = msgspec.structs.replace(spec, restart=request.restart)
        body = bodies.dump_update(recipe_of(spec))
        await self._link.json("POST", f"/containers/{quote(container)}/update", body=body)
        return await self.get(container)

    async def edit(self, container: str, spec: ContainerSpec) -> Container:
        lacking("containers.edit")

    async def wait(
        self, container: str, *, condition: Literal["not-running", "next-exit", "removed"] = "not-running"
    ) -> WaitResult:
        path = f"/containers/{quote(container)}/wait"
        async with self._link.stream("POST", path, {"condition": condition}) as answer:
            async for found in self._link.messages(answer):
                error = shapes.part(found, "Error").get("Message") or ""
                return WaitResult(exit_code=int(found.get("StatusCode") or 0), error=str(error))
        raise NotFound(f"The container {container} is gone", subject=container)

    async def remove(self, container: str, *, force: bool = False, volumes: bool = False) -> Freed:
        query = {"force": force, "v": volumes}
        await self._link.json("DELETE", f"/containers/{quote(container)}", query, seconds=120.0)
        known = [each.id for each in self._state.containers() if container in (each.id, each.name)]
        self._state.gone("container", *known)
        return Freed(ids=(container,))

    async def prune(self, *, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Freed:
        done = await self._link.json(
            "POST", "/containers/prune", {"filters": prune_filters(until_ns, labels)}, seconds=300.0
        )
        return Freed(ids=shapes.texts(done.get("ContainersDeleted")), bytes=int(done.get("SpaceReclaimed") or 0))

    async def size(self, container: str) -> SizeOnDisk:
        found = await self._link.json("GET", f"/containers/{quote(container)}/json", {"size": True}, seconds=120.0)
        return SizeOnDisk(writable=int(found.get("SizeRw") or 0), total=int(found.get("SizeRootFs") or 0))

    async def exec(self, container: str, request: Exec) -> ExecSession:
        return await begin_exec(self._link, container, request)

    async def attach(
        self, container: str, *, stdin: bool = False, logs: bool = False, stream: bool = True
    ) -> ByteStream:
        facts = await self.get(container)
        return await begin_attach(self._link, facts.id, tty=facts.spec.tty, stdin=stdin, logs=logs, stream=stream)

    async def resize(self, container: str, rows: int, columns: int) -> None:
        await self._link.json("POST", f"/containers/{quote(container)}/resize", {"h": rows, "w": columns})

    async def tell(self, container: str, action: str, attributes: dict[str, str]) -> None:
        """The engine there tells its events itself."""

    async def processes(self, container: str) -> Sequence[Process]:
        path = f"/containers/{quote(container)}/top"
        words = {"ps_args": "-eo pid,ppid,user,uid,stat,pcpu,time,rss,args"}
        # Podman's own ps knows other words: it is asked for what it gives by itself.
        found = await self._link.json("GET", path, words if self._state.kind == "docker" else None) or {}
        titles = [str(title).upper() for title in found.get("Titles") or ()]
        return [_process(dict(zip(titles, row, strict=False))) for row in found.get("Processes") or ()]

    async def signal_process(self, container: str, pid: int, signal: str) -> None:
        facts = await self.get(container)
        if pid != facts.pid:
            lacking("containers.signal_process")
        await self.kill(container, signal=signal)

    async def changes(self, container: str) -> Sequence[ChangedPath]:
        found = await self._link.json("GET", f"/containers/{quote(container)}/changes", seconds=120.0)
        return [ChangedPath(path=str(row["Path"]), kind=_CHANGES[int(row["Kind"])]) for row in shapes.rows(found)]

    async def suggest_dockerfile(self, container: str) -> str:
        lacking("containers.suggest_dockerfile")

    async def death_report(self, container: str) -> DeathReport:
        lacking("containers.death_report")

    async def export(self, container: str) -> AsyncGenerator[bytes, None]:
        async with self._link.stream("GET", f"/containers/{quote(container)}/export") as answer:
            async with contextlib.aclosing(self._link.pieces(answer)) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    yield piece


def endpoint_body(endpoint: Endpoint) -> dict[str, Any]:
    """What is asked of a network, as Docker writes it."""
    body: dict[str, Any] = {"Aliases": list(endpoint.aliases), "Links": list(endpoint.links)}
    if endpoint.ip or endpoint.ip6:
        body["IPAMConfig"] = {"IPv4Address": endpoint.ip, "IPv6Address": endpoint.ip6}
    return body | ({"MacAddress": endpoint.mac} if endpoint.mac else {})


def prune_filters(until_ns: int, labels: LabelRule) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if until_ns:
        found["until"] = [str(until_ns // 1_000_000_000)]
    for key, rule in (("label", labels.wanted), ("label!", labels.unwanted)):
        if rule:
            found[key] = [f"{name}={value}" if value else name for name, value in rule.items()]
    return found


def _clock_seconds(text: str) -> float:
    """ "1-02:03:04", "00:00:07", "7"."""
    days, _, clock = text.strip().rpartition("-")
    parts = [int(part) for part in clock.split(":") if part.isdigit()]
    total = sum(part * 60**place for place, part in enumerate(reversed(parts)))
    return float(total + (int(days) * 86400 if days.isdigit() else 0))


def _process(row: dict[str, Any]) -> Process:
    def number(*names: str) -> float:
        for name in names:
            text = str(row.get(name, "")).strip()
            with contextlib.suppress(ValueError):
                return float(text)
        return 0.0

    pid = int(number("PID", "HPID"))
    return Process(
        pid=pid,
        container_pid=0,
        parent_pid=int(number("PPID")),
        user=str(row.get("USER", "")),
        uid=int(number("UID")),
        state=str(row.get("STAT", ""))[:1],
        cpu_percent=number("%CPU", "PCPU"),
        cpu_seconds=_clock_seconds(str(row.get("TIME", ""))),
        memory=int(number("RSS")) * 1024,
        started=now(),
        command=str(row.get("COMMAND") or row.get("CMD") or row.get("ARGS") or ""),
    )
