"""The images room as the facade shows it. Assembles the parts; each method says which part does the work.

service = ImageService(paths=…, database=…, keeper=…, blobs=…, layers=…, bus=…, operations=…, containers=…)
await service.open()                    # `containers` is an `engine.images.known.users.ContainerSource`
await service.sweep()                   # once every room that holds layers is open
stored = service.catalogue.resolve("nginx:1.27")    # id, diff_ids, config, manifest; at once, from memory
"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from engine.errors import InvalidRequest, NotFound, StorageError, WherryError, disk_refuses
from engine.images.archives.archive_read import ArchiveReader
from engine.images.archives.archive_write import ArchiveWriter
from engine.images.archives.index_write import IndexWriter
from engine.images.demo import REFERENCE, make_demo
from engine.images.distribution.pull import Puller
from engine.images.distribution.push import Pusher
from engine.images.distribution.remote import ask_registry
from engine.images.known import configs
from engine.images.known import reference as names
from engine.images.known.catalogue import Catalogue
from engine.images.known.index_shelf import IndexShelf
from engine.images.known.unfinished import Unfinished
from engine.images.layers.intake import LayerIntake
from engine.images.layers.layer_archive import LayerArchives
from engine.images.layers.restoring import Restoring
from engine.images.look.compare import Comparer
from engine.images.look.inspector import LayerInspector
from engine.images.look.search import find
from engine.images.making import Maker, WithInstructions
from engine.images.removal import Remover
from engine.images.streams.piping import file_pieces
from engine.processes.credential_helper import ask_helper
from engine.registry.logins import Logins, canonical_server
from engine.registry.registries import Registries
from engine.registry.secret_service import SecretService
from engine.registry.settings import RegistryBook
from engine.registry.settings_file import SettingsFile
from engine.registry.web import is_url
from engine.storage.paths import hex_of
from engine.types.containers import Container
from engine.types.data import ANY_LABELS
from engine.types.events import EngineSnapshot
from engine.types.images import Login, ProxySettings, RegistrySettings, StoreUsage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence

    from engine.events.bus import EventBus
    from engine.facade import OperationHandle
    from engine.facade_lent import BlobPlace
    from engine.images.known.users import ContainerSource
    from engine.operations.registry import OperationRegistry, Progress
    from engine.registry.logins import SecretKeeper
    from engine.registry.transport import Limits
    from engine.registry.web import Web
    from engine.sandbox.client import Keeper
    from engine.state.database import Database
    from engine.storage.blobs import BlobStore
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.types.attestations import IndexDescriptor, IndexEntry
    from engine.types.data import LabelRule
    from engine.types.images import (
        CommitContainer,
        FoundFile,
        HistoryStep,
        Image,
        ImageComparison,
        LayerReport,
        PullImage,
        PushImage,
        RemoteImage,
        Removed,
        SearchResult,
        TreeNode,
    )

_REGISTRIES: Final = "images.registries"
_PARALLEL: Final = 4


class ImageService:
    """Implements `engine.facade.Images`."""

    def __init__(
        self,
        *,
        paths: Paths,
        database: Database,
        keeper: Keeper,
        blobs: BlobStore,
        layers: LayerStore,
        bus: EventBus,
        operations: OperationRegistry,
        containers: ContainerSource,
        with_instructions: WithInstructions,
        parallel: Callable[[], int] = lambda: _PARALLEL,
        version: str = "0",
        secrets_keeper: SecretKeeper | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._paths = paths
        self._database = database
        self._keeper = keeper
        self._blobs = blobs
        self._layers = layers
        self._operations = operations
        self._bus = bus
        self._containers = containers
        self._following: asyncio.Task[None] | None = None
        self._shelf = IndexShelf(paths.build_output)
        self.catalogue = Catalogue(database, bus, containers, self._shelf)
        self.intake = LayerIntake(layers, self.catalogue)
        self.archives = LayerArchives(paths, blobs, layers, keeper)
        self._unfinished = Unfinished(database)
        self._book = RegistryBook(file=SettingsFile(paths.registries))
        self._logins = Logins(paths.logins, helper=ask_helper, secrets=secrets_keeper or SecretService())
        self._registries = Registries(self._logins, self._book, version=version, limits=limits)
        self._remover = Remover(self.catalogue, layers, blobs, self.intake)
        self.restoring = Restoring(self.catalogue, layers, blobs, self.intake, self.archives)
        self._maker = Maker(
            catalogue=self.catalogue,
            intake=self.intake,
            archives=self.archives,
            keeper=keeper,
            with_instructions=with_instructions,
        )
        self._writer = ArchiveWriter(self.catalogue, self.archives)
        self._indexes = IndexWriter(self.catalogue, self.archives, self._writer)
        self._puller = Puller(
            registries=self._registries, catalogue=self.catalogue, blobs=blobs, layers=layers, intake=self.intake,
            archives=self.archives, unfinished=self._unfinished, parallel=parallel, paths=paths,
        )  # fmt: skip
        self._pusher = Pusher(
            registries=self._registries, catalogue=self.catalogue, archives=self.archives, bus=bus, parallel=parallel,
            shelf=self._shelf,
        )  # fmt: skip

        self._inspector = LayerInspector(self.catalogue, layers, keeper)
        self._comparer = Comparer(self.catalogue, self._inspector, keeper)

    # --- life ---

    async def open(self) -> None:
        await self._take_over_settings()
        await self._unfinished.open()
        await self._shelf.open()
        await self.catalogue.open()
        self.catalogue.add_holder(self.intake.pins)
        await self.restoring.mend(self._operations)
        self._following = asyncio.create_task(self._follow_containers(), name="who uses images")

    async def _take_over_settings(self) -> None:
        """Stores of before kept them in the database. A file that cannot be read speaks up when it is needed."""
        row = await self._database.fetch_one("SELECT body FROM settings WHERE name = ?", (_REGISTRIES,))
        if row is not None:
            if not self._paths.registries.exists():
                self._book.replace(msgspec.json.decode(row[0], type=list[RegistrySettings]))
            await self._database.execute("DELETE FROM settings WHERE name = ?", (_REGISTRIES,))

    @property
    def web(self) -> Web:
        """The way to what no registry has, for the builder."""
        return self._registries.web

    def blobs_at(self, name: str, login: Login | None) -> BlobPlace:
        """A name at a registry as a place for blobs, for build caches."""
        from engine.images.distribution.registry_blobs import RegistryBlobs  # with it comes what speaks HTTP

        return RegistryBlobs(self._registries.client(), names.parse(name).with_default_tag(), login)

    async def _follow_containers(self) -> None:
        """A container that comes or goes changes who uses its image."""
        async with self._bus.subscribe() as subscription:
            known = {one.id: one.image_id for one in subscription.snapshot.containers}
            async for change in subscription:
                if isinstance(change, EngineSnapshot):
                    known = {one.id: one.image_id for one in change.containers}
                    self.catalogue.refresh_all()
                elif change.kind == "container":
                    now = change.value.image_id if isinstance(change.value, Container) else ""
                    before = known.pop(change.id, "")
                    if now:
                        known[change.id] = now
                    for image_id in {before, now} - {""} if before != now else ():
                        self.catalogue.refresh(image_id)

    async def sweep(self) -> int:
        """Remove what a crash left: layers and blobs that no image, no build cache and no unfinished pull needs."""
        self.archives.tidy()
        await asyncio.to_thread(self._shelf.sweep, [*self.catalogue.images])
        freed = await self._remover.drop_layers(self.catalogue.unheld_layers())
        held = {*self.catalogue.layers, *self.catalogue.held_elsewhere()}
        for diff_id in self._layers.diff_ids() - held:
            freed += await self._layers.remove(diff_id)
        kept = {record.archive.digest for record in self.catalogue.layers.values() if record.archive is not None}
        return freed + await self._blobs.sweep(kept | self._unfinished.digests)

    async def close(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self._remover.settled()
        await self._registries.close()

    # --- looking ---

    async def list(self) -> Sequence[Image]:
        return [self.catalogue.snapshot(image_id) for image_id in self.catalogue.images]

    async def get(self, image: str) -> Image:
        return self.catalogue.snapshot(self.catalogue.resolve(image).id)

    async def raw_config(self, image: str) -> bytes:
        return self.catalogue.resolve(image).config_bytes

    async def history(self, image: str) -> Sequence[HistoryStep]:
        stored = self.catalogue.resolve(image)
        sizes = {diff_id: self.catalogue.layer_size(diff_id) for diff_id in stored.diff_ids}
        return configs.history_steps(stored.document, sizes)

    # --- for the disk room ---

    async def settled(self) -> None:
        """Wait until removals have taken their bytes away."""
        await self._remover.settled()

    @property
    def pulling(self) -> bool:
        """Whether blobs are on their way now."""
        return self._puller.busy

    def blob_digests(self) -> set[str]:
        return self._blobs.digests()

    def unfinished_blobs(self) -> set[str]:
        """Whole blobs of pulls that came to no end."""
        kept = {one.archive.digest for one in self.catalogue.layers.values() if one.archive is not None}
        return (self._blobs.digests() & self._unfinished.digests) - kept

    async def forget_unfinished(self, names: Collection[str]) -> None:
        """Digests of whole blobs, and "partial:NAME" of begun ones. Nothing while a pull is under way."""
        if self.pulling:
            return
        for name in names:
            if name.startswith("partial:"):
                await self._blobs.drop_partial(name.removeprefix("partial:"))
            elif name in self.unfinished_blobs():
                await self._blobs.remove(name)
        gone = [each for each in self._unfinished.digests if each in names or f"partial:{hex_of(each)}" in names]
        await self._unfinished.end(gone)

    async def usage(self) -> StoreUsage:
        layers, spare = self._remover.total()
        return StoreUsage(layers=layers, layers_reclaimable=spare)

    # --- to and from registries ---

    def pull(self, request: PullImage) -> OperationHandle:
        name = names.parse(request.reference)
        return self._operations.start(
            kind="pull",
            title=f"Pull {name.familiar_name if request.all_tags else name.with_default_tag().familiar}",
            subject=request.reference,
            work=lambda progress: self._puller.pull(request, progress),
            request={"platform": request.platform},
        )

    def push(self, request: PushImage) -> OperationHandle:
        name = names.parse(request.reference)
        return self._operations.start(
            kind="push",
            title=f"Push {name.familiar_name if request.all_tags else name.with_default_tag().familiar}",
            subject=request.reference,
            work=lambda progress: self._pusher.push(request, progress),
        )

    async def login(self, login: Login, *, keep: bool = True) -> str:
        server = canonical_server(login.server)
        checked = msgspec.structs.replace(login, server=server)
        if not login.username and not login.identity_token:
            raise InvalidRequest("A login needs a user name", subject=server)
        await self._registries.client().check_login(checked)
        how = await self._logins.keep(checked) if keep else ""
        self._registries.forget()
        return how

    async def logout(self, server: str) -> None:
        if not await self._logins.forget(server):
            raise NotFound(f"Not logged in to {canonical_server(server)}", subject=server)
        self._registries.forget()

    async def logins(self) -> Sequence[Login]:
        return await self._logins.all()

    async def login_for(self, image: str) -> Login | None:
        """With its password: for those of the engine who hand it on, and never across the facade."""
        name = names.parse(image.partition("@")[0])
        return await self._logins.find(name.domain, name.path)

    async def search(self, term: str, *, limit: int = 25) -> Sequence[SearchResult]:
        first, slash, rest = term.strip().partition("/")
        is_host = slash and ("." in first or ":" in first or first == "localhost")
        domain, words = (first, rest) if is_host else (names.DEFAULT_DOMAIN, term.strip())
        if not words and not is_host:
            raise InvalidRequest("Say what to search for")
        return await self._registries.client().search(domain, words, limit=max(1, min(limit, 100)))

    async def remote_tags(self, repository: str) -> Sequence[str]:
        name = names.parse(repository)
        return await self._registries.client().tags(name.domain, name.path)

    async def remote_image(self, reference: str, *, login: Login | None = None) -> RemoteImage:
        return await ask_registry(self._registries.client(), names.parse(reference).with_default_tag(), login)

    async def registry_settings(self) -> Sequence[RegistrySettings]:
        self._book.refresh()
        return self._book.all()

    async def set_registry_settings(self, settings: Sequence[RegistrySettings]) -> None:
        await asyncio.to_thread(self._book.replace, settings)
        self._registries.forget()

    async def proxy_settings(self) -> ProxySettings:
        self._book.refresh()
        return self._book.proxies

    async def set_proxy_settings(self, settings: ProxySettings) -> None:
        await asyncio.to_thread(self._book.replace, None, settings)
        self._registries.forget()

    # --- names and removal ---

    async def tag(self, image: str, reference: str) -> Image:
        stored = self.catalogue.resolve(image)
        name = names.parse(reference).with_default_tag()
        if name.digest or not name.tag:
            raise InvalidRequest("A tag cannot be a digest", subject=reference)
        return await self.catalogue.tag(stored.id, name)

    async def remove(self, image: str, *, force: bool = False, prune_parents: bool = True) -> Removed:
        del prune_parents  # there are no intermediate images here whose parents could be left over
        return await self._remover.remove(image, force=force)

    async def removal_frees(self, image_ids: Sequence[str]) -> int:
        return self._remover.frees(self.catalogue.resolve(one).id for one in image_ids)

    async def prune(self, *, all_unused: bool = False, until_ns: int = 0, labels: LabelRule = ANY_LABELS) -> Removed:
        return await self._remover.prune(all_unused=all_unused, until_ns=until_ns, labels=labels)

    # --- archives ---

    async def save(self, references: Sequence[str], *, oci: bool = False) -> AsyncGenerator[bytes, None]:
        for image_id in dict.fromkeys(self.catalogue.resolve(one).id for one in references):
            self.catalogue.tell(image_id, "save", image_id)
        async with aclosing(self._writer.write(references, oci=oci)) as pieces:
            async for piece in pieces:
                yield piece

    async def save_index(self, entries: Sequence[IndexEntry], names: Sequence[str]) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._indexes.write(entries, names)) as pieces:
            async for piece in pieces:
                yield piece

    async def keep_index(self, image: str, entries: Sequence[IndexEntry]) -> None:
        owner = self.catalogue.resolve(image).id
        before = self._shelf.members_of(owner)
        await self._shelf.put(owner, entries)
        for each in {*before, *self._shelf.members_of(owner)}:
            self.catalogue.refresh(each)

    async def kept_index(self, image: str) -> Sequence[IndexEntry]:
        return await self._shelf.get(self.catalogue.resolve(image).id, self.catalogue.images)

    async def describe_index(self, entries: Sequence[IndexEntry], names: Sequence[str]) -> IndexDescriptor:
        return await self._indexes.describe(entries, names)

    def save_to(self, references: Sequence[str], path: str, *, oci: bool = False) -> OperationHandle:
        async def work(progress: Progress) -> str:
            await self._save(references, Path(path), oci=oci, progress=progress)
            return path

        return self._operations.start(
            kind="save",
            title=f"Save {', '.join(references)}",
            subject=", ".join(references),
            work=work,
            request={"path": str(Path(path).absolute())},
        )

    async def _save(self, references: Sequence[str], path: Path, *, oci: bool, progress: Progress) -> None:
        """Write beside the target and rename: a half-written archive never has the name of a whole one."""
        total = self._writer.total(references, oci=oci)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        done = 0
        try:
            file = await asyncio.to_thread(temporary.open, "xb")
            try:
                async with aclosing(self._writer.write(references, oci=oci)) as pieces:
                    async for piece in pieces:
                        await asyncio.to_thread(file.write, piece)
                        done += len(piece)
                        progress.amount(done, max(total, done))
            finally:
                await asyncio.to_thread(file.close)
            await asyncio.to_thread(os.replace, temporary, path)
        except OSError as error:
            raise _file_trouble(error, path) from error
        finally:
            await asyncio.to_thread(temporary.unlink, missing_ok=True)

    def load(self, source: AsyncIterator[bytes] | str) -> OperationHandle:
        subject = source if isinstance(source, str) else "an archive"

        async def work(progress: Progress) -> str:
            reader = ArchiveReader(
                catalogue=self.catalogue, layers=self._layers, intake=self.intake, archives=self.archives,
                progress=progress,
            )  # fmt: skip
            await self._remover.settled()
            return "\n".join(await reader.load(_opened(source)))

        request = {"path": source} if isinstance(source, str) else {}
        return self._operations.start(kind="load", title=f"Load {subject}", subject=subject, work=work, request=request)

    def load_demo(self) -> OperationHandle:
        return self._operations.start(
            kind="load", title="Make the demo image", subject=REFERENCE,
            work=lambda progress: make_demo(self._maker, progress),
        )  # fmt: skip

    def import_tree(
        self,
        source: AsyncIterator[bytes] | str,
        reference: str,
        *,
        message: str = "",
        changes: Sequence[str] = (),
    ) -> OperationHandle:
        subject = reference or (source if isinstance(source, str) else "an archive")

        async def work(progress: Progress) -> str:
            await self._remover.settled()
            return await self._maker.import_tree(_opened(source, self.web), reference, message, changes, progress)

        return self._operations.start(kind="import", title=f"Import {subject}", subject=subject, work=work)

    def commit(self, request: CommitContainer) -> OperationHandle:
        return self._operations.start(
            kind="commit",
            title=f"Commit {request.container}",
            subject=request.container,
            work=lambda progress: self._maker.commit(request, self._containers, progress),
        )

    # --- the layer index ---

    async def layer_report(self, image: str) -> LayerReport:
        return await self._inspector.report(self.catalogue.resolve(image))

    async def tree(self, image: str, path: str = "/", *, layer: int = -1, merged: bool = True) -> Sequence[TreeNode]:
        return await self._inspector.tree(self.catalogue.resolve(image), path, layer, merged=merged)

    async def largest(self, image: str, path: str = "/", *, layer: int = -1, limit: int = 200) -> Sequence[TreeNode]:
        return await self._inspector.largest(self.catalogue.resolve(image), path, layer, limit)

    async def read_file(self, image: str, path: str, *, layer: int = -1, limit: int = 1 << 20) -> bytes:
        return await self._inspector.read_file(self.catalogue.resolve(image), path, layer, limit)

    async def file_history(self, image: str, path: str) -> Sequence[TreeNode]:
        return await self._inspector.file_history(self.catalogue.resolve(image), path)

    async def diff_file(self, image: str, path: str, old_layer: int, new_layer: int) -> str:
        return await self._inspector.diff_file(self.catalogue.resolve(image), path, old_layer, new_layer)

    async def compare(self, left: str, right: str) -> ImageComparison:
        return await self._comparer.images(self.catalogue.resolve(left), self.catalogue.resolve(right))

    async def packages(self, image: str) -> Sequence[tuple[str, str, str]]:
        return await self._comparer.packages(self.catalogue.resolve(image))

    async def compare_container(self, container: str) -> ImageComparison:
        async with self._containers.writable_layer(container, pause=False) as writable:
            return await self._comparer.container(self.catalogue.images[writable.image_id], writable)

    def find(self, query: str, *, kind: Literal["path", "name", "digest"] = "name") -> AsyncGenerator[FoundFile, None]:
        return find(self.catalogue, self._layers, query, kind)


async def _opened(source: AsyncIterator[bytes] | str, web: Web | None = None) -> AsyncGenerator[bytes, None]:
    if not isinstance(source, str):
        async for chunk in source:
            yield chunk
        return
    if web is not None and is_url(source):
        async with aclosing(web.pieces(source)) as pieces:
            async for piece in pieces:
                yield piece
        return
    try:
        async with aclosing(file_pieces(Path(source))) as pieces:
            async for piece in pieces:
                yield piece
    except OSError as error:
        raise _file_trouble(error, Path(source)) from error


def _file_trouble(error: OSError, path: Path) -> WherryError:
    if isinstance(error, FileNotFoundError):
        return NotFound(f"{path} is not there", subject=str(path))
    said, where = os.strerror(error.errno or 0), str(path)
    refused = disk_refuses(error.errno or 0, f"{path}: {said}.", details=str(error), subject=where)
    return refused or StorageError(f"{path} cannot be used", said, details=str(error), subject=where)
