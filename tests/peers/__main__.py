"""`python -m tests.peers ADDRESS…`: every check on each engine; a table, and 1 as the exit code where one failed."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
import traceback
from pathlib import Path

from engine.machines.machine_list import Entry
from engine.remote.engine import RemoteEngine
from tests.peers import two_nodes
from tests.peers.checks import CHECKS

_SECONDS = 120.0


async def _check(address: str, names: list[str]) -> int:
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="wp-") as place:
        engine = RemoteEngine(Entry("peer", address), run=Path(place), store=Path(place), told=lambda: None)
        engine.begin()
        try:
            assert await engine.connected(_SECONDS), engine.condition
            sys.stdout.write(f"{address}: {engine.condition.kind} {engine.condition.version}\n")
            for check in CHECKS:
                if names and check.__name__ not in names:
                    continue
                begun = time.monotonic()
                try:
                    async with asyncio.timeout(_SECONDS):
                        await check(engine)
                    word = "ok"
                except Exception:
                    wrong += 1
                    word = traceback.format_exc(limit=-6)
                sys.stdout.write(f"  {check.__name__:12} {time.monotonic() - begun:6.2f} s  {word}\n")
                sys.stdout.flush()
                for each in await engine.containers.list():
                    await engine.containers.remove(each.id, force=True, volumes=True)
        finally:
            await engine.close()
    return wrong


def main(words: list[str]) -> int:
    if words[:1] == ["nodes"]:
        asyncio.run(two_nodes.run(words[1]))
        return 0
    addresses = [word for word in words if "://" in word]
    names = [word for word in words if "://" not in word]
    return int(sum(asyncio.run(_check(address, names)) for address in addresses) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
