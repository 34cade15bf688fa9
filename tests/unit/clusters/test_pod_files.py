"""The files of a pod as a pane shows and changes them; the stand-in runs the commands in truth."""

from __future__ import annotations

import io
import json
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.clusters import pod_files
from engine.errors import InvalidRequest, NotFound, RuntimeFailure
from engine.types.clusters import PodPlace
from engine.types.images import FileKind
from tests.unit.clusters.test_clusters import cluster, config, pod, service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.clusters.cluster_service import ClusterService
    from engine.clusters.pod_files import PodFiles
    from tests.support.api_server import StandInCluster

__all__ = ["cluster", "service"]


@pytest.fixture
def place(cluster: StandInCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PodPlace:
    cluster.put("pods", pod("web"))
    file = tmp_path / "config"
    file.write_text(json.dumps(config(cluster.url, {"token": "good"})))
    monkeypatch.setenv("KUBECONFIG", str(file))
    return PodPlace(context="", namespace="default", target="pods/web", container="app")


@pytest.fixture
def files(service: ClusterService) -> PodFiles:
    return service.files


async def test_a_folder_is_told_with_all_that_is_in_it(files: PodFiles, place: PodPlace, tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "folder").mkdir(parents=True)
    (top / ".hidden").write_text("12345")
    (top / "..odd").write_text("")
    (top / "-n").write_text("x")
    (top / "two\nlines ä").write_text("")
    (top / "link").symlink_to("fol\nder")
    (top / "broken").symlink_to("nowhere")
    os.mkfifo(top / "pipe")
    (top / ".hidden").chmod(0o4751)

    told = {each.name: each for each in await files.list(place, str(top))}

    assert set(told) == {"folder", ".hidden", "..odd", "-n", "two\nlines ä", "link", "broken", "pipe"}
    assert (told[".hidden"].size, told[".hidden"].mode, told[".hidden"].kind) == (5, 0o4751, FileKind.FILE)
    assert (told["folder"].kind, told["pipe"].kind) == (FileKind.DIRECTORY, FileKind.FIFO)
    assert (told["link"].kind, told["link"].link) == (FileKind.SYMLINK, "fol\nder")
    assert told["broken"].link == "nowhere"
    assert told["folder"].uid == os.getuid()
    assert not await files.list(place, str(top / "folder"))


async def test_a_file_is_read_from_anywhere_and_written_with_its_mode_kept(
    files: PodFiles, place: PodPlace, tmp_path: Path
) -> None:
    path = tmp_path / "a file"
    path.write_bytes(b"0123456789")
    path.chmod(0o640)
    assert await files.read(place, str(path)) == b"0123456789"
    assert await files.read(place, str(path), offset=3, limit=4) == b"3456"
    assert (await files.stat(place, str(path))).size == 10

    data = os.urandom(600_000)
    await files.write(place, str(path), data)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (data, 0o640)
    await files.write(place, str(tmp_path / "new"), b"", mode=0o600)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["a file", "config", "new"], "nothing stays behind"


async def test_what_is_cut_off_while_it_is_written_leaves_the_file_as_it_was(
    files: PodFiles, place: PodPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"as it was")
    cut = pod_files._WRITE.replace('head -c "$2"', 'head -c "$(($2 - 1))"')  # as when the sender is gone
    monkeypatch.setattr(pod_files, "_WRITE", cut)

    with pytest.raises(RuntimeFailure, match="cut off"):
        await files.write(place, str(path), b"something else")
    assert path.read_bytes() == b"as it was"
    assert sorted(os.listdir(tmp_path)) == ["config", "kept"]


async def test_files_are_moved_made_and_removed(files: PodFiles, place: PodPlace, tmp_path: Path) -> None:
    await files.make_directory(place, f"{tmp_path}/-d")
    await files.write(place, f"{tmp_path}/one", b"1")
    await files.rename(place, f"{tmp_path}/one", f"{tmp_path}/-d/two")
    assert (tmp_path / "-d" / "two").read_bytes() == b"1"
    await files.write(place, f"{tmp_path}/one", b"")
    with pytest.raises(RuntimeFailure, match="cannot be reached") as told:
        await files.rename(place, f"{tmp_path}/one", f"{tmp_path}/-d/two")
    assert "there already" in told.value.explanation
    await files.remove(place, f"{tmp_path}/-d")
    assert not (tmp_path / "-d").exists()


async def test_an_archive_goes_in_and_out(files: PodFiles, place: PodPlace, tmp_path: Path) -> None:
    async def packed() -> AsyncIterator[bytes]:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            info = tarfile.TarInfo("in/side.txt")
            info.size = 300_000
            archive.addfile(info, io.BytesIO(b"x" * info.size))
        for start in range(0, len(made.getvalue()), 70_000):
            yield made.getvalue()[start : start + 70_000]

    await files.upload(place, str(tmp_path), packed())
    assert (tmp_path / "in" / "side.txt").read_bytes() == b"x" * 300_000

    data = b"".join([piece async for piece in files.download(place, f"{tmp_path}/in")])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["in", "in/side.txt"]


async def test_what_is_not_there_or_no_path_is_told(files: PodFiles, place: PodPlace, tmp_path: Path) -> None:
    for deed in (files.list, files.stat, files.read):
        with pytest.raises(NotFound):
            await deed(place, str(tmp_path / "nowhere"))
        with pytest.raises(InvalidRequest, match="begins with /"):
            await deed(place, "relative")
    with pytest.raises(NotFound):
        assert [piece async for piece in files.download(place, str(tmp_path / "nowhere"))]
    with pytest.raises(InvalidRequest, match="root"):
        await files.remove(place, "/.")


async def test_more_than_can_be_shown_is_refused(
    files: PodFiles, place: PodPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_files, "_LARGEST_LIST", 100)
    (tmp_path / "much").write_bytes(b"x" * 101)
    with pytest.raises(RuntimeFailure, match="too much"):
        await files.read(place, str(tmp_path / "much"))
