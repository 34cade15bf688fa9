"""Manifests brought here, taken down and told again, on an engine whose rooms are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from engine.errors import InvalidRequest, NotFound
from engine.kube.labels import EMPTY, HASH, OBJECT
from engine.types.containers import ContainerSpec, CreateContainer, PortMapping
from engine.types.files import Place
from engine.types.manifests import GenerateManifests, PlayManifests, TakeManifestsDown
from engine.types.pods import PodState
from engine.types.volumes import CreateVolume
from tests.fakes.engine import open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.engine import FakeEngine

TEXT = """
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {greeting: hello, more.conf: "a=1"}
---
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {token: t0p}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  hostname: box
  volumes:
  - {name: conf, configMap: {name: words}}
  - {name: key, secret: {secretName: key, defaultMode: 256}}
  - {name: room}
  - {name: data, persistentVolumeClaim: {claimName: data}}
  containers:
  - name: app
    image: IMAGE
    ports: [{containerPort: 80, hostPort: 8080}]
    volumeMounts:
    - {name: conf, mountPath: /etc/app}
    - {name: key, mountPath: /key}
    - {name: room, mountPath: /room, subPath: a/b}
    - {name: data, mountPath: /data}
"""


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    engine = await open_fake_engine()
    try:
        yield engine
    finally:
        await engine.close()


def text(engine: FakeEngine, **changes: str) -> dict[str, str]:
    image = next(each.tags[0] for each in engine.store.images.values() if each.tags)
    made = TEXT.replace("IMAGE", f'"{image}"')
    for old, new in changes.items():
        made = made.replace(old, new)
    return {"dir/web.yaml": made}


async def play(engine: FakeEngine, texts: dict[str, str], **wishes: Any) -> str:
    return await engine.manifests.play(PlayManifests(texts=texts, **wishes)).result()


async def names(engine: FakeEngine) -> tuple[set[str], set[str], set[str]]:
    """Of pods, volumes and containers that manifests made."""
    pods = {each.name for each in await engine.pods.list() if OBJECT in each.recipe.labels}
    volumes = {each.name for each in await engine.volumes.list() if EMPTY in each.labels or OBJECT in each.labels}
    containers = {each.name for each in await engine.containers.list() if OBJECT in each.spec.labels}
    return pods, volumes, containers


async def test_what_manifests_say_is_made_filled_and_started(engine: FakeEngine) -> None:
    assert await play(engine, text(engine)) == "web"
    assert await names(engine) == ({"web"}, {"web-conf", "web-key", "web-room", "data"}, {"web-app"})
    pod = await engine.pods.get("web")
    assert pod.state is PodState.RUNNING
    assert pod.recipe.labels[OBJECT] == "Pod/web"
    assert len(pod.recipe.labels[HASH]) == 64
    assert await engine.files.read(Place(kind="volume", id="web-conf"), "/greeting", limit=99) == b"hello"
    assert await engine.files.read(Place(kind="volume", id="web-key"), "/token", limit=99) == b"t0p"
    assert "kube" in {each.name for each in await engine.networks.list()}


async def test_a_plan_says_what_playing_would_do_and_then_nothing_is_left(engine: FakeEngine) -> None:
    wanted = PlayManifests(texts=text(engine))
    before = await engine.manifests.plan(wanted)
    assert (before.project, before.services, before.problems) == ("web.yaml", ("web",), ())
    assert [step.action for step in before.steps] == ["network", *["volume"] * 4, "pod", "start-pod"]
    await play(engine, wanted.texts)
    assert [step.id for step in (await engine.manifests.plan(wanted)).steps] == ["keep-pod:web"]
    broken = await engine.manifests.plan(PlayManifests(texts={"a.yaml": "kind: Pods"}))
    assert (broken.project, broken.steps, [each.path for each in broken.problems]) == ("a.yaml", (), ["kind"])


async def test_files_that_cannot_be_used_are_refused_with_all_that_is_wrong(engine: FakeEngine) -> None:
    for wrong in ("kind: Pods\n", "a: ["):
        with pytest.raises(InvalidRequest) as caught:
            await play(engine, {"a.yaml": wrong})
        assert caught.value.subject == "a.yaml"
        assert "a.yaml:" in caught.value.explanation


async def test_what_changed_is_made_anew_and_its_files_are_those_of_now(engine: FakeEngine) -> None:
    await play(engine, text(engine))
    changed = text(engine, hello="bye", **{'more.conf: "a=1"': "other: x"})
    await play(engine, changed)
    place = Place(kind="volume", id="web-conf")
    assert await engine.files.read(place, "/greeting", limit=99) == b"bye"
    assert {each.name for each in await engine.files.list(place, "/")} == {"greeting", "other"}
    assert (await engine.pods.get("web")).state is PodState.RUNNING


async def test_down_leaves_what_holds_somebodys_data(engine: FakeEngine) -> None:
    texts = text(engine)
    await play(engine, texts)
    plan = await engine.manifests.plan_down(TakeManifestsDown(texts=texts))
    assert plan.project == "web.yaml"
    assert (await engine.manifests.down(TakeManifestsDown(texts=texts)).result()).split() == [
        step.subject for step in plan.steps
    ]
    assert await names(engine) == (set(), {"data"}, set())
    await engine.manifests.down(TakeManifestsDown(texts=texts, volumes=True)).result()
    assert await names(engine) == (set(), set(), set())


async def test_wishes_beside_the_files_are_heard(engine: FakeEngine) -> None:
    more = (PortMapping(container_port=90, host_port=9090),)
    await play(engine, text(engine), network="town", ports=more, start=False)
    pod = await engine.pods.get("web")
    assert (pod.recipe.network, [each.host_port for each in pod.recipe.ports]) == ("town", [8080, 9090])
    assert pod.state is not PodState.RUNNING
    pulled = await engine.manifests.plan(PlayManifests(texts=text(engine, web="other"), pull="always"))
    assert "pull" in {step.action for step in pulled.steps}
    anew = await engine.manifests.plan(PlayManifests(texts=text(engine), network="town", ports=more, replace=True))
    assert "remake-pod:web" in {step.id for step in anew.steps}


async def test_a_pod_that_cannot_be_made_leaves_nothing(engine: FakeEngine) -> None:
    texts = {"a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: a, image: none}]}"}
    with pytest.raises(Exception, match="none"):
        await play(engine, texts, pull="never")
    assert await names(engine) == (set(), set(), set())


# --- told again ---


async def told(engine: FakeEngine, *asked: str, **how: Any) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(await engine.manifests.generate(GenerateManifests(names=asked, **how))))


async def test_a_pod_is_told_as_it_was_brought(engine: FakeEngine) -> None:
    await play(engine, text(engine))
    found = {f"{each['kind']}/{each['metadata']['name']}": each for each in await told(engine, "web", service=True)}
    assert set(found) == {
        "ConfigMap/web-conf", "Secret/web-key", "PersistentVolumeClaim/data", "Pod/web", "Service/web",
    }  # fmt: skip
    assert found["ConfigMap/web-conf"]["data"].items() >= {"greeting": "hello", "more.conf": "a=1"}.items()
    assert (found["Secret/web-key"]["data"]["token"], found["Secret/web-key"]["type"]) == ("dDBw", "Opaque")
    spec = found["Pod/web"]["spec"]
    assert [each["name"] for each in spec["containers"]] == ["app"]
    assert spec["containers"][0]["ports"] == [{"containerPort": 80, "hostPort": 8080}]
    assert spec["hostname"] == "box"
    assert {each["name"]: set(each) - {"name"} for each in spec["volumes"]} == {
        "web-conf": {"configMap"}, "web-key": {"secret"}, "web-room": {"emptyDir"}, "data": {"persistentVolumeClaim"},
    }  # fmt: skip
    assert found["Pod/web"]["metadata"]["labels"] == {"app": "web"}
    assert await told(engine, "web-app", service=True) == list(found.values()), "its container stands for the pod"


async def test_a_container_a_volume_and_an_image_are_told(engine: FakeEngine) -> None:
    image = next(each.tags[0] for each in engine.store.images.values() if each.tags)
    spec = ContainerSpec(image=image, ports=(PortMapping(container_port=80, host_port=8080),), labels={"a": "b"})
    await engine.containers.create(CreateContainer(spec=spec, name="One_box"))
    await engine.volumes.create(CreateVolume(name="mine"))
    (pod,) = await told(engine, "One_box")
    assert (pod["kind"], pod["metadata"]["name"], pod["metadata"]["labels"]) == (
        "Pod", "one-box", {"app": "one-box", "a": "b"},
    )  # fmt: skip
    assert "hostname" not in pod["spec"], "its id is no name to keep"
    workload, service = await told(engine, "One_box", kind="deployment", replicas=3, service=True)
    assert (workload["kind"], workload["spec"]["replicas"], service["kind"]) == ("Deployment", 3, "Service")
    (claim,) = await told(engine, "mine")
    assert (claim["kind"], claim["metadata"]["name"]) == ("PersistentVolumeClaim", "mine")
    (of_image,) = await told(engine, image)
    assert of_image["spec"]["containers"][0]["image"] == image
    assert len(await told(engine, "One_box", "mine")) == 2


async def test_a_project_is_told_a_workload_for_each_service(engine: FakeEngine) -> None:
    image = next(each.tags[0] for each in engine.store.images.values() if each.tags)
    for number, service in enumerate(("web", "web", "db")):
        labels = {"com.docker.compose.project": "shop9", "com.docker.compose.service": service}
        spec = ContainerSpec(image=image, labels=labels, ports=(PortMapping(container_port=80),))
        await engine.containers.create(CreateContainer(spec=spec, name=f"shop9-{service}-{number}"))
    found = sorted(f"{each['kind']}/{each['metadata']['name']}" for each in await told(engine, "shop9"))
    assert found == ["Pod/db", "Pod/web", "Service/db", "Service/web"]


async def test_what_is_nothing_cannot_be_told(engine: FakeEngine) -> None:
    with pytest.raises(NotFound) as caught:
        await told(engine, "nobody")
    assert caught.value.subject == "nobody"
    with pytest.raises(InvalidRequest):
        await told(engine)
