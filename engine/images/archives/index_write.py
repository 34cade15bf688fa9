"""Several images under one index, with what is attested of each, laid out as BuildKit lays it out.

An attestation travels as a manifest of its own for the platform unknown/unknown: its layers are in-toto statements, and
annotations name the image it belongs to.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from engine.images.archives.archive_write import (
    LAYOUT,
    blob_digest,
    blob_file,
    blob_path,
    descriptor,
    digest_of,
    json_of,
)
from engine.images.known import reference
from engine.images.known.manifest import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from engine.images.streams import tar_stream
from engine.types.attestations import IN_TOTO, IndexDescriptor, in_toto

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from engine.images.archives.archive_write import ArchiveWriter
    from engine.images.known.catalogue import Catalogue
    from engine.images.known.records import LayerRecord, StoredImage
    from engine.images.layers.layer_archive import LayerArchives
    from engine.types.attestations import Attestation, IndexEntry

_UNKNOWN: Final = {"architecture": "unknown", "os": "unknown"}


@dataclass(frozen=True)
class Member:
    """An image with the manifest it goes by, and what is attested of it."""

    image: StoredImage
    manifest: bytes
    media_type: str
    attestations: tuple[Attestation, ...]


@dataclass
class Composed:
    """An index, and all but the layers that it leads to."""

    raw: bytes = b""
    manifests: list[tuple[str, bytes, str]] = field(default_factory=list)
    """Digest, bytes, media type."""
    blobs: dict[str, bytes] = field(default_factory=dict)

    @property
    def descriptor(self) -> IndexDescriptor:
        return IndexDescriptor(media_type=OCI_INDEX, digest=digest_of(self.raw), size=len(self.raw))


def compose(members: Sequence[Member], names: Sequence[str]) -> Composed:
    """The images first, then what is said of them. `names` go into the statements."""
    made = Composed()
    images: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for member in members:
        digest = digest_of(member.manifest)
        made.manifests.append((digest, member.manifest, member.media_type))
        made.blobs[member.image.id] = member.image.config_bytes
        platform = {
            "architecture": member.image.platform.architecture,
            "os": member.image.platform.os,
            **({"variant": member.image.platform.variant} if member.image.platform.variant else {}),
        }
        images.append({**descriptor(member.media_type, digest, len(member.manifest)), "platform": platform})
        if member.attestations:
            said.append(_attested(member, digest, names, made))
    made.raw = json_of({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": images + said})
    return made


def _attested(member: Member, digest: str, names: Sequence[str], made: Composed) -> dict[str, Any]:
    layers = []
    for each in member.attestations:
        data = in_toto(each, _subjects(member, digest, names))
        made.blobs[digest_of(data)] = data
        annotations = {"in-toto.io/predicate-type": each.predicate_type}
        layers.append({**descriptor(IN_TOTO, digest_of(data), len(data)), "annotations": annotations})
    rootfs = {"type": "layers", "diff_ids": [each["digest"] for each in layers]}
    config = json_of({**_UNKNOWN, "config": {}, "rootfs": rootfs})
    made.blobs[digest_of(config)] = config
    manifest = json_of(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_CONFIG, digest_of(config), len(config)),
            "layers": layers,
        }
    )
    made.manifests.append((digest_of(manifest), manifest, OCI_MANIFEST))
    return {
        **descriptor(OCI_MANIFEST, digest_of(manifest), len(manifest)),
        "annotations": {
            "vnd.docker.reference.digest": digest,
            "vnd.docker.reference.type": "attestation-manifest",
        },
        "platform": _UNKNOWN,
    }


def _subjects(member: Member, digest: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """The image under each of its names, as package addresses."""
    platform = quote(str(member.image.platform), safe="")
    found = [(_package(name, platform), digest.removeprefix("sha256:")) for name in names]
    return found or [("_", digest.removeprefix("sha256:"))]


def _package(name: str, platform: str) -> str:
    parsed = reference.parse(name).with_default_tag()
    return f"pkg:docker/{parsed.familiar_name}@{quote(parsed.tag)}?platform={platform}"


class IndexWriter:
    """Makes indexes of images of the store."""

    def __init__(self, catalogue: Catalogue, archives: LayerArchives, writer: ArchiveWriter) -> None:
        self._catalogue = catalogue
        self._archives = archives
        self._writer = writer

    async def describe(self, entries: Sequence[IndexEntry], names: Sequence[str]) -> IndexDescriptor:
        return (await self._composed(entries, names)).descriptor

    async def write(self, entries: Sequence[IndexEntry], names: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """An OCI layout whose `index.json` names the index."""
        made = await self._composed(entries, names)
        yield tar_stream.directory_header("blobs/") + tar_stream.directory_header("blobs/sha256/")
        written: set[str] = set()
        for entry in entries:
            for record in await self._records(entry):
                digest = blob_digest(record, oci=True)
                if digest not in written:
                    written.add(digest)
                    async with aclosing(self._writer.layer(record, digest, oci=True)) as pieces:
                        async for piece in pieces:
                            yield piece
        for digest, data in [*made.blobs.items(), *((digest, raw) for digest, raw, _ in made.manifests)]:
            if digest not in written:
                written.add(digest)
                yield blob_file(blob_path(digest), data)
        yield blob_file(blob_path(made.descriptor.digest), made.raw)
        top = descriptor(OCI_INDEX, made.descriptor.digest, made.descriptor.size)
        listed = [{**top, "annotations": _annotations(name)} for name in names] or [top]
        yield blob_file("index.json", json_of({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}))
        yield blob_file("oci-layout", LAYOUT)
        yield tar_stream.END

    async def _composed(self, entries: Sequence[IndexEntry], names: Sequence[str]) -> Composed:
        members = []
        for entry in entries:
            image = self._catalogue.resolve(entry.image)
            raw, media_type = await self._writer.manifest(image, await self._records(entry), oci=True)
            members.append(Member(image, raw, media_type, entry.attestations))
        return compose(members, names)

    async def _records(self, entry: IndexEntry) -> list[LayerRecord]:
        """With the compressed forms, which a layer that was built here has none of before."""
        image = self._catalogue.resolve(entry.image)
        return [await self._archives.ensured(each, self._catalogue) for each in self._writer.records(image)]


def _annotations(name: str) -> dict[str, str]:
    parsed = reference.parse(name).with_default_tag()
    return {"io.containerd.image.name": str(parsed), "org.opencontainers.image.ref.name": parsed.tag or "latest"}
