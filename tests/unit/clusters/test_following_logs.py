"""A log that is followed: who joins while it is, and who does not."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from engine.types.clusters import ClusterLogs
from tests.unit.clusters.test_clusters import cluster, place, pod, service

if TYPE_CHECKING:
    from engine.clusters.cluster_service import ClusterService
    from engine.types.clusters import ClusterPlace
    from tests.support.api_server import StandInCluster

__all__ = ["cluster", "place", "service"]


def running(name: str, run: str) -> dict[str, Any]:
    made = pod(name, app="web")
    made["metadata"]["uid"] = name
    made["status"] = {"containerStatuses": [{"name": "app", "containerID": run, "state": {"running": {}}}]}
    return made


@pytest.fixture
def web(cluster: StandInCluster) -> StandInCluster:
    cluster.put("deployments", {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}})
    cluster.put("pods", running("web-1", "one"))
    cluster.logs["web-1", "current"] = ["first says"]
    return cluster


async def test_a_new_pod_and_a_new_run_join_a_followed_log(
    web: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    told: list[tuple[str, str]] = []
    lines = service.logs(place, ClusterLogs(target="deploy/web", follow=True, joining=True, tail=10))
    async with asyncio.timeout(20), aclosing(lines):  # type: ignore[type-var]
        async for line in lines:
            told.append((line.pod, line.text))
            if told[-1][1] == "first says":
                web.logs["web-2", "current"] = ["second says"]
                web.put("pods", running("web-2", "two"))
            if told[-1][1] == "second says":
                web.logs["web-1", "current"] = ["first again"]
                web.put("pods", running("web-1", "one, once more"))
            if told[-1][1] == "first again":
                break

    assert told == [("web-1", "first says"), ("web-2", "second says"), ("web-1", "first again")]


async def test_a_pod_that_waits_joins_when_it_has_begun(
    web: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    waiting = running("web-3", "")
    waiting["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "ContainerCreating"}}
    lines = service.logs(place, ClusterLogs(target="deploy/web", follow=True, joining=True, tail=10))
    async with asyncio.timeout(20), aclosing(lines):  # type: ignore[type-var]
        async for line in lines:
            if line.text == "first says":
                web.put("pods", waiting)
                web.put("pods", pod("stranger", app="other"))
                web.logs["web-3", "current"] = ["third says"]
                web.put("pods", running("web-3", "three"))
                continue
            assert (line.pod, line.text, line.failed) == ("web-3", "third says", False)
            break


async def test_the_log_of_a_job_ends_with_its_pods(
    web: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    web.put("jobs", {"metadata": {"name": "once"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}})
    async with asyncio.timeout(20):
        told = [
            line.text async for line in service.logs(place, ClusterLogs(target="job/once", follow=True, joining=True))
        ]
    assert told == ["first says"]
