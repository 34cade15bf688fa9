"""The fixtures of all tests of the API: one served fake engine, and a process that does as it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.api.process import Process
from tests.unit.api.serving import Served, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.types.containers import Exec
    from tests.support.stores import ShortTmp


@pytest.fixture
async def api(short_tmp: ShortTmp) -> AsyncIterator[Served]:
    async with serving(short_tmp.run) as served:
        yield served


@pytest.fixture
def process(api: Served, monkeypatch: pytest.MonkeyPatch) -> Process:
    """Every attach and exec of the fake engine reaches this one."""
    made = Process()

    async def exec_(container: str, request: Exec) -> Process:
        return made

    async def attach(container: str, *, stdin: bool = False, logs: bool = False, stream: bool = True) -> Process:
        return made

    monkeypatch.setattr(api.engine.containers, "exec", exec_)
    monkeypatch.setattr(api.engine.containers, "attach", attach)
    return made
