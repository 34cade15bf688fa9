"""Anything at all into the readers of images: a typed error or an answer, never a crash, never unbounded memory.

`python -m tests.fuzz.test_image_input N` tries N inputs per reader instead of the suite's hundred, and says how many.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import InvalidRequest, StorageError, WherryError
from engine.images.known.configs import history_steps, image_config
from engine.images.known.manifest import OCI_CONFIG, OCI_LAYER, parse_config, parse_manifest
from engine.images.known.platforms import parse_platform
from engine.images.known.reference import parse
from engine.images.look import packages
from engine.images.streams.decompress import decompress
from engine.images.streams.tar_stream import TarStream
from engine.images.streams.zstd_frames import ZstdFrames
from engine.registry.challenge import parse_challenges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DIGEST = "sha256:" + "ab" * 32
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from([
    "schemaVersion", "mediaType", "config", "layers", "manifests", "digest", "size", "platform", "urls", "annotations",
    "architecture", "os", "rootfs", "diff_ids", "type", "history", "created", "Env", "Cmd", "Labels", "Healthcheck",
])  # fmt: skip
GOOD_MANIFEST: dict[str, Any] = {
    "schemaVersion": 2,
    "config": {"mediaType": OCI_CONFIG, "digest": DIGEST, "size": 5},
    "layers": [{"mediaType": f"{OCI_LAYER}+gzip", "digest": DIGEST, "size": 10}],
}
GOOD_CONFIG: dict[str, Any] = {
    "architecture": "amd64", "os": "linux", "config": {"Env": ["A=b"], "Cmd": ["x"]},
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]}, "history": [{"created_by": "x"}],
}  # fmt: skip


@st.composite
def changed(draw: st.DrawFn, good: dict[str, Any]) -> bytes:
    """A good document with anything put anywhere in it."""
    document = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 3))):
        place = document
        while isinstance(place, dict) and place and draw(st.booleans()):
            inner = place[draw(st.sampled_from(sorted(place)))]
            place = inner[0] if isinstance(inner, list) and inner else inner
        if isinstance(place, dict):
            place[draw(KEYS)] = draw(JSON)
    return json.dumps(document).encode()


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()) | changed(GOOD_MANIFEST))
def test_manifests(raw: bytes) -> None:
    with suppress(WherryError):
        parse_manifest(raw)


@given(st.binary(max_size=200) | changed(GOOD_CONFIG))
def test_configs(raw: bytes) -> None:
    try:
        document = parse_config(raw)
    except WherryError:
        return
    image_config(document)
    history_steps(document, {})


@given(st.text(max_size=80) | st.from_regex(r"[a-zA-Z0-9./:@_-]{1,60}", fullmatch=True))
def test_references(text: str) -> None:
    with suppress(InvalidRequest):
        reference = parse(text)
        assert parse(str(reference)) == reference


@given(st.text(max_size=30))
def test_platforms(text: str) -> None:
    with suppress(InvalidRequest):
        assert str(parse_platform(text))


@given(st.lists(st.text(max_size=100), max_size=3))
def test_challenges(values: list[str]) -> None:
    for challenge in parse_challenges(values):
        assert challenge.scheme == challenge.scheme.lower()


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in (("manifest.json", b"[]"), ("x" * 150 + "/ü", b"y" * 700), ("empty", b"")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "../" * 40 + "etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


ARCHIVE = _archive()


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """Good bytes with some changed, some cut, some doubled."""
    data = bytearray(good)
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data)


async def _names(data: bytes, size: int) -> list[str]:
    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(data), size):
            yield data[at : at + size]

    stream = TarStream(chunks())
    return [member.name async for member in stream.members()]


@given(damaged(ARCHIVE) | st.binary(max_size=2000), st.sampled_from([1, 100, 511, 512, 100_000]))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_archives(data: bytes, size: int) -> None:
    with suppress(StorageError):
        names = asyncio.run(_names(data, max(size, len(data) // 500 + 1)))
        assert len(names) <= len(data) // 512 + 1


ZSTD = zstandard.ZstdCompressor(write_checksum=True).compress(b"some data " * 300)


@given(damaged(ZSTD) | st.binary(max_size=300), st.integers(1, 50))
def test_compressed_data(data: bytes, size: int) -> None:
    walk = ZstdFrames()
    walk.feed(data)
    with suppress(StorageError):
        total = sum(map(len, decompress(data[at : at + size] for at in range(0, len(data), size))))
        assert total <= 1 << 24


@given(st.binary(max_size=300) | st.text(alphabet="PVackage: \n.-Status", max_size=200).map(str.encode))
def test_package_lists(data: bytes) -> None:
    for read in (packages.read_apk, packages.read_dpkg):
        assert isinstance(read(data), dict)


def main() -> None:
    number = int(sys.argv[1])
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    for test in tests:
        test._hypothesis_internal_use_settings = settings(  # the suite's own are fixed where they are declared
            max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        test()
        print(f"{test.__name__}: {number} inputs, no crash")  # noqa: T201


if __name__ == "__main__":
    main()
