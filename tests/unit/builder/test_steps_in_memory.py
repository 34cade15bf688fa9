"""What steps are given and leave behind on a machine in memory: words of RUN, networks, the cache, failed steps."""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.builder.caching.cache import ID_LENGTH
from engine.errors import Code, WherryError
from engine.storage.paths import Paths
from engine.types.builds import BuildImage
from engine.types.data import now
from tests.support.played_builder import Builder, give_commands, states
from tests.support.played_engine import IMAGE, create, start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.machine import MachineInMemory
    from tests.support.played_engine import PlayedStore


def seen(machine: MachineInMemory) -> list[tuple[list[str], dict[str, str]]]:
    """Of each step that ran: its words, and the files that it was given beside the usual ones."""
    found = []
    for document in machine.documents:
        own = [mount for mount in document["mounts"] if mount["destination"].startswith("/dev/pipes/")]
        found.append((document["process"]["args"], {mount["destination"]: mount["source"] for mount in own}))
    return found


async def test_a_step_runs_the_words_or_the_script_that_stand_there(builder: Builder, machine: MachineInMemory) -> None:
    scripts: list[str] = []

    def script(root: Path, words: list[str]) -> str:
        mount = next(each for each in machine.documents[-1]["mounts"] if each["destination"] == words[-1])
        scripts.append(f"{os.stat(mount['source']).st_mode & 0o777:o} {Path(mount['source']).read_text()}")
        return ""

    machine.commands |= {"first": lambda root, words: "", "/dev/pipes/end": script, ".": script, "word": script}
    machine.commands |= {
        "cat": lambda root, words: "",
        "two": lambda root, words: "",
        "nothing,": lambda root, words: "",
    }
    long = "x" * (128 * 1024)
    await builder.build(
        f"FROM {IMAGE}",
        'RUN ["first", "nothing"]',
        "RUN first word\\\n  again",
        "RUN <<end\nfirst line\nsecond\nend",
        "RUN <<-'end'\n\tfirst $line\nend",
        "RUN <<end\n#!/bin/own\nbody\nend",
        "RUN cat <<one <<two\n1\none\n2\ntwo",
        f"RUN <<end\n{long}\nend",
        'SHELL ["/bin/own", "-x"]',
        "RUN nothing",
    )
    words = [args for args, _ in seen(machine)]
    assert words == [
        ["first", "nothing"],
        ["/bin/sh", "-c", "first word  again"],
        ["/bin/sh", "-c", "first line\nsecond\n"],
        ["/bin/sh", "-c", "first $line\n"],
        ["/dev/pipes/end"],
        ["/bin/sh", "-c", "cat <<one <<two\n1\none\n2\ntwo\n"],
        ["/bin/sh", "-c", ". /dev/pipes/script"],
        ["/bin/own", "-x", "nothing"],
    ]
    assert scripts == ["755 #!/bin/own\nbody\n", f"755 {long}\n"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            ('RUN ["nothing", "' + "x" * 131_072 + '"]',),
            "A word of the command has 131,072 bytes; a program can be given 131,071",
        ),
        (("ARG BIG", "RUN nothing"), "The variable BIG has 131,076 bytes"),
    ],
)
async def test_what_no_program_can_be_given_is_told_as_that(
    builder: Builder, lines: tuple[str, ...], told: str
) -> None:
    with pytest.raises(WherryError) as caught:
        await builder.build(f"FROM {IMAGE}", *lines, build_args={"BIG": "x" * 131_072})
    assert told in str(caught.value)
    assert caught.value.hint == "Put it into a file."


async def test_a_step_has_the_user_place_names_and_variables_of_its_image(
    builder: Builder, machine: MachineInMemory
) -> None:
    hosts: list[str] = []

    def look(root: Path, words: list[str]) -> str:
        mount = next(each for each in machine.documents[-1]["mounts"] if each["destination"] == "/etc/hosts")
        hosts.append(Path(mount["source"]).read_text())
        assert (root / "kept").is_dir(), "a volume is there as in a container"
        return ""

    machine.commands["look"] = look
    await builder.build(
        f"FROM {IMAGE}", "ENV OWN=1", "ARG GIVEN", "USER web", "WORKDIR /app", "VOLUME /kept", "RUN look",
        build_args={"GIVEN": "2", "http_proxy": "http://p", "UNUSED": "3"},
        extra_hosts=("there:10.0.0.9",), network="host",
    )  # fmt: skip
    process = machine.documents[-1]["process"]
    environment = dict(word.split("=", 1) for word in process["env"])
    assert environment.items() >= {"OWN": "1", "GIVEN": "2", "http_proxy": "http://p", "HOME": "/home/web"}.items()
    assert "UNUSED" not in environment
    assert (process["cwd"], process["user"]["uid"]) == ("/app", 1000)
    assert "10.0.0.9\tthere" in hosts[0] or "10.0.0.9 there" in hosts[0]


async def test_what_a_stranger_may_not_do_is_asked_for(builder: Builder, machine: MachineInMemory) -> None:
    lines = (f"FROM {IMAGE}", "RUN nothing", "RUN --network=host nothing")
    with pytest.raises(WherryError) as caught:
        await builder.build(*lines)
    assert "asks for the network of this machine, which was not allowed" in str(caught.value)
    assert str(caught.value.hint).endswith("wherry build --allow network.host.")
    assert machine.documents == [], "nothing ran before"
    with pytest.raises(WherryError) as caught:
        await builder.build(f"FROM {IMAGE}", "RUN --security=insecure nothing", allow=("network.host",))
    assert "asks for all capabilities and no filter of system calls" in str(caught.value)
    await builder.build(*lines, allow=("network.host",))
    await builder.build(*lines, network="host")
    await builder.build(f"FROM {IMAGE}", "RUN --security=insecure nothing", allow=("security.insecure",))
    assert "CAP_SYS_ADMIN" in machine.documents[-1]["process"]["capabilities"]["bounding"]
    await builder.build(f"FROM {IMAGE}", "ONBUILD RUN --network=host nothing", tags=("localhost/trap",))
    with pytest.raises(WherryError) as caught:
        await builder.build("FROM localhost/trap")
    assert "which was not allowed" in str(caught.value)


async def test_a_step_keys_what_it_is_given(builder: Builder) -> None:
    async def anew(*lines: str, **options: Any) -> bool:
        _, build = await builder.build(f"FROM {IMAGE}", *lines, **options)
        return states(build)[lines[-1]] == "done"

    run = "RUN nothing"
    assert await anew(run)
    assert not await anew(run)
    assert await anew(run, extra_hosts=("a:10.0.0.1",))
    assert await anew("WORKDIR /x", run)
    assert await anew("USER 7", run)
    assert await anew("ARG A=1", run)
    assert await anew("ARG A=2", run)
    assert await anew("ENV A=3", run)
    assert await anew('SHELL ["/bin/own"]', run)
    assert not await anew("LABEL x=y", "CMD z", "EXPOSE 80", run), "what no step sees is in no key"
    assert not await anew("ARG UNUSED", run, build_args={"http_proxy": "http://p"}), "nor are proxies"


async def test_instructions_say_what_an_image_is(builder: Builder) -> None:
    image, _ = await builder.build(
        f"FROM {IMAGE}", "MAINTAINER me", "EXPOSE 8000-8002/UDP 80 5-5 $MORE",
        "HEALTHCHECK --interval=3s --retries=4 CMD look",
        "VOLUME /a /b", "VOLUME /b /c", "STOPSIGNAL 9", "ENTRYPOINT sleep 1", 'CMD ["x"]', "ENV P=$PATH",
    )  # fmt: skip
    made = await builder.engine.images.get(image)
    config = made.config
    assert made.author == "me"
    assert config.exposed_ports == ("5/tcp", "80/tcp", "8000/udp", "8001/udp", "8002/udp")
    assert config.health is not None
    assert (config.health.test, config.health.interval, config.health.retries) == (("CMD-SHELL", "look"), 3.0, 4)
    assert config.volumes == ("/a", "/b", "/c")
    assert (config.stop_signal, config.entrypoint, config.command) == ("9", ("/bin/sh", "-c", "sleep 1"), ("x",))
    assert "P=/bin:/usr/bin" in config.env
    child, _ = await builder.build(f"FROM {image}", 'ENTRYPOINT ["y"]')
    assert (await builder.engine.images.get(child)).config.command == ()
    none, _ = await builder.build(f"FROM {image}", "HEALTHCHECK NONE", 'CMD ["z"]', 'ENTRYPOINT ["y"]')
    config = (await builder.engine.images.get(none)).config
    assert config.health is not None
    assert (config.health.test, config.command) == (("NONE",), ("z",))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("EXPOSE 0", "'0' is no port"),
        ("EXPOSE 65536", "'65536' is no port"),
        ("EXPOSE 9-8", "'9-8' is no port"),
        ("EXPOSE 80/icmp", "'80/icmp' is no port"),
        ("EXPOSE http", "'http' is no port"),
        ("STOPSIGNAL 65", "'65' is no signal"),
        ("STOPSIGNAL SIGNONE", "'SIGNONE' is no signal"),
    ],
)
async def test_what_no_image_can_say_is_told_at_its_place(builder: Builder, line: str, told: str) -> None:
    with pytest.raises(WherryError) as caught:
        await builder.build("FROM scratch", line)
    assert told in str(caught.value)


# --- the cache ---


async def test_entries_of_the_cache_are_forgotten_one_by_one_and_held_layers_stay(builder: Builder) -> None:
    lines = (f"FROM {IMAGE}", "RUN write a a", "RUN nothing", "RUN write b b")
    image, build = await builder.build(*lines, tags=("localhost/kept",))
    entries = {each.description: each for each in await builder.engine.builds.cache()}
    assert sorted(entries) == ["RUN /bin/sh -c nothing", "RUN /bin/sh -c write a a", "RUN /bin/sh -c write b b"]
    one = entries["RUN /bin/sh -c write a a"]
    assert (one.kind, len(one.id), one.in_use, one.size > 0) == ("step", ID_LENGTH, True, True)
    assert one.created <= one.last_used <= now()
    service = builder.engine.builds
    layers = (await builder.engine.images.get(image)).layers
    assert service.layer_of(one.id) == layers[1]
    assert service.layer_of(entries["RUN /bin/sh -c nothing"].id) == service.layer_of("unheard") == ""

    freed = await service.forget_entries([one.id])
    assert (freed.ids, freed.bytes) == ((one.id,), 0)
    assert await builder.read(image, "/a") == "a"
    _, build = await builder.build(*lines)
    assert states(build)[lines[1]] == "done"

    await builder.engine.images.remove("localhost/kept", force=True)
    for each in await builder.engine.images.list():
        if IMAGE not in each.tags:
            await builder.engine.images.remove(each.id, force=True)
    held = service.layers_cached()
    freed = await service.forget_steps_of(held)
    assert freed.bytes > 0
    assert service.layers_cached() == set()
    assert {each.description for each in await service.cache()} == {"RUN /bin/sh -c nothing"}


async def test_the_cache_is_the_same_after_the_engine_was_opened_again(played: PlayedStore, tmp_path: Path) -> None:
    give_commands(played.machine)
    lines = (f"FROM {IMAGE}", "RUN write a a", "RUN --mount=type=cache,target=/c nothing")
    async with played.engine() as engine:
        await Builder(engine, tmp_path).build(*lines)
        before = sorted((each.id, each.kind, each.last_used) for each in await engine.builds.cache())
    async with played.engine() as engine:
        builder = Builder(engine, tmp_path)
        assert sorted((each.id, each.kind, each.last_used) for each in await engine.builds.cache()) == before
        _, build = await builder.build(*lines)
        assert [states(build)[line] for line in lines[1:]] == ["cached", "cached"]
        mounts = [each.id for each in await engine.builds.cache() if each.kind == "mount"]
        assert (await engine.builds.forget_entries(mounts)).ids == tuple(mounts)
        assert [each.kind for each in await engine.builds.cache()] == ["step", "step"]


# --- failed steps, and what a crash leaves ---


async def test_the_files_of_a_failed_step_are_kept_for_a_day(builder: Builder) -> None:
    with pytest.raises(WherryError):
        await builder.build(f"FROM {IMAGE}", "RUN write before x", "RUN missing", "RUN write after x")
    engine = builder.engine
    failed = (await engine.builds.list())[-1]
    container = await engine.containers.get(failed.kept_container)
    assert container.name == f"failed-build-{failed.id[:8]}"
    assert container.spec.labels == {"io.wherry.failed-build": failed.id}
    assert (container.spec.entrypoint, container.spec.tty, container.spec.stdin_open) == (("/bin/sh",), True, True)
    assert await builder.read(container.image_id, "/before") == "x"
    assert any(f"wherry start -ai {container.name}" in line for line in await builder.said(failed))
    assert [step.state.value for step in failed.steps][-2:] == ["failed", "skipped"]

    kept = engine.builds.kept
    await kept.clear(container.created + timedelta(hours=23, minutes=59))
    assert await engine.containers.get(container.id)
    running = await start(engine, labels={"io.wherry.failed-build": "x"})
    other = await create(engine, labels={"own": "x"})
    await kept.clear(other.created + timedelta(days=1))
    assert {each.id for each in await engine.containers.list()} == {running.id, other.id}, (
        "somebody looks into the first"
    )
    assert [each.tags for each in await engine.images.list()] == [(IMAGE,)], "an image with a name stays"


async def test_what_a_crash_left_of_a_build_goes_with_the_next_start(played: PlayedStore) -> None:
    async with played.engine():
        builds = Paths(played.store.root, played.store.run).builds
    for name in ("step-abc", "mount-abc", "secret-abc", "cache-kept"):
        (builds / name).mkdir()
        (builds / name / "file").write_text("x")
    async with played.engine():
        assert [path.name for path in builds.iterdir() if path.name.endswith("-abc")] == []
        assert (builds / "cache-kept/file").exists()


async def test_sent_contexts_are_forgotten_after_two_weeks(played: PlayedStore) -> None:
    async with played.engine() as engine:
        old, young = [await engine.builds.context_place(name) for name in ("old", "young")]
        assert os.stat(old).st_mode & 0o777 == 0o700
    day = 24 * 3600
    os.utime(old, (time.time() - 14 * day - 60,) * 2)
    os.utime(young, (time.time() - 14 * day + 60,) * 2)
    async with played.engine() as engine:
        assert os.listdir(os.path.dirname(old)) == ["young"]
        await engine.builds.context_place("young")
        assert time.time() - os.stat(young).st_mtime < day


# --- contexts that are sent ---


def packed(*members: tuple[str, Any]) -> bytes:
    """A tar of names with texts, or with what to set on the member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content.encode()))
                continue
            for field, value in content.items():
                setattr(member, field, value)
            archive.addfile(member)
    return out.getvalue()


async def sent(builder: Builder, data: bytes, *lines: str, pieces: int = 1) -> str:
    async def stream() -> AsyncIterator[bytes]:
        step = max(1, len(data) // pieces)
        for at in range(0, len(data), step):
            await asyncio.sleep(0)
            yield data[at : at + step]

    request = BuildImage(dockerfile_text="\n".join(lines) or None, network="none")
    return await builder.engine.builds.build(request, stream()).result()


async def test_a_context_that_is_sent_is_as_it_was_packed(builder: Builder) -> None:
    data = packed(
        ("Dockerfile", "FROM scratch\nCOPY . /all/\n"), ("./dir", {"type": tarfile.DIRTYPE, "mode": 0o755}),
        ("dir/a", "old"),
        ("dir/a", "new"), link("dir/link", "a"), hard("dir/hard", "dir/a"), ("dir/pipe", {"type": tarfile.FIFOTYPE}),
        (".", {"type": tarfile.DIRTYPE}),
    )  # fmt: skip
    image = await sent(builder, data, pieces=7)
    assert await builder.names(image, "/all") == [
        "/all/Dockerfile", "/all/dir", "/all/dir/a", "/all/dir/hard", "/all/dir/link"
    ]  # fmt: skip
    assert await builder.read(image, "/all/dir/a") == await builder.read(image, "/all/dir/hard") == "new"
    entries = await builder.entries(image, "/all")
    assert entries["/all/dir/link"].link == "a"
    assert entries["/all/dir/a"].mtime == 0


def link(name: str, target: str) -> tuple[str, dict[str, Any]]:
    return (name, {"type": tarfile.SYMTYPE, "linkname": target})


def hard(name: str, target: str) -> tuple[str, dict[str, Any]]:
    return (name, {"type": tarfile.LNKTYPE, "linkname": target})


BAD_CONTEXTS = [
    (packed(("../x", "1")), "The build context has a path that leads out of it: ../x"),
    (packed(link("l", "/etc"), ("l/x", "1")), "The build context goes through a link: l/x"),
    (packed(("f", "1"), ("f/x", "1")), "The build context goes through a link: f/x"),
    (packed(hard("h", "gone")), "The build context links to nothing: h"),
    (packed(hard("h", "../x")), "leads out of it: ../x"),
    (packed(link("l", "/etc/passwd"), hard("h", "l")), "The build context links to nothing: h"),
    (packed(("d/x", "1"), ("d", "1")), "The build context replaces a directory: d"),
    (packed(("big", "x" * 2000))[:2200], "The build context ends in the middle of a file"),
    (b"nonsense" * 200, "The build context is no tar archive"),
    (b"\x1f\x8bnonsense" * 200, "The build context is damaged. Its gzip data"),
]  # fmt: skip


async def test_a_context_that_does_harm_is_refused(builder: Builder) -> None:
    for data, told in BAD_CONTEXTS:
        with pytest.raises(WherryError) as caught:
            await sent(builder, data, "FROM scratch", "COPY . /")
        assert told in str(caught.value), told
        assert caught.value.code is Code.BAD_ARCHIVE, told
