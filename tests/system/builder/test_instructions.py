"""Every instruction, really built."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, cast

import pytest

from engine.types.builds import BuildImage, BuildSecret
from tests.system.builder.conftest import BASE, Builder, tar_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine

FROM = f"FROM {BASE}\n"


async def test_the_config_says_what_the_dockerfile_said(builder: Builder) -> None:
    built = await builder.build(
        FROM
        + """ARG WHO=world
ENV GREETING="hello $WHO" OTHER=${GREETING:-none}
LABEL a="b c" d=$WHO
EXPOSE 80 53/udp
VOLUME /data
USER web
WORKDIR /srv
WORKDIR sub
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --retries=2 CMD true
SHELL ["/bin/sh", "-ec"]
ENTRYPOINT ["/bin/sh"]
CMD echo hi
""",
        tags=("localhost/made:1",),
        build_args={"WHO": "you"},
        labels={"given": "yes"},
    )
    image = await builder.engine.images.get("localhost/made:1")
    assert image.id == built.image_id
    config = image.config
    assert dict(line.split("=", 1) for line in config.env)["GREETING"] == "hello you"
    assert dict(line.split("=", 1) for line in config.env)["OTHER"] == "none"
    assert config.labels == {"a": "b c", "d": "you", "given": "yes"}
    assert config.exposed_ports == ("53/udp", "80/tcp")
    assert (config.volumes, config.user, config.workdir) == (("/data",), "web", "/srv/sub")
    assert config.stop_signal == "SIGINT"
    assert config.health is not None
    assert config.health.interval == 5.0
    assert config.entrypoint == ("/bin/sh",)
    assert config.command == ("/bin/sh", "-ec", "echo hi")
    history = await builder.engine.images.history(built.image_id)
    assert history[-1].created_by == "CMD echo hi"


async def test_run_sees_arguments_environment_user_and_directory(builder: Builder) -> None:
    built = await builder.build(
        FROM + "ARG A=1\nENV B=2\nWORKDIR /w\nRUN echo $A $B $PWD $(id -u):$(id -g) > /out && cat /out\n"
        "USER web\nRUN id -u && echo $HOME\n"
    )
    assert built.lines[0] == "1 2 /w 0:0"
    assert built.lines[1:3] == ["1000", "/home/web"]
    assert await builder.read(built.image_id, "/out") == "1 2 /w 0:0\n"


async def test_run_leaves_nothing_but_what_it_wrote(builder: Builder) -> None:
    built = await builder.build("FROM scratch\nCOPY --from=localhost/base /bin/ /bin/\nRUN echo x > /x\n")
    top = {path for path in await builder.files(built.image_id) if path.count("/") == 1}
    assert top == {"/bin", "/x"}


async def test_here_documents(builder: Builder) -> None:
    built = await builder.build(
        FROM
        + """ENV WHO=me
RUN <<EOF
echo one > /one
echo $WHO > /two
EOF
RUN <<'EOF'
#!/bin/sh
echo three > /three
EOF
RUN cat <<A > /four
four
A
COPY <<five <<'six' /docs/
$WHO
five
$WHO
six
"""
    )
    texts = [await builder.read(built.image_id, path) for path in ("/one", "/two", "/three", "/four")]
    assert texts == ["one\n", "me\n", "three\n", "four\n"]
    assert await builder.read(built.image_id, "/docs/five") == "me\n"
    assert await builder.read(built.image_id, "/docs/six") == "$WHO\n"


async def test_documents_need_no_context(builder: Builder) -> None:
    request = BuildImage(dockerfile_text="FROM scratch\nCOPY <<a /a\ntext\na\n")
    image_id = await builder.engine.builds.build(request).result()
    assert await builder.read(image_id, "/a") == "text\n"


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("COPY a.txt /x", {"/x"}),
        ("COPY a.txt /d/", {"/d", "/d/a.txt"}),
        ("COPY a.txt /etc", {"/etc/a.txt"}),
        ("COPY a.txt b.txt /d/", {"/d", "/d/a.txt", "/d/b.txt"}),
        ("COPY sub /d", {"/d", "/d/in.txt", "/d/deep", "/d/deep/er.txt"}),
        ("COPY sub/ /d/e/", {"/d", "/d/e", "/d/e/in.txt", "/d/e/deep", "/d/e/deep/er.txt"}),
        ("COPY *.txt /d/", {"/d", "/d/a.txt", "/d/b.txt", "/d/link.txt"}),
        ("COPY s?b/d*p /d/", {"/d", "/d/er.txt"}),
        ("COPY --parents sub/deep/er.txt /d/", {"/d", "/d/sub", "/d/sub/deep", "/d/sub/deep/er.txt"}),
        ("COPY --parents ./sub/./deep/er.txt /d/", {"/d", "/d/deep", "/d/deep/er.txt"}),
        ("COPY --exclude=deep sub /d/", {"/d", "/d/in.txt"}),
        ("COPY --exclude=**/*.txt sub /d/", {"/d", "/d/deep"}),
        ("COPY --link a.txt /l/a", {"/l", "/l/a"}),
        ("COPY link.txt /x", {"/x"}),
        ("COPY link.txt /d/", {"/d", "/d/link.txt"}),
    ],
)
async def test_where_copies_land(builder: Builder, instruction: str, expected: set[str]) -> None:
    before = set(await builder.files(BASE))
    (builder.place / "link.txt").symlink_to("a.txt")
    files: dict[str, str | bytes] = {"a.txt": "a", "b.txt": "b", "sub/in.txt": "i", "sub/deep/er.txt": "e"}
    built = await builder.build(FROM + instruction + "\n", files)
    assert set(await builder.files(built.image_id)) - before == expected


async def test_owners_and_modes(builder: Builder) -> None:
    built = await builder.build(
        FROM + "COPY --chown=web --chmod=640 a /a\nCOPY --chown=7:8 a /b\nCOPY --chown=web:root sub /d/\n",
        {"a": "x", "sub/in": "y"},
    )
    files = await builder.files(built.image_id)
    assert (files["/a"].uid, files["/a"].gid, files["/a"].mode) == (1000, 1001, 0o640)
    assert (files["/b"].uid, files["/b"].gid) == (7, 8)
    assert (files["/d/in"].uid, files["/d/in"].gid) == (1000, 0)


async def test_copy_from_stages_and_images(builder: Builder) -> None:
    built = await builder.build(
        FROM.replace("\n", " AS one\n")
        + "RUN mkdir -p /o/p && echo 1 > /o/p/f && ln -s p /o/l && echo 2 > /o/g\n"
        + "FROM scratch\nCOPY --from=one /o /all\nCOPY --from=0 /o/l/f /f\nCOPY --from=localhost/base /etc/passwd /pw\n"
        + "COPY --from=one --exclude=p /o /some\nCOPY --from=one --chmod=600 /o/g /g\n"
    )
    files = await builder.files(built.image_id)
    assert {"/all/p/f", "/all/l", "/all/g", "/f", "/pw", "/some/g"} <= set(files)
    assert "/some/p" not in files
    assert files["/all/l"].link == "p"
    assert files["/g"].mode == 0o600
    assert await builder.read(built.image_id, "/f") == "1\n"


async def test_add_unpacks_archives_and_copies_the_rest(builder: Builder) -> None:
    archive = tar_of({"in/side": "x"})
    built = await builder.build(
        "FROM scratch\nADD a.tar /a\nADD b.tgz /b/\nADD plain.gz /c/\nADD --unpack=false a.tar /d/\nCOPY a.tar /e/\n",
        {"a.tar": archive, "b.tgz": gzip.compress(archive), "plain.gz": gzip.compress(b"no archive")},
    )
    files = set(await builder.files(built.image_id))
    assert {"/a/in/side", "/b/in/side", "/c/plain.gz", "/d/a.tar", "/e/a.tar"} <= files
    assert "/d/in" not in files


async def test_mounts_of_run(builder: Builder) -> None:
    dockerfile = (
        FROM.replace("\n", " AS tools\n")
        + "RUN mkdir /t && echo tool > /t/tool\n"
        + FROM
        + "RUN --mount=type=bind,source=sub,target=/b --mount=type=bind,from=tools,source=/t,target=/t "
        "--mount=type=tmpfs,target=/tmp --mount=type=secret,id=key --mount=type=secret,id=key,env=KEY "
        "cat /b/in /t/tool /run/secrets/key > /out && echo $KEY >> /out && touch /tmp/x && ls -l /run/secrets/key\n"
        "RUN --mount=target=/c,rw echo changed > /c/sub/in && test ! -e /b && test ! -e /run/secrets\n"
    )
    built = await builder.build(dockerfile, {"sub/in": "bound\n"}, secrets=(BuildSecret(id="key", value=b"s3cret\n"),))
    assert await builder.read(built.image_id, "/out") == "bound\ntool\ns3cret\ns3cret\n"
    assert (builder.place / "sub/in").read_text() == "bound\n"
    added = set(await builder.files(built.image_id)) - set(await builder.files(BASE))
    assert added == {"/out"}


async def test_places_made_for_mounts_go_and_what_a_step_put_beside_them_stays(builder: Builder) -> None:
    built = await builder.build(
        FROM + "RUN --mount=type=tmpfs,target=/a/b --mount=type=tmpfs,target=/c/d echo x > /c/d/gone && echo y > /c/e\n"
    )
    assert set(await builder.files(built.image_id)) - set(await builder.files(BASE)) == {"/c", "/c/e"}


async def test_the_filter_that_a_step_had_compiled_is_kept_for_the_next(builder: Builder) -> None:
    """Compiling it takes crun longer than all the rest of a step."""
    kept = cast("EmbeddedEngine", builder.engine).paths.filters
    built = await builder.build(FROM + "RUN grep Seccomp: /proc/self/status; sleep 1\n")
    (compiled,) = kept.iterdir()
    stamp = compiled.stat().st_mtime_ns
    again = await builder.build(FROM + "RUN grep Seccomp: /proc/self/status; sleep 1; true\n")
    assert built.lines == again.lines == ["Seccomp:\t2"]
    assert [each.stat().st_mtime_ns for each in kept.iterdir()] == [stamp]


async def test_a_cache_mount_persists_and_can_be_pruned(builder: Builder) -> None:
    dockerfile = FROM + "ARG N\nRUN --mount=type=cache,target=/cache echo $N >> /cache/log; cat /cache/log\n"
    await builder.build(dockerfile, build_args={"N": "1"})
    second = await builder.build(dockerfile, build_args={"N": "2"})
    assert second.lines == ["1", "2"]
    kinds = {entry.kind for entry in await builder.engine.builds.cache()}
    assert kinds == {"step", "mount"}
    await builder.engine.builds.prune_cache(all_unused=True)
    assert await builder.engine.builds.cache() == []
    third = await builder.build(dockerfile, build_args={"N": "3"})
    assert third.lines == ["3"]


async def test_triggers_of_the_base_run_in_what_builds_on_it(builder: Builder) -> None:
    await builder.build(FROM + "ONBUILD ARG X=5\nONBUILD RUN echo $X > /triggered\n", tags=("localhost/trigger",))
    built = await builder.build("FROM localhost/trigger\nRUN cat /triggered\n")
    assert built.lines == ["5"]
    assert (await builder.engine.images.get(built.image_id)).config.on_build == ()


async def test_ignored_files_are_not_there(builder: Builder) -> None:
    files: dict[str, str | bytes] = {
        ".dockerignore": "*.log\nsecret\n!keep.log\n",
        "a.log": "",
        "keep.log": "",
        "b": "",
    }
    built = await builder.build("FROM scratch\nCOPY . /\n", files | {"secret/s": "x"})
    assert set(await builder.files(built.image_id)) == {"/.dockerignore", "/keep.log", "/b"}


async def test_a_context_as_a_stream(builder: Builder) -> None:
    async def stream() -> AsyncIterator[bytes]:
        data = gzip.compress(tar_of({"Dockerfile": "FROM scratch\nCOPY d/x /x\n", "d/x": "streamed"}, lnk="d"))
        for start in range(0, len(data), 100):
            yield data[start : start + 100]

    image_id = await builder.engine.builds.build(BuildImage(tags=("localhost/streamed",)), stream()).result()
    assert await builder.read(image_id, "/x") == "streamed"
