"""A host of the test's own with another computer at its cable, and containers that publish while a list limits them.

    unshare --user --map-root-user --net --mount python -m tests.system.networks.visited ROOT RUN

What the other computer hears, and what the containers may say to it of their own accord, is told in lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.embedded import EmbeddedEngine, open_engine
from engine.recipe.networks import EGRESS_LABEL
from engine.types.containers import PortMapping
from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import load_busybox, read_log, run, until
from tests.system.networks.asking import LENT, PYTHON, said
from tests.system.networks.moving import inside, ip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_HOST, _OTHER = "192.0.2.9", "192.0.2.1"
_HOST6, _OTHER6 = "fd00:9::9", "fd00:9::1"
_SERVE = """
import select, socket
page = socket.create_server(("", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("", 5353))
print("ready", flush=True)
while True:
    for each in select.select([page, echo], [], [])[0]:
        if each is page:
            taken = each.accept()[0]
            taken.recv(100)
            taken.sendall(b"the page")
            taken.close()
        else:
            each.sendto(b"the answer", each.recvfrom(100)[1])
"""
_OTHERS = """
import socket
page = socket.create_server(("", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    taken = page.accept()[0]
    taken.sendall(b"welcome")
    taken.close()
"""
_ASK = """
import socket, sys
def page(place):
    with socket.create_connection(place, 30) as asked:
        asked.settimeout(30)
        asked.sendall(b"please")
        return asked.recv(100).decode()
def datagram(place):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(30)
        asked.sendto(b"hello", place)
        return asked.recv(100).decode()
host, host6, tcp, udp = *sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4])
print(page((host6, tcp)), page((host, tcp)), datagram((host, udp)), sep=", ")
"""
_CALL = """
import socket, sys
for place in sys.argv[1:]:
    try:
        with socket.create_connection((place, 7000), 30) as asked:
            asked.settimeout(30)
            print(asked.recv(100).decode())
    except OSError as error:
        print(error.strerror or error)
"""


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")


@contextlib.asynccontextmanager
async def other_computer() -> AsyncIterator[int]:
    """Its pid: it has one end of the cable, an address of each kind, and a service of its own."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--net", sys.executable, "-u", "-c", _OTHERS, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        there = inside(process.pid)
        ip(f"link add cable type veth peer name far netns {process.pid}")
        for line in (f"address add {_HOST}/24 dev cable", f"address add {_HOST6}/64 dev cable nodad"):
            ip(line)
        for line in (f"address add {_OTHER}/24 dev far", f"address add {_OTHER6}/64 dev far nodad", "link set far up"):
            ip(line, *there)
        ip("link set cable up")
        ip(f"route add default via {_OTHER}")
        ip(f"-6 route add default via {_OTHER6}")
        yield process.pid
    finally:
        process.kill()
        await process.wait()


async def visit(engine: EmbeddedEngine, other: int, name: str, allowed: str) -> None:
    """One container that publishes, as the other computer sees it and as it sees the other computer."""
    ports = (PortMapping(container_port=8080), PortMapping(container_port=5353, protocol="udp"))
    made = await run(
        engine, PYTHON, "-u", "-c", _SERVE, name=f"{name}-{allowed[:4] or 'free'}", network=name, mounts=LENT,
        ports=ports, labels={EGRESS_LABEL: allowed} if allowed else {},
    )  # fmt: skip
    await until(lambda: "ready" in read_log(engine, made.id))
    tcp, udp = (str(each.host_port) for each in (await engine.containers.get(made.id)).ports)
    asking = await asyncio.create_subprocess_exec(
        *inside(other), sys.executable, "-c", _ASK, _HOST, _HOST6, tcp, udp, stdout=asyncio.subprocess.PIPE
    )
    heard = (await asking.communicate())[0].decode().strip()
    called = (await said(engine, made.id, PYTHON, "-c", _CALL, _OTHER, _OTHER6)).split("\n")
    tell(f"{name} {allowed or 'without a list'}: {heard}; {', '.join(filter(None, called))}")


async def main() -> None:
    root, runtime = (Path(each) for each in sys.argv[1:3])
    ip("link set lo up")
    async with other_computer() as other:
        engine = await open_engine(root, runtime)
        try:
            await load_busybox(engine)
            await engine.networks.create(CreateNetwork(name="team"))
            for network in ("pasta", "team"):
                for allowed in ("", "none", f"{_OTHER},{_OTHER6}"):
                    await visit(engine, other, network, allowed)
        finally:
            await engine.close(stop_containers=True)


if __name__ == "__main__":
    asyncio.run(main())
