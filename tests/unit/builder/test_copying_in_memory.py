"""COPY and ADD on a machine in memory: what is taken from stages and contexts, how it lands, and what cannot be."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.errors import WherryError
from tests.support.played_builder import states
from tests.support.played_engine import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.played_builder import Builder

MADE = (
    f"FROM {IMAGE} AS made", "RUN write out/a.txt a", "RUN write out/b.log b", "RUN write out/deep/c.txt c",
    "RUN write out/deep/er/d.txt d", "FROM scratch",
)  # fmt: skip


PICKED = [
    ("COPY --from=made /out/*.txt /got/", ["/got/a.txt"]),
    ("COPY --from=made /out/**/*.txt /got/", ["/got/a.txt", "/got/c.txt", "/got/d.txt"]),
    ("COPY --from=made /out/d*/c.txt /got/", ["/got/c.txt"]),
    ("COPY --from=made /out/deep /got/", ["/got/c.txt", "/got/er", "/got/er/d.txt"]),
    (
        "COPY --from=made --parents /out/deep/er/d.txt /got/",
        ["/got/out", "/got/out/deep", "/got/out/deep/er", "/got/out/deep/er/d.txt"],
    ),
    ("COPY --from=made --parents /out/./deep/er/d.txt /got/", ["/got/deep", "/got/deep/er", "/got/deep/er/d.txt"]),
    (
        "COPY --from=made --exclude=*.log /out /got/",
        ["/got/a.txt", "/got/deep", "/got/deep/c.txt", "/got/deep/er", "/got/deep/er/d.txt"],
    ),
    ("COPY --from=made --exclude=deep/er /out /got/", ["/got/a.txt", "/got/b.log", "/got/deep", "/got/deep/c.txt"]),
    ("COPY --from=0 /out/a.txt /got/renamed", ["/got/renamed"]),
]


async def test_what_a_pattern_names_in_another_stage_is_copied(builder: Builder) -> None:
    for line, names in PICKED:
        image, _ = await builder.build(*MADE, line)
        assert await builder.names(image, "/got") == names, line


REFUSED = [
    ("COPY --from=made /none /x", "/none is not there to copy from"),
    ("COPY --from=made /out/*.zip /x", "Nothing matches /out/*.zip there"),
    ("COPY --from=made /nowhere/* /x", "Nothing matches /nowhere/* there"),
    ("COPY --chmod=9 --from=made /out /x", "is no file mode"),
    ("COPY --chmod=10000 --from=made /out /x", "is no file mode"),
    ("COPY --exclude=[ --from=made /out /x", "bracket"),
    ("COPY nothing.txt /x", "nothing.txt is not in the build context"),
    ("COPY *.none /x", "*.none is not in the build context"),
]


async def test_what_cannot_be_copied_is_told_with_its_line(builder: Builder) -> None:
    for line, told in REFUSED:
        with pytest.raises(WherryError) as caught:
            await builder.build(*MADE, line, files={"there": "1"})
        assert told in str(caught.value), line
        failed = (await builder.engine.builds.list())[-1]
        assert failed.error_line == len(MADE) + 1, line


async def test_modes_and_times_are_as_asked_wherever_files_come_from(builder: Builder) -> None:
    image, _ = await builder.build(
        *MADE, "COPY --from=made --chmod=700 /out /got/", "COPY --chmod=711 there /own/",
        files={"there": "1"}, source_date_epoch=1000,
    )  # fmt: skip
    got, own = await builder.entries(image, "/got"), await builder.entries(image, "/own")
    assert {path: entry.mode & 0o777 for path, entry in got.items() if entry.kind.value == "file"} == dict.fromkeys(
        ("/got/a.txt", "/got/b.log", "/got/deep/c.txt", "/got/deep/er/d.txt"), 0o700
    )
    assert own["/own/there"].mode & 0o777 == 0o711
    assert max(entry.mtime for entry in (*got.values(), *own.values())) == 1000


async def test_times_before_the_source_date_stay(builder: Builder) -> None:
    (builder.place / "old").write_text("old")
    os.utime(builder.place / "old", (500, 500))
    image, _ = await builder.build(f"FROM {IMAGE}", "COPY old /own/", build_args={"SOURCE_DATE_EPOCH": "1000"})
    assert (await builder.entries(image, "/own"))["/own/old"].mtime == 500


async def test_a_link_is_followed_inside_the_context_and_never_out_of_it(builder: Builder, tmp_path: Path) -> None:
    place = tmp_path / "context"
    (place / "real").mkdir(parents=True)
    (tmp_path / "outside").write_text("secret")
    (place / "real/file").write_text("f")
    (place / "inner").symlink_to("real/file")
    (place / "whole").symlink_to("/real")
    (place / "up").symlink_to("../../../../real/./file")
    (place / "out").symlink_to(str(tmp_path / "outside"))
    (place / "round").symlink_to("round")
    (place / "real/kept").symlink_to("file")
    image, _ = await builder.build(
        f"FROM {IMAGE}", "COPY inner up /a/", "COPY whole /b/", "COPY real/kept /c/d", context=str(place)
    )
    assert await builder.read(image, "/a/inner") == await builder.read(image, "/a/up") == "f"
    assert await builder.names(image, "/b") == ["/b/file", "/b/kept"]
    assert (await builder.entries(image, "/b"))["/b/kept"].link == "file"
    assert await builder.read(image, "/c/d") == "f"
    for name in ("out", "round", "gone/x"):
        with pytest.raises(WherryError):
            await builder.build(f"FROM {IMAGE}", f"COPY {name} /x", context=str(place))


IN_THE_WAY = [
    (("RUN write was/file x", "COPY there /was/file/in/"), "/was/file is a file in the image and no directory, which"),
    (("RUN link astray nowhere", "COPY there /astray/"), "/astray is a link to nowhere in the image, and that leads"),
    (
        ("RUN link tofile data/hello", "COPY there /tofile/x/"),
        "/tofile is a link to data/hello in the image, and that is",
    ),
    (("RUN write was/file x", "WORKDIR /was/file"), "/was/file is a file in the image and no directory"),
    (("RUN link astray nowhere", "WORKDIR /astray/below"), ", which is on the way to /astray/below"),
]


async def test_what_stands_in_the_way_of_a_directory_is_named(builder: Builder) -> None:
    for lines, told in IN_THE_WAY:
        with pytest.raises(WherryError) as caught:
            await builder.build(f"FROM {IMAGE}", *lines, files={"there": "1"})
        assert told in str(caught.value)


async def test_a_link_to_a_directory_is_a_way(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE}", "RUN link short data", "COPY there /short/", "COPY there /short/new/", "WORKDIR /short/own",
        files={"there": "1"},
    )  # fmt: skip
    assert await builder.names(image, "/data") == [
        "/data/hello",
        "/data/new",
        "/data/new/there",
        "/data/own",
        "/data/there",
    ]


async def test_what_meets_something_is_laid_over_it(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE}", "COPY .wh.hello /data/", "COPY d /data/", files={"d/also": "new", ".wh.hello": "w"}
    )
    assert await builder.read(image, "/data/hello") == "hello\n", "a name is no mark"
    over, _ = await builder.build(f"FROM {IMAGE}", "COPY d /data/", files={"d/hello": "new"})
    assert await builder.read(over, "/data/hello") == "new"


async def test_an_archive_of_the_context_is_unpacked_by_add_and_copied_by_copy(builder: Builder) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("inside/file")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    (builder.place / "a.tar.gz").write_bytes(packed.getvalue())
    image, _ = await builder.build(
        f"FROM {IMAGE}", "ADD a.tar.gz /added/", "COPY a.tar.gz /copied/", "ADD --unpack=false a.tar.gz /kept/"
    )
    assert await builder.names(image, "/added") == ["/added/inside", "/added/inside/file"]
    assert await builder.names(image, "/copied") == ["/copied/a.tar.gz"]
    assert await builder.names(image, "/kept") == ["/kept/a.tar.gz"]


async def test_a_new_owner_is_found_by_name_in_the_image(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE}", "COPY --chown=web there /a/", "COPY --chown=web:root there /b/", "COPY --chown=7 there /c/",
        files={"there": "1"},
    )  # fmt: skip
    for place, owner in (("/a", (1000, 1000)), ("/b", (1000, 0)), ("/c", (7, 7))):
        entry = (await builder.entries(image, place))[f"{place}/there"]
        assert (entry.uid, entry.gid) == owner
    with pytest.raises(WherryError) as caught:
        await builder.build(f"FROM {IMAGE}", "COPY --chown=nobody-here there /d/")
    assert "nobody-here" in str(caught.value)


async def test_the_same_files_from_a_stage_that_was_built_anew_are_found_in_the_cache(builder: Builder) -> None:
    lines = (f"FROM {IMAGE} AS made", "RUN write out/a a", "FROM scratch", "COPY --from=made /out /got/")
    await builder.build(*lines)
    other = (lines[0], "RUN write unrelated u", *lines[1:])
    _, build = await builder.build(*other)
    assert [states(build)[line] for line in (other[2], other[4])] == ["done", "cached"]
    changed = (lines[0], "RUN write out/a other", *lines[2:])
    image, build = await builder.build(*changed)
    assert states(build)[lines[3]] == "done"
    assert await builder.read(image, "/got/a") == "other"


async def test_an_image_is_copied_from_by_name_and_by_a_context_of_its_name(builder: Builder) -> None:
    image, _ = await builder.build(
        "FROM scratch", f"COPY --from={IMAGE} /data/hello /one", "COPY --from=given /data/hello /two",
        named_contexts={"given": f"docker-image://{IMAGE}"},
    )  # fmt: skip
    assert await builder.read(image, "/one") == await builder.read(image, "/two") == "hello\n"


OF_ANOTHER_KIND: list[tuple[tuple[str, ...], dict[str, object], str]] = [
    (
        ("FROM given", "RUN nothing"),
        {"named_contexts": {"given": "."}},
        "The context given is a directory, and this takes an image",
    ),
    (
        ("FROM scratch", "COPY --from=given /x /x"),
        {"named_contexts": {"given": "ftp://x"}},
        "ftp://x cannot be a context",
    ),
    (("FROM scratch", "COPY there /x"), {"context": ""}, "This build has no context to copy from"),
]


async def test_a_source_that_is_of_another_kind_is_told(builder: Builder) -> None:
    for lines, options, told in OF_ANOTHER_KIND:
        with pytest.raises(WherryError) as caught:
            await builder.build(*lines, **options)
        assert told in str(caught.value)


async def test_texts_are_files_with_and_without_their_variables(builder: Builder) -> None:
    image, _ = await builder.build(
        "FROM scratch",
        "ENV WHO=me",
        "COPY <<one <<'two' /got/\nI am $WHO\none\nI am $WHO\ntwo",
        "COPY <<three /got/named\nx\nthree",
    )
    assert await builder.names(image, "/got") == ["/got/named", "/got/one", "/got/two"]
    assert [await builder.read(image, f"/got/{name}") for name in ("one", "two", "named")] == [
        "I am me\n",
        "I am $WHO\n",
        "x\n",
    ]
