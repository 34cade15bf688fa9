"""A cluster on a bad day: thousands of pods, logs without an end, answers that are none, logins that run out."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from engine.errors import ClusterError
from engine.types.clusters import ClusterLogs
from gui.pages.cluster.following import rows_of
from tests.support.cluster_world import pod as whole_pod
from tests.unit.clusters.test_clusters import Table, cluster, place, pod, service

if TYPE_CHECKING:
    from typing import Any

    from engine.clusters.cluster_service import ClusterService
    from engine.types.clusters import ClusterPlace
    from tests.support.api_server import StandInCluster

__all__ = ["cluster", "place", "service"]


@pytest.mark.bulk
async def test_five_thousand_pods_come_in_pages_and_others_get_their_turn(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    for number in range(5000):
        cluster.put("pods", whole_pod(f"p{number}"))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    class Engine:
        clusters: Any = service

    service_place = place
    service.watch = _at(service, service_place)  # type: ignore[method-assign]
    task = asyncio.create_task(others())
    async with aclosing(rows_of(Engine(), "", "", "pods")) as told:  # type: ignore[arg-type, type-var]
        async for [first] in told:
            assert first.whole is not None
            assert len(first.whole) == 5000
            break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pages = [each for each in cluster.asked if "limit=250" in each]
    assert len(pages) == 20
    assert turns > 2 * 50, "rows are made a hundred at a time"


def _at(service: ClusterService, place: ClusterPlace) -> Any:
    """The page asks by the context alone; here the kubeconfig is a file of the test's."""
    watch = service.watch

    def watched(_place: ClusterPlace, kind: str, *, selector: str = "") -> Any:
        return watch(place, kind, selector=selector)

    return watched


async def test_an_answer_that_is_none_is_told_and_the_watch_goes_on(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.put("pods", pod("first"))
    table = Table(service.watch(place, "pods"))
    await table.until(lambda: table.objects)
    cluster.put("pods", pod("second"))
    await table.until(lambda: "second" in table.objects)
    cluster.babble(b"<html>a proxy is in the way</html>\n")
    await table.until(lambda: table.told)
    assert "cannot be read" in table.told[0]
    cluster.put("pods", pod("third"))
    await table.until(lambda: set(table.objects) == {"first", "second", "third"})
    await table.close()


async def test_a_login_that_runs_out_while_one_watches_is_told_and_taken_up_again(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.put("pods", pod("first"))
    table = Table(service.watch(place, "pods"))
    await table.until(lambda: table.objects)
    cluster.tokens.clear()
    cluster.cut_watches()
    await table.until(lambda: table.told)
    assert "no longer" in table.told[0]
    assert set(table.objects) == {"first"}, "what was known stays"
    cluster.tokens.add("good")
    cluster.put("pods", pod("second"))
    await table.until(lambda: set(table.objects) == {"first", "second"})
    await table.close()


async def test_a_kind_the_cluster_does_not_have_ends_its_watch(service: ClusterService, place: ClusterPlace) -> None:
    told = [change async for change in service.watch(place, "gateways")]
    assert [change.code for change in told] == ["not-found"]


@pytest.mark.bulk
async def test_of_a_huge_log_as_much_is_read_as_is_wanted(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.put("pods", pod("web"))
    cluster.logs["web", "current"] = [f"line {number} " + "x" * 100 for number in range(200_000)]
    request = ClusterLogs(target="web", follow=True)
    seen = 0
    async with aclosing(service.logs(place, request)) as lines:  # type: ignore[type-var]
        async for line in lines:
            assert line.text.startswith(f"line {seen} ")
            seen += 1
            if seen == 50_000:
                break
    ended = [line async for line in service.logs(place, ClusterLogs(target="web", tail=3))]
    assert [line.text.split()[1] for line in ended] == ["199997", "199998", "199999"]


async def test_several_pods_tell_their_past_in_the_order_of_its_times(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    from tests.unit.clusters.test_clusters import WEB

    await service.apply(place, {"a.yaml": WEB})
    for name in ("web-1", "web-2"):
        cluster.put("pods", pod(name, app="web"))
        cluster.logs[name, "current"] = ["one", "two", "three"]
    cluster.put("pods", pod("web-3", app="web"))
    request = ClusterLogs(target="deploy/web", tail=100, follow=True)
    told = [(line.pod, line.text) async for line in service.logs(place, request)]
    assert [text for _, text in told[:6]] == ["one", "one", "two", "two", "three", "three"]
    assert told[6][0] == "web-3", "one that has none says so"
    assert len(told) == 7, "nothing is told twice"


# --- a cluster that is old, half away, or forgetful ---


async def test_an_older_cluster_has_what_it_has(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.missing = {"networking.k8s.io/v1", "batch/v1"}
    cluster.put("pods", pod("web"))

    assert [each["metadata"]["name"] for each in await service.get(place, "pods")] == ["web"]
    assert {each.plural for each in await service.kinds(place)} >= {"pods", "deployments"}
    for kind in ("ingresses", "cronjobs"):
        told = [change async for change in service.watch(place, kind)]
        assert [change.code for change in told] == ["not-found"], "nobody goes on asking for it"


async def test_a_part_of_the_api_that_is_away_is_told_and_asked_again(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.away = {"batch/v1"}
    cluster.put("jobs", {"metadata": {"name": "once"}})
    cluster.put("pods", pod("web"))

    assert len(await service.get(place, "pods")) == 1, "the others are as ever"
    table = Table(service.watch(place, "jobs"))
    await table.until(lambda: table.told)
    assert "does not say whether it has “jobs”" in table.told[0]
    assert "batch/v1" in table.told[0]
    cluster.away.clear()
    await table.until(lambda: set(table.objects) == {"once"})
    await table.close()


async def test_a_list_whose_rest_was_forgotten_begins_anew(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    for number in range(600):
        cluster.put("pods", pod(f"p{number}"))
    cluster.lists_forgotten = 2
    assert len(await service.get(place, "pods")) == 600
    cluster.lists_forgotten = 100
    with pytest.raises(ClusterError, match="forgotten"):
        await service.get(place, "pods")


async def test_a_cluster_that_forgets_everything_is_told_and_not_asked_without_end(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    cluster.put("pods", pod("first"))
    cluster.forgotten = cluster.version + 1000
    table = Table(service.watch(place, "pods"))
    await table.until(lambda: table.told)
    assert "forgotten" in table.told[0]
    assert table.lists == 2
    assert set(table.objects) == {"first"}, "what was seen stays"
    cluster.forgotten = 0
    await table.until(lambda: table.lists == 3)
    cluster.put("pods", pod("second"))
    await table.until(lambda: set(table.objects) == {"first", "second"})
    await table.close()
