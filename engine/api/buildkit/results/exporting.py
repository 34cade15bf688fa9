"""What becomes of results: images with names here or at a registry, archives, files at the client."""

from __future__ import annotations

import base64
import json
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.api.buildkit.faults import refused
from engine.api.buildkit.jobs import names_in
from engine.api.buildkit.lent.caching import export_caches
from engine.api.buildkit.lent.lending import login_for
from engine.api.buildkit.results.attesting import entries_for
from engine.api.buildkit.results.result_files import files_of
from engine.api.buildkit.transfers.sending import send_stream, send_tree
from engine.api.buildkit.workers import host_platform
from engine.errors import WherryError
from engine.types.images import PushImage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.api.buildkit.connections.sessions import Session, Sessions
    from engine.api.buildkit.jobs import Job, Made
    from engine.api.buildkit.progress import Task
    from engine.facade import Engine
    from engine.types.attestations import IndexDescriptor, IndexEntry


async def export(engine: Engine, sessions: Sessions, job: Job, made: Sequence[Made]) -> dict[str, str]:
    """Every exporter in turn; what they answer together."""
    exporters = job.exporters
    response: dict[str, str] = {}
    session = await sessions.get(job.request.Session)
    try:
        entries = await entries_for(engine, job, made) if exporters else []
        for number, (kind, options) in enumerate(exporters):
            work = _Export(engine, session, job, made, entries, number, options)
            response |= await work.run(kind)
    except WherryError as error:
        raise refused(str(error)) from error
    return response | await export_caches(engine, session, job, made)


@dataclass(frozen=True)
class _Export:
    """One exporter of one job."""

    engine: Engine
    session: Session
    job: Job
    made: Sequence[Made]
    entries: Sequence[IndexEntry]
    number: int
    options: Mapping[str, str]

    @property
    def _names(self) -> Sequence[str]:
        return names_in(self.options)

    @property
    def _indexed(self) -> bool:
        """Whether one manifest is not enough."""
        return len(self.made) > 1 or any(each.attestations for each in self.entries)

    @property
    def _own(self) -> Made:
        """What runs here, else the first."""
        return next((each for each in self.made if each.platform == host_platform()), self.made[0])

    async def run(self, kind: str) -> dict[str, str]:
        to_store = kind in ("moby", "image") or (
            kind == "docker" and bool(self._names) and self.options.get("tar") == "false"
        )
        if to_store:
            return await self._to_store()
        if kind in ("oci", "docker"):
            return await self._archive(kind)
        if kind not in ("local", "tar"):
            raise refused(f"the exporter {kind} is not supported by Wherry")
        words = "exporting to client directory" if kind == "local" else "exporting to client tarball"
        with self.job.board.begin(words) as task:
            async with aclosing(files_of(self.engine, self.made, self.entries)) as files:
                if kind == "local":
                    await send_tree(self.session, self.number, files, lambda sent: task.amount("copying files", sent))
                else:
                    await send_stream(
                        self.session, self.number, files, lambda sent: task.amount("sending tarball", sent)
                    )
        return {}

    # --- here, and at a registry ---

    async def _to_store(self) -> dict[str, str]:
        image, names = self._own.image, self._names
        response = {"containerimage.digest": image}
        with self.job.board.begin("exporting to image") as task:
            task.part("exporting layers")
            task.part(f"writing image {image}")
            for name in names:
                await self.engine.images.tag(image, name)
                task.part(f"naming to {_whole(name)}")
            # What is pushed by name later is what was built: all of it.
            await self.engine.images.keep_index(image, self.entries if self._indexed else ())
            if self.options.get("push") == "true":
                if not names:
                    raise refused("tag is needed when pushing to registry")
                for name in names:
                    response |= await self._push(name, task)
        if not self._indexed:
            response["containerimage.config.digest"] = image
        if names:
            response["image.name"] = ",".join(map(_whole, names))
        return response

    async def _push(self, name: str, task: Task) -> dict[str, str]:
        index = tuple(self.entries) if self._indexed else ()
        request = PushImage(reference=name, login=await login_for(self.session, name), index=index)
        operation = self.engine.images.push(request)
        async for state in operation.watch():
            for layer in state.layers:
                task.amount(f"pushing layer {layer.digest[:19]}", layer.done, layer.total)
        digest = await operation.result()
        task.part(f"pushing manifest for {_whole(name)}@{digest}")
        if not index:
            return {"containerimage.digest": digest}
        return _described(await self.engine.images.describe_index(index, [_whole(name)]))

    # --- archives ---

    async def _archive(self, kind: str) -> dict[str, str]:
        names = self._names
        if kind == "docker" and self._indexed:
            raise refused("docker exporter does not currently support exporting manifest lists")
        response: dict[str, str] = {}
        with self.job.board.begin(f"exporting to {kind} image format") as task:
            for name in names:
                await self.engine.images.tag(self._own.image, name)
            if self._indexed:
                source = self.engine.images.save_index(self.entries, names)
                response = _described(await self.engine.images.describe_index(self.entries, names))
            else:
                source = self.engine.images.save(names or [self._own.image], oci=kind == "oci")
            await send_stream(self.session, self.number, source, lambda sent: task.amount("sending tarball", sent))
        if names:
            response["image.name"] = ",".join(map(_whole, names))
        return response


def _described(index: IndexDescriptor) -> dict[str, str]:
    descriptor: dict[str, Any] = {"mediaType": index.media_type, "digest": index.digest, "size": index.size}
    told = base64.b64encode(json.dumps(descriptor).encode()).decode()
    return {"containerimage.digest": index.digest, "containerimage.descriptor": told}


def _whole(name: str) -> str:
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"
