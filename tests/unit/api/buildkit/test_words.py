"""What a client's options mean, how failures are worded, and what is kept of builds. Without a connection."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError
from msgspec.structs import replace

from engine.api.buildkit import jobs as jobs_room
from engine.api.buildkit.faults import (
    DetailsCodec,
    excerpt_details,
    failed_build,
    lines_of,
    refused,
    within_operation,
)
from engine.api.buildkit.jobs import Job, Jobs, Made, names_in
from engine.api.buildkit.options import Options
from engine.api.buildkit.solving import definition_of, platforms_of
from engine.api.buildkit.transfers.fetching import _ignore_lines, is_elsewhere
from engine.api.buildkit.transfers.file_modes import as_go
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.api.buildkit.workers import FRONTEND_CAPS, HOST_GATEWAY, LLB_CAPS, worker
from engine.errors import Code, InvalidRequest, RuntimeFailure, WherryError
from engine.types.builds import (
    Build,
)
from engine.types.containers import Ulimit
from tests.fakes.engine import FakeEngine

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)

# --- options ---

PLAIN: dict[str, Any] = {
    "dockerfile": "Dockerfile", "target": "", "build_args": {}, "labels": {}, "no_cache": False, "no_cache_stages": (),
    "pull": False, "network": "", "allow": (), "extra_hosts": (), "source_date_epoch": None, "shm_size": 0,
    "ulimits": (),
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "entitlements", "fields"),
    [
        ({}, [], {}),
        ({"filename": "b/Dockerfile.dev"}, [], {"dockerfile": "b/Dockerfile.dev"}),
        ({"target": "base"}, [], {"target": "base"}),
        ({"build-arg:A": "1", "build-arg:B": "2", "label:c": "d"}, [],
         {"build_args": {"A": "1", "B": "2"}, "labels": {"c": "d"}}),
        ({"no-cache": ""}, [], {"no_cache": True}),
        ({"no-cache": "a,b"}, [], {"no_cache_stages": ("a", "b")}),
        ({"image-resolve-mode": "pull"}, [], {"pull": True}),
        ({"image-resolve-mode": "local"}, [], {}),
        ({"force-network-mode": "none"}, [], {"network": "none"}),
        ({"force-network-mode": "odd"}, [], {}),
        ({"force-network-mode": "host"}, ["network.host"], {"network": "host", "allow": ("network.host",)}),
        ({}, ["security.insecure", "odd"], {"allow": ("security.insecure",)}),
        ({"add-hosts": f"a=1.2.3.4,b={HOST_GATEWAY}"}, [], {"extra_hosts": ("a:1.2.3.4", "b:host-gateway")}),
        ({"build-arg:SOURCE_DATE_EPOCH": "7"}, [],
         {"source_date_epoch": 7, "build_args": {"SOURCE_DATE_EPOCH": "7"}}),
        ({"build-arg:SOURCE_DATE_EPOCH": "soon"}, [], {"build_args": {"SOURCE_DATE_EPOCH": "soon"}}),
        ({"build-arg:SOURCE_DATE_EPOCH": "9" * 19}, [], {"build_args": {"SOURCE_DATE_EPOCH": "9" * 19}}),
        ({"shm-size": "1024"}, [], {"shm_size": 1024}),
        ({"ulimit": "nofile=1:2,nproc=3"}, [],
         {"ulimits": (Ulimit(name="nofile", soft=1, hard=2), Ulimit(name="nproc", soft=3, hard=3))}),
        ({"nobody": "knows this"}, [], {}),
    ],
)  # fmt: skip
def test_a_clients_options_are_understood(
    given: dict[str, str], entitlements: list[str], fields: dict[str, Any]
) -> None:
    assert Options(given, entitlements).fields() == PLAIN | fields


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"force-network-mode": "host"}, Status.UNKNOWN, "network.host is not allowed"),
        ({"ulimit": "nofile"}, Status.UNKNOWN, "failed to parse ulimit: nofile"),
        ({"cgroup-parent": "x"}, Status.UNKNOWN,
         "cgroup-parent is not supported by Wherry: steps run in the engine's own groups"),
        ({"frontend.caps": "moby.buildkit.frontend.inputs,odd.word"}, Status.UNIMPLEMENTED,
         "unsupported frontend capability odd.word"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_honoured_are_refused(given: dict[str, str], status: Status, words: str) -> None:
    options = Options(given, [])

    def read() -> None:
        options.check()
        options.fields()

    with pytest.raises(GRPCError) as caught:
        read()
    assert (caught.value.status, caught.value.message) == (status, words)


def test_capabilities_that_may_be_passed_on_stand_in_nobodys_way() -> None:
    words = ",".join(
        f"moby.buildkit.frontend.{each}" for each in ("inputs", "subrequests", "contexts", "gitquerystring")
    )
    Options({"frontend.caps": f"{words},odd+forward"}, []).check()


@pytest.mark.parametrize(
    ("given", "context", "recipe"),
    [
        ({}, "context", "dockerfile"),
        ({"context": "local:here"}, "here", "dockerfile"),
        ({"contextkey": "key", "dockerfilekey": "file"}, "key", "file"),
        ({"context": "named"}, "named", "dockerfile"),
        ({"context": "https://x.example/a.git"}, "", "dockerfile"),
        ({"context": "git@x:y"}, "", "dockerfile"),
        ({"context": "github.com/a/b"}, "", "dockerfile"),
        ({"context": "http://buildkit-session/x"}, "", "dockerfile"),
    ],
)
def test_directories_are_called_by_the_clients_words(given: dict[str, str], context: str, recipe: str) -> None:
    options = Options(given, [])
    assert (options.local_context, options.dockerfile_key) == (context, recipe)
    assert ("context" in options) is ("context" in given)


@pytest.mark.parametrize(
    ("where", "elsewhere"),
    [
        ("docker-image://a", True),
        ("https://x/y", True),
        ("git@x:y", True),
        ("local:a", False),
        ("oci-layout://a", False),
    ],
)
def test_what_needs_no_session_is_known(where: str, elsewhere: bool) -> None:
    assert is_elsewhere(where) is elsewhere


def test_an_ignore_file_is_read_as_patterns() -> None:
    text = "\ufeff# a remark\n\n  build  \n!keep/this\n/root//deep/\n./here\n! /spaced/\n/\n!\n#\n"
    assert _ignore_lines(text) == ["build", "!keep/this", "root/deep", "here", "!spaced"]


def test_several_platforms_are_told_with_their_parts() -> None:
    assert json.loads(platforms_of(["linux/arm64/v8", "linux/amd64"])) == {
        "Platforms": [
            {"ID": "linux/arm64/v8", "Platform": {"architecture": "arm64", "os": "linux", "variant": "v8"}},
            {"ID": "linux/amd64", "Platform": {"architecture": "amd64", "os": "linux"}},
        ]
    }


def test_a_definition_names_its_result_and_nothing_else() -> None:
    made = definition_of("r1")
    first, last = (wire.Op.FromString(each) for each in getattr(made, "def"))
    assert first.source.identifier == "wherry://build/r1"
    assert [each.digest for each in last.inputs] == list(made.metadata)
    assert definition_of("r1") == made != definition_of("r2")


# --- failures ---


def built(**more: Any) -> Build:
    return Build(id="b", context="", dockerfile="", tags=(), started=MOMENT, **more)


def test_a_failed_build_has_its_vertex_and_its_lines() -> None:
    build = built(error_line=2)
    error = failed_build(
        RuntimeFailure("It failed", code=Code.BUILD_STEP_FAILED), build, "F", "FROM a\nRUN \\\n b\n", "sha:v"
    )
    assert (error.status, error.message) == (Status.UNKNOWN, "It failed")
    vertex, source = error.details
    assert vertex.type_url == "github.com/moby/buildkit/errdefs.Vertex+json"
    assert json.loads(vertex.value) == {"digest": "sha:v"}
    assert source.type_url == "github.com/moby/buildkit/errdefs.Source+json"
    assert json.loads(source.value) == {
        "info": {"filename": "F", "data": base64.b64encode(b"FROM a\nRUN \\\n b\n").decode(), "language": "Dockerfile"},
        "ranges": [{"start": {"line": 2}, "end": {"line": 3}}],
    }
    assert failed_build(WherryError("x"), None, "F", "", "").details == []
    assert [each.type_url[-11:] for each in failed_build(WherryError("x"), build, "F", "FROM a\nRUN", "").details] == [
        "Source+json"
    ]


def test_an_excerpt_is_made_where_its_place_is_known_and_it_is_not_too_long() -> None:
    assert excerpt_details("F", "FROM a", 0) == []
    assert len(excerpt_details("F", "x" * (64 << 10), 1)) == 1
    assert excerpt_details("F", "x" * ((64 << 10) + 1), 1) == []


def test_details_are_bounded_in_number_and_size() -> None:
    small, large = wire.RawAny(value=b"x"), wire.RawAny(value=b"y" * (129 << 10))
    assert refused("x", details=[small] * 9 + [large]).details == [small] * 8
    assert refused("x" * 9000).message == "x" * 8192
    assert refused("x").status is Status.UNKNOWN


def test_details_go_over_the_wire_as_they_are() -> None:
    codec = DetailsCodec()
    detail = wire.RawAny(type_url="t", value=b"v")
    data = codec.encode(Status.NOT_FOUND, "words", [detail])
    said = wire.RpcStatus.FromString(data)
    assert (said.code, said.message, list(said.details)) == (Status.NOT_FOUND.value, "words", [detail])
    assert codec.decode(Status.NOT_FOUND, "words", data) == [detail]
    assert codec.decode(Status.NOT_FOUND, None, b"\xff\xff") == []
    assert wire.RpcStatus.FromString(codec.encode(Status.OK, None, None)) == wire.RpcStatus()


@pytest.mark.parametrize(
    ("text", "line", "lines"),
    [
        ("RUN a", 1, (1, 1)),
        ("RUN a \\\nb \\\nc\nd", 1, (1, 3)),
        ("RUN a \\  \nb", 1, (1, 2)),
        ("RUN a \\", 1, (1, 1)),
        ("RUN <<E\na\nE\nb", 1, (1, 3)),
        ("RUN <<-'E'\na\n\tE\nb", 1, (1, 3)),
        ('RUN <<"E" <<F\na\nE\nb\nF\nc', 1, (1, 5)),
        ("RUN <<E\na", 1, (1, 2)),
        ("RUN a", 9, (9, 1)),
    ],
)
def test_all_lines_of_an_instruction_are_at_fault(text: str, line: int, lines: tuple[int, int]) -> None:
    assert lines_of(text, line) == lines


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused("too much of it"), "too much of it"),
        (GRPCError(Status.UNKNOWN), "The client's session does not give what it should"),
        (StreamTerminatedError("gone"), "The client's session ended: context canceled"),
        (ConnectionResetError(), "The client's session ended: context canceled"),
        (TimeoutError(), "The client's session ended: context canceled"),
    ],
)
async def test_what_a_client_fails_to_give_an_operation_is_no_bug_of_ours(error: Exception, words: str) -> None:
    closed = []

    async def given() -> Any:
        try:
            yield b"one"
            raise error
        finally:
            closed.append(True)

    stream = within_operation(given())
    assert await anext(stream) == b"one"
    with pytest.raises(InvalidRequest) as caught:
        await anext(stream)
    assert (caught.value.title, closed) == (words, [True])
    early = within_operation(given())
    await anext(early)
    await early.aclose()
    assert closed == [True, True]


# --- jobs ---


async def test_jobs_are_found_also_a_moment_before_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs()
    waiting = asyncio.create_task(jobs.get("a"))
    await asyncio.sleep(0)
    job = await jobs.add(wire.SolveRequest(Ref="a"))
    assert await waiting is job
    assert await jobs.get("a") is job
    with pytest.raises(GRPCError, match="job ID a exists"):
        await jobs.add(wire.SolveRequest(Ref="a"))
    job.end()
    assert await jobs.add(wire.SolveRequest(Ref="a")) is not job
    monkeypatch.setattr(jobs_room, "_APPEARS_WITHIN", 0.001)
    with pytest.raises(GRPCError) as caught:
        await jobs.get("b")
    assert (caught.value.status, caught.value.message) == (Status.NOT_FOUND, "no such job b")


async def test_what_is_over_is_kept_a_while_with_what_it_made() -> None:
    jobs = Jobs()
    for number in range(105):
        job = await jobs.add(wire.SolveRequest(Ref=str(number), Internal=number == 50))
        jobs.keep(job, Made("linux/amd64", f"sha256:{number}", "b"))
        if number != 3:
            job.end()
    await jobs.add(wire.SolveRequest(Ref="last"))
    past = [each.request.Ref for each in jobs.past()]
    assert past == [str(number) for number in range(5, 105) if number != 50]
    assert sorted(jobs.images.values())[:2] == ["sha256:10", "sha256:100"]
    assert len(jobs.images) == 101
    assert set(jobs.images.values()) >= {"sha256:3", "sha256:5"}, "one that goes on is not forgotten"
    assert jobs.forget("3") == []
    job = await jobs.get("5")
    job.builds.append(built())
    assert jobs.forget("5") == [built()]
    assert jobs.forget("5") == []


async def test_what_was_said_of_a_job_ends_with_its_last_target() -> None:
    job = Job(wire.SolveRequest(Ref="a"))
    with job.at_work():
        with job.at_work():
            job.end()
        assert not job.board._over
    assert job.board._over
    other = Job(wire.SolveRequest(Ref="b"))
    with other.at_work():
        pass
    assert not other.board._over
    other.end()
    assert other.board._over


async def test_exporters_are_known_in_the_old_spelling_too() -> None:
    new = wire.Exporter(Type="oci", Attrs={"name": "a"})
    old = {"ExporterDeprecated": "image", "ExporterAttrsDeprecated": {"name": "b"}}
    assert Job(wire.SolveRequest(Exporters=[new], **old)).exporters == [("oci", {"name": "a"})]
    assert Job(wire.SolveRequest(**old)).exporters == [("image", {"name": "b"})]
    assert Job(wire.SolveRequest()).exporters == []


def test_an_exporters_names_have_their_tags() -> None:
    assert names_in({"name": "a,docker.io/library/b:1,,r.example/c"}) == ("a:latest", "b:1", "r.example/c:latest")
    assert names_in({}) == ()


# --- the engine as a worker ---


async def test_a_worker_says_what_it_is() -> None:
    engine = FakeEngine()
    facts = replace(await engine.host.facts(), platforms=("linux/amd64", "linux/arm/v7"), driver="overlay")

    async def told() -> Any:
        return facts

    engine.host.facts = told  # type: ignore[method-assign]
    made = await worker(engine)
    assert made.ID == "wherry"
    assert [(each.OS, each.Architecture, each.Variant) for each in made.platforms] == [
        ("linux", "amd64", ""), ("linux", "arm", "v7"),
    ]  # fmt: skip
    assert dict(made.Labels) == {
        "org.mobyproject.buildkit.worker.executor": "wherry",
        "org.mobyproject.buildkit.worker.snapshotter": "overlay",
        "org.mobyproject.buildkit.worker.moby.host-gateway-ip": "192.0.2.254",
    }
    assert len(made.GCPolicy) == 1
    assert made.BuildkitVersion.version.startswith("v0.")
    assert all(each.Enabled for each in (*FRONTEND_CAPS, *LLB_CAPS))


@pytest.mark.parametrize(
    ("mode", "go"),
    [
        (0o100644, 0o644), (0o40755, 1 << 31 | 0o755), (0o120777, 1 << 27 | 0o777), (0o60660, 1 << 26 | 0o660),
        (0o20620, 1 << 26 | 1 << 21 | 0o620), (0o10600, 1 << 25 | 0o600), (0o140600, 1 << 24 | 0o600),
        (0o107777, 1 << 23 | 1 << 22 | 1 << 20 | 0o777),
    ],
)  # fmt: skip
def test_modes_are_written_as_gos(mode: int, go: int) -> None:
    assert as_go(mode) == go
