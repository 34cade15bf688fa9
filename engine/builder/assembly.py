"""Puts the builder together from the engine's other rooms; the composition root calls this and nothing else here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.builder.bases import Bases
from engine.builder.build_service import BuildService
from engine.builder.cache import StepCache
from engine.builder.cache_mounts import CacheMounts
from engine.builder.execution import BuildTools
from engine.builder.kept import KeptSteps
from engine.builder.running import RunTools
from engine.builder.scratch_roots import ScratchRoots

if TYPE_CHECKING:
    from engine.containers.container_service import ContainerService
    from engine.containers.run.runtime import Runtime
    from engine.events.bus import EventBus
    from engine.images.image_service import ImageService
    from engine.operations.registry import OperationRegistry
    from engine.state.database import Database


def make_build_service(
    *,
    runtime: Runtime,
    database: Database,
    bus: EventBus,
    operations: OperationRegistry,
    images: ImageService,
    containers: ContainerService,
) -> BuildService:
    keeper, paths, layers = runtime.keeper, runtime.paths, runtime.layers
    tools = BuildTools(
        paths=paths,
        keeper=keeper,
        layers=layers,
        roots=ScratchRoots(keeper, runtime.rootfs, layers),
        cache=StepCache(database, layers),
        cache_mounts=CacheMounts(paths, keeper, database),
        bases=Bases(images, layers),
        run=RunTools(paths, keeper, runtime.cgroups, runtime.crun),
        web=images.web,
    )

    return BuildService(
        tools=tools,
        database=database,
        bus=bus,
        operations=operations,
        networks=runtime.networks.attachments,
        kept=KeptSteps(containers, images),
    )
