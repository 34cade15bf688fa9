"""A table, and 1 as the exit code where one failed.

python -m tests.peers ADDRESS…[@1.NN] [CHECK…]  every check on each engine; @: as if it were as old as that version
python -m tests.peers bring ADDRESS|store       what it has brought over; "store": the user's podman without a service
python -m tests.peers nodes DIRECTORY           as root: two Docker engines as one swarm
python -m tests.peers all DIRECTORY [USER]      as root: engines prepared and started there, all of it, and TLS
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from engine.machines.machine_list import Entry
from engine.remote.engine import RemoteEngine
from tests.peers import two_nodes
from tests.peers.bringing import bring_over, bring_over_store
from tests.peers.checks import CHECKS
from tests.peers.everything import everything
from tests.support.older_engine import older_engine

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


async def _asked(address: str, names: list[str]) -> int:
    plain, _, minor = address.partition("@1.")
    if not minor:
        return await _check(address, names)
    async with older_engine(plain.removeprefix("unix://"), int(minor)) as path:
        return await _check(f"unix://{path}", names)


async def _brought(address: str) -> int:
    begun = time.monotonic()
    await (bring_over_store() if address == "store" else bring_over(address))
    sys.stdout.write(f"{address}: brought over in {time.monotonic() - begun:.1f} s\n")
    return 0


def main(words: list[str]) -> int:
    if words[:1] == ["nodes"]:
        asyncio.run(two_nodes.run(words[1]))
        return 0
    if words[:1] == ["all"]:
        user = words[2] if len(words) > 2 else os.environ.get("WHERRY_TEST_USER", "wherry-test")
        return int(everything(Path(words[1]), user) > 0)
    if words[:1] == ["bring"]:
        return asyncio.run(_brought(words[1]))
    addresses = [word for word in words if "://" in word]
    names = [word for word in words if "://" not in word]
    return int(sum(asyncio.run(_asked(address, names)) for address in addresses) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
