"""What the store remembers of an image and of a layer, beyond what their digests say; and its form in SQLite."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from engine.images.known import configs, platforms
from engine.images.known.manifest import ConfigDocument, Manifest, parse_config, parse_manifest
from engine.types.data import Data

if TYPE_CHECKING:
    from engine.types.data import Platform
    from engine.types.images import ImageConfig

_MOST_SOURCES = 8


class Archive(Data, frozen=True, kw_only=True):
    """A layer in the form registries carry it."""

    digest: str
    media_type: str
    size: int


class LayerRecord(Data, frozen=True, kw_only=True):
    """One layer that some image is made of."""

    diff_id: str
    size: int
    files: int
    tar_size: int = 0
    """Length of its uncompressed tar; 0 where that was not measured."""
    archive: Archive | None = None
    """Its compressed form in the content store, kept so that a push or a save gives the very bytes that came."""
    sources: tuple[tuple[str, str], ...] = ()
    """(digest, "host/repository") pairs where a registry is known to have it: what a push mounts from."""

    def seen_at(self, digest: str, repository: str) -> LayerRecord:
        pair = (digest, repository)
        rest = tuple(source for source in self.sources if source != pair)
        return msgspec.structs.replace(self, sources=(pair, *rest)[:_MOST_SOURCES])

    def with_what_is_known(self, known: LayerRecord | None) -> LayerRecord:
        """Of two that bring a layer at once, each in its registry's own form, one form is kept: who did not keep its
        own does not forget that of the other."""
        if known is None:
            return self
        return msgspec.structs.replace(
            self,
            archive=self.archive or known.archive,
            tar_size=self.tar_size or known.tar_size,
            sources=tuple(dict.fromkeys((*self.sources, *known.sources)))[:_MOST_SOURCES],
        )


class _ImageBody(msgspec.Struct, frozen=True):
    config: bytes
    manifest_type: str = ""
    manifest_digest: str = ""


class StoredImage:
    """An image as it is kept. Immutable; what the documents say is read once."""

    def __init__(
        self,
        *,
        id: str,
        config: bytes,
        pulled_ns: int,
        manifest: bytes | None = None,
        manifest_type: str = "",
        manifest_digest: str = "",
    ) -> None:
        self.id = id
        self.config_bytes = config
        self.pulled_ns = pulled_ns
        self.manifest_bytes = manifest
        self.manifest_type = manifest_type
        self.manifest_digest = manifest_digest

    @cached_property
    def document(self) -> ConfigDocument:
        return parse_config(self.config_bytes)

    @cached_property
    def config(self) -> ImageConfig:
        return configs.image_config(self.document)

    @cached_property
    def platform(self) -> Platform:
        return platforms.of_strings(self.document.os, self.document.architecture, self.document.variant)

    @cached_property
    def manifest(self) -> Manifest | None:
        """As it was pulled; None for an image made or loaded here."""
        if self.manifest_bytes is None:
            return None
        parsed = parse_manifest(self.manifest_bytes, self.manifest_type)
        return parsed if isinstance(parsed, Manifest) else None

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Bottom first."""
        return self.document.diff_ids

    def to_row(self) -> tuple[str, int, bytes | None, bytes]:
        body = _ImageBody(self.config_bytes, self.manifest_type, self.manifest_digest)
        return self.id, self.pulled_ns, self.manifest_bytes, msgspec.json.encode(body)

    @classmethod
    def from_row(cls, id: str, pulled_ns: int, manifest: bytes | None, body: bytes) -> StoredImage:
        kept = msgspec.json.decode(body, type=_ImageBody)
        return cls(
            id=id,
            config=kept.config,
            pulled_ns=pulled_ns,
            manifest=manifest,
            manifest_type=kept.manifest_type,
            manifest_digest=kept.manifest_digest,
        )
