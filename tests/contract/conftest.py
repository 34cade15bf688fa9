"""One suite, two engines: the fake one always, the real one where the tools are (marked `system`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.engine import open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import Engine


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.system)])
async def any_engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """An empty engine with the demo image in it."""
    if request.param == "fake":
        fake: Any = await open_fake_engine(None)
        try:
            await fake.images.load_demo().result()
            yield fake
        finally:
            await fake.close(stop_containers=True)
        return
    from tests.support.engine import opened_engine

    async with opened_engine(request.getfixturevalue("short_tmp")) as engine:
        await engine.images.load_demo().result()
        yield engine


@pytest.fixture
async def demo(any_engine: Engine) -> str:
    """The reference of the demo image."""
    return (await any_engine.images.list())[0].tags[0]
