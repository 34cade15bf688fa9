"""The shared side of a named network: a namespace with a bridge in it, and a pair of interfaces for each member."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest, RuntimeFailure
from engine.processes.programs import need_program, runtime_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.types.networks import Network

_BRIDGE = "bridge0"
MTU = "com.docker.network.driver.mtu"
_LEAST_MTU, _MOST_MTU = 68, 65535


def mtu_of(options: Mapping[str, str]) -> int:
    """The largest packet of a network, 0 for the kernel's choice."""
    text = options.get(MTU, "") or options.get("mtu", "")
    if not text:
        return 0
    if not text.isdecimal() or not _LEAST_MTU <= int(text) <= _MOST_MTU:
        raise InvalidRequest(f"“{text[:40]}” is no MTU", hint=f"It is a number from {_LEAST_MTU} to {_MOST_MTU}.")
    return int(text)


def _mtu(network: Network, interface: str) -> list[str]:
    size = mtu_of(network.options)
    return [f"link set {interface} mtu {size}"] if size else []


class Bridge:
    def __init__(self, paths: Paths, keeper: Keeper) -> None:
        self._paths = paths
        self._keeper = keeper
        self._making = asyncio.Lock()
        """Two first members may come at once: the second must find the bridge finished."""
        self._made: set[str] = set()
        """Networks whose bridge this engine has made; others it may find from an earlier life."""

    def check(self) -> None:
        """The programs it takes."""
        need_program("ip")
        need_program("nsenter")

    def namespace(self, network: Network) -> Path:
        return self._paths.netns(self.key(network))

    @staticmethod
    def key(network: Network) -> str:
        return f"net-{network.id[:32]}"

    async def join(self, network: Network, member: Path, address: str) -> None:
        """Give the namespace of a member an interface in the network."""
        async with self._making:
            await self._ensure(network)
        length = ipaddress.ip_network(network.subnet).prefixlen
        octets = ipaddress.IPv4Address(address).packed
        port = "v" + octets.hex()
        # By its network, for a member may have several and leave any of them first.
        inside = f"net{network.id[:8]}"
        await self._plug(
            self.namespace(network),
            port,
            f"link add {port} type veth peer name {inside} netns {member}",
            *_mtu(network, port),
            f"link set {port} master {_BRIDGE} up",
        )
        await self._ip(
            member,
            # The address decides the hardware address, so that a neighbour's cache stays right over a restart.
            f"link set {inside} address 02:59:{octets.hex(':')}",
            f"address add {address}/{length} dev {inside}",
            *_mtu(network, inside),
            f"link set {inside} up",
        )

    async def leave(self, member: Path, address: str) -> None:
        """Take away the interface that has an address."""
        done = await self._keeper.run(
            self._inside(member, "ip", "-o", "address", "show", "to", address), env=runtime_environment()
        )
        words = done.stdout.decode(errors="replace").split()
        if len(words) > 1:
            await self._ip(member, f"link delete {words[1]}")

    async def remove(self, network: Network, *, unless: Callable[[], bool] = bool) -> None:
        """`unless` is asked when nobody can be joining."""
        async with self._making:
            if unless():
                return
            self._made.discard(network.id)
            await self._keeper.remove_netns(self.namespace(network))

    async def _ensure(self, network: Network) -> None:
        path = self.namespace(network)
        if path.exists():
            if network.id in self._made or sum(bool(each.ip_address) for each in network.members) > 1:
                return
            await self._keeper.remove_netns(path)  # the first member finds only what an earlier life left
        await self._keeper.create_netns(path)
        length = ipaddress.ip_network(network.subnet).prefixlen
        await self._ip(
            path,
            f"link add {_BRIDGE} type bridge",
            *_mtu(network, _BRIDGE),
            f"address add {network.gateway}/{length} dev {_BRIDGE}",
            f"link set {_BRIDGE} up",
        )
        self._made.add(network.id)

    async def _plug(self, netns: Path, port: str, *lines: str) -> None:
        complaint = await self._tried(netns, *lines)
        if "File exists" in complaint:
            # The kernel takes a namespace apart some time after its end: the address's last member is there yet.
            await self._tried(netns, f"link delete {port}")
            complaint = await self._tried(netns, *lines)
        _demand(complaint, lines)

    async def _ip(self, netns: Path, *lines: str) -> None:
        _demand(await self._tried(netns, *lines), lines)

    async def _tried(self, netns: Path, *lines: str) -> str:
        """Up to the first line that fails; gives what is said then."""
        done = await self._keeper.run(
            self._inside(netns, "ip", "-batch", "-"), input="\n".join(lines).encode(), env=runtime_environment()
        )
        return done.stderr.decode(errors="replace").strip() or "ip failed" if done.code else ""

    def _inside(self, netns: Path, program: str, *arguments: str) -> list[str]:
        return [need_program("nsenter"), f"--net={netns}", need_program(program), *arguments]


def _demand(complaint: str, lines: Sequence[str]) -> None:
    if complaint:
        raise RuntimeFailure("The network could not be set up", complaint, details="\n".join(lines))
