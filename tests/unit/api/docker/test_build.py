"""`POST /build` and what `wherry build` asks beside it: the request that is made of it, and how the build is told."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from msgspec.structs import replace

from engine.api.wherry import own_build
from engine.errors import Code, RuntimeFailure, StorageError
from engine.types.attestations import IndexEntry
from engine.types.builds import (
    Build,
    BuildCache,
    BuildImage,
    BuildOutput,
    BuildSecret,
    BuildStep,
    RecipeReport,
    StepState,
)
from engine.types.containers import Ulimit
from engine.types.data import now
from engine.types.images import Login
from tests.unit.api.serving import Played, pieces, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.api.serving import Served

IMAGE = "sha256:" + "ab" * 32


def step(number: int, at: StepState) -> BuildStep:
    return BuildStep(id=f"s{number}", stage="0", number=number, total=3, instruction=f"RUN {number}", line=1, state=at)


def built(*steps: BuildStep, **more: Any) -> Build:
    return Build(
        **{"id": "played", "context": "", "dockerfile": "", "tags": (), "started": now(), "steps": steps, **more}
    )


def plays(
    api: Served, *batches: tuple[Build, list[str]], ends: str | BaseException = IMAGE, last: Build | None = None
) -> Any:
    """The builds room, with one build that goes so. Gives the requests that are heard."""
    states = iter(batches)
    now_is = [batches[0][0] if batches else built()]

    async def output() -> Any:
        for state, lines in states:
            now_is[0] = state
            yield [BuildOutput(step="s1", stream="stdout", text=line) for line in lines]
        if last is not None:
            now_is[0] = last

    async def get(build: str) -> Build:
        assert build == "played"
        return now_is[0]

    api.hear("builds.output", output())
    api.engine.builds.get = get  # type: ignore[method-assign]
    return api.hear("builds.build", Played(ends=ends))


# --- what is asked for ---


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, BuildImage()),
        ({"dockerfile": "b/Dockerfile.dev"}, BuildImage(dockerfile="b/Dockerfile.dev")),
        ([("t", "a:1"), ("t", ""), ("t", "b")], BuildImage(tags=("a:1", "b"))),
        ({"target": "base"}, BuildImage(target="base")),
        ({"buildargs": '{"A":"1","B":null}'}, BuildImage(build_args={"A": "1", "B": None})),
        ({"buildargs": "null"}, BuildImage()),
        ({"labels": '{"a":"b"}'}, BuildImage(labels={"a": "b"})),
        ({"nocache": "1"}, BuildImage(no_cache=True)),
        ({"pull": "1"}, BuildImage(pull=True)),
        ({"platform": "linux/arm64"}, BuildImage(platform="linux/arm64")),
        ({"networkmode": "none"}, BuildImage(network="none")),
        ({"networkmode": "host"}, BuildImage(network="host")),
        ({"networkmode": "pasta"}, BuildImage(network="pasta")),
        ({"networkmode": "bridge"}, BuildImage()),
        ({"networkmode": "default"}, BuildImage()),
        ({"extrahosts": "a:1,b:2,"}, BuildImage(extra_hosts=("a:1", "b:2"))),
        ([("extrahosts", "a:1"), ("extrahosts", "b:2")], BuildImage(extra_hosts=("a:1", "b:2"))),
        ({"shmsize": "1024"}, BuildImage(shm_size=1024)),
        ({"shmsize": "-5"}, BuildImage()),
        ({"ulimits": '[{"Name":"nofile","Soft":1,"Hard":2}]'},
         BuildImage(ulimits=(Ulimit(name="nofile", soft=1, hard=2),))),
        ({"ulimits": "null"}, BuildImage()),
        ({"squash": "1"}, BuildImage(squash=True)),
        ({"allow": "security.insecure,network.host"}, BuildImage(allow=("network.host", "security.insecure"))),
        ({"securityopt": '["security.insecure"]'}, BuildImage(allow=("security.insecure",))),
        ({"securityopt": "null"}, BuildImage()),
        ({"version": "1"}, BuildImage()),
        ({"memory": "0", "memswap": "0", "cpusetcpus": "", "cgroupparent": "null", "outputs": "[]"}, BuildImage()),
        ({"remote": "https://x.example/a.git#main"}, BuildImage(context="https://x.example/a.git#main")),
        ({"remote": "git@x.example:a.git"}, BuildImage(context="git@x.example:a.git")),
        ({"remote": "github.com/a/b"}, BuildImage(context="github.com/a/b")),
    ],
)  # fmt: skip
async def test_a_build_is_asked_for_as_the_parameters_say(api: Served, query: Any, asked: BuildImage) -> None:
    heard = plays(api)
    reply = await api.ask("POST", f"/build?{urlencode(query)}", b"tar")
    assert reply.status == 200, reply.body
    assert [each["request"] for each in heard] == [asked]
    assert (heard[0]["context"] is None) is bool(asked.context)


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"version": "2"}, 501, "a build by BuildKit comes over /grpc, not as this request"),
        ({"version": "3"}, 400, 'invalid version "3"'),
        ({"networkmode": "odd"}, 501,
         "building on the network 'odd' is not supported by Wherry: none, host and the default are there"),
        *(
            ({key: "5"}, 501,
             f"the build parameter {key} is not supported by Wherry: build steps run without limits of their own")
            for key in ("memory", "memswap", "cpushares", "cpuquota", "cpuperiod", "cpusetcpus", "cgroupparent")
        ),
        ({"outputs": '[{"Type":"local"}]'}, 501,
         "the build parameter outputs is not supported by Wherry: an image is what comes out"),
        ({"allow": "everything"}, 400,
         "'everything' is nothing that can be allowed: one of network.host, security.insecure"),
        ({"securityopt": '["seccomp=x"]'}, 400,
         "'seccomp=x' is nothing that can be allowed: one of network.host, security.insecure"),
        ({"remote": "/etc"}, 400, "remote: '/etc' is no address of a context: give a URL or a git repository"),
        ({"remote": "client-session"}, 400,
         "remote: 'client-session' is no address of a context: give a URL or a git repository"),
        ({"buildargs": "{"}, 400, "invalid JSON: Input data was truncated"),
        ({"ulimits": "{}"}, 400, "invalid JSON: Expected `array`, got `object`"),
    ],
)  # fmt: skip
async def test_what_a_build_cannot_honour_is_refused(
    api: Served, query: dict[str, str], status: int, words: str
) -> None:
    heard = plays(api)
    reply = await api.ask("POST", f"/build?{urlencode(query)}")
    assert (reply.status, reply.message, heard) == (status, words, [])


async def test_a_build_knows_the_logins_that_came_with_it(api: Served) -> None:
    heard = plays(api)
    known = {"r.example": {"username": "u", "password": "p"}, "s.example": {"auth": "%"}, "t.example": None}
    header = base64.urlsafe_b64encode(json.dumps(known).encode()).decode()
    await api.ask("POST", "/build", X_Registry_Config=header)
    known.pop("t.example")
    header = base64.urlsafe_b64encode(json.dumps(known).encode()).decode()
    await api.ask("POST", "/build", X_Registry_Config=header)
    assert heard[0]["request"].logins == ()
    assert heard[1]["request"].logins == (Login(server="r.example", username="u", password="p"),)


# --- how it is told ---

RUN, DONE, CACHED, WAITING = StepState.RUNNING, StepState.DONE, StepState.CACHED, StepState.WAITING
STREAM = [
    {"stream": "Step 1/3 : RUN 1"},
    {"stream": "\n"},
    {"stream": "hello\n"},
    {"stream": "again\n"},
    {"stream": "Step 2/3 : RUN 2"},
    {"stream": "\n"},
    {"stream": " ---> Using cache\n"},
    {"stream": "Step 3/3 : RUN 3"},
    {"stream": "\n"},
    {"aux": {"ID": IMAGE}},
    {"stream": "Successfully built abababababab\n"},
    {"stream": "Successfully tagged a:1\n"},
    {"stream": "Successfully tagged b:latest\n"},
]


async def test_each_step_and_line_is_told_once_and_then_the_image(api: Served) -> None:
    plays(
        api,
        (built(step(1, RUN), step(2, WAITING), step(3, WAITING)), ["hello"]),
        (built(step(1, RUN), step(2, WAITING), step(3, StepState.SKIPPED)), []),
        (built(step(1, DONE), step(2, WAITING), step(3, WAITING)), ["again"]),
        (built(step(1, DONE), step(2, CACHED), step(3, WAITING)), []),
        last=built(step(1, DONE), step(2, CACHED), step(3, DONE), tags=("a:1", "docker.io/library/b")),
    )
    reply = await api.ask("POST", "/build")
    assert reply.lines() == STREAM
    assert reply.body.count(b"}\r\n") == len(STREAM)


async def test_a_quiet_build_tells_the_image_alone(api: Served) -> None:
    plays(api, (built(step(1, RUN)), ["hello"]))
    assert (await api.ask("POST", "/build?q=1")).lines() == [{"stream": f"{IMAGE}\n"}]


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (RuntimeFailure("It failed", code=Code.BUILD_STEP_FAILED, exit_code=7), {"message": "It failed", "code": 7}),
        (RuntimeFailure("It failed", exit_code=7), {"message": "It failed"}),
        (StorageError("The disk is full", "Really.", docker="no space left"),
         {"message": "no space left", "advice": "The disk is full. Really."}),
    ],
)  # fmt: skip
async def test_a_failure_is_a_line_once_something_was_told_and_a_status_before(
    api: Served, error: Exception, detail: dict[str, Any]
) -> None:
    failed = built(step(1, StepState.FAILED))
    plays(api, (built(step(1, WAITING)), []), ends=error, last=failed)
    lines = (await api.ask("POST", "/build")).lines()
    assert lines == [
        {"stream": "Step 1/1 : RUN 1"},
        {"stream": "\n"},
        {"errorDetail": detail, "error": detail["message"]},
    ]
    plays(api, ends=error, last=built())
    reply = await api.ask("POST", "/build")
    assert (reply.status >= 400, reply.message) == (True, detail["message"])
    plays(api, (built(step(1, RUN)), ["x"]), ends=error)
    reply = await api.ask("POST", "/build?q=1")
    assert (reply.status >= 400, reply.message) == (True, detail["message"])


async def test_a_build_is_cancelled_by_the_id_its_client_gave_it(api: Served) -> None:
    played = Played(ends=None)
    api.hear("builds.output", pieces([]))
    api.engine.store.put("build", built(step(1, RUN)))
    api.hear("builds.build", played)
    building = asyncio.create_task(api.ask("POST", "/build?buildid=mine"))
    await until(lambda: api.served.builds.get("mine") is played)
    assert (await api.ask("POST", "/build/cancel?id=other")).status == 200
    assert not played.cancelled.is_set()
    assert (await api.ask("POST", "/build/cancel?id=mine")).status == 200
    assert (await building).lines()[-1]["error"] == "Cancelled"
    assert api.served.builds == {}
    reply = await api.ask("POST", "/build/cancel")
    assert (reply.status, reply.message) == (400, "build ID not provided")


async def test_a_build_without_an_id_is_nobodys_to_cancel(api: Served) -> None:
    played = Played(ends=None)
    api.hear("builds.output", pieces([]))
    api.engine.store.put("build", built(step(1, RUN)))
    api.hear("builds.build", played)
    _, writer = await api.connect()
    writer.write(b"POST /build HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    await until(lambda: api.server.idle_seconds == 0)
    assert api.served.builds == {}
    writer.close()
    await asyncio.wait_for(played.cancelled.wait(), 30)
    await until(lambda: api.server.idle_seconds > 0)


async def test_a_second_build_of_an_id_is_not_forgotten_with_the_first(api: Served) -> None:
    first, second = Played(ends=None), Played(ends=None)
    api.engine.store.put("build", built(step(1, RUN)))
    building = []
    for played in (first, second):
        api.hear("builds.output", pieces([]))
        api.hear("builds.build", played)
        building.append(asyncio.create_task(api.ask("POST", "/build?buildid=mine")))
        await until(lambda played=played: api.served.builds.get("mine") is played)
    first.cancel()
    await building[0]
    assert api.served.builds == {"mine": second}
    second.cancel()
    await building[1]
    assert api.served.builds == {}


# --- as `wherry build` asks ---


def own(extras: dict[str, Any], rest: bytes = b"") -> bytes:
    return json.dumps(extras).encode() + b"\n" + rest


async def test_what_docker_has_no_parameter_for_stands_before_the_context(api: Served) -> None:
    heard = plays(api)
    kept, sent = api.hear("images.keep_index", None), []

    class Taking(Played):
        async def result(self) -> str:
            sent.extend([piece async for piece in heard[0]["context"]])
            return IMAGE

    heard = api.hear("builds.build", Taking())
    extras = {
        "secrets": {"token": base64.b64encode(b"s3cret").decode()},
        "ssh": {"default": "/run/agent"},
        "contexts": {"other": "/srv/other", "base": "docker-image://alpine", "git": "git@x:y"},
        "inline_cache": True,
        "no_cache_stages": ["base"],
    }
    reply = await api.ask("POST", "/wherry/build?t=a:1", own(extras, b"the tar"))
    assert reply.status == 200, reply.body
    assert heard[0]["request"] == BuildImage(
        tags=("a:1",),
        secrets=(BuildSecret(id="token", value=b"s3cret"),),
        ssh_sockets={"default": "/run/agent"},
        named_contexts=extras["contexts"],
        inline_cache=True,
        no_cache_stages=("base",),
    )
    assert b"".join(sent) == b"the tar"
    assert kept == [{"image": IMAGE, "entries": []}]
    assert reply.lines()[-2] == {"aux": {"ID": IMAGE}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body begins with a line of JSON, then comes the context"),
        (b"{}", "the body begins with a line of JSON, then comes the context"),
        (b"x" * 5000, "the body begins with a line of JSON, then comes the context"),
        (b"[]\n", "invalid JSON: Expected `object`, got `array`"),
        (own({"secrets": {"a": "%"}}), "a secret is base64"),
        (own({"contexts": {"a": "../up"}}), "the context a is neither an absolute path, an image nor an address"),
        (own({"platforms": ["linux/amd64"] * 17}), "at most 16 platforms are built at once"),
    ],
)
async def test_a_first_line_that_cannot_be_is_refused(
    api: Served, monkeypatch: pytest.MonkeyPatch, body: bytes, words: str
) -> None:
    monkeypatch.setattr(own_build, "_MOST_EXTRAS", 4000)
    heard = plays(api)
    reply = await api.ask("POST", "/wherry/build", body)
    assert (reply.status, reply.message, heard) == (400, words, [])


async def test_several_platforms_are_built_one_after_the_other_and_kept_under_one_index(api: Served) -> None:
    """Each reads the context from its beginning; the name goes to the first."""
    api.hear("builds.output", pieces())
    api.engine.store.put("build", built())
    requests, contexts, kept = [], [], api.hear("images.keep_index", None)

    class Taking(Played):
        def __init__(self, request: BuildImage, context: Any) -> None:
            super().__init__(ends=f"sha256:{request.platform}")
            self._context = context

        async def result(self) -> str:
            contexts.append(b"".join([piece async for piece in self._context]))
            return await super().result()

    def build(request: BuildImage, context: Any = None, lender: Any = None) -> Played:
        requests.append((request.platform, request.tags))
        api.hear("builds.output", pieces())
        return Taking(request, context)

    api.engine.builds.build = build  # type: ignore[method-assign, assignment]
    extras = {"platforms": ["linux/arm64", "linux/amd64"]}
    reply = await api.ask("POST", "/wherry/build?t=a:1&q=1", own(extras, b"tar" * 300_000))
    assert requests == [("linux/arm64", ("a:1",)), ("linux/amd64", ())]
    assert contexts == [b"tar" * 300_000] * 2
    entries = [IndexEntry(image="sha256:linux/arm64"), IndexEntry(image="sha256:linux/amd64")]
    assert kept == [{"image": "sha256:linux/arm64", "entries": entries}]
    assert [line["stream"] for line in reply.lines()] == ["sha256:linux/arm64\n", "sha256:linux/amd64\n"]


async def test_a_platform_that_fails_ends_the_whole(api: Served) -> None:
    heard = plays(api, (built(step(1, RUN)), ["x"]), ends=RuntimeFailure("It failed"))
    kept = api.hear("images.keep_index", None)
    reply = await api.ask("POST", "/wherry/build", own({"platforms": ["linux/arm64", "linux/amd64"]}))
    assert reply.lines()[-1]["error"] == "It failed"
    assert (len(heard), kept) == (1, [])


async def test_caches_are_opened_before_and_filled_after_the_build(api: Served, tmp_path: Path) -> None:
    heard = plays(api)
    api.hear("images.keep_index", None)
    opened, closed = api.hear("builds.open_cache", "c1"), api.hear("builds.close_cache")
    filled = api.hear("builds.export_cache", None)
    (tmp_path / "index.json").write_text("{}")
    extras = {
        "cache_from": [
            {"reference": "r.example/cache"},
            {"directory": str(tmp_path)},
            {"directory": str(tmp_path / "not-there-yet")},
        ],
        "cache_to": [{"reference": "r.example/cache", "everything": True}, {"directory": "/srv/cache"}],
    }
    reply = await api.ask("POST", "/wherry/build", own(extras))
    assert opened == [
        {"cache": BuildCache(reference="r.example/cache"), "blobs": None},
        {"cache": BuildCache(directory=str(tmp_path)), "blobs": None},
    ]
    assert heard[0]["request"].caches == ("c1", "c1")
    assert closed == [{"name": "c1"}] * 2
    assert [(each["builds"], each["cache"]) for each in filled] == [
        (["played"], BuildCache(reference="r.example/cache", everything=True)),
        (["played"], BuildCache(directory="/srv/cache")),
    ]
    assert [line.get("stream") for line in reply.lines()[-2:]] == [
        "exported the cache to r.example/cache\n",
        "exported the cache to /srv/cache\n",
    ]


async def test_for_programs_a_build_is_told_in_buildxs_words(api: Served) -> None:
    at = now()
    done = replace(step(1, DONE), started=at, ended=at)
    plays(api, (built(replace(step(1, RUN), started=at)), ["hello"]), last=built(done, step(2, CACHED)))
    api.hear("images.keep_index", None)
    lines = (await api.ask("POST", "/wherry/build?progress=rawjson", own({}))).lines()
    told = [line["aux"]["progress"] for line in lines if "progress" in line.get("aux", {})]
    vertexes = [vertex for each in told for vertex in each.get("vertexes", [])]
    logs = [log for each in told for log in each.get("logs", [])]
    assert [base64.b64decode(each["data"]) for each in logs] == [b"hello\n"]
    assert set(logs[0]) == {"vertex", "stream", "data", "timestamp"}
    assert logs[0]["stream"] == 1
    assert logs[0]["vertex"] in {each["digest"] for each in vertexes}
    named = [each for each in vertexes if each.get("name", "").endswith("RUN 1")]
    assert "completed" not in named[0]
    assert named[0]["started"]
    assert named[-1]["completed"]
    assert any(each.get("cached") for each in vertexes)
    assert not any(value in ("", None, [], False) for each in vertexes for value in each.values()), "left out"
    assert lines[-2]["aux"] == {"ID": IMAGE}


@pytest.mark.parametrize(
    ("question", "problem", "failed"),
    [("lint", "", False), ("lint", "It is wrong", True), ("outline", "", False), ("targets", "", False)],
)
async def test_a_dockerfile_is_examined_without_a_build(api: Served, question: str, problem: str, failed: bool) -> None:
    report = RecipeReport(filename="Dockerfile", text="FROM alpine", problem=problem)
    heard = api.hear("builds.examine", report)
    reply = await api.ask("POST", f"/wherry/build/examine?question={question}&target=t", own({}, b"tar"))
    assert (reply.status, reply.json()["failed"], reply.json()["problem"]) == (200, failed, problem)
    assert isinstance(reply.json()["text"], str)
    assert heard[0]["request"] == BuildImage(target="t")
    assert heard[0]["context"] is not None
    await api.ask("POST", f"/wherry/build/examine?question={question}&remote=https://x/y.git", own({}))
    assert heard[1]["context"] is None


async def test_what_a_dockerfile_cannot_be_asked_is_refused(api: Served) -> None:
    reply = await api.ask("POST", "/wherry/build/examine?question=nosuch", own({}))
    assert (reply.status, reply.message) == (400, "a Dockerfile can be asked for lint, outline and targets")


async def test_an_images_files_are_given_as_a_tar(api: Served) -> None:
    heard = api.hear("files.download", pieces(b"tar"))
    reply = await api.ask("GET", "/wherry/images/nginx:1.27/files")
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "application/x-tar", b"tar")
    [asked] = heard
    nginx = api.engine.store.image("nginx:1.27").id
    assert (asked["place"].kind, asked["place"].id, asked["path"]) == ("image", nginx, "/")


async def test_an_image_is_given_with_all_of_its_index(api: Served) -> None:
    nginx = api.engine.store.image("nginx:1.27").id
    save, index = api.hear("images.save"), api.hear("images.save_index")
    reply = await api.ask("GET", "/wherry/images/nginx:1.27/layout")
    assert (reply.status, reply.headers["Content-Type"], len(reply.body)) == (200, "application/x-tar", 10240)
    assert (save, index) == ([{"references": ["nginx:1.27"], "oci": True}], [])
    entries = [IndexEntry(image="sha256:1"), IndexEntry(image="sha256:2")]
    kept = api.hear("images.kept_index", entries)
    for name in ("nginx:1.27", nginx, nginx[7:19]):
        assert (await api.ask("GET", f"/wherry/images/{quote(name)}/layout")).status == 200
    assert [(each["entries"], each["names"]) for each in index] == [
        (entries, ["nginx:1.27"]),
        (entries, []),
        (entries, []),
    ]
    assert kept == [{"image": nginx}] * 3
    await api.engine.images.tag("nginx:1.27", nginx[7])  # a name that its id begins with
    await api.ask("GET", f"/wherry/images/{nginx[7]}/layout")
    assert index[-1]["names"] == [nginx[7]]
    assert len(save) == 1
