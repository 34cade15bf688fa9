"""The way from one container to another, walked with what is really there: namespaces, members, names, who listens.

Each step is a fact of the kernel or of the engine, and the last is the very connection. It ends with the first that
stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from engine.networks.host.ports import parse_sockets
from engine.networks.known.addresses import keeps_apart
from engine.networks.known.membership import entry_of
from engine.recipe.networks import shown_network
from engine.types.reach import Reach, ReachStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sandbox.client import Keeper
    from engine.types.containers import Container
    from engine.types.networks import Network
    from engine.types.reach import ReachCheck

_PROC = Path("/proc")
_PATIENCE = 3.0
_DNS_PORT, _LARGEST_ANSWER = 53, 4096
_MOST_NAMED = 8
_LOOPBACKS = ("127.0.0.1", "::1")


@dataclass
class Way:
    """One walk. `port` 0 is the one that the target shows to others."""

    keeper: Keeper
    source: Container
    target: Container
    networks: Sequence[Network]
    port: int = 0
    steps: list[ReachStep] = field(default_factory=list)

    async def walk(self) -> Reach:
        with contextlib.suppress(_Stopped):
            await self._walk()
        return Reach(source=self.source.name, target=self.target.name, port=self.port, steps=tuple(self.steps))

    async def _walk(self) -> None:
        self._must_run("source", self.source)
        self._must_run("target", self.target)
        here, there = _namespace(self.source.pid), _namespace(self.target.pid)
        if here == there:
            self._pass("network", "Both use one and the same network: they reach each other at 127.0.0.1.")
            await self._arrive("127.0.0.1", to_loopback=True)
        elif here == _namespace(os.getpid()):
            await self._from_the_host()
        elif there == _namespace(os.getpid()):
            self._stop(
                "network",
                f"{self.target.name} uses this computer's own network, and {self.source.name} one of its own.",
                "Give it a name for this computer: --add-host host.docker.internal:host-gateway.",
            )
        else:
            await self._over_a_network()

    def _must_run(self, check: ReachCheck, container: Container) -> None:
        if container.pid:
            self._pass(check, f"{container.name} runs.")
        else:
            self._stop(check, f"{container.name} does not run.", f"Start it: wherry start {container.name}")

    async def _from_the_host(self) -> None:
        """What uses this computer's network sees of others what they publish."""
        published = [each for each in self.target.ports if not self.port or each.container_port == self.port]
        if not published:
            what = f"its port {self.port}" if self.port else "no port"
            self._stop(
                "network",
                f"{self.source.name} uses this computer's own network, where {self.target.name} publishes {what}"
                + (" not." if self.port else "."),
                "Publish it (-p), or put both on one network.",
            )
        self._pass("network", f"{self.target.name} publishes port {published[0].host_port} on this computer.")
        self.port = published[0].container_port
        self._listens(to_loopback=False)
        await self._connect(published[0].host_ip or "127.0.0.1", published[0].host_port)

    async def _over_a_network(self) -> None:
        shared = [
            each for each in self.networks if self._address(each, self.source) and self._address(each, self.target)
        ]
        if not shared:
            first = next((each.name for each in self._mine(self.target) if not each.builtin), "")
            hint = f"Connect it: wherry network connect {first or 'NETWORK'} {self.source.name}"
            told = f"{_listed(self._mine(self.source), self.source)} {_listed(self._mine(self.target), self.target)}"
            self._stop("network", f"They share no network: {told}", hint)
        network = shared[0]
        address = self._address(network, self.target)
        self._pass("network", f"Both are on the network {shown_network(network.name)}.")
        if keeps_apart(network.options):
            self._stop(
                "isolation",
                f"The network {network.name} keeps its members apart.",
                "Put both on a network that does not.",
            )
        self._pass("address", f"There {self.target.name} has the address {address}.")
        await self._named(network, address)
        await self._arrive(address, to_loopback=False)

    async def _named(self, network: Network, address: str) -> None:
        """Asked as a program inside would ask. Not finding it there stops nobody who knows the address."""
        if network.builtin:
            self._pass("name", "Names are for networks of one's own: on the default one only the address leads there.")
            return
        found = await self._look_up(network.gateway, self.target.name)
        if found is None:
            return  # nobody answers for names there: addresses are all there is
        if address in found:
            self._pass("name", f"The name {self.target.name} leads to {address}.")
        else:
            told = f"leads to {', '.join(found)}" if found else "is not known there"
            self._stop("name", f"The name {self.target.name} {told}.", f"Its address is {address}.")

    async def _arrive(self, address: str, *, to_loopback: bool) -> None:
        self._listens(to_loopback=to_loopback)
        await self._connect(address, self.port)

    def _listens(self, *, to_loopback: bool) -> None:
        open_to = _listeners(self.target.pid)
        outside = sorted({port for place, port in open_to if to_loopback or place not in _LOOPBACKS})
        self.port = self.port or next(iter(outside), 0)
        mine = [place for place, port in open_to if port == self.port]
        if not self.port:
            self._stop(
                "listener", f"Nothing in {self.target.name} listens on any port.", "See its log: it may still start."
            )
        elif not mine:
            told = f"It listens on {_ports(outside)}." if outside else "It listens on no port that others reach."
            self._stop("listener", f"Nothing in {self.target.name} listens on port {self.port}. {told}", "")
        elif self.port not in outside:
            self._stop(
                "listener",
                f"In {self.target.name} port {self.port} is open to itself alone ({', '.join(mine)}).",
                "Have the service listen on 0.0.0.0 instead of its loopback.",
            )
        self._pass("listener", f"{self.target.name} listens on port {self.port}.")

    async def _connect(self, address: str, port: int) -> None:
        try:
            plug = await self._connected(address, port)
        except TimeoutError:
            self._stop("connection", f"{address}:{port} does not answer within {_PATIENCE:.0f} s.", "A filter inside?")
        except OSError as error:
            self._stop("connection", f"The connection to {address}:{port} failed: {_reason(error)}.", "")
        else:
            plug.close()
            self._pass("connection", f"A connection to {address}:{port} was made just now.")

    async def _connected(self, address: str, port: int) -> socket.socket:
        """As the source's programs would: with a socket of its network."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        if _namespace(self.source.pid) == _namespace(os.getpid()):
            plug = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        else:
            [plug] = await self.keeper.open_sockets(f"/proc/{self.source.pid}/ns/net", family, 1)
        try:
            async with asyncio.timeout(_PATIENCE):
                await asyncio.get_running_loop().sock_connect(plug, (address, port))
        except BaseException:
            plug.close()
            raise
        return plug

    async def _look_up(self, server: str, name: str) -> list[str] | None:
        """IPv4 addresses of a name, as the network's own server says; None where none answers."""
        loop = asyncio.get_running_loop()
        question = _question(name)
        try:
            plug = await self._connected(server, _DNS_PORT)
            with plug:
                async with asyncio.timeout(_PATIENCE):
                    await loop.sock_sendall(plug, struct.pack("!H", len(question)) + question)
                    answer = await _message(plug)
        except (OSError, TimeoutError):
            return None
        return _addresses(answer, len(question))

    # --- what there is ---

    def _address(self, network: Network, container: Container) -> str:
        entry = entry_of(network, container.id)
        return entry.ip_address if entry is not None else ""

    def _mine(self, container: Container) -> list[Network]:
        return [
            each
            for each in self.networks
            if entry_of(each, container.id) is not None or container.spec.network in (each.name, each.id)
        ]

    def _pass(self, check: ReachCheck, words: str) -> None:
        self.steps.append(ReachStep(check=check, ok=True, words=words))

    def _stop(self, check: ReachCheck, words: str, hint: str) -> None:
        self.steps.append(ReachStep(check=check, ok=False, words=words, hint=hint))
        raise _Stopped


class _Stopped(Exception):
    """The way ends here."""


def _namespace(pid: int) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        found = os.stat(_PROC / str(pid) / "ns/net")
        return found.st_dev, found.st_ino
    return 0, pid


def _listeners(pid: int) -> list[tuple[str, int]]:
    """Addresses and ports that wait for TCP connections in a process's network."""
    found: list[tuple[str, int]] = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            text = (_PROC / str(pid) / "net" / name).read_text()
            found += [(each.address, each.port) for each in parse_sockets(text, "tcp")]
    return found


def _listed(networks: Sequence[Network], container: Container) -> str:
    names = ", ".join(shown_network(each.name) for each in networks) or "none"
    return f"{container.name} is on {names}."


def _ports(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_NAMED]))
    return f"{shown}, …" if len(numbers) > _MOST_NAMED else shown


def _reason(error: OSError) -> str:
    """asyncio's own words name its call and the address once more."""
    return os.strerror(error.errno) if error.errno else str(error)


async def _message(plug: socket.socket) -> bytes:
    """One with its length before it, which may come in pieces; as far as it comes."""
    found = b""
    while len(found) < 2 or len(found) < 2 + int.from_bytes(found[:2], "big"):
        piece = await asyncio.get_running_loop().sock_recv(plug, _LARGEST_ANSWER)
        if not piece:
            break
        found += piece
    return found[2:]


def _question(name: str) -> bytes:
    """For the IPv4 addresses of a name, as RFC 1035 writes it."""
    labels = b"".join(bytes([len(label)]) + label for label in name.encode()[:250].split(b"."))
    return struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def _addresses(answer: bytes, place: int) -> list[str] | None:
    """Of an answer with its question's length; names in it are pointers, as every server writes them."""
    with contextlib.suppress(struct.error, IndexError):
        _, flags, _, count = struct.unpack_from("!4H", answer)
        found: list[str] = []
        for _ in range(count):
            while answer[place] and answer[place] < 0xC0:
                place += 1 + answer[place]
            place += 2 if answer[place] else 1
            kind, _, _, length = struct.unpack_from("!2HIH", answer, place)
            if kind == 1 and length == 4:
                found.append(".".join(str(byte) for byte in struct.unpack_from("4B", answer, place + 10)))
            place += 10 + length
        return found if flags & 15 in (0, 3) else None
    return None
