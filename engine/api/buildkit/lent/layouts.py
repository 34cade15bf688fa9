"""OCI layouts of the client as contexts by name: read over its session, taken in as any archive of an image is."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from engine.api.buildkit.faults import refused, within_operation
from engine.api.buildkit.lent.content import SessionBlobs
from engine.api.buildkit.workers import host_platform

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from engine.api.buildkit.connections.sessions import Session
    from engine.facade import Engine

SCHEME: Final = "oci-layout://"
_NAME: Final = re.compile(r"oci-layout://([^:@/]+)[^@]*@(sha256:[0-9a-f]{64})")
_DEEPEST: Final = 3
_MOST_LAYERS: Final = 500


async def image_of_layout(engine: Engine, session: Session, where: str, platform: str) -> str:
    """The id of the image, which is then in the store."""
    named = _NAME.fullmatch(where)
    if named is None:
        raise refused(f"{where[:200]} names no image of an OCI layout")
    blobs = SessionBlobs(session, f"oci:{named[1]}", named[2])
    raw, manifest = await _chosen(blobs, named[2], platform or host_platform())
    await engine.images.load(within_operation(_archive(blobs, raw, manifest))).result()
    return str(manifest["config"]["digest"])


async def _chosen(blobs: SessionBlobs, digest: str, platform: str) -> tuple[bytes, dict[str, Any]]:
    """The manifest; of an index, the one for the platform."""
    for _ in range(_DEEPEST):
        raw = await blobs.small(digest)
        if f"sha256:{hashlib.sha256(raw).hexdigest()}" != digest:
            raise refused(f"{digest} of the OCI layout is not what its digest says")
        try:
            found = json.loads(raw)
            if "manifests" not in found:
                str(found["config"]["digest"])
                return raw, found
            digest = next(each["digest"] for each in found["manifests"] if _platform(each) in ("", platform))
        except StopIteration:
            raise refused(f"the OCI layout has no image for {platform}") from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise refused("the OCI layout has a manifest that cannot be read") from error
    raise refused("the OCI layout leads from one index to the next")


def _platform(descriptor: dict[str, Any]) -> str:
    given = descriptor.get("platform")
    return f"{given.get('os')}/{given.get('architecture')}" if given else ""


async def _archive(blobs: SessionBlobs, raw: bytes, manifest: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    """The layout as a tar, with nothing in it but this image."""
    layers = manifest.get("layers") or []
    if len(layers) > _MOST_LAYERS:
        raise refused("the image of the OCI layout has too many layers")
    top = {"mediaType": manifest.get("mediaType", ""), "digest": f"sha256:{hashlib.sha256(raw).hexdigest()}"}
    index = json.dumps({"schemaVersion": 2, "manifests": [{**top, "size": len(raw)}]}).encode()
    for name, data in (("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", index)):
        yield _member(name, len(data)) + data + _padding(len(data))
    yield _member(_path(top["digest"]), len(raw)) + raw + _padding(len(raw))
    for digest, size in {each["digest"]: int(each["size"]) for each in (manifest["config"], *layers)}.items():
        yield _member(_path(digest), size)
        came = 0
        async with aclosing(blobs.read(digest, size)) as pieces:
            async for piece in pieces:
                came += len(piece)
                yield piece
        if came != size:
            raise refused(f"{digest} of the OCI layout is shorter than its manifest says")
        yield _padding(size)
    yield b"\0" * 1024


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"


def _member(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % 512)
