"""Two real engines: this one, and another that stands in its list of machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.engine import opened_engine
from tests.support.moved import another_machine
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.facade import Engine
    from tests.support.moved import There
    from tests.support.stores import ShortTmp


@pytest.fixture
async def near(short_tmp: ShortTmp) -> AsyncIterator[Engine]:
    async with opened_engine(short_tmp) as engine:
        await load_busybox(engine)
        yield engine


@pytest.fixture
async def there(near: Engine, make_short_tmp: Callable[[], ShortTmp]) -> AsyncIterator[There]:
    """With the line to it, which can break off."""
    async with another_machine(near, make_short_tmp()) as found:
        yield found


@pytest.fixture
async def far(there: There) -> Engine:
    return there.engine
