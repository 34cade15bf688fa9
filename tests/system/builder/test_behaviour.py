"""The graph, the cache, failures, and what hostile recipes try."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from engine.builder import workshop
from engine.errors import Cancelled, InvalidRequest, WherryError
from engine.types.builds import BuildImage, StepState
from engine.types.containers import Exec, State
from tests.system.builder.conftest import BASE, Builder, tar_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.embedded import EmbeddedEngine

FROM = f"FROM {BASE}\n"


async def test_nothing_is_done_twice_and_the_image_is_the_same(builder: Builder) -> None:
    dockerfile = FROM + "WORKDIR /w\nCOPY a .\nRUN cat a > b\nCMD cat b\n"
    first = await builder.build(dockerfile, {"a": "1"})
    os.utime(builder.place / "a", (1, 1))  # another time is not another content
    second = await builder.build(dockerfile)
    assert second.image_id == first.image_id
    assert second.states()["RUN cat a > b"] == "cached"
    third = await builder.build(dockerfile, {"a": "2"})
    assert third.states()["WORKDIR /w"] == "cached"
    assert third.states()["COPY a ."] == "done"
    assert await builder.read(third.image_id, "/w/b") == "2"
    fresh = await builder.build(dockerfile, no_cache=True)
    assert "cached" not in fresh.states().values()


async def test_a_stage_that_ran_again_to_the_same_end_changes_nothing_after_it(builder: Builder) -> None:
    dockerfile = (
        f"FROM {BASE} AS tools\nARG N\nRUN echo $N > /dev/null && echo tool > /tool\n"
        "FROM scratch\nCOPY --from=tools /tool /tool\n"
    )
    await builder.build(dockerfile, build_args={"N": "1"})
    second = await builder.build(dockerfile, build_args={"N": "2"})
    states = second.states()
    assert states["RUN echo $N > /dev/null && echo tool > /tool"] == "done"
    assert states["COPY --from=tools /tool /tool"] == "cached"


async def test_a_source_date_makes_two_builds_equal(builder: Builder) -> None:
    dockerfile = FROM + "COPY a /a\nRUN echo x > /x\n"
    first = await builder.build(dockerfile, {"a": "1"}, source_date_epoch=1_000_000_000)
    second = await builder.build(dockerfile, source_date_epoch=1_000_000_000, no_cache=True)
    assert first.image_id == second.image_id
    entry = (await builder.files(second.image_id))["/x"]
    assert entry.mtime == 1_000_000_000


@pytest.mark.parametrize("latest", [None, 1_000_000_000])
async def test_what_was_built_can_be_saved(builder: Builder, latest: int | None) -> None:
    """Layers are packed anew for a push or a save, and must come out byte for byte as they were made."""
    files: dict[str, str | bytes] = {"a.txt": "1", "a/b": "2", "a/c/" + "long" * 40: "3", "é": "4"}
    (builder.place / "link").symlink_to("a.txt")
    dockerfile = FROM + "COPY . /new/place/\nCOPY a.txt /etc/\nCOPY <<doc /doc\nx\ndoc\nRUN echo x > /x && ln /x /y\n"
    built = await builder.build(dockerfile, files, tags=("localhost/saved",), source_date_epoch=latest)
    archive = b"".join([piece async for piece in builder.engine.images.save(["localhost/saved"])])
    assert len(archive) > 10_000
    assert (await builder.engine.images.get("localhost/saved")).id == built.image_id


async def test_independent_stages_overlap_and_unused_ones_do_not_run(builder: Builder) -> None:
    # Each waits for what only the other makes: this ends only if they run at the same time.
    shared = (
        "RUN --mount=type=cache,id=meet,target=/meet touch /meet/{0}; while ! test -e /meet/{1}; do sleep 0.05; done; "
    )
    built = await builder.build(
        f"FROM {BASE} AS one\n{shared.format('one', 'two')}touch /one\n"
        f"FROM {BASE} AS two\n{shared.format('two', 'one')}touch /two\n"
        f"FROM {BASE} AS unused\nRUN exit 1\n"
        "FROM scratch\nCOPY --from=one /one /\nCOPY --from=two /two /\n"
    )
    assert {"/one", "/two"} <= set(await builder.files(built.image_id))
    assert "RUN exit 1" not in built.states()


async def test_a_failed_step_tells_where_and_keeps_its_files(builder: Builder) -> None:
    build = await builder.failing(FROM + "WORKDIR /w\nRUN echo half > done && echo oops >&2 && exit 3\nRUN never\n")
    assert build.failure is not None
    assert "exit code 3" in build.failure.title
    assert build.error_line == 3
    states = {step.number: step.state for step in build.steps}
    assert (states[2], states[3]) == (StepState.FAILED, StepState.SKIPPED)
    lines = [line async for batch in builder.engine.builds.output(build.id) for line in batch]
    assert ("oops", "stderr") in {(line.text, line.stream) for line in lines}
    kept = await builder.engine.containers.get(build.kept_container)
    assert kept.state is State.CREATED
    assert any(kept.name in line.text for line in lines), "its name is said where the failure is"
    await builder.engine.containers.start(kept.id)
    session = await builder.engine.containers.exec(kept.id, Exec(command=("cat", "/w/done")))
    assert (await session.read()) == ("stdout", b"half\n")
    assert await session.exit_code() == 0
    await session.close()
    await builder.engine.containers.remove(kept.id, force=True)


async def test_what_a_failed_step_left_goes_after_a_day(builder: Builder) -> None:
    build = await builder.failing(FROM + "RUN exit 3\n")
    kept = await builder.engine.containers.get(build.kept_container)
    steps = cast("EmbeddedEngine", builder.engine).builds.kept
    await steps.clear(kept.created + timedelta(hours=23))
    await builder.engine.containers.start(kept.id)
    await steps.clear(kept.created + timedelta(hours=25))
    assert (await builder.engine.containers.get(kept.id)).state is State.RUNNING, "somebody looks into it"
    await builder.engine.containers.kill(kept.id)
    await builder.engine.containers.wait(kept.id)
    await steps.clear(kept.created + timedelta(hours=25))
    assert await builder.engine.containers.list() == []
    assert kept.image_id not in {image.id for image in await builder.engine.images.list()}


async def test_a_path_is_put_before_the_one_there_is_where_the_image_names_none(builder: Builder) -> None:
    bare = f"FROM scratch\nCOPY --from={BASE} / /\n"
    built = await builder.build(bare + "ENV PATH=/mine:$PATH\nRUN echo seen $PATH && ls /bin\n")
    assert "seen /mine:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" in built.lines
    image = await builder.engine.images.get(built.image_id)
    assert "PATH=/mine:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" in image.config.env


async def test_a_step_finds_the_directory_of_a_volume(builder: Builder) -> None:
    built = await builder.build(FROM + "VOLUME /run/xx /v\nRUN touch /run/xx/f && ls -d /v\n")
    assert "/v" in built.lines


@pytest.mark.parametrize("keep", [1500, 4700])
async def test_adding_a_broken_archive_fails(builder: Builder, keep: int) -> None:
    archive = tar_of({"f": "x" * 4000, "g": "y" * 4000})
    build = await builder.failing(FROM + "ADD a.tar /x/\n", {"a.tar": archive[:keep]})
    assert build.failure is not None
    assert "archive" in build.failure.title


async def test_cancelling_ends_the_step_at_once_and_leaves_nothing(builder: Builder) -> None:
    handle = builder.engine.builds.build(BuildImage(dockerfile_text=FROM + "RUN echo started && sleep 1000\n"))
    async for batch in builder.engine.builds.output(handle.id):
        if any(line.text == "started" for line in batch):
            handle.cancel()
    with pytest.raises(Cancelled):
        await handle.result()
    build = await builder.engine.builds.get(handle.id)
    assert build.steps[-1].state is StepState.CANCELLED


@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        (FROM + "COPY missing /x\n", "missing is not in the build context"),
        (FROM + "COPY ../../../etc/passwd /x\n", "not in the build context"),
        (FROM + "COPY out /x\n", "not in the build context"),
        (FROM + "COPY a b /x\n", "Several sources"),
        (FROM + "COPY --from=nowhere/at:all /x /x\n", "nowhere"),
        (FROM + "COPY --chown=nobody-knows a /x\n", "nobody-knows"),
        (FROM + "RUN not-a-command\n", "exit code 127"),
        (FROM + 'RUN ["/no/such"]\n', "/no/such"),
        (FROM + "EXPOSE 99999\n", "no port"),
        (FROM + "STOPSIGNAL NOPE\n", "no signal"),
        ("FROM localhost/not-here\n", "not-here"),
        (FROM + "RUN --mount=type=secret,id=x,required=true true\n", "required"),
    ],
)
async def test_mistakes_are_named(builder: Builder, dockerfile: str, words: str) -> None:
    (builder.place / "out").symlink_to("/etc")
    build = await builder.failing(dockerfile, {"a": "", "b": ""})
    assert build.failure is not None
    told = f"{build.failure.title} {build.failure.explanation} {build.failure.details}"
    lines = [line.text async for batch in builder.engine.builds.output(build.id) for line in batch]
    assert words in told or any(words in line for line in lines)


async def test_links_of_the_context_are_copied_as_links_and_never_followed_out(
    builder: Builder, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("private")
    (builder.place / "dir").mkdir()
    (builder.place / "dir/leak").symlink_to(tmp_path / "outside")
    built = await builder.build("FROM scratch\nCOPY dir /dir\n")
    assert (await builder.files(built.image_id))["/dir/leak"].link == str(tmp_path / "outside")


async def test_a_copy_through_a_link_of_the_image_stays_in_the_image(builder: Builder, tmp_path: Path) -> None:
    target = tmp_path / "host"
    target.mkdir()
    built = await builder.build(FROM + f"RUN mkdir -p {target} && ln -s {target} /link\nCOPY a /link/a\n", {"a": "x"})
    assert list(target.iterdir()) == []
    assert await builder.read(built.image_id, f"{target}/a") == "x"


@pytest.mark.parametrize("directory", ["/proc/self/fd/8", "/proc/self/fd/7/../../../../../..", "/proc/1/root"])
async def test_a_working_directory_in_proc_reaches_nothing(builder: Builder, directory: str, tmp_path: Path) -> None:
    (tmp_path / "flag").write_text("private")
    request = BuildImage(
        dockerfile_text=FROM + f"WORKDIR {directory}\nRUN cat {tmp_path}/flag ../../..{tmp_path}/flag\n"
    )
    with pytest.raises(WherryError):
        await builder.engine.builds.build(request).result()


async def test_a_mount_target_that_is_a_link_stays_inside(builder: Builder, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/file").write_text("here")
    await builder.build(
        FROM
        + f"RUN mkdir -p {tmp_path}/victim && ln -s {tmp_path}/victim /trap\n"
        + "RUN --mount=type=tmpfs,target=/trap/file2 true || true\n"
        + "RUN --mount=type=cache,target=/trap/c touch /trap/c/x || true\n"
    )
    assert sorted(path.name for path in (tmp_path / "victim").iterdir()) == ["file"]


async def test_a_hostile_stream_is_refused(builder: Builder) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield tar_of({"../../escape": "x"})

    with pytest.raises(WherryError, match="leads out"):
        await builder.engine.builds.build(BuildImage(), stream()).result()

    async def garbage() -> AsyncIterator[bytes]:
        yield b"no tar at all" * 100

    with pytest.raises(WherryError, match="no tar archive"):
        await builder.engine.builds.build(BuildImage(), garbage()).result()


async def test_history_of_builds_survives(builder: Builder) -> None:
    built = await builder.build(FROM + "RUN echo remembered\n", tags=("localhost/h:1",))
    builds = await builder.engine.builds.list()
    assert [build.id for build in builds] == [built.build.id]
    again = [line.text async for batch in builder.engine.builds.output(built.build.id) for line in batch]
    assert again == ["remembered"]
    with pytest.raises((InvalidRequest, WherryError)):
        await builder.engine.builds.get("nothing")


@pytest.mark.parametrize("raised", [OSError(28, "No space left on device"), ValueError("a bug"), MemoryError()])
async def test_a_build_ends_for_who_reads_its_output_whatever_happens(
    builder: Builder, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None], raised: Exception
) -> None:
    expect_log("failed unexpectedly")

    def fail(*words: object, **options: object) -> None:
        raise raised

    monkeypatch.setattr(workshop, "make_plan", fail)
    handle = builder.engine.builds.build(BuildImage(context=str(builder.place), dockerfile_text=f"FROM {BASE}"))
    async with asyncio.timeout(20):
        async for _ in builder.engine.builds.output(handle.id):
            pass
        with pytest.raises(WherryError):
            await handle.result()
    assert (await builder.engine.builds.get(handle.id)).failure is not None


async def test_a_build_that_is_called_off_before_its_first_step_ends(builder: Builder) -> None:
    handle = builder.engine.builds.build(BuildImage(context=str(builder.place), dockerfile_text=f"FROM {BASE}"))
    handle.cancel()
    async with asyncio.timeout(20):
        async for _ in builder.engine.builds.output(handle.id):
            pass
        with pytest.raises(Cancelled):
            await handle.result()
    assert (await builder.engine.builds.get(handle.id)).ended is not None
