"""Caches outside: what one engine built, another finds at a registry, in a directory of the client, in the image."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.registry import serve_registry
from tests.system.api.conftest import IMAGE, Tool
from tests.system.api.test_buildkit import build, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.registry import Registry

__all__ = ["build"]
RECIPE = f"FROM {IMAGE} AS first\nRUN echo one > /one; echo was made\nFROM {IMAGE}\nCOPY --from=first /one /two\n"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with serve_registry(tmp_path / "at") as registry:
        yield registry


async def forget(served: EmbeddedEngine) -> None:
    """As an engine that never built this."""
    for image in await served.images.list():
        if image.tags != (IMAGE,):
            await served.images.remove(image.id, force=True)
    await served.builds.prune_cache(all_unused=True)


@pytest.mark.parametrize("kind", ["registry", "local"])
async def test_what_one_engine_built_another_finds(
    build: Tool, served: EmbeddedEngine, registry: Registry, kind: str
) -> None:
    to = f"type=registry,ref={registry.host}/cache" if kind == "registry" else "type=local,dest=../kept"
    origin = f"type=registry,ref={registry.host}/cache" if kind == "registry" else "type=local,src=../kept"
    first = await said(build, "-f", "-", "--cache-to", f"{to},mode=max", "-t", "t", ".", input=RECIPE.encode())
    assert "was made\n" in first
    made = (await served.images.get("t")).layers
    await forget(served)

    second = await said(build, "-f", "-", "--cache-from", origin, "-t", "t", ".", input=RECIPE.encode())
    assert second.count("CACHED") == 2
    assert " was made\n" not in second.replace("; echo was made\n", "")
    assert (await served.images.get("t")).layers == made


@pytest.mark.parametrize("first", ["buildx", "wherry"])
async def test_a_directory_that_one_command_wrote_the_other_reads(
    build: Tool, wherry_here: Tool, served: EmbeddedEngine, first: str
) -> None:
    wherry = Tool([*wherry_here.argv, "build"], wherry_here.environment, build.directory)
    (build.directory / "Dockerfile").write_text(RECIPE)
    writer, reader = (build, wherry) if first == "buildx" else (wherry, build)
    assert "was made" in (await said(writer, "--cache-to", "type=local,dest=../kept,mode=max", "-t", "t", "."))
    made = (await served.images.get("t")).layers
    await forget(served)

    read = await said(reader, "--cache-from", "type=local,src=../kept", "-t", "t", ".")
    assert read.count("Using cache" if reader is wherry else "CACHED") == 2, read
    assert (await served.images.get("t")).layers == made


async def test_without_all_steps_only_those_of_the_image_are_kept(
    build: Tool, served: EmbeddedEngine, registry: Registry
) -> None:
    where = f"type=registry,ref={registry.host}/cache"
    await said(build, "-f", "-", "--cache-to", where, ".", input=RECIPE.encode())
    await forget(served)
    out = await said(build, "-f", "-", "--cache-from", where, ".", input=RECIPE.encode())
    assert "was made\n" in out.replace("; echo was made\n", "")
    assert out.count("CACHED") == 1


async def test_an_image_says_itself_which_steps_made_it(
    build: Tool, served: EmbeddedEngine, registry: Registry
) -> None:
    name = f"{registry.host}/app"
    recipe = f"FROM {IMAGE}\nRUN echo one > /one; echo was made\n".encode()
    await said(build, "-f", "-", "--cache-to", "type=inline", "--push", "-t", name, ".", input=recipe)
    await forget(served)
    assert "CACHED" in await said(build, "-f", "-", "--cache-from", name, ".", input=recipe)


async def test_a_cache_that_is_none_is_told_and_harms_nothing(build: Tool, registry: Registry) -> None:
    where = f"type=registry,ref={registry.host}/nothing"
    out = await said(build, "-f", "-", "--cache-from", where, ".", input=RECIPE.encode())
    assert "importing cache manifest" in out
    assert "ERROR" in out
    assert "was made\n" in out


async def test_an_oci_layout_is_a_context(build: Tool, served: EmbeddedEngine) -> None:
    await said(build, "--target", "work", "-o", "type=oci,dest=x.tar", ".")
    layout = build.directory.parent / "layout"
    with tarfile.open(build.directory / "x.tar") as archive:
        archive.extractall(layout)
    digest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    recipe = b"FROM scratch\nCOPY --from=lay /bin/busybox /b\n"
    await said(
        build, "-f", "-", "--build-context", f"lay=oci-layout://../layout@{digest}", "-o", "out", ".", input=recipe
    )
    assert (build.directory / "out/b").stat().st_size > 100_000
