"""Saving images as a tar stream. Layers come out byte for byte as they came in, so ids and digests survive the journey.

The docker-archive is laid out as Docker does since version 25: a `manifest.json` for everybody, and an OCI layout
around the same blobs. The pure OCI archive has the layers compressed, and the registry's manifest where there is one.
"""

from __future__ import annotations

import hashlib
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import msgspec

from engine.errors import Code, InvalidRequest, StorageError
from engine.images.known import reference
from engine.images.known.manifest import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST
from engine.images.streams import tar_stream
from engine.images.streams.piping import file_pieces
from engine.storage.paths import hex_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.images.known.catalogue import Catalogue
    from engine.images.known.records import LayerRecord, StoredImage
    from engine.images.layers.layer_archive import LayerArchives

LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'


class _Chosen:
    """An image to save, and the names it is saved under."""

    def __init__(self, image: StoredImage) -> None:
        self.image = image
        self.names: list[str] = []


class ArchiveWriter:
    def __init__(self, catalogue: Catalogue, archives: LayerArchives) -> None:
        self._catalogue = catalogue
        self._archives = archives

    def chosen(self, references: Sequence[str]) -> list[_Chosen]:
        """What the names mean. An image named twice is written once, with both names; by id it brings no name."""
        if not references:
            raise InvalidRequest("Say which images to save")
        by_id: dict[str, _Chosen] = {}
        for text in references:
            image = self._catalogue.resolve(text)
            one = by_id.setdefault(image.id, _Chosen(image))
            if not image.id.removeprefix("sha256:").startswith(text.removeprefix("sha256:")):
                name = str(reference.parse(text).with_default_tag())
                if name in self._catalogue.tags:
                    one.names.append(name)
        return list(by_id.values())

    def total(self, references: Sequence[str], *, oci: bool) -> int:
        """About how many bytes will come: for a progress bar."""
        records = {record.diff_id: record for one in self.chosen(references) for record in self.records(one.image)}
        if oci:
            return sum(record.archive.size for record in records.values() if record.archive is not None)
        return sum(record.tar_size or record.size for record in records.values())

    async def write(self, references: Sequence[str], *, oci: bool) -> AsyncGenerator[bytes, None]:
        chosen = self.chosen(references)
        for one in chosen:
            for record in self.records(one.image):
                # What is missing is said before the first byte, not in the middle.
                await self._archives.ensured(record, self._catalogue)
        # Directories are spelt out: skopeo as an ordinary user cannot load an archive that leaves them to be guessed.
        yield tar_stream.directory_header("blobs/") + tar_stream.directory_header("blobs/sha256/")
        written: set[str] = set()
        manifests: list[dict[str, Any]] = []
        for one in chosen:
            records = self.records(one.image)
            for record in records:
                digest = blob_digest(record, oci=oci)
                if digest not in written:
                    written.add(digest)
                    async with aclosing(self.layer(record, digest, oci=oci)) as pieces:
                        async for piece in pieces:
                            yield piece
            raw, media_type = await self.manifest(one.image, records, oci=oci)
            manifests += _descriptors(one, raw, media_type)
            for digest, blob in ((one.image.id, one.image.config_bytes), (digest_of(raw), raw)):
                if digest not in written:
                    written.add(digest)
                    yield blob_file(blob_path(digest), blob)
        if not oci:
            yield blob_file("manifest.json", self._docker_manifest(chosen))
        yield blob_file("index.json", json_of({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}))
        yield blob_file("oci-layout", LAYOUT)
        yield tar_stream.END

    def records(self, image: StoredImage) -> list[LayerRecord]:
        return [self._catalogue.layers[diff_id] for diff_id in image.diff_ids]

    async def layer(self, record: LayerRecord, digest: str, *, oci: bool) -> AsyncGenerator[bytes, None]:
        if oci:
            assert record.archive is not None
            size, source = record.archive.size, file_pieces(self._archives.path(record))
        else:
            size, source = await self._archives.plain_size(record), self._archives.plain(record)
        yield tar_stream.header(blob_path(digest), size)
        given = hashlib.new(digest.partition(":")[0])
        async with aclosing(source) as pieces:
            async for piece in pieces:
                given.update(piece)
                yield piece
        if given.hexdigest() != hex_of(digest):
            # Better no archive than one whose damage is found where the image is needed.
            raise StorageError(
                "A layer is not what it was",
                f"It should be {digest} and is {given.name}:{given.hexdigest()}.",
                code=Code.CORRUPT,
                hint="See what is damaged: wherry doctor --deep",
                subject=record.diff_id,
            )
        yield tar_stream.padding(size)

    async def manifest(self, image: StoredImage, records: Sequence[LayerRecord], *, oci: bool) -> tuple[bytes, str]:
        """The manifest the registry gave, if its layers are the ones written here; else one of our own."""
        if oci and image.manifest is not None and image.manifest_bytes is not None:
            given = [layer.digest for layer in image.manifest.layers]
            if given == [blob_digest(record, oci=True) for record in records]:
                return image.manifest_bytes, image.manifest.media_type or OCI_MANIFEST
        layers = []
        for record in records:
            if oci and record.archive is not None:
                layers.append(descriptor(record.archive.media_type, record.archive.digest, record.archive.size))
            else:
                size = await self._archives.plain_size(record)
                layers.append(descriptor(OCI_LAYER, record.diff_id, size))
        return compose_manifest(image, layers), OCI_MANIFEST

    def _docker_manifest(self, chosen: Sequence[_Chosen]) -> bytes:
        items = [
            {
                "Config": blob_path(one.image.id),
                "RepoTags": [reference.parse(name).familiar for name in one.names],
                "Layers": [blob_path(diff_id) for diff_id in one.image.diff_ids],
            }
            for one in chosen
        ]
        return json_of(items)


def compose_manifest(image: StoredImage, layers: Sequence[dict[str, Any]]) -> bytes:
    """An OCI manifest for layers in a form the registry never saw."""
    return json_of(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_CONFIG, image.id, len(image.config_bytes)),
            "layers": [
                {**layer, "mediaType": _OCI_TYPES.get(layer["mediaType"], layer["mediaType"])} for layer in layers
            ],
        }
    )


_OCI_TYPES: Final = {
    "application/vnd.docker.image.rootfs.diff.tar": OCI_LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": f"{OCI_LAYER}+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": f"{OCI_LAYER}+zstd",
}


def descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def _descriptors(one: _Chosen, raw: bytes, media_type: str) -> list[dict[str, Any]]:
    """The index names an image once for each name it has; under an annotation for Docker and one for podman."""
    plain = descriptor(media_type, digest_of(raw), len(raw))
    return [
        {**plain, "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name}}
        for name in one.names
    ] or [plain]


def blob_digest(record: LayerRecord, *, oci: bool) -> str:
    return record.archive.digest if oci and record.archive is not None else record.diff_id


def blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def blob_file(name: str, data: bytes) -> bytes:
    return tar_stream.header(name, len(data)) + data + tar_stream.padding(len(data))


def json_of(value: object) -> bytes:
    return msgspec.json.encode(value)
