"""The index an image was built with: kept beside it, gone with it, found again, saved and told as one."""

from __future__ import annotations

import io
import json
import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from engine.images.archives.index_write import Member, compose
from engine.images.known.index_shelf import IndexShelf
from engine.images.known.manifest import OCI_INDEX, OCI_MANIFEST
from engine.images.known.records import StoredImage
from engine.types.attestations import Attestation, IndexEntry
from engine.types.images import PushImage
from tests.support.images import File, docker_archive, layer_tar
from tests.support.nasty_registry import digest_of, serve_nastily
from tests.support.played_engine import IMAGE
from tests.support.registry_in_memory import RegistryInMemory
from tests.unit.images.test_images_in_memory import load
from tests.unit.images.test_pulling import push

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "123")
SAID = Attestation(predicate_type="https://slsa.dev/provenance/v0.2", predicate=b'{"by": "us"}')


def entries(*images: str, said: Attestation | None = None) -> tuple[IndexEntry, ...]:
    return tuple(IndexEntry(image=each, attestations=(said,) if said else ()) for each in images)


# --- the shelf itself ---


async def test_what_is_put_there_is_there_after_a_restart(tmp_path: Path) -> None:
    shelf = IndexShelf(tmp_path / "made")
    await shelf.put(ONE, entries(ONE, THREE, TWO, THREE, said=SAID))

    again = IndexShelf(tmp_path / "made")
    await again.open()

    for each in (shelf, again):
        assert await each.get(ONE, {ONE, TWO, THREE}) == entries(ONE, THREE, TWO, THREE, said=SAID)
        assert each.members_of(ONE) == (THREE, TWO)
        assert each.members_of(TWO) == ()
        assert (each.owners_of(TWO), each.owners_of(ONE)) == ([ONE], [])
    assert os.listdir(tmp_path / "made") == [f"{'1' * 64}.index"]


async def test_an_index_counts_only_while_all_of_it_is_here(tmp_path: Path) -> None:
    shelf = IndexShelf(tmp_path)
    await shelf.put(ONE, entries(ONE, TWO))
    assert await shelf.get(ONE, {ONE}) == ()
    assert await shelf.get(ONE, {ONE, TWO}) == entries(ONE, TWO)
    assert await shelf.get(TWO, {ONE, TWO}) == ()


async def test_a_later_build_replaces_what_an_earlier_one_left(tmp_path: Path) -> None:
    shelf = IndexShelf(tmp_path)
    await shelf.put(ONE, entries(ONE, TWO))
    await shelf.put(ONE, entries(ONE, THREE))
    assert shelf.members_of(ONE) == (THREE,)
    await shelf.put(ONE, ())
    assert (shelf.members_of(ONE), shelf.owners_of(THREE)) == ((), [])
    assert await shelf.get(ONE, {ONE, TWO, THREE}) == ()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("others", [(TWO,), ()], ids=["with others", "alone with what is said of it"])
async def test_it_goes_with_its_image(tmp_path: Path, others: tuple[str, ...]) -> None:
    shelf = IndexShelf(tmp_path)
    await shelf.put(ONE, entries(ONE, *others, said=SAID))
    await shelf.drop(ONE)
    assert shelf.members_of(ONE) == ()
    assert os.listdir(tmp_path) == []
    await shelf.drop(ONE)


async def test_what_no_image_has_any_more_is_swept(tmp_path: Path) -> None:
    shelf = IndexShelf(tmp_path)
    for each in (ONE, TWO):
        await shelf.put(each, entries(each, THREE))
    (tmp_path / "kept.jsonl").touch()
    shelf.sweep([TWO, THREE])
    assert sorted(os.listdir(tmp_path)) == [f"{'2' * 64}.index", "kept.jsonl"]


async def test_a_damaged_file_is_no_index(tmp_path: Path) -> None:
    for number, text in enumerate((b"", b"{}", b"[1]", b"\xff")):
        (tmp_path / f"{str(number) * 64}.index").write_bytes(text)
    shelf = IndexShelf(tmp_path)
    await shelf.open()
    assert await shelf.get(f"sha256:{'0' * 64}", {ONE}) == ()
    assert shelf.owners_of(ONE) == []


# --- in the engine ---


@pytest.fixture
async def pair(played_engine: EmbeddedEngine) -> EmbeddedEngine:
    """Two more images: `localhost/far`, for another machine, and `localhost/other`."""
    for name, letter, architecture in (("far", b"f", "s390x"), ("other", b"o", "")):
        archive = docker_archive(
            [layer_tar([File(name, letter * 100)])], reference=f"localhost/{name}", architecture=architecture
        )
        await load(played_engine, archive)
    return played_engine


async def id_of(engine: EmbeddedEngine, name: str) -> str:
    return (await engine.images.get(name)).id


async def test_an_index_is_kept_and_told_and_goes_with_a_member(pair: EmbeddedEngine) -> None:
    far, tiny = await id_of(pair, "localhost/far"), await id_of(pair, IMAGE)
    kept = entries(tiny, far, said=SAID)
    await pair.images.keep_index(IMAGE, kept)

    assert await pair.images.kept_index(IMAGE) == kept
    assert await pair.images.kept_index("localhost/far") == ()
    await pair.images.remove("localhost/far")
    assert await pair.images.kept_index(IMAGE) == ()


async def test_a_push_brings_the_index_an_image_was_built_with(pair: EmbeddedEngine) -> None:
    far, tiny = await id_of(pair, "localhost/far"), await id_of(pair, IMAGE)
    await pair.images.keep_index(IMAGE, entries(tiny, far, said=SAID))
    async with serve_nastily() as server:
        registry = RegistryInMemory(server)
        name = f"{registry.host}/app:1"
        await pair.images.tag(IMAGE, name)
        digest = await push(pair, name)
        raw, kind = registry.manifests["app", "1"]

        assert (digest_of(raw), kind) == (digest, OCI_INDEX)
        members = json.loads(raw)["manifests"]
        assert [each["platform"]["architecture"] for each in members][1:] == ["s390x", "unknown", "unknown"]
        for each in members:
            manifest = json.loads(registry.manifests["app", each["digest"]][0])
            for blob in (manifest["config"], *manifest["layers"]):
                assert len(registry.blobs[blob["digest"]]) == blob["size"]


@pytest.mark.parametrize("first", [IMAGE, "localhost/far"])
async def test_the_digest_of_an_index_names_the_image_for_this_machine(pair: EmbeddedEngine, first: str) -> None:
    """A pull of that digest would bring it; the last member had the digest."""
    both = [await id_of(pair, each) for each in sorted((IMAGE, "localhost/far"), key=lambda each: each != first)]
    async with serve_nastily() as server:
        name = f"{RegistryInMemory(server).host}/app"
        request = PushImage(reference=f"{name}:1", index=entries(*both))
        digest = await pair.images.push(request).result()
        assert await id_of(pair, f"{name}@{digest}") == await id_of(pair, IMAGE)
        assert (await pair.images.get("localhost/far")).digests == ()

        far = entries(await id_of(pair, "localhost/far"), said=SAID)
        digest = await pair.images.push(PushImage(reference=f"{name}:2", index=far)).result()
        assert (await pair.images.get("localhost/far")).digests == (f"{name}@{digest}",)


async def test_an_index_is_saved_as_a_layout_that_loads_again(pair: EmbeddedEngine) -> None:
    asked = entries(await id_of(pair, IMAGE), await id_of(pair, "localhost/far"), await id_of(pair, IMAGE), said=SAID)
    named = ["localhost/all:1", "localhost/both"]

    data = b"".join([piece async for piece in pair.images.save_index(asked, named)])
    told = await pair.images.describe_index(asked, named)

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}  # type: ignore[union-attr]
        order = archive.getnames()
    assert order[:2] == ["blobs", "blobs/sha256"]
    assert len(order) == len(set(order))
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    top = json.loads(files["index.json"])
    assert (top["schemaVersion"], top["mediaType"]) == (2, OCI_INDEX)
    assert [(each["digest"], each["size"], each["mediaType"]) for each in top["manifests"]] == 2 * [
        (told.digest, told.size, told.media_type)
    ]
    assert [each["annotations"] for each in top["manifests"]] == [
        {"io.containerd.image.name": "localhost/all:1", "org.opencontainers.image.ref.name": "1"},
        {"io.containerd.image.name": "localhost/both:latest", "org.opencontainers.image.ref.name": "latest"},
    ]
    for digest, each in ((f"sha256:{name[13:]}", each) for name, each in files.items() if name.startswith("blobs/")):
        assert digest_of(each) == digest
    index = json.loads(files[f"blobs/{told.digest.replace(':', '/')}"])
    for member in index["manifests"]:
        manifest = json.loads(files[f"blobs/{member['digest'].replace(':', '/')}"])
        for blob in (manifest["config"], *manifest["layers"]):
            assert len(files[f"blobs/{blob['digest'].replace(':', '/')}"]) == blob["size"]

    await pair.images.remove(IMAGE)
    assert await load(pair, data) == "localhost/all:1\nlocalhost/both:latest"
    assert await pair.images.read_file("localhost/all:1", "/data/hello") == b"hello\n"


async def test_an_index_without_a_name_is_saved_all_the_same(pair: EmbeddedEngine) -> None:
    asked = entries(await id_of(pair, IMAGE))
    data = b"".join([piece async for piece in pair.images.save_index(asked, [])])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        top = json.load(archive.extractfile("index.json"))  # type: ignore[arg-type]
    told = await pair.images.describe_index(asked, [])
    assert top["manifests"] == [{"mediaType": told.media_type, "digest": told.digest, "size": told.size}]


# --- what an index says ---


def image(letter: str, **platform: str) -> tuple[StoredImage, bytes]:
    config = {"os": "linux", "rootfs": {"type": "layers", "diff_ids": []}} | platform
    raw = json.dumps(config).encode()
    return StoredImage(id=digest_of(raw), config=raw, pulled_ns=1), f'{{"manifest": "{letter}"}}'.encode()


def test_images_come_first_and_what_is_said_of_each_names_it() -> None:
    (arm, arm_manifest), (risc, risc_manifest) = (
        image("a", architecture="arm", variant="v6"), image("r", architecture="riscv64"),
    )  # fmt: skip
    second = Attestation(predicate_type="https://spdx.dev/Document", predicate=b"{}")
    made = compose(
        [Member(arm, arm_manifest, "x/arm", (SAID, second)), Member(risc, risc_manifest, "x/risc", ())],
        ["ghcr.io/o/app:1", "web"],
    )

    index: dict[str, Any] = json.loads(made.raw)
    assert (index["schemaVersion"], index["mediaType"]) == (2, OCI_INDEX)
    first, other, attested = index["manifests"]
    assert first == {
        "mediaType": "x/arm", "digest": digest_of(arm_manifest), "size": len(arm_manifest),
        "platform": {"architecture": "arm", "os": "linux", "variant": "v6"},
    }  # fmt: skip
    assert other["platform"] == {"architecture": "riscv64", "os": "linux"}
    assert (made.descriptor.digest, made.descriptor.size, made.descriptor.media_type) == (
        digest_of(made.raw), len(made.raw), OCI_INDEX,
    )  # fmt: skip

    documents = {digest: (raw, kind) for digest, raw, kind in made.manifests}
    assert list(documents) == [first["digest"], attested["digest"], other["digest"]]
    assert documents[first["digest"]] == (arm_manifest, "x/arm")
    raw, kind = documents[attested["digest"]]
    manifest = json.loads(raw)
    assert (kind, manifest["mediaType"], manifest["schemaVersion"]) == (OCI_MANIFEST, OCI_MANIFEST, 2)
    assert attested == {
        "mediaType": OCI_MANIFEST, "digest": digest_of(raw), "size": len(raw),
        "annotations": {"vnd.docker.reference.digest": first["digest"],
                        "vnd.docker.reference.type": "attestation-manifest"},
        "platform": {"architecture": "unknown", "os": "unknown"},
    }  # fmt: skip
    assert [each["annotations"] for each in manifest["layers"]] == [
        {"in-toto.io/predicate-type": each.predicate_type} for each in (SAID, second)
    ]
    assert {each["mediaType"] for each in manifest["layers"]} == {"application/vnd.in-toto+json"}
    config = json.loads(made.blobs[manifest["config"]["digest"]])
    assert config == {
        "architecture": "unknown", "os": "unknown", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [each["digest"] for each in manifest["layers"]]},
    }  # fmt: skip
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    for blob in (manifest["config"], *manifest["layers"]):
        assert (digest_of(made.blobs[blob["digest"]]), len(made.blobs[blob["digest"]])) == (
            blob["digest"],
            blob["size"],
        )
    assert {arm.id: arm.config_bytes, risc.id: risc.config_bytes}.items() <= made.blobs.items()
    assert len(made.blobs) == 5
    statement = json.loads(made.blobs[manifest["layers"][0]["digest"]])
    assert statement["subject"] == [
        {"name": f"pkg:docker/{name}?platform=linux%2Farm%2Fv6", "digest": {"sha256": first["digest"][7:]}}
        for name in ("ghcr.io/o/app@1", "web@latest")
    ]


def test_a_statement_of_an_image_without_a_name_is_of_its_digest() -> None:
    one, manifest = image("a", architecture="amd64")
    made = compose([Member(one, manifest, OCI_MANIFEST, (SAID,))], [])
    attested = json.loads(made.manifests[1][1])
    statement = json.loads(made.blobs[attested["layers"][0]["digest"]])
    assert statement["subject"] == [{"name": "_", "digest": {"sha256": digest_of(manifest)[7:]}}]
