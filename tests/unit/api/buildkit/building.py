"""Builds by BuildKit's door, as a client with a session makes them, and all that it hears of them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.api.buildkit.wire import messages_pb2 as wire
from tests.support.buildkit_client import BRIDGE, CONTROL, calling
from tests.support.buildkit_session import LentSession, lent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tests.support.buildkit_client import Client
    from tests.unit.api.serving import Served

RECIPE = b"FROM alpine\nRUN true\n"


@dataclass
class Outcome:
    """What a client has of its build."""

    result: Any
    response: dict[str, str]
    said: list[Any] = field(default_factory=list)

    @property
    def vertexes(self) -> list[str]:
        """Names, as they come."""
        return list(dict.fromkeys(each.name for response in self.said for each in response.vertexes))

    @property
    def statuses(self) -> list[str]:
        return list(dict.fromkeys(each.name for response in self.said for each in response.statuses))


def client_with(*, takes: type[Any] = wire.BytesMessage, recipe: bytes = RECIPE, **context: bytes) -> LentSession:
    """A Dockerfile, and a directory beside it."""
    made = LentSession(takes=takes)
    made.directories = {"dockerfile": {"Dockerfile": recipe}, "context": {"a.txt": b"a", **context}}
    return made


@asynccontextmanager
async def grpc(api: Served) -> AsyncIterator[Client]:
    raw = await api.upgrade("/grpc", protocol="h2c")
    async with calling((raw.reader, raw.writer)) as made:
        yield made


@asynccontextmanager
async def session(
    api: Served, service: LentSession, uuid: str = "s", *, without: str = "", shared_key: str = ""
) -> AsyncIterator[asyncio.StreamWriter]:
    """The client serves on it; it offers all but that method."""
    reader, writer = await api.connect()
    named = "".join(f"X-Docker-Expose-Session-Grpc-Method: {each}\r\n" for each in service.methods if each != without)
    head = f"POST /session HTTP/1.1\r\nHost: x\r\nX-Docker-Expose-Session-Uuid: {uuid}\r\n{named}"
    head += f"X-Docker-Expose-Session-Sharedkey: {shared_key}\r\n" if shared_key else ""
    writer.write(f"{head}Content-Length: 0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n".encode())
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    async with lent((reader, writer), service):
        yield writer


async def build(
    api: Served,
    service: LentSession,
    *,
    ref: str = "b",
    exporters: Sequence[tuple[str, Mapping[str, str]]] = (),
    attributes: Mapping[str, str] | None = None,
    **request: Any,
) -> Outcome:
    """From `Solve` to its end. `attributes` are what the client says of its Dockerfile; `request` more of the call."""
    listed = [wire.Exporter(Type=kind, Attrs=options) for kind, options in exporters]
    request = {"Ref": ref, "Session": "s", "Exporters": listed, "FrontendAttrs": attributes or {}, **request}
    async with grpc(api) as it, session(api, service), begun(it, **request) as solving:
        answer = await solve_target(it, ref, attributes or {})
        await it.give_back(ref, answer.result)
        response = await solving
        return Outcome(answer.result, dict(response.ExporterResponse), await it.status(ref))


@asynccontextmanager
async def begun(it: Client, **request: Any) -> AsyncIterator[asyncio.Task[Any]]:
    """The client's `Solve`, given up at the end if it goes on then."""
    solve = it.call(f"{CONTROL}Solve", wire.SolveRequest(**{"Ref": "b", "Session": "s", **request}), wire.SolveResponse)
    solving = asyncio.create_task(solve)
    try:
        yield solving
    finally:
        solving.cancel()
        await asyncio.gather(solving, return_exceptions=True)


async def solve_target(it: Client, ref: str, options: Mapping[str, str], **more: Any) -> Any:
    request = wire.BridgeSolveRequest(**{"Frontend": "dockerfile.v0", "FrontendOpt": options, **more})
    return await it.call(f"{BRIDGE}Solve", request, wire.BridgeSolveResponse, ref)
