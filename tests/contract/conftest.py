"""One suite, three engines: the fake one always; where the tools are (marked `system`) the real one, and that again as
another Wherry holds it: by the facade, spoken over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.engine import open_fake_engine
from tests.support.afar import seen_from_afar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.facade import Engine


@pytest.fixture(params=["fake", *(pytest.param(name, marks=pytest.mark.system) for name in ("real", "afar"))])
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
        if request.param == "real":
            yield engine
            return
        async with seen_from_afar(engine, request.getfixturevalue("make_short_tmp")()) as afar:
            yield afar


@pytest.fixture
async def demo(any_engine: Engine) -> str:
    """The reference of the demo image."""
    return (await any_engine.images.list())[0].tags[0]
