"""What registries send and archives hold."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.images.known.configs import history_steps, image_config
from engine.images.known.manifest import parse_config, parse_manifest
from engine.images.known.platforms import parse_platform
from engine.images.known.reference import parse as parse_reference
from engine.images.look import packages
from engine.images.streams.tar_stream import TarStream
from engine.registry.challenge import choose, parse_challenges
from engine.registry.faults import refused, retry_after
from engine.registry.tokens import token_request
from engine.sandbox.keeper.layers import tar_reader
from engine.sandbox.keeper.layers.entry_places import normalised
from engine.sandbox.keeper.requests import BadInput
from engine.storage.layer_index import LayerIndex
from tests.fuzz.inputs import Kind
from tests.fuzz.reader import Reader, as_json, keys_of
from tests.support.indexes import file, folder, make_index

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


# --- images and registries ---

_DIGEST = "sha256:" + "ab" * 32
_MANIFEST = {
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": _DIGEST, "size": 5},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": _DIGEST, "size": 10}],
    "annotations": {"a": "b"},
}  # fmt: skip
_INDEX = {
    "schemaVersion": 2,
    "manifests": [_MANIFEST["config"] | {"platform": {"os": "linux", "architecture": "arm64"}}],
}  # type: ignore[operator]
_CONFIG = {
    "architecture": "amd64", "os": "linux", "created": "2026-01-02T03:04:05.123456789Z",
    "config": {"Env": ["A=b"], "Cmd": ["x"], "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}},
               "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5}, "Labels": {"a": "b"}, "StopSignal": "SIGTERM"},
    "rootfs": {"type": "layers", "diff_ids": [_DIGEST]}, "history": [{"created_by": "x", "empty_layer": True}],
}  # fmt: skip


def _config(data: bytes) -> None:
    document = parse_config(data)
    image_config(document)
    history_steps(document, {})


def _reference(data: bytes) -> None:
    text = data.decode(errors="surrogateescape")
    reference = parse_reference(text)
    assert parse_reference(str(reference)) == reference, text


def _challenge(data: bytes) -> None:
    chosen = choose(parse_challenges(data.decode("latin-1").split("\n")))
    if chosen is not None and chosen.scheme == "bearer":
        token_request(chosen, "repository:x:pull", None)


def _refusal_of_a_registry(data: bytes) -> None:
    head, _, text = data.partition(b"\n")
    headers = {"retry-after": head.decode("latin-1"), "content-type": "application/json"}
    retry_after(headers)
    for status in (401, 404, 429, 500):
        assert str(refused(status, text, headers, host="r", what="x"))


def _packages(data: bytes) -> None:
    packages.read_apk(data)
    packages.read_dpkg(data)


# --- archives ---


def tar_corpus() -> list[bytes]:
    made = []
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
            for name, kind in (
                ("d/", tarfile.DIRTYPE),
                ("f", tarfile.REGTYPE),
                ("l", tarfile.SYMTYPE),
                ("h", tarfile.LNKTYPE),
            ):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, "f" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
                info.size = 600 if kind == tarfile.REGTYPE else 0
                archive.addfile(info, io.BytesIO(b"x" * info.size))
            if form != tarfile.USTAR_FORMAT:
                archive.addfile(tarfile.TarInfo("long/" * 60 + "name"))
        made.append(buffer.getvalue().rstrip(b"\0") + bytes(1024))
    made.append(_sparse())
    return made


def _sparse() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        body = b"1\n100\n5\n".ljust(512, b"\0") + b"hello"
        info = tarfile.TarInfo("sparse")
        info.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "sparse",
            "GNU.sparse.realsize": "1000",
        }
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def mend_sums(data: bytearray) -> None:
    """Tar's sums of its heads, so that the damage gets past the first check."""
    for at in range(0, len(data) - 511, 512):
        if data[at + 257 : at + 262] == b"ustar":
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])


def _layer(data: bytes) -> None:
    """As the keeper reads what it unpacks."""
    descriptor = os.memfd_create("fuzz")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        source = tar_reader.Source(descriptor, 1 << 20, None, lambda _done: None)
        reader = tar_reader.TarReader(source)
        for member in reader:
            normalised(member.name)
            assert member.size >= 0
            for _ in reader.data(member):
                pass
        source.drain()
    finally:
        os.close(descriptor)


def _archive(data: bytes) -> None:
    """As the engine reads what is loaded."""

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(data), 700):
            yield data[at : at + 700]

    async def names() -> list[str]:
        return [member.name async for member in TarStream(chunks()).members()]

    running = names()
    with suppress(StopIteration):
        while True:
            running.send(None)  # nothing in it waits


def _layer_index(data: bytes) -> None:
    index = LayerIndex(memoryview(data))
    list(index.paths)
    index.find(b"etc/passwd")


def _made_index() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        make_index(Path(place), "index", [folder("etc"), file("etc/passwd", b"root:x:0"), file("a" * 90)])
        return Path(place, "index").read_bytes()


CONTENTS: tuple[Reader, ...] = (
    Reader(
        "manifests", Kind((as_json(_MANIFEST), as_json(_INDEX)), keys_of([_MANIFEST, _INDEX])), parse_manifest, share=6
    ),
    Reader("image configs", Kind((as_json(_CONFIG),), keys_of(_CONFIG)), _config, share=6),
    Reader(
        "references",
        Kind(
            (b"nginx", b"ghcr.io:5000/a/b-c:tag_1@" + _DIGEST.encode(), b"localhost/x:1"),
            (":", "@", "/", "sha256:"),
            4096,
        ),
        _reference,
        share=10,
    ),
    Reader(
        "platforms",
        Kind((b"linux/arm64/v8", b"linux"), ("/",), 1024),
        lambda data: parse_platform(data.decode(errors="replace")),
        share=10,
    ),
    Reader(
        "challenges",
        Kind(
            (b'Bearer realm="https://a/t",service="b",scope="c:d:pull"\nBasic realm=x', b"Basic"),
            ("Bearer ", "realm=", '"', ","),
            8192,
        ),
        _challenge,
        share=8,
    ),
    Reader(
        "registries' refusals",
        Kind(
            (
                b'120\n{"errors":[{"code":"DENIED","message":"no","detail":{"a":1}}]}',
                b"Wed, 21 Oct 2026 07:28:00 GMT\n<html>no</html>",
            ),
            keys_of({"errors": [{"code": 1, "message": 2, "detail": 3}]}),
            16384,
        ),
        _refusal_of_a_registry,
        share=6,
    ),
    Reader(
        "package lists",
        Kind(
            (b"P:musl\nV:1.2\n\nP:x\n", b"Package: a\nVersion: 1\nStatus: install ok installed\n\n"),
            ("P:", "V:", "Package: "),
        ),
        _packages,
        (),
        5,
    ),
    Reader(
        "layers",
        Kind(tar_corpus(), ("path=", "11 path=x\n", "GNU.sparse.map=", "size=99"), mend=mend_sums),
        _layer,
        (BadInput,),
        6,
    ),
    Reader("archives", Kind(tar_corpus(), ("../", "manifest.json"), mend=mend_sums), _archive, share=2),
    Reader(
        "indexes of layers",
        Kind((_made_index(),), ('"columns"', "[0,", "]")),
        _layer_index,
        (ValueError, KeyError, TypeError, IndexError, WherryError),
        5,
    ),
)
