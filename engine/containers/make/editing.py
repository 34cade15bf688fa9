"""Changing a container that is there: limits, policy and ports at once, the rest by a new recipe on the same files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.cgroups.limits import check_resources, plan_limits
from engine.containers.end.ending import must_allow
from engine.containers.known.record import member_of
from engine.containers.make.notes import closed_binds, notes
from engine.containers.run.restart_file import write_restart_file
from engine.containers.spec.image_config import command_line
from engine.errors import Conflict, InvalidRequest
from engine.networks.host.ports import as_picked, check_mappings, settle
from engine.networks.way_out.attachment import missing_network
from engine.recipe.checks import goes_and_comes_back
from engine.recipe.crossing import recipe_of
from engine.recipe.networks import is_shared
from engine.recipe.rows import LIVE, changes
from engine.types.containers import Action, ContainerSpec, PortMapping, Resources, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.containers.end.ending import Ender
    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.known.record import Record
    from engine.containers.make.creation import Creator
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.runtime import Runtime
    from engine.containers.run.starting import Starter
    from engine.networks.network_service import NetworkService
    from engine.types.containers import UpdateContainer


class Editor:
    def __init__(
        self,
        book: ContainerBook,
        runtime: Runtime,
        files: ContainerFiles,
        networks: NetworkService,
        *,
        creator: Creator,
        starter: Starter,
        ender: Ender,
    ) -> None:
        self._book = book
        self._runtime = runtime
        self._files = files
        self._networks = networks
        self._creator = creator
        self._starter = starter
        self._ender = ender

    async def update(self, entry: Entry, request: UpdateContainer) -> None:
        """All of it or nothing: what the kernel refuses leaves the recipe as it was."""
        async with entry.lock:
            must_allow(entry, Action.UPDATE)
            spec = entry.container.spec
            if request.resources is not None:
                spec = msgspec.structs.replace(spec, resources=request.resources)
            if request.restart is not None:
                if goes_and_comes_back(auto_remove=spec.auto_remove, restart=request.restart.name):
                    raise Conflict("A container that removes itself cannot be restarted by a policy", subject=entry.id)
                spec = msgspec.structs.replace(spec, restart=request.restart)
            if request.ports is not None:
                spec = msgspec.structs.replace(spec, ports=request.ports)
            await self._apply_live(entry, spec)

    async def edit(self, entry: Entry, spec: ContainerSpec) -> None:
        """Give it a new recipe. Where the change needs that, the container has ended; the caller starts it."""
        must_allow(entry, Action.EDIT)
        image = self._files.images.image(spec.image, platform=spec.platform)
        if image.id != entry.container.image_id:
            raise InvalidRequest(
                "The image of a container cannot be changed",
                "Its writable layer fits only the image it was made from.",
                hint="Make a new container from the other image.",
                subject=entry.id,
            )
        self._creator.check(spec, entry.record.image_config)
        settled = self._creator.settled(spec, entry.record.image_config, entry.id)
        costs = changes(recipe_of(entry.container.spec), recipe_of(settled))
        if "driver" in costs:
            raise InvalidRequest(
                "The storage driver of a container cannot be changed",
                "Its files were written by the one it was made with.",
                hint="Make a new container with the other driver.",
                subject=entry.id,
            )
        if entry.alive and set(costs.values()) <= {LIVE}:
            async with entry.lock:
                await self._apply_live(entry, settled)
            return
        if entry.alive:
            await self._ender.stop(entry, None, "")
        async with entry.lock:
            await self._take_recipe(entry, settled)

    async def _take_recipe(self, entry: Entry, spec: ContainerSpec) -> None:
        record = entry.record
        before = set(entry.volume_names)
        mounts, made = await self._creator.settle_mounts(spec, record.image_config, kept=record.container.mounts)
        changed = record.changed(
            created_volumes=(*record.created_volumes, *made), mounted_images=self._creator.mounted_images(mounts)
        ).with_container(
            spec=spec,
            command_line=command_line(spec, record.image_config),
            mounts=mounts,
            exit=record.container.exit,
            warnings=(
                *closed_binds(spec, record.image_config, mapped=self._files.rootfs.can_change_owners),
                *notes(spec),
                *missing_network(spec.network),
            ),
        )
        await self._book.save(entry, changed, "update")
        self._files.volumes.users_changed(tuple(before | set(entry.volume_names)))

    # --- at once ---

    async def _apply_live(self, entry: Entry, spec: ContainerSpec) -> None:
        record = entry.record
        check_resources(spec.resources)
        check_mappings(spec.ports)
        old = record.container.spec
        unenforced = record.container.unenforced
        if spec.resources != old.resources:
            unenforced = self._apply_limits(record, spec.resources)
        ports, pasta_pid = record.container.ports, record.run.pasta_pid
        if spec.ports != old.ports and entry.alive:
            try:
                ports, pasta_pid = await self._apply_ports(record, spec.ports)
            except BaseException:
                self._apply_limits(record, old.resources)
                raise
        run = msgspec.structs.replace(record.run, pasta_pid=pasta_pid)
        changed = record.changed(run=run).with_container(spec=spec, unenforced=unenforced, ports=ports)
        await self._book.save(entry, changed, "update")
        if entry.alive:
            write_restart_file(self._runtime, entry.record)

    def _apply_limits(self, record: Record, resources: Resources) -> tuple[str, ...]:
        group = self._runtime.cgroup(record)
        if record.container.state in (State.RUNNING, State.PAUSED, State.STOPPING):
            return group.apply(resources, reset=True).unenforced
        return plan_limits(resources, self._runtime.cgroups.layout).unenforced

    async def _apply_ports(self, record: Record, wanted: Sequence[PortMapping]) -> tuple[tuple[PortMapping, ...], int]:
        """Another pasta with the new list on the same network namespace; the service inside goes on."""
        container = record.container
        if container.spec.network in ("host", "none") or is_shared(container.spec.network):
            raise InvalidRequest("Ports cannot be published here", "The container has no network of its own.")
        ports = settle(as_picked(wanted, container.ports), already=container.ports)
        networks, member = self._networks, member_of(record)
        try:
            return ports, await networks.reconnect(member, ports)
        except BaseException:
            # The old ports come back, whatever was wrong with the new ones.
            await networks.reconnect(member, container.ports)
            raise
