"""A short part of `python -m tests.cruel`: clients call while engine and helpers are killed, or stopped and killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cruel.driver import Driver
from tests.support.engine import opened_engine

if TYPE_CHECKING:
    from tests.support.stores import ShortTmp

ROUNDS = 12


@pytest.mark.timeout(300)
async def test_nobody_waits_for_ever_and_nothing_shown_is_false_on_a_bad_day(short_tmp: ShortTmp) -> None:
    driver = Driver(short_tmp, seed=20)
    await driver.open()
    for _ in range(ROUNDS):
        await driver.round()
    await driver.close()
    assert driver.figures.faults == []
    assert sum(driver.figures.killed.values()) > 0
    async with opened_engine(short_tmp) as engine:
        assert await engine.host.check_store() == []
