"""The shared side of a network: a namespace with a bridge in it, and a pair of interfaces for each member."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
from typing import TYPE_CHECKING

from engine.errors import RuntimeFailure, exhausted
from engine.networks.known.addresses import keeps_apart, mac_of, mtu_of
from engine.sandbox.keeper.asked.bridges import JoinBridge, MakeBridge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.types.networks import Network, NetworkMember

_NO_BRIDGE = (errno.ENOENT, errno.EINVAL, errno.ENODEV)


class Bridge:
    def __init__(self, paths: Paths, keeper: Keeper) -> None:
        self._paths = paths
        self._keeper = keeper
        self._making = asyncio.Lock()
        """Two first members may come at once: the second must find the bridge finished."""
        self._made: set[str] = set()
        """Networks whose bridge this engine has made; others it may find from an earlier life."""
        self._times: dict[str, int] = {}

    def namespace(self, network: Network) -> Path:
        return self._paths.netns(self.key(network))

    @staticmethod
    def key(network: Network) -> str:
        return f"net-{network.id[:32]}"

    async def join(self, network: Network, member: Path, entry: NetworkMember) -> None:
        """Give the namespace of a member an interface in the network."""
        was_there = network.id in self._made
        try:
            await self._join(network, member, entry)
        except OSError as error:
            if not was_there or error.errno not in _NO_BRIDGE:
                raise exhausted(error.errno or 0) or _failure(error) from error
            self._made.discard(network.id)  # the keeper's namespaces went, and it with them
            await self._join_again(network, member, entry)

    async def _join_again(self, network: Network, member: Path, entry: NetworkMember) -> None:
        try:
            await self._join(network, member, entry)
        except OSError as error:
            raise exhausted(error.errno or 0) or _failure(error) from error

    async def _join(self, network: Network, member: Path, entry: NetworkMember) -> None:
        if network.id not in self._made:
            async with self._making:
                await self._ensure(network)
        await self._keeper.join_bridge(
            JoinBridge(
                network=self.namespace(network),
                member=member,
                port="v" + ipaddress.IPv4Address(entry.ip_address).packed.hex(),
                inside=interface_of(network, entry),
                mac=entry.mac_address or mac_of(entry.ip_address),
                addresses=_with_lengths(network, entry.ip_address, entry.ip6_address),
                mtu=mtu_of(network.options),
                isolated=keeps_apart(network.options),
            )
        )

    async def leave(self, network: Network, member: Path, entry: NetworkMember) -> None:
        """Take a member's interface away."""
        await self._keeper.leave_bridge(member, interface_of(network, entry))

    async def remove(self, network: Network, *, unless: Callable[[], bool] = bool) -> None:
        """`unless` is asked when nobody can be joining."""
        async with self._making:
            if unless():
                return
            self._made.discard(network.id)
            await self._keeper.remove_netns(self.namespace(network))

    def is_there(self, network: Network) -> bool:
        return network.id in self._made

    def times_made(self, network: Network) -> int:
        """Another number says that what serves the network must look at its namespace again."""
        return self._times.get(network.id, 0)

    async def _ensure(self, network: Network) -> None:
        path = self.namespace(network)
        if path.exists():
            if network.id in self._made or sum(bool(each.ip_address) for each in network.members) > 1:
                self._made.add(network.id)
                return
            await self._keeper.remove_netns(path)  # the first member finds only what an earlier life left
        await self._keeper.create_netns(path)
        await self._keeper.make_bridge(
            MakeBridge(
                path=path,
                mac=mac_of(network.gateway),
                addresses=_with_lengths(network, network.gateway, network.gateway6),
                mtu=mtu_of(network.options),
            )
        )
        self._made.add(network.id)
        self._times[network.id] = self.times_made(network) + 1


def interface_of(network: Network, entry: NetworkMember) -> str:
    return entry.asked.interface or network.interface


def _with_lengths(network: Network, ip: str, ip6: str) -> list[tuple[str, int]]:
    pairs = ((ip, network.subnet), (ip6, network.subnet6))
    return [(address, ipaddress.ip_network(subnet).prefixlen) for address, subnet in pairs if address and subnet]


def _failure(error: OSError) -> RuntimeFailure:
    return RuntimeFailure("The network could not be set up", error.strerror or str(error))
