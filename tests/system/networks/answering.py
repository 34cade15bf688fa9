"""A closed gate in namespaces of the test's own: a server that may reach one network, and a computer that asks it.

    unshare --user --map-root-user --net python -m tests.system.networks.answering

What is heard, and what the server may send of its own accord, is told in lines.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from engine.networks.names import filters, nftables
from tests.system.networks.moving import inside, ip

if TYPE_CHECKING:
    from collections.abc import Iterator

_SERVE = """
import select, socket
page = socket.create_server(("", 80))
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("", 53))
print("ready", flush=True)
while True:
    for each in select.select([page, echo], [], [])[0]:
        if each is page:
            taken = each.accept()[0]
            taken.sendall(b"the page")
            taken.close()
            continue
        asker = each.recvfrom(100)[1]
        said = []
        for place in ("203.0.113.5", "198.51.100.1"):
            try:
                each.sendto(b"anybody?", (place, 443))
                said.append("sent")
            except OSError as error:
                said.append(error.strerror)
        try:
            each.sendto(", ".join(said).encode(), asker)
        except OSError:
            pass
"""
_WAIT = "import time; print('ready', flush=True); time.sleep(1000)"
_ASK = """
import socket
try:
    with socket.create_connection(("10.9.0.2", 80), 30) as page:
        page.settimeout(30)
        print("page:", page.recv(100).decode())
except OSError as error:
    print("page:", error)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
    echo.settimeout(30)
    echo.sendto(b"hello", ("10.9.0.2", 53))
    try:
        print("datagram:", echo.recv(100).decode())
    except OSError as error:
        print("datagram:", error)
"""


def _read(command: list[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    with contextlib.ExitStack() as ends:
        world = ends.enter_context(_running(_WAIT, "unshare", "--net"))
        ip("link add cable type veth peer name far")
        ip(f"link set far netns {world}")
        for line in ("link set lo up", "address add 10.9.0.2/24 dev cable", "link set cable up"):
            ip(line)
        ip("route add default via 10.9.0.1")
        for line in ("address add 10.9.0.1/24 dev far", "link set far up"):
            ip(line, *inside(world))
        gate = ends.enter_context(nftables.speaker())
        ends.enter_context(_running(_SERVE))
        ask = [*inside(world), sys.executable, "-c", _ASK]
        for _ in range(2):
            filters.close_all_but(gate, ["198.51.100.0/24"], [])
            sys.stdout.write(_read(ask))
            sys.stdout.flush()
        sys.stdout.write(f"refused: {', '.join(f'{each.address}:{each.port}' for each in filters.refusals(gate))}\n")
        filters.open_again(gate)
        sys.stdout.write(_read(ask))


@contextlib.contextmanager
def _running(program: str, *around: str) -> Iterator[int]:
    """Its pid, from when it says that it is ready."""
    with subprocess.Popen([*around, sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


if __name__ == "__main__":
    main()
