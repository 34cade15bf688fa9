"""An engine on its socket, for a driver that will kill it."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from engine.api.server import ApiServer
from engine.embedded import open_engine


async def serve(root: Path, run: Path) -> None:
    engine = await open_engine(root, run)
    server = ApiServer(engine, engine.paths.socket)
    await server.start()
    leaving = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, leaving.set)
    await leaving.wait()
    await server.close()
    await engine.close()


def main() -> None:
    asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2])))
