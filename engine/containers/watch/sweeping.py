"""What belongs to nobody is taken away: all of it when an engine starts, and what may come about while one runs.

A container of the book that rests and has something left is no matter of this: its row is settled (`settling`), which
takes its run down as any other.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from engine.containers.run.killing import kill_group
from engine.containers.watch.traces import ID_LENGTH, ids_in, names_in
from engine.storage.paths import is_pod_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.containers.known.book import ContainerBook
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.runtime import Runtime
    from engine.networks.network_service import NetworkService


class Sweeper:
    def __init__(self, book: ContainerBook, runtime: Runtime, files: ContainerFiles, networks: NetworkService) -> None:
        self._book = book
        self._runtime = runtime
        self._files = files
        self._networks = networks

    async def sweep_all(self) -> None:
        """Nobody works yet: whatever is not a living container's, or one's that waits for its next start, goes."""
        runtime, paths = self._runtime, self._runtime.paths
        alive = {entry.id for entry in self._book if entry.alive}
        for name in ids_in(paths.crun_root) - alive:
            shutil.rmtree(paths.crun_root / name, ignore_errors=True)
        for owner in map(paths.netns_owner, names_in(paths.network_namespaces)):
            if owner and not self._keeps_network(owner) and not is_pod_key(owner):
                await self._networks.attachments.remove(owner)
        short = {container_id[:32] for container_id in alive}
        for name, group in runtime.cgroups.present().items():
            if name not in short:
                await kill_group(runtime.keeper, group)
                group.remove()
        await self.unmount_forgotten()
        known = {entry.id for entry in self._book}
        for name in ids_in(paths.exits) - known:
            (paths.exits / name).unlink(missing_ok=True)
        for name in ids_in(paths.runs) - known:
            shutil.rmtree(paths.runs / name, ignore_errors=True)
        for name in ids_in(paths.containers) - known:
            await self._files.rootfs.remove(name)

    def _keeps_network(self, owner: str) -> bool:
        entry = self._book.by_id(owner)
        if entry is not None:
            return entry.alive or entry.waits_to_restart()
        return self._networks.is_in_use(owner)

    async def sweep_networks(self, owners: Iterable[str]) -> None:
        """Of containers there are no more. Builds have theirs too, and are not ours to judge while an engine runs."""
        for owner in owners:
            if len(owner) == ID_LENGTH and self._book.by_id(owner) is None:
                await self._networks.attachments.remove(owner)

    async def unmount_forgotten(self) -> None:
        for container_id in await self._files.rootfs.mount_points():
            entry = self._book.by_id(container_id)
            if entry is None:
                await self._files.rootfs.unmount(container_id)
            elif not entry.lock.locked():
                async with entry.lock:
                    if not entry.alive and not entry.waits_to_restart() and not self._files.roots.is_held(container_id):
                        await self._files.rootfs.unmount(container_id)
