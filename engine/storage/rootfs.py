"""Root file systems of containers: layers below, a thin writable directory on top, by one of two drivers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Conflict, InvalidRequest, WherryError
from engine.sandbox.keeper.asked.steps import MakeDirectory, MakeFile, Own, Unmount
from engine.sandbox.keeper.asked.trees import TreeSize
from engine.storage import probe
from engine.storage.drivers import Driver, OwnerChange, Stack
from engine.storage.drivers.fuse_overlayfs import FuseOverlay
from engine.storage.drivers.overlay import KernelOverlay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.mounts import Mount
    from engine.sandbox.keeper.asked.steps import Step
    from engine.sandbox.keeper.layers.marks import By
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.storage.probe import DriverChoice

MOST_LAYERS = 200
FUSE = FuseOverlay.name
ANSWER_WITHIN = 5.0
"""Seconds for a fuse mount to answer a stat before it counts as dead."""


@dataclass(frozen=True)
class _Place:
    """The directories of one root file system."""

    top: Path

    @property
    def upper(self) -> Path:
        return self.top / "upper"

    @property
    def work(self) -> Path:
        return self.top / "work"

    @property
    def rootfs(self) -> Path:
        return self.top / "rootfs"

    @property
    def driver(self) -> Path:
        """Says which driver wrote the upper directory."""
        return self.top / "driver"


def topmost(layers: Sequence[str]) -> list[str]:
    """Layers, bottom first, as they are stacked: top first, each once. Where an image has the same one twice, the upper
    says again all that the lower says, and an overlay takes no directory twice."""
    return list(dict.fromkeys(reversed(layers)))


class RootFilesystems:
    def __init__(self, paths: Paths, keeper: Keeper, layers: LayerStore) -> None:
        self._paths = paths
        self._keeper = keeper
        self._layers = layers
        self._drivers: dict[str, Driver] = {
            driver.name: driver for driver in (KernelOverlay(keeper), FuseOverlay(keeper))
        }
        self._default: DriverChoice | None = None
        self._locks: dict[Path, asyncio.Lock] = {}
        self._changed: dict[Path, OwnerChange] = {}
        """Mounted roots whose owners are shown otherwise, as far as this engine knows."""

    async def open(self, forced: str = "") -> DriverChoice:
        """Choose the default driver: the one forced by settings, else by a probe (kept in the store)."""
        self._default = await probe.choose(self._paths, self._keeper, self._drivers, forced)
        return self._default

    @property
    def default(self) -> DriverChoice:
        if self._default is None:
            raise RuntimeError("the root file systems are not open yet")
        return self._default

    async def mount(
        self,
        container_id: str,
        layers: Sequence[str],
        *,
        driver: str = "",
        read_only: bool = False,
        also: Sequence[Step] = (),
        at_first: Sequence[Step] = (),
    ) -> Path:
        """Mount the stack (bottom first, as images name their layers) with the container's writable layer; gives
        `paths.rootfs(container_id)`. Mounted already and alive: nothing happens. A container keeps the driver of its
        first mount, because their writable layers are not interchangeable. `also` is done before, in the same go, and
        `at_first` after the very first mount."""
        top = self._paths.container(container_id)
        return await self._mount(top, layers, driver, read_only=read_only, also=also, at_first=at_first)

    async def mount_image(self, container_id: str, place: str, layers: Sequence[str]) -> Path:
        """Another image's files, to be read in a container. `place` is a name for them beside the container's own."""
        return await self._mount(self._paths.container(container_id) / place, layers, "", read_only=True)

    async def unmount_image(self, container_id: str, place: str) -> None:
        await self._unmount(self._paths.container(container_id) / place)

    @property
    def can_change_owners(self) -> bool:
        """Whether a root can be shown with other owners: the kernel's driver cannot, nor can one with a single id."""
        return not self._drivers[FUSE].unavailable() and not self._keeper.ids.single_id

    async def change_owners(self, container_id: str, layers: Sequence[str], change: OwnerChange) -> bool:
        """Mount it anew with the ids of root and of another changed over, for a container in whose user namespace they
        are changed over again. False where its driver cannot."""
        top = self._paths.container(container_id)
        if self.driver(container_id) != FUSE:
            return False
        if self._changed.get(top) != change or _Place(top).rootfs not in await self._mounted_targets(top):
            await self._unmount(top)
            await self._mount(top, layers, FUSE, read_only=False, change=change)
            self._changed[top] = change
        return True

    async def unmount(self, container_id: str) -> None:
        """Not being mounted is no failure."""
        await self._unmount(self._paths.container(container_id))

    async def mounted(self) -> set[str]:
        """Ids of containers whose root is mounted and alive, from the kernel."""
        targets = await self._mounted_targets()
        below = self._paths.containers
        found = {target.parent.name for target in targets if target.name == "rootfs" and target.parent.parent == below}
        return found

    async def mount_points(self) -> set[str]:
        """Ids of containers that have a mount, be it dead."""
        kinds = {driver.mount_type for driver in self._drivers.values()}
        targets = (self._paths.root / each.target for each in await self._keeper.mounts() if each.kind in kinds)
        below = self._paths.containers
        return {each.parent.name for each in targets if each.name == "rootfs" and each.parent.parent == below}

    def upper(self, container_id: str) -> Path:
        """What the container wrote."""
        return self._paths.upper(container_id)

    def driver(self, container_id: str) -> By:
        """Whose marks are in what it wrote."""
        return self._wrote(_Place(self._paths.container(container_id)))

    async def size(self, container_id: str) -> TreeSize:
        """Of the writable layer."""
        try:
            return await self._keeper.tree_size(self._paths.upper(container_id))
        except FileNotFoundError:
            return TreeSize(0, 0, 0)

    async def remove(self, container_id: str) -> None:
        """Unmount and remove the container's directory, in the background after a rename."""
        await self._remove(self._paths.container(container_id))

    # --- root file systems of build steps ---

    async def mount_scratch(self, name: str, layers: Sequence[str], *, driver: str = "") -> Path:
        """A root file system that is no container's (a build step): same as `mount`, below `paths.builds`."""
        return await self._mount(self._paths.build(name), layers, driver, read_only=False)

    def scratch_upper(self, name: str) -> Path:
        return _Place(self._paths.build(name)).upper

    def scratch_driver(self, name: str) -> By:
        return self._wrote(_Place(self._paths.build(name)))

    async def unmount_scratch(self, name: str) -> None:
        await self._unmount(self._paths.build(name))

    async def remove_scratch(self, name: str) -> None:
        await self._remove(self._paths.build(name))

    # --- how ---

    def _lock(self, top: Path) -> asyncio.Lock:
        return self._locks.setdefault(top, asyncio.Lock())

    async def _mount(
        self,
        top: Path,
        layers: Sequence[str],
        wanted: str,
        *,
        read_only: bool,
        also: Sequence[Step] = (),
        at_first: Sequence[Step] = (),
        change: OwnerChange | None = None,
    ) -> Path:
        top_first = topmost(layers)
        if len(top_first) > MOST_LAYERS:
            raise InvalidRequest("Too many layers", f"{len(top_first)} of them; {MOST_LAYERS} is the most.")
        place = _Place(top)
        async with self._lock(top):
            if place.rootfs.is_dir() and place.rootfs in await self._mounted_targets(top):
                if also:
                    await self._keeper.execute(also)
                return place.rootfs
            driver = self._driver(place, wanted)
            # A fuse mount whose process died is still in the table and answers nothing.
            plan: list[Step] = [*also, Unmount(target=place.rootfs, every=True)]
            fresh = not place.upper.is_dir()
            plan += [MakeDirectory(path=each, mode=0o700) for each in (place.rootfs, place.work)]
            plan += [MakeFile(path=place.driver, contents=driver.name)]
            if fresh:
                plan += self._upper_plan(place, layers)
            await driver.mount(
                Stack(
                    base=self._paths.root,
                    lower=tuple(self._layers.short_name(each) for each in top_first) or (self._paths.empty.name,),
                    upper="" if read_only else str(place.upper.relative_to(self._paths.root)),
                    work=str(place.work.relative_to(self._paths.root)),
                    target=place.rootfs,
                    change=change,
                ),
                before=plan,
            )
            if fresh and at_first:
                await self._keeper.execute(at_first)
        return place.rootfs

    def _upper_plan(self, place: _Place, layers: Sequence[str]) -> list[Step]:
        """The root directory shows the owner and mode of the writable one, which must look like the image's."""
        mode, uid, gid = 0o755, 0, 0
        for diff_id in reversed(layers):
            index = self._layers.index(diff_id)
            if (row := index.find(b"")) >= 0:
                mode, uid, gid = index.modes[row], index.uids[row], index.gids[row]
                break
        if self._keeper.ids.single_id:
            uid = gid = 0
        return [
            MakeDirectory(path=place.upper, mode=0o755),
            Own(path=place.upper, uid=uid, gid=gid, mode=mode),
        ]

    def _wrote(self, place: _Place) -> By:
        name = place.driver.read_text().strip() if place.driver.exists() else self.default.name
        return "overlay" if name == KernelOverlay.name else "fuse-overlayfs"

    def _driver(self, place: _Place, wanted: str) -> Driver:
        """The one whose writable layer is there already, else the one asked for, else the default."""
        name = place.driver.read_text().strip() if place.driver.exists() else ""
        name = name or wanted or self.default.name
        if name not in self._drivers:
            raise InvalidRequest("No such storage driver", f"{name!r} is not one of {', '.join(self._drivers)}.")
        driver = self._drivers[name]
        if reason := driver.unavailable():
            raise Conflict(f"The storage driver {name} cannot be used", f"{reason}.", subject=name)
        return driver

    async def _unmount(self, top: Path) -> None:
        async with self._lock(top):
            self._changed.pop(top, None)
            await self._keeper.execute([Unmount(target=_Place(top).rootfs, every=True)])

    async def _remove(self, top: Path) -> None:
        """The mount goes along by the rename, and is taken off where nobody waits: that takes the kernel its time."""
        async with self._lock(top):
            await self._layers.trash.take(top)
        self._locks.pop(top, None)

    async def _mounted_targets(self, only: Path | None = None) -> set[Path]:
        """Mount points of root file systems that are alive."""
        kinds = {driver.mount_type for driver in self._drivers.values()}
        below = tuple(f"{each}/" for each in ((only,) if only else (self._paths.containers, self._paths.builds)))
        found = [
            each for each in await self._keeper.mounts(only) if each.kind in kinds and each.target.startswith(below)
        ]
        alive = await asyncio.gather(*(self._alive(each) for each in found))
        return {self._paths.root / each.target for each, lives in zip(found, alive, strict=True) if lives}

    async def _alive(self, mount: Mount) -> bool:
        if mount.kind == KernelOverlay.mount_type:
            return True
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._keeper.stat(self._paths.root / mount.target, "/")
        except (OSError, TimeoutError, WherryError):
            return False
        return True
