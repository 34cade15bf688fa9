"""Two networks with members at addresses of the loopback, and one names server for them, whose turns a test takes."""

from __future__ import annotations

import json
import select
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.networks.names.forwarding import Resolvers
from engine.networks.names.server import Server
from engine.networks.names.sockets import Opened, namespace_of
from tests.support.dns import Heard, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.networks.names.table import Network

FRONT, BACK = "127.1.0.1", "127.2.0.1"
WEB, DB, DB2, INNER = "127.1.0.2", "127.1.0.3", "127.1.0.4", "127.2.0.2"
OUTSIDE = "127.9.0.1"
SECONDS = 5


def on(address: str, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.bind((address, 0))
    made.settimeout(0)
    return made


@dataclass
class Town:
    """Two networks with members at addresses of the loopback, and one names server for them."""

    path: Path
    table: dict[str, Any] = field(default_factory=dict)
    opened: dict[str, Opened] = field(default_factory=dict)
    everything: list[socket.socket] = field(default_factory=list)
    guarded: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("front", "back"):
            (self.path / name).touch()
        self.table = {
            "networks": {
                "front": self.network("front", FRONT, "127.1.0.0/16"),
                "back": self.network("back", BACK, "127.2.0.0/16"),
            },
            "members": [
                self.member("web", ("front", WEB)),
                self.member("db", ("front", DB), ("back", "127.2.0.3"), names=("db", "store")),
                self.member("db2", ("front", DB2), names=("db2", "store")),
                self.member("inner", ("back", INNER), way_out=False),
            ],
        }
        self.write()
        (self.path / "resolv.conf").write_text(f"nameserver {OUTSIDE}\n")
        self.server = Server(
            str(self.path / "table"), str(self.path / "control"), "v1", Resolvers(str(self.path / "resolv.conf"))
        )
        self.note_what_it_watches(self.server)

    def note_what_it_watches(self, server: Server) -> None:
        """It never ends, so it closes nothing."""
        watch = server._watch

        def noted(sock: socket.socket, handler: Callable[[], object]) -> None:
            self.everything.append(sock)
            watch(sock, handler)

        server._watch = noted  # type: ignore[method-assign]

    def network(self, name: str, address: str, subnet: str) -> dict[str, Any]:
        return {"name": name, "netns": str(self.path / name), "address": address, "subnets": [subnet, ""]}

    def member(self, key: str, *places: tuple[str, str], names: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
        row = {"key": key, "way_out": True, "servers": [], "host": "", "links": {}}
        row["places"] = [{"network": on, "ip": ip, "ip6": "", "names": list(names or (key,))} for on, ip in places]
        return row | more

    def write(self) -> None:
        (self.path / "table").write_text(json.dumps(self.table))

    def open_in(self, network: Network) -> Opened | None:
        if not (self.path / network.name).exists():
            return None
        made = [on(network.address), on(network.address, socket.SOCK_STREAM), on(network.address)]
        made[1].listen(8)
        self.opened[network.key] = Opened(network, namespace_of(network.netns), [each.detach() for each in made])
        return self.opened[network.key]

    # --- those who ask ---

    def member_at(self, address: str, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
        self.everything.append(on(address, kind))
        return self.everything[-1]

    def hears(self, sock: socket.socket) -> bytes:
        """What comes next, while the server works."""
        for _ in range(20):
            if select.select([sock], [], [], 0)[0]:
                return sock.recv(65536)
            self.server.turn(0.2)
        raise AssertionError("nobody answers")

    def asks(self, sock: socket.socket, raw: bytes, network: str = "front") -> Heard:
        sock.sendto(raw, self.opened[network].datagrams.getsockname())
        return read(self.hears(sock))

    def stream(self, address: str, network: str = "front") -> socket.socket:
        sock = self.member_at(address, socket.SOCK_STREAM)
        sock.settimeout(SECONDS)
        sock.connect(self.opened[network].streams.getsockname())
        self.server.turn(SECONDS)
        return sock

    def control(self, *words: str) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.everything.append(sock)
        sock.connect(str(self.path / "control"))
        self.server.turn(SECONDS)
        for word in words:
            sock.sendall(word.encode() + b"\n")
        return sock

    def says(self, word: str) -> dict[str, Any]:
        sock = self.control(word)
        answer: dict[str, Any] = json.loads(self.hears(sock))
        return answer

    def close(self) -> None:
        for relay in self.server._relays.values():
            relay.close()
        self.server._forwarder.close()
        for each in self.everything:
            each.close()
        self.server._poll.close()
