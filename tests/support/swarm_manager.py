"""A stand-in for a Docker engine that manages a swarm: answers that dockerd 28.5 gave (tests/unit/swarm/recorded), kept
and changed in memory as a manager does it, with its versions and its refusals."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RECORDED = Path(__file__).parents[1] / "unit" / "swarm" / "recorded"
_KINDS = ("services", "tasks", "nodes", "configs", "secrets")


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


class StandInManager:
    """`asked` are the requests, `refusals` the answers for the next request of a path."""

    def __init__(self) -> None:
        self.kept: dict[str, list[dict[str, Any]]] = {kind: recorded(kind) for kind in _KINDS}
        self.networks: list[dict[str, Any]] = recorded("networks")
        self.asked: list[str] = []
        self.logins: list[tuple[str, dict[str, str]]] = []
        """Requests that brought one, and which."""
        self.pings = 0
        self.over = asyncio.Event()
        self.manages = True
        self.platform = "Docker Engine - Community"
        self.refusals: dict[str, list[tuple[int, str]]] = {}
        self.logs = b""
        self.digests: dict[str, str] = {}

    def find(self, kind: str, name: str) -> dict[str, Any]:
        for row in self.kept[kind]:
            if name in (row["ID"], row.get("Spec", {}).get("Name")):
                return row
        raise web.HTTPNotFound(text=json.dumps({"message": f"{kind[:-1]} {name} not found"}))

    def empty(self) -> None:
        for kind in ("services", "tasks", "configs", "secrets"):
            self.kept[kind].clear()
        self.networks = [each for each in self.networks if each["Name"] == "ingress"]

    # --- what is answered ---

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["rest"]
        if path[:2] == "/v":
            path = "/" + path[1:].partition("/")[2] if path != "/version" else path
        self.asked.append(f"{request.method} {path}")
        if login := request.headers.get("X-Registry-Auth"):
            self.logins.append((f"{request.method} {path}", json.loads(base64.urlsafe_b64decode(login))))
        waiting = self.refusals.get(path)
        if waiting:
            status, message = waiting.pop(0)
            return web.json_response({"message": message}, status=status)
        if path == "/_ping":
            self.pings += 1
            return web.Response(text="OK", headers={"Api-Version": "1.51"})
        if path == "/events":
            return await self._silence(request)
        word = path.split("/")[1]
        if word in _KINDS and not self.manages:
            said = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect.'
            return web.json_response({"message": said}, status=503)
        if word in _KINDS:
            return await self._kind(request, path)
        if word == "networks":
            return await self._network(request, path)
        if word == "distribution":
            return self._distribution(path)
        return web.json_response(self._plain(path))

    def _plain(self, path: str) -> Any:
        if path == "/version":
            return {"Version": "28.5.2", "ApiVersion": "1.51", "Platform": {"Name": self.platform}}
        if path == "/info":
            own = self.kept["nodes"][0]["ID"] if self.manages else ""
            return {"Swarm": {"NodeID": own, "ControlAvailable": self.manages}}
        return {"Volumes": []} if path == "/volumes" else []

    async def _silence(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await self.over.wait()
        return response

    def _distribution(self, path: str) -> web.Response:
        image = path.removeprefix("/distribution/").removesuffix("/json")
        if image not in self.digests:
            return web.json_response({"message": "no such manifest"}, status=404)
        return web.json_response({"Descriptor": {"digest": self.digests[image]}})

    async def _kind(self, request: web.Request, path: str) -> web.StreamResponse:
        kind, *rest = path.strip("/").split("/")
        if not rest:
            return web.json_response(self.kept[kind])
        if rest == ["create"]:
            return await self._create(kind, await request.json())
        row = self.find(kind, rest[0])
        if rest[1:] == ["logs"]:
            return web.Response(body=self.logs)
        if rest[1:] == ["update"]:
            return await self._update(request, row)
        if request.method == "DELETE":
            self.kept[kind].remove(row)
            return web.Response()
        return web.json_response(row)

    async def _create(self, kind: str, spec: dict[str, Any]) -> web.Response:
        known = [row for row in self.kept[kind] if row["Spec"]["Name"] == spec["Name"]]
        if known:
            message = f"rpc error: code = AlreadyExists desc = name conflicts with an existing object: {spec['Name']}"
            return web.json_response({"message": message}, status=409)
        made = {"ID": f"id-{spec['Name']}", "Version": {"Index": 1}, "Spec": spec,
                "CreatedAt": "2026-11-28T10:00:00.1Z", "UpdatedAt": "2026-11-28T10:00:00.1Z"}  # fmt: skip
        self.kept[kind].append(made)
        return web.json_response({"ID": made["ID"], "Id": made["ID"]}, status=201)

    async def _update(self, request: web.Request, row: dict[str, Any]) -> web.Response:
        if request.query.get("version") != str(row["Version"]["Index"]):
            message = "rpc error: code = Unknown desc = update out of sequence"
            return web.json_response({"message": message}, status=500)
        row["Version"] = {"Index": row["Version"]["Index"] + 1}
        before = copy.deepcopy(row["Spec"])
        row["Spec"] = row["PreviousSpec"] if request.query.get("rollback") else await request.json()
        row["PreviousSpec"] = before
        return web.json_response({})

    async def _network(self, request: web.Request, path: str) -> web.Response:
        rest = path.strip("/").split("/")[1:]
        if not rest:
            return web.json_response(self.networks)
        if rest == ["create"]:
            body = await request.json()
            self.networks.append({**body, "Id": f"id-{body['Name']}", "Scope": "swarm"})
            return web.json_response({"Id": f"id-{body['Name']}"}, status=201)
        for row in self.networks:
            if rest[0] in (row["Id"], row["Name"]) and not row.get("zombie"):
                if request.method == "DELETE":
                    self.networks.remove(row)
                    return web.Response(status=204)
                return web.json_response(row)
        return web.json_response({"message": f"network {rest[0]} not found"}, status=404)


@contextlib.asynccontextmanager
async def serve_manager(socket: Path) -> AsyncIterator[StandInManager]:
    manager = StandInManager()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", manager.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(socket)).start()
        yield manager
    finally:
        manager.over.set()
        await runner.cleanup()
