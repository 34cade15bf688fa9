"""Builds on a machine in memory: the real language, plan, cache, copying and sealing; what RUN starts is played."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, NotFound, WherryError
from tests.support.played_builder import states
from tests.support.played_engine import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.machine import MachineInMemory
    from tests.support.played_builder import Builder


async def test_what_is_copied_and_run_is_in_the_image(builder: Builder) -> None:
    image, build = await builder.build(
        f"FROM {IMAGE}", "COPY src /app/", "RUN write app/made yes", files={"src/one": "1", "src/below/two": "2"}
    )

    assert await builder.read(image, "/app/one") == "1"
    assert await builder.read(image, "/app/below/two") == "2"
    assert await builder.read(image, "/app/made") == "yes"
    assert await builder.read(image, "/data/hello") == "hello\n"
    assert set(states(build).values()) == {"done"}
    assert len((await builder.engine.images.get(image)).layers) == 3


async def test_what_is_removed_is_gone_and_the_layer_below_untouched(builder: Builder) -> None:
    image, _ = await builder.build(f"FROM {IMAGE}", "RUN remove data/hello")

    with pytest.raises(NotFound):
        await builder.read(image, "/data/hello")
    assert await builder.read(IMAGE, "/data/hello") == "hello\n"


async def test_the_same_again_is_done_once(builder: Builder) -> None:
    lines = (f"FROM {IMAGE}", "COPY a /a", "RUN write b b")
    first, _ = await builder.build(*lines, files={"a": "a"})
    again, build = await builder.build(*lines)

    assert again == first
    assert states(build) == {lines[0]: "done", lines[1]: "cached", lines[2]: "cached"}


async def test_a_changed_file_is_done_again_and_all_after_it(builder: Builder) -> None:
    lines = (f"FROM {IMAGE}", "RUN write b b", "COPY a /a", "RUN write c c")
    await builder.build(*lines, files={"a": "a"})
    image, build = await builder.build(*lines, files={"a": "other"})

    assert await builder.read(image, "/a") == "other"
    assert [states(build)[line] for line in lines[1:]] == ["cached", "done", "done"]


async def test_without_the_cache_everything_is_done_again(builder: Builder) -> None:
    lines = (f"FROM {IMAGE}", "RUN write b b")
    await builder.build(*lines)
    _, build = await builder.build(*lines, no_cache=True)

    assert set(states(build).values()) == {"done"}


async def test_a_step_asks_the_keeper_for_few_things(builder: Builder, machine: MachineInMemory) -> None:
    """Each thing asked forks a worker: with one for each place that is mounted on, they were half of a step's time."""
    await builder.build(f"FROM {IMAGE}", "RUN write b b")
    machine.asked.clear()
    await builder.build(f"FROM {IMAGE}", "RUN write c c")

    assert len(machine.asked) <= 14, machine.asked
    assert "Stat" not in machine.asked


async def test_a_step_that_changes_nothing_makes_no_layer(builder: Builder) -> None:
    image, _ = await builder.build(f"FROM {IMAGE}", "RUN nothing at all")
    assert len((await builder.engine.images.get(image)).layers) == 1


async def test_a_step_that_fails_is_told_with_its_code(builder: Builder) -> None:
    with pytest.raises(WherryError) as caught:
        await builder.build(f"FROM {IMAGE}", "RUN missing here", "RUN write never reached")

    assert caught.value.code is Code.BUILD_STEP_FAILED
    assert "127" in str(caught.value)


async def test_one_stage_copies_from_another_and_leaves_the_rest(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE} AS made", "RUN write out/wanted w", "RUN write out/other o",
        "FROM scratch", "COPY --from=made /out/wanted /wanted",
    )  # fmt: skip

    assert await builder.read(image, "/wanted") == "w"
    assert await builder.names(image, "/") == ["/wanted"]


async def test_only_what_the_target_needs_is_built(builder: Builder) -> None:
    _, build = await builder.build(
        f"FROM {IMAGE} AS one", "RUN write a a", f"FROM {IMAGE} AS two", "RUN write b b", target="one"
    )
    assert not any("write b" in step for step in states(build))


async def test_entrypoint_takes_an_inherited_command_back(builder: Builder) -> None:
    base, _ = await builder.build(f"FROM {IMAGE}", 'CMD ["old"]', tags=("localhost/base",))
    image, _ = await builder.build("FROM localhost/base", 'ENTRYPOINT ["new"]')

    assert (await builder.engine.images.get(base)).config.command == ("old",)
    config = (await builder.engine.images.get(image)).config
    assert (config.entrypoint, config.command) == (("new",), ())


async def test_config_is_what_the_instructions_say(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE}", "ENV A=1 B=$A", "ENV B=$A", "USER web", "WORKDIR /app", "EXPOSE 80 53/udp", "LABEL l=m",
        "VOLUME /v", "STOPSIGNAL INT", "CMD serve",
    )  # fmt: skip

    config = (await builder.engine.images.get(image)).config
    assert {"A=1", "B=1"} <= set(config.env)
    assert (config.user, config.workdir, config.labels) == ("web", "/app", {"l": "m"})
    assert (set(config.exposed_ports), set(config.volumes)) == ({"80/tcp", "53/udp"}, {"/v"})
    assert (config.stop_signal, config.command) == ("INT", ("/bin/sh", "-c", "serve"))


async def test_pruning_the_cache_gives_what_no_image_has(builder: Builder) -> None:
    image, _ = await builder.build(f"FROM {IMAGE}", "RUN write b b", tags=("localhost/kept",))
    await builder.build(f"FROM {IMAGE}", "RUN write c c", tags=("localhost/gone",))
    await builder.engine.images.remove("localhost/gone")

    await builder.engine.builds.prune_cache()

    assert await builder.read(image, "/b") == "b"
    _, again = await builder.build(f"FROM {IMAGE}", "RUN write c c")
    assert set(states(again).values()) == {"done"}


async def test_everything_of_the_cache_can_be_forgotten_and_images_stay_whole(builder: Builder) -> None:
    image, _ = await builder.build(f"FROM {IMAGE}", "RUN write b b", tags=("localhost/kept",))

    assert (await builder.engine.builds.prune_cache()).ids == ()
    forgotten = await builder.engine.builds.prune_cache(all_unused=True)

    assert len(forgotten.ids) > 0
    assert forgotten.bytes == 0
    assert await builder.read(image, "/b") == "b"
    _, again = await builder.build(f"FROM {IMAGE}", "RUN write b b")
    assert "cached" not in states(again).values()


async def test_what_was_used_since_a_moment_is_not_pruned(builder: Builder) -> None:
    await builder.build(f"FROM {IMAGE}", "RUN write c c", tags=("localhost/gone",))
    await builder.engine.images.remove("localhost/gone")

    assert (await builder.engine.builds.prune_cache(until_ns=1)).ids == ()
    assert len((await builder.engine.builds.prune_cache(until_ns=time.time_ns())).ids) > 0


async def test_files_are_copied_as_the_flags_say(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE}",
        "COPY --chmod=640 --chown=5:6 a /one/",
        "COPY --exclude=*.log src /two/",
        "COPY a b /three/",
        "COPY *.txt /four/",
        "WORKDIR /five",
        "COPY a renamed",
        "COPY <<word /six\nhello $HOME\nword",
        files={"a": "a", "b": "b", "n.txt": "n", "src/keep": "k", "src/x.log": "x"},
    )
    found = {node.entry.path: node.entry for node in await builder.engine.images.tree(image, "/one")}
    entry = found["/one/a"]
    assert (entry.mode & 0o777, entry.uid, entry.gid) == (0o640, 5, 6)
    assert await builder.names(image, "/two") == ["/two/keep"]
    assert await builder.names(image, "/three") == ["/three/a", "/three/b"]
    assert await builder.names(image, "/four") == ["/four/n.txt"]
    assert await builder.read(image, "/five/renamed") == "a"
    assert "hello" in await builder.read(image, "/six")


async def test_what_the_ignore_file_names_is_not_in_the_context(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE}", "COPY . /app/",
        files={".dockerignore": "*.log\nsecret\n!keep.log\n", "a.log": "", "keep.log": "", "secret/k": "", "b": ""},
    )  # fmt: skip
    assert await builder.names(image, "/app") == ["/app/.dockerignore", "/app/b", "/app/keep.log"]


async def test_arguments_are_seen_by_steps_and_belong_to_their_keys(builder: Builder) -> None:
    lines = (f"FROM {IMAGE}", "ARG V=one", "COPY $V /v", "RUN write w w")
    first, _ = await builder.build(*lines, files={"one": "1", "two": "2"})
    second, build = await builder.build(*lines, build_args={"V": "two"})
    assert (await builder.read(first, "/v"), await builder.read(second, "/v")) == ("1", "2")
    assert [states(build)[line] for line in lines[2:]] == ["done", "done"]
    _, again = await builder.build(*lines, build_args={"V": "one"})
    assert [states(again)[line] for line in lines[2:]] == ["cached", "cached"]


async def test_an_image_has_the_names_and_labels_that_were_asked(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE}", "LABEL a=b", labels={"mine": "x", "a": "c"}, tags=("localhost/x:1", "localhost/y")
    )
    made = await builder.engine.images.get(image)
    assert made.config.labels == {"a": "c", "mine": "x"}
    assert {"localhost/x:1", "localhost/y:latest"} <= set(made.tags)
    assert (await builder.engine.images.get("localhost/y")).id == made.id


async def test_what_is_copied_and_missing_is_told_with_its_line(builder: Builder) -> None:
    for line in ("COPY nothing /x", "COPY --from=one /none /x"):
        with pytest.raises(WherryError) as caught:
            await builder.build(f"FROM {IMAGE} AS one", f"FROM {IMAGE}", line)
        assert line.split()[-2].strip("/") in str(caught.value)


async def test_steps_for_those_who_build_on_it_run_there(builder: Builder) -> None:
    await builder.build(f"FROM {IMAGE}", "ONBUILD RUN write later yes", tags=("localhost/base",))
    image, _ = await builder.build("FROM localhost/base", "RUN write own o")
    assert (await builder.read(image, "/later"), await builder.read(image, "/own")) == ("yes", "o")
    assert not (await builder.engine.images.get(image)).config.on_build


async def test_a_named_directory_stands_beside_the_context(builder: Builder, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/f").write_text("f")
    image, _ = await builder.build(
        f"FROM {IMAGE}", "COPY --from=more /f /f", named_contexts={"more": str(tmp_path / "other")}
    )
    assert await builder.read(image, "/f") == "f"
