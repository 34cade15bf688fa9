"""`wherry build` in buildx's words, on a real engine."""

from __future__ import annotations

import asyncio
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.registry import serve_registry
from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.system.api.conftest import Tool

FILES = f"FROM {IMAGE} AS made\nRUN echo hello > /hello\nFROM scratch\nCOPY --from=made /hello /\n"
PLATFORMS = "FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /$TARGETARCH\n"


@pytest.fixture
def wherry(wherry_here: Tool) -> Tool:
    (wherry_here.directory / "Dockerfile").write_text(FILES)
    return wherry_here


async def test_files_are_given_back_as_a_directory_and_as_archives(wherry: Tool) -> None:
    await wherry("build", "-o", "out", "-o", "type=tar,dest=t.tar", "-o", "type=oci,dest=o.tar", "-t", "named", ".")
    assert (wherry.directory / "out/hello").read_text() == "hello\n"
    with tarfile.open(wherry.directory / "t.tar") as archive:
        assert "hello" in {name.removeprefix("./") for name in archive.getnames()}
    with tarfile.open(wherry.directory / "o.tar") as archive:
        assert "oci-layout" in archive.getnames()


async def test_secrets_and_contexts_by_name_go_along(wherry: Tool) -> None:
    (wherry.directory / "token").write_text("sesame")
    (wherry.directory / "beside").mkdir()
    (wherry.directory / "beside/note").write_text("a note")
    (wherry.directory / "Dockerfile").write_text(
        f"FROM {IMAGE} AS made\nRUN --mount=type=secret,id=tok cat /run/secrets/tok > /tok\n"
        "FROM scratch\nCOPY --from=made /tok /\nCOPY --from=more note /\n"
    )
    words = ("--secret", "id=tok,src=token", "--build-context", "more=beside", "-o", "out", ".")
    await wherry("build", *words)
    assert (wherry.directory / "out/tok").read_text() == "sesame"
    assert (wherry.directory / "out/note").read_text() == "a note"


async def test_a_dockerfile_is_asked_and_checked_without_being_built(wherry: Tool, served: EmbeddedEngine) -> None:
    (wherry.directory / "Dockerfile").write_text(f"FROM {IMAGE} AS Base\nMAINTAINER me\n")
    out = await wherry("build", "--check", ".", code=1)
    assert "MaintainerDeprecated" in out
    assert "base (default)" in (await wherry("build", "--call", "targets", ".")).lower()
    assert await served.builds.list() == []


async def test_two_platforms_are_pushed_under_one_name(wherry: Tool, tmp_path: Path) -> None:
    (wherry.directory / "Dockerfile").write_text(PLATFORMS)
    with serve_registry(tmp_path / "at") as registry:
        name = f"{registry.host}/both"
        words = ("--platform", "linux/amd64,linux/arm64", "-t", name, "--push", "-o", "type=oci,dest=x", ".")
        await wherry("build", *words)
        with tarfile.open(wherry.directory / "x") as archive:
            top = json.load(archive.extractfile("index.json"))["manifests"][0]["digest"]  # type: ignore[arg-type]
            index = json.load(archive.extractfile(f"blobs/{top.replace(':', '/')}"))  # type: ignore[arg-type]
        assert [each["platform"]["architecture"] for each in index["manifests"]] == ["amd64", "arm64"]
        stored = registry.storage / f"docker/registry/v2/blobs/sha256/{top[7:9]}/{top[7:]}/data"
        assert stored.is_file(), "the registry has the very index of the archive"


async def test_what_is_in_a_cache_outside_is_not_done_again(
    wherry: Tool, served: EmbeddedEngine, tmp_path: Path
) -> None:
    with serve_registry(tmp_path / "at") as registry:
        where = f"type=registry,ref={registry.host}/cache"
        await wherry("build", "--cache-to", f"{where},mode=max", ".")
        await served.builds.prune_cache(all_unused=True)
        assert "Using cache" in await wherry("build", "--cache-from", where, ".")


async def test_what_is_in_a_directory_is_not_done_again_by_whatever_command(
    wherry: Tool, served: EmbeddedEngine
) -> None:
    await wherry("build", "--cache-from", "type=local,src=kept", "--cache-to", "type=local,dest=kept,mode=max", ".")
    assert json.loads((wherry.directory / "kept/index.json").read_text())["manifests"]
    await served.builds.prune_cache(all_unused=True)
    assert "Using cache" in await wherry("build", "--cache-from", "type=local,src=kept", ".")


async def test_a_step_is_lent_a_key_of_a_file(wherry: Tool) -> None:
    made = await asyncio.create_subprocess_exec(
        "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key", cwd=wherry.directory
    )
    assert await made.wait() == 0
    look = "RUN --mount=type=ssh test -S $SSH_AUTH_SOCK && echo there\n"
    (wherry.directory / "Dockerfile").write_text(f"FROM {IMAGE}\n{look}")
    assert "there" in await wherry("build", "--ssh", "default=key", ".")


async def test_a_program_reads_the_progress_as_buildx_tells_it(wherry: Tool) -> None:
    done = await wherry.try_("build", "--progress", "rawjson", "-t", "raw", ".")
    assert done.code == 0, done
    told = [json.loads(line) for line in done.err.splitlines()]
    names = {each["digest"]: each["name"] for one in told for each in one.get("vertexes", ())}
    assert "[made 2/2] RUN echo hello > /hello" in names.values()
    ended = {each["digest"] for one in told for each in one.get("vertexes", ()) if "completed" in each}
    assert ended == set(names)
    assert done.out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--secret", "id=x,src=nothing"), "No such file"),
        (("--ssh", "key=Dockerfile"), "cannot be used as a key"),
        (("--output", "type=odd"), "the type is one of"),
        (("--cache-to", "type=s3,bucket=b"), "at a registry"),
        (("--call", "odd"), "invalid --call"),
        (("--ulimit", "nofile"), "ulimit"),
    ],
)
async def test_what_cannot_be_meant_is_told_before_anything_is_sent(
    wherry: Tool, words: tuple[str, str], said: str
) -> None:
    done = await wherry.try_("build", *words, ".")
    assert done.code != 0
    assert said in done.err
