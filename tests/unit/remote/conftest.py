"""A Docker of which every answer is written down before, and it as an engine of another machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scripted_docker import ScriptedDocker, held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.remote.engine import RemoteEngine
    from tests.support.stores import ShortTmp


@pytest.fixture
def docker() -> ScriptedDocker:
    return ScriptedDocker()


@pytest.fixture
async def engine(docker: ScriptedDocker, short_tmp: ShortTmp) -> AsyncIterator[RemoteEngine]:
    """It, once it is connected: nothing is there yet."""
    async with held(docker, short_tmp.run) as made:
        docker.asked.clear()
        yield made
