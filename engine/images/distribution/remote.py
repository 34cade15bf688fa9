"""What a registry says of an image, before anybody decides to pull it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.images.known import manifest as manifests
from engine.images.known import platforms
from engine.images.known.manifest import MANIFEST_TYPES, Index
from engine.types.images import RemoteImage

if TYPE_CHECKING:
    from engine.images.known.reference import Reference
    from engine.registry.client import RegistryClient
    from engine.types.images import Login


async def ask_registry(client: RegistryClient, name: Reference, login: Login | None) -> RemoteImage:
    """The manifest, and the platforms it is for. Of an image of one platform only its config knows."""
    top = await client.manifest(
        name.domain,
        name.path,
        name.digest or name.tag,
        accept=MANIFEST_TYPES,
        largest=manifests.LARGEST_MANIFEST,
        login=login,
    )
    parsed = manifests.parse_manifest(top.raw, top.media_type)
    if isinstance(parsed, Index):
        found = tuple(platforms.of_block(one.platform) for one in parsed.manifests if one.platform is not None)
    else:
        raw = await client.small_blob(
            name.domain, name.path, parsed.config.digest, largest=manifests.LARGEST_CONFIG, login=login
        )
        document = manifests.parse_config(raw)
        found = (platforms.of_strings(document.os, document.architecture, document.variant),)
    return RemoteImage(
        reference=str(name),
        media_type=parsed.media_type or top.media_type,
        digest=top.digest,
        size=len(top.raw),
        platforms=found,
    )
