"""Kubernetes clusters in the window: what is there, live; what pods say; what may not be seen; what is done there."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from engine.types.images import Login
from gui.pages.clusters import ClustersPage
from tests.support.api_server import StandInCluster, serve_cluster
from tests.support.cluster_world import furnish, kubeconfig, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gui.presentation.remote.clusters import ClusterRow
    from tests.gui.conftest import Driver


@contextmanager
def cluster_elsewhere() -> Iterator[tuple[StandInCluster, Callable[[Callable[[], Any]], Any]]]:
    """A cluster on a thread of its own, as the window's loop is not always turning; with a way to do things there."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    found: list[StandInCluster] = []
    over = asyncio.Event()

    async def serve() -> None:
        async with serve_cluster() as cluster:
            found.append(cluster)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(30)

    def there(deed: Callable[[], Any]) -> Any:
        async def run() -> Any:
            return deed()

        return asyncio.run_coroutine_threadsafe(run(), loop).result(30)

    try:
        yield found[0], there
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


class Clusters:
    """The page, the cluster behind it, and what tests do with both."""

    def __init__(self, driver: Driver, cluster: StandInCluster, there: Callable[[Callable[[], Any]], Any]) -> None:
        self.driver, self.cluster, self.there = driver, cluster, there

    @property
    def page(self) -> ClustersPage:
        page = self.driver.window.page("clusters")
        assert isinstance(page, ClustersPage)
        return page

    def show(self, face: str) -> None:
        self.driver.window.navigate("clusters", "", face)
        self.driver.until(lambda: self.page.chosen.current() == face)

    def rows(self, face: str) -> dict[str, ClusterRow]:
        return {row.name: row for row in self.page.lists[face].model.items()}

    def row(self, face: str, name: str) -> ClusterRow:
        self.driver.until(lambda: name in self.rows(face))
        return self.rows(face)[name]

    def open(self, face: str, name: str, tab: str = "") -> None:
        self.show(face)
        self.driver.window.navigate("clusters", self.row(face, name).key, tab)
        self.driver.until(lambda: self.page.details.found)


@pytest.fixture
def clusters(make_driver: Callable[..., Driver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clusters]:
    with cluster_elsewhere() as (cluster, there):
        config = tmp_path / "config"
        config.write_text(json.dumps(kubeconfig(cluster.url)))
        monkeypatch.setenv("KUBECONFIG", str(config))
        there(lambda: furnish(cluster))
        yield Clusters(make_driver(), cluster, there)


def test_what_is_in_a_cluster_is_seen_and_stays_true(clusters: Clusters) -> None:
    clusters.show("workloads")
    assert clusters.row("workloads", "shop-web").ready == "2/3"
    clusters.show("pods")
    assert clusters.row("pods", "shop-worker-1").state == "CrashLoopBackOff"
    clusters.there(lambda: clusters.cluster.put("pods", pod("newcomer")))
    clusters.row("pods", "newcomer")
    clusters.there(lambda: clusters.cluster.remove("pods", "newcomer"))
    clusters.driver.until(lambda: "newcomer" not in clusters.rows("pods"))
    for face, name in (("services", "shop-web"), ("storage", "db-data"), ("settings", "shop-login"), ("events", "e1")):
        clusters.show(face)
        clusters.row(face, name)


def test_what_pods_use_is_shown_where_the_cluster_measures_it(clusters: Clusters) -> None:
    def column(name: str) -> int:
        return [each.id for each in clusters.page.lists["pods"].model.columns].index(name)

    clusters.show("pods")
    table = clusters.page.lists["pods"].table
    clusters.row("pods", "shop-web-1")
    clusters.driver.until(lambda: not table.isColumnHidden(column("cpu")))
    model = clusters.page.lists["pods"].model
    assert model.columns[column("memory")].text(clusters.row("pods", "shop-web-1")) == "96.0 MiB"
    clusters.there(clusters.cluster.usage.clear)
    clusters.page._look_at_usage()
    clusters.driver.until(lambda: table.isColumnHidden(column("cpu")))


def test_another_namespace_and_all_of_them(clusters: Clusters) -> None:
    clusters.there(lambda: clusters.cluster.put("pods", pod("other", namespace="kube-system")))
    clusters.show("pods")
    clusters.row("pods", "shop-web-1")
    assert "other" not in clusters.rows("pods")
    page = clusters.page
    clusters.driver.until(lambda: page.namespace.findData("kube-system") >= 0)
    page.namespace.setCurrentIndex(page.namespace.findData("kube-system"))
    page.namespace.activated.emit(page.namespace.currentIndex())
    clusters.driver.until(lambda: set(clusters.rows("pods")) == {"other"})
    page.namespace.setCurrentIndex(page.namespace.findData("*"))
    page.namespace.activated.emit(page.namespace.currentIndex())
    clusters.driver.until(lambda: {"other", "shop-web-1"} <= set(clusters.rows("pods")))


def test_kinds_one_may_not_see_are_greyed_with_the_reason(clusters: Clusters) -> None:
    clusters.there(lambda: clusters.cluster.forbidden.update(("persistentvolumeclaims", "secrets")))
    clusters.show("storage")
    page = clusters.page
    clusters.driver.until(lambda: "storage" in page.chosen._dimmed)
    assert "persistentvolumeclaims" in page.chosen._dimmed["storage"]
    assert "settings" not in page.chosen._dimmed, "config maps may still be seen"
    clusters.driver.until(lambda: "may not see" in page.lists["storage"]._empty.accessibleName())
    clusters.show("settings")
    clusters.row("settings", "shop-words")
    assert "shop-login" not in clusters.rows("settings")


def test_a_login_that_ran_out_is_said_and_what_was_seen_stays(clusters: Clusters) -> None:
    clusters.show("pods")
    clusters.row("pods", "shop-web-1")
    clusters.there(clusters.cluster.tokens.clear)
    clusters.there(clusters.cluster.cut_watches)
    page = clusters.page
    clusters.driver.until(lambda: page.banner.isVisible() and "no longer" in page.banner.accessibleName())
    assert "shop-web-1" in clusters.rows("pods")
    clusters.there(lambda: clusters.cluster.tokens.add("good"))
    page.look_again()
    clusters.driver.until(lambda: not page.banner.isVisible())


def test_a_cluster_that_cannot_be_used_says_why(clusters: Clusters) -> None:
    clusters.show("pods")
    clusters.row("pods", "shop-web-1")
    page = clusters.page
    page.context.setCurrentIndex(page.context.findData("lost"))
    page.context.activated.emit(page.context.currentIndex())
    clusters.driver.until(lambda: page.banner.isVisible() and "gone" in page.banner.accessibleName())
    assert not clusters.rows("pods")


def test_the_log_of_a_workload_is_that_of_its_pods_and_of_the_run_before(clusters: Clusters) -> None:
    clusters.open("workloads", "shop-web", "log")
    log = clusters.page.details.log
    clusters.driver.until(lambda: log.lines.line_count() == 5)
    said = [(row.source, row.note) for row in log.lines.rows()]
    assert {source for source, note in said if not note} == {"shop-web-1/app", "shop-web-2/app"}
    assert [source for source, note in said if note] == ["shop-web-3/app"], "one that has no log yet says so"
    log.search.setText("GET")
    clusters.driver.until(lambda: log.view.hit_place[1] == 2)
    log.only.click()
    clusters.driver.until(lambda: log.view.line_count() == 2)
    clusters.open("pods", "shop-worker-1", "log")
    log.previous.setChecked(True)
    clusters.driver.until(lambda: [row.text for row in log.lines.rows()] == ["out of memory"])


def test_a_terminal_runs_in_the_pod(clusters: Clusters) -> None:
    clusters.open("pods", "shop-web-1", "terminal")
    terminal = clusters.page.details.terminal
    clusters.driver.until(lambda: clusters.cluster.sockets)
    terminal.view.typed.emit(b"hello from the window")
    clusters.driver.until(lambda: "hello from the window" in terminal.view.all_text())
    clusters.driver.until(lambda: "size" in clusters.cluster.sockets[0])
    asked = dict(clusters.cluster.sockets[0]["query"])
    assert (asked["tty"], asked["stdin"], asked["container"]) == ("true", "true", "app")


def test_a_secret_shows_its_values_only_when_asked(clusters: Clusters) -> None:
    clusters.open("settings", "shop-login")
    details = clusters.page.details
    clusters.driver.until(lambda: details.values.keys.count() == 2)
    assert "hunter2" not in details.values.value.toPlainText()
    assert "aHVudGVyMg" not in details.text.toPlainText(), "nor does the manifest say it"
    details.values.show_values.click()
    assert details.values.value.toPlainText() == "hunter2"
    clusters.open("settings", "shop-words")
    clusters.driver.until(lambda: "cheap" in details.values.value.toPlainText())
    clusters.open("settings", "shop-login")
    clusters.driver.until(lambda: details.values.keys.count() == 2)
    assert "hunter2" not in details.values.value.toPlainText()


def test_a_port_is_forwarded_listed_and_ended(clusters: Clusters) -> None:
    clusters.show("pods")
    clusters.driver.window.trigger("cluster.forward", [clusters.row("pods", "shop-web-1")])
    clusters.driver.accept()
    ports = clusters.page.ports
    clusters.show("ports")
    clusters.driver.until(lambda: ports.model.rowCount() == 1)
    [one] = ports.model.items()
    assert (one.pod, one.port) == ("shop-web-1", 8080)
    ports.table.select_key(one.id)
    clusters.driver.until(ports.end.isEnabled)
    ports.end.click()
    clusters.driver.until(lambda: ports.model.rowCount() == 0)


def test_a_workload_is_scaled_started_anew_and_deleted_after_a_question(clusters: Clusters) -> None:
    clusters.show("workloads")
    web = clusters.row("workloads", "shop-web")
    clusters.driver.window.trigger("cluster.scale", [web])
    dialog = clusters.driver.dialog("question")
    assert dialog.field.text() == "3"  # type: ignore[attr-defined]
    dialog.field.setText("5")  # type: ignore[attr-defined]
    dialog.accept()
    clusters.driver.until(lambda: clusters.rows("workloads")["shop-web"].ready == "2/5")
    clusters.driver.window.trigger("cluster.restart", [web])
    stored = clusters.cluster.objects
    clusters.driver.until(
        lambda: "annotations" in stored["deployments", "default", "shop-web"]["spec"]["template"]["metadata"]
    )
    clusters.driver.window.trigger("cluster.delete", [web])
    clusters.driver.reject()
    assert "shop-web" in clusters.rows("workloads")
    clusters.driver.window.trigger("cluster.delete", [web])
    clusters.driver.accept()
    clusters.driver.until(lambda: "shop-web" not in clusters.rows("workloads"))


# --- deploying ---

WORDS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-words}
data: {motto: dear and dreary}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: fresh}
spec:
  replicas: 1
  selector: {matchLabels: {app: fresh}}
  template:
    metadata: {labels: {app: fresh}}
    spec: {containers: [{name: app, image: "team/only-here:1"}]}
"""


def deployment(clusters: Clusters, text: str) -> Any:
    clusters.driver.window.trigger("clusters.deploy")
    dialog: Any = clusters.driver.dialog("dialog.cluster-deploy")
    clusters.driver.until(lambda: dialog.context.count() == 2 and dialog.namespace.text() == "default")
    dialog.text.setPlainText(text)
    dialog.submit()
    return dialog


def test_what_a_deployment_changes_is_shown_then_done_then_undone(clusters: Clusters) -> None:
    dialog = deployment(clusters, WORDS)
    clusters.driver.until(lambda: dialog.stack.currentIndex() == 1)
    assert {one.title: one.action for one in dialog.changes.items()} == {
        "ConfigMap/shop-words": "change", "Deployment/fresh": "create",
    }  # fmt: skip
    clusters.driver.until(lambda: "+  motto: dear and dreary" in dialog.difference.toPlainText())
    stored = clusters.cluster.objects
    assert stored["configmaps", "default", "shop-words"]["data"]["motto"] == "cheap and cheerful"
    dialog.submit()
    clusters.driver.until(dialog.undo.isVisible)
    assert stored["configmaps", "default", "shop-words"]["data"]["motto"] == "dear and dreary"
    running = {"metadata": {**stored["deployments", "default", "fresh"]["metadata"], "generation": 1}} | {
        "status": {"observedGeneration": 1, "updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}
    }
    clusters.there(lambda: clusters.cluster.put("deployments", stored["deployments", "default", "fresh"] | running))
    clusters.driver.until(lambda: any(one.state == "Running" for one in dialog.steps.items()))
    dialog.undo.click()
    clusters.driver.until(lambda: ("deployments", "default", "fresh") not in stored)
    clusters.driver.until(
        lambda: stored["configmaps", "default", "shop-words"]["data"]["motto"] == "cheap and cheerful"
    )
    clusters.driver.until(lambda: not dialog.undo.isVisible())


def test_manifests_a_cluster_does_not_take_are_refused_before_anything_is_done(clusters: Clusters) -> None:
    dialog = deployment(clusters, "kind: Pod")
    clusters.driver.until(lambda: "needs apiVersion" in dialog.banner.accessibleName())
    assert dialog.stack.currentIndex() == 0
    dialog.text.setPlainText(WORDS.replace("replicas: 1", "replicas: -1"))
    dialog.submit()
    clusters.driver.until(lambda: "spec.replicas" in dialog.banner.accessibleName())
    assert "fresh" not in clusters.cluster.names("deployments")


def test_an_image_that_only_this_computer_has_is_pushed_first(clusters: Clusters) -> None:
    image = next(each for each in clusters.driver.client.mirror.images.values() if each.tags)
    clusters.driver.ask(lambda engine: engine.images.tag(image.id, "team/only-here:1"))
    dialog = deployment(clusters, WORDS)
    clusters.driver.until(lambda: dialog.stack.currentIndex() == 1)
    assert "team/only-here:1" in dialog.images_words.text()
    assert dialog.go.text() == "Deploy"
    dialog.registry.setText("registry.example.org/me")
    dialog.registry.editingFinished.emit()
    clusters.driver.until(lambda: dialog.go.text() == "Push and deploy")
    pushed = "registry.example.org/me/only-here:1"
    clusters.driver.until(lambda: any(pushed in one.diff for one in dialog.changes.items()))
    dialog.submit()
    clusters.driver.until(lambda: "wants to know who you are" in dialog.banner.accessibleName())
    assert "fresh" not in clusters.cluster.names("deployments"), "nothing is applied that could not be fetched"
    login = Login(server="registry.example.org", username="me", password="secret")
    clusters.driver.ask(lambda engine: engine.images.login(login))
    dialog.back.click()
    dialog.submit()
    clusters.driver.until(dialog.undo.isVisible)
    assert any(one.state == "Pushed" for one in dialog.steps.items())
    [container] = clusters.cluster.objects["deployments", "default", "fresh"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == pushed


def test_a_container_is_told_as_manifests_and_deployed(clusters: Clusters) -> None:
    name = next(iter(sorted(clusters.driver.names())))
    clusters.driver.trigger("container.deploy", name)
    dialog: Any = clusters.driver.dialog("dialog.cluster-deploy")
    clusters.driver.until(lambda: "kind: Deployment" in dialog.text.toPlainText())
    assert f"name: {name}" in dialog.text.toPlainText()


def test_files_of_a_pod_come_out_and_go_in(clusters: Clusters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = tmp_path / "pod", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    (there / "report.txt").write_text("sold out")
    pod_row = clusters.show("pods") or clusters.row("pods", "shop-web-1")

    async def folder(_title: str) -> str:
        return str(here)

    async def file(_title: str, _filters: str = "") -> str:
        return str(here / "report.txt")

    monkeypatch.setattr(clusters.driver.window, "choose_folder", folder)
    monkeypatch.setattr(clusters.driver.window, "choose_open_file", file)
    clusters.driver.window.trigger("cluster.copy-out", [pod_row])
    dialog = clusters.driver.dialog("question")
    dialog.field.setText(str(there / "report.txt"))  # type: ignore[attr-defined]
    dialog.accept()
    clusters.driver.until(lambda: (here / "report.txt").exists())
    clusters.driver.no_dialog()
    (there / "report.txt").unlink()
    clusters.driver.window.trigger("cluster.copy-in", [pod_row])
    dialog = clusters.driver.dialog("question")
    dialog.field.setText(str(there))  # type: ignore[attr-defined]
    dialog.accept()
    clusters.driver.until(lambda: (there / "report.txt").exists())
    assert (there / "report.txt").read_text() == "sold out"
