"""New images without a build: from a container (commit) and from a tree of files (import)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.images.known import configs, platforms
from engine.images.known.records import LayerRecord, StoredImage
from engine.images.known.reference import parse
from engine.images.layers.layer_archive import packed
from engine.types.data import now
from engine.types.images import ImageConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.images.known.catalogue import Catalogue
    from engine.images.known.users import ContainerSource, WritableLayer
    from engine.images.layers.intake import LayerIntake
    from engine.images.layers.layer_archive import LayerArchives
    from engine.operations.registry import Progress
    from engine.sandbox.client import Keeper
    from engine.types.containers import ContainerSpec
    from engine.types.images import CommitContainer


WithInstructions = Callable[[ImageConfig, Sequence[str]], ImageConfig]
"""Lines of a Dockerfile applied to what an image says of itself; the builder has it, who knows their language."""


class Maker:
    def __init__(
        self,
        *,
        catalogue: Catalogue,
        intake: LayerIntake,
        archives: LayerArchives,
        keeper: Keeper,
        with_instructions: WithInstructions,
    ) -> None:
        self._catalogue = catalogue
        self._intake = intake
        self._archives = archives
        self._keeper = keeper
        self._with_instructions = with_instructions

    async def commit(self, request: CommitContainer, containers: ContainerSource, progress: Progress) -> str:
        """Gives the new image's id. The container is held still only while its files are read."""
        with ExitStack() as pins:
            async with containers.writable_layer(request.container, pause=request.pause) as writable:
                base = self._catalogue.images[writable.image_id]
                pins.enter_context(self._intake.pinned(base.diff_ids))
                config = self._with_instructions(with_spec(base.config, writable.spec), request.changes)
                progress.status(f"Packing what {writable.name} changed")
                async with aclosing(packed(self._keeper, Path(writable.upper), marks=writable.driver)) as pieces:
                    record = await self.take_layer(pieces, pins, progress)
            return await self._keep_committed(request, writable, base, record, config)

    async def _keep_committed(
        self,
        request: CommitContainer,
        writable: WritableLayer,
        base: StoredImage,
        record: LayerRecord,
        config: ImageConfig,
    ) -> str:
        moment = now()
        document: dict[str, Any] = msgspec.json.decode(base.config_bytes)
        line = {
            "created": configs.format_time(moment),
            "author": request.author,
            "created_by": " ".join(writable.spec.command or base.config.command),
            "comment": request.message,
        }
        document |= {
            "created": configs.format_time(moment),
            "author": request.author or document.get("author", ""),
            "comment": request.message,
            "config": {**configs.config_block(config), "Image": base.id},
            "rootfs": {"type": "layers", "diff_ids": [*base.diff_ids, record.diff_id]},
            "history": [*(document.get("history") or []), {key: value for key, value in line.items() if value}],
        }
        for stale in ("id", "parent", "container", "container_config"):
            document.pop(stale, None)
        return await self.keep(msgspec.json.encode(document), [record], request.reference, action="create")

    async def import_tree(
        self, source: AsyncIterator[bytes], name: str, message: str, changes: Sequence[str], progress: Progress
    ) -> str:
        """One layer, whatever the files; what to run is said by `changes`."""
        config = self._with_instructions(ImageConfig(), changes)
        if name:
            parse(name)
        progress.status("Unpacking the files")
        with ExitStack() as pins:
            record = await self.take_layer(source, pins, progress)
            return await self._keep_imported(record, name, message, config)

    async def _keep_imported(self, record: LayerRecord, name: str, message: str, config: ImageConfig) -> str:
        host = platforms.host_platform()
        moment = now()
        blob = configs.encode_document(
            architecture=host.architecture,
            system=host.os,
            variant=host.variant,
            config=config,
            diff_ids=[record.diff_id],
            history=[{"created": configs.format_time(moment), "comment": message or "Imported"}],
            created=moment,
        )
        return await self.keep(blob, [record], name, action="import")

    async def take_layer(
        self, chunks: AsyncIterator[bytes], pins: ExitStack, progress: Progress | None = None
    ) -> LayerRecord:
        """Unpack a stream as a layer, and keep its compressed form. It cannot be removed while `pins` lasts."""
        async with self._archives.sink() as sink:
            added = await self._intake.add(
                None, chunks, sink=sink, progress=progress.amount if progress is not None else None
            )
            return await self._archives.recorded(added, sink, self._intake, pins)

    async def keep(self, blob: bytes, records: Sequence[LayerRecord], name: str, *, action: str) -> str:
        """Record an image made here; gives its id."""
        image_id = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        image = StoredImage(id=image_id, config=blob, pulled_ns=time.time_ns())
        tags = [parse(name).with_default_tag()] if name else []
        try:
            await self._catalogue.add(image, records, tags=tags, action=action)
        except BaseException:
            await self._intake.drop([record.diff_id for record in records])
            for record in records:
                if record.diff_id not in self._catalogue.layers:
                    await self._archives.discard(record)
            raise
        return image_id


def with_spec(config: ImageConfig, spec: ContainerSpec) -> ImageConfig:
    """The image's defaults with those of a container made from it, as `docker commit` keeps them."""
    environment = dict(entry.partition("=")[::2] for entry in config.env) | dict(spec.env)
    published = [f"{port.container_port}/{port.protocol}" for port in spec.ports]
    return msgspec.structs.replace(
        config,
        env=tuple(f"{key}={value}" for key, value in environment.items()),
        command=config.command if spec.command is None else spec.command,
        entrypoint=config.entrypoint if spec.entrypoint is None else spec.entrypoint,
        workdir=config.workdir if spec.workdir is None else spec.workdir,
        user=config.user if spec.user is None else spec.user,
        labels={**config.labels, **spec.labels},
        exposed_ports=tuple(dict.fromkeys((*config.exposed_ports, *published, *spec.exposed_ports))),
        stop_signal=spec.stop_signal or config.stop_signal,
        health=spec.health or config.health,
    )
