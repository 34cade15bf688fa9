"""What pods use, and that a cluster which measures nothing is another thing than a pod not measured yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import NotFound
from tests.unit.clusters.test_clusters import cluster, place, service

if TYPE_CHECKING:
    from engine.clusters.cluster_service import ClusterService
    from engine.types.clusters import ClusterPlace
    from tests.support.api_server import StandInCluster

__all__ = ["cluster", "place", "service"]


async def test_what_pods_use_is_told_of_all_and_of_one(
    cluster: StandInCluster, service: ClusterService, place: ClusterPlace
) -> None:
    parts = [{"usage": {"cpu": "250000000n", "memory": "1Ki"}}, {"usage": {"cpu": "500u", "memory": "24"}}]
    for name in ("a", "b"):
        cluster.usage.append({"metadata": {"name": name, "namespace": "default"}, "containers": parts})

    assert [(each.pod, each.cpu, each.memory) for each in await service.usage(place)] == [
        ("a", 0.2505, 1048), ("b", 0.2505, 1048),
    ]  # fmt: skip
    [found] = await service.usage(place, "b")
    assert found.pod == "b"
    assert cluster.asked[-1].endswith("/pods/b"), "of one pod only that one is asked for"
    with pytest.raises(NotFound, match="c is not measured"):
        await service.usage(place, "c")


async def test_a_cluster_that_measures_nothing_says_so(service: ClusterService, place: ClusterPlace) -> None:
    for name in ("", "a"):
        with pytest.raises(NotFound, match="measures nothing"):
            await service.usage(place, name)
