"""An engine that lives to be killed, with neighbours that ask for one another again and again.

    python -m tests.system.networks.town ROOT RUN

It prints the names server's pid and the log of who asks, once everything runs.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine.embedded import open_engine
from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import load_busybox, read_log, run, until

ASKING = 'while :; do if nslookup "$0" >/dev/null 2>&1; then echo found; else echo lost; fi; sleep 0.1; done'


async def main() -> None:
    root, runtime = sys.argv[1:3]
    engine = await open_engine(Path(root), Path(runtime))
    await load_busybox(engine)
    await engine.networks.create(CreateNetwork(name="town"))
    await run(engine, name="baker", network="town")
    asker = await run(engine, "sh", "-c", ASKING, "baker", name="asker", network="town")
    await until(lambda: "found" in read_log(engine, asker.id))
    sys.stdout.write(f"{engine.networks.names_server_pid} {engine.paths.log(asker.id)}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
