"""What a Dockerfile or a context may try, and that it gets a clear answer and reaches nothing outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import WherryError
from engine.types.builds import BuildImage
from tests.system.builder.conftest import BASE, Builder, tar_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.stores import ShortTmp

FROM = f"FROM {BASE}\n"


async def told(builder: Builder, dockerfile: str) -> tuple[str, int]:
    """What a build that must fail says, and the line it points at."""
    build = await builder.failing(dockerfile, {"a": "x", "d/f": "y"})
    assert build.failure is not None
    return f"{build.failure.title}. {build.failure.hint}", build.error_line


@pytest.mark.parametrize(
    ("dockerfile", "words", "line"),
    [
        (
            FROM + "RUN ln -s /nowhere/x /link\nCOPY a /link/\n",
            "/link is a link to /nowhere/x in the image, and that leads nowhere",
            3,
        ),
        (FROM + "RUN ln -s /nowhere /link\nCOPY a /link/deep/er/\n", "which is on the way to /link/deep/er/", 3),
        (FROM + "RUN ln -s round /round\nCOPY a /round/\n", "/round is a link to round", 3),
        (FROM + "RUN ln -s /nowhere /link\nWORKDIR /link/a\n", "/link is a link to /nowhere", 3),
        (FROM + "COPY d /etc/passwd\n", "/etc/passwd is a file in the image and no directory", 2),
        (
            FROM + "RUN ln -s /etc/passwd /p\nCOPY a /p/b\n",
            "/p is a link to /etc/passwd in the image, and that is no directory",
            3,
        ),
    ],
)
async def test_what_stands_in_the_way_is_named(builder: Builder, dockerfile: str, words: str, line: int) -> None:
    said, where = await told(builder, dockerfile)
    assert words in said
    assert where == line


@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        (f"FROM {BASE} AS a\nCOPY --from=b /x /x\nFROM {BASE} AS b\nCOPY --from=a /x /x\n", "wait for each other"),
        (f"FROM {BASE} AS a\nCOPY --from=a /etc/passwd /x\n", "wait for each other"),
        (FROM + "COPY --from=7 /x /x\n", "There is no stage 7"),
        (f"FROM {BASE} AS tools\nFROM {BASE}\nCOPY --from=tols /x /x\n", "tools"),
        (FROM + "ONBUILD ONBUILD RUN true\n", "cannot be chained"),
        (FROM + "ONBUILD FROM scratch\n", "not allowed in ONBUILD"),
        (FROM + "RUN echo \0\n", "holds a NUL"),
        (FROM + f"LABEL a={'x' * 10_000_000}\n", "One instruction is longer than 2 MiB"),
        (FROM + f'RUN ["echo", "{"x" * 140_000}"]\n', "A word of the command has 140,000 bytes"),
        (FROM + f"ENV A={'x' * 140_000}\nRUN true\n", "The value of A is too long"),
        (FROM + "ADD https://127.0.0.1:9/x.git#main /x\n", "cannot be fetched"),
        (FROM + "ADD https://127.0.0.1:9/x.git#--upload-pack=x /x\n", "no branch, tag or commit"),
        (FROM + "RUN --mount=type=bind,from=nothere/at:all,target=/x true\n", "nothere"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
async def test_nonsense_has_a_clear_answer(builder: Builder, dockerfile: str, words: str) -> None:
    said, _ = await told(builder, dockerfile)
    assert words in said


async def test_texts_of_any_length_are_run_and_copied(builder: Builder) -> None:
    """A megabyte is more than the kernel takes as one word of a command."""
    lines = "# a line that does nothing\n" * 38_000
    built = await builder.build(
        "# " + "x" * 10_000_000 + "\n"
        f"{FROM}RUN <<EOF\n{lines}echo $((40+2)) > /first\nEOF\n"
        f"RUN <<EOF\n#!/bin/sh\n{lines}echo script > /second\nEOF\n"
        f"RUN cat > /third <<EOF\n{lines}EOF\n"
        f"COPY <<'EOF' /fourth\n{lines}EOF\n"
        f"RUN echo {'x' * 150_000} > /fifth\n"
    )
    assert await builder.read(built.image_id, "/first") == "42\n"
    assert await builder.read(built.image_id, "/second") == "script\n"
    assert await builder.read(built.image_id, "/third") == lines
    assert await builder.read(built.image_id, "/fourth") == lines
    assert len(await builder.read(built.image_id, "/fifth")) == 150_001


async def test_triggers_through_many_generations(builder: Builder) -> None:
    """Each image leaves its triggers to those built on it, once; hundreds of them are run in order."""
    triggers = "".join(f"ONBUILD ENV N{number}={number}\n" for number in range(300))
    await builder.build(FROM + triggers + "ONBUILD RUN env | grep -c ^N > /count\n", tags=("localhost/g0",))
    for number in range(1, 6):
        await builder.build(
            f"FROM localhost/g{number - 1}\nONBUILD RUN echo {number} >> /gen\n", tags=(f"localhost/g{number}",)
        )
    built = await builder.build("FROM localhost/g5\n")
    assert await builder.read(built.image_id, "/count") == "300\n"
    assert await builder.read(built.image_id, "/gen") == "1\n2\n3\n4\n5\n"


@pytest.mark.parametrize(
    "source", ["../../../../..{0}", "/absolute", "/relative", "/through/proc", "/proc/self/root{0}"]
)
async def test_a_copy_from_a_stage_stays_in_it(builder: Builder, tmp_path: Path, source: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "private").write_text("private")
    build = await builder.failing(
        f"FROM {BASE} AS a\nRUN ln -s {outside} /absolute && ln -s ../../../../..{outside} /relative"
        f" && mkdir /through && ln -s /proc/self/root{outside} /through/proc\n"
        f"FROM scratch\nCOPY --from=a {source.format(outside)} /x/\n"
    )
    assert build.failure is not None
    assert "is not there to copy from" in build.failure.title
    assert build.error_line == 4


async def test_a_mount_whose_place_is_moved_away_takes_nothing_outside(builder: Builder, tmp_path: Path) -> None:
    """CVE-2024-23652: what was made for a mount is removed after the step, and may have become a link by then."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "empty").write_text("")
    await builder.build(
        FROM + "RUN --mount=type=tmpfs,target=/made/for/empty "
        f"mv /made /moved && mkdir -p /made && ln -s {victim} /made/for || true\n"
        f"RUN --mount=type=secret,id=s,target=/other/empty mv /other /gone && ln -s {victim} /other || true\n"
    )
    assert [path.name for path in victim.iterdir()] == ["empty"]


async def test_a_link_in_a_cache_leads_nowhere_outside(builder: Builder, tmp_path: Path) -> None:
    """CVE-2024-23651: a cache's `source` that another step turns into a link."""
    victim = tmp_path / "victim"
    victim.mkdir()
    lines = FROM + f"RUN --mount=type=cache,id=t,target=/c ln -s {victim} /c/link && ln -s ../../.. /c/up\n"
    for source in ("link", "up", "up/etc", "../.."):
        mount = f"type=cache,id=t,source={source},target=/d"
        await builder.failing(lines + f"RUN --mount={mount} touch /d/evil && ! test -e /d/evil\n")
    assert list(victim.iterdir()) == []


async def test_a_file_that_becomes_a_link_between_two_steps_is_not_followed(
    builder: Builder, short_tmp: ShortTmp, tmp_path: Path
) -> None:
    """The context was scanned before the first step; by the second, a file and a directory have been exchanged."""
    secret = tmp_path / "outside"
    secret.mkdir()
    (secret / "f").write_text("private")
    builder.write({"a": "public", "d/f": "public"})
    dockerfile = (
        FROM + "COPY a /before\n"
        "RUN --mount=type=cache,id=gate,target=/gate echo here; until test -e /gate/go; do sleep 0.02; done\n"
        "COPY a /after\nCOPY d /d/\n"
    )
    handle = builder.engine.builds.build(BuildImage(context=str(builder.place), dockerfile_text=dockerfile))
    async for batch in builder.engine.builds.output(handle.id):
        if any(line.text == "here" for line in batch):
            (builder.place / "a").unlink()
            (builder.place / "a").symlink_to(secret / "f")
            (builder.place / "d").rename(builder.place / "was")
            (builder.place / "d").symlink_to(secret)
            (gate,) = (short_tmp.root / "builds").glob("cache-*")
            (gate / "go").touch()
    with pytest.raises(WherryError):
        await handle.result()
    build = await builder.engine.builds.get(handle.id)
    assert build.error_line in (4, 5)


async def test_a_step_may_be_told_to_be_insecure_and_is_root_of_nothing_here(builder: Builder) -> None:
    """CVE-2024-23653: more rights than asked for. Whatever a step is given, it is inside a user namespace."""
    built = await builder.build(FROM + "RUN --security=insecure cat /proc/self/uid_map\n", allow=("security.insecure",))
    first = built.lines[0].split()
    assert first[0] == "0"
    assert first[1] != "0"


async def test_a_line_of_output_without_end_is_cut_not_gathered(builder: Builder) -> None:
    built = await builder.build(FROM + "RUN head -c 10000000 /dev/zero | tr '\\0' x\n")
    assert sum(map(len, built.lines)) == 10_000_000
    assert max(map(len, built.lines)) < 1_000_000


@pytest.mark.parametrize(
    ("flag", "allowance"), [("--network=host", "network.host"), ("--security=insecure", "security.insecure")]
)
async def test_a_dockerfile_takes_nothing_unasked(builder: Builder, flag: str, allowance: Any) -> None:
    words, line = await told(builder, FROM + f"RUN {flag} true\n")
    assert "was not allowed" in words
    assert f"wherry build --allow {allowance}" in words
    assert line == 2
    assert (await builder.build(FROM + f"RUN {flag} true\n", allow=(allowance,))).image_id
    other = "security.insecure" if allowance == "network.host" else "network.host"
    assert "was not allowed" in (await told(builder, FROM + f"RUN {flag} echo again\n"))[0], f"not by {other}"


async def test_nor_does_a_base_image_by_its_onbuild(builder: Builder) -> None:
    await builder.build(FROM + "ONBUILD RUN --network=host cat /proc/net/dev\n", tags=("localhost/trap:1",))
    build = await builder.failing("FROM localhost/trap:1\nRUN true\n")
    assert build.failure is not None
    assert "was not allowed" in build.failure.title


async def test_who_chooses_the_hosts_network_has_allowed_it(builder: Builder) -> None:
    assert (await builder.build(FROM + "RUN --network=host true\n", network="host")).image_id


async def test_a_context_from_elsewhere_names_no_file_of_this_machine(builder: Builder, tmp_path: Path) -> None:
    """`POST /build?dockerfile=/abs` printed it, line by line, in the error."""
    secret = tmp_path / "secret"
    secret.write_text("FROM top-secret\n")
    request = BuildImage(dockerfile=str(secret))

    async def context() -> AsyncIterator[bytes]:
        yield tar_of({"a": "x"})

    handle = builder.engine.builds.build(request, context())
    with pytest.raises(WherryError) as caught:
        await handle.result()
    assert "top-secret" not in f"{caught.value}{caught.value.details}"
    build = await builder.engine.builds.get(handle.id)
    assert "top-secret" not in build.dockerfile_text
