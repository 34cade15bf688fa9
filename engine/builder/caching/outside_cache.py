"""A cache that is kept outside of this store, as documents: a manifest of layers, and which step made which. Pure.

It is laid out as an image is, so that every registry takes it; what stands for the configuration says by which keys
steps are found. Keys are made of contents, so they are the same on every machine. The same list can stand in the
configuration of an image itself ("inline").
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

from engine.builder.caching.cache import CachedStep
from engine.errors import InvalidRequest
from engine.images.known.manifest import LARGEST_BLOB, LARGEST_CONFIG, LARGEST_MANIFEST, OCI_MANIFEST
from engine.images.known.reference import is_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.images.known.records import Archive

STEPS_TYPE: Final = "application/vnd.wherry.buildcache.v1+json"
INLINE_KEY: Final = "io.wherry.buildcache.v1"
_DIFF_ID: Final = "io.wherry.diff-id"
_BUILDKIT: Final = "application/vnd.buildkit.cacheconfig"
_MOST_STEPS: Final = 100_000
_Text = Annotated[str, Meta(max_length=4096)]


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    digest: _Text
    size: Annotated[int, Meta(ge=0, le=LARGEST_BLOB)]
    media_type: _Text = ""
    annotations: dict[str, str] = {}


class CacheManifest(msgspec.Struct, frozen=True, rename="camel"):
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] = ()


class _Step(msgspec.Struct, frozen=True):
    key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    description: _Text
    created_ns: int
    diff_id: _Text = ""
    size: Annotated[int, Meta(ge=0)] = 0


class _Steps(msgspec.Struct, frozen=True):
    steps: Annotated[tuple[_Step, ...], Meta(max_length=_MOST_STEPS)] = ()


class _Config(msgspec.Struct, frozen=True):
    """An image's configuration, as far as it may hold a cache."""

    cache: _Steps = msgspec.field(default_factory=_Steps, name=INLINE_KEY)
    rootfs: dict[str, Any] = {}


class OutsideCache:
    """What was read: steps by key, and where their layers are."""

    def __init__(self, steps: Mapping[str, CachedStep], layers: Mapping[str, Descriptor]) -> None:
        self.steps = steps
        self.layers = layers
        """By diff id."""


def steps_document(steps: Mapping[str, CachedStep]) -> dict[str, Any]:
    return {
        "steps": [
            {
                "key": key,
                "description": each.description,
                "created_ns": each.created_ns,
                "diff_id": each.diff_id,
                "size": each.size,
            }
            for key, each in sorted(steps.items())
        ]
    }


def manifest_document(config: bytes, archives: Sequence[tuple[str, Archive]]) -> bytes:
    """Archives of layers with their diff ids."""
    return msgspec.json.encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": STEPS_TYPE, "digest": digest_of(config), "size": len(config)},
            "layers": [
                {
                    "mediaType": archive.media_type,
                    "digest": archive.digest,
                    "size": archive.size,
                    "annotations": {_DIFF_ID: diff_id},
                }
                for diff_id, archive in archives
            ],
        }
    )


def read_manifest(raw: bytes) -> CacheManifest:
    """Refuses what holds no cache that could be used here, with the reason."""
    found: CacheManifest = _decoded(raw, LARGEST_MANIFEST, CacheManifest)
    listed = [*found.manifests, *([found.config] if found.config is not None else [])]
    if any(each.media_type.startswith(_BUILDKIT) for each in listed):
        raise InvalidRequest("That cache was made by BuildKit", "Its keys are not ours: nothing could be found by it.")
    if found.config is None or not is_digest(found.config.digest):
        raise InvalidRequest("That is no build cache")
    return found


def read_steps(manifest: CacheManifest, config: bytes) -> OutsideCache:
    """Of a cache of its own, or of an image with one inline."""
    assert manifest.config is not None
    if digest_of(config) != manifest.config.digest:
        raise InvalidRequest("The list of that cache is not the one its manifest names")
    if manifest.config.media_type == STEPS_TYPE:
        found = _decoded(config, LARGEST_CONFIG, _Steps)
        layers = {each.annotations.get(_DIFF_ID, ""): each for each in manifest.layers}
        return OutsideCache(_kept(found), layers)
    document = _decoded(config, LARGEST_CONFIG, _Config)
    diff_ids = document.rootfs.get("diff_ids")
    named = [each for each in diff_ids if isinstance(each, str)] if isinstance(diff_ids, list) else []
    return OutsideCache(_kept(document.cache), dict(zip(named, manifest.layers, strict=False)))


def read_inline(config: bytes) -> OutsideCache:
    """Of an image that is here, with its layers."""
    return OutsideCache(_kept(_decoded(config, LARGEST_CONFIG, _Config).cache), {})


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _kept(found: _Steps) -> dict[str, CachedStep]:
    return {
        each.key: CachedStep(
            diff_id=each.diff_id, description=each.description[:400], created_ns=each.created_ns, size=each.size
        )
        for each in found.steps
        if not each.diff_id or is_digest(each.diff_id)
    }


def _decoded(raw: bytes, largest: int, shape: type[Any]) -> Any:
    if len(raw) > largest:
        raise InvalidRequest("A document of that cache is too large")
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidRequest("That is no build cache", details=str(error)) from error
