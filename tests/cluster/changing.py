"""A process that changes pods while another watches: python -m tests.cluster.changing CONFIG PODS A_SECOND"""

from __future__ import annotations

import asyncio
import sys

from engine.clusters.cluster_service import ClusterService
from engine.types.clusters import ClusterPlace


async def main(config: str, pods: int, rate: int) -> None:
    service = ClusterService()
    place = ClusterPlace(files=(config,), namespace="default")
    connection = (await service._cluster(place)).connection
    number = 0
    while True:
        path = f"/api/v1/namespaces/default/pods/p{number % pods}"
        body = {"metadata": {"labels": {"touched": str(number)}}}
        await connection.ask("PATCH", path, body=body, content="application/merge-patch+json")
        number += 1
        await asyncio.sleep(1 / rate)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
