"""Images out to an archive and in again, between us, podman and skopeo; and archives that are none."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
import zstandard

from engine.errors import Code, NotFound, WherryError
from tests.support.images import File, busybox_archive, docker_archive, layer_tar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.images.image_service import ImageService
    from tests.support.stores import ShortTmp

NAME = "localhost/archived:1"
ARCHIVE = busybox_archive([File("etc/motd", b"hello\n")], reference=NAME)


async def stream(data: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def load(images: ImageService, data: bytes) -> list[str]:
    return (await images.load(stream(data)).result()).splitlines()


async def saved(images: ImageService, *names: str, oci: bool = False) -> bytes:
    return b"".join([piece async for piece in images.save(names, oci=oci)])


@pytest.mark.parametrize(
    "compress", [bytes, gzip.compress, zstandard.ZstdCompressor().compress, lzma.compress, bz2.compress],
    ids=["plain", "gzip", "zstd", "xz", "bzip2"],
)  # fmt: skip
async def test_archives_are_loaded_however_compressed(images: ImageService, compress: Callable[[bytes], bytes]) -> None:
    assert await load(images, compress(ARCHIVE)) == [NAME]
    assert await images.read_file(NAME, "/etc/motd") == b"hello\n"


@pytest.mark.parametrize("oci", [False, True])
async def test_saved_and_loaded_it_is_the_same_image(images: ImageService, oci: bool) -> None:
    await load(images, ARCHIVE)
    before = await images.get(NAME)
    archive = await saved(images, NAME, oci=oci)
    await images.remove(NAME)
    assert await images.list() == []

    assert await load(images, archive) == [NAME]
    after = await images.get(NAME)
    assert (after.id, after.layers, after.size) == (before.id, before.layers, before.size)
    assert await saved(images, NAME, oci=oci) == archive


async def test_a_layers_form_that_was_lost_is_loaded_again(images: ImageService) -> None:
    await load(images, ARCHIVE)
    for record in images.catalogue.layers.values():
        images.archives.path(record).unlink()
    await load(images, ARCHIVE)
    assert [images.archives.has(record) for record in images.catalogue.layers.values()] == [True] * 2
    assert await saved(images, NAME)


async def test_several_images_share_their_layers_in_the_archive(images: ImageService) -> None:
    await load(images, ARCHIVE)
    await load(images, busybox_archive([File("other", b"x")], reference="localhost/other:1"))
    archive = await saved(images, NAME, "localhost/other:1")

    with tarfile.open(fileobj=io.BytesIO(archive)) as reader:
        names = [name for name in reader.getnames() if "sha256/" in name]
    assert len(names) == len(set(names)) == 3 + 2 + 2  # layers, configs, manifests

    await images.prune(all_unused=True)
    assert sorted(await load(images, archive)) == sorted([NAME, "localhost/other:1"])


async def test_podman_and_skopeo_read_ours_and_we_read_theirs(images: ImageService, short_tmp: ShortTmp) -> None:
    await load(images, ARCHIVE)
    image_id = (await images.get(NAME)).id
    place = short_tmp.path
    await images.save_to([NAME], str(place / "ours.tar")).result()
    await images.save_to([NAME], str(place / "ours.oci"), oci=True).result()

    for source, target in (
        ("docker-archive:ours.tar", "docker-archive:theirs.tar:localhost/theirs:1"),
        ("oci-archive:ours.oci", "oci-archive:theirs.oci:localhost/theirs:2"),
    ):
        await asyncio.to_thread(
            subprocess.run, ["skopeo", "copy", "-q", source, target], cwd=place, check=True, capture_output=True
        )
    assert await images.load(str(place / "theirs.tar")).result() == "localhost/theirs:1"
    assert await images.load(str(place / "theirs.oci")).result() == "localhost/theirs:2"
    assert {image.id for image in await images.list()} == {image_id}


async def test_saving_to_a_file_leaves_nothing_half_made(images: ImageService, short_tmp: ShortTmp) -> None:
    with pytest.raises(NotFound):
        await images.save_to(["nothing"], str(short_tmp.path / "out.tar")).result()
    await load(images, ARCHIVE)
    with pytest.raises(WherryError):
        await images.save_to([NAME], "/proc/nowhere/out.tar").result()

    assert not [name for name in os.listdir(short_tmp.path) if "out.tar" in name]


def _bad_archives() -> dict[str, bytes]:
    tar = layer_tar([File("x", b"y")])
    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' % (b"ab" * 32)
    manifest = b'[{"Config":"c.json","RepoTags":["a:1"],"Layers":["l.tar"]}]'
    return {
        "text": b"this is no archive" * 100,
        "truncated": ARCHIVE[: len(ARCHIVE) // 2],
        "truncated gzip": gzip.compress(ARCHIVE)[:-20],
        "empty tar": bytes(10240),
        "no manifest": layer_tar([File("some", b"file")]),
        "manifest is no json": layer_tar([File("manifest.json", b"[{]")]),
        "config is no config": layer_tar(
            [File("manifest.json", manifest), File("c.json", b"{[]}"), File("l.tar", tar)]
        ),
        "layer missing": layer_tar([File("manifest.json", manifest), File("c.json", config)]),
        "config missing": layer_tar([File("manifest.json", manifest), File("l.tar", tar)]),
        "other layers than the config says": layer_tar(
            [File("manifest.json", manifest), File("c.json", config), File("l.tar", tar)]
        ),
        "a layer damaged only at its end": docker_archive([gzip.compress(tar)[:-6]]),
        "damaged layer": docker_archive([tar[:148] + b"7777777\0" + tar[156:]]),
    }


@pytest.mark.parametrize("case", _bad_archives())
async def test_bad_archives_are_refused_and_leave_nothing(images: ImageService, short_tmp: ShortTmp, case: str) -> None:
    with pytest.raises(WherryError) as caught:
        await load(images, _bad_archives()[case])

    assert caught.value.code is Code.BAD_ARCHIVE, caught.value
    assert await images.list() == []
    assert not [
        name for part in ("blobs/sha256", "blobs/partial", "layers") for name in os.listdir(short_tmp.root / part)
    ]


async def test_a_tree_is_imported_with_changes(images: ImageService, tmp_path: Path) -> None:
    tree = tmp_path / "tree.tar.gz"
    tree.write_bytes(gzip.compress(layer_tar([File("bin/app", b"#!", 0o755)])))

    image_id = await images.import_tree(
        str(tree),
        "localhost/imported",
        message="from a tree",
        changes=['CMD ["/bin/app"]', "ENV A=b C=$A", "EXPOSE 80"],
    ).result()

    image = await images.get("localhost/imported")
    assert image.id == image_id
    assert image.config.command == ("/bin/app",)
    assert image.config.exposed_ports == ("80/tcp",)
    assert (await images.history(image_id))[0].comment == "from a tree"
    with pytest.raises(WherryError, match="RUN cannot be applied"):
        await images.import_tree(str(tree), "", changes=["RUN x"]).result()


async def test_a_damaged_copy_of_a_layer_takes_nothing_from_the_good_one(images: ImageService) -> None:
    tar = layer_tar([File("x", b"y")])
    await load(images, docker_archive([tar], reference="good:1"))

    with pytest.raises(WherryError):
        await load(images, docker_archive([gzip.compress(tar)[:-6]], reference="bad:1"))

    assert await images.read_file("good:1", "/x") == b"y"
    assert [image.tags for image in await images.list()] == [("good:1",)]


def _first_layout(layers: list[bytes], **top: object) -> bytes:
    """As docker 1.0 to 1.9 saved it: no manifest, a step names the one below it."""
    steps: list[tuple[str, bytes]] = []
    parent = ""
    for number, layer in enumerate(layers, 1):
        step_id = f"{number:064x}"
        step: dict[str, object] = {
            "id": step_id,
            "created": f"2015-06-0{number}T10:00:00.000000000Z",
            "container_config": {"Cmd": ["/bin/sh", "-c", f"step {number}"]},
            "architecture": "amd64",
            "os": "linux",
            "Size": len(layer),
            **({"parent": parent} if parent else {}),
            **(top if number == len(layers) else {}),
        }
        steps.append((f"{step_id}/VERSION", b"1.0"))
        steps.append((f"{step_id}/json", json.dumps(step).encode()))
        steps.append((f"{step_id}/layer.tar", layer))
        parent = step_id
    steps.append(("repositories", json.dumps({"old/image": {"1": parent, "latest": parent}}).encode()))
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in steps:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


async def test_an_archive_of_the_first_docker_is_loaded(images: ImageService) -> None:
    """Layers in order, an empty one among them; what to run and who made it from its last step."""
    nothing = b"\0" * 1024
    data = _first_layout(
        [layer_tar([File("a", b"1"), File("b", b"2")]), nothing, layer_tar([File("a", b"3")])],
        config={"Cmd": ["/bin/a"], "Env": ["A=b"]},
        author="somebody",
    )
    assert await load(images, data) == ["old/image:1", "old/image:latest"]
    image = await images.get("old/image")
    assert (image.config.command, image.config.env, image.author) == (("/bin/a",), ("A=b",), "somebody")
    assert len(image.layers) == 3
    assert await images.read_file("old/image", "/a") == b"3"
    assert await images.read_file("old/image", "/b") == b"2"
    assert [step.created_by for step in await images.history("old/image")] == [
        f"/bin/sh -c step {number}" for number in (1, 2, 3)
    ]
    again = await saved(images, "old/image:1")
    await images.remove("old/image:1", force=True)
    await images.remove("old/image", force=True)
    assert await load(images, again) == ["old/image:1"]


async def test_an_archive_whose_steps_stand_on_one_another_is_refused(images: ImageService) -> None:
    data = _first_layout([layer_tar([File("a", b"1")])], parent=f"{1:064x}")
    with pytest.raises(WherryError) as refused:
        await load(images, data)
    assert refused.value.code is Code.BAD_ARCHIVE
    assert await images.list() == []
