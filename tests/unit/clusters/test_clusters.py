"""A cluster through its client: what is seen, kept true, changed, read out of pods; and every way it may refuse."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from engine.clusters.cluster_service import ClusterService
from engine.clusters.kubeconfig import KubeConfig
from engine.clusters.rollouts import rollout_of
from engine.errors import ClusterError, Code, Conflict, InvalidRequest, NotFound, RuntimeFailure, Unsupported
from engine.types.clusters import ClusterChange, ClusterExecRequest, ClusterLogs, ClusterPlace
from tests.support.api_server import StandInCluster, serve_cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def cluster() -> AsyncIterator[StandInCluster]:
    async with serve_cluster() as served:
        yield served


@pytest.fixture
async def service() -> AsyncIterator[ClusterService]:
    made = ClusterService()
    yield made
    await made.close()


def config(url: str, user: Any) -> dict[str, Any]:
    return {
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    }


@pytest.fixture
def place(cluster: StandInCluster, tmp_path: Path) -> ClusterPlace:
    file = tmp_path / "config"
    file.write_text(json.dumps(config(cluster.url, {"token": "good"})))
    return ClusterPlace(files=(str(file),), environment={"PATH": "/usr/bin:/bin"})


def pod(name: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "app"}]},
    }  # fmt: skip


# --- kubeconfig ---

TWO = """
current-context: work
clusters:
- {name: a, cluster: {server: "https://a.example", certificate-authority-data: QUJD, proxy-url: "http://p:1"}}
users:
- {name: me, user: {client-certificate-data: QQ==, client-key: key.pem, token: t}}
- {name: oidc, user: {auth-provider: {name: oidc}}}
- {name: plug, user: {exec: {command: ./login, args: [x], env: [{name: E, value: v}], installHint: get it}}}
contexts:
- {name: work, context: {cluster: a, user: me, namespace: shop}}
- {name: old, context: {cluster: a, user: oidc}}
- {name: plugged, context: {cluster: a, user: plug}}
- {name: lost, context: {cluster: nowhere, user: me}}
"""


def test_a_kubeconfig_says_who_and_where(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("KEY")
    loaded = KubeConfig()
    loaded.add(TWO, str(tmp_path / "config"))
    loaded.add(
        "clusters: [{name: a, cluster: {server: 'https://other'}}]\ncurrent-context: x", str(tmp_path / "second")
    )

    access = loaded.access()
    assert (access.server, access.namespace, access.token) == ("https://a.example", "shop", "t")
    assert (access.authority, access.certificate, access.key) == (b"ABC", b"A", b"KEY")
    assert access.proxy == "http://p:1"
    plugin = loaded.access("plugged").plugin
    assert plugin is not None
    assert plugin.command == f"{tmp_path}/./login"
    assert (plugin.arguments, plugin.environment, plugin.hint) == (("x",), {"E": "v"}, "get it")
    with pytest.raises(Unsupported, match="kubectl itself has dropped"):
        loaded.access("old")
    with pytest.raises(NotFound, match="nowhere"):
        loaded.access("lost")
    found = {each.name: each for each in loaded.contexts()}
    assert found["work"].current
    assert not found["work"].problem
    assert "oidc" in found["old"].problem
    with pytest.raises(InvalidRequest, match="cannot be used"):
        KubeConfig().add("a: [", "x")


# --- looking ---


async def test_kinds_are_found_by_any_of_their_names(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.put("pods", pod("web"))
    for word in ("pods", "pod", "po", "Pod"):
        assert [each["metadata"]["name"] for each in await service.get(place, word)] == ["web"]
    assert (await service.get(place, "pod", "web"))[0]["kind"] == "Pod"
    with pytest.raises(NotFound, match="no kind “deploymnt”") as caught:
        await service.get(place, "deploymnt")
    assert "deployment" in caught.value.hint


async def test_a_long_list_comes_in_pages(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.page = 7
    for number in range(23):
        cluster.put("pods", pod(f"p{number}"))
    assert len(await service.get(place, "pods")) == 23
    assert sum("continue=" in each for each in cluster.asked) == 3


class Table:
    """What a watch has told, as a page would hold it."""

    def __init__(self, changes: AsyncIterator[ClusterChange]) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.told: list[str] = []
        self.lists = 0
        self._changes = changes
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with aclosing(self._changes) as changes:  # type: ignore[type-var]
            async for change in changes:
                if change.kind == "all":
                    self.objects = {}
                    self.lists += 1
                if change.kind == "told":
                    self.told.append(change.message)
                for each in change.objects:
                    name = each["metadata"]["name"]
                    if change.kind == "gone":
                        self.objects.pop(name, None)
                    else:
                        self.objects[name] = each
                self._changed.set()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_a_watch_keeps_a_table_true_over_cuts_and_gaps(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.put("pods", pod("first"))
    table = Table(service.watch(place, "pods"))
    await table.until(lambda: set(table.objects) == {"first"})
    cluster.put("pods", pod("second"))
    await table.until(lambda: set(table.objects) == {"first", "second"})
    cluster.remove("pods", "first")
    await table.until(lambda: set(table.objects) == {"second"})

    cluster.cut_watches()
    cluster.put("pods", pod("third"))
    await table.until(lambda: set(table.objects) == {"second", "third"})
    assert table.lists == 1, "a watch that was cut goes on from where it was"

    cluster.forgotten = cluster.version + 10
    cluster.version += 20
    cluster.objects.pop(("pods", "default", "second"))
    cluster.cut_watches()
    await table.until(lambda: table.lists == 2)
    assert set(table.objects) == {"third"}
    await table.close()


async def test_a_kind_one_may_not_see_says_so_and_the_others_go_on(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.forbidden.add("secrets")
    cluster.put("pods", pod("web"))
    closed, open_ = Table(service.watch(place, "secrets")), Table(service.watch(place, "pods"))
    await closed.until(lambda: closed.told)
    await open_.until(lambda: open_.objects)
    assert "You may not do that here" in closed.told[0]
    for table in (closed, open_):
        await table.close()


# --- getting in ---


async def test_a_plugin_is_asked_once_and_again_when_its_token_ran_out(
    cluster: StandInCluster, service: ClusterService, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    plugin = tmp_path / "plugin.py"
    plugin.write_text(
        "import json, os, sys\n"
        f"open({str(count)!r}, 'a').write('x')\n"
        "assert json.loads(os.environ['KUBERNETES_EXEC_INFO'])['kind'] == 'ExecCredential'\n"
        "token = open(sys.argv[1]).read()\n"
        "print(json.dumps({'status': {'token': token}}))\n"
    )
    (tmp_path / "token").write_text("good")
    user = {"exec": {"command": sys.executable, "args": [str(plugin), str(tmp_path / "token")]}}
    file = tmp_path / "config"
    file.write_text(json.dumps(config(cluster.url, user)))
    place = ClusterPlace(files=(str(file),), environment={"PATH": "/usr/bin:/bin"})

    await service.get(place, "pods")
    await service.get(place, "pods")
    assert count.read_text() == "x"
    cluster.tokens = {"newer"}
    (tmp_path / "token").write_text("newer")
    await service.get(place, "pods")
    assert count.read_text() == "xx"
    cluster.tokens = {"another"}
    with pytest.raises(ClusterError) as caught:
        await service.get(place, "pods")
    assert caught.value.code is Code.UNAUTHORIZED


async def test_a_plugin_that_is_missing_and_a_cluster_that_is_away_are_told(
    service: ClusterService, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    user = {"exec": {"command": "no-such-login", "installHint": "Install it from example."}}
    file.write_text(json.dumps(config("http://127.0.0.1:1", user)))
    place = ClusterPlace(files=(str(file),), environment={"PATH": "/usr/bin:/bin"})
    with pytest.raises(ClusterError, match="no-such-login") as caught:
        await service.get(place, "pods")
    assert "Install it" in caught.value.hint
    file.write_text(json.dumps(config("http://127.0.0.1:1", {"token": "x"})))
    with pytest.raises(ClusterError, match="cannot be reached") as away:
        await service.get(place, "pods")
    assert away.value.code is Code.CONNECT


# --- changing ---

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app, image: "shop:1"}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {motto: cheap}
"""


async def test_what_would_change_is_shown_then_applied(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    first = await service.differences(place, {"a.yaml": WEB})
    assert [(each.title, each.action) for each in first] == [
        ("ConfigMap/words", "create"),
        ("Deployment/web", "create"),
    ]
    assert not cluster.names("deployments") | cluster.names("configmaps")
    assert await service.apply(place, {"a.yaml": WEB}) == ["ConfigMap/words", "Deployment/web"]
    assert {each.action for each in await service.differences(place, {"a.yaml": WEB})} == {"same"}
    changed = await service.differences(place, {"a.yaml": WEB.replace("shop:1", "shop:2")})
    diff = next(each for each in changed if each.title == "Deployment/web")
    assert diff.action == "change"
    assert '-        image: "shop:1"' in diff.diff
    assert '+        image: "shop:2"' in diff.diff
    assert "resourceVersion" not in diff.diff
    assert any("fieldManager=wherry" in each and "dryRun=All" in each for each in cluster.asked)
    assert await service.delete_files(place, {"a.yaml": WEB}) == ["Deployment/web", "ConfigMap/words"]
    assert not cluster.names("deployments") | cluster.names("configmaps")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "cannot be used"), ("kind: Pod", "needs apiVersion"), ("apiVersion: v1\nkind: Pod", "has no name"),
        ("apiVersion: v9\nkind: Pod\nmetadata: {name: a}", "no kind “Pod” in v9"),
        (WEB.replace("replicas: 2", "replicas: -1"), "does not take Deployment/web"),
    ],
)  # fmt: skip
async def test_manifests_a_cluster_would_not_take(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace, text: str, told: str
) -> None:
    with pytest.raises((InvalidRequest, NotFound), match=told):
        await service.differences(place, {"a.yaml": text})


async def test_a_workload_is_scaled_started_anew_and_brought_back(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    await service.apply(place, {"a.yaml": WEB})
    await service.scale(place, "deploy/web", 5)
    web = cluster.objects["deployments", "default", "web"]
    assert web["spec"]["replicas"] == 5
    await service.restart(place, "deployments/web")
    web = cluster.objects["deployments", "default", "web"]
    assert "kubectl.kubernetes.io/restartedAt" in web["spec"]["template"]["metadata"]["annotations"]
    for number, image in ((1, "shop:0"), (2, "shop:1")):
        template = {
            "metadata": {"labels": {"app": "web", "pod-template-hash": "h"}},
            "spec": {"containers": [{"image": image}]},
        }
        cluster.put(
            "replicasets",
            {
                "metadata": {
                    "name": f"web-{number}", "annotations": {"deployment.kubernetes.io/revision": str(number)},
                    "ownerReferences": [{"uid": "uid-web"}],
                },
                "spec": {"template": template},
            },
        )  # fmt: skip
    web["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    assert await service.undo(place, "deploy/web") == 1
    template = cluster.objects["deployments", "default", "web"]["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "shop:0"
    assert "pod-template-hash" not in template["metadata"]["labels"]
    with pytest.raises(NotFound, match="no earlier state"):
        await service.undo(place, "deploy/web", revision=9)
    with pytest.raises(Unsupported, match="is not rolled out"):
        await service.rollout(place, "cm/words")


@pytest.mark.parametrize(
    ("status", "done", "message"),
    [
        ({"observedGeneration": 1}, False, "not seen the change"),
        ({"observedGeneration": 2, "updatedReplicas": 1, "replicas": 3}, False, "1 of 2 new pods"),
        ({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 3}, False, "1 old pods"),
        ({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 1}, False, "1 of 2 pods"),
        ({"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2}, True, "2 of 2"),
        ({"observedGeneration": 2, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded",
                                                   "message": "too slow"}]}, False, "too slow"),
    ],
)  # fmt: skip
def test_how_far_a_rollout_is(status: dict[str, Any], *, done: bool, message: str) -> None:
    found = rollout_of(
        {"kind": "Deployment", "metadata": {"name": "web", "generation": 2}, "spec": {"replicas": 2}, "status": status}
    )
    assert found.done is done
    assert message in found.message


# --- into pods ---


async def test_logs_of_a_workload_are_those_of_all_its_pods(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    await service.apply(place, {"a.yaml": WEB})
    for name in ("web-1", "web-2"):
        cluster.put("pods", pod(name, app="web"))
        cluster.logs[name, "current"] = [f"{name} says {number}" for number in range(3)]
    cluster.logs["web-1", "previous"] = ["before the fall"]

    lines = [each async for each in service.logs(place, ClusterLogs(target="deploy/web"))]
    assert [each.text for each in lines if each.pod == "web-2"] == [f"web-2 says {number}" for number in range(3)]
    assert len(lines) == 6
    assert lines[0].time.startswith("2026")
    (before,) = [each async for each in service.logs(place, ClusterLogs(target="web-1", previous=True))]
    assert before.text == "before the fall"
    (none,) = [each async for each in service.logs(place, ClusterLogs(target="web-2", previous=True))]
    assert none.failed
    with pytest.raises(NotFound):
        [each async for each in service.logs(place, ClusterLogs(target="nobody"))]


async def test_a_command_runs_in_a_pod(cluster: StandInCluster, service: ClusterService, place: ClusterPlace) -> None:
    cluster.put("pods", pod("web"))

    async def run(*command: str, stdin: bytes = b"") -> tuple[list[tuple[str, bytes]], int]:
        asked = ClusterExecRequest(target="web", command=command, stdin=bool(stdin))
        session = await service.exec(place, asked)
        try:
            if stdin:
                await session.write(stdin)
                await session.close_stdin()
            said = []
            while (piece := await session.read()) is not None:
                said.append(piece)
            return said, await session.exit_code()
        finally:
            await session.close()

    assert await run("echo", "a b") == ([("stdout", b"echo a b\n"), ("stderr", b"complaint\n")], 0)
    assert await run("cat", stdin=b"given") == ([("stdout", b"given")], 0)
    assert await run("exit", "7") == ([], 7)
    with pytest.raises(RuntimeFailure, match="could not be run"):
        await run("nosuch")
    assert ("command", "a b") in cluster.sockets[0]["query"]


async def test_a_port_leads_into_a_pod_until_it_is_stopped(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.put("pods", pod("web"))
    made = await service.forward(place, "web", 80)
    assert (await service.forwards())[0].local_port == made.local_port
    for word in (b"one", b"two"):
        reader, writer = await asyncio.open_connection("127.0.0.1", made.local_port)
        writer.write(word)
        assert await reader.read() == b"echo " + word
        writer.close()
    with pytest.raises(Conflict, match="is taken"):
        await service.forward(place, "web", 80, local_port=made.local_port)
    await service.stop_forward(made.id)
    assert not await service.forwards()
    with pytest.raises(OSError, match=r"\d"):
        await asyncio.open_connection("127.0.0.1", made.local_port)
    with pytest.raises(NotFound):
        await service.stop_forward(made.id)


@pytest.mark.bulk
def test_nothing_of_clusters_or_manifests_is_loaded_before_one_is_opened() -> None:
    code = (
        "import sys, engine.embedded, engine.api.server\n"
        "print([each for each in sys.modules if each.startswith(('engine.clusters', 'engine.kube', 'engine.plays'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
