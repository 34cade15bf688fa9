"""The fixture of all tests of the API: one served fake engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.api.serving import Served, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.stores import ShortTmp


@pytest.fixture
async def api(short_tmp: ShortTmp) -> AsyncIterator[Served]:
    async with serving(short_tmp.run) as served:
        yield served
