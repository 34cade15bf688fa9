"""A name at a registry as a place for blobs and one manifest, as caches of builds are kept there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, WherryError
from tests.support.nasty_registry import digest_of, serve_nastily
from tests.support.registry_in_memory import MANIFEST, RegistryInMemory
from tests.unit.images.test_pulling import here

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.facade_lent import BlobPlace

MANIFEST_BYTES = b'{"schemaVersion": 2, "layers": []}'


@pytest.fixture
async def registry() -> AsyncIterator[RegistryInMemory]:
    async with serve_nastily() as server:
        yield RegistryInMemory(server)


def place(engine: EmbeddedEngine, registry: RegistryInMemory, name: str = "cache") -> BlobPlace:
    return engine.images.blobs_at(f"{registry.host}/{name}", None)


async def test_what_is_written_is_read_again(
    played_engine: EmbeddedEngine, registry: RegistryInMemory, tmp_path: Path
) -> None:
    there, large = place(played_engine, registry), bytes(range(256)) * 2000
    (tmp_path / "blob").write_bytes(large)

    await there.write(digest_of(large), tmp_path / "blob")
    await there.write(digest_of(b"small"), b"small")
    await there.write(digest_of(b"small"), b"small")
    await there.put_manifest(MANIFEST_BYTES, MANIFEST)

    assert registry.sent == [digest_of(large), digest_of(b"small")]
    assert registry.manifests["cache", "latest"] == (MANIFEST_BYTES, MANIFEST)
    assert await there.manifest() == MANIFEST_BYTES
    assert await there.small(digest_of(b"small")) == b"small"
    assert b"".join([piece async for piece in there.read(digest_of(large), len(large))]) == large


async def test_of_an_index_the_member_for_this_machine_is_meant(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    far = registry.image("cache", "far", [b"far"], architecture="s390x")
    mine = registry.image("cache", "mine", [b"mine"], **here())
    registry.index("cache", "both", far, mine)
    odd = json.dumps(json.loads(registry.manifests["cache", "mine"][0]) | {"annotations": {"of": "manifests"}}).encode()
    registry.manifests["cache", "odd"] = odd, MANIFEST

    assert digest_of(await place(played_engine, registry, "cache:both").manifest()) == mine["digest"]
    assert digest_of(await place(played_engine, registry, "cache:far").manifest()) == far["digest"]
    assert await place(played_engine, registry, "cache:odd").manifest() == odd
    by_digest = place(played_engine, registry, f"cache@{mine['digest']}")
    assert digest_of(await by_digest.manifest()) == mine["digest"]
    registry.index("cache", "only", far)
    with pytest.raises(WherryError) as caught:
        await place(played_engine, registry, "cache:only").manifest()
    assert caught.value.code is Code.NO_PLATFORM
    assert f"{registry.host}/cache:only" in caught.value.title


async def test_what_is_not_there_or_not_what_it_should_be_is_told(
    played_engine: EmbeddedEngine, registry: RegistryInMemory
) -> None:
    there = place(played_engine, registry)
    for missing in (there.manifest(), there.small(digest_of(b"x"))):
        with pytest.raises(WherryError):
            await missing
    registry.blobs[digest_of(b"true")] = b"fals"
    with pytest.raises(WherryError) as caught:
        await there.small(digest_of(b"true"))
    assert caught.value.code is Code.DIGEST_MISMATCH
