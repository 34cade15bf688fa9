"""A Docker of many containers that only tells its lists: to see what is asked, in how many rounds, and how fast."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LISTS = ("/containers/json", "/images/json", "/volumes", "/networks", "/info")


class CannedDocker:
    def __init__(self, containers: int) -> None:
        self.asked: list[str] = []
        self.answered = 0.0
        """When the list of containers went out, by the clock of `time.perf_counter`."""
        self.holds_back = False
        """The lists are answered when all of them were asked for, and nothing beside them ever is."""
        self.over = asyncio.Event()
        self._all = asyncio.Event()
        self._lists = {
            "/containers/json": [_row(number) for number in range(containers)],
            "/images/json": [{"Id": f"sha256:{'a' * 64}", "RepoTags": ["shop:1"], "Created": 1, "Size": 1}],
            "/volumes": {"Volumes": []}, "/networks": [], "/info": {"Swarm": {}},
        }  # fmt: skip

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = f"/{request.path.partition('/v1.41')[2].lstrip('/')}" if "/v1." in request.path else request.path
        self.asked.append(path)
        if path == "/version":
            return web.json_response({"Version": "28.5.2", "ApiVersion": "1.41"})
        if path == "/_ping":
            return web.Response(text="OK", headers={"Api-Version": "1.41"})
        if path not in LISTS:
            await self.over.wait()
            return web.Response(status=503)
        if set(LISTS) <= set(self.asked):
            self._all.set()
        if self.holds_back:
            await self._all.wait()
        if path == "/containers/json":
            self.answered = time.perf_counter()
        return web.Response(body=msgspec.json.encode(self._lists[path]), content_type="application/json")


@contextlib.asynccontextmanager
async def canned_docker(socket: Path, containers: int) -> AsyncIterator[CannedDocker]:
    docker = CannedDocker(containers)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", docker.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.0)
    await runner.setup()
    await web.UnixSite(runner, str(socket)).start()
    try:
        yield docker
    finally:
        docker.over.set()
        await runner.cleanup()


def _row(number: int) -> dict[str, object]:
    """As dockerd 28.5 has one in its list."""
    key = f"{number:064x}"
    network = {
        "IPAMConfig": None,
        "Aliases": None,
        "NetworkID": "b" * 64,
        "IPAddress": f"172.17.{number >> 8}.{number & 255}",
    }
    return {
        "Id": key, "Names": [f"/shop-{number}"], "Image": "shop:1", "ImageID": f"sha256:{'a' * 64}",
        "Command": "sh -c 'serve --port 80'", "Created": 1_790_000_000 + number, "State": "running",
        "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 20_000 + number, "Type": "tcp"}],
        "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": f"web{number}"},
        "Status": "Up 2 hours", "HostConfig": {"NetworkMode": "bridge"},
        "NetworkSettings": {"Networks": {"bridge": network}},
        "Mounts": [{"Type": "volume", "Name": f"data{number}", "Source": "/v", "Destination": "/data", "RW": True}],
    }  # fmt: skip
