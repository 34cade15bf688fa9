"""What the `wherry` command asks for below `/wherry`: each request is one question to the engine."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from engine.errors import InvalidRequest
from engine.types.clusters import (
    ClusterChange,
    ClusterContext,
    ClusterExecRequest,
    ClusterKind,
    ClusterLogLine,
    ClusterLogs,
    ClusterPlace,
    Forward,
    ObjectChange,
    PodUsage,
    Rollout,
)
from engine.types.containers import Cause, DeathReport, Exit
from engine.types.data import Freed, LabelRule, now
from engine.types.frontdoor import Door, DoorAddress, DoorSettings
from engine.types.gallery import AddFromGallery, GallerySource, GalleryTemplate, MadeFromGallery
from engine.types.host import HostCheck, HostReport, StoreProblem, Verdict
from engine.types.images import Login, ProxySettings, RegistrySettings
from engine.types.machines import Bringable, KeptSource, Moved, MovePart, MovePlan
from engine.types.manifests import GenerateManifests, PlayManifests, TakeManifestsDown
from engine.types.networks import NameQuestion, Peer
from engine.types.operations import Operation, OperationState
from engine.types.pods import CreatePod, Pod, PodState
from engine.types.projects import (
    DownProject,
    PlannedStep,
    Project,
    ProjectPlan,
    ProjectProblem,
    ProjectReading,
    ProjectRun,
    ReadProject,
    RunService,
    UpProject,
)
from engine.types.reach import Reach, ReachStep
from engine.types.swarm import (
    ChangeService,
    CreateService,
    DeployStack,
    MadeService,
    StackPlan,
    StackStep,
)
from tests.fakes.store import fake_digest
from tests.fakes.swarm import made_swarm
from tests.unit.api.serving import filtered, pieces

if TYPE_CHECKING:
    from tests.unit.api.process import Process
    from tests.unit.api.serving import Served

WEB = fake_digest("shop-web-1")[7:]
PLACE = ClusterPlace(context="c", namespace="n", files=("/k",), environment={"A": "1"}, home="/h")
TEXTS = {"a.yaml": "kind: Pod"}
SOURCE = ReadProject(files=("/p/compose.yaml",))
POD = Pod(id="p1", name="pod", created=now(), recipe=CreatePod(name="pod"), state=PodState.RUNNING)
FORWARD = Forward(id="f1", context="c", namespace="n", pod="web-1", port=80, local_port=8080)
PLAN = ProjectPlan(project="p", steps=(PlannedStep(id="1", action="create", subject="p-web-1"),))
SWARM = made_swarm()
MOVE = Moved(kind="image", name="nginx", target="there")
OPERATION = Operation(
    id="o1", kind="pull", title="t", subject="s", state=OperationState.RUNNING, started=now(), done=1, total=2
)
NGINX = GalleryTemplate(id="nginx", title="nginx", text="services: {}")


def plain(value: Any) -> Any:
    """As it is in JSON."""
    return json.loads(msgspec.json.encode(value))


def placed(**asked: Any) -> dict[str, Any]:
    return {"place": plain(PLACE), **asked}


QUESTIONS: list[tuple[str, Any, str, Any, dict[str, Any], int, Any]] = [
    # What is sent; what the engine is asked and answers; what comes back.
    ("GET /wherry/doctor", None, "host.report",
     HostReport(checks=(HostCheck(name="n", title="t", verdict=Verdict.OK, found="f"),)), {}, 200, ...),
    ("POST /wherry/store", None, "host.check_store",
     [StoreProblem(kind="k", subject="s", explanation="e", mendable=True)], {"mend": False, "deep": False}, 200, ...),
    ("POST /wherry/store?mend=1", None, "host.check_store", [], {"mend": True, "deep": False}, 200, ...),
    ("POST /wherry/store?deep=1", None, "host.check_store", [], {"mend": False, "deep": True}, 200, ...),
    ("GET /wherry/operations", None, "operations.list", [OPERATION], {}, 200, ...),
    ("DELETE /wherry/operations/o1", None, "operations.cancel", None, {"operation": "o1"}, 204, None),
    ("GET /wherry/containers/job/death", None, "containers.death_report",
     DeathReport(container_id=WEB, summary="s", meaning="m", exit=Exit(code=1, ended=now(), cause=Cause.ITSELF)),
     {"container": "job"}, 200, ...),
    ("GET /wherry/door", None, "door.status", Door(url="u"), {}, 200, ...),
    ("DELETE /wherry/logins?server=s", None, "images.logout", None, {"server": "s"}, 204, None),
    ("PUT /wherry/proxy", {"http": "h", "https": "s", "no_proxy": "n"}, "images.set_proxy_settings", None,
     {"settings": ProxySettings(http="h", https="s", no_proxy="n")}, 200,
     ProxySettings(http="h", https="s", no_proxy="n")),
    # pods
    ("GET /wherry/pods", None, "pods.list", [POD], {}, 200, ...),
    ("GET /wherry/pods/pod", None, "pods.get", POD, {"pod": "pod"}, 200, ...),
    ("POST /wherry/pods", {"name": "pod", "hostname": "h"}, "pods.create", POD,
     {"request": CreatePod(name="pod", hostname="h")}, 201, ...),
    ("POST /wherry/pods/pod/start", None, "pods.start", POD, {"pod": "pod"}, 200, ...),
    ("POST /wherry/pods/pod/stop", None, "pods.stop", POD, {"pod": "pod", "timeout": None}, 200, ...),
    ("POST /wherry/pods/pod/stop?t=0", None, "pods.stop", POD, {"pod": "pod", "timeout": 0.0}, 200, ...),
    ("POST /wherry/pods/pod/stop?t=7", None, "pods.stop", POD, {"pod": "pod", "timeout": 7.0}, 200, ...),
    ("POST /wherry/pods/pod/restart", None, "pods.restart", POD, {"pod": "pod"}, 200, ...),
    ("POST /wherry/pods/pod/kill", None, "pods.kill", POD, {"pod": "pod", "signal": "KILL"}, 200, ...),
    ("POST /wherry/pods/pod/kill?signal=HUP", None, "pods.kill", POD, {"pod": "pod", "signal": "HUP"}, 200, ...),
    ("POST /wherry/pods/pod/pause", None, "pods.pause", POD, {"pod": "pod"}, 200, ...),
    ("POST /wherry/pods/pod/unpause", None, "pods.unpause", POD, {"pod": "pod"}, 200, ...),
    ("DELETE /wherry/pods/pod", None, "pods.remove", Freed(ids=("p",), bytes=3),
     {"pod": "pod", "force": False, "volumes": False}, 200, ...),
    ("DELETE /wherry/pods/pod?force=1", None, "pods.remove", Freed(),
     {"pod": "pod", "force": True, "volumes": False}, 200, ...),
    ("DELETE /wherry/pods/pod?v=1", None, "pods.remove", Freed(),
     {"pod": "pod", "force": False, "volumes": True}, 200, ...),
    ("POST " + filtered("/wherry/pods/prune", **{"label": ["a=1"], "label!": ["b"]}), None, "pods.prune",
     Freed(ids=("p",)), {"labels": LabelRule(wanted={"a": "1"}, unwanted={"b": ""})}, 200, ...),
    # the gallery
    ("GET /wherry/gallery", None, "gallery.list", [NGINX], {}, 200, ...),
    ("GET /wherry/gallery/template/nginx", None, "gallery.get", NGINX, {"template": "nginx"}, 200, ...),
    ("POST /wherry/gallery/fill", {"template": "nginx", "values": {"a": "1"}}, "gallery.fill",
     MadeFromGallery(compose="c", env="e"), {"request": AddFromGallery(template="nginx", values={"a": "1"})}, 200, ...),
    ("GET /wherry/gallery/sources", None, "gallery.sources", [GallerySource(address="/x")], {}, 200, ...),
    ("POST /wherry/gallery/sources/add", {"address": "/x"}, "gallery.add_source", GallerySource(address="/x"),
     {"address": "/x"}, 200, ...),
    ("POST /wherry/gallery/sources/remove", {"address": "/x"}, "gallery.remove_source", None,
     {"address": "/x"}, 200, {}),
    ("POST /wherry/gallery/sources/remove", {}, "gallery.remove_source", None, {"address": ""}, 200, {}),
    # machines
    ("POST /wherry/machines/plan", plain(MOVE), "machines.plan",
     MovePlan(request=MOVE, parts=(MovePart(kind="image", name="n", size=7),)), {"request": MOVE}, 200,
     {**plain(MovePlan(request=MOVE, parts=(MovePart(kind="image", name="n", size=7),))), "bytes": 7}),
    ("POST /wherry/machines/finish", {"name": "n"}, "machines.finish",
     KeptSource(kind="container", name="n", moved=now(), here={}, there={}), {"name": "n", "source": None}, 200, ...),
    ("POST /wherry/machines/finish", {"name": "n", "source": "s"}, "machines.finish",
     KeptSource(kind="container", name="n", moved=now(), here={}, there={}), {"name": "n", "source": "s"}, 200, ...),
    ("GET /wherry/machines/bringable", None, "machines.bringable", [Bringable(kind="image", name="n", source="s")],
     {"address": ""}, 200, ...),
    ("GET /wherry/machines/bringable?address=unix:///x", None, "machines.bringable", [],
     {"address": "unix:///x"}, 200, ...),
    # manifests
    ("POST /wherry/manifests/plan", {"texts": TEXTS}, "manifests.plan", PLAN,
     {"request": PlayManifests(texts=TEXTS)}, 200, ...),
    ("POST /wherry/manifests/plan-down", {"texts": TEXTS, "volumes": True}, "manifests.plan_down", PLAN,
     {"request": TakeManifestsDown(texts=TEXTS, volumes=True)}, 200, ...),
    ("POST /wherry/manifests/generate", {"names": ["a"]}, "manifests.generate", "kind: Pod",
     {"request": GenerateManifests(names=("a",))}, 200, {"text": "kind: Pod"}),
    ("POST /wherry/manifests/images", {"texts": TEXTS, "registry": "r"}, "manifests.images_only_here", {"a": "r/a"},
     {"texts": TEXTS, "registry": "r"}, 200, ...),
    ("POST /wherry/manifests/rename", {"texts": TEXTS, "names": {"a": "b"}}, "manifests.with_images", TEXTS,
     {"texts": TEXTS, "names": {"a": "b"}}, 200, ...),
    # projects
    ("GET /wherry/projects", None, "projects.list", [Project(name="p")], {}, 200, ...),
    ("POST /wherry/projects/read", plain(SOURCE), "projects.read", ProjectReading(project="p"),
     {"source": SOURCE}, 200, ...),
    ("POST /wherry/projects/plan", {"source": plain(SOURCE)}, "projects.plan", PLAN,
     {"request": UpProject(source=SOURCE)}, 200, ...),
    ("POST /wherry/projects/plan-down", {"name": "p"}, "projects.plan_down", PLAN,
     {"request": DownProject(name="p")}, 200, ...),
    # clusters
    ("POST /wherry/clusters/contexts", placed(), "clusters.contexts",
     [ClusterContext(name="c", cluster="k", server="s", user="u", namespace="n")], {"place": PLACE}, 200, ...),
    ("POST /wherry/clusters/kinds", placed(), "clusters.kinds",
     [ClusterKind(kind="Pod", plural="pods", group="", version="v1", namespaced=True)], {"place": PLACE}, 200, ...),
    ("POST /wherry/clusters/get", placed(kind="pods", name="web", selector="a=1"), "clusters.get", [{"kind": "Pod"}],
     {"place": PLACE, "kind": "pods", "name": "web", "selector": "a=1", "fields": ""}, 200,
     {"items": [{"kind": "Pod"}]}),
    ("POST /wherry/clusters/differences", placed(texts=TEXTS), "clusters.differences",
     [ObjectChange(title="Pod/web", namespace="n", action="create")],
     {"place": PLACE, "texts": TEXTS, "force": False}, 200, ...),
    ("POST /wherry/clusters/differences", placed(texts=TEXTS, force=True), "clusters.differences", [],
     {"place": PLACE, "texts": TEXTS, "force": True}, 200, ...),
    ("POST /wherry/clusters/apply", placed(texts=TEXTS), "clusters.apply", ["pod/web"],
     {"place": PLACE, "texts": TEXTS, "force": False}, 200, ...),
    ("POST /wherry/clusters/apply", placed(texts=TEXTS, force=True), "clusters.apply", ["pod/web"],
     {"place": PLACE, "texts": TEXTS, "force": True}, 200, ...),
    ("POST /wherry/clusters/delete", placed(texts=TEXTS), "clusters.delete_files", ["pod/web"],
     {"place": PLACE, "texts": TEXTS}, 200, ...),
    ("POST /wherry/clusters/delete", placed(kind="pods", name="web"), "clusters.delete", None,
     {"place": PLACE, "kind": "pods", "name": "web"}, 200, ["pods/web"]),
    ("POST /wherry/clusters/scale", placed(target="deploy/web", number=3), "clusters.scale", None,
     {"place": PLACE, "target": "deploy/web", "replicas": 3}, 204, None),
    ("POST /wherry/clusters/restart", placed(target="deploy/web"), "clusters.restart", None,
     {"place": PLACE, "target": "deploy/web"}, 204, None),
    ("POST /wherry/clusters/rollout", placed(target="deploy/web"), "clusters.rollout",
     Rollout(name="web", done=True, message="m"), {"place": PLACE, "target": "deploy/web"}, 200, ...),
    ("POST /wherry/clusters/undo", placed(target="deploy/web", number=2), "clusters.undo", 2,
     {"place": PLACE, "target": "deploy/web", "revision": 2}, 200, ...),
    ("POST /wherry/clusters/usage", placed(), "clusters.usage",
     [PodUsage(namespace="n", pod="p", cpu=0.5, memory=7)], {"place": PLACE, "pod": ""}, 200, ...),
    ("POST /wherry/clusters/copy-out", placed(target="pod/web", path="/in", file="/out", container="c"),
     "clusters.copy_out", 5,
     {"place": PLACE, "target": "pod/web", "path": "/in", "folder": "/out", "container": "c"}, 200, {"files": 5}),
    ("POST /wherry/clusters/copy-in", placed(target="pod/web", path="/in", file="/out", container="c"),
     "clusters.copy_in", 5,
     {"place": PLACE, "target": "pod/web", "path": "/out", "folder": "/in", "container": "c"}, 200, {"files": 5}),
    ("POST /wherry/clusters/put-back", placed(texts=TEXTS), "clusters.put_back", ["pod/web"],
     {"place": PLACE, "texts": TEXTS}, 200, ...),
    ("POST /wherry/clusters/forward", placed(target="pod/web", number=80, local_port=8080), "clusters.forward",
     FORWARD, {"place": PLACE, "target": "pod/web", "port": 80, "local_port": 8080}, 200, ...),
    ("GET /wherry/clusters/forwards", None, "clusters.forwards", [FORWARD], {}, 200, ...),
    ("DELETE /wherry/clusters/forwards/f1", None, "clusters.stop_forward", None, {"forward": "f1"}, 204, None),
    # swarms
    ("POST /wherry/swarm/look", {}, "swarm.look", SWARM, {}, 200, ...),
    ("POST /wherry/swarm/create", {"service": {"name": "s", "words": {"image": "i"}}}, "swarm.create",
     MadeService(id="s1"), {"request": CreateService(name="s", words={"image": "i"})}, 200, ...),
    ("POST /wherry/swarm/scale", {"name": "s", "replicas": 4}, "swarm.scale", SWARM.services[0],
     {"service": "s", "replicas": 4}, 200, ...),
    ("POST /wherry/swarm/update", {"name": "s", "change": {"image": "i"}}, "swarm.update",
     [ProjectProblem(message="m")], {"service": "s", "change": ChangeService(image="i")}, 200, ...),
    ("POST /wherry/swarm/roll-back", {"name": "s"}, "swarm.roll_back", SWARM.services[0], {"service": "s"}, 200, ...),
    ("POST /wherry/swarm/remove", {"kind": "stack", "name": "s"}, "swarm.remove_stack", ("service s_web",),
     {"name": "s"}, 200, ...),
    ("POST /wherry/swarm/remove", {"kind": "service", "name": "s"}, "swarm.remove_service", None,
     {"service": "s"}, 200, ["service s"]),
    ("POST /wherry/swarm/remove", {"kind": "secret", "name": "s"}, "swarm.remove_file", None,
     {"kind": "secret", "name": "s"}, 200, ["secret s"]),
    ("POST /wherry/swarm/node", {"name": "n", "availability": "drain"}, "swarm.change_node", None,
     {"node": "n", "availability": "drain", "role": ""}, 204, None),
    ("POST /wherry/swarm/node", {"name": "n", "role": "manager"}, "swarm.change_node", None,
     {"node": "n", "availability": None, "role": "manager"}, 204, None),
    ("POST /wherry/swarm/plan", {"stack": {"name": "s", "source": plain(SOURCE)}}, "swarm.plan",
     StackPlan(stack="s", steps=(StackStep(action="create", kind="service", name="s_web"),)),
     {"request": DeployStack(name="s", source=SOURCE)}, 200, ...),
]  # fmt: skip


async def test_a_request_is_one_question_to_the_engine(api: Served) -> None:
    for sent, body, verb, found, asked, status, told in QUESTIONS:
        heard = api.hear(verb, found)
        method, _, path = sent.partition(" ")
        reply = await api.ask(method, path, body)
        assert reply.status == status, (sent, reply.body)
        assert heard == [asked], sent
        if told is None:
            assert reply.body == b"", sent
        else:
            assert reply.json() == plain(found if told is ... else told), sent


async def test_a_swarm_is_that_of_the_machine_that_is_named(api: Served) -> None:
    heard = api.hear("machines.ready", api.engine)
    await api.ask("POST", "/wherry/swarm/look", {"machine": "berlin"})
    await api.ask("POST", "/wherry/swarm/look", {})
    assert heard == [{"name": "berlin", "seconds": 20.0}, {"name": "", "seconds": 20.0}]


@pytest.mark.parametrize(
    ("sent", "body", "status", "words"),
    [
        ("POST /wherry/swarm/create", {}, 400, "which service is missing"),
        ("POST /wherry/swarm/plan", {}, 400, "which stack is missing"),
        ("POST /wherry/swarm/deploy", {}, 400, "which stack is missing"),
        ("POST /wherry/clusters/exec", {}, 400, "it is not said what to run (exec)"),
        ("POST /wherry/clusters/session", {"name": "x"}, 400,
         "it is not said what to run (exec) or how it is called (name)"),
        ("POST /wherry/clusters/session", {"exec": {"target": "pod/x", "command": ["a"]}}, 400,
         "it is not said what to run (exec) or how it is called (name)"),
        ("GET /wherry/clusters/sessions/nosuch", None, 404, "no such command runs in a pod"),
        ("POST /wherry/clusters/sessions/nosuch/resize?h=1&w=1", None, 404, "no such command runs in a pod"),
        ("DELETE /wherry/logins", None, 400, "no server was named"),
        ("DELETE /wherry/registries/r.example", None, 404, "there are no settings for the registry r.example"),
        ("GET /wherry/networks/reach?from=a&to=b&port=x", None, 400, "x is no port"),
        ("GET /wherry/networks/reach?from=a&to=b&port=65536", None, 400, "65536 is no port"),
        ("GET /wherry/networks/reach?from=a&to=b&port=-1", None, 400, "-1 is no port"),
        ("POST /wherry/release", None, 409, "the window holds the engine and does not hand it over"),
        ("POST /wherry/release?passing=1", None, 409, "this engine is meant to stay"),
    ],
)  # fmt: skip
async def test_what_is_not_said_or_not_there_is_told(
    api: Served, sent: str, body: Any, status: int, words: str
) -> None:
    method, _, path = sent.partition(" ")
    reply = await api.ask(method, path, body)
    assert (reply.status, reply.message) == (status, words)


# --- the engine itself ---


async def test_the_owner_says_who_it_is_and_whether_it_lets_go(api: Served) -> None:
    facts = await api.engine.host.facts()
    told = await api.get("/wherry/owner")
    assert told == {
        "version": told["version"],
        "pid": os.getpid(),
        "root": facts.root,
        "run": facts.run,
        "socket": str(api.server.socket_path),
        "headless": False,
    }
    assert told["version"]


async def test_whether_one_container_reaches_another_is_told_with_each_step(api: Served) -> None:
    found = Reach(source="a", target="b", port=80, steps=(ReachStep(check="source", ok=False, words="w"),))
    heard = api.hear("networks.explain", found)
    assert await api.get("/wherry/networks/reach?from=a&to=b&port=80") == {**plain(found), "reaches": False}
    await api.get("/wherry/networks/reach?from=a&to=b")
    await api.get("/wherry/networks/reach?from=a&to=b&port=65535")
    assert heard == [{"source": "a", "target": "b", "port": port} for port in (80, 0, 65535)]


def question(container: str, container_id: str, name: str) -> NameQuestion:
    return NameQuestion(
        time_ns=1, container_id=container_id, container=container, network="n", name=name, kind="A", verdict="known"
    )


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["a", "b", "c"]),
        ("?container=web", ["a", "c"]),
        ("?container=" + "2" * 64, ["b"]),
        ("?container=" + "2" * 12, ["b"]),
    ],
)
async def test_names_are_told_as_they_are_asked_for(api: Served, query: str, names: list[str]) -> None:
    asked = [question("web", "1" * 64, "a"), question("db", "2" * 64, "b")], [question("web", "1" * 64, "c")]
    api.hear("networks.watch_names", pieces(*asked))
    rows = (await api.ask("GET", f"/wherry/networks/watch{query}")).lines()
    assert [row["name"] for row in rows] == names
    assert all(row in [plain(each) for batch in asked for each in batch] for row in rows)


async def test_peers_are_told_with_the_names_of_their_containers(api: Served) -> None:
    found = [Peer(container_id=WEB, address="10.0.0.2", sent=3), Peer(container_id="gone", address="10.0.0.3")]
    heard = api.hear("networks.watch_peers", pieces(found, []))
    assert await api.get("/wherry/networks/peers?container=shop-web-1") == [
        {**plain(found[0]), "container": "shop-web-1"},
        {**plain(found[1]), "container": ""},
    ]
    assert heard == [{"container": "shop-web-1"}]


@pytest.mark.parametrize(
    ("body", "settings"),
    [
        ({"on": True}, DoorSettings(on=True, port=9000, tls=True)),
        ({"port": 80}, DoorSettings(on=False, port=80, tls=True)),
        ({"tls": False}, DoorSettings(on=False, port=9000, tls=False)),
        ({}, DoorSettings(on=False, port=9000, tls=True)),
    ],
)
async def test_of_the_door_only_what_is_named_changes(
    api: Served, body: dict[str, Any], settings: DoorSettings
) -> None:
    address = DoorAddress(container_id=WEB, name="web", hosts=("web.localhost",), port=80, url="u", runs=True)
    api.engine.door.settings = DoorSettings(on=False, port=9000, tls=True)
    made = Door(settings=settings, listening=True, addresses=(address,))
    heard = api.hear("door.change", made)
    reply = await api.ask("PUT", "/wherry/door", body)
    assert (reply.status, reply.json()) == (200, plain(made))
    assert heard == [{"wanted": settings}]


async def test_logins_are_told_without_their_passwords(api: Served) -> None:
    api.hear("images.logins", [Login(server="s", username="u", password="secret", identity_token="secret")])
    assert await api.get("/wherry/logins") == [{"server": "s", "username": "u"}]
    heard = api.hear("images.login", "in a file")
    reply = await api.ask("POST", "/wherry/logins", {"username": "u", "password": "p", "serveraddress": "s"})
    assert reply.json() == {"kept": "in a file"}
    assert heard == [{"login": Login(server="s", username="u", password="p"), "keep": True}]


async def test_registries_are_set_and_forgotten_one_by_one(api: Served) -> None:
    body = {
        "insecure": True, "mirrors": ["m"], "ca_file": "/ca", "client_certificate": "/cert", "client_key": "/key",
    }  # fmt: skip
    reply = await api.ask("PUT", "/wherry/registries/r.example", body)
    one = RegistrySettings(
        host="r.example", insecure=True, mirrors=("m",), ca_file="/ca", client_certificate="/cert", client_key="/key"
    )
    assert (reply.status, reply.json()) == (200, plain(one))
    await api.ask("PUT", "/wherry/registries/other.example", {})
    await api.ask("PUT", "/wherry/registries/r.example", {"insecure": True})
    told = await api.get("/wherry/registries")
    facts = await api.engine.host.facts()
    assert told == {
        "file": f"{facts.root}/registries.toml",
        "registries": [
            plain(RegistrySettings(host="other.example")),
            plain(RegistrySettings(host="r.example", insecure=True)),
        ],
        "proxy": plain(ProxySettings()),
    }
    assert (await api.ask("DELETE", "/wherry/registries/r.example")).status == 204
    assert [one["host"] for one in (await api.get("/wherry/registries"))["registries"]] == ["other.example"]


# --- what takes time ---


async def test_a_run_of_a_service_is_made_and_its_id_told(api: Served) -> None:
    heard = api.hear("projects.make_run", api.engine.store.container(WEB))
    reply = await api.ask("POST", "/wherry/projects/run", {"source": plain(SOURCE), "service": "web"})
    assert (reply.status, reply.json()) == (201, {"Id": WEB})
    assert heard == [{"request": RunService(source=SOURCE, service="web")}]


async def test_the_past_of_a_project_is_told_without_its_files_texts(api: Served) -> None:
    """They may hold secrets."""
    source = replace(SOURCE, texts={"/p/compose.yaml": "secret"}, environment={"A": "secret"}, name="p")
    run = ProjectRun(
        id="r1", project="p", started=now(), request=UpProject(source=source, build=True), services={"web": "secret"},
        changes=("create web",),
    )  # fmt: skip
    heard = api.hear("projects.history", [run])
    told = await api.get("/wherry/projects/p/history")
    assert "secret" not in str(told)
    shown = replace(run, services={}, request=UpProject(source=replace(SOURCE, name="p"), build=True))
    assert told == [plain(shown)]
    assert heard == [{"name": "p"}]


# --- what goes on in a cluster ---


async def test_lines_of_pods_are_told_one_by_one_and_an_error_last(api: Served) -> None:
    lines = ClusterLogLine(pod="p", container="c", text="one"), ClusterLogLine(pod="p", container="c", text="two")
    heard = api.hear("clusters.logs", pieces(*lines))
    asked = {"target": "deploy/web", "tail": 5}
    reply = await api.ask("POST", "/wherry/clusters/logs", placed(logs=asked))
    assert reply.lines() == [plain(each) for each in lines]
    api.hear("clusters.logs", pieces())
    assert heard == [{"place": PLACE, "request": ClusterLogs(target="deploy/web", tail=5)}]
    heard = api.hear("clusters.logs", pieces())
    assert (await api.ask("POST", "/wherry/clusters/logs", placed(target="pod/web"))).body == b""
    assert heard == [{"place": PLACE, "request": ClusterLogs(target="pod/web")}]

    async def failing() -> Any:
        yield lines[0]
        raise InvalidRequest("It broke off", "In the middle.")

    api.hear("clusters.logs", failing())
    reply = await api.ask("POST", "/wherry/clusters/logs", placed(target="pod/web"))
    assert reply.lines() == [plain(lines[0]), {"error": "It broke off. In the middle."}]


async def test_a_command_in_a_pod_tells_its_output_and_its_end(api: Served, process: Process) -> None:
    heard = api.hear("clusters.exec", process)
    process.say("stdout", b"out\xff")
    process.say("stderr", b"err")
    process.end()
    asked = {"target": "pod/web", "command": ["id"]}
    reply = await api.ask("POST", "/wherry/clusters/exec", placed(exec=asked))
    assert reply.lines() == [
        {"stream": "stdout", "text": "out\ufffd"},
        {"stream": "stderr", "text": "err"},
        {"code": 3},
    ]
    assert heard == [{"place": PLACE, "request": ClusterExecRequest(target="pod/web", command=("id",))}]
    assert process.closed

    async def unknown() -> int:
        raise InvalidRequest("Its end is not known")

    process.exit_code = unknown  # type: ignore[method-assign]
    process.end()
    reply = await api.ask("POST", "/wherry/clusters/exec", placed(exec=asked))
    assert reply.lines() == [{"error": "Its end is not known."}]


async def test_a_session_in_a_pod_is_a_stream_both_ways(api: Served, process: Process) -> None:
    heard = api.hear("clusters.exec", process)
    asked = {"target": "pod/web", "command": ["sh"], "stdin": True}
    body = json.dumps(placed(exec=asked, name="mine")).encode()
    raw = await api.upgrade("/wherry/clusters/session", body)
    raw.writer.write(b"typed")
    process.say("stdout", b"out")
    assert (await raw.exactly(11))[8:] == b"out"
    assert (await api.ask("POST", "/wherry/clusters/sessions/mine/resize?h=4&w=5")).status == 204
    assert process.size == (4, 5)
    process.end()
    assert await raw.rest() == b""
    assert process.given == b"typed"
    assert await api.get("/wherry/clusters/sessions/mine") == {"code": 3}
    assert heard == [{"place": PLACE, "request": ClusterExecRequest(target="pod/web", command=("sh",), stdin=True)}]
    assert process.closed
    await raw.close()


async def test_a_session_without_input_is_given_none_and_old_ones_are_forgotten(api: Served, process: Process) -> None:
    api.hear("clusters.exec", process)
    api.served.cluster_sessions.update({f"old-{number}": process for number in range(200)})
    asked = {"target": "pod/web", "command": ["sh"], "tty": True}
    body = json.dumps(placed(exec=asked, name="mine")).encode()
    raw = await api.upgrade("/wherry/clusters/session", body)
    raw.writer.write(b"ignored")
    process.say("stdout", b"out")
    assert await raw.exactly(3) == b"out", "a terminal's is not framed"
    process.end()
    await raw.rest()
    assert process.given == b""
    assert len(api.served.cluster_sessions) == 200
    assert "old-0" not in api.served.cluster_sessions
    assert (await api.ask("GET", "/wherry/clusters/sessions/old-1")).status == 200
    await raw.close()


async def test_changes_in_a_cluster_are_told_a_line_each(api: Served) -> None:
    changes = ClusterChange(kind="all", objects=({"a": 1},)), ClusterChange(kind="gone", objects=({"a": 1},))
    heard = api.hear("clusters.watch", pieces(*changes))
    reply = await api.ask("POST", "/wherry/clusters/watch", placed(kind="pods", selector="a=1"))
    assert reply.lines() == [plain(each) for each in changes]
    assert reply.headers["Content-Type"] == "application/json"
    assert heard == [{"place": PLACE, "kind": "pods", "selector": "a=1"}]
