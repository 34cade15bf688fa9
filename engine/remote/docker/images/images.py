"""Images of a Docker or Podman engine. Implements `facade.Images`."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import quote

import msgspec

from engine.errors import Code, RegistryError, RuntimeFailure, Unsupported
from engine.images.known.records import StoredImage
from engine.images.look.compare import Comparer
from engine.images.look.inspector import LayerInspector
from engine.remote.docker.containers import prune_filters
from engine.remote.docker.images.registry_login import login_headers
from engine.remote.docker.known import shapes
from engine.remote.docker.known.lacks import lacking
from engine.remote.local_files import pieces_of
from engine.types.data import ANY_LABELS, LabelRule, Platform
from engine.types.images import (
    CommitContainer,
    FoundFile,
    HistoryStep,
    Image,
    ImageComparison,
    LayerPhase,
    LayerReport,
    Login,
    ProxySettings,
    PullImage,
    PushImage,
    RegistrySettings,
    RemoteImage,
    Removed,
    SearchResult,
    StoreUsage,
    TreeNode,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import OperationRegistry, Progress
    from engine.remote.docker.images.kept_layers import KeptLayers
    from engine.remote.docker.known.following import DockerState
    from engine.remote.local_files import LocalFiles

_TAR = {"Content-Type": "application/x-tar"}
_PHASES = {
    "Pulling fs layer": LayerPhase.WAITING, "Waiting": LayerPhase.WAITING, "Downloading": LayerPhase.DOWNLOADING,
    "Verifying Checksum": LayerPhase.VERIFYING, "Download complete": LayerPhase.VERIFYING,
    "Extracting": LayerPhase.UNPACKING, "Pull complete": LayerPhase.DONE, "Already exists": LayerPhase.PRESENT,
    "Preparing": LayerPhase.WAITING, "Pushing": LayerPhase.UPLOADING, "Pushed": LayerPhase.DONE,
    "Layer already exists": LayerPhase.PRESENT,
}  # fmt: skip


class DockerImages:
    def __init__(
        self, state: DockerState, local: LocalFiles, operations: OperationRegistry, layers: KeptLayers
    ) -> None:
        self._state = state
        self._link = state.link
        self._operations = operations
        self._kept = layers
        # The inspector asks for three things of a store, and these layers have them.
        self._inspector = LayerInspector(cast("Any", self), cast("Any", layers), cast("Any", layers))
        self._comparer = Comparer(cast("Any", self), self._inspector, cast("Any", layers))
        self.save_to = local.save_to

    # --- looking ---

    async def list(self) -> Sequence[Image]:
        return self._all()

    def _all(self) -> Sequence[Image]:
        return [each for each in self._state.bus.objects("image").values() if isinstance(each, Image)]

    async def get(self, image: str) -> Image:
        return await self._state.inspect_image(image)

    async def raw_config(self, image: str) -> bytes:
        found = await self._link.json("GET", f"/images/{quote(image, safe='')}/json")
        return json.dumps(_config_of(found, [])).encode()

    async def history(self, image: str) -> Sequence[HistoryStep]:
        known = await self.get(image)
        found = await self._link.json("GET", f"/images/{quote(image, safe='')}/history")
        return shapes.history(shapes.rows(found), known.layers)

    # --- registries ---

    def pull(self, request: PullImage) -> OperationHandle:
        async def work(progress: Progress) -> str:
            query = {
                "fromImage": request.reference, "platform": request.platform,
                "tag": "" if _has_tag(request.reference) or request.all_tags else "latest",
            }  # fmt: skip
            headers = login_headers(request.login)
            async with self._link.stream("POST", "/images/create", query, headers=headers) as answer:
                await self._follow(answer, progress)
            return (await self.get(request.reference)).id

        title = f"Pull {request.reference}"
        return self._operations.start(kind="pull", title=title, subject=request.reference, work=work)

    def push(self, request: PushImage) -> OperationHandle:
        async def work(progress: Progress) -> str:
            headers = login_headers(request.login) or {"X-Registry-Auth": "e30="}
            name, tag = _divided(request.reference)
            query = {"tag": "" if request.all_tags else tag}
            path = f"/images/{quote(name, safe='/')}/push"
            async with self._link.stream("POST", path, query, headers=headers) as answer:
                await self._follow(answer, progress)
            return request.reference

        title = f"Push {request.reference}"
        return self._operations.start(kind="push", title=title, subject=request.reference, work=work)

    async def _follow(self, answer: Any, progress: Progress) -> Sequence[str]:
        """Progress as Docker tells it, line by line; its error is raised. Gives the plain lines."""
        said: list[str] = []
        async for line in self._link.messages(answer):
            if error := line.get("error"):
                raise _pull_error(str(error))
            if stream := line.get("stream"):
                said.append(str(stream))
                progress.status(str(stream).strip())
            phase = _PHASES.get(str(line.get("status")))
            if phase is not None and line.get("id"):
                detail = shapes.part(line, "progressDetail")
                done, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
                progress.layer(str(line["id"]), phase, done, total)
            elif status := line.get("status"):
                progress.status(str(status))
        return said

    async def search(self, term: str, *, limit: int = 25) -> Sequence[SearchResult]:
        found = await self._link.json("GET", "/images/search", {"term": term, "limit": limit}, seconds=60.0)
        return [
            SearchResult(
                name=str(row.get("name")), description=str(row.get("description") or ""),
                stars=int(row.get("star_count") or 0), official=bool(row.get("is_official")),
            )
            for row in shapes.rows(found)
        ]  # fmt: skip

    async def remote_image(self, reference: str, *, login: Login | None = None) -> RemoteImage:
        self._state.require("images.remote_image")
        path = f"/distribution/{quote(reference, safe='')}/json"
        async with self._link.stream("GET", path, headers=login_headers(login)) as answer:
            found = msgspec.json.decode(await answer.read())
        descriptor = shapes.part(found, "Descriptor")
        platforms = tuple(
            Platform(
                os=str(each.get("os", "linux")), architecture=str(each.get("architecture", "")),
                variant=str(each.get("variant", "")),
            )
            for each in shapes.rows(found.get("Platforms"))
        )  # fmt: skip
        return RemoteImage(
            reference=reference, media_type=str(descriptor.get("mediaType", "")),
            digest=str(descriptor.get("digest", "")), size=int(descriptor.get("size") or 0), platforms=platforms,
        )  # fmt: skip

    async def login(self, login: Login, *, keep: bool = True) -> str:
        lacking("images.login")

    async def logout(self, server: str) -> None:
        lacking("images.login")

    async def logins(self) -> Sequence[Login]:
        return ()

    async def remote_tags(self, repository: str) -> Sequence[str]:
        lacking("images.remote_tags")

    async def registry_settings(self) -> Sequence[RegistrySettings]:
        return ()

    async def set_registry_settings(self, settings: Sequence[RegistrySettings]) -> None:
        lacking("images.set_registry_settings")

    async def proxy_settings(self) -> ProxySettings:
        return ProxySettings()

    async def set_proxy_settings(self, settings: ProxySettings) -> None:
        lacking("images.set_registry_settings")

    # --- names and removal ---

    async def tag(self, image: str, reference: str) -> Image:
        name, tag = _divided(reference)
        await self._link.json("POST", f"/images/{quote(image, safe='')}/tag", {"repo": name, "tag": tag})
        return await self.get(reference)

    async def remove(self, image: str, *, force: bool = False, prune_parents: bool = True) -> Removed:
        query = {"force": force, "noprune": not prune_parents}
        done = await self._link.json("DELETE", f"/images/{quote(image, safe='')}", query, seconds=120.0)
        await self._state.look_at_images()
        return _removed(done)

    async def removal_frees(self, image_ids: Sequence[str]) -> int:
        wanted = set(image_ids)
        return sum(each.unique_size for each in self._all() if each.id in wanted)

    async def prune(self, *, all_unused: bool = False, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Removed:
        filters = prune_filters(until_ns, labels) | {"dangling": ["false" if all_unused else "true"]}
        done = await self._link.json("POST", "/images/prune", {"filters": filters}, seconds=600.0)
        removed = _removed(done.get("ImagesDeleted"))
        return msgspec.structs.replace(removed, bytes=int(done.get("SpaceReclaimed") or 0))

    async def usage(self) -> StoreUsage:
        found = await self._link.json("GET", "/system/df", {"type": "image"}, seconds=120.0)
        spare = sum(each.unique_size for each in self._all() if not each.used_by)
        return StoreUsage(layers=int(found.get("LayersSize") or 0), layers_reclaimable=spare)

    # --- archives ---

    async def save(self, references: Sequence[str], *, oci: bool = False) -> AsyncGenerator[bytes, None]:
        """Docker's own archive, whatever is asked: since version 25 it is an OCI layout too."""
        del oci
        async with self._link.stream("GET", "/images/get", {"names": [*references]}) as answer:
            async for piece in self._link.pieces(answer):
                yield piece

    def load(self, source: AsyncIterator[bytes] | str) -> OperationHandle:
        async def work(progress: Progress) -> str:
            stream = pieces_of(source, progress) if isinstance(source, str) else source
            async with self._link.stream("POST", "/images/load", {"quiet": True}, body=stream, headers=_TAR) as answer:
                said = "".join(await self._follow(answer, progress))
            words = ("Loaded image ID: ", "Loaded image: ", "Loaded image(s): ")
            names = [line.partition(word)[2] for line in said.splitlines() for word in words if line.startswith(word)]
            return "\n".join(names)

        subject = source if isinstance(source, str) else "an archive"
        return self._operations.start(kind="load", title=f"Load {subject}", subject=subject, work=work)

    def load_demo(self) -> OperationHandle:
        lacking("images.load_demo")

    def import_tree(
        self, source: AsyncIterator[bytes] | str, reference: str, *, message: str = "", changes: Sequence[str] = ()
    ) -> OperationHandle:
        async def work(progress: Progress) -> str:
            stream = pieces_of(source, progress) if isinstance(source, str) else source
            name, tag = _divided(reference)
            query = {"fromSrc": "-", "repo": name, "tag": tag, "message": message, "changes": [*changes]}
            async with self._link.stream("POST", "/images/create", query, body=stream, headers=_TAR) as answer:
                await self._follow(answer, progress)
            return (await self.get(reference)).id

        return self._operations.start(kind="import", title=f"Import {reference}", subject=reference, work=work)

    def commit(self, request: CommitContainer) -> OperationHandle:
        async def work(progress: Progress) -> str:
            del progress
            name, tag = _divided(request.reference) if request.reference else ("", "")
            query = {
                "container": request.container, "repo": name, "tag": tag, "comment": request.message,
                "author": request.author, "pause": "1" if request.pause else "0", "changes": [*request.changes],
            }  # fmt: skip
            made = await self._link.json("POST", "/commit", query, body={}, seconds=600.0)
            return (await self.get(str(made["Id"]))).id

        subject = request.container
        return self._operations.start(kind="commit", title=f"Commit {subject}", subject=subject, work=work)

    # --- the layer index, made here ---

    async def _stored(self, image: str) -> StoredImage:
        """With its layers here; what is missing of them is streamed first."""
        known = await self.get(image)
        if not known.layers:
            raise Unsupported("The layers of this image cannot be told apart", "The engine there does not name them.")
        steps = await self.history(image)
        if not all(self._kept.has(each) for each in known.layers):
            async with contextlib.aclosing(self.save([known.id])) as pieces:
                await self._kept.fetch(known.layers, pieces)
        document = await self._link.json("GET", f"/images/{quote(known.id, safe='')}/json")
        config = json.dumps(_config_of(document, steps)).encode()
        return StoredImage(id=known.id, config=config, pulled_ns=0)

    async def layer_report(self, image: str) -> LayerReport:
        return await self._inspector.report(await self._stored(image))

    async def tree(self, image: str, path: str = "/", *, layer: int = -1, merged: bool = True) -> Sequence[TreeNode]:
        return await self._inspector.tree(await self._stored(image), path, layer, merged=merged)

    async def largest(self, image: str, path: str = "/", *, layer: int = -1, limit: int = 200) -> Sequence[TreeNode]:
        return await self._inspector.largest(await self._stored(image), path, layer, limit)

    async def read_file(self, image: str, path: str, *, layer: int = -1, limit: int = 1 << 20) -> bytes:
        return await self._inspector.read_file(await self._stored(image), path, layer, limit)

    async def file_history(self, image: str, path: str) -> Sequence[TreeNode]:
        return await self._inspector.file_history(await self._stored(image), path)

    async def diff_file(self, image: str, path: str, old_layer: int, new_layer: int) -> str:
        return await self._inspector.diff_file(await self._stored(image), path, old_layer, new_layer)

    async def compare(self, left: str, right: str) -> ImageComparison:
        return await self._comparer.images(await self._stored(left), await self._stored(right))

    async def compare_container(self, container: str) -> ImageComparison:
        lacking("images.compare_container")

    def find(self, query: str, *, kind: Literal["path", "name", "digest"] = "name") -> AsyncIterator[FoundFile]:
        lacking("images.find")

    # --- what the inspector asks of a catalogue ---

    def images_with_layer(self, diff_id: str) -> set[str]:
        return {each.id for each in self._all() if diff_id in each.layers}

    def layer_size(self, diff_id: str) -> int:
        return self._kept.index(diff_id).total

    def snapshot(self, image_id: str) -> Image:
        return next(each for each in self._all() if each.id == image_id)


def _config_of(document: shapes.Json, steps: Sequence[HistoryStep]) -> dict[str, Any]:
    """The image's document, put together from what its inspection and its history tell."""
    return {
        "created": document.get("Created"),
        "author": document.get("Author") or "",
        "architecture": document.get("Architecture") or "amd64",
        "os": document.get("Os") or "linux",
        "config": document.get("Config") or {},
        "rootfs": {"type": "layers", "diff_ids": list(shapes.texts(shapes.part(document, "RootFS").get("Layers")))},
        "history": [
            {
                "created": step.created.isoformat() if step.created else None,
                "created_by": step.created_by,
                "comment": step.comment,
                "empty_layer": not step.diff_id,
            }
            for step in steps
        ],
    }


def _has_tag(reference: str) -> bool:
    last = reference.rpartition("/")[2]
    return ":" in last or "@" in last


def _divided(reference: str) -> tuple[str, str]:
    if not _has_tag(reference) or "@" in reference:
        return reference.partition("@")[0], "latest"
    name, _, tag = reference.rpartition(":")
    return name, tag


def _pull_error(words: str) -> Exception:
    title = words[:1].upper() + words[1:]
    if "unauthorized" in words or "authentication required" in words or "denied" in words:
        return RegistryError(title, code=Code.UNAUTHORIZED)
    if "not found" in words or "manifest unknown" in words:
        return RegistryError(title, code=Code.NOT_FOUND)
    return RuntimeFailure(title)


def _removed(done: object) -> Removed:
    found = shapes.rows(done)
    return Removed(
        untagged=tuple(shapes.normal(str(row["Untagged"])) for row in found if row.get("Untagged")),
        deleted=tuple(str(row["Deleted"]) for row in found if row.get("Deleted")),
    )
