"""Loading images from an archive in one pass, so also from a pipe: docker-archive of any age, OCI layout, or both.

Layers come before anything says what they are, so whatever looks like one is unpacked as it passes; small JSON
documents are kept, and when the stream has ended they tell which layers make which image. Layers nobody claims are
dropped again.
"""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
import time
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import msgspec

from engine.errors import InvalidRequest, RegistryError, WherryError
from engine.images.archives import first_layout
from engine.images.known import manifest as manifests
from engine.images.known import platforms, reference
from engine.images.known.manifest import Index, Manifest
from engine.images.known.records import LayerRecord, StoredImage
from engine.images.layers.layer_archive import decompressed
from engine.images.streams.decompress import sniff
from engine.images.streams.tar_stream import Member, TarStream, bad_archive
from engine.types.images import LayerPhase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from engine.images.known.catalogue import Catalogue
    from engine.images.layers.intake import LayerIntake
    from engine.images.layers.layer_archive import LayerArchives
    from engine.operations.registry import Progress
    from engine.storage.layers import LayerStore

_LARGEST_DOCUMENT: Final = manifests.LARGEST_CONFIG
_MOST_DOCUMENT_BYTES: Final = 64 << 20
_HEAD: Final = 263
_MOST_IMAGES: Final = 1024
_MOST_LINKS: Final = 8


class _DockerItem(msgspec.Struct, rename="pascal"):
    config: str
    layers: Annotated[list[str], msgspec.Meta(max_length=500)]
    repo_tags: list[str] | None = None


@dataclass(frozen=True)
class _Found:
    """An image the archive's documents describe."""

    config: bytes
    layers: tuple[str, ...]
    """Paths within the archive."""
    names: tuple[str, ...]
    manifest: bytes | None = None


class ArchiveReader:
    """Reads one archive. Not to be used twice."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        layers: LayerStore,
        intake: LayerIntake,
        archives: LayerArchives,
        progress: Progress,
    ) -> None:
        self._catalogue = catalogue
        self._layers = layers
        self._intake = intake
        self._archives = archives
        self._progress = progress
        self._documents: dict[str, bytes] = {}
        self._document_bytes = 0
        self._links: dict[str, str] = {}
        self._came: dict[str, LayerRecord] = {}
        self._new: list[str] = []
        self._pins = ExitStack()

    async def load(self, source: AsyncIterator[bytes]) -> list[str]:
        """Gives familiar references, or ids where an image has no name."""
        try:
            async with aclosing(decompressed(source)) as plain:
                stream = TarStream(plain)
                async with aclosing(stream.members()) as members:
                    async for member in members:
                        await self._take(member, stream)
            return await self._record_all()
        finally:
            await self._take_back()
            self._pins.close()

    async def _take_back(self) -> None:
        """What no image came of goes again."""
        await asyncio.shield(self._intake.drop(self._new))
        for record in self._came.values():
            if record.diff_id not in self._catalogue.layers:
                await self._archives.discard(record)

    # --- while it passes ---

    async def _take(self, member: Member, stream: TarStream) -> None:
        name = _normal(member.name)
        if member.link:
            target = member.link if member.hard else posixpath.join(posixpath.dirname(name), member.link)
            self._links[name] = _normal(target)
            return
        if not member.is_file or not member.size:
            return
        async with aclosing(stream.contents()) as contents:
            head, body = await _peek(contents)
            if _is_layer(head):
                await self._take_layer(name, member.size, body)
            elif head.lstrip()[:1] in (b"{", b"[") and member.size <= _LARGEST_DOCUMENT:
                await self._take_document(name, body)

    async def _take_document(self, name: str, body: AsyncIterator[bytes]) -> None:
        data = b"".join([piece async for piece in body])
        self._document_bytes += len(data)
        if self._document_bytes > _MOST_DOCUMENT_BYTES:
            raise bad_archive("its documents are larger than any image needs")
        self._documents[name] = data

    async def _take_layer(self, name: str, size: int, body: AsyncIterator[bytes]) -> None:
        title = name.removesuffix("/layer.tar").removesuffix(".tar").rpartition("/")[2] or name
        claimed = self._known_layer(name)
        is_here = bool(claimed) and await self._intake.hold(claimed, self._pins)
        known = self._catalogue.layers.get(claimed) if is_here else None
        if known is not None and not self._archives.is_lost(known):
            self._came[name] = known
            self._progress.layer(title, LayerPhase.PRESENT, size, size)
            return  # nobody reads the body: the archive's reader skips what is left of it
        done = 0

        async def counted() -> AsyncGenerator[bytes, None]:
            nonlocal done
            async for piece in body:
                done += len(piece)
                self._progress.layer(title, LayerPhase.UNPACKING, done, size)
                yield piece

        async with self._archives.sink() as sink:
            async with aclosing(counted()) as chunks:
                added = await self._intake.add(None, chunks, sink=sink)
            if added.diff_id not in self._catalogue.layers:
                self._new.append(added.diff_id)
            record = await self._archives.recorded(added, sink, self._intake, self._pins)
        self._came[name] = record
        self._progress.layer(title, LayerPhase.DONE, size, size)

    def _known_layer(self, name: str) -> str:
        """The diff id of a layer that is here already, if the entry's name tells which it is.

        The name is only believed so far as not to unpack again; which layers an image has is said by its config.
        """
        stem = name.removeprefix("blobs/sha256/").removesuffix("/layer.tar").removesuffix(".tar")
        digest = reference.digest_of_id(stem)
        if digest in self._catalogue.layers and self._layers.has(digest):
            return digest
        for record in self._catalogue.layers.values():
            if record.archive is not None and record.archive.digest == digest and self._layers.has(record.diff_id):
                return record.diff_id
        return ""

    # --- when all has passed ---

    async def _record_all(self) -> list[str]:
        if "manifest.json" in self._documents:
            found = self._docker_images()
        else:
            found = self._oci_images() or self._first_images()
        if not found:
            raise bad_archive("it has neither a manifest.json nor an index.json, or they name no image")
        loaded: list[str] = []
        for image in found[:_MOST_IMAGES]:
            loaded += await self._record(image)
        return loaded

    async def _record(self, found: _Found) -> list[str]:
        document = _config_of(found.config)
        for path in found.layers:
            await self._find_here(path)
        records = [self._layer_at(path) for path in found.layers]
        if tuple(record.diff_id for record in records) != document.diff_ids:
            raise bad_archive("the layers in it are not those its config names")
        names = [name for name in map(_parsed, found.names) if name is not None]
        image = StoredImage(
            id=f"sha256:{hashlib.sha256(found.config).hexdigest()}",
            config=found.config,
            pulled_ns=time.time_ns(),
            manifest=found.manifest,
            manifest_digest=f"sha256:{hashlib.sha256(found.manifest).hexdigest()}" if found.manifest else "",
        )
        await self._catalogue.add(image, records, tags=names, action="load")
        return [name.familiar for name in names] or [image.id]

    def _docker_images(self) -> list[_Found]:
        try:
            items = msgspec.json.decode(self._documents["manifest.json"], type=list[_DockerItem])
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise bad_archive(f"its manifest.json cannot be read ({error})") from error
        return [
            _Found(config=self._document(item.config), layers=tuple(item.layers), names=tuple(item.repo_tags or ()))
            for item in items
        ]

    def _oci_images(self) -> list[_Found]:
        if "index.json" not in self._documents:
            return []
        index = self._parsed_manifest(self._documents["index.json"])
        if not isinstance(index, Index):
            raise bad_archive("its index.json is no index")
        found: list[_Found] = []
        for descriptor in index.manifests:
            raw = self._document(_blob_path(descriptor.digest))
            parsed = self._parsed_manifest(raw)
            if isinstance(parsed, Index):
                chosen = platforms.choose(parsed.manifests, platforms.host_platform(), "This archive")
                raw = self._document(_blob_path(chosen.digest))
                parsed = self._parsed_manifest(raw)
            if isinstance(parsed, Manifest):
                found.append(
                    _Found(
                        config=self._document(_blob_path(parsed.config.digest)),
                        layers=tuple(_blob_path(layer.digest) for layer in parsed.layers),
                        names=_oci_names(descriptor.annotations or {}),
                        manifest=raw,
                    )
                )
        return found

    def _first_images(self) -> list[_Found]:
        if first_layout.NAMES not in self._documents:
            return []
        found: list[_Found] = []
        for top, names in first_layout.named_images(self._documents[first_layout.NAMES]).items():
            steps = first_layout.steps_of(top, self._document)
            paths = tuple(map(first_layout.layer_path, steps))
            diff_ids = [self._layer_at(path).diff_id for path in paths]
            found.append(_Found(config=first_layout.config_of(steps, diff_ids), layers=paths, names=names))
        return found

    def _parsed_manifest(self, raw: bytes) -> Manifest | Index:
        try:
            return manifests.parse_manifest(raw)
        except WherryError as error:
            raise bad_archive(f"{error.title}: {error.explanation}".rstrip(". :")) from error

    def _document(self, path: str) -> bytes:
        found = self._documents.get(self._followed(path))
        if found is None:
            raise bad_archive(f"“{path[:200]}” is named in it but not there")
        return found

    async def _find_here(self, path: str) -> None:
        """Whoever knew that a layer is here already has left it out."""
        followed = self._followed(path)
        claimed = self._known_layer(followed) if followed not in self._came else ""
        if claimed and await self._intake.hold(claimed, self._pins) and claimed in self._catalogue.layers:
            self._came[followed] = self._catalogue.layers[claimed]

    def _layer_at(self, path: str) -> LayerRecord:
        found = self._came.get(self._followed(path))
        if found is None:
            raise bad_archive(f"the layer “{path[:200]}” is named in it but not there")
        return found

    def _followed(self, path: str) -> str:
        path = _normal(path)
        for _ in range(_MOST_LINKS):
            if path not in self._links:
                break
            path = self._links[path]
        return path


def _normal(name: str) -> str:
    """A member's name as others refer to it; only ever a key of a dictionary, never a path on disk."""
    return posixpath.normpath("/" + name).lstrip("/")


def _blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"


def _is_layer(head: bytes) -> bool:
    return bool(sniff(head)) or head[257:262] == b"ustar" or not any(head[:_HEAD])


async def _peek(contents: AsyncGenerator[bytes, None]) -> tuple[bytes, AsyncGenerator[bytes, None]]:
    """Enough of the beginning to tell what it is, and all of it."""
    head = b""
    async for piece in contents:
        head += piece
        if len(head) >= _HEAD:
            break

    async def whole() -> AsyncGenerator[bytes, None]:
        yield head
        async for piece in contents:
            yield piece

    return head, whole()


def _oci_names(annotations: dict[str, str]) -> tuple[str, ...]:
    """Docker writes the whole name here, podman there; a bare tag names nothing."""
    for key in ("io.containerd.image.name", "org.opencontainers.image.ref.name"):
        name = annotations.get(key, "")
        if "/" in name or ":" in name:
            return (name,)
    return ()


def _config_of(raw: bytes) -> manifests.ConfigDocument:
    try:
        return manifests.parse_config(raw)
    except RegistryError as error:  # no registry sent it
        raise bad_archive(f"{error.title}: {error.explanation}".rstrip(". :")) from error


def _parsed(name: str) -> reference.Reference | None:
    try:
        parsed = reference.parse(name).with_default_tag()
    except InvalidRequest:
        return None  # the archive's maker named it so; the image itself is none the worse
    return parsed if parsed.tag else None
