"""What a step's key depends on, what a cache in a directory holds, and instructions for an image that is made."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from engine.builder.caching.cache import step_key
from engine.builder.caching.directory_blobs import DirectoryBlobs
from engine.builder.finished_images import with_instructions
from engine.builder.language.errors import DockerfileError
from engine.errors import Code, InvalidRequest, NotFound, StorageError
from engine.types.images import ImageConfig

if TYPE_CHECKING:
    from pathlib import Path


def test_a_key_is_the_same_for_the_same_and_another_for_anything_else() -> None:
    same = step_key("run", "a", {"x": 1, "y": [2]})
    assert step_key("run", "a", {"y": [2], "x": 1}) == same, "no order of a mapping counts"
    assert len(same) == 64
    others = [
        step_key("copy", "a", {"x": 1, "y": [2]}), step_key("run", "a", {"x": 1, "y": [3]}), step_key("run", "a"),
        step_key("run", "a", "b"), step_key("run", "ab"), step_key("run", ["a", "b"]), step_key("run", "a", None),
    ]  # fmt: skip
    assert len({same, *others}) == 1 + len(others)


# --- a cache in a directory ---


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


async def read(blobs: DirectoryBlobs, digest: str, size: int) -> bytes:
    return b"".join([piece async for piece in blobs.read(digest, size)])


async def test_what_is_written_lies_as_buildx_lays_it_out(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(str(tmp_path / "cache"))
    (tmp_path / "file").write_bytes(b"layer")
    await blobs.write(digest_of(b"layer"), tmp_path / "file")
    await blobs.put_manifest(b"{}", "application/x")
    await blobs.put_manifest(b'{"later": 1}', "application/y")
    top = tmp_path / "cache"
    assert json.loads((top / "index.json").read_text()) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": "application/y", "digest": digest_of(b'{"later": 1}'), "size": 12,
                "annotations": {"org.opencontainers.image.ref.name": "latest"},
            }
        ],
    }  # fmt: skip
    assert json.loads((top / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert set(os.listdir(top / "blobs/sha256")) == {
        digest_of(each).removeprefix("sha256:") for each in (b"layer", b"{}", b'{"later": 1}')
    }, "and nothing half written"
    assert await blobs.manifest() == b'{"later": 1}'
    assert await read(blobs, digest_of(b"layer"), 5) == b"layer"
    assert await blobs.small(digest_of(b"layer")) == b"layer"


async def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(str(tmp_path))
    await blobs.write(digest_of(b"a"), b"a")
    await blobs.write(digest_of(b"a"), tmp_path / "no such file")
    assert await blobs.small(digest_of(b"a")) == b"a"


async def test_what_a_directory_does_not_hold_is_told(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(str(tmp_path))
    for index in (None, b"{", b"{}", b'{"manifests": []}', b"[1]"):
        if index is not None:
            (tmp_path / "index.json").write_bytes(index)
        with pytest.raises(NotFound) as empty:
            await blobs.manifest()
        assert empty.value.subject == str(tmp_path)
    gone = digest_of(b"gone")
    with pytest.raises(NotFound) as missing:
        await read(blobs, gone, 9)
    assert missing.value.subject == gone
    assert "No such file" in missing.value.explanation


async def test_what_is_not_what_it_says_is_refused(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(str(tmp_path))
    digest = digest_of(b"right")
    await blobs.write(digest, b"wrong")
    with pytest.raises(StorageError) as other:
        await blobs.small(digest)
    assert other.value.code is Code.DIGEST_MISMATCH
    with pytest.raises(StorageError) as longer:
        await read(blobs, digest, 4)
    assert longer.value.code is Code.DIGEST_MISMATCH
    for odd in ("../../etc/passwd", "sha256:xyz", f"{digest}0"):
        with pytest.raises(InvalidRequest):
            await blobs.write(odd, b"")
    with pytest.raises(InvalidRequest) as relative:
        DirectoryBlobs("cache")
    assert relative.value.subject == "cache"


async def test_a_place_that_cannot_be_written_to_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file")
    blobs = DirectoryBlobs(str(tmp_path))
    with pytest.raises(StorageError, match="cannot be written"):
        await blobs.write(digest_of(b"a"), b"a")
    assert os.listdir(tmp_path) == ["blobs"]


# --- an image that is made ---


def test_instructions_change_an_image_that_is_made() -> None:
    before = ImageConfig(workdir="/srv", env=("A=1",), command=("old",))
    made = with_instructions(
        before, ["ENV B=$A-2", "WORKDIR app", "WORKDIR $B", 'CMD ["new"]', "EXPOSE 80", "LABEL l=m", "USER web"]
    )
    assert (made.env, made.workdir, made.command) == (("A=1", "B=1-2"), "/srv/app/1-2", ("new",))
    assert (made.exposed_ports, made.labels, made.user) == (("80/tcp",), {"l": "m"}, "web")
    assert with_instructions(before, ["", "  "]) == before
    assert with_instructions(before, ['ENTRYPOINT ["run"]']).command == ()


def test_what_touches_files_is_no_change_of_an_image_that_is_made() -> None:
    with pytest.raises(DockerfileError, match="RUN cannot be applied"):
        with_instructions(ImageConfig(), ["ENV A=b", "RUN true"])
