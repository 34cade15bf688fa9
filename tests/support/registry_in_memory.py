"""A registry in this process that keeps what it is brought: enough of the protocol for whole pulls and pushes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.support.nasty_registry import digest_of

if TYPE_CHECKING:
    from tests.support.nasty_registry import NastyRegistry

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass
class RegistryInMemory:
    """Give it a `NastyRegistry` to answer for."""

    server: NastyRegistry
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    """By repository and by tag or digest: the bytes and their media type."""
    sent: list[str] = field(default_factory=list)
    """Digests that were uploaded, not mounted."""

    def __post_init__(self) -> None:
        self.server.routes["/v2/"] = self.handle

    @property
    def host(self) -> str:
        return self.server.host

    # --- what a test puts there ---

    def blob(self, data: bytes) -> dict[str, Any]:
        """Keep it; what a manifest says of it."""
        self.blobs[digest_of(data)] = data
        return {"digest": digest_of(data), "size": len(data)}

    def image(
        self, repository: str, tag: str, layers: list[bytes], *, kind: str = LAYER, diffs: list[str] | None = None,
        **config: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """An image of these layers (uncompressed, unless `diffs` says what they are); its descriptor."""
        made = {
            "architecture": "amd64", "os": "linux", "config": {"Cmd": ["serve"]},
            "rootfs": {"type": "layers", "diff_ids": diffs or [digest_of(each) for each in layers]},
        } | config  # fmt: skip
        manifest = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, **self.blob(json.dumps(made).encode())},
            "layers": [{"mediaType": kind, **self.blob(each)} for each in layers],
        }  # fmt: skip
        described = self.put(repository, tag, manifest, MANIFEST)
        platform = {name: made[name] for name in ("architecture", "os", "variant") if name in made}
        return described | {"platform": platform}

    def index(self, repository: str, tag: str, *members: dict[str, Any]) -> dict[str, Any]:
        return self.put(repository, tag, {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(members)}, INDEX)

    def put(self, repository: str, tag: str, document: dict[str, Any], kind: str) -> dict[str, Any]:
        raw = json.dumps(document).encode()
        for target in (tag, digest_of(raw)):
            self.manifests[repository, target] = raw, kind
        return {"mediaType": kind, "digest": digest_of(raw), "size": len(raw)}

    def tags(self, repository: str) -> list[str]:
        return sorted(tag for name, tag in self.manifests if name == repository and ":" not in tag)

    def asked(self, words: str) -> list[str]:
        """Methods and paths of the requests with these words in their path."""
        return [f"{each.method} {each.path}" for each in self.server.requests if words in each.path]

    # --- the protocol ---

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/v2/")
        for part, answer in (
            ("/blobs/uploads/", self._upload), ("/blobs/", self._blob), ("/manifests/", self._manifest),
        ):  # fmt: skip
            repository, found, rest = path.partition(part)
            if found:
                return await answer(request, repository, rest)
        if path.endswith("/tags/list"):
            return web.json_response({"tags": self.tags(path.removesuffix("/tags/list"))})
        return web.Response(status=200 if not path else 404)

    async def _blob(self, request: web.Request, _repository: str, digest: str) -> web.StreamResponse:
        if digest not in self.blobs:
            return web.Response(status=404)
        data, asked = self.blobs[digest], request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if asked else {}
        return web.Response(body=data[start:], status=206 if asked else 200, headers=headers)

    async def _manifest(self, request: web.Request, repository: str, target: str) -> web.StreamResponse:
        if request.method == "PUT":
            raw = await request.read()
            for name in (target, digest_of(raw)):
                self.manifests[repository, name] = raw, request.content_type
            return web.Response(status=201, headers={"Docker-Content-Digest": digest_of(raw)})
        if (repository, target) not in self.manifests:
            return web.Response(status=404)
        raw, kind = self.manifests[repository, target]
        return web.Response(body=raw, content_type=kind, headers={"Docker-Content-Digest": digest_of(raw)})

    async def _upload(self, request: web.Request, repository: str, begun: str) -> web.StreamResponse:
        where = {"Location": f"/v2/{repository}/blobs/uploads/{begun or len(self.server.requests)}"}
        if request.method == "POST":
            mounted = request.query.get("mount", "") in self.blobs
            return web.Response(status=201 if mounted else 202, headers=where)
        held = self.server.__dict__.setdefault("uploads", {})
        if request.method == "PATCH":
            held[begun] = held.get(begun, b"") + await request.read()
            return web.Response(status=202, headers=where)
        if request.method == "PUT":
            data, digest = held.pop(begun, b""), request.query["digest"]
            assert digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
            self.blobs[digest] = data
            self.sent.append(digest)
            return web.Response(status=201)
        return web.Response(status=204)
