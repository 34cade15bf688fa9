"""A remote Docker is shown after two questions, one after the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.machines.machine_list import Entry
from engine.remote.engine import RemoteEngine
from tests.support.canned_docker import LISTS, canned_docker

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_truth_is_there_in_two_rounds(tmp_path: Path) -> None:
    """The lists are held back until all of them are asked for; whatever is asked beside is never answered."""
    async with canned_docker(tmp_path / "s", 20) as docker:
        docker.holds_back = True
        engine = RemoteEngine(Entry("there", f"unix://{tmp_path}/s"), run=tmp_path, store=tmp_path, told=lambda: None)
        engine.begin()
        try:
            async with asyncio.timeout(20):
                while len(engine.bus.objects("container")) < 20 or not engine.bus.objects("image"):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert docker.asked[0] == "/version"
            assert set(docker.asked[1 : 1 + len(LISTS)]) == set(LISTS)
            assert docker.asked.count("/version") == 1
            [image] = engine.bus.objects("image").values()
            assert len(image.used_by) == 20  # type: ignore[union-attr]
        finally:
            await engine.close()
