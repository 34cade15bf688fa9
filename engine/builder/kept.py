"""Containers that keep the files of a failed step, for whoever wants to look: made, and removed after a day."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from engine.errors import NotFound, WherryError
from engine.types.containers import ALIVE_STATES, ContainerSpec, CreateContainer
from engine.types.data import now

if TYPE_CHECKING:
    from datetime import datetime

    from engine.containers.container_service import ContainerService
    from engine.images.image_service import ImageService

log = logging.getLogger(__name__)

BUILD_LABEL: Final = "io.wherry.failed-build"
_KEPT_FOR: Final = timedelta(days=1)
_FIRST_LOOK_SECONDS: Final = 60.0
"""When what the list of a start needs is long loaded."""
_LOOK_EVERY_SECONDS: Final = 3600.0


class KeptSteps:
    """One per engine; `open` begins to look after them, `close` ends that."""

    def __init__(self, containers: ContainerService, images: ImageService) -> None:
        self._containers = containers
        self._images = images
        self._looking: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._looking = asyncio.create_task(self._look_again_and_again(), name="kept steps")

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def keep(self, image_id: str, build_id: str) -> tuple[str, str]:
        """A stopped container on the failed step's files, ready for `sh`: its id and its name."""
        spec = ContainerSpec(
            image=image_id,
            entrypoint=("/bin/sh",),
            command=(),
            tty=True,
            stdin_open=True,
            labels={BUILD_LABEL: build_id},
        )
        made = await self._containers.create(CreateContainer(spec=spec, name=f"failed-build-{build_id[:8]}"))
        return made.id, made.name

    async def clear(self, moment: datetime) -> None:
        """Remove those that are a day old by then, with their images; one that somebody looks into stays."""
        for container in await self._containers.list():
            is_old = moment - container.created >= _KEPT_FOR
            if BUILD_LABEL not in container.spec.labels or not is_old or container.state in ALIVE_STATES:
                continue
            try:
                await self._containers.remove(container.id)
                with contextlib.suppress(NotFound):
                    if (await self._images.get(container.image_id)).dangling:
                        await self._images.remove(container.image_id)
            except WherryError as error:  # changed under our hands, or there are others of its image: another time
                log.info("the files of a failed step stay: %s", error)

    async def _look_again_and_again(self) -> None:
        await asyncio.sleep(_FIRST_LOOK_SECONDS)
        while True:
            await self.clear(now())
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
