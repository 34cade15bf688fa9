"""Images for a registry that misbehaves: a manifest, a config and layers, as good or as bad as a test wants them."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.images.known.manifest import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST
from tests.support.nasty_registry import answer, blob, digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.nasty_registry import NastyRegistry


def host_architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


@dataclass
class MadeImage:
    """`blobs` are what the registry serves by digest; a test may change them after the manifest was made."""

    manifest: bytes
    config: bytes
    layers: list[bytes]
    blobs: dict[str, bytes] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return digest_of(self.config)

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def made_image(
    tars: Sequence[bytes],
    *,
    compressed: Sequence[bytes] | None = None,
    media_type: str = f"{OCI_LAYER}+gzip",
    architecture: str = "",
    config: dict[str, Any] | None = None,
) -> MadeImage:
    """An image of these layer tars; `compressed` replaces what the registry serves for them."""
    layers = list(compressed) if compressed is not None else [gzip.compress(tar, 1, mtime=0) for tar in tars]
    document = {
        "architecture": architecture or host_architecture(),
        "os": "linux",
        "config": {"Cmd": ["/bin/sh"], **(config or {})},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
    }
    raw_config = json.dumps(document).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": digest_of(raw_config), "size": len(raw_config)},
        "layers": [{"mediaType": media_type, "digest": digest_of(one), "size": len(one)} for one in layers],
    }
    blobs = {digest_of(one): one for one in (raw_config, *layers)}
    return MadeImage(json.dumps(manifest).encode(), raw_config, layers, blobs)


def made_index(images: Sequence[tuple[str, MadeImage]]) -> bytes:
    """An index of images by "os/architecture[/variant]"."""
    manifests = []
    for platform, image in images:
        system, architecture, *variant = platform.split("/")
        block = {"os": system, "architecture": architecture} | ({"variant": variant[0]} if variant else {})
        manifests.append(
            {"mediaType": OCI_MANIFEST, "digest": image.digest, "size": len(image.manifest), "platform": block}
        )
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def offer(registry: NastyRegistry, image: MadeImage, *, name: str = "app", tag: str = "1") -> None:
    """Serve it."""
    for reference in (tag, image.digest):
        registry.routes[f"/v2/{name}/manifests/{reference}"] = answer(image.manifest, Content_Type=OCI_MANIFEST)
    for digest, data in image.blobs.items():
        registry.routes[f"/v2/{name}/blobs/{digest}"] = blob(data)
