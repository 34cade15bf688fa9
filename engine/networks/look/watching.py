"""Who talks to whom, told while somebody looks: names that are asked for, places that are refused, bytes by peer."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from engine.networks.known.membership import entry_of
from engine.networks.look.traffic import Traffic
from engine.types.networks import NameQuestion, Peer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
    from pathlib import Path

    from engine.networks.known.addresses import Subnet
    from engine.networks.known.register import NetworkRegister
    from engine.networks.look.traffic import Tried
    from engine.networks.neighbours.names_process import NamesProcess
    from engine.sandbox.client import Keeper
    from engine.types.networks import Network

_KINDS = {1: "A", 28: "AAAA", 12: "PTR", 5: "CNAME", 15: "MX", 16: "TXT", 33: "SRV", 65: "HTTPS"}
_SECONDS = 1.0
_MOST_WAITING = 1000


class Watching:
    def __init__(
        self, register: NetworkRegister, names: NamesProcess, keeper: Keeper, namespace: Callable[[str], Path]
    ) -> None:
        self._register, self._names = register, names
        self._namespace = namespace
        self._traffic = Traffic(keeper, namespace)
        self._looking = asyncio.Lock()
        """One reads the kernel's figures; they speak by one socket."""
        self._watchers = 0

    def close(self) -> None:
        self._traffic.close()

    def forget(self, key: str) -> None:
        """Its namespace is about to go."""
        self._traffic.forget(key)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        self._watchers += 1
        try:
            yield
        finally:
            self._watchers -= 1
            if not self._watchers:
                self._traffic.close()

    async def questions(self) -> AsyncGenerator[Sequence[NameQuestion], None]:
        """Names as they are asked for and places as they are refused; of those with an allow-list the last first."""
        told: asyncio.Queue[Sequence[NameQuestion] | BaseException] = asyncio.Queue(_MOST_WAITING)
        tasks = [
            asyncio.create_task(_pour(source, told), name="watching")
            for source in (self._names_asked_for(), self._places_refused())
        ]
        with self._watched():
            try:
                while True:
                    batch = await told.get()
                    if isinstance(batch, BaseException):
                        raise batch
                    yield batch
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def peers(self, container: str = "") -> AsyncGenerator[Sequence[Peer], None]:
        """All there are, again and again."""
        with self._watched():
            while True:
                yield await self._peers(container)
                await asyncio.sleep(_SECONDS)

    async def _peers(self, container: str) -> Sequence[Peer]:
        wanted = self._register.find_container(container).id if container else ""
        keys = [key for key in self._running() if wanted in ("", key)]
        async with self._looking:
            self._traffic.keep_only(self._running())
            counted = await self._traffic.peers(keys)
        neighbours = self._neighbours()
        strangers = dict.fromkeys(each.address for each in counted if each.address not in neighbours)
        names = neighbours | await self._names.names_of(list(strangers))
        places = {key: self._places(key) for key in keys}
        return [
            Peer(
                container_id=each.key,
                address=each.address,
                name=names.get(each.address, ""),
                network=next((near for subnet, near in places[each.key] if ip_address(each.address) in subnet), ""),
                sent=each.sent,
                received=each.received,
            )
            for each in counted
        ]

    def _places(self, key: str) -> list[tuple[Subnet, str]]:
        """Subnets that it is in, and their networks."""
        mine = [each for each in self._register if entry_of(each, key) is not None]
        return [(ip_network(text), each.id) for each in mine for text in (each.subnet, each.subnet6) if text]

    def _running(self) -> list[str]:
        """With a namespace of their own."""
        return [each.id for each in self._register.containers() if each.pid and self._namespace(each.id).exists()]

    def _neighbours(self) -> dict[str, str]:
        """By address, the members of all networks: no two networks here share one."""
        found: dict[str, str] = {}
        for network in self._register:
            for member in network.members:
                found |= {each: member.name for each in (member.ip_address, member.ip6_address) if each}
        return found

    # --- what is asked for ---

    async def _names_asked_for(self) -> AsyncGenerator[Sequence[NameQuestion], None]:
        async with aclosing(self._names.watch()) as lines:
            async for line in lines:
                yield [self._question(*line)]

    def _question(
        self, time_ns: int, network: str, address: str, name: str, kind: int, verdict: str, addresses: Sequence[str]
    ) -> NameQuestion:
        known = next((each for each in self._register if each.id == network), None)
        members = known.members if known is not None else ()
        asker = next((each for each in members if each.ip_address == address), None)
        return NameQuestion(
            time_ns=time_ns,
            container_id=asker.container_id if asker is not None else "",
            container=asker.name if asker is not None else address,
            network=known.name if known is not None else network[:12],
            name=name,
            kind=_KINDS.get(kind, str(kind)),
            verdict=verdict,
            addresses=tuple(addresses),
        )

    async def _places_refused(self) -> AsyncGenerator[Sequence[NameQuestion], None]:
        number = 0
        while True:
            async with self._looking:
                self._traffic.keep_only(self._running())
                await self._traffic.look(self._names.filtered)
            number, tried = self._traffic.tried_since(number)
            if tried:
                names = await self._names.names_of(list(dict.fromkeys(each.address for each in tried)))
                yield [self._refused(each, names.get(each.address, "")) for each in tried]
            await asyncio.sleep(_SECONDS)

    def _refused(self, tried: Tried, name: str) -> NameQuestion:
        known = next((each for each in self._register.containers() if each.id == tried.key), None)
        return NameQuestion(
            time_ns=tried.time_ns,
            container_id=tried.key if known is not None else "",
            container=known.name if known is not None else tried.key[:12],
            network=self._home(tried.key),
            name=name,
            kind=tried.protocol,
            verdict="refused",
            addresses=(tried.address,),
            port=tried.port,
            count=tried.packets,
        )

    def _home(self, key: str) -> str:
        mine: list[Network] = [each for each in self._register if entry_of(each, key) is not None]
        return mine[0].name if mine else ""


async def _pour(
    source: AsyncGenerator[Sequence[NameQuestion], None],
    told: asyncio.Queue[Sequence[NameQuestion] | BaseException],
) -> None:
    try:
        async with aclosing(source):
            async for batch in source:
                await told.put(batch)
    except Exception as error:
        await told.put(error)
