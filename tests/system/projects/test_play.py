"""Kubernetes manifests played on the real engine: made, left alone, changed, taken down, told again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidRequest, NotFound, RuntimeFailure
from engine.types.containers import Health, State
from engine.types.manifests import GenerateManifests, PlayManifests, TakeManifestsDown
from engine.types.pods import PodState
from tests.system.containers.conftest import load_busybox, until
from tests.system.containers.test_networks import fetch
from tests.system.containers.test_pods import exec_text

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

SHOP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: pages}
data: {index.html: "here I am, $(NAME)\\n", motto: cheap}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: hush}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: stock}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      volumes:
      - {name: pages, configMap: {name: pages}}
      - {name: login, secret: {secretName: login, defaultMode: 0o400}}
      - {name: stock, persistentVolumeClaim: {claimName: stock}}
      - {name: room, emptyDir: {}}
      initContainers:
      - name: fill
        image: localhost/busybox
        command: [sh, -c, "cp /pages/index.html /room/ && echo ready > /stock/state"]
        volumeMounts:
        - {name: pages, mountPath: /pages}
        - {name: room, mountPath: /room}
        - {name: stock, mountPath: /stock}
      containers:
      - name: httpd
        image: localhost/busybox
        command: [httpd, -f, -p, "80", -h, /room]
        ports: [{name: www, containerPort: 80}]
        env:
        - {name: PASSWORD, valueFrom: {secretKeyRef: {name: login, key: password}}}
        - {name: ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        readinessProbe: {httpGet: {path: /index.html, port: www}, periodSeconds: 1}
        volumeMounts:
        - {name: room, mountPath: /room}
        - {name: login, mountPath: /login}
        - {name: pages, mountPath: /etc/motto, subPath: motto}
      - name: side
        image: localhost/busybox
        command: [sleep, "1000"]
        securityContext: {runAsUser: 1000}
        volumeMounts: [{name: room, mountPath: /room}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: www}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cache}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: store
    image: localhost/busybox
    command: [sh, -c, "until wget -q -O /dev/null http://shop/index.html; do sleep 0.1; done; exec sleep 1000"]
"""


@pytest.fixture
async def loaded(engine: EmbeddedEngine) -> EmbeddedEngine:
    await load_busybox(engine)
    return engine


def request(text: str = SHOP, **more: object) -> PlayManifests:
    return PlayManifests(texts={"shop.yaml": text}, **more)  # type: ignore[arg-type]


async def test_a_shop_of_manifests_comes_up_stays_changes_and_goes(loaded: EmbeddedEngine) -> None:
    plan = await loaded.manifests.plan(request())
    assert not plan.problems
    assert {step.action for step in plan.steps} == {"network", "volume", "pod", "start-pod"}

    assert await loaded.manifests.play(request()).result() == "web-pod\ncache"

    pod = await loaded.pods.get("web-pod")
    assert pod.state is PodState.RUNNING
    assert "here I am" in await fetch(pod.ports[0].host_port)
    web, side = "web-pod-httpd", "web-pod-side"
    assert await exec_text(loaded, web, "sh", "-c", "echo $PASSWORD") == "hush\n"
    assert await exec_text(loaded, web, "sh", "-c", "echo $ADDRESS") == f"{pod.ip_address}\n"
    assert await exec_text(loaded, web, "cat", "/login/password") == "hush"
    assert await exec_text(loaded, web, "cat", "/etc/motto") == "cheap"
    assert await exec_text(loaded, side, "sh", "-c", "echo x > /room/mine && cat /room/mine") == "x\n"

    async def healthy() -> bool:
        return (await loaded.containers.get(web)).health.status is Health.HEALTHY

    await until(healthy)
    again = await loaded.manifests.plan(request())
    assert [step.action for step in again.steps] == ["keep-pod", "keep-pod"]

    changed = SHOP.replace("motto: cheap", "motto: dear")
    first = (await loaded.containers.get(web)).id
    steps = (await loaded.manifests.plan(request(changed))).steps
    assert "remake-pod:web-pod" in [step.id for step in steps]
    assert "keep-pod:cache" in [step.id for step in steps]
    await loaded.manifests.play(request(changed)).result()
    assert await exec_text(loaded, web, "cat", "/etc/motto") == "dear"
    assert (await loaded.containers.get(web)).id != first

    await loaded.manifests.down(TakeManifestsDown(texts={"shop.yaml": changed})).result()
    assert not await loaded.pods.list()
    assert not await loaded.containers.list()
    assert [each.name for each in await loaded.volumes.list()] == ["stock"]
    await loaded.manifests.down(TakeManifestsDown(texts={"shop.yaml": changed}, volumes=True)).result()
    assert not await loaded.volumes.list()


async def test_what_is_told_of_a_pod_makes_the_same_again(loaded: EmbeddedEngine) -> None:
    await loaded.manifests.play(request()).result()
    text = await loaded.manifests.generate(GenerateManifests(names=("web-pod",), service=True))
    before = {each.name: each for each in await loaded.containers.list()}
    await loaded.manifests.down(TakeManifestsDown(texts={"shop.yaml": SHOP})).result()

    await loaded.manifests.play(request(text)).result()

    assert {each.name for each in (await loaded.pods.get("web-pod")).containers} == {
        "web-pod-fill", "web-pod-httpd", "web-pod-side",
    }  # fmt: skip
    assert await exec_text(loaded, "web-pod-httpd", "cat", "/login/password") == "hush"
    after = await loaded.containers.get("web-pod-httpd")
    assert after.command_line == before["web-pod-httpd"].command_line
    assert after.spec.health == before["web-pod-httpd"].spec.health


FAILS = """
apiVersion: v1
kind: Pod
metadata: {name: stuck}
spec:
  terminationGracePeriodSeconds: 0
  initContainers: [{name: no, image: localhost/busybox, command: [sh, -c, "exit 4"]}]
  containers: [{name: app, image: localhost/busybox, command: [sleep, "1000"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: fine}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: app, image: localhost/busybox, command: [sleep, "1000"]}]
"""


async def test_one_pod_that_cannot_start_leaves_the_others(loaded: EmbeddedEngine) -> None:
    with pytest.raises(RuntimeFailure, match="ended with 4"):
        await loaded.manifests.play(request(FAILS, network="none")).result()

    assert (await loaded.pods.get("fine")).state is PodState.RUNNING
    assert (await loaded.containers.get("stuck-app")).state is State.CREATED
    mended = FAILS.replace("exit 4", "exit 0")
    await loaded.manifests.play(request(mended, network="none")).result()
    assert (await loaded.pods.get("stuck")).state is PodState.RUNNING


LIVELY = """
apiVersion: v1
kind: Pod
metadata: {name: lively}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: app
    image: localhost/busybox
    command: [sh, -c, "touch /ok; exec sleep 1000"]
    livenessProbe: {exec: {command: [test, -f, /ok]}, periodSeconds: 1, failureThreshold: 1}
"""


async def test_a_container_that_fails_its_liveness_probe_is_started_again(loaded: EmbeddedEngine) -> None:
    await loaded.manifests.play(request(LIVELY, network="none")).result()
    first = (await loaded.containers.get("lively-app")).started
    await exec_text(loaded, "lively-app", "rm", "/ok")

    async def back() -> bool:
        found = await loaded.containers.get("lively-app")
        return found.started != first and found.state is State.RUNNING

    await until(back)


async def test_files_that_are_wrong_make_nothing(loaded: EmbeddedEngine) -> None:
    with pytest.raises(InvalidRequest, match="did you mean"):
        await loaded.manifests.play(request(SHOP.replace("volumeMounts", "volumeMount"))).result()
    plan = await loaded.manifests.plan(request("apiVersion: v1\nkind: Pood\nmetadata: {name: x}\n"))
    assert (plan.problems[0].file, plan.problems[0].line) == ("shop.yaml", 2)
    assert not await loaded.pods.list()
    with pytest.raises(NotFound, match="no container, pod, project, volume or image"):
        await loaded.manifests.generate(GenerateManifests(names=("nobody",)))


async def test_two_plays_of_one_file_wait_for_each_other(loaded: EmbeddedEngine) -> None:
    text = FAILS.replace("exit 4", "exit 0")
    plays = [loaded.manifests.play(request(text, network="none")) for _ in range(2)]
    await asyncio.gather(*(each.result() for each in plays))
    assert len(await loaded.pods.list()) == 2
