"""Builds on a Docker: the directory that is sent, and what its builder tells as it goes."""

from __future__ import annotations

import contextlib
import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, InvalidRequest, NotFound, RuntimeFailure, Unsupported
from engine.remote.packed_context import packed
from engine.types.builds import BuildImage, BuildSecret, StepState
from engine.types.data import Freed
from tests.support.scripted_docker import Answer, ScriptedDocker
from tests.unit.remote.test_docker_images import ID, image, lines, once

if TYPE_CHECKING:
    from pathlib import Path

    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp


def unpacked(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {each.name: archive.extractfile(each) if each.isreg() else None for each in archive}
        return {name: file.read() if file else b"" for name, file in found.items()}


async def test_a_build_sends_the_directory_and_is_followed_step_by_step(
    docker: ScriptedDocker, engine: RemoteEngine, short_tmp: ShortTmp
) -> None:
    context = short_tmp.path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM x\nRUN y")
    (context / "secret").write_text("no")
    (context / ".dockerignore").write_text("secret\nDockerfile\n")
    said = ["Step 1/2 : FROM x\n", " ---> 123\n", "Step 2/2 : RUN y\nout\n\n", f"Successfully built {ID}\n"]
    docker.says("POST /build", lines(*({"stream": each} for each in said), {"aux": {"ID": ID}}, {"status": "pulled"}))
    docker.says("GET /images/shop:1/json", image())
    request = BuildImage(
        context=str(context), tags=("shop:1", "shop:2"), target="t", build_args={"A": "b"}, labels={"x": "y"},
        no_cache=True, pull=True, platform="linux/arm64", network="host", extra_hosts=("a:1", "b:2"),
    )  # fmt: skip
    handle = engine.builds.build(request)
    assert (handle.snapshot.kind, handle.snapshot.title) == ("build", "Build shop:1")
    assert await handle.result() == ID
    asked = docker.last("POST /build")
    assert asked.query == (
        't=shop:1&t=shop:2&dockerfile=Dockerfile&target=t&buildargs={"A":"b"}&labels={"x":"y"}&nocache=1&pull=1'
        "&platform=linux/arm64&networkmode=host&extrahosts=a:1,b:2&rm=1&forcerm=1&version=1"
    )
    assert asked.headers["Content-Type"] == "application/x-tar"
    assert unpacked(asked.body) == {".dockerignore": b"secret\nDockerfile\n", "Dockerfile": b"FROM x\nRUN y"}
    [build] = await engine.builds.list()
    assert build == await engine.builds.get(handle.id)
    assert (build.image_id, build.failure, build.ended is not None, build.context) == (ID, None, True, str(context))
    shown = [(each.id, each.number, each.total, each.instruction, each.state, each.depends_on) for each in build.steps]
    assert shown == [
        ("1", 1, 2, "FROM x", StepState.DONE, ()), ("2", 2, 2, "RUN y", StepState.DONE, ("1",)),
    ]  # fmt: skip
    assert all(each.ended for each in build.steps)
    async with contextlib.aclosing(engine.builds.output(build.id)) as batches:  # type: ignore[type-var]
        [batch] = [batch async for batch in batches]
    assert [(each.step, each.text) for each in batch] == [
        ("1", " ---> 123"), ("2", "out"), ("2", f"Successfully built {ID}"), ("2", "pulled"),
    ]  # fmt: skip
    assert (handle.snapshot.done, handle.snapshot.total) == (1, 2)
    await engine.builds.forget(build.id)
    assert not await engine.builds.list()
    with pytest.raises(NotFound, match="No such build"):
        await engine.builds.forget(build.id)


async def test_the_output_of_a_build_is_followed_until_it_ends(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    docker.says("POST /build", Answer((b'{"stream":"STEP 1/1: FROM x"}\n{"stream":"one"}\n',), then="hold"))
    handle = engine.builds.build(BuildImage(context="https://x.org/a.git"))
    async with contextlib.aclosing(engine.builds.output(handle.id)) as batches:  # type: ignore[type-var]
        seen: list[str] = []
        async for batch in batches:
            seen += [each.text for each in batch]
            if seen == ["one"]:
                break
    [batch] = [each async for each in engine.builds.output(handle.id, follow=False)]
    assert [each.text for each in batch] == ["one"]
    assert (await engine.builds.get(handle.id)).steps[0].state is StepState.RUNNING
    assert docker.last("POST /build").query.startswith("dockerfile=Dockerfile&remote=https://x.org/a.git&")
    handle.cancel()


async def test_a_build_that_fails_says_at_which_step(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    said: list[dict[str, Any]] = [{"stream": "Step 1/1 : RUN x"}, {"error": "exit 1"}]
    docker.says("POST /build", lines(*said))
    handle = engine.builds.build(BuildImage(), once(b"given"))
    with pytest.raises(RuntimeFailure, match="exit 1") as failed:
        await handle.result()
    assert failed.value.code is Code.BUILD_STEP_FAILED
    build = await engine.builds.get(handle.id)
    assert build.failure is not None
    assert (build.failure.title, build.steps[0].state, build.ended is not None) == ("exit 1", StepState.FAILED, True)
    assert docker.last("POST /build").body == b"given"
    with pytest.raises(Unsupported, match="Secrets"):
        engine.builds.build(BuildImage(secrets=(BuildSecret(id="s", value=b"x"),)))
    with pytest.raises(Unsupported, match="Secrets"):
        engine.builds.build(BuildImage(ssh_sockets={"default": "/x"}))


@pytest.mark.parametrize("said", [{"stream": f"Successfully built {ID}\n"}, {"aux": {"ID": ID}}])
async def test_a_build_without_a_name_is_known_by_what_the_builder_says(
    docker: ScriptedDocker, engine: RemoteEngine, said: dict[str, Any]
) -> None:
    docker.says("POST /build", lines(said, {"stream": "after"}))
    docker.says(f"GET /images/{ID}/json", image())
    handle = engine.builds.build(BuildImage(context="git@x.org:a"))
    assert (await handle.result(), handle.snapshot.title) == (ID, "Build git@x.org:a")


async def test_the_build_cache_is_pruned(docker: ScriptedDocker, engine: RemoteEngine) -> None:
    assert await engine.builds.cache() == ()
    docker.says("POST /build/prune", {"CachesDeleted": ["a"], "SpaceReclaimed": 4}, None)
    assert await engine.builds.prune_cache(all_unused=True) == Freed(ids=("a",), bytes=4)
    assert docker.lines()[-1] == "POST /build/prune?all=1"
    assert await engine.builds.prune_cache() == Freed()
    assert docker.lines()[-1] == "POST /build/prune"


async def test_what_a_context_holds(tmp_path: Path) -> None:
    """Packed as the other machine is to read it: its Dockerfile in it under whichever name."""

    async def members(request: BuildImage) -> tuple[BuildImage, dict[str, bytes]]:
        asked, pieces = packed(request)
        return asked, unpacked(b"".join([piece async for piece in pieces]))

    (tmp_path / "c" / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "outside").write_text("FROM outside")
    for name in ("Dockerfile", "sub/Dockerfile", "sub/a", "sub/deep/b", "keep"):
        (tmp_path / "c" / name).write_text(name)
    (tmp_path / "c" / "sub" / "Dockerfile.dockerignore").write_text("sub\n")
    (tmp_path / "c" / "link").symlink_to("sub")
    base = BuildImage(context=str(tmp_path / "c"))

    asked, found = await members(base)
    assert (asked.context, asked.filtered, asked.dockerfile) == ("", True, "Dockerfile")
    assert set(found) == {"Dockerfile", "keep", "link", "sub", "sub/Dockerfile", "sub/Dockerfile.dockerignore",
                          "sub/a", "sub/deep", "sub/deep/b"}  # fmt: skip

    replaced: dict[str, Any] = {"dockerfile": "sub/Dockerfile"}
    asked, found = await members(BuildImage(context=base.context, **replaced))
    assert (asked.dockerfile, set(found)) == ("sub/Dockerfile", {"Dockerfile", "keep", "link", "sub/Dockerfile"})

    inside = BuildImage(context=base.context, dockerfile=str(tmp_path / "c" / "sub" / "Dockerfile"))
    assert (await members(inside))[0].dockerfile == "sub/Dockerfile"

    outside = BuildImage(context=base.context, dockerfile=str(tmp_path / "outside"))
    asked, found = await members(outside)
    assert found[asked.dockerfile] == b"FROM outside"

    asked, found = await members(BuildImage(context=base.context, dockerfile_text="FROM text"))
    assert (found[asked.dockerfile], asked.dockerfile_text) == (b"FROM text", None)

    with pytest.raises(InvalidRequest, match="is no directory") as refused:
        packed(BuildImage(context=str(tmp_path / "nosuch")))
    assert refused.value.subject == str(tmp_path / "nosuch")
    (tmp_path / "c" / ".dockerignore").write_text("[\n")
    with pytest.raises(InvalidRequest, match="cannot be used"):
        await members(base)
