"""One pod of a cluster in the window: its files in the pane that containers have, and what it uses as graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.gui.test_clusters import clusters

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from gui.pages.files.browser import FileBrowser
    from tests.gui.test_clusters import Clusters

__all__ = ["clusters"]


def browsed(clusters: Clusters, folder: Path) -> FileBrowser:
    """The pane of a pod's files, opened as far as a folder; the stand-in's pods have this computer's files."""
    clusters.open("pods", "shop-web-1", "files")
    browser = clusters.page.details.files.browser
    assert browser.isVisible()
    browser.tree.reveal(f"{folder}/a.txt")
    clusters.driver.until(lambda: (row := browser.tree.current_row()) is not None and row.path == f"{folder}/a.txt")
    return browser


def test_the_files_of_a_pod_are_browsed_and_edited(clusters: Clusters, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    browser = browsed(clusters, tmp_path)
    browser.tree.picked.emit(f"{tmp_path}/a.txt")
    clusters.driver.until(lambda: browser.editor.path == f"{tmp_path}/a.txt")
    clusters.driver.until(lambda: browser.editor.shown_text() == "hello")
    browser.editor.put("better")
    browser.editor.save_wanted.emit()
    clusters.driver.until(lambda: (tmp_path / "a.txt").read_text() == "better")
    asked = [each for each in clusters.cluster.sockets if each["part"] == "exec"]
    assert {each["pod"] for each in asked} == {"shop-web-1"}


def test_a_file_of_a_pod_is_downloaded_and_files_are_uploaded(
    clusters: Clusters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, mine = tmp_path / "inside", tmp_path / "mine"
    inside.mkdir()
    mine.mkdir()
    (inside / "a.txt").write_text("from the pod")
    (mine / "up.txt").write_text("from here")
    browser = browsed(clusters, inside)
    driver = clusters.driver
    driver.window.run(browser._save_one(browser._place, f"{inside}/a.txt", str(mine / "a.tar")))  # type: ignore[arg-type]
    driver.until(lambda: (mine / "a.tar").exists())
    driver.window.run(browser._upload([mine / "up.txt"], str(inside)))
    driver.until(lambda: (inside / "up.txt").exists() and (inside / "up.txt").read_text() == "from here")


def test_what_a_pod_uses_is_drawn_while_it_is_looked_at(clusters: Clusters) -> None:
    clusters.open("pods", "shop-web-1", "usage")
    usage = clusters.page.details.usage
    clusters.driver.until(lambda: len(usage.buffers["memory"]) > 0)
    found = usage.buffers["memory"].last()
    assert found is not None
    assert found[1] == (float(96 << 20),)
    assert usage._timer.isActive()
    clusters.page.details.show_tab("overview")
    assert not usage._timer.isActive(), "nobody looks"
    clusters.page.details.show_tab("usage")
    clusters.driver.window.navigate("containers")
    assert not usage._timer.isActive(), "nobody looks"


def test_a_cluster_that_measures_nothing_greys_the_graphs_with_the_reason(clusters: Clusters) -> None:
    clusters.there(clusters.cluster.usage.clear)
    clusters.open("pods", "shop-web-1", "usage")
    details = clusters.page.details
    clusters.driver.until(lambda: "usage" in details.tabs._dimmed)
    assert "metrics-server is not installed" in details.tabs._dimmed["usage"]
    assert details.usage.nothing.isVisible()
    assert not details.usage.charts["cpu"].isVisible()


def test_an_older_cluster_shows_what_it_has(clusters: Clusters) -> None:
    clusters.there(lambda: clusters.cluster.missing.update(("networking.k8s.io/v1", "batch/v1")))
    clusters.show("services")
    clusters.row("services", "shop-web")
    clusters.show("workloads")
    clusters.row("workloads", "shop-web")
    assert not clusters.page.banner.isVisible(), "that it lacks a kind is no trouble of the cluster"
