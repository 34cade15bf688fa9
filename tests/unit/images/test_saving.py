"""Images saved: which, under which names, to a file that is whole or not there; damage told before it is handed on."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from engine.errors import Code, InvalidRequest, NotFound, StorageError, WherryError
from engine.images.archives.archive_write import compose_manifest
from engine.images.known.manifest import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST
from engine.images.known.records import StoredImage
from engine.types.images import PullImage
from tests.support.images import File, docker_archive, layer_tar
from tests.support.nasty_registry import digest_of, serve_nastily
from tests.support.played_engine import IMAGE
from tests.support.registry_in_memory import LAYER, RegistryInMemory
from tests.unit.images.test_images_in_memory import load, saved
from tests.unit.images.test_pulling import here

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

ONE, TWO = (layer_tar([File(name, name.encode() * 1000)]) for name in ("one", "two"))


def members(data: bytes) -> dict[str, bytes]:
    """The files of an archive, in its order."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames()[:2] == ["blobs", "blobs/sha256"]
        assert len(archive.getnames()) == len(set(archive.getnames()))
        return {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}  # type: ignore[union-attr]


def blob_of(files: dict[str, bytes], digest: str) -> bytes:
    data = files[f"blobs/{digest.replace(':', '/')}"]
    assert digest_of(data) == digest
    return data


@pytest.fixture
async def two(played_engine: EmbeddedEngine) -> EmbeddedEngine:
    await load(played_engine, docker_archive([ONE, TWO], reference="localhost/two:1"))
    return played_engine


# --- which, and by what names ---


@pytest.mark.parametrize("oci", [False, True])
async def test_an_image_is_saved_under_all_the_names_it_was_asked_for_by(two: EmbeddedEngine, oci: bool) -> None:
    await two.images.tag("localhost/two:1", "localhost/other:2")
    image = await two.images.get("localhost/two:1")
    files = members(await saved(two, "localhost/two:1", "localhost/other:2", IMAGE, oci=oci))

    index = json.loads(files["index.json"])
    assert (index["schemaVersion"], index["mediaType"]) == (2, "application/vnd.oci.image.index.v1+json")
    names = [each["annotations"]["org.opencontainers.image.ref.name"] for each in index["manifests"]]
    assert names == ["localhost/two:1", "localhost/other:2", IMAGE]
    assert [each["annotations"]["io.containerd.image.name"] for each in index["manifests"]] == names
    first, second, _ = index["manifests"]
    assert first["digest"] == second["digest"]
    manifest = json.loads(blob_of(files, first["digest"]))
    assert (first["size"], first["mediaType"]) == (len(blob_of(files, first["digest"])), OCI_MANIFEST)
    assert manifest["config"] == {
        "mediaType": OCI_CONFIG, "digest": image.id, "size": len(blob_of(files, image.id)),
    }  # fmt: skip
    for layer, tar in zip(manifest["layers"], (ONE, TWO), strict=True):
        data = blob_of(files, layer["digest"])
        assert layer["size"] == len(data)
        assert layer["mediaType"] == (f"{OCI_LAYER}+gzip" if oci else OCI_LAYER)
        assert (gzip.decompress(data) if oci else data) == tar
    if oci:
        assert "manifest.json" not in files
    else:
        items = json.loads(files["manifest.json"])
        assert [each["RepoTags"] for each in items] == [["localhost/two:1", "localhost/other:2"], [IMAGE]]
        assert items[0]["Config"] == f"blobs/{image.id.replace(':', '/')}"
        assert items[0]["Layers"] == [f"blobs/{each.replace(':', '/')}" for each in image.layers]


async def test_by_its_id_an_image_brings_no_name(two: EmbeddedEngine) -> None:
    image = await two.images.get("localhost/two:1")
    for name in (image.id, image.id[7:19], f"sha256:{image.id[7:19]}"):
        files = members(await saved(two, name))
        assert json.loads(files["manifest.json"])[0]["RepoTags"] == []
        (described,) = json.loads(files["index.json"])["manifests"]
        assert "annotations" not in described
    assert await load(two, await saved(two, image.id)) == image.id


async def test_nothing_is_not_saved(two: EmbeddedEngine) -> None:
    with pytest.raises(InvalidRequest, match="which images"):
        await saved(two)
    with pytest.raises(NotFound):
        await saved(two, IMAGE, "localhost/nothing")


async def test_a_pulled_image_is_saved_with_the_registrys_manifest(played_engine: EmbeddedEngine) -> None:
    async with serve_nastily() as server:
        registry = RegistryInMemory(server)
        packed = [gzip.compress(each, 9, mtime=0) for each in (ONE, TWO)]
        made = registry.image(
            "app", "1", packed, kind=f"{LAYER}+gzip", diffs=[digest_of(ONE), digest_of(TWO)], **here()
        )
        name = f"{registry.host}/app:1"
        await played_engine.images.pull(PullImage(reference=name)).result()
        oci, plain = members(await saved(played_engine, name, oci=True)), members(await saved(played_engine, name))
    (described,) = json.loads(oci["index.json"])["manifests"]
    assert (described["digest"], described["size"]) == (made["digest"], made["size"])
    (own,) = json.loads(plain["index.json"])["manifests"]
    assert own["digest"] != made["digest"]
    assert [each["mediaType"] for each in json.loads(blob_of(plain, own["digest"]))["layers"]] == [OCI_LAYER] * 2


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("application/vnd.docker.image.rootfs.diff.tar", OCI_LAYER),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", f"{OCI_LAYER}+gzip"),
        ("application/vnd.docker.image.rootfs.diff.tar.zstd", f"{OCI_LAYER}+zstd"),
        (f"{OCI_LAYER}+gzip", f"{OCI_LAYER}+gzip"),
        ("application/x", "application/x"),
    ],
)
def test_a_manifest_of_our_own_speaks_one_language(given: str, written: str) -> None:
    image = StoredImage(id="sha256:i", config=b"{}", pulled_ns=1)
    made = json.loads(compose_manifest(image, [{"mediaType": given, "digest": "sha256:l", "size": 3}]))
    assert made == {
        "schemaVersion": 2, "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": "sha256:i", "size": 2},
        "layers": [{"mediaType": written, "digest": "sha256:l", "size": 3}],
    }  # fmt: skip


# --- to a file ---


@pytest.mark.parametrize("oci", [False, True])
async def test_a_file_is_the_archive_and_how_far_it_is_is_told(two: EmbeddedEngine, tmp_path: Path, oci: bool) -> None:
    handle = two.images.save_to(["localhost/two:1", IMAGE], str(tmp_path / "a.tar"), oci=oci)
    assert await handle.result() == str(tmp_path / "a.tar")
    data = (tmp_path / "a.tar").read_bytes()
    assert data == await saved(two, "localhost/two:1", IMAGE, oci=oci)
    assert os.listdir(tmp_path) == ["a.tar"]
    told = await two.operations.get(handle.id)
    assert (told.done, told.total) == (len(data), len(data))
    assert (told.title, told.subject) == (f"Save localhost/two:1, {IMAGE}", f"localhost/two:1, {IMAGE}")
    assert told.request == {"path": str(tmp_path / "a.tar")}
    await two.images.remove("localhost/two:1")
    loading = two.images.load(str(tmp_path / "a.tar"))
    assert sorted((await loading.result()).split("\n")) == [IMAGE, "localhost/two:1"]
    told = await two.operations.get(loading.id)
    assert (told.title, told.subject, told.request) == (
        f"Load {tmp_path / 'a.tar'}", str(tmp_path / "a.tar"), {"path": str(tmp_path / "a.tar")},
    )  # fmt: skip


async def test_an_archive_of_before_is_kept_until_the_new_one_is_whole(two: EmbeddedEngine, tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("of before")
    two.paths.blob(two.images.restoring.archives()[digest_of(TWO)]).write_bytes(gzip.compress(ONE))
    with pytest.raises(StorageError, match="not what it was") as caught:
        await two.images.save_to(["localhost/two:1"], str(tmp_path / "a.tar")).result()
    assert (caught.value.code, caught.value.subject) == (Code.CORRUPT, digest_of(TWO))
    assert digest_of(TWO) in caught.value.explanation
    assert os.listdir(tmp_path) == ["a.tar"]
    assert (tmp_path / "a.tar").read_text() == "of before"


@pytest.mark.parametrize("oci", [False, True])
async def test_a_form_that_is_gone_is_told_before_the_first_byte(two: EmbeddedEngine, oci: bool) -> None:
    two.paths.blob(two.images.restoring.archives()[digest_of(TWO)]).unlink()
    pieces = two.images.save(("localhost/two:1",), oci=oci)
    with pytest.raises(StorageError, match="compressed form") as caught:
        await anext(pieces)
    assert (caught.value.code, caught.value.subject) == (Code.CORRUPT, digest_of(TWO))


async def test_where_nothing_can_be_written_is_told(two: EmbeddedEngine, tmp_path: Path) -> None:
    for path, kind in ((tmp_path / "none/a.tar", NotFound), (tmp_path, WherryError)):
        with pytest.raises(kind) as caught:
            await two.images.save_to([IMAGE], str(path)).result()
        assert caught.value.code is not Code.INTERNAL
        assert str(path) in str(caught.value)
    assert not os.listdir(tmp_path)


# --- layers without a form of their own ---


async def test_what_was_built_here_is_packed_when_it_is_wanted(played_engine: EmbeddedEngine) -> None:
    """As the keeper packs it each time; its digest is that of what was unpacked."""
    from engine.types.images import CommitContainer
    from tests.support.played_engine import start

    running = await start(played_engine)
    (played_engine.paths.rootfs(running.id) / "data/new").write_text("new")
    await played_engine.images.commit(CommitContainer(container=running.id, reference="localhost/made:1")).result()
    catalogue = played_engine.images.catalogue
    diff_id = catalogue.resolve("localhost/made:1").diff_ids[-1]
    record = catalogue.layers[diff_id]
    assert record.archive is not None
    played_engine.paths.blob(record.archive.digest).unlink()
    await catalogue.put_layers([msgspec.structs.replace(record, archive=None, tar_size=0, sources=())])

    files = members(await saved(played_engine, "localhost/made:1", oci=True))

    now = catalogue.layers[diff_id]
    assert now.archive == record.archive
    assert now.tar_size == len(gzip.decompress(blob_of(files, record.archive.digest)))
    await played_engine.images.restoring.pack_again(diff_id)
    assert catalogue.layers[diff_id].archive == record.archive


# --- names and searches ---


@pytest.mark.parametrize(
    ("name", "words"),
    [("localhost/x@sha256:" + "0" * 64, "cannot be a digest"), ("sha256:12", "no name for an image"),
     ("sha512", "no name for an image"), ("docker.io/library/sha256:x", "no name for an image")],
)  # fmt: skip
async def test_a_tag_that_could_be_an_id_is_refused(played_engine: EmbeddedEngine, name: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        await played_engine.images.tag(IMAGE, name)
    assert (await played_engine.images.get(IMAGE)).tags == (IMAGE,)


async def test_a_search_goes_to_the_host_it_names(played_engine: EmbeddedEngine) -> None:
    from aiohttp import web

    asked: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        return web.json_response({"results": [{"name": "team/app", "description": "d", "star_count": 3}]})

    async with serve_nastily() as server:
        server.routes["/v1/search"] = answer
        for limit, sent in ((25, "25"), (0, "1"), (500, "100")):
            (found,) = await played_engine.images.search(f" {server.host}/app ", limit=limit)
            assert (found.name, asked[-1]) == (f"{server.host}/team/app", {"q": "app", "n": sent})
        await played_engine.images.search(f"{server.host}/")
        assert asked[-1]["q"] == ""
    for nothing in ("", "   "):
        with pytest.raises(InvalidRequest, match="what to search for"):
            await played_engine.images.search(nothing)


async def test_a_disk_that_is_full_while_an_image_is_saved_is_told(
    two: EmbeddedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: object, _target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("engine.images.image_service.os.replace", full)
    with pytest.raises(StorageError) as caught:
        await two.images.save_to([IMAGE], str(tmp_path / "a.tar")).result()
    assert caught.value.code is Code.DISK_FULL
    assert not os.listdir(tmp_path)
