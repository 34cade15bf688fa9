"""What each request about a container asks the engine for, and what it is told where that cannot be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.errors import Code, Conflict, NotFound
from engine.types.containers import ChangedPath, CreateContainer, Exit, Process, Resources, RestartPolicy, State
from engine.types.data import Freed, LabelRule, now
from tests.fakes.store import fake_digest
from tests.unit.api.serving import filtered

if TYPE_CHECKING:
    from tests.unit.api.serving import Served

WEB, DRAFT, PAD = (fake_digest(name)[7:] for name in ("shop-web-1", "draft", "scratchpad"))
"""One that runs, one that never ran, and one that is paused with a terminal."""


@pytest.mark.parametrize(
    ("method", "path", "verb", "asked"),
    [
        ("POST", "/containers/draft/start", "start", {"container": DRAFT}),
        ("POST", "/containers/shop-web-1/stop", "stop", {"container": WEB, "timeout": None, "signal": ""}),
        ("POST", "/containers/shop-web-1/stop?t=7&signal=INT", "stop",
         {"container": WEB, "timeout": 7.0, "signal": "INT"}),
        ("POST", "/containers/shop-web-1/stop?t=0", "stop", {"container": WEB, "timeout": 0.0, "signal": ""}),
        ("POST", "/containers/shop-web-1/stop?t=-1", "stop", {"container": WEB, "timeout": math.inf, "signal": ""}),
        ("POST", "/containers/shop-web-1/restart?t=3", "restart", {"container": "shop-web-1", "timeout": 3.0}),
        ("POST", "/containers/shop-web-1/restart", "restart", {"container": "shop-web-1", "timeout": None}),
        ("POST", "/containers/shop-web-1/kill", "kill", {"container": "shop-web-1", "signal": "KILL"}),
        ("POST", "/containers/shop-web-1/kill?signal=HUP", "kill", {"container": "shop-web-1", "signal": "HUP"}),
        ("POST", "/containers/shop-web-1/pause", "pause", {"container": "shop-web-1"}),
        ("POST", "/containers/scratchpad/unpause", "unpause", {"container": "scratchpad"}),
        ("POST", "/containers/shop-web-1/rename?name=/new", "rename", {"container": WEB, "name": "new"}),
        ("DELETE", "/containers/draft", "remove", {"container": DRAFT, "force": False, "volumes": False}),
        ("DELETE", "/containers/draft?force=1", "remove", {"container": DRAFT, "force": True, "volumes": False}),
        ("DELETE", "/containers/draft?v=1", "remove", {"container": DRAFT, "force": False, "volumes": True}),
        ("POST", "/containers/shop-web-1/resize?h=40&w=120", "resize", {"container": WEB, "rows": 40, "columns": 120}),
        ("POST", "/containers/scratchpad/resize?h=0&w=65535", "resize",
         {"container": PAD, "rows": 0, "columns": 65535}),
        ("GET", "/containers/shop-web-1/changes", "changes", {"container": "shop-web-1"}),
        ("GET", "/containers/shop-web-1/export", "export", {"container": WEB}),
        ("GET", "/containers/shop-web-1/top", "processes", {"container": WEB}),
        ("GET", "/containers/shop-web-1/json?size=1", "size", {"container": WEB}),
    ],
)  # fmt: skip
async def test_the_engine_is_asked_for_what_the_request_says(
    api: Served, method: str, path: str, verb: str, asked: dict[str, Any]
) -> None:
    heard = api.hear(f"containers.{verb}")
    reply = await api.ask(method, path)
    assert reply.status in (200, 204), reply.body
    assert heard == [asked]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/containers/nosuch/start"),
        ("POST", "/containers/nosuch/stop"),
        ("POST", "/containers/nosuch/restart"),
        ("POST", "/containers/nosuch/kill"),
        ("POST", "/containers/nosuch/pause"),
        ("POST", "/containers/nosuch/unpause"),
        ("POST", "/containers/nosuch/rename?name=x"),
        ("POST", "/containers/nosuch/update"),
        ("POST", "/containers/nosuch/resize?h=1&w=1"),
        ("POST", "/containers/nosuch/attach"),
        ("POST", "/containers/nosuch/wait"),
        ("GET", "/containers/nosuch/attach/ws"),
        ("GET", "/containers/nosuch/json"),
        ("GET", "/containers/nosuch/top"),
        ("GET", "/containers/nosuch/logs?stdout=1"),
        ("GET", "/containers/nosuch/changes"),
        ("GET", "/containers/nosuch/export"),
        ("GET", "/containers/nosuch/stats"),
        ("GET", "/containers/nosuch/archive?path=/"),
        ("DELETE", "/containers/nosuch"),
        ("POST", "/commit?container=nosuch"),
    ],
)
async def test_a_container_that_is_not_there_is_missed_in_dockers_words(api: Served, method: str, path: str) -> None:
    reply = await api.ask(method, path)
    assert (reply.status, reply.message) == (404, "No such container: nosuch")


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("POST", "/containers/scratchpad/start", 409, "cannot start a paused container, try unpause instead"),
        ("POST", "/containers/shop-web-1/rename", 400, "Neither old nor new names may be empty"),
        ("POST", "/containers/shop-web-1/rename?name=a%20b", 400,
         "Error when allocating new name: Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
        ("POST", "/containers/shop-web-1/rename?name=/shop-web-1", 400,
         "Renaming a container with the same name as its current name"),
        ("POST", "/containers/create?name=a%20b", 400,
         "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
        ("DELETE", "/containers/draft?link=1", 501, "legacy links are not supported by Wherry: use networks"),
        ("POST", "/containers/draft/resize?h=1&w=1", 409, f"container {DRAFT} is not running"),
        ("GET", "/containers/draft/top", 409, f"container {DRAFT} is not running"),
        ("POST", "/containers/shop-web-1/resize?h=x&w=1", 400, 'invalid resize height "x": invalid syntax'),
        ("POST", "/containers/shop-web-1/resize?w=1", 400, 'invalid resize height "": invalid syntax'),
        ("POST", "/containers/shop-web-1/resize?h=1&w=-4", 400, 'invalid resize width "-4": value out of range'),
        ("POST", "/containers/shop-web-1/resize?h=1&w=65536", 400,
         'invalid resize width "65536": value out of range'),
        ("POST", "/containers/shop-web-1/resize?h=1&w=000001", 400,
         'invalid resize width "000001": value out of range'),
        ("POST", "/containers/shop-web-1/resize?h=%C2%B2&w=1", 400, 'invalid resize height "²": invalid syntax'),
        ("POST", "/containers/shop-web-1/stop?t=soon", 400, "invalid value for t: 'soon' is not a whole number"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_in_dockers_words(
    api: Served, method: str, path: str, status: int, words: str
) -> None:
    before = dict(api.engine.store.containers)
    reply = await api.ask(method, path)
    assert (reply.status, reply.message) == (status, words)
    assert api.engine.store.containers == before


@pytest.mark.parametrize(
    ("state", "start", "stop", "top", "resize"),
    [
        (State.CREATED, 204, 304, 409, 409),
        (State.STARTING, 204, 204, 409, 200),
        (State.RUNNING, 304, 204, 200, 200),
        (State.PAUSED, 409, 204, 200, 200),
        (State.STOPPING, 204, 204, 200, 200),
        (State.RESTARTING, 204, 204, 409, 409),
        (State.EXITED, 204, 304, 409, 409),
        (State.DEAD, 204, 304, 409, 409),
    ],
)
async def test_what_is_so_already_is_told_and_not_done_again(
    api: Served, state: State, start: int, stop: int, top: int, resize: int
) -> None:
    """304 is what `docker start` and `docker stop` take for done."""
    store = api.engine.store
    store.put("container", replace(store.container(WEB), state=state, exit=Exit(code=0, ended=now())))
    heard = {verb: api.hear(f"containers.{verb}", None) for verb in ("start", "stop", "resize")}
    api.hear("containers.processes", [])
    got = [
        (await api.ask(method, f"/containers/{WEB[:12]}/{verb}")).status
        for method, verb in (("POST", "start"), ("POST", "stop"), ("GET", "top"), ("POST", "resize?h=1&w=1"))
    ]
    assert got == [start, stop, top, resize]
    assert [bool(heard[verb]) for verb in ("start", "stop", "resize")] == [start == 204, stop == 204, resize == 200]


async def test_a_start_with_a_recipe_in_it_is_refused_and_one_with_nothing_in_it_is_not(api: Served) -> None:
    """As clients of old sent it, whose wishes would be lost."""
    reply = await api.ask("POST", "/containers/draft/start", {"Binds": []})
    assert reply.status == 400
    assert reply.message.startswith("starting container with non-empty request body was deprecated since API v1.22")
    assert (await api.ask("POST", "/containers/draft/start", b"{}\r\n  \n")).status == 204


async def test_a_client_hears_of_what_was_looked_at_as_docker_tells_it(api: Served) -> None:
    told = api.hear("containers.tell")
    await api.ask("GET", "/containers/shop-web-1/top")
    await api.ask("GET", "/containers/shop-web-1/export")
    assert [(each["container"], each["action"], each["attributes"]) for each in told] == [
        (WEB, "top", {}),
        (WEB, "export", {}),
    ]


async def test_changes_are_numbered_as_docker_numbers_them(api: Served) -> None:
    api.hear(
        "containers.changes",
        [
            ChangedPath(path="/a", kind="changed"),
            ChangedPath(path="/b", kind="added"),
            ChangedPath(path="/c", kind="removed"),
        ],
    )
    assert await api.get("/containers/shop-web-1/changes") == [
        {"Path": "/a", "Kind": 0},
        {"Path": "/b", "Kind": 1},
        {"Path": "/c", "Kind": 2},
    ]
    api.hear("containers.changes", [])
    assert await api.get("/containers/shop-web-1/changes") is None


async def test_shares_in_top_are_of_the_machines_memory(api: Served) -> None:
    process = Process(
        pid=7, container_pid=1, parent_pid=1, user="root", uid=0, state="S", cpu_percent=1.0, cpu_seconds=1.0,
        memory=25 << 20, started=now(), command="serve --all",
    )  # fmt: skip
    api.hear("containers.processes", [process])
    facts = await api.engine.host.facts()
    api.hear("host.facts", replace(facts, memory=100 << 20))
    assert await api.get("/containers/shop-web-1/top?ps_args=-o%20pid,pmem,args") == {
        "Titles": ["PID", "%MEM", "COMMAND"],
        "Processes": [["7", "25.0", "serve --all"]],
    }
    api.hear("host.facts", replace(facts, memory=0))  # not known
    assert (await api.get("/containers/shop-web-1/top?ps_args=-o%20pid"))["Processes"] == [["7"]]


async def test_a_prune_is_bounded_by_its_filters_and_tells_what_went(api: Served) -> None:
    heard = api.hear("containers.prune", Freed(ids=("a", "b"), bytes=12))
    reply = await api.ask("POST", filtered("/containers/prune", until=["50"], label=["a=b"], **{"label!": ["c"]}))
    assert reply.json() == {"ContainersDeleted": ["a", "b"], "SpaceReclaimed": 12}
    assert heard == [{"until_ns": 50_000_000_000, "labels": LabelRule(wanted={"a": "b"}, unwanted={"c": ""})}]
    api.hear("containers.prune", Freed())
    assert (await api.ask("POST", "/containers/prune")).json() == {"ContainersDeleted": None, "SpaceReclaimed": 0}
    assert (await api.ask("POST", filtered("/containers/prune", status=["exited"]))).status == 400


# --- making and changing one ---


async def test_a_container_is_made_as_asked_and_its_warnings_are_told(api: Served) -> None:
    made = replace(api.engine.store.container(WEB), id="f" * 64, unenforced=("no limits",), warnings=("odd",))
    heard = api.hear("containers.create", made)
    body = {
        "Image": "nginx:1.27",
        "Cmd": ["a"],
        "HostConfig": {"NetworkMode": "shop_default"},
        "NetworkingConfig": {"EndpointsConfig": {"shop_default": {}, "other": {"Aliases": ["x"]}}},
    }
    reply = await api.ask("POST", "/containers/create?name=/mine&platform=linux/arm64", body)
    assert (reply.status, reply.json()) == (201, {"Id": "f" * 64, "Warnings": ["no limits", "odd"]})
    request: CreateContainer = heard[0]["request"]
    assert (request.name, request.spec.image, request.spec.platform) == ("mine", "nginx:1.27", "linux/arm64")
    assert request.spec.command == ("a",)
    assert request.spec.network == "shop_default"
    assert {name: asked.aliases for name, asked in request.networks.items()} == {"other": ("x",)}


async def test_a_limit_the_kernel_has_dropped_is_ignored_where_docker_ignores_it(api: Served) -> None:
    body = {"Image": "nginx:1.27", "HostConfig": {"KernelMemory": 1 << 26}}
    assert (await api.ask("POST", "/v1.42/containers/create", body)).status == 201
    assert (await api.ask("POST", "/v1.41/containers/create", body)).status == 501
    assert (
        await api.ask("POST", "/v1.42/containers/create", {"Image": "nginx:1.27", "HostConfig": None})
    ).status == 201


async def test_more_processors_than_there_are_cannot_be_given(api: Served) -> None:
    api.hear("host.facts", replace(await api.engine.host.facts(), processors=3))
    body = {"Image": "nginx:1.27", "HostConfig": {"NanoCpus": 4_000_000_000}}
    reply = await api.ask("POST", "/containers/create", body)
    assert (reply.status, "3.00" in reply.message) == (400, True)
    reply = await api.ask("POST", "/containers/shop-web-1/update", body["HostConfig"])
    assert (reply.status, "3.00" in reply.message) == (400, True)
    body["HostConfig"] = {"NanoCpus": 3_000_000_000}
    assert (await api.ask("POST", "/containers/create", body)).status == 201


async def test_what_is_missing_beside_the_image_is_no_reason_to_pull_it(api: Served) -> None:
    """Clients pull when a create answers 404."""
    missing = NotFound("There is no network “x”", "Make it.", hint="wherry network create x", subject="x")
    api.hear("containers.create", missing)
    reply = await api.ask("POST", "/containers/create", {"Image": "nginx:1.27"})
    assert reply.status == 400
    assert reply.message == "There is no network “x”. Make it. wherry network create x."
    missing.docker = "network x not found"
    reply = await api.ask("POST", "/containers/create", {"Image": "nginx:1.27"})
    assert (reply.status, reply.message) == (400, "network x not found")
    api.hear("containers.create", NotFound("Only for another machine", code=Code.NO_PLATFORM))
    reply = await api.ask("POST", "/containers/create", {"Image": "nginx:1.27"})
    assert (reply.status, reply.message) == (404, "Only for another machine")
    api.hear("containers.create", Conflict("The name is taken", code=Code.NAME_TAKEN))
    assert (await api.ask("POST", "/containers/create", {"Image": "nosuch:1"})).status == 409


async def test_a_container_that_is_gone_is_no_image_that_is_missing(api: Served) -> None:
    reply = await api.ask("POST", "/containers/create", {"Image": "nosuch"})
    assert (reply.status, reply.message) == (404, "No such image: nosuch:latest")


async def test_an_update_changes_what_it_names_and_keeps_the_rest(api: Served) -> None:
    heard = api.hear("containers.update")
    reply = await api.ask("POST", "/containers/shop-db-1/update", {"CpuShares": 512})
    assert (reply.status, reply.json()) == (200, {"Warnings": None})
    reply = await api.ask("POST", "/containers/shop-db-1/update", {"RestartPolicy": {"Name": "always"}})
    assert reply.status == 200
    assert [each["container"] for each in heard] == [fake_digest("shop-db-1")[7:]] * 2
    assert heard[0]["request"].resources == Resources(memory=1 << 30, cpu_shares=512)
    assert heard[0]["request"].restart == RestartPolicy(name="unless-stopped")
    assert heard[1]["request"].restart == RestartPolicy(name="always")
    before = api.engine.store.container("shop-db-1")
    api.hear("containers.update", replace(before, unenforced=("no shares here",)))
    reply = await api.ask("POST", "/containers/shop-db-1/update", {"CpuShares": 2})
    assert reply.json() == {"Warnings": ["no shares here"]}


async def test_an_update_that_cannot_be_changes_nothing(api: Served) -> None:
    heard = api.hear("containers.update")
    for body, words in (
        ({"RestartPolicy": {"Name": "sometimes"}}, "invalid restart policy: unknown policy 'sometimes'"),
        ({"Memory": 1}, "Minimum memory limit allowed is 6MB"),
        ({"Memory": 1 << 31, "MemorySwap": 1 << 30}, "Minimum memoryswap limit should be larger than memory limit"),
        # of the memory it has now
        ({"MemorySwap": 1 << 20}, "Minimum memoryswap limit should be larger than memory limit"),
    ):
        reply = await api.ask("POST", "/containers/shop-db-1/update", body)
        assert (reply.status, reply.message.partition(",")[0][: len(words)]) == (400, words), reply.body
    assert heard == []
