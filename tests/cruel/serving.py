"""An engine on its socket, for a driver that will kill it or send it whatever there is.

ROOT RUN [TOLD]      TOLD: where to write, at the end, what kept the loop
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.api.server import ApiServer
from engine.embedded import open_engine
from tests.cruel.stalls import Stalls

if TYPE_CHECKING:
    from aiohttp import web


class NamingServer(ApiServer):
    """Its tasks are called as the requests they answer, for whoever asks what kept the loop."""

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None
        task.set_name(f"{request.method} {request.path_qs}"[:100])
        return await super()._handle(request)


async def serve(root: Path, run: Path, *, stop_containers: bool) -> None:
    engine = await open_engine(root, run)
    server = NamingServer(engine, engine.paths.socket)
    await server.start()
    leaving = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leaving.set)
    await leaving.wait()
    await server.close()
    await engine.close(stop_containers=stop_containers)


def main() -> None:
    root, run, *told = map(Path, sys.argv[1:])
    stalls = Stalls()
    if told:
        stalls.install()
    asyncio.run(serve(root, run, stop_containers=bool(told)))
    if told:
        told[0].write_text(json.dumps({"longest": stalls.longest, "seen": stalls.seen}))
