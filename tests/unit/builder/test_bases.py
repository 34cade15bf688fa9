"""What builds begin with: images of registries, for this machine and for others, and what they bring along."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import WherryError
from engine.types.builds import BuildImage
from tests.support.images import File, layer_tar
from tests.support.nasty_registry import serve_nastily
from tests.support.played_builder import states
from tests.support.played_engine import IMAGE
from tests.support.registry_in_memory import RegistryInMemory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.played_builder import Builder

BASE = layer_tar([File("from/base", b"base")])
NEWER = layer_tar([File("from/newer", b"newer")])


@pytest.fixture
async def registry() -> AsyncIterator[RegistryInMemory]:
    async with serve_nastily() as server:
        yield RegistryInMemory(server)


async def test_a_base_that_is_not_here_is_pulled_once(builder: Builder, registry: RegistryInMemory) -> None:
    config = {"Cmd": ["serve"], "Env": ["A=1"]}
    registry.image("base", "1", [BASE], config=config, author="me", history=[{"created_by": "made"}])
    lines = (f"FROM {registry.host}/base:1", "RUN write own o")
    image, build = await builder.build(*lines)

    assert await builder.read(image, "/from/base") == "base"
    made = await builder.engine.images.get(image)
    assert "A=1" in made.config.env
    assert made.author == "me"
    said = await builder.said(build)
    assert f"Pulling {registry.host}/base:1" in said
    assert all(one != other for one, other in pairwise(said)), "how far it is is said once"
    assert [(each.name, each.image_id.startswith("sha256:")) for each in build.bases] == [
        (f"{registry.host}/base:1", True)
    ]
    asked = len(registry.server.requests)
    await builder.build(*lines)
    assert len(registry.server.requests) == asked


async def test_a_newer_base_is_brought_where_that_is_asked(builder: Builder, registry: RegistryInMemory) -> None:
    registry.image("base", "1", [BASE])
    lines = (f"FROM {registry.host}/base:1", "RUN write own o")
    await builder.build(*lines)
    registry.image("base", "1", [NEWER])

    old, build = await builder.build(*lines)
    assert await builder.names(old, "/from") == ["/from/base"]
    assert states(build)[lines[1]] == "cached"
    new, build = await builder.build(*lines, pull=True)
    assert await builder.names(new, "/from") == ["/from/newer"]
    assert states(build)[lines[1]] == "done"


async def test_a_base_for_another_machine_does_not_take_the_name_of_the_one_here(
    builder: Builder, registry: RegistryInMemory
) -> None:
    here = registry.image("base", "own", [BASE])
    there = registry.image("base", "other", [NEWER], architecture="s390x")
    registry.index("base", "1", here, there)
    name = f"{registry.host}/base:1"
    await builder.build(f"FROM {name}")
    image, build = await builder.build(f"FROM {name}", platform="linux/s390x")

    assert await builder.names(image, "/from") == ["/from/newer"]
    assert build.bases[0].platform == "linux/s390x"
    assert await builder.names(name, "/from") == ["/from/base"]
    asked = len(registry.server.requests)
    await builder.build(f"FROM {name}", platform="linux/s390x")
    assert len(registry.server.requests) == asked, "it is known by its name and machine"


async def test_a_base_that_cannot_be_pulled_is_named(builder: Builder, registry: RegistryInMemory) -> None:
    for line in (f"FROM {registry.host}/none:1", f"FROM scratch\nCOPY --from={registry.host}/none:1 /x /x"):
        with pytest.raises(WherryError) as caught:
            await builder.build(line)
        assert caught.value.title.startswith(f"{registry.host}/none:1 could not be pulled: ")


async def test_a_name_that_is_nearly_a_stages_is_pointed_out(builder: Builder, registry: RegistryInMemory) -> None:
    with pytest.raises(WherryError) as caught:
        await builder.build(f"FROM {IMAGE} AS builder", "FROM scratch", f"COPY --from={registry.host}/buildr /x /x")
    assert caught.value.title.startswith(f"{registry.host}/buildr could not be pulled")


# --- what a recipe says of itself ---


async def examine(builder: Builder, *lines: str, **options: Any) -> Any:
    options = {"context": str(builder.place), "dockerfile_text": "\n".join(lines)} | options
    return await builder.engine.builds.examine(BuildImage(**options))


async def test_a_recipe_is_looked_at_with_what_is_known_of_its_base(builder: Builder) -> None:
    await builder.build(f"FROM {IMAGE}", "ENV KNOWN=1", "ONBUILD COPY later /x", tags=("localhost/base",))

    report = await examine(builder, "FROM localhost/base", "ENV OWN=$KNOWN", "ENV OTHER=$UNHEARD")
    assert [(each.line, "UNHEARD" in each.detail) for each in report.warnings] == [(3, True)]
    assert report.context_paths is None, "its triggers take what they like"
    assert (await examine(builder, f"FROM {IMAGE}", "COPY a b /x")).context_paths == ("a", "b")
    assert (await examine(builder, f"FROM {IMAGE}", "COPY a b /x", pull=True)).context_paths is None
    assert (await examine(builder, "FROM Not!A!Name", "COPY a /x")).context_paths is None
    assert (await examine(builder, "FROM localhost/unheard", "COPY a /x")).warnings == ()


async def test_a_recipe_is_read_from_its_context(builder: Builder) -> None:
    (builder.place / "Dockerfile").write_text(f"FROM {IMAGE} AS one\nFROM one AS two\n")
    report = await examine(builder, dockerfile_text=None)
    assert [each.name for each in report.targets] == ["one", "two"]
    with pytest.raises(WherryError) as caught:
        await examine(builder, dockerfile_text=None, dockerfile="Dockerfil")
    assert "There is Dockerfile in the same place" in str(caught.value.hint)


OUTSIDE = [
    ({"context": "", "dockerfile": "Dockerfile"}, "There is neither a build context nor a Dockerfile"),
    ({"dockerfile": "../outside"}, "../outside leads out of the build context"),
    ({"dockerfile": "linked"}, "linked leads out of the build context"),
    ({"dockerfile": "deep/none"}, "There is no deep/none in"),
    ({"context": "/nowhere/at/all", "dockerfile_text": "FROM scratch"}, "There is no directory /nowhere/at/all"),
]


async def test_a_recipe_that_is_not_in_the_context_is_not_read(builder: Builder) -> None:
    context = builder.place / "context"
    context.mkdir()
    (builder.place / "outside").write_text("FROM scratch\n")
    (context / "linked").symlink_to("../outside")
    for options, told in OUTSIDE:
        with pytest.raises(WherryError) as caught:
            await builder.build(**({"context": str(context), "dockerfile_text": None} | options))
        assert told in str(caught.value)


async def test_a_recipe_of_ones_own_may_lie_anywhere(builder: Builder) -> None:
    (builder.place / "mine").write_text("FROM scratch\nCOPY there /x\n")
    context = builder.place / "context"
    context.mkdir()
    (context / "there").write_text("1")
    image, _ = await builder.build(context=str(context), dockerfile_text=None, dockerfile=str(builder.place / "mine"))
    assert await builder.read(image, "/x") == "1"


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"squash": True}, "Squashing an image's layers is not supported"),
    ({"tags": ("localhost/a@sha256:" + "0" * 64,)}, "has a digest; a build can only be given a tag"),
    ({"tags": ("UPPER/Case",)}, "UPPER/Case"),
]


async def test_what_a_build_cannot_give_is_said_before_it_begins(builder: Builder) -> None:
    for options, told in IMPOSSIBLE:
        with pytest.raises(WherryError) as caught:
            await builder.build("FROM scratch", **options)
        assert told in str(caught.value)
        assert (await builder.engine.builds.list())[-1].steps == ()
