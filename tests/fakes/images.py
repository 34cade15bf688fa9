"""Images of the fake engine: pulls with layers that fill up, a layer index over invented trees, logins."""

from __future__ import annotations

import asyncio
import difflib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from engine.errors import Code, Conflict, NotFound, RegistryError
from engine.types.attestations import IndexDescriptor, IndexEntry
from engine.types.data import ANY_LABELS, Platform, now
from engine.types.images import (
    CommitContainer,
    FileDifference,
    FileKind,
    FoundFile,
    HistoryStep,
    Image,
    ImageComparison,
    Layer,
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
    TreeChange,
    TreeNode,
    WastedFile,
)
from tests.fakes.store import fake_digest, normal_reference
from tests.fakes.trees import LayeredTree
from tests.fakes.world import DEMO, make_image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.facade import OperationHandle
    from engine.operations.registry import Progress
    from engine.types.data import LabelRule
    from tests.fakes.store import Store


class FakeImages:
    """Implements `facade.Images`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._logins: dict[str, Login] = {}
        self._registries: tuple[RegistrySettings, ...] = ()
        self._proxies = ProxySettings()
        self.pull_errors: dict[str, RegistryError] = {}
        """What pulling a reference fails with, for tests."""
        self.step_seconds = 0.01

    async def list(self) -> Sequence[Image]:
        return list(self._store.images.values())

    async def get(self, image: str) -> Image:
        return self._store.image(image)

    async def raw_config(self, image: str) -> bytes:
        found = self._store.image(image)
        config = {
            "architecture": found.platform.architecture,
            "os": "linux",
            "config": msgspec.to_builtins(found.config),
        }
        return msgspec.json.format(msgspec.json.encode(config))

    async def history(self, image: str) -> Sequence[HistoryStep]:
        return LayeredTree.of(self._store.image(image)).steps

    # --- operations ---

    def pull(self, request: PullImage) -> OperationHandle:
        reference = normal_reference(request.reference)

        async def work(progress: Progress) -> str:
            error = self.pull_errors.get(reference)
            progress.status("Asking the registry")
            await asyncio.sleep(self.step_seconds)
            if error is not None:
                raise error
            if "missing" in reference:
                raise RegistryError(
                    f"{reference} does not exist", "The registry answered 404.", code=Code.NOT_FOUND, subject=reference
                )
            image = make_image(reference)
            for phase in (LayerPhase.DOWNLOADING, LayerPhase.UNPACKING):
                for step in range(1, 11):
                    for number, layer in enumerate(image.layers):
                        size = max(1, image.size // len(image.layers))
                        done = min(size, size * step * (number + 2) // 12)
                        progress.layer(layer, phase, done, size)
                    await asyncio.sleep(self.step_seconds)
            for layer in image.layers:
                progress.layer(layer, LayerPhase.DONE, image.size, image.size)
            self._add(image, "pull")
            return image.id

        return self._store.operations.start(
            kind="pull", title=f"Pull {request.reference}", subject=reference, work=work
        )

    def push(self, request: PushImage) -> OperationHandle:
        reference = normal_reference(request.reference)

        async def work(progress: Progress) -> str:
            image = self._store.image(request.reference)
            server = reference.partition("/")[0]
            if server not in self._logins and request.login is None:
                raise RegistryError(
                    f"{server} wants to know who you are", "It answered 401.", code=Code.UNAUTHORIZED, subject=server
                )
            for step in range(1, 6):
                for layer in image.layers:
                    progress.layer(layer, LayerPhase.UPLOADING, image.size * step // 5, image.size)
                await asyncio.sleep(self.step_seconds)
            return reference

        return self._store.operations.start(
            kind="push", title=f"Push {request.reference}", subject=reference, work=work
        )

    def save_to(self, references: Sequence[str], path: str, *, oci: bool = False) -> OperationHandle:
        async def work(progress: Progress) -> str:
            for reference in references:
                self._store.image(reference)
            await asyncio.sleep(self.step_seconds)
            await asyncio.to_thread(Path(path).write_bytes, b"\0" * 10240)
            return path

        return self._store.operations.start(kind="save", title=f"Save {', '.join(references)}", subject=path, work=work)

    async def save(self, references: Sequence[str], *, oci: bool = False) -> AsyncIterator[bytes]:
        for reference in references:
            self._store.image(reference)
        yield b"\0" * 10240

    async def save_index(self, entries: Sequence[IndexEntry], names: Sequence[str]) -> AsyncIterator[bytes]:
        yield b"\0" * 10240

    async def keep_index(self, image: str, entries: Sequence[IndexEntry]) -> None:
        self._store.image(image)

    async def kept_index(self, image: str) -> Sequence[IndexEntry]:
        self._store.image(image)
        return ()

    async def describe_index(self, entries: Sequence[IndexEntry], names: Sequence[str]) -> IndexDescriptor:
        digest = fake_digest(" ".join(each.image for each in entries))
        return IndexDescriptor(media_type="application/vnd.oci.image.index.v1+json", digest=digest, size=1)

    async def packages(self, image: str) -> Sequence[tuple[str, str, str]]:
        return []

    def load(self, source: AsyncIterator[bytes] | str) -> OperationHandle:
        async def work(progress: Progress) -> str:
            name = source.rpartition("/")[2].partition(".")[0] if isinstance(source, str) else "stream"
            reference = normal_reference(f"localhost/{name}")
            self._add(make_image(reference), "load")
            return reference

        return self._store.operations.start(kind="load", title="Load an archive", subject=str(source), work=work)

    def load_demo(self) -> OperationHandle:
        async def work(progress: Progress) -> str:
            self._add(make_image(DEMO), "load")
            return DEMO

        return self._store.operations.start(kind="load", title="Make the demo image", subject=DEMO, work=work)

    def import_tree(
        self, source: AsyncIterator[bytes] | str, reference: str, *, message: str = "", changes: Sequence[str] = ()
    ) -> OperationHandle:
        async def work(progress: Progress) -> str:
            image = make_image(normal_reference(reference))
            self._add(image, "import")
            return image.id

        return self._store.operations.start(kind="import", title=f"Import {reference}", subject=reference, work=work)

    def commit(self, request: CommitContainer) -> OperationHandle:
        container = self._store.container(request.container)

        async def work(progress: Progress) -> str:
            base = self._store.images[container.image_id]
            tags = (normal_reference(request.reference),) if request.reference else ()
            layers = (*base.layers, fake_digest(secrets.token_hex(8)))
            image = replace(
                base, id=fake_digest(secrets.token_hex(8)), tags=tags, digests=(), layers=layers, used_by=()
            )
            self._add(image, "commit")
            return image.id

        return self._store.operations.start(
            kind="commit", title=f"Commit {container.name}", subject=container.id, work=work
        )

    # --- changes ---

    async def tag(self, image: str, reference: str) -> Image:
        found = self._store.image(image)
        wanted = normal_reference(reference)
        for other in list(self._store.images.values()):
            if wanted in other.tags and other.id != found.id:
                self._store.put("image", replace(other, tags=tuple(t for t in other.tags if t != wanted)), "untag")
        fresh = replace(found, tags=tuple(dict.fromkeys((*found.tags, wanted))))
        self._store.put("image", fresh, "tag")
        return fresh

    async def remove(self, image: str, *, force: bool = False, prune_parents: bool = True) -> Removed:
        self._store.fail_if_told("images.remove")
        found = self._store.image(image)
        reference = normal_reference(image)
        if reference in found.tags and len(found.tags) > 1:
            fresh = replace(found, tags=tuple(tag for tag in found.tags if tag != reference))
            self._store.put("image", fresh, "untag")
            return Removed(untagged=(reference,))
        if found.used_by and not force:
            names = ", ".join(self._store.containers[key].name for key in found.used_by)
            raise Conflict(
                "The image is in use", f"Containers made from it: {names}.", code=Code.IN_USE, subject=found.id
            )
        self._store.drop("image", found.id, "delete")
        return Removed(untagged=found.tags, deleted=(found.id,), bytes=found.unique_size)

    async def removal_frees(self, image_ids: Sequence[str]) -> int:
        return sum(self._store.image(one).unique_size for one in image_ids)

    async def prune(self, *, all_unused: bool = False, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Removed:
        gone = [image for image in self._prunable(all_unused=all_unused) if labels.allows(image.config.labels)]
        for image in gone:
            self._store.drop("image", image.id, "delete")
        return Removed(deleted=tuple(image.id for image in gone), bytes=sum(image.unique_size for image in gone))

    async def usage(self) -> StoreUsage:
        images = self._store.images.values()
        unused = sum(image.unique_size for image in images if not image.used_by)
        return StoreUsage(layers=sum(image.unique_size for image in images) + 180_000_000, layers_reclaimable=unused)

    # --- registries ---

    async def login(self, login: Login, *, keep: bool = True) -> str:
        if login.password == "wrong":
            raise RegistryError(
                f"{login.server} does not take this user name and password", code=Code.WRONG_LOGIN, subject=login.server
            )
        if not keep:
            return ""
        self._logins[login.server] = replace(login, password="", identity_token="")
        return "Kept in a file only you can read"

    async def logout(self, server: str) -> None:
        if self._logins.pop(server, None) is None:
            raise NotFound(f"Not logged in to {server}", subject=server)

    async def logins(self) -> Sequence[Login]:
        return list(self._logins.values())

    async def search(self, term: str, *, limit: int = 25) -> Sequence[SearchResult]:
        names = ("", "-alpine", "-exporter", "-operator")
        return [
            SearchResult(
                name=term + end, description=f"Official build of {term}{end}", stars=900 // (n + 1), official=n == 0
            )
            for n, end in enumerate(names)
        ][:limit]

    async def remote_tags(self, repository: str) -> Sequence[str]:
        return ["latest", "1.27", "1.27-alpine", "1.26", "1.26-alpine", "stable"]

    async def remote_image(self, reference: str, *, login: Login | None = None) -> RemoteImage:
        return RemoteImage(
            reference=reference,
            media_type="application/vnd.oci.image.index.v1+json",
            digest=fake_digest(reference),
            size=1234,
            platforms=(Platform(architecture="amd64"), Platform(architecture="arm64", variant="v8")),
        )

    async def registry_settings(self) -> Sequence[RegistrySettings]:
        return self._registries

    async def set_registry_settings(self, settings: Sequence[RegistrySettings]) -> None:
        self._registries = tuple(settings)

    async def proxy_settings(self) -> ProxySettings:
        return self._proxies

    async def set_proxy_settings(self, settings: ProxySettings) -> None:
        self._proxies = settings

    # --- the layer index ---

    async def layer_report(self, image: str) -> LayerReport:
        found = self._store.image(image)
        tree = LayeredTree.of(found)
        layers = tuple(
            Layer(
                index=n,
                diff_id=found.layers[n],
                size=tree.layer_size(n),
                files=len(tree.layers[n]),
                step=next((s for s in tree.steps if s.diff_id == found.layers[n]), None),
                added=len(tree.layers[n]),
                hidden_bytes=1_200_000 if n == 1 else 0,
            )
            for n in range(len(found.layers))
        )
        wasted = (
            WastedFile(path="/var/cache/apt/pkgcache.bin", size=900_000, added_by=1, hidden_by=2, reason="removed"),
            WastedFile(path="/etc/app/config.json", size=300_000, added_by=1, hidden_by=2, reason="overwritten"),
        )
        total = sum(layer.size for layer in layers)
        return LayerReport(
            image_id=found.id,
            layers=layers,
            total_size=total,
            wasted_size=1_200_000,
            score=1 - 1_200_000 / total,
            wasted=wasted,
        )

    async def tree(self, image: str, path: str = "/", *, layer: int = -1, merged: bool = True) -> Sequence[TreeNode]:
        return LayeredTree.of(self._store.image(image)).children(path, layer=layer, merged=merged)

    async def largest(self, image: str, path: str = "/", *, layer: int = -1, limit: int = 200) -> Sequence[TreeNode]:
        return LayeredTree.of(self._store.image(image)).largest(path, layer=layer)[:limit]

    async def read_file(self, image: str, path: str, *, layer: int = -1, limit: int = 1 << 20) -> bytes:
        tree = LayeredTree.of(self._store.image(image))
        entry = tree.entry(path, layer)
        return f"# {path}\n# as layer {layer if layer >= 0 else 'latest'} has it\nsize = {entry.size}\n".encode()[
            :limit
        ]

    async def file_history(self, image: str, path: str) -> Sequence[TreeNode]:
        tree = LayeredTree.of(self._store.image(image))
        hits = [n for n, layer in enumerate(tree.layers) if path in layer]
        if not hits:
            raise NotFound(f"No layer holds {path}", subject=path)
        return [
            TreeNode(
                entry=tree.layers[n][path],
                layer=n,
                tree_size=tree.layers[n][path].size,
                change=TreeChange.ADDED if n == hits[0] else TreeChange.CHANGED,
            )
            for n in hits
        ]

    async def diff_file(self, image: str, path: str, old_layer: int, new_layer: int) -> str:
        old = (await self.read_file(image, path, layer=old_layer)).decode().splitlines(keepends=True)
        new = (await self.read_file(image, path, layer=new_layer)).decode().splitlines(keepends=True)
        return "".join(difflib.unified_diff(old, new, f"layer {old_layer}{path}", f"layer {new_layer}{path}"))

    async def compare(self, left: str, right: str) -> ImageComparison:
        first, second = self._store.image(left), self._store.image(right)
        one, two = LayeredTree.of(first).merged(), LayeredTree.of(second).merged()
        files = []
        for path in sorted(one.keys() | two.keys()):
            old, new = one.get(path), two.get(path)
            if old != new:
                change = TreeChange.ADDED if old is None else TreeChange.REMOVED if new is None else TreeChange.CHANGED
                files.append(FileDifference(path=path, change=change, old=old, new=new))
        config = [("Env", " ".join(first.config.env), " ".join(second.config.env))]
        return ImageComparison(
            left=first.id,
            right=second.id,
            files=tuple(files),
            config=tuple(c for c in config if c[1] != c[2]),
            packages=(("openssl", "3.0.15", "3.0.17"), ("curl", "7.88.1", "")),
            size_left=first.size,
            size_right=second.size,
        )

    async def compare_container(self, container: str) -> ImageComparison:
        found = self._store.container(container)
        return await self.compare(found.image_id, found.image_id)

    async def find(self, query: str, *, kind: Literal["path", "name", "digest"] = "name") -> AsyncIterator[FoundFile]:
        for image in list(self._store.images.values()):
            tree = LayeredTree.of(image)
            for number, layer in enumerate(tree.layers):
                for entry in layer.values():
                    name = entry.path.rpartition("/")[2]
                    hit = {"path": query in entry.path, "name": query in name, "digest": query == entry.digest}[kind]
                    if hit and entry.kind is FileKind.FILE:
                        yield FoundFile(image_id=image.id, layer=number, entry=entry, visible=True)

    # --- inside ---

    def _add(self, image: Image, action: str) -> None:
        for other in list(self._store.images.values()):
            moved = set(other.tags) & set(image.tags)
            if moved and other.id != image.id:
                self._store.put("image", replace(other, tags=tuple(t for t in other.tags if t not in moved)), "untag")
        self._store.put("image", replace(image, pulled=now()), action)

    def _prunable(self, *, all_unused: bool) -> Sequence[Image]:
        return [i for i in self._store.images.values() if not i.used_by and (all_unused or not i.tags)]
