"""A client's build by BuildKit's door: what of its files is fetched, what the builder is asked for, what it hears."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from grpclib.client import UnaryStreamMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from msgspec.structs import replace

from engine.api.buildkit.solving import definition_of
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.errors import InvalidRequest, RuntimeFailure
from engine.types.attestations import IndexDescriptor
from engine.types.builds import BuildCache, BuildImage, RecipeReport, RecipeWarning
from engine.types.files import DirectoryEntry, FileStat
from engine.types.images import FileKind, Login
from tests.support.buildkit_client import BRIDGE, CONTROL
from tests.support.buildkit_session import LentSession, digest_of
from tests.unit.api.buildkit.building import RECIPE, begun, build, client_with, grpc, session, solve_target

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

pytestmark = pytest.mark.usefixtures("contexts")


def here(request: BuildImage) -> dict[str, bytes]:
    """The files of a request's context."""
    root = Path(request.context)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def patterns(client: LentSession, name: str) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in what.items() if value} for who, what in client.asked if who == f"directory {name}"
    ]


# --- files ---


async def test_a_build_has_the_dockerfile_and_the_directory_of_its_client(api: Served) -> None:
    heard = api.hear("builds.build")
    client = client_with()
    outcome = await build(api, client, attributes={"build-arg:A": "1", "target": ""})
    [asked] = heard
    request: BuildImage = asked["request"]
    assert request == BuildImage(
        context=request.context, filtered=True, dockerfile_text=RECIPE.decode(), build_args={"A": "1"},
        named_contexts={},
    )  # fmt: skip
    assert here(request) == {"a.txt": b"a"}
    assert asked["context"] is None
    assert asked["lender"] is not None
    assert outcome.vertexes == [
        "[internal] load build definition from Dockerfile",
        "[internal] load .dockerignore",
        "[internal] load build context",
        "[1/2] FROM alpine",
        "[2/2] RUN true",
    ]
    assert "transferring dockerfile:" in outcome.statuses
    assert "transferring context:" in outcome.statuses
    assert patterns(client, "dockerfile") == [{"followpaths": ["Dockerfile", "Dockerfile.dockerignore", "dockerfile"]}]
    assert patterns(client, "context") == [{"followpaths": [".dockerignore"]}, {}]
    config = outcome.result.metadata["containerimage.config"]
    assert json.loads(config)["os"] == "linux"
    assert json.loads(outcome.result.metadata["refs.platforms"])["Platforms"][0]["ID"] == "linux/amd64"


@pytest.mark.parametrize("name", ["Dockerfile.dockerignore", ".dockerignore"])
async def test_what_an_ignore_file_leaves_out_is_not_fetched(api: Served, name: str) -> None:
    client = client_with()
    where = "dockerfile" if name.startswith("Dockerfile") else "context"
    client.directories[where][name] = b"*.log\n!keep.log\n"
    await build(api, client)
    assert patterns(client, "context")[-1] == {"exclude-patterns": ["*.log", "!keep.log"]}
    assert len(patterns(client, "context")) == (1 if where == "dockerfile" else 2)


async def test_a_dockerfile_may_be_called_otherwise_or_written_small(api: Served) -> None:
    heard = api.hear("builds.build")
    client = client_with()
    client.directories["dockerfile"] = {"b/": b"", "b/dev": b"FROM dev\n"}
    outcome = await build(api, client, attributes={"filename": "b/dev"})
    assert (heard[0]["request"].dockerfile, heard[0]["request"].dockerfile_text) == ("b/dev", "FROM dev\n")
    assert patterns(client, "dockerfile") == [{"followpaths": ["b/dev", "b/dev.dockerignore"]}]
    assert outcome.vertexes[0] == "[internal] load build definition from b/dev"
    client.directories["dockerfile"] = {"dockerfile": b"FROM small\n"}
    await build(api, client, ref="small")
    assert heard[1]["request"].dockerfile_text == "FROM small\n"
    client.directories["dockerfile"] = {}
    with pytest.raises(GRPCError) as caught:
        await build(api, client, ref="none")
    assert caught.value.message == "failed to read dockerfile: open Dockerfile: no such file or directory"


async def test_directories_are_asked_for_by_the_clients_words(api: Served) -> None:
    heard = api.hear("builds.build")
    client = LentSession()
    client.directories = {"recipe": {"Dockerfile": b"FROM a\n"}, "tree": {"b": b"b"}}
    await build(api, client, attributes={"dockerfilekey": "recipe", "contextkey": "tree"})
    assert here(heard[0]["request"]) == {"b": b"b"}
    await build(api, client, ref="2", attributes={"dockerfilekey": "recipe", "context": "local:tree"})
    assert here(heard[1]["request"]) == {"b": b"b"}


async def test_a_context_is_kept_for_the_next_time_by_what_is_taken_of_it(api: Served, contexts: Path) -> None:
    heard = api.hear("builds.build")
    client = client_with()
    for ref in ("1", "2"):
        await build(api, client, ref=ref)
    client.directories["dockerfile"]["Dockerfile.dockerignore"] = b"x\n"
    await build(api, client, ref="3")
    places = [each["request"].context for each in heard]
    assert places[0] == places[1] != places[2]
    assert all(Path(each).parent == contexts for each in places)


async def test_only_those_files_are_fetched_that_the_dockerfile_takes(api: Served) -> None:
    report = RecipeReport(filename="Dockerfile", text="", context_paths=("src", "a.txt"))
    api.hear("builds.examine", report)
    heard, client = api.hear("builds.build"), client_with()
    await build(api, client)
    assert patterns(client, "context")[-1] == {"followpaths": ["src", "a.txt"]}
    await build(api, client, ref="2", attributes={"target": "x"})
    assert heard[0]["request"].context != heard[1]["request"].context, "other files of it may be here"


async def test_names_that_are_not_ascii_are_written_so_that_they_come_whole(api: Served) -> None:
    client = client_with()
    client.directories["context"][".dockerignore"] = "ä b\nplain\n".encode()
    await build(api, client)
    assert patterns(client, "context")[-1] == {
        "exclude-patterns": ["%C3%A4+b", "plain"],
        "exclude-patterns-encoded": ["1"],
    }


async def test_a_directory_that_targets_share_comes_from_a_session_of_its_own(api: Served) -> None:
    shared, own = client_with(), client_with()
    shared.directories["context"] = {"shared": b"1"}
    heard = api.hear("builds.build")
    async with session(api, shared, "other"):
        await build(api, own, attributes={"local-sessionid:context": "other"})
    assert here(heard[0]["request"]) == {"shared": b"1"}
    assert [who for who, _ in shared.asked] == ["directory context", "directory context"]
    await build(api, own, ref="2", attributes={"local-sessionid:context": "gone"})
    assert here(heard[1]["request"]) == {"a.txt": b"a"}, "its own session has it too"


async def test_a_context_elsewhere_is_left_to_the_builder(api: Served) -> None:
    heard, client = api.hear("builds.build"), client_with()
    await build(api, client, attributes={"context": "https://x.example/a.git#main"})
    request = heard[0]["request"]
    assert request == BuildImage(context="https://x.example/a.git#main")
    assert client.asked == []
    await build(api, client, ref="2", attributes={"context": "https://x.example/a.git", "dockerfilekey": "dockerfile"})
    request = heard[1]["request"]
    assert (request.context, request.dockerfile_text) == ("https://x.example/a.git", RECIPE.decode())


async def test_a_context_on_the_clients_input_is_taken_as_a_stream(api: Served) -> None:
    got: list[bytes] = []
    client = client_with()
    client.uploads = {"/abc": [b"the ", b"tar"]}
    real, known = api.engine.builds.build, await _a_build(api)

    def taking(request: BuildImage, context: Any = None, lender: Any = None) -> Any:
        async def work(_: object) -> str:
            got.append(b"".join([piece async for piece in context]))
            return str(await real(replace(request, dockerfile_text="FROM a\n")).result())

        made = api.engine.operations.start(kind="build", title="", subject="", work=work)
        api.engine.store.put("build", replace(known, id=made.id))
        return made

    api.engine.builds.build = taking  # type: ignore[method-assign, assignment]
    outcome = await build(api, client, attributes={"context": "http://buildkit-session/abc"})
    assert got == [b"the tar"]
    assert "[internal] load remote build context" in outcome.vertexes
    assert client.asked == [("upload", ("/abc", "buildkit-session"))]
    got.clear()
    await build(
        api,
        client,
        ref="2",
        attributes={"context": "http://buildkit-session/abc", "platform": "linux/amd64,linux/arm64"},
    )
    assert got == [b"the tar"] * 2, "each platform reads it from its beginning"


async def _a_build(api: Served) -> Any:
    operation = api.engine.builds.build(BuildImage(dockerfile_text="FROM a\n"))
    await operation.result()
    return await api.engine.builds.get(operation.id)


# --- more contexts ---


async def test_contexts_by_name_are_had_from_wherever_they_are(api: Served) -> None:
    heard, client = api.hear("builds.build"), client_with()
    client.directories["key"] = {"in": b"1"}
    attributes = {
        "context:dir": "local:key", "context:image": "docker-image://alpine", "context:git": "https://x/y.git",
    }  # fmt: skip
    outcome = await build(api, client, attributes=attributes)
    named = heard[0]["request"].named_contexts
    assert set(named) == {"dir", "image", "git"}
    assert (Path(named["dir"]) / "in").read_bytes() == b"1"
    assert (named["image"], named["git"]) == ("docker-image://alpine", "https://x/y.git")
    assert "[context dir] load from client" in outcome.vertexes
    assert "transferring dir:" in outcome.statuses


async def test_an_oci_layout_becomes_an_image_of_the_store(api: Served) -> None:
    config = b'{"os":"linux"}'
    top = json.dumps({"config": {"digest": digest_of(config), "size": len(config)}}).encode()
    heard, client = api.hear("builds.build"), client_with()
    client.stores = {"oci:st": {digest_of(each): each for each in (config, top)}}
    loaded = api.hear("images.load")
    where = f"oci-layout://st/x@{digest_of(top)}"
    outcome = await build(api, client, attributes={"context:base": where})
    assert heard[0]["request"].named_contexts == {"base": f"docker-image://{digest_of(config)}"}
    assert "[context base] oci-layout://st/x" in outcome.vertexes
    assert len(loaded) == 1


async def test_a_target_is_a_context_of_another(api: Served) -> None:
    heard = api.hear("builds.build")
    async with grpc(api) as it, session(api, client_with()), begun(it):
        first = await solve_target(it, "b", {})
        definition = getattr(first.result.ref, "def")
        attributes = {"context:base": "input:base", "context:base::linux/amd64": "input:base"}
        await solve_target(it, "b", attributes, FrontendInputs={"base": definition})
        with pytest.raises(GRPCError, match="the target of base is not known any more"):
            await solve_target(it, "b", attributes, FrontendInputs={"base": definition_of("nosuch")})
        with pytest.raises(GRPCError, match="the target of base is not known any more"):
            await solve_target(it, "b", attributes)
    image = api.served.buildkit.jobs.images[first.result.ref.id]
    assert heard[1]["request"].named_contexts == {"base": f"docker-image://{image}"}


async def test_a_context_that_cannot_be_is_refused(api: Served) -> None:
    with pytest.raises(GRPCError) as caught:
        await build(api, client_with(), attributes={"context:a": "odd://x"})
    assert str(caught.value.message).startswith("the context a (odd://x) is not supported by Wherry: a directory,")


# --- platforms ---


async def test_each_platform_is_built_and_told_apart(api: Served) -> None:
    heard = api.hear("builds.build")
    attributes = {
        "platform": "linux/amd64,linux/arm64",
        "context:base": "docker-image://both",
        "context:base::linux/arm64": "docker-image://arm",
    }
    asked = []
    real = api.engine.images.get

    async def get(image: str) -> Any:
        asked.append(image)
        found = await real(image)
        return replace(found, platform=replace(found.platform, architecture=("amd64", "arm64")[(len(asked) - 1) % 2]))

    api.engine.images.get = get  # type: ignore[method-assign]
    outcome = await build(api, client_with(), attributes=attributes)
    assert [(each["request"].platform, each["request"].named_contexts) for each in heard] == [
        ("linux/amd64", {"base": "docker-image://both"}),
        ("linux/arm64", {"base": "docker-image://arm"}),
    ]
    assert sorted(outcome.result.refs.refs) == ["linux/amd64", "linux/arm64"]
    listed = json.loads(outcome.result.metadata["refs.platforms"])["Platforms"]
    assert sorted(each["ID"] for each in listed) == ["linux/amd64", "linux/arm64"]
    assert {f"containerimage.config/{each['ID']}" for each in listed} < set(outcome.result.metadata)
    assert "[linux/arm64 2/2] RUN true" in outcome.vertexes
    assert "[linux/amd64 2/2] RUN true" in outcome.vertexes


async def test_one_platform_has_the_context_that_was_given_for_it(api: Served) -> None:
    heard = api.hear("builds.build")
    attributes = {
        "platform": "linux/arm64",
        "context:a": "docker-image://all",
        "context:a::linux/arm64": "docker-image://arm",
    }
    await build(api, client_with(), attributes=attributes)
    assert heard[0]["request"].named_contexts == {"a": "docker-image://arm"}
    await build(api, client_with(), ref="2", attributes={"platform": "linux/arm64"})
    assert (heard[1]["request"].platform, heard[1]["request"].named_contexts) == ("linux/arm64", {})


# --- what goes wrong ---


@pytest.mark.parametrize(
    ("frontend", "words"),
    [
        ("", "a graph of BuildKit's own is not solved here: only Dockerfiles are built"),
        ("odd.v1", "the frontend odd.v1 is not supported by Wherry"),
    ],
)
async def test_only_dockerfiles_are_built(api: Served, frontend: str, words: str) -> None:
    async with grpc(api) as it, session(api, client_with()), begun(it):
        with pytest.raises(GRPCError) as caught:
            await solve_target(it, "b", {}, Frontend=frontend)
        assert (caught.value.status, caught.value.message) == (Status.UNIMPLEMENTED, words)
        assert (await solve_target(it, "b", {}, Frontend="gateway.v0")).result.ref.id


async def test_a_failed_step_is_told_with_its_vertex_and_its_lines(api: Served) -> None:
    client = client_with(recipe=b"FROM alpine\nRUN fail\n")
    async with grpc(api) as it, session(api, client):
        async with begun(it):
            with pytest.raises(GRPCError) as caught:
                await solve_target(it, "b", {})
        said = await it.status("b")
    vertexes = {each.digest: each for response in said for each in response.vertexes}
    failed = next(each for each in vertexes.values() if each.name.endswith("RUN fail"))
    assert failed.error.startswith("process “RUN fail” did not complete successfully")
    assert caught.value.message == "Line 2 failed: RUN fail"
    assert json.loads(caught.value.details[0].value) == {"digest": failed.digest}


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (InvalidRequest("It is wrong", "In line 3."), Status.UNKNOWN, "It is wrong. In line 3."),
        (TimeoutError(), Status.DEADLINE_EXCEEDED, "the client's session does not answer"),
        (ConnectionResetError(), Status.CANCELLED, "the client's session ended: context canceled"),
    ],
)
async def test_why_nothing_came_of_a_target_is_told_to_who_solves_too(
    api: Served, error: Exception, status: Status, words: str
) -> None:
    api.hear("builds.examine", error)
    async with grpc(api) as it, session(api, client_with()), begun(it) as solving:
        with pytest.raises(GRPCError) as caught:
            await solve_target(it, "b", {})
        assert (caught.value.status, caught.value.message) == (status, words)
        told = wire.ReturnRequest(error=wire.RpcStatus(code=2, message="what the client made of it"))
        await it.call(f"{BRIDGE}Return", told, wire.Nothing, "b")
        with pytest.raises(GRPCError) as caught:
            await solving
        assert (caught.value.status, caught.value.message) == (status, words)


async def test_a_fault_of_ours_is_told_and_logged(api: Served, expect_log: Any) -> None:
    expect_log("failed unexpectedly")
    api.hear("builds.examine", RuntimeError("a bug"))
    with pytest.raises(GRPCError, match="something went wrong inside Wherry: a bug"):
        await build(api, client_with())


@pytest.mark.parametrize(("code", "status"), [(5, Status.NOT_FOUND), (2, Status.UNKNOWN), (99, Status.UNKNOWN)])
async def test_what_a_client_says_went_wrong_is_what_it_hears(api: Served, code: int, status: Status) -> None:
    async with grpc(api) as it, begun(it) as solving:
        details = [wire.RawAny(type_url="t", value=b"v")]
        error = wire.RpcStatus(code=code, message="its own words", details=details)
        await it.call(f"{BRIDGE}Return", wire.ReturnRequest(error=error), wire.Nothing, "b")
        await it.call(f"{BRIDGE}Return", wire.ReturnRequest(), wire.Nothing, "b")  # the first word counts
        with pytest.raises(GRPCError) as caught:
            await solving
    assert (caught.value.status, caught.value.message, list(caught.value.details)) == (status, "its own words", details)


async def test_findings_are_told_and_one_that_cannot_be_built_ends_it(api: Served) -> None:
    finding = RecipeWarning(rule="MaintainerDeprecated", description="d", detail="e", line=2, end_line=2)
    problem = "unknown instruction: RUNN"
    api.hear(
        "builds.examine",
        RecipeReport(filename="D", text="a\nb\nc", warnings=(finding,), problem=problem, problem_line=3),
    )
    client = client_with()
    async with grpc(api) as it, session(api, client):
        async with begun(it):
            with pytest.raises(GRPCError) as caught:
                await solve_target(it, "b", {})
        said = await it.status("b")
    assert caught.value.message == problem
    [source] = caught.value.details
    assert json.loads(source.value)["ranges"] == [{"start": {"line": 3}, "end": {"line": 3}}]
    assert [each.short.partition(b":")[0] for response in said for each in response.warnings] == [
        b"MaintainerDeprecated"
    ]


# --- questions ---


async def test_a_dockerfile_answers_without_being_built(api: Served) -> None:
    heard, examined = api.hear("builds.build"), api.hear("builds.examine")
    client = client_with(recipe=b"FROM alpine AS one\nFROM one AS two\n")
    client.uploads = {"/x": [b"tar"]}
    options = {
        "requestid": "frontend.targets", "target": "two", "build-arg:A": "1", "platform": "linux/arm64",
        "context:x::linux/arm64": "local:y", "context:x": "local:y", "image-resolve-mode": "pull",
    }  # fmt: skip
    async with grpc(api) as it, session(api, client), begun(it):
        answer = await solve_target(it, "b", options)
        await solve_target(it, "b", {"requestid": "frontend.lint", "context": "https://x/y.git"})
        await solve_target(it, "b", {"requestid": "frontend.lint", "context": "http://buildkit-session/x"})
        with pytest.raises(GRPCError, match="Wherry does not know the request frontend"):
            await solve_target(it, "b", {"requestid": "frontend.odd"})
    assert [each["name"] for each in json.loads(answer.result.metadata["result.json"])["targets"]] == ["one", "two"]
    assert heard == []
    assert examined[0]["request"] == BuildImage(
        dockerfile_text="FROM alpine AS one\nFROM one AS two\n", target="two", build_args={"A": "1"},
        platform="linux/arm64", named_contexts={"x": ""}, pull=True,
    )  # fmt: skip
    assert (examined[0]["context"], examined[1]["context"]) == (None, None)
    assert examined[1]["request"] == BuildImage(context="https://x/y.git")
    assert examined[2]["request"] == BuildImage()
    assert examined[2]["context"] is not None
    assert all(each["lender"] is not None for each in examined)


async def test_what_cannot_be_built_answers_a_check_and_no_other_question(api: Served) -> None:
    client = client_with(recipe=b"FROM alpine\nRUNN\n")
    async with grpc(api) as it, session(api, client), begun(it):
        answer = await solve_target(it, "b", {"requestid": "frontend.lint"})
        assert json.loads(answer.result.metadata["result.json"])["buildError"]
        with pytest.raises(GRPCError) as caught:
            await solve_target(it, "b", {"requestid": "frontend.outline"})
        assert json.loads(caught.value.details[0].value)["ranges"][0]["start"] == {"line": 2}


# --- looking into a result ---


async def test_a_client_looks_into_what_was_built(api: Served) -> None:
    async with grpc(api) as it, session(api, client_with()), begun(it):
        ref = (await solve_target(it, "b", {})).result.ref.id
        stat = api.hear("files.stat", FileStat(name="a", size=7, mode=0o120777, mtime=0.0))
        read = api.hear("files.read", b"the data")
        entry = DirectoryEntry(name="x", kind=FileKind.FILE, size=3, mode=0o100644, uid=0, gid=0, mtime=0.0)
        listed = api.hear("files.list", [entry])
        image = api.served.buildkit.jobs.images[ref]
        found = await it.call(f"{BRIDGE}StatFile", wire.StatFileRequest(Ref=ref, Path="/a"), wire.StatFileResponse, "b")
        assert (found.stat.path, found.stat.size, found.stat.mode) == ("/a", 7, 1 << 27 | 0o777)
        place = stat[0]["place"]
        assert (place.kind, place.id, stat[0]["path"]) == ("image", image, "/a")
        for given, offset, limit in (
            ({}, 0, 8 << 20),
            ({"Offset": 3, "Length": 5}, 3, 5),
            ({"Length": 9 << 20}, 0, 8 << 20),
        ):
            request = wire.ReadFileRequest(Ref=ref, FilePath="/a", Range=wire.FileRange(**given))
            assert (await it.call(f"{BRIDGE}ReadFile", request, wire.ReadFileResponse, "b")).Data == b"the data"
            assert (read[-1]["path"], read[-1]["offset"], read[-1]["limit"]) == ("/a", offset, limit)
        rows = await it.call(f"{BRIDGE}ReadDir", wire.ReadDirRequest(Ref=ref, DirPath="/d"), wire.ReadDirResponse, "b")
        assert [(each.path, each.size, each.mode) for each in rows.entries] == [("x", 3, 0o644)]
        assert listed[0]["path"] == "/d"
        await it.call(f"{BRIDGE}Evaluate", wire.EvaluateRequest(Ref=ref), wire.Nothing, "b")
        await it.call(f"{BRIDGE}Evaluate", wire.EvaluateRequest(), wire.Nothing, "b")
        for verb in ("stat", "read"):
            api.hear(f"files.{verb}", InvalidRequest("no"))
        wrong = [
            ("StatFile", wire.StatFileRequest(Ref=ref, Path="/b"), wire.StatFileResponse, "/b: not found"),
            ("ReadFile", wire.ReadFileRequest(Ref=ref, FilePath="/b"), wire.ReadFileResponse, "/b: not found"),
            ("ReadDir", wire.ReadDirRequest(Ref="x"), wire.ReadDirResponse, "no such ref: x"),
            ("Evaluate", wire.EvaluateRequest(Ref="x"), wire.Nothing, "no such ref: x"),
        ]
        for verb, request, answer, words in wrong:
            with pytest.raises(GRPCError) as caught:
                await it.call(f"{BRIDGE}{verb}", request, answer, "b")
            assert (caught.value.status, caught.value.message) == (Status.NOT_FOUND, words)


# --- the house ---


async def test_a_client_hears_what_can_be_asked(api: Served) -> None:
    async with grpc(api) as it, begun(it):
        said = await it.call(f"{BRIDGE}Ping", wire.Nothing(), wire.PongResponse, "b")
        assert {each.ID for each in said.FrontendAPICaps} >= {"return", "gateway.solve.metadata"}
        assert {each.ID for each in said.LLBCaps} >= {"exporter.multiple"}
        assert [each.ID for each in said.Workers] == ["wherry"]
        version = (await it.call(f"{CONTROL}Info", wire.InfoRequest(), wire.InfoResponse)).buildkitVersion
        assert (version.package, version.revision) == ("github.com/moby/buildkit", "wherry")


async def test_the_cache_is_told_and_freed(api: Served) -> None:
    entries = {each.id: each for each in await api.engine.builds.cache()}
    heard = api.hear("builds.prune_cache")
    async with grpc(api) as it:
        usage = await it.call(f"{CONTROL}DiskUsage", wire.DiskUsageRequest(), wire.DiskUsageResponse)
        method = UnaryStreamMethod(it.channel, f"{CONTROL}Prune", wire.PruneRequest, wire.UsageRecord)
        gone = await method(wire.PruneRequest(keepDuration=3600 * 10**9), timeout=40)
        assert await method(wire.PruneRequest(), timeout=40) == []
    assert [each.ID for each in usage.record] == [each.ID for each in gone] == list(entries)
    for each in usage.record:
        entry = entries[each.ID]
        kind = "exec.cachemount" if entry.kind == "mount" else "regular"
        assert (each.InUse, each.Size, each.Description, each.RecordType, each.UsageCount) == (
            entry.in_use, entry.size, entry.description, kind, 1,
        )  # fmt: skip
        assert each.HasField("CreatedAt")
        assert each.HasField("LastUsedAt")
    assert [each["all_unused"] for each in heard] == [True, True]
    assert 0 < time.time_ns() - heard[0]["until_ns"] - 3600 * 10**9 < 600 * 10**9
    assert heard[1]["until_ns"] == 0


# --- caches outside ---


async def test_caches_are_looked_into_as_long_as_the_build_lasts(api: Served) -> None:
    heard, opened, closed = api.hear("builds.build"), api.hear("builds.open_cache", "c"), api.hear("builds.close_cache")
    client = client_with()
    client.logins = {"r.example": ("me", "word")}
    imports = [
        wire.CacheEntry(Type="registry", Attrs={"ref": "r.example/cache"}),
        wire.CacheEntry(Type="local", Attrs={"src": "/srv/cache", "digest": digest_of(b"x")}),
        wire.CacheEntry(Type="gha"),
        wire.CacheEntry(Type="registry"),
    ]
    outcome = await build(api, client, Cache=wire.CacheOptions(Imports=imports))
    assert heard[0]["request"].caches == ("c", "c")
    login = Login(server="r.example", username="me", password="word")
    assert [each["cache"] for each in opened] == [BuildCache(reference="r.example/cache", login=login), BuildCache()]
    assert [each["blobs"] is None for each in opened] == [True, False]
    assert closed == [{"name": "c"}] * 2
    words = [each for each in outcome.vertexes if each.startswith("importing")]
    assert words == [
        "importing cache manifest from r.example/cache",
        "importing cache manifest from /srv/cache",
        "importing cache manifest from gha",
        "importing cache manifest from registry",
    ]


async def test_caches_may_be_named_by_an_option_too(api: Served) -> None:
    opened = api.hear("builds.open_cache", "c")
    text = json.dumps([{"Type": "registry", "Attrs": {"ref": "r.example/a"}}, {"Type": "registry", "Attrs": None}])
    await build(api, client_with(), attributes={"cache-imports": text})
    assert [each["cache"].reference for each in opened] == ["r.example/a"]
    for number, wrong in enumerate(("{", "[1]", '[{"Attrs":{}}]', "7")):
        with pytest.raises(GRPCError, match="cache-imports is not a list of caches"):
            await build(api, client_with(), ref=f"w{number}", attributes={"cache-imports": wrong})


async def test_what_was_built_is_given_to_caches(api: Served) -> None:
    heard, built = (
        api.hear("builds.export_cache", IndexDescriptor(media_type="m", digest="d", size=3)),
        api.hear("builds.build"),
    )
    client = client_with()
    client.logins = {"r.example": ("me", "word")}
    exports = [
        wire.CacheEntry(Type="inline"),
        wire.CacheEntry(Type="registry", Attrs={"ref": "r.example/cache", "mode": "max"}),
        wire.CacheEntry(Type="local", Attrs={"dest": "/srv/cache"}),
    ]
    outcome = await build(api, client, exporters=[("image", {})], Cache=wire.CacheOptions(Exports=exports))
    login = Login(server="r.example", username="me", password="word")
    assert [each["cache"] for each in heard] == [
        BuildCache(reference="r.example/cache", everything=True, login=login),
        BuildCache(),
    ]
    assert [each["blobs"] is None for each in heard] == [True, False]
    assert heard[0]["builds"] == [operation.id for operation in await api.engine.operations.list()]
    assert json.loads(outcome.response["cache.manifest"]) == {"mediaType": "m", "digest": "d", "size": 3}
    assert built[0]["request"].inline_cache
    assert [each for each in outcome.vertexes if "cache" in each] == [
        "exporting cache to registry",
        "exporting cache to client directory",
    ]


@pytest.mark.parametrize("ignored", [False, True])
async def test_a_cache_that_cannot_be_filled_fails_the_build_unless_it_may(api: Served, ignored: bool) -> None:
    more = {"ignore-error": "true"} if ignored else {}
    for number, (kind, attributes, words) in enumerate((
        ("gha", {}, "unknown cache exporter: 'gha': registry, local and inline are there"),
        ("registry", {}, "unknown cache exporter: 'registry': registry, local and inline are there"),
        ("registry", {"ref": "r.example/x"}, "It is full. Really."),
    )):  # fmt: skip
        api.hear("builds.export_cache", RuntimeFailure("It is full", "Really."))
        exports = [wire.CacheEntry(Type=kind, Attrs=attributes | more)]
        cache = wire.CacheOptions(Exports=exports)
        if ignored:
            assert (await build(api, client_with(), ref=str(number), Cache=cache)).response == {}
        else:
            with pytest.raises(GRPCError) as caught:
                await build(api, client_with(), ref=str(number), Cache=cache)
            assert caught.value.message == words
