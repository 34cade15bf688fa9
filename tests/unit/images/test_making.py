"""Images made without a build: a tree of files imported, the demo of the host's busybox, what a failure takes back."""

from __future__ import annotations

import gzip
import json
import os
import struct
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, HostError, NotFound, WherryError
from engine.images import demo
from engine.images.demo import is_static
from tests.support.images import File, directory, layer_tar
from tests.support.nasty_registry import digest_of, serve_nastily
from tests.support.played_engine import IMAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

TREE = layer_tar([directory("bin"), File("bin/tool", b"#!tool", 0o755), File("data", b"d" * 3000)])


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 1000):
        yield data[at : at + 1000]


# --- imported ---


async def test_a_tree_becomes_an_image_of_one_layer(played_engine: EmbeddedEngine) -> None:
    images = played_engine.images
    handle = images.import_tree(
        pieces(TREE), "localhost/tree:1", message="from elsewhere", changes=("CMD tool", "ENV A=1", "USER web")
    )
    image = await images.get(await handle.result())

    assert (image.tags, image.layers, image.comment) == (("localhost/tree:1",), (digest_of(TREE),), "")
    assert (image.config.command, image.config.env, image.config.user) == (("/bin/sh", "-c", "tool"), ("A=1",), "web")
    assert image.platform.os == "linux"
    assert image.platform == (await images.get(IMAGE)).platform
    assert await images.read_file(image.id, "/bin/tool") == b"#!tool"
    (step,) = await images.history(image.id)
    assert (step.comment, step.size) == ("from elsewhere", 3006)
    assert (await played_engine.operations.get(handle.id)).title == "Import localhost/tree:1"
    document = json.loads(await images.raw_config(image.id))
    assert document["created"] == document["history"][0]["created"]


async def test_a_tree_needs_no_name_and_no_word(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    (tmp_path / "tree.tar.gz").write_bytes(gzip.compress(TREE))
    handle = played_engine.images.import_tree(str(tmp_path / "tree.tar.gz"), "")
    image = await played_engine.images.get(await handle.result())
    assert (image.tags, image.layers) == ((), (digest_of(TREE),))
    assert [step.comment for step in await played_engine.images.history(image.id)] == ["Imported"]
    assert (await played_engine.operations.get(handle.id)).subject == str(tmp_path / "tree.tar.gz")


async def test_a_tree_is_fetched_from_an_address(played_engine: EmbeddedEngine) -> None:
    from aiohttp import web

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=TREE)

    async with serve_nastily() as server:
        server.routes["/tree.tar"] = answer
        source = f"http://{server.host}/tree.tar"
        image = await played_engine.images.import_tree(source, "localhost/tree").result()
    assert (await played_engine.images.get("localhost/tree:latest")).id == image


@pytest.mark.parametrize(
    ("name", "changes", "tree"),
    [
        ("No Name", (), TREE),
        ("localhost/x", ("RUN something",), TREE),
        ("localhost/x", (), TREE[:2000]),
        ("localhost/x", (), b"nonsense" * 1000),
        ("sha256:abc", (), TREE),
    ],
    ids=["name", "change", "cut", "no tar", "like an id"],
)
async def test_what_cannot_be_imported_leaves_nothing(
    played_engine: EmbeddedEngine, name: str, changes: tuple[str, ...], tree: bytes
) -> None:
    before = (played_engine.layers.diff_ids(), played_engine.images.blob_digests())
    with pytest.raises(WherryError):
        await played_engine.images.import_tree(pieces(tree), name, changes=changes).result()
    assert (played_engine.layers.diff_ids(), played_engine.images.blob_digests()) == before
    assert len(await played_engine.images.list()) == 1


async def test_a_file_that_is_not_there_is_told(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    for handle in (
        played_engine.images.import_tree(str(tmp_path / "none"), ""),
        played_engine.images.load(str(tmp_path / "none")),
    ):
        with pytest.raises(NotFound) as caught:
            await handle.result()
        assert str(tmp_path / "none") in str(caught.value)
    with pytest.raises(WherryError) as refused:
        await played_engine.images.load(str(tmp_path)).result()
    assert refused.value.code is not Code.INTERNAL


# --- the demo ---


def elf(*kinds: int, wide: bool = True, little: bool = True) -> bytes:
    """As much of a program as says what it needs: a head, and an entry for each part."""
    order, size = ("<" if little else ">"), 56 if wide else 32
    head = bytearray(64)
    head[:6] = b"\x7fELF" + bytes([2 if wide else 1, 1 if little else 2])
    struct.pack_into(order + ("Q" if wide else "I"), head, 32 if wide else 28, 64)
    struct.pack_into(f"{order}HH", head, 54 if wide else 42, size, len(kinds))
    return bytes(head) + b"".join(struct.pack(f"{order}I", kind).ljust(size, b"\0") for kind in kinds)


@pytest.mark.parametrize("wide", [True, False], ids=["64", "32"])
@pytest.mark.parametrize("little", [True, False], ids=["little", "big"])
def test_a_program_that_asks_for_no_linker_runs_anywhere(wide: bool, little: bool) -> None:
    assert is_static(elf(1, 1, 6, wide=wide, little=little))
    assert is_static(elf(wide=wide, little=little))
    assert not is_static(elf(6, 3, 1, wide=wide, little=little))
    assert not is_static(elf(1, 1, 3, wide=wide, little=little))


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\n" * 20, b"\x7fELF\3" + bytes(90), elf(1, 1)[:-57]])
def test_what_is_no_whole_program_is_not_taken(data: bytes) -> None:
    assert not is_static(data)


@pytest.fixture
def busybox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A static busybox of the test's own (other bytes, or so many of them): the host's would be 2 MB for each test."""
    found, own = tmp_path / "found", tmp_path / "busybox"
    found.write_text("#!/bin/sh\necho sh; echo ls; echo '['; echo busybox; echo x-y_z; echo '../evil'\n")
    found.chmod(0o755)
    data = getattr(request, "param", elf(1))
    if data is not None:
        own.write_bytes(elf(1) if isinstance(data, int) else data)
    if isinstance(data, int):
        os.truncate(own, data)
    monkeypatch.setattr(demo, "_BUSYBOX", (tmp_path / "none", own))
    monkeypatch.setattr(demo, "ask", lambda words: _asked(found, words, own))
    return own


def _asked(program: Path, words: list[str], expected: Path) -> object:
    from engine.processes.ask import ask

    assert words == [str(expected), "--list"]
    return ask([str(program)])


async def test_the_demo_is_the_same_image_each_time(played_engine: EmbeddedEngine, busybox: Path) -> None:
    handle = played_engine.images.load_demo()
    assert await handle.result() == "wherry/demo:latest"
    image = await played_engine.images.get("wherry/demo")
    assert await played_engine.images.load_demo().result() == "wherry/demo:latest"
    assert (await played_engine.images.get("wherry/demo")).id == image.id

    assert (image.config.command, image.config.workdir, image.config.user) == (("demo-service",), "/www", "")
    assert image.config.exposed_ports == ("8080/tcp",)
    assert image.config.volumes == ("/data",)
    assert image.config.health is not None
    assert (image.config.health.interval, image.config.health.retries) == (10.0, 3)
    assert image.config.labels["org.opencontainers.image.title"] == "Wherry demo"
    names = {node.entry.path for node in await played_engine.images.tree(image.id, "/bin")}
    assert names == {"/bin/busybox", "/bin/sh", "/bin/ls", "/bin/[", "/bin/x-y_z"}
    assert await played_engine.images.read_file(image.id, "/bin/sh") == elf(1)
    assert (await played_engine.images.read_file(image.id, "/etc/passwd")).startswith(b"root:x:0:0:")


async def test_the_demo_has_the_waste_that_real_images_have(played_engine: EmbeddedEngine, busybox: Path) -> None:
    """So that whoever opens the layers of it sees what they are for."""
    await played_engine.images.load_demo().result()
    report = await played_engine.images.layer_report("wherry/demo")
    reasons: dict[str, list[str]] = {}
    for each in report.wasted:
        reasons.setdefault(each.reason, []).append(each.path)
    assert sorted(reasons["directory-removed"]) == [f"/tmp/build/part-{number}.o" for number in range(4)]
    assert reasons["overwritten"] == ["/www/index.html"]
    assert reasons["copied-for-metadata"] == ["/usr/bin/demo-service"]
    assert {each.size for each in report.wasted if "part-" in each.path} == {96 * 1024}
    assert [each.step.created_by.split()[0] for each in report.layers if each.step] == [
        "ADD", "COPY", "COPY", "RUN", "RUN", "RUN",
    ]  # fmt: skip
    history = await played_engine.images.history("wherry/demo")
    assert [step.created_by.split()[0] for step in history if not step.diff_id] == [
        "ENV", "WORKDIR", "EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "CMD",
    ]  # fmt: skip
    modes = {node.entry.path: node.entry.mode for node in await played_engine.images.tree("wherry/demo", "/")}
    assert (modes["/tmp"], modes["/etc"]) == (0o1777, 0o755)


@pytest.mark.parametrize("busybox", [elf(3), None, (16 << 20) + 1], ids=["dynamic", "none", "large"], indirect=True)
async def test_without_a_static_busybox_the_demo_says_what_to_install(
    played_engine: EmbeddedEngine, busybox: Path
) -> None:
    with pytest.raises(HostError) as caught:
        await played_engine.images.load_demo().result()
    assert "busybox-static" in caught.value.hint


@pytest.mark.parametrize("busybox", [16 << 20], ids=["largest"], indirect=True)
def test_the_largest_busybox_is_still_one(busybox: Path) -> None:
    assert len(demo._busybox()[0]) == 16 << 20
