"""Removing containers: the row goes last, so that a crash in between leaves something to remove again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from functools import partial
from typing import TYPE_CHECKING

from engine.containers.end.ending import must_allow
from engine.containers.run.restart_file import remove_restart_file
from engine.errors import DISK_REFUSES, NotFound, StorageError, WherryError
from engine.sandbox.failures import KeeperLost
from engine.types.containers import Action, State
from engine.types.data import ANY_LABELS, Freed

if TYPE_CHECKING:
    from engine.containers.end.ending import Ender
    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.known.record import Record
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.runtime import Runtime
    from engine.containers.run.starting import Starter
    from engine.networks.network_service import NetworkService
    from engine.types.data import LabelRule

_log = logging.getLogger(__name__)


class Remover:
    def __init__(
        self,
        book: ContainerBook,
        runtime: Runtime,
        files: ContainerFiles,
        networks: NetworkService,
        *,
        starter: Starter,
        ender: Ender,
    ) -> None:
        self._book = book
        self._runtime = runtime
        self._files = files
        self._networks = networks
        self._starter = starter
        self._ender = ender

    async def remove(
        self, entry: Entry, *, force: bool = False, volumes: bool = False, measured: bool = False
    ) -> Freed:
        """`measured` also tells how many bytes that gave, which takes a walk through all it wrote."""
        action = Action.FORCE_REMOVE if force else Action.REMOVE
        if entry.lock.locked() or entry.state is not State.REMOVING:  # else it was cut off, and is begun again
            must_allow(entry, action)
        entry.leaving = entry.leaving or force
        try:
            while True:
                if force:
                    await self._ender.end_for_removal(entry)
                async with entry.lock:
                    if entry.gone:
                        raise NotFound(f"No such container: {entry.container.name}", subject=entry.id)
                    if force and entry.alive:
                        continue  # somebody was quicker and started it
                    if entry.state is not State.REMOVING:
                        must_allow(entry, action)
                    return await self._remove_locked(entry, volumes=volumes, measured=measured)
        finally:
            entry.leaving = False

    async def remove_ended(self, entry: Entry) -> Freed:
        """What `auto_remove` asked for (anonymous volumes go too), or the rest of a removal that was cut off."""
        async with entry.lock:
            if entry.gone or entry.alive:
                return Freed()
            return await self._remove_locked(
                entry, volumes=entry.record.volumes_too or entry.container.spec.auto_remove
            )

    async def prune(self, *, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Freed:
        """Everything at rest."""
        freed = 0
        gone: list[str] = []
        for entry in self._book:
            container = entry.container
            if container.state not in (State.CREATED, State.EXITED, State.DEAD):
                continue
            if until_ns and container.created.timestamp() * 1e9 > until_ns:
                continue
            held = entry.record.image_config.labels | container.spec.labels
            if labels.allows(held):
                with contextlib.suppress(WherryError):
                    freed += (await self.remove(entry, measured=True)).bytes
                    gone.append(entry.id)
        return Freed(ids=tuple(gone), bytes=freed)

    async def _remove_locked(self, entry: Entry, *, volumes: bool, measured: bool = False) -> Freed:
        record = entry.record
        removing = record.changed(volumes_too=volumes).with_container(state=State.REMOVING)
        # Durable before the first file goes: half a container must not come back as a whole one.
        await self._book.save_when_it_fits(entry, removing)
        try:
            await self._clear_run(record)
            size = await self._take_files(entry, measured=measured)
            await self._forget(entry)
        except KeeperLost:
            raise  # it stays as it is shown, being removed, and the reconciler goes on with it
        except (WherryError, OSError):
            await self._book.save_when_it_fits(entry, record.with_container(state=State.DEAD))
            raise
        users = entry.volume_names
        if volumes:
            for name in record.created_volumes:
                with contextlib.suppress(WherryError):
                    await self._files.volumes.remove(name)
        self._files.volumes.users_changed(users)
        await self._networks.forget(entry.id)
        self._book.tell_removed(entry)
        return Freed(ids=(entry.id,), bytes=size)

    async def _clear_run(self, record: Record) -> None:
        """What its last run kept for a next one, or could not clear away."""
        runtime, paths = self._runtime, self._runtime.paths
        netns = not self._networks.attachments.behind.is_going(record.id) and paths.netns(record.id).exists()
        group = not self._starter.behind.is_going(record.id) and (
            (paths.crun_root / record.id).exists() or runtime.cgroup(record).exists()
        )
        if netns or group:
            await self._starter.take_down(record, for_good=True)

    def _clear_run_files(self, container_id: str) -> None:
        paths = self._runtime.paths
        shutil.rmtree(paths.container_run(container_id), ignore_errors=True)
        (paths.exits / container_id).unlink(missing_ok=True)

    async def _forget(self, entry: Entry) -> None:
        """The row. On a full disk even that takes room, which the container's own files give."""
        try:
            await self._book.remove(entry)
        except StorageError as error:
            if error.code not in DISK_REFUSES:
                raise
            await self._files.layers.trash.empty()
            await self._book.remove(entry)

    async def _keep_histories(self, entry: Entry) -> None:
        """What is remembered of it. A full disk must not keep people from removing what fills it."""
        try:
            await self._book.keep_histories(entry)
        except (StorageError, OSError) as error:
            _log.warning("the history of %s could not be kept: %s", entry.container.name, error)

    async def _take_files(self, entry: Entry, *, measured: bool) -> int:
        runtime, container_id = self._runtime, entry.id
        directory = runtime.paths.container(container_id)
        remove_restart_file(runtime, container_id)
        clearing = partial(asyncio.to_thread, self._clear_run_files, container_id)
        self._starter.behind.begin(f"run of {container_id}", clearing)
        await self._keep_histories(entry)
        if not directory.exists():
            return 0  # it never ran
        size = 0
        if measured and runtime.paths.upper(container_id).exists():
            size = (await self._files.rootfs.size(container_id)).disk
        await self._files.rootfs.remove(container_id)
        return size
