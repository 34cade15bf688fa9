"""A host of the test's own, with a small world behind its cable: what the doctor says of its names.

unshare --user --map-root-user --net --mount python -m tests.system.networks.doctored DIRECTORY
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from engine.host.checks.names import names
from engine.host.machine import Machine
from tests.system.networks.moving import ip, plug_in, resolver_file, world


def tell() -> None:
    found = names(Machine())
    sys.stdout.write(f"{found.verdict}: {found.found}\n")
    sys.stdout.flush()


async def main() -> None:
    ip("link set lo up")
    resolver = resolver_file(Path(sys.argv[1]))
    tell()
    resolver.write_text("nameserver 192.0.2.1\n")
    tell()
    async with world() as served:
        plug_in(served, 0, "192.0.2.9", "192.0.2.1", resolver)
        tell()


if __name__ == "__main__":
    asyncio.run(main())
