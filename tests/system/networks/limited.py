"""A host of the test's own, with a small world behind its cable, and a container that may reach one name of it.

    unshare --user --map-root-user --net --mount python -m tests.system.networks.limited ROOT RUN [unfiltered]

What it reaches is told in lines. "unfiltered" is a kernel that has no packet filter for us: whoever asks for a
socket to it, here and in all that is started from here, is refused.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import platform
import socket
import struct
import sys
from contextlib import aclosing
from functools import partial
from pathlib import Path

from engine.embedded import EmbeddedEngine, open_engine
from engine.recipe.networks import EGRESS_LABEL
from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import create, load_busybox, run, until
from tests.system.networks.asking import LENT, PYTHON, said
from tests.system.networks.moving import ip, plug_in, reaches, resolver_file, world

_BEFORE = """
import socket
try:
    socket.create_connection(("198.51.100.7", 80), 3)
    print("reached")
except OSError as error:
    print(error.strerror)
"""
_OTHER = _BEFORE.replace("198.51.100.7", "203.0.113.1")


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")


async def look(engine: EmbeddedEngine, name: str) -> None:
    """The address of a name is shut until that name was asked for, and only that one is opened."""
    tell(f"{name}, the address alone: {(await said(engine, name, PYTHON, '-c', _BEFORE)).strip()}")
    await until(partial(reaches, engine, name))
    tell(f"{name}, by its name: reached")
    tell(f"{name}, the address from now on: {(await said(engine, name, PYTHON, '-c', _BEFORE)).strip()}")
    tell(f"{name}, another address: {(await said(engine, name, PYTHON, '-c', _OTHER)).strip()}")
    tell(f"{name}, another name: {'NXDOMAIN' in await said(engine, name, 'nslookup', 'other.example')}")


async def refused(engine: EmbeddedEngine, name: str) -> str:
    """The first place that it tried, and what others were told that is."""
    async with aclosing(engine.networks.watch_names()) as batches:  # type: ignore[type-var]
        async for batch in batches:
            for each in batch:
                if each.is_place and each.container == name:
                    return f"{each.addresses[0]}:{each.port}, {each.name}"
    return ""


def refuse_the_filter() -> None:
    """By a filter of system calls, which children have too: no socket(AF_NETLINK, …, NETLINK_NETFILTER)."""
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPROTONOSUPPORT
    number = {"x86_64": 41, "aarch64": 198}[platform.machine()]
    steps = [(0x20, 0, 0, 0), (0x15, 0, 5, number), (0x20, 0, 0, 16), (0x15, 0, 3, socket.AF_NETLINK)]
    steps += [(0x20, 0, 0, 32), (0x15, 0, 1, 12), (0x06, 0, 0, refuse), (0x06, 0, 0, allow)]
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    room = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(steps), ctypes.addressof(room))
    if ctypes.CDLL(None, use_errno=True).prctl(22, 2, program) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


async def main() -> None:
    root, runtime = (Path(each) for each in sys.argv[1:3])
    filtered = sys.argv[3:] != ["unfiltered"]
    if not filtered:
        refuse_the_filter()
    ip("link set lo up")
    resolver = resolver_file(root.parent)
    async with world() as served:
        plug_in(served, 0, "192.0.2.9", "192.0.2.1", resolver)
        engine = await open_engine(root, runtime)
        try:
            await load_busybox(engine)
            await engine.networks.create(CreateNetwork(name="team"))
            for network in ("pasta", "team"):
                spec = {"network": network, "mounts": LENT, "labels": {EGRESS_LABEL: "world.example"}}
                made = await create(engine, name=network, **spec)
                for warning in made.warnings:
                    tell(warning.partition(":")[0])
                await engine.containers.start(made.id)
                await look(engine, network)
            if not filtered:
                return
            await run(engine, name="shut", network="team", mounts=LENT, labels={EGRESS_LABEL: "none"})
            await said(engine, "shut", PYTHON, "-c", _BEFORE)
            tell(f"shut was refused {await refused(engine, 'shut')}")
        finally:
            await engine.close(stop_containers=True)


if __name__ == "__main__":
    asyncio.run(main())
