"""An engine on its socket, for a driver that will kill it or send it whatever there is.

ROOT RUN [TOLD]      TOLD: where to write, at the end, what kept the loop
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from engine.api.server import ApiServer
from engine.embedded import open_engine
from tests.cruel.stalls import Stalls


async def serve(root: Path, run: Path, *, stop_containers: bool) -> None:
    engine = await open_engine(root, run)
    server = ApiServer(engine, engine.paths.socket)
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
