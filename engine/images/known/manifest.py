"""Manifests, indexes and image configs as they come from strangers: bounded, typed, and refused with a reason.

Only what we act on is typed; the bytes themselves are kept as they came, because their digest is their name.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from engine.errors import RegistryError, Unsupported
from engine.images.known.reference import is_digest

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar"
MANIFEST_TYPES: Final = (OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_LIST)

LARGEST_MANIFEST: Final = 4 * 1024 * 1024
LARGEST_CONFIG: Final = 8 * 1024 * 1024
LARGEST_BLOB: Final = 1 << 40
_MOST_LAYERS: Final = 500  # the kernel stacks no more
_MOST_MANIFESTS: Final = 4096

_CONFIG_TYPES: Final = (OCI_CONFIG, DOCKER_CONFIG, "application/octet-stream", "")
_SCHEMA_1: Final = "application/vnd.docker.distribution.manifest.v1"
_LAYER_TYPES: Final = {
    base + suffix: foreign
    for foreign, base, suffixes in (
        (False, OCI_LAYER, ("", "+gzip", "+zstd")),
        (True, "application/vnd.oci.image.layer.nondistributable.v1.tar", ("", "+gzip", "+zstd")),
        (False, DOCKER_LAYER, ("", ".gzip", ".zstd")),
        (True, "application/vnd.docker.image.rootfs.foreign.diff.tar", ("", ".gzip")),
    )
    for suffix in suffixes
}
"""Media type → it is "foreign": its bytes lie somewhere else than in the registry."""

_MEDIA_TYPE = r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$"
_DIGEST = r"^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$"
Text = Annotated[str, Meta(max_length=64 * 1024)]
Size = Annotated[int, Meta(ge=0, le=LARGEST_BLOB)]


class PlatformBlock(msgspec.Struct, frozen=True):
    architecture: Text
    os: Text
    variant: Text | None = None
    os_version: Text | None = msgspec.field(default=None, name="os.version")


class Descriptor(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Points at a blob: what it is, how long, and its digest."""

    media_type: Annotated[str, Meta(pattern=_MEDIA_TYPE)]
    digest: Annotated[str, Meta(max_length=512, pattern=_DIGEST)]
    size: Size
    urls: Annotated[tuple[Text, ...], Meta(max_length=64)] | None = None
    annotations: dict[str, Text] | None = None
    platform: PlatformBlock | None = None
    artifact_type: Annotated[str, Meta(pattern=_MEDIA_TYPE)] | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One image for one platform."""

    schema_version: int
    config: Descriptor
    layers: Annotated[tuple[Descriptor, ...], Meta(max_length=_MOST_LAYERS)]
    media_type: str | None = None
    artifact_type: str | None = None
    annotations: dict[str, Text] | None = None
    subject: Descriptor | None = None


class Index(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Several images, one for each platform."""

    schema_version: int
    manifests: Annotated[tuple[Descriptor, ...], Meta(max_length=_MOST_MANIFESTS)]
    media_type: str | None = None
    annotations: dict[str, Text] | None = None
    subject: Descriptor | None = None


class _Shape(msgspec.Struct, rename="camel"):
    """Just enough to tell the documents apart."""

    schema_version: int = 2
    media_type: str | None = None
    config: msgspec.Raw = msgspec.Raw()
    layers: msgspec.Raw = msgspec.Raw()
    manifests: msgspec.Raw = msgspec.Raw()
    fs_layers: msgspec.Raw = msgspec.Raw()

    def has(self, field: str) -> bool:
        return bytes(getattr(self, field)) not in (b"", b"null")


class HealthBlock(msgspec.Struct, frozen=True, rename="pascal"):
    """Durations are nanoseconds, as Go counts them."""

    test: tuple[Text, ...] | None = None
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class ConfigBlock(msgspec.Struct, frozen=True, rename="pascal"):
    """What Docker calls the container config; every field may be missing or null."""

    user: Text | None = None
    exposed_ports: dict[str, Any] | None = None
    env: tuple[Text, ...] | None = None
    entrypoint: tuple[Text, ...] | Text | None = None
    cmd: tuple[Text, ...] | Text | None = None
    volumes: dict[str, Any] | None = None
    working_dir: Text | None = None
    labels: dict[str, Text | None] | None = None
    stop_signal: Text | None = None
    healthcheck: HealthBlock | None = None
    shell: tuple[Text, ...] | None = None
    on_build: tuple[Text, ...] | None = None
    image: Text | None = None
    """What it was made from, where it was made by a commit."""


class HistoryBlock(msgspec.Struct, frozen=True):
    created: Text | None = None
    created_by: Text | None = None
    comment: Text | None = None
    author: Text | None = None
    empty_layer: bool | None = None


class RootBlock(msgspec.Struct, frozen=True):
    type: str
    diff_ids: Annotated[tuple[str, ...], Meta(max_length=_MOST_LAYERS)] | None = None


class ConfigDocument(msgspec.Struct, frozen=True):
    """The config blob; its digest is the image's id."""

    architecture: Text
    os: Text
    rootfs: RootBlock
    variant: Text | None = None
    created: Text | None = None
    author: Text | None = None
    comment: Text | None = None
    config: ConfigBlock | None = None
    history: Annotated[tuple[HistoryBlock, ...], Meta(max_length=8 * _MOST_LAYERS)] | None = None

    @property
    def diff_ids(self) -> tuple[str, ...]:
        return self.rootfs.diff_ids or ()


_shape_decoder = msgspec.json.Decoder(_Shape)
_manifest_decoder = msgspec.json.Decoder(Manifest)
_index_decoder = msgspec.json.Decoder(Index)
_config_decoder = msgspec.json.Decoder(ConfigDocument)
_UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def parse_manifest(raw: bytes, content_type: str = "") -> Manifest | Index:
    """Read a manifest or an index. What the document is decides its own shape, never the header alone."""
    _bound(raw, LARGEST_MANIFEST, "manifest")
    try:
        shape = _shape_decoder.decode(raw)
    except _UNREADABLE as error:
        raise _unreadable("manifest", error) from error
    stated = shape.media_type or content_type.partition(";")[0].strip()
    if shape.schema_version == 1 or shape.has("fs_layers") or stated.startswith(_SCHEMA_1):
        raise Unsupported(
            "This image is in a format that was retired in 2017",
            "Its manifest is Docker's schema 1, which cannot be verified by digest.",
            hint="Ask its maker to push it again with any current tool.",
        )
    if shape.has("manifests") and (shape.has("layers") or shape.has("config")):
        raise RegistryError("The manifest is ambiguous", "It claims to be an index and an image at once.")
    try:
        if shape.has("manifests"):
            return _checked_index(_index_decoder.decode(raw))
        if not shape.has("config"):
            raise _not_an_image(stated or "no media type")
        return _checked_manifest(_manifest_decoder.decode(raw))
    except _UNREADABLE as error:
        raise _unreadable("manifest", error) from error


def parse_config(raw: bytes) -> ConfigDocument:
    _bound(raw, LARGEST_CONFIG, "image config")
    try:
        document = _config_decoder.decode(raw)
    except _UNREADABLE as error:
        raise _unreadable("image config", error) from error
    if document.rootfs.type != "layers":
        raise Unsupported("This image has no layers", f"Its root file system is of type “{document.rootfs.type}”.")
    for diff_id in document.diff_ids:
        _check_digest(diff_id, "layer", ("sha256",))
    return document


def check_pair(manifest: Manifest, document: ConfigDocument) -> None:
    """A manifest and its config must tell of the same layers."""
    if len(manifest.layers) != len(document.diff_ids):
        raise RegistryError(
            "The image contradicts itself",
            f"Its manifest has {len(manifest.layers)} layers, its config {len(document.diff_ids)}.",
        )


def is_foreign(layer: Descriptor) -> bool:
    return _LAYER_TYPES.get(layer.media_type, False)


def _checked_index(index: Index) -> Index:
    _check_schema_version(index.schema_version)
    return index


def _checked_manifest(manifest: Manifest) -> Manifest:
    _check_schema_version(manifest.schema_version)
    if manifest.config.media_type not in _CONFIG_TYPES:
        raise _not_an_image(manifest.artifact_type or manifest.config.media_type)
    _check_digest(manifest.config.digest, "config")
    if manifest.config.size > LARGEST_CONFIG:
        raise RegistryError("The image config is too large", f"It claims {manifest.config.size} bytes.")
    for layer in manifest.layers:
        _check_digest(layer.digest, "layer")
        if layer.media_type not in _LAYER_TYPES:
            raise Unsupported("A layer of this image is of an unknown kind", f"Its media type is {layer.media_type}.")
        if is_foreign(layer) and layer.urls:
            raise Unsupported(
                "This image keeps a layer outside the registry",
                "Such layers are fetched from addresses the image itself names; Wherry does not follow those.",
                details="\n".join(layer.urls),
            )
    return manifest


def _check_schema_version(version: int) -> None:
    if version != 2:
        raise Unsupported("This manifest is of an unknown version", f"It says schema version {version}; 2 is known.")


def _check_digest(digest: str, what: str, algorithms: tuple[str, ...] = ("sha256", "sha512")) -> None:
    if not is_digest(digest) or not digest.startswith(algorithms):
        raise RegistryError(
            f"The digest of a {what} cannot be checked",
            f"“{digest[:200]}” is malformed or of an algorithm other than {' and '.join(algorithms)}.",
        )


def _bound(raw: bytes, largest: int, what: str) -> None:
    if len(raw) > largest:
        raise RegistryError(f"The {what} is too large", f"It has {len(raw)} bytes; {largest} are allowed.")


def _not_an_image(kind: str) -> Unsupported:
    return Unsupported(
        "This is not a container image",
        f"The registry keeps something else under this name ({kind}).",
        hint="Charts, signatures and other artifacts have their own tools.",
    )


def _unreadable(what: str, error: BaseException) -> RegistryError:
    return RegistryError(f"The {what} cannot be read", "It is not the JSON it should be.", details=str(error)[:2000])
