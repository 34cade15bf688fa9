"""What a pod's containers stand on: its network with the published ports, its host name, its shared memory.

All of it is held by bind mounts in the keeper's mount namespace and by one pasta: there is no process that only waits.
It is brought up with the first container that starts and taken away with the last that ends.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import msgspec

from engine.containers.run.pod_place import PodPlace
from engine.containers.spec import etc_files
from engine.errors import WherryError
from engine.networks.host import resolvers
from engine.networks.host.ports import PortClaims, as_picked
from engine.networks.host.routes import default_gateway
from engine.networks.known.member import Member
from engine.networks.neighbours.names_document import wants_host
from engine.networks.way_out.attachment import dns_forwarder
from engine.sandbox.keeper.asked.steps import MakeDirectory, Tmpfs, Unmount
from engine.storage.paths import is_pod_key
from engine.types.containers import ALIVE_STATES, Container, State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence
    from pathlib import Path

    from engine.networks.network_service import NetworkService
    from engine.pods.book import PodBook, PodEntry
    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.types.containers import PortMapping

_log = logging.getLogger(__name__)
_WITHOUT_WAY_OUT = ("none", "host")
_BUSY = (*ALIVE_STATES, State.STARTING, State.RESTARTING)


class PodGround:
    """Implements `engine.containers.run.pod_place.Pods`. `containers` lists all there are."""

    def __init__(
        self,
        book: PodBook,
        paths: Paths,
        keeper: Keeper,
        networks: NetworkService,
        containers: Callable[[], Iterable[Container]],
    ) -> None:
        self.book = book
        self._paths = paths
        self._keeper = keeper
        self._networks = networks
        self._containers = containers
        self._claims = PortClaims()
        self._tasks: set[asyncio.Task[None]] = set()

    # --- asked by the containers room ---

    def find(self, name: str) -> PodPlace:
        """How a container joins, whether it is up or not."""
        entry = self.book.find(name)
        directory = self._directory(entry)
        recipe = entry.record.recipe
        host = recipe.network == "host"
        return PodPlace(
            name=entry.name,
            key=entry.key,
            hostname=_hostname(entry),
            network="host" if host else str(self._networks.namespace(entry.key)),
            own_network=not host,
            ipc=str(directory / "ipc"),
            uts=str(directory / "uts"),
            shared_memory=str(directory / "shm"),
            address=self.address(entry),
            ports=entry.record.picked if entry.is_up else (),
        )

    async def ready(self, name: str) -> None:
        """Before one of its containers starts."""
        entry = self.book.find(name)
        async with entry.lock:
            if entry.is_up and self._in_use(entry, least=2):
                return
            if entry.is_up and entry.holds:
                return
            await self._take_down(entry)
            try:
                await self._bring_up(entry)
            except BaseException:
                await asyncio.shield(self._take_down(entry))
                raise
        self.book.tell(entry)

    def network_lost(self, key: str) -> None:
        """Its pasta was killed; the namespace is there, so another brings the same ports back."""
        entry = self.book.by_key(key)
        if entry is not None and entry.is_up:
            self._spawn(self._reconnect(entry), f"network of {entry.name}")

    def containers_changed(self, pod: str = "") -> None:
        """A container of this pod, or of any, started, ended or went."""
        for entry in self.book:
            if pod in ("", entry.name):
                self.book.tell(entry)
                if entry.is_up and not self._in_use(entry) and not entry.holds:
                    self._spawn(self.rest(entry), f"rest of {entry.name}")

    def neighbours_changed(self, key: str) -> None:
        """Somebody joined or left a network it is in."""
        entry = self.book.by_key(key)
        if entry is not None and entry.is_up:
            self._write_files(entry)

    def rewrite(self, name: str) -> None:
        self._write_files(self.book.find(name))

    # --- the life of the ground ---

    def expect(self) -> None:
        """At the engine's start, before its containers are looked at: what their rows say, if anything lives at all."""
        for entry in self.book:
            entry.is_up = self._keeper.joined and self._in_use(entry)

    async def adopt(self) -> None:
        """And after: what lives is taken up, what is left over goes."""
        for entry in self.book:
            if self._in_use(entry):
                if _has_way_out(entry) and not self._networks.attachments.adopt(entry.key):
                    self.network_lost(entry.key)
            else:
                await self._take_down(entry)
        for owner in self._owners():
            if self.book.by_key(owner) is None:
                await self._networks.attachments.remove(owner)

    def _owners(self) -> Iterable[str]:
        directory = self._paths.network_namespaces
        names = [path.name for path in directory.iterdir()] if directory.is_dir() else []
        return [owner for name in names if is_pod_key(owner := self._paths.netns_owner(name))]

    async def forget(self, entry: PodEntry) -> None:
        """The pod is removed."""
        async with entry.lock:
            await self._take_down(entry)
            await self._networks.forget(entry.key)
            await self._keeper.remove_tree(self._paths.container(entry.key))

    async def close(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def rest(self, entry: PodEntry) -> None:
        """Taken away where nobody needs it any more."""
        async with entry.lock:
            if entry.is_up and not entry.holds and not self._in_use(entry):
                await self._take_down(entry)
        self.book.tell(entry)

    async def _bring_up(self, entry: PodEntry) -> None:
        recipe, directory = entry.record.recipe, self._directory(entry)
        run = self._paths.container_run(entry.key)
        await self._keeper.execute(
            [
                MakeDirectory(path=run, mode=0o2700),
                MakeDirectory(path=directory),
                MakeDirectory(path=directory / "shm"),
                Tmpfs(target=directory / "shm", size=recipe.shm_size, mode=0o1777, noexec=True),
            ]
        )
        await self._keeper.create_shared(directory, _hostname(entry))
        if recipe.network != "host":
            await self._networks.attachments.create(entry.key)
            await self._networks.reserve(member_of(entry))
        if _has_way_out(entry):
            await self._networks.attachments.prepare(entry.key)
            await self._publish(entry)
        self._write_files(entry)
        entry.is_up = True

    async def _publish(self, entry: PodEntry) -> None:
        recipe = entry.record.recipe
        wanted = as_picked(recipe.ports, entry.record.picked)
        with self._claims.settled(wanted) as ports:
            await self._networks.attach(member_of(entry), ports)
        if ports != entry.record.picked:
            await self.book.save(entry, msgspec.structs.replace(entry.record, picked=ports))

    async def _reconnect(self, entry: PodEntry) -> None:
        async with entry.lock:
            attachments = self._networks.attachments
            if entry.is_up and not attachments.is_watched(entry.key):
                try:
                    await self._networks.reconnect(member_of(entry), entry.record.picked)
                except (WherryError, OSError) as error:
                    _log.warning("the network of the pod %s could not be brought back: %s", entry.name, error)

    async def _take_down(self, entry: PodEntry) -> None:
        """Everything away again, whatever of it there is."""
        entry.is_up = False
        if entry.record.recipe.network != "host":
            await self._networks.detach(member_of(entry))
        directory = self._directory(entry)
        if directory.is_dir():
            await self._keeper.execute([Unmount(target=directory / each, every=True) for each in ("ipc", "uts", "shm")])
            await self._keeper.remove_tree(self._paths.container_run(entry.key))

    # --- files ---

    def _write_files(self, entry: PodEntry) -> None:
        recipe = entry.record.recipe
        hostname = _hostname(entry)
        gateway = default_gateway() if wants_host(recipe.extra_hosts) else ""
        texts = {
            "hosts": etc_files.hosts(
                hostname,
                self._networks.addresses(member_of(entry)),
                aliases=(entry.name, *recipe.network_aliases),
                extra=recipe.extra_hosts,
                host_gateway=("127.0.0.1" if gateway else "") if recipe.network == "host" else gateway,
            ),
            "resolv.conf": etc_files.resolv_conf(
                resolvers.host_text(),
                dns=recipe.dns,
                search=recipe.dns_search,
                options=recipe.dns_options,
                forwarded=_has_way_out(entry),
                forwarder=dns_forwarder(),
                names_server=self._networks.names_server(member_of(entry)),
            ),
            "hostname": f"{hostname}\n",
        }
        for name, text in texts.items():
            path = self._paths.container_run(entry.key) / name
            path.write_text(text)
            path.chmod(0o644)

    # --- inside ---

    def members(self, entry: PodEntry) -> Sequence[Container]:
        return [each for each in self._containers() if each.spec.network == f"pod:{entry.name}"]

    def names(self) -> dict[str, str]:
        """Of pods, by what their directories and networks are known by."""
        return {entry.key: entry.name for entry in self.book}

    def address(self, entry: PodEntry) -> str:
        return self._networks.address(member_of(entry)) if entry.is_up and _has_way_out(entry) else ""

    def published(self, entry: PodEntry) -> tuple[PortMapping, ...]:
        return entry.record.picked if entry.is_up else ()

    def _in_use(self, entry: PodEntry, *, least: int = 1) -> bool:
        """Whether so many of its containers run, or are about to."""
        return sum(each.state in _BUSY for each in self.members(entry)) >= least

    def _directory(self, entry: PodEntry) -> Path:
        return self._paths.container_run(entry.key) / "shared"

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("%s failed", task.get_name(), exc_info=task.exception())


def member_of(entry: PodEntry) -> Member:
    """The pod as the networks room knows it."""
    recipe = entry.record.recipe
    return Member(
        container_id=entry.key,
        name=entry.name,
        network=recipe.network,
        hostname=recipe.hostname,
        aliases=recipe.network_aliases,
        dns=recipe.dns,
        reaches_host=wants_host(recipe.extra_hosts),
    )


def _hostname(entry: PodEntry) -> str:
    return (entry.record.recipe.hostname or entry.name)[:63]


def _has_way_out(entry: PodEntry) -> bool:
    return entry.record.recipe.network not in _WITHOUT_WAY_OUT
