"""Puts the builder together from the engine's other rooms; the composition root calls this and nothing else here."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from engine.builder.build_service import BuildParts, BuildService
from engine.builder.caching.cache import StepCache
from engine.builder.caching.cache_mounts import CacheMounts
from engine.builder.kept import KeptSteps

if TYPE_CHECKING:
    from engine.builder.workshop import Workshop
    from engine.containers.container_service import ContainerService
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.runtime import Runtime
    from engine.events.bus import EventBus
    from engine.images.image_service import ImageService
    from engine.networks.way_out.attachment import NetworkAttachments
    from engine.operations.registry import OperationRegistry
    from engine.state.database import Database


def make_build_service(
    *,
    runtime: Runtime,
    files: ContainerFiles,
    networks: NetworkAttachments,
    database: Database,
    bus: EventBus,
    operations: OperationRegistry,
    images: ImageService,
    containers: ContainerService,
) -> BuildService:
    keeper, paths, layers = runtime.keeper, runtime.paths, files.layers
    cache = StepCache(database, layers)
    cache_mounts = CacheMounts(paths, keeper, database)
    kept = KeptSteps(containers, images)

    @functools.cache
    def workshop() -> Workshop:
        # What a build takes is a third of the engine's code: a start does not wait for it.
        from engine.builder.bases import Bases
        from engine.builder.caching.cache_sharing import SharedCaches
        from engine.builder.execution import BuildTools
        from engine.builder.steps.running import RunTools
        from engine.builder.steps.scratch_roots import ScratchRoots
        from engine.builder.workshop import Workshop

        tools = BuildTools(
            paths=paths,
            keeper=keeper,
            layers=layers,
            roots=ScratchRoots(keeper, files.rootfs, layers),
            cache=cache,
            cache_mounts=cache_mounts,
            bases=Bases(images, layers),
            shared=SharedCaches(images, layers, cache),
            run=RunTools(paths, keeper, runtime.cgroups, runtime.crun, runtime.filters),
            web=images.web,
        )
        return Workshop(tools, networks, kept)

    parts = BuildParts(
        paths=paths,
        keeper=keeper,
        filesystems=files.rootfs,
        networks=networks,
        images=images,
        cache=cache,
        cache_mounts=cache_mounts,
    )
    return BuildService(parts=parts, database=database, bus=bus, operations=operations, kept=kept, workshop=workshop)
