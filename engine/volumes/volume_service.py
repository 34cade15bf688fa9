"""The volumes room as the facade shows it, and what the containers room needs of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

import msgspec

from engine.errors import Code, Conflict, InvalidRequest, NotFound, StorageError, Unsupported
from engine.recipe.checks import is_name
from engine.sandbox.keeper.asked.steps import MakeDirectory, Remove, Rename, Tmpfs, Unmount
from engine.sandbox.keeper.asked.trees import TreeSize
from engine.storage.flushing import flush_names
from engine.types.data import ANY_LABELS, Freed, now
from engine.types.events import Event
from engine.types.volumes import CreateVolume, Volume
from engine.volumes.archive import read_archive, write_archive
from engine.volumes.moving import COMPLETE, FORMER, UNPACKED, finish_moves, given_up, mark_of, moved, replaced, sweep
from engine.volumes.options import mount_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.events.bus import EventBus
    from engine.facade import OperationHandle
    from engine.operations.registry import OperationRegistry, Progress
    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.steps import Step
    from engine.state.database import Database
    from engine.storage.paths import Paths
    from engine.types.data import LabelRule


class VolumeUsers(Protocol):
    """What this room asks of containers, by their ids; the book of containers answers from memory."""

    def volume_users(self) -> Mapping[str, tuple[str, ...]]:
        """By a volume's name, who uses it."""
        ...

    def name_of(self, container_id: str) -> str: ...
    def is_alive(self, container_id: str) -> bool: ...


class VolumeService:
    """Implements `engine.facade.Volumes`."""

    def __init__(
        self,
        *,
        paths: Paths,
        keeper: Keeper,
        database: Database,
        bus: EventBus,
        operations: OperationRegistry,
        containers: VolumeUsers,
    ) -> None:
        self._paths = paths
        self._keeper = keeper
        self._database = database
        self._bus = bus
        self._operations = operations
        self._volumes: dict[str, Volume] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._containers = containers

    async def open(self) -> None:
        for (body,) in await self._database.fetch("SELECT body FROM volumes"):
            volume = msgspec.json.decode(body, type=Volume)
            self._volumes[volume.name] = volume
        await finish_moves(self._keeper, self._paths, self._volumes)
        if swept := await sweep(self._keeper, self._paths, self._volumes):
            self._operations.tell_mended("Clear away volumes whose making or removal was cut off", ", ".join(swept))

    async def close(self) -> None:
        """Nothing is held."""

    def publish_all(self) -> None:
        users = self._containers.volume_users()
        for volume in self._volumes.values():
            self._publish(volume, users)

    # --- looking ---

    async def list(self) -> Sequence[Volume]:
        users = self._containers.volume_users()
        return [self._shown(volume, users) for volume in self._volumes.values()]

    async def get(self, name: str) -> Volume:
        return self._shown(self._find(name), self._containers.volume_users())

    def names(self) -> frozenset[str]:
        return frozenset(self._volumes)

    def data_path(self, name: str) -> Path:
        """Where its files are: in the store, or the folder of this machine that it stands for."""
        volume = self._find(name)
        mount = mount_of(volume.options)
        if mount is not None and mount.folder:
            return Path(os.path.realpath(mount.folder))
        return self._paths.volume_data(volume.name)

    # --- for a container that runs ---

    async def mounted(self, name: str) -> tuple[Path, bool]:
        """Where its files are, ready to be bound into a container, and whether they may only be read. One in memory
        begins with the first container that uses it."""
        path = self.data_path(name)
        mount = mount_of(self._find(name).options)
        if mount is None:
            return path, False
        if mount.folder and not path.is_dir():
            raise InvalidRequest(
                f"The volume “{name}” is the folder {mount.folder}, which is not there",
                code=Code.MOUNT_SOURCE_MISSING,
                hint="Make it, or remove the volume.",
                subject=mount.folder,
            )
        if mount.kind == "memory":
            async with self._lock(name):
                if not any(each.target == str(path) for each in await self._keeper.mounts(within=path)):
                    memory = Tmpfs(target=path, mode=0o1777, options=mount.kernel_options, noexec=mount.no_exec)
                    await self._keeper.execute([memory])
        return path, mount.read_only

    async def let_go(self, names: Iterable[str], live: Mapping[str, Sequence[str]]) -> None:
        """A container has ended: what is kept in memory goes with the last one. `live` are those that still run."""
        for name in names:
            volume = self._volumes.get(name)
            mount = mount_of(volume.options) if volume is not None else None
            if mount is None or mount.kind != "memory" or live.get(name):
                continue
            async with self._lock(name):
                await self._keeper.execute([Unmount(target=self._paths.volume_data(name), every=True)])

    # --- making and taking away ---

    async def create(self, request: CreateVolume) -> Volume:
        """As Docker: one that exists already is given back."""
        if request.driver not in ("", "local"):
            raise Unsupported(f"There is no volume driver “{request.driver}”", hint="Use “local”.")
        name = request.name or secrets.token_hex(32)
        return await self.ensure(name, labels=request.labels, options=request.options, anonymous=not request.name)

    async def ensure(
        self,
        name: str,
        *,
        labels: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
        anonymous: bool = False,
    ) -> Volume:
        """The volume of that name, made if there is none."""
        async with self._lock(name):
            if name in self._volumes:
                return self._shown(self._volumes[name], self._containers.volume_users())
            _check_name(name)
            mount_of(options or {})
            await self._keeper.execute(_make(self._paths.volume(name)))
            await self._names_on_disk(name)
            volume = Volume(
                name=name,
                created=now(),
                mountpoint=str(self._paths.volume_data(name)),
                labels=labels or {},
                options=options or {},
                anonymous=anonymous,
            )
            try:
                await self._save(volume, "create")
            except Exception:
                # Not when we are called off in the middle: the row may be written all the same, and needs its files.
                await asyncio.shield(self._keeper.remove_tree(self._paths.volume(name)))
                raise
            return volume

    async def remove(self, name: str, *, force: bool = False) -> Freed:
        if force and name not in self._volumes:
            return Freed()
        async with self._lock(name):
            volume = self._find(name)
            users = self._containers.volume_users().get(name, ())
            if users:
                raise self._in_use(name, users)
            size = (await self._size(self._paths.volume(name))).disk
            await self._forget(volume)
            return Freed(ids=(name,), bytes=size)

    async def prune(self, *, all_unused: bool = False, labels: LabelRule = ANY_LABELS) -> Freed:
        """Unused anonymous volumes; named ones too only with `all_unused`."""
        users = self._containers.volume_users()
        freed = 0
        gone: list[str] = []
        for volume in tuple(self._volumes.values()):
            if volume.name in users or not (volume.anonymous or all_unused) or not labels.allows(volume.labels):
                continue
            with contextlib.suppress(NotFound, Conflict):  # removed, or taken into use, by somebody quicker
                freed += (await self.remove(volume.name)).bytes
                gone.append(volume.name)
        return Freed(ids=tuple(gone), bytes=freed)

    async def rename(self, name: str, new_name: str) -> Volume:
        async with self._lock(name):
            volume = self._find(name)
            self._must_be_free(new_name)
            users = self._containers.volume_users().get(name, ())
            if users:
                raise self._in_use(name, users)
            renamed = msgspec.structs.replace(
                volume, name=new_name, mountpoint=str(self._paths.volume_data(new_name)), anonymous=False
            )
            await self._keeper.execute(moved(self._paths, name, new_name))
            await self._names_on_disk(new_name)
            await self._database.transaction(
                [
                    ("DELETE FROM volumes WHERE name = ?", (name,)),
                    ("INSERT INTO volumes(name, body) VALUES (?, ?)", (new_name, msgspec.json.encode(renamed))),
                ]
            )
            del self._volumes[name]
            self._volumes[new_name] = renamed
            await self._keeper.execute([Remove(path=mark_of(self._paths.volume(new_name), name))])
            self._bus.publish("volume", name, None, _event("rename", name))
            self._publish(renamed, self._containers.volume_users())
            return renamed

    async def measure(self, name: str) -> Volume:
        self._find(name)
        size = await self._size(self.data_path(name))
        async with self._lock(name):
            # Looked for again: it may have been removed meanwhile, and must not come back by being measured.
            measured = msgspec.structs.replace(self._find(name), size=size.bytes, size_measured=now())
            await self._save(measured, "")
        return self._shown(measured, self._containers.volume_users())

    # --- contents ---

    async def populate(self, name: str, source: Path) -> None:
        """Copy-up: the image's files, into a volume that has none yet. Owners and modes of the directory come along."""
        async with self._lock(name):
            target = self.data_path(name)
            if await self._keeper.list_directory(target, "/"):
                return
            await self._keeper.copy_tree(source, target)

    def backup(self, name: str, path: str) -> OperationHandle:
        volume = self._find(name)
        target = Path(os.path.abspath(path))

        async def work(progress: Progress) -> str:
            progress.status("Packing")
            await write_archive(self._keeper, self.data_path(volume.name), target)
            return str(target)

        return self._operations.start(
            kind="backup", title=f"Back up volume {name}", subject=name, work=work, request={"path": str(target)}
        )

    def restore(self, name: str, path: str) -> OperationHandle:
        """Into the volume, made if it is not there; what it held is replaced. Refused while a container that uses it
        runs: it would go on with the old files. One that does not run gets the new ones with its next start."""
        source = Path(os.path.abspath(path))

        async def work(progress: Progress) -> str:
            running = [
                user for user in self._containers.volume_users().get(name, ()) if self._containers.is_alive(user)
            ]
            if running:
                raise self._in_use(name, running, hint="Stop these containers first.")
            if mount_of((await self.ensure(name)).options) is not None:
                raise Unsupported(
                    f"The volume “{name}” has no files of its own to replace",
                    "It is kept in memory, or stands for a folder of this machine.",
                    subject=name,
                )
            progress.status("Unpacking")
            async with self._lock(name):
                await self._replace_contents(name, source)
            return name

        return self._operations.start(
            kind="restore", title=f"Restore volume {name}", subject=name, work=work, request={"path": str(source)}
        )

    async def _replace_contents(self, name: str, source: Path) -> None:
        """Unpacked beside and swapped in whole: a bad archive costs nothing, a crash leaves the old or the new."""
        volume = self._paths.volume(name)
        try:
            await self._keeper.execute([MakeDirectory(path=volume / UNPACKED)])
            await read_archive(self._keeper, source, volume / UNPACKED)
            # All of the new is on disk before anything of the old goes.
            await self._keeper.sync(volume)
            await self._keeper.execute(replaced(volume))
            await self._names_on_disk(name)
        finally:
            for left in (UNPACKED, COMPLETE, FORMER):
                await self._keeper.remove_tree(volume / left)

    def clone(self, name: str, new_name: str) -> OperationHandle:
        volume = self._find(name)
        self._must_be_free(new_name)

        async def work(progress: Progress) -> str:
            progress.status("Copying")
            fresh = self._paths.staging / f"volume-{secrets.token_hex(8)}"
            await self._keeper.execute(_make(fresh))
            try:
                await self._keeper.copy_tree(self.data_path(volume.name), fresh / "data")
                await self._keeper.sync(fresh)
                await self._keeper.execute([Rename(source=fresh, target=self._paths.volume(new_name))])
                await self._names_on_disk(new_name)
            finally:
                await self._keeper.remove_tree(fresh)
            copy = Volume(
                name=new_name,
                created=now(),
                mountpoint=str(self._paths.volume_data(new_name)),
                labels=volume.labels,
            )
            await self._save(copy, "create")
            return new_name

        return self._operations.start(
            kind="clone", title=f"Clone volume {name}", subject=name, work=work, request={"new_name": new_name}
        )

    # --- for the containers room ---

    def users_changed(self, names: Sequence[str]) -> None:
        """Containers that use these came or went: show it."""
        users = self._containers.volume_users()
        for name in names:
            if name in self._volumes:
                self._publish(self._volumes[name], users)

    def announce(self, name: str, action: str, container_id: str, **attributes: str) -> None:
        event = _event(action, name, container=container_id, **attributes)
        self._bus.announce(event)

    # --- inside ---

    def _find(self, name: str) -> Volume:
        if name not in self._volumes:
            raise NotFound(f"No such volume: {name}", subject=name, docker=f"get {name}: no such volume")
        return self._volumes[name]

    async def _size(self, directory: Path) -> TreeSize:
        """Of what may be removed while it is looked at."""
        try:
            return await self._keeper.tree_size(directory)
        except FileNotFoundError:
            return TreeSize(0, 0, 0)

    def _must_be_free(self, name: str) -> None:
        _check_name(name)
        if name in self._volumes:
            raise Conflict(f"There is a volume “{name}” already", code=Code.NAME_TAKEN, subject=name)

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())

    def _in_use(self, name: str, users: Sequence[str], *, hint: str = "Remove these containers first.") -> Conflict:
        names = ", ".join(self._containers.name_of(each) for each in users)
        return Conflict(
            f"The volume “{name}” is in use",
            f"By: {names}.",
            code=Code.IN_USE,
            hint=hint,
            subject=name,
            docker=f"remove {name}: volume is in use - [{', '.join(users)}]",
        )

    async def _names_on_disk(self, name: str) -> None:
        """Before the books say that it is there."""
        await asyncio.to_thread(flush_names, self._paths.volume(name), self._paths.volumes)

    async def _forget(self, volume: Volume) -> None:
        """The row goes first, for a row without a directory is a lie; and before it a mark, for what is left then by a
        crash is known to be rubbish."""
        with contextlib.suppress(StorageError):  # on a full disk it goes without
            await self._keeper.execute([MakeDirectory(path=given_up(self._paths.volume(volume.name)))])
        await self._database.execute("DELETE FROM volumes WHERE name = ?", (volume.name,))
        del self._volumes[volume.name]
        self._bus.publish("volume", volume.name, None, _event("destroy", volume.name))
        await self._keeper.remove_tree(self._paths.volume(volume.name))

    async def _save(self, volume: Volume, action: str) -> None:
        await self._database.execute(
            "INSERT OR REPLACE INTO volumes(name, body) VALUES (?, ?)", (volume.name, msgspec.json.encode(volume))
        )
        self._volumes[volume.name] = volume
        shown = self._shown(volume, self._containers.volume_users())
        self._bus.publish("volume", volume.name, shown, _event(action, volume.name) if action else None)

    def _publish(self, volume: Volume, users: Mapping[str, tuple[str, ...]]) -> None:
        self._bus.publish("volume", volume.name, self._shown(volume, users))

    def _shown(self, volume: Volume, users: Mapping[str, tuple[str, ...]]) -> Volume:
        return msgspec.structs.replace(volume, used_by=users.get(volume.name, ()))


def _make(volume: Path) -> list[Step]:
    """The files of a volume, in a directory that nobody else passes."""
    return [MakeDirectory(path=volume, mode=0o700), MakeDirectory(path=volume / "data")]


def _event(action: str, name: str, **attributes: str) -> Event:
    return Event(
        time_ns=time.time_ns(),
        kind="volume",
        action=action,
        id=name,
        name=name,
        attributes={"driver": "local"} | attributes,
    )


def _check_name(name: str) -> None:
    if not is_name(name):
        raise InvalidRequest(
            f"“{name[:80]}” is no good as a name for a volume",
            "A name begins with a letter or digit and goes on with letters, digits, dots, dashes and underscores.",
            subject=name[:80],
            docker=f'create {name[:80]}: "{name[:80]}" includes invalid characters for a local volume name, only '
            '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
        )
