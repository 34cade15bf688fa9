"""What the networks room tells of its own accord, and what containers and pods do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.types.containers import State

if TYPE_CHECKING:
    from engine.containers.known.book import ContainerBook
    from engine.containers.run.pod_place import Pods
    from engine.containers.run.starting import Starter
    from engine.containers.watch.supervision import Supervisor
    from engine.types.networks import Endpoint


class NetworkNews:
    """Implements `engine.networks.follower.NetworkFollower`."""

    def __init__(self, book: ContainerBook, starter: Starter, supervisor: Supervisor, pods: Pods) -> None:
        self._book = book
        self._starter = starter
        self._supervisor = supervisor
        self._pods = pods

    def network_lost(self, key: str) -> None:
        if self._book.by_id(key) is None:
            self._pods.network_lost(key)
        else:
            self._supervisor.network_lost(key)

    def neighbours_changed(self, key: str) -> None:
        """Whom it asks for names is written anew, in place."""
        entry = self._book.by_id(key)
        if entry is None:
            self._pods.neighbours_changed(key)
        # One that starts beside it has written its own already, or will write it as it is by then.
        elif entry.alive or (entry.state in (State.STARTING, State.RESTARTING) and self._starter.has_hosts(entry.id)):
            self._starter.rewrite_hosts(entry.record)

    async def network_moved(self, container_id: str, network: str, asked: Endpoint) -> None:
        """The network its recipe names was left for another."""
        entry = self._book.find(container_id)
        async with entry.lock:
            spec = msgspec.structs.replace(
                entry.container.spec,
                network=network,
                network_aliases=asked.aliases,
                ip=asked.ip,
                ip6=asked.ip6,
                interface_name=asked.interface,
                mac_address=asked.mac,
            )
            await self._book.save(entry, entry.record.with_container(spec=spec), "update")
