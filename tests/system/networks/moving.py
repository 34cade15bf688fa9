"""A host of the test's own, which moves from one network to another under running containers.

    unshare --user --map-root-user --net --mount python -m tests.system.networks.moving ROOT RUN

Behind its cable is a small world: an address that serves a page, and resolvers that know one name. It starts with no
cable at all. What is reached is told in lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import EmbeddedEngine, open_engine
from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import load_busybox, run, until
from tests.system.networks.asking import LENT, PYTHON, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_WORLD = """
import select, socket, struct, sys
print("here", flush=True)
sys.stdin.readline()
page = socket.create_server(("198.51.100.7", 80))
resolvers = []
for address in ("192.0.2.1", "203.0.113.1"):
    each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    each.bind((address, 53))
    resolvers.append(each)
print("ready", flush=True)
while True:
    for each in select.select([page, *resolvers], [], [])[0]:
        if each is page:
            taken = each.accept()[0]
            taken.recv(1000)
            taken.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nthe world")
            taken.close()
            continue
        raw, place = each.recvfrom(1000)
        end = raw.index(b"\\0", 12) + 5
        known = b"\\5world\\7example" in raw and raw[end - 4 : end - 2] == b"\\0\\1"
        head = raw[:2] + b"\\x81\\x80" + struct.pack("!HHHH", 1, known, 0, 0)
        record = b"\\xc0\\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton("198.51.100.7") if known else b""
        each.sendto(head + raw[12:end] + record, place)
"""

_PLACES = ("198.51.100.7", "192.0.2.1", "203.0.113.1")
_VISIT = """
import socket
with socket.create_connection(("world.example", 80), 3) as out:
    out.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    out.settimeout(3)
    print(out.makefile().read())
"""


def ip(line: str, *inside: str) -> None:
    subprocess.run([*inside, "ip", *line.split()], check=True)


def inside(process: int) -> list[str]:
    return ["nsenter", f"--net=/proc/{process}/ns/net"]


def plug_in(world: int, number: int, host: str, router: str, resolver: Path) -> None:
    """A cable to the world, and what a desktop does then: an address, a route, a resolver."""
    if number:
        ip(f"link delete cable{number - 1}")
    ip(f"link add cable{number} type veth peer name far{number} netns {world}")
    ip(f"address add {host}/24 dev cable{number}")
    ip(f"link set cable{number} up")
    ip(f"address add {router}/24 dev far{number}", *inside(world))
    ip(f"link set far{number} up", *inside(world))
    ip(f"route add default via {router}")
    resolver.write_text(f"nameserver {router}\n")


def resolver_file(directory: Path) -> Path:
    """What /etc/resolv.conf is here: names nobody yet."""
    place = Path(tempfile.mkdtemp(dir=directory)) / "resolv.conf"
    place.write_text("")
    subprocess.run(["mount", "--bind", str(place), os.path.realpath("/etc/resolv.conf")], check=True)
    return place


@contextlib.asynccontextmanager
async def world() -> AsyncIterator[int]:
    """Its pid: a process with a network of its own, in which pages and names are served."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--net", sys.executable, "-u", "-c", _WORLD,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        await process.stdout.readline()
        for line in ("link set lo up", *(f"address add {each}/32 dev lo" for each in _PLACES)):
            ip(line, *inside(process.pid))
        process.stdin.write(b"\n")
        await process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        await process.wait()


async def reaches(engine: EmbeddedEngine, name: str) -> bool:
    return "the world" in await said(engine, name, PYTHON, "-c", _VISIT)


async def main() -> None:
    root, runtime = (Path(each) for each in sys.argv[1:3])
    ip("link set lo up")
    resolver = resolver_file(root.parent)
    async with world() as served:
        engine = await open_engine(root, runtime)
        try:
            await load_busybox(engine)
            await engine.networks.create(CreateNetwork(name="team"))
            for network in ("pasta", "team"):
                await run(engine, name=network, network=network, mounts=LENT)
            for number, (host, router) in enumerate((("192.0.2.9", "192.0.2.1"), ("203.0.113.9", "203.0.113.1"))):
                plug_in(served, number, host, router, resolver)
                for network in ("pasta", "team"):
                    await until(partial(reaches, engine, network))
                    sys.stdout.write(f"{network} reaches the world by {router}\n")
        finally:
            await engine.close(stop_containers=True)


if __name__ == "__main__":
    asyncio.run(main())
