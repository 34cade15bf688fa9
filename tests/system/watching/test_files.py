"""Files of running and stopped containers, volumes and images; and that no path leaves its tree."""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, WherryError
from engine.types.containers import Exec, Mount
from engine.types.files import Place
from engine.types.images import FileKind
from engine.types.volumes import CreateVolume
from tests.system.containers.conftest import BUSYBOX, create, run, until
from tests.system.watching.conftest import execute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container

BOX = Place(kind="container", id="box")


async def _tar(stream: AsyncIterator[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(b"".join([piece async for piece in stream])))


def _made_tar(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.uid, info.gid = len(data), 1000, 1000
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


async def _once(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 1000):
        yield data[at : at + 1000]


@pytest.mark.parametrize("running", ["running", "stopped"])
async def test_a_round_of_everything(loaded: EmbeddedEngine, running: str) -> None:
    await (run if running == "running" else create)(loaded, "sleep", "1000", name="box")
    files = loaded.files
    await files.make_directory(BOX, "/new")
    await files.write(BOX, "/new/a file", b"one\n", mode=0o640)
    assert await files.read(BOX, "/new/a file") == b"one\n"
    assert await files.read(BOX, "/new/a file", offset=1, limit=2) == b"ne"
    assert (await files.stat(BOX, "/new/a file")).mode & 0o7777 == 0o640
    await files.rename(BOX, "/new/a file", "/new/b")
    assert [entry.name for entry in await files.list(BOX, "/new")] == ["b"]
    await files.write(BOX, "/data/hello", b"changed")
    await files.remove(BOX, "/www/index.html")
    root = {entry.name: entry for entry in await files.list(BOX, "/")}
    assert (root["new"].changed, root["data"].changed, root["bin"].changed) == ("added", "changed", "")
    assert [(entry.name, entry.changed) for entry in await files.list(BOX, "/data")] == [("hello", "changed")]
    assert [(entry.name, entry.changed) for entry in await files.list(BOX, "/www")] == [("index.html", "removed")]
    await files.remove(BOX, "/new")
    with pytest.raises(NotFound):
        await files.stat(BOX, "/new")


async def test_refusals_in_words(loaded: EmbeddedEngine, box: Container) -> None:
    for path, error in (("/none", NotFound), ("/data/hello/x", InvalidRequest)):
        with pytest.raises(error):
            await loaded.files.list(BOX, path)
    with pytest.raises(WherryError) as caught:
        await loaded.files.make_directory(BOX, "/data")
    assert caught.value.code is Code.NAME_TAKEN
    with pytest.raises(Conflict):
        await loaded.files.remove(BOX, "/")
    with pytest.raises(InvalidRequest):
        await loaded.files.read(BOX, "/dev/zero")
    with pytest.raises(NotFound):
        await loaded.files.list(Place(kind="container", id="nobody"), "/")


async def test_download_and_upload(loaded: EmbeddedEngine, box: Container) -> None:
    archive = await _tar(loaded.files.download(BOX, "/data"))
    assert archive.getnames() == ["data", "data/hello"]
    archive = await _tar(loaded.files.download(BOX, "/data/hello"))
    assert archive.getnames() == ["hello"]
    await loaded.files.upload(BOX, "/tmp", _once(_made_tar(up=b"x" * 300_000)))
    assert await execute(loaded, "sh", "-c", "wc -c < /tmp/up; stat -c %u /tmp/up") == (0, b"300000\n0\n", b"")
    await loaded.files.upload(BOX, "/tmp", _once(_made_tar(mine=b"")), copy_owner=True)
    assert (await execute(loaded, "stat", "-c", "%u:%g", "/tmp/mine"))[1] == b"1000:1000\n"


@pytest.mark.parametrize("running", ["running", "stopped"])
async def test_a_download_has_what_is_mounted_below_it(loaded: EmbeddedEngine, running: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("bound")
    mounts = (
        Mount(kind="volume", source="vol", target="/www"),
        Mount(kind="volume", source="deep", target="/www/deep/er"),
        Mount(kind="bind", source=str(tmp_path / "file"), target="/data/bound"),
        Mount(kind="tmpfs", target="/data/passing"),
    )
    box = await run(
        loaded, "sh", "-c", "echo v > /www/v; echo d > /www/deep/er/d; sleep 1000", name="box", mounts=mounts
    )
    await until(lambda: wrote(loaded))
    if running == "stopped":
        await loaded.containers.stop(box.id)
    www = await _tar(loaded.files.download(BOX, "/www"))
    # The image's index.html was copied into the fresh volume.
    assert sorted(www.getnames()) == ["www", "www/deep", "www/deep/er", "www/deep/er/d", "www/index.html", "www/v"]
    data = await _tar(loaded.files.download(BOX, "/data/."))
    assert (bound := data.extractfile("./bound")) is not None
    assert bound.read() == b"bound"
    whole = (await _tar(loaded.files.download(BOX, "/"))).getnames()
    assert len(whole) == len(set(whole))
    assert {"./www/v", "./www/deep/er/d", "./data/bound", "./data/hello"} <= set(whole)
    assert not any(name.startswith("./proc/") for name in whole)
    deep = await _tar(loaded.files.download(BOX, "/www/deep/er"))
    assert deep.getnames() == ["er", "er/d"]


async def wrote(engine: EmbeddedEngine) -> bool:
    try:
        return await engine.files.read(BOX, "/www/deep/er/d") == b"d\n"
    except NotFound:
        return False


async def test_a_download_left_early_leaves_nothing(loaded: EmbeddedEngine, box: Container) -> None:
    await execute(loaded, "dd", "if=/dev/zero", "of=/root/big", "bs=1M", "count=30")
    stream = loaded.files.download(BOX, "/root")
    assert await anext(stream)
    await stream.aclose()


@pytest.mark.parametrize("data", [b"no tar at all" * 100, _made_tar(x=b"y" * 9000)[:2000]])
async def test_a_bad_upload_is_told(loaded: EmbeddedEngine, box: Container, data: bytes) -> None:
    with pytest.raises(WherryError) as caught:
        await loaded.files.upload(BOX, "/tmp", _once(data))
    assert caught.value.code is Code.BAD_ARCHIVE


@pytest.mark.parametrize("running", ["running", "stopped"])
async def test_volumes_belong_to_the_files(loaded: EmbeddedEngine, running: str) -> None:
    mounts = (
        Mount(kind="volume", source="v", target="/vol"),
        Mount(kind="volume", source="r", target="/ro", read_only=True),
    )
    await (run if running == "running" else create)(loaded, "sleep", "1000", name="box", mounts=mounts)
    await loaded.files.write(BOX, "/vol/inside", b"1")
    assert await loaded.files.read(Place(kind="volume", id="v"), "/inside") == b"1"
    with pytest.raises(Conflict):
        await loaded.files.write(BOX, "/ro/inside", b"1")
    assert await loaded.files.list(BOX, "/ro") == []


async def test_images(loaded: EmbeddedEngine) -> None:
    image = Place(kind="image", id=BUSYBOX)
    entries = {entry.name: entry for entry in await loaded.files.list(image, "/bin")}
    assert entries["sh"].kind is FileKind.SYMLINK
    assert entries["sh"].link == "busybox"
    assert await loaded.files.read(image, "/data/hello") == b"hello\n"
    assert (await _tar(loaded.files.download(image, "/data"))).getnames() == ["data", "data/hello"]
    with pytest.raises(Conflict):
        await loaded.files.write(image, "/data/hello", b"no")


async def test_links_stay_inside(loaded: EmbeddedEngine, box: Container, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the host")
    await execute(loaded, "ln", "-s", str(secret), "/tmp/absolute")
    await execute(loaded, "ln", "-s", "../" * 20 + str(secret), "/tmp/relative")
    await execute(loaded, "ln", "-s", "/proc/1/root/../../../../..", "/tmp/magic")
    await execute(loaded, "ln", "-s", "/", "/tmp/top")
    for path in ("/tmp/absolute", "/tmp/relative", f"/tmp/top/../../../..{secret}", f"/tmp/magic{secret}"):
        with pytest.raises(WherryError):
            await loaded.files.read(BOX, path)
    assert await loaded.files.read(BOX, "/tmp/top/data/hello") == b"hello\n"
    with pytest.raises(WherryError):
        await loaded.files.write(BOX, "/tmp/absolute/x", b"")
    assert secret.read_bytes() == b"of the host"


async def test_a_link_swapped_during_the_copy_leads_nowhere(
    loaded: EmbeddedEngine, box: Container, tmp_path: Path
) -> None:
    """CVE-2018-15664: a directory on the way is swapped for a link to the host, again and again, while files are read,
    written, packed and unpacked below it."""
    os.chmod(tmp_path, 0o755)
    (tmp_path / "mark").write_bytes(b"HOST")
    await execute(
        loaded, "sh", "-c", f"mkdir -p /w/real /w{tmp_path}; echo BOX > /w/real/mark; ln -s {tmp_path} /w/link"
    )
    swap = "cd /w; while :; do mv real d; mv d real; mv link d; mv d link; ln -sfn real at; ln -sfn link at; done"
    swapper = await loaded.containers.exec("box", Exec(command=("sh", "-c", swap)))
    seen: set[bytes] = set()
    try:
        for _ in range(60):
            for path in ("/w/at/mark", "/w/real/mark", "/w/link/mark"):
                try:
                    seen.add(await loaded.files.read(BOX, path))
                except WherryError:
                    continue
            try:
                archive = await _tar(loaded.files.download(BOX, "/w"))
            except (WherryError, tarfile.ReadError):
                continue
            for member in archive.getmembers():
                if member.isfile():
                    body = archive.extractfile(member)
                    assert body is not None
                    seen.add(body.read())
            try:
                await loaded.files.upload(BOX, "/w/at", _once(_made_tar(planted=b"x")))
            except WherryError:
                continue
    finally:
        await swapper.kill()
        await swapper.close()
    assert b"BOX\n" in seen
    assert b"HOST" not in seen
    assert os.listdir(tmp_path) == ["mark"]


async def test_a_hundred_thousand_entries(loaded: EmbeddedEngine, box: Container) -> None:
    await execute(loaded, "sh", "-c", "mkdir /many; cd /many; seq 100000 | xargs touch")
    async with asyncio.timeout(20):
        entries = await loaded.files.list(BOX, "/many")
    assert len(entries) == 100_000
    assert {entry.changed for entry in entries} == {"added"}


@pytest.mark.parametrize("running", ["running", "stopped"])
async def test_an_edited_file_keeps_mode_owner_and_attributes(loaded: EmbeddedEngine, running: str) -> None:
    await (run if running == "running" else create)(loaded, "sleep", "1000", name="box")
    files = loaded.files
    await files.write(BOX, "/tool", b"#!/bin/sh\n", mode=0o6751)
    async with loaded.files._trees.tree(BOX) as tree:  # type: ignore[attr-defined]
        fd = await loaded.files._keeper.open_file(tree.root, "/tool", os.O_RDONLY)  # type: ignore[attr-defined]
        os.setxattr(fd, "user.note", b"kept")
        os.close(fd)
    before = await files.stat(BOX, "/tool")
    await files.write(BOX, "/tool", b"#!/bin/sh\necho\n")
    after = await files.stat(BOX, "/tool")
    assert after.mode == before.mode
    async with loaded.files._trees.tree(BOX) as tree:  # type: ignore[attr-defined]
        fd = await loaded.files._keeper.open_file(tree.root, "/tool", os.O_RDONLY)  # type: ignore[attr-defined]
        assert os.getxattr(fd, "user.note") == b"kept"
        os.close(fd)
    assert [e.name for e in await files.list(BOX, "/") if e.name.startswith(".wherry-")] == []


async def test_marks_in_the_tree_are_the_changes_of_the_whole(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    await loaded.volumes.create(CreateVolume(name="notes"))
    mounts = (
        Mount(kind="volume", source="notes", target="/var/lib/app/notes"),
        Mount(kind="bind", source=str(tmp_path), target="/srv/deep/bound"),
        Mount(kind="tmpfs", target="/scratch"),
    )
    await run(loaded, "sleep", "1000", name="box", mounts=mounts)
    await execute(loaded, "sh", "-c", "echo x > /var/lib/app/notes/a; mkdir -p /srv/deep/own/empty; echo y > /data/new")
    await execute(
        loaded, "sh", "-c", "rm /www/index.html; chmod 700 /bin; echo z > /srv/deep/bound/b; echo q > /scratch/c"
    )

    async def marked(folder: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in await loaded.files.list(BOX, folder):
            path = f"{folder.rstrip('/')}/{entry.name}"
            if entry.changed:
                found[path] = entry.changed
            if entry.kind is FileKind.DIRECTORY and entry.changed and entry.changed != "removed":
                found |= await marked(path)
        return found

    told = {change.path: change.kind for change in await loaded.containers.changes("box")}
    assert await marked("/") == told
    assert "/var" not in told, "a directory that only carries a mount point is no change"
    assert told["/srv/deep/own/empty"] == "added"
