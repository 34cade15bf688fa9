"""Answers of each noun, over the fake engine: shapes, filters, refusals."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from engine.api.docker.credentials import login_of
from engine.api.shapes.durations import human_duration
from engine.api.shapes.names import familiar, tagged
from engine.errors import NotFound, RegistryError
from tests.unit.api.serving import filtered

if TYPE_CHECKING:
    from engine.types.builds import BuildImage
    from engine.types.images import Login, PullImage, PushImage
    from tests.unit.api.serving import Served


async def names(api: Served, path: str) -> set[str]:
    return {row["Names"][0].removeprefix("/") for row in await api.get(path)}


# --- containers ---


async def test_the_list_shows_running_ones_newest_first(api: Served) -> None:
    rows = await api.get("/containers/json")
    assert {row["State"] for row in rows} <= {"running", "paused"}
    created = [row["Created"] for row in await api.get("/containers/json?all=1")]
    assert created == sorted(created, reverse=True)
    assert len(await api.get("/containers/json?limit=3")) == 3
    first = rows[-1]
    assert set(first) >= {
        "Id",
        "Names",
        "Image",
        "ImageID",
        "Command",
        "Created",
        "Ports",
        "Labels",
        "Status",
        "Mounts",
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"name": ["^shop-web"]}, {"shop-web-1"}),
        ({"status": ["paused"]}, {"scratchpad"}),
        ({"exited": ["137"]}, {"thumbnailer"}),
        ({"health": ["unhealthy"]}, {"storefront-recommendations-blue-green-canary-eu-central-1a"}),
        ({"publish": ["80"]}, {"shop-web-1"}),
        ({"label": ["com.docker.compose.service=web"]}, {"shop-web-1"}),
        ({"ancestor": ["redis:7.4-alpine"]}, {"shop-cache-1"}),
        ({"id": ["nosuchid"]}, set()),
        ({"status": ["created"], "name": ["draft"]}, {"draft"}),
    ],
)
async def test_filters_of_the_list(api: Served, filters: dict[str, list[str]], expected: set[str]) -> None:
    assert await names(api, filtered("/containers/json?all=1", **filters)) == expected


async def test_before_and_since_cut_the_list(api: Served) -> None:
    order = [row["Names"][0].removeprefix("/") for row in await api.get("/containers/json?all=1")]
    pivot = order[3]
    assert await names(api, filtered("/containers/json?all=1", before=[pivot])) == set(order[4:])
    assert await names(api, filtered("/containers/json?all=1", since=[pivot])) == set(order[:3])
    assert (await api.ask("GET", filtered("/containers/json?all=1", since=["nosuch"]))).status == 404


@pytest.mark.parametrize("filters", [{"nosuch": ["x"]}, {"status": ["sleepy"]}, {"publish": ["http"]}])
async def test_wrong_filters_are_a_400(api: Served, filters: dict[str, list[str]]) -> None:
    assert (await api.ask("GET", filtered("/containers/json?all=1", **filters))).status == 400


async def test_inspection_has_what_clients_read(api: Served) -> None:
    whole = await api.get("/containers/shop-web-1/json?size=1")
    assert whole["Name"] == "/shop-web-1"
    assert whole["State"]["Running"] is True
    assert whole["State"]["Health"]["Status"] == "healthy"
    assert whole["NetworkSettings"]["Ports"]["80/tcp"] == [{"HostIp": "0.0.0.0", "HostPort": "8080"}]
    assert whole["HostConfig"]["PortBindings"]["80/tcp"][0]["HostPort"] == "8080"
    assert whole["SizeRootFs"] > whole["SizeRw"] > 0


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/containers/nosuch/json", "No such container: nosuch"),
        ("POST", "/containers/nosuch/start", "No such container: nosuch"),
        ("DELETE", "/containers/nosuch", "No such container: nosuch"),
        ("GET", "/images/nosuch:1/json", "No such image: nosuch:1"),
        ("DELETE", "/images/nosuch:1", "No such image: nosuch:1"),
        ("GET", "/volumes/nosuch", "get nosuch: no such volume"),
        ("GET", "/networks/nosuch", "network nosuch not found"),
    ],
)
async def test_what_is_not_there_is_said_in_dockers_words(api: Served, method: str, path: str, message: str) -> None:
    reply = await api.ask(method, path)
    assert reply.status == 404
    assert reply.message.startswith(message)


async def test_a_missing_image_is_told_so_that_clients_pull(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = await api.ask("POST", "/containers/create", {"Image": "nosuch:9"})
    assert (reply.status, reply.message[:13]) == (404, "No such image")

    async def other(request: object) -> None:
        raise NotFound("There is no network “x”")

    monkeypatch.setattr(api.engine.containers, "create", other)
    reply = await api.ask("POST", "/containers/create", {"Image": "alpine:3.20"})
    assert (reply.status, "No such image" in reply.message) == (400, False)


async def test_a_container_from_creation_to_removal(api: Served) -> None:
    made = await api.ask("POST", "/containers/create?name=mine", {"Image": "alpine:3.20", "Cmd": ["sleep", "9"]})
    assert (made.status, made.json()["Warnings"]) == (201, [])
    again = await api.ask("POST", "/containers/create?name=mine", {"Image": "alpine:3.20"})
    assert again.status == 409
    assert (await api.ask("POST", "/containers/mine/start")).status == 204
    assert (await api.ask("POST", "/containers/mine/start")).status == 304
    assert (await api.ask("POST", "/containers/mine/pause")).status == 204
    assert (await api.ask("POST", "/containers/mine/start")).status == 409
    assert (await api.ask("POST", "/containers/mine/unpause")).status == 204
    assert (await api.ask("POST", "/containers/mine/rename?name=yours")).status == 204
    assert (await api.ask("DELETE", "/containers/yours")).status == 409
    assert (await api.ask("POST", "/containers/yours/stop?t=0")).status == 204
    assert (await api.ask("POST", "/containers/yours/stop")).status == 304
    assert (await api.ask("DELETE", "/containers/yours")).status == 204


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 300, "../x", "ä"])
async def test_names_docker_would_not_take_are_refused(api: Served, name: str) -> None:
    reply = await api.ask("POST", f"/containers/create?name={quote(name)}", {"Image": "alpine:3.20"})
    assert reply.status == 400


async def test_update_starts_from_the_limits_there_are(api: Served) -> None:
    before = (await api.get("/containers/shop-web-1/json"))["HostConfig"]
    assert (await api.ask("POST", "/containers/shop-web-1/update", {"PidsLimit": 77})).status == 200
    after = (await api.get("/containers/shop-web-1/json"))["HostConfig"]
    assert (after["PidsLimit"], after["Memory"]) == (77, before["Memory"])


async def test_top_in_both_languages(api: Served) -> None:
    assert (await api.get("/containers/shop-web-1/top"))["Titles"][0] == "UID"
    full = await api.get("/containers/shop-web-1/top?ps_args=aux")
    assert full["Titles"][2] == "%CPU"
    assert all(len(row) == len(full["Titles"]) for row in full["Processes"])


async def test_archives_carry_the_stat_header(api: Served) -> None:
    reply = await api.ask("HEAD", "/containers/shop-web-1/archive?path=/etc/hostname")
    facts = json.loads(base64.b64decode(reply.headers["X-Docker-Container-Path-Stat"]))
    assert facts["name"] == "hostname"
    reply = await api.ask("GET", "/containers/shop-web-1/archive?path=/etc/hostname")
    assert reply.headers["Content-Type"] == "application/x-tar"
    assert tarfile.open(fileobj=io.BytesIO(reply.body)).getnames() == ["hostname"]
    assert (await api.ask("GET", "/containers/shop-web-1/archive")).status == 400


# --- images and registries ---


async def test_pull_tells_each_layer_and_the_end(api: Served) -> None:
    reply = await api.ask("POST", "/images/create?fromImage=alpine&tag=3.99")
    lines = reply.lines()
    assert lines[0] == {"status": "Pulling from library/alpine", "id": "3.99"} or lines[0]["id"] == "3.99"
    assert any(line.get("status") == "Pull complete" for line in lines)
    assert lines[-1]["status"].startswith("Status: Downloaded newer image for alpine:3.99")
    assert all("progressDetail" in line for line in lines if "id" in line and line is not lines[0])


async def test_a_pull_that_fails_at_once_has_a_status_and_words(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(progress: object) -> str:
        raise RegistryError("The registry refused", code=RegistryError.default_code)

    def pull(request: PullImage) -> Any:
        return api.engine.operations.start(kind="pull", title="Pull", subject=request.reference, work=work)

    monkeypatch.setattr(api.engine.images, "pull", pull)
    reply = await api.ask("POST", "/images/create?fromImage=x&tag=1")
    assert reply.status == 500
    assert "refused" in reply.message


@pytest.mark.parametrize("padded", [True, False])
async def test_credentials_reach_the_engine(
    api: Served,
    monkeypatch: pytest.MonkeyPatch,
    padded: bool,
) -> None:
    seen: list[Login | None] = []
    real = api.engine.images.pull

    def pull(request: PullImage) -> Any:
        seen.append(request.login)
        return real(request)

    monkeypatch.setattr(api.engine.images, "pull", pull)
    header = base64.urlsafe_b64encode(b'{"username":"u","password":"p?>~","serveraddress":"r.example"}').decode()
    await api.ask("POST", "/images/create?fromImage=x&tag=1", X_Registry_Auth=header if padded else header.rstrip("="))
    assert seen[0] is not None
    assert (seen[0].username, seen[0].password, seen[0].server) == ("u", "p?>~", "r.example")
    assert callable(login_of)


async def test_dockers_logins_are_tried_and_left_to_docker_ours_are_kept(api: Served) -> None:
    login = {"username": "u", "password": "p", "serveraddress": "r.example"}
    wrong = {**login, "password": "wrong"}

    assert (await api.ask("POST", "/auth", login)).json()["Status"] == "Login Succeeded"
    before = await api.get("/wherry/logins")
    assert "r.example" not in [one["server"] for one in before]
    assert (await api.ask("POST", "/wherry/logins", login)).json()["kept"]
    assert await api.get("/wherry/logins") == [*before, {"server": "r.example", "username": "u"}]
    for place in ("/auth", "/wherry/logins"):
        assert (await api.ask("POST", place, wrong)).status == 401
        assert (await api.ask("POST", place, {})).status == 400


@pytest.mark.parametrize("header", ["%%%", "bm90IGpzb24=", "bnVsbA==", "eyJhdXRoIjoiJSUlIn0="])
async def test_credentials_that_cannot_be_read_are_none(
    api: Served, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    seen: list[Login | None] = []
    real = api.engine.images.pull

    def pull(request: PullImage) -> Any:
        seen.append(request.login)
        return real(request)

    monkeypatch.setattr(api.engine.images, "pull", pull)
    reply = await api.ask("POST", "/images/create?fromImage=x&tag=1", X_Registry_Auth=header)
    assert reply.status == 200
    assert seen == [None]


async def test_a_build_takes_along_every_login_the_client_has(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[BuildImage] = []
    build = api.engine.builds.build

    def watched(request: BuildImage, context: Any = None) -> Any:
        seen.append(request)
        return build(request, context)

    monkeypatch.setattr(api.engine.builds, "build", watched)
    known = {"r.example": {"username": "u", "password": "p"}, "empty.example": {}}
    header = base64.urlsafe_b64encode(json.dumps(known).encode()).decode()
    await api.ask("POST", "/build", b"", X_Registry_Config=header)
    (login,) = seen[0].logins
    assert (login.server, login.username, login.password) == ("r.example", "u", "p")
    for damaged in ("%%%", base64.b64encode(b"[]").decode(), base64.b64encode(b"null").decode()):
        assert (await api.ask("POST", "/build", b"", X_Registry_Config=damaged)).status == 200
        assert seen[-1].logins == ()


async def test_images_and_their_filters(api: Served) -> None:
    everything = await api.get("/images/json")
    assert everything
    assert {tag for row in await api.get(filtered("/images/json", reference=["ngin*"])) for tag in row["RepoTags"]} == {
        "nginx:1.27"
    }
    assert all(not row["RepoTags"] for row in await api.get(filtered("/images/json", dangling=["true"])))
    whole = await api.get("/images/nginx:1.27/json")
    assert whole["RootFS"]["Layers"]
    assert whole["Config"]["Cmd"] or whole["Config"]["Entrypoint"]
    steps = await api.get("/images/nginx:1.27/history")
    assert steps[0]["Id"] == whole["Id"]
    wrong = quote('{"os":"linux","architecture":"s390x"}')
    assert (await api.ask("GET", f"/images/nginx:1.27/json?platform={wrong}")).status == 404


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("docker.io/library/alpine:3", "alpine:3"),
        ("docker.io/grafana/grafana:11", "grafana/grafana:11"),
        ("ghcr.io/acme/x@sha256:0", "ghcr.io/acme/x@sha256:0"),
        ("docker.io/library/a/b:1", "library/a/b:1"),
    ],
)
def test_references_are_shown_short(full: str, short: str) -> None:
    assert familiar(full) == short


@pytest.mark.parametrize(
    ("given", "shown"),
    [("plain", "plain:latest"), ("docker.io/library/a:2", "a:2"), ("localhost:5000/a", "localhost:5000/a:latest")],
)
def test_a_name_without_a_tag_is_shown_with_the_one_it_gets(given: str, shown: str) -> None:
    assert tagged(given) == shown


async def test_a_tag_beside_the_name_counts_more_than_one_in_it(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed: list[PushImage] = []
    real = api.engine.images.push

    def push(request: PushImage) -> Any:
        pushed.append(request)
        return real(request)

    monkeypatch.setattr(api.engine.images, "push", push)
    for path in ("nginx:1.27/push", "nginx:other/push?tag=1.27", "nginx/push?tag=1.27"):
        await api.ask("POST", f"/images/{path}")
    assert [(request.reference, request.all_tags) for request in pushed] == [("nginx:1.27", False)] * 3


async def test_what_a_registry_has_is_told_as_docker_tells_it(api: Served) -> None:
    answer = await api.get("/distribution/nginx:1.27/json")
    assert answer["Descriptor"]["digest"].startswith("sha256:")
    assert answer["Descriptor"]["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert {"architecture": "arm64", "os": "linux", "variant": "v8"} in answer["Platforms"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/build/cancel?id=over-or-never-begun", 200),
        ("POST", "/build/cancel", 400),
        ("PUT", "/volumes/shop-data", 503),
    ],
)
async def test_what_dockers_daemon_answers_without_a_swarm_and_without_the_build(
    api: Served, method: str, path: str, status: int
) -> None:
    assert (await api.ask(method, path)).status == status


# --- the rest ---


async def test_volumes(api: Served) -> None:
    made = await api.ask("POST", "/volumes/create", {"Name": "v9", "Labels": {"a": "b"}})
    assert (made.status, made.json()["Labels"]) == (201, {"a": "b"})
    assert (await api.ask("POST", "/volumes/create", {"Name": "v9"})).status == 201
    found = await api.get(filtered("/volumes", label=["a=b"]))
    assert [volume["Name"] for volume in found["Volumes"]] == ["v9"]
    assert (await api.ask("DELETE", "/volumes/v9")).status == 204
    assert (await api.ask("DELETE", "/volumes/v9?force=1")).status == 204
    assert (await api.ask("POST", "/volumes/create", {"Driver": "nfs"})).status == 501
    assert (await api.ask("POST", "/volumes/create", {"Name": "../x"})).status == 400


async def test_networks(api: Served) -> None:
    assert {"bridge", "host", "none"} <= {network["Name"] for network in await api.get("/networks")}
    made = await api.ask("POST", "/networks/create", {"Name": "n9", "Labels": {"a": "b"}})
    assert made.status == 201
    assert (await api.get("/networks/n9"))["Id"] == made.json()["Id"]
    assert [each["Name"] for each in await api.get(filtered("/networks", label=["a"]))] == ["n9"]
    assert (await api.ask("DELETE", "/networks/n9")).status == 204
    assert (await api.ask("DELETE", "/networks/bridge")).status == 403
    for body in (
        {"Ingress": True},
        {"EnableIPv4": False},
        {"IPAM": {"Driver": "x"}},
        {"IPAM": {"Config": [{"Subnet": "10.1.0.0/24"}, {"Subnet": "10.2.0.0/24"}]}},
    ):
        assert (await api.ask("POST", "/networks/create", {"Name": "n", **body})).status == 501


async def test_info_version_and_usage(api: Served) -> None:
    info = await api.get("/info")
    assert info["Containers"] == info["ContainersRunning"] + info["ContainersPaused"] + info["ContainersStopped"]
    usage = await api.get("/system/df")
    assert usage["LayersSize"] > 0
    assert all("UsageData" in volume for volume in usage["Volumes"])
    assert (await api.get("/system/df?type=volume"))["Images"] is None
    assert (await api.ask("GET", "/system/df?type=nonsense")).status == 400


async def test_build_refuses_what_it_cannot_honour(api: Served) -> None:
    for query in ("version=2", "memory=5", "networkmode=odd", "outputs=%5B%7B%22a%22%3A1%7D%5D"):
        assert (await api.ask("POST", f"/build?{query}")).status == 501, query
    for remote in ("/etc", "client-session", "ext::sh -c x", "file:///srv/x.git", "-u"):
        assert (await api.ask("POST", f"/build?remote={quote(remote)}")).status == 400, remote


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"), (3599, "59 minutes"), (3600, "About an hour"), (7200, "2 hours"), (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"), (13 * 86400, "13 days"), (14 * 86400, "2 weeks"), (59 * 86400, "8 weeks"),
        (60 * 86400, "2 months"), (700 * 86400, "23 months"), (800 * 86400, "2 years"),
    ],
)  # fmt: skip
def test_durations_in_dockers_words(seconds: float, words: str) -> None:
    assert human_duration(seconds) == words


async def test_bodies_have_bounds(api: Served) -> None:
    reader, writer = await api.connect()
    writer.write(b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n")
    assert b" 413 " in await reader.readline()
    writer.close()
    for body in (b"[", b"null", b"[1]", b'{"Image":[]}', b"[" * 100_000, b"\xff\xfe"):
        assert (await api.ask("POST", "/containers/create", body)).status == 400


async def test_what_to_run_in_a_cluster_has_to_be_said(api: Served) -> None:
    refused = await api.ask("POST", "/wherry/clusters/exec", {"place": {}})
    assert (refused.status, "exec" in refused.body.decode()) == (400, True)


async def test_what_cannot_be_watched_in_a_cluster_is_refused_with_a_status(api: Served) -> None:
    """And not by an answer that breaks off after its head."""
    said = await api.ask("POST", "/wherry/clusters/watch", {"kind": "pods", "place": {"context": "nosuch"}})
    assert 400 <= said.status < 500
    assert said.json()["message"]
