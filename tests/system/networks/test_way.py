"""Why one container does not reach another: the first thing that stops it, found with real containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import create, load_busybox, run, until

if TYPE_CHECKING:
    from engine.facade import Engine

SERVER = ("httpd", "-f", "-p", "80", "-h", "/www")


@pytest.fixture
async def shop(engine: Engine) -> Engine:
    """Two networks; a server and a client on one, a stranger on the other."""
    await load_busybox(engine)
    for name in ("shop", "other"):
        await engine.networks.create(CreateNetwork(name=name))
    await run(engine, *SERVER, name="web", network="shop")
    await run(engine, name="client", network="shop")
    await run(engine, name="stranger", network="other")
    return engine


async def stops_at(engine: Engine, source: str, target: str, port: int = 0) -> str:
    """The check that fails, "" where none does."""
    found = await engine.networks.explain(source, target, port)
    assert all(step.ok for step in found.steps[:-1])
    last = found.steps[-1]
    return "" if last.ok else f"{last.check}: {last.words}"


async def test_the_way_is_walked_to_the_connection(shop: Engine) -> None:
    async def listens() -> bool:
        return await stops_at(shop, "client", "web", 80) == ""

    await until(listens)
    found = await shop.networks.explain("client", "web")
    assert (found.reaches, found.port) == (True, 80)
    assert [step.check for step in found.steps[-3:]] == ["name", "listener", "connection"]


async def test_the_first_thing_that_stops_it_is_named(shop: Engine) -> None:
    assert (await stops_at(shop, "stranger", "web")).startswith("network: They share no network")
    assert (await stops_at(shop, "client", "web", 81)).startswith("listener: Nothing in web listens on port 81")
    assert (await stops_at(shop, "client", "stranger")).startswith("network")
    await run(shop, "httpd", "-f", "-p", "127.0.0.1:90", "-h", "/www", name="shy", network="shop")

    async def is_shy() -> bool:
        return "is open to itself alone" in await stops_at(shop, "client", "shy", 90)

    await until(is_shy)
    await create(shop, name="resting", network="shop")
    assert await stops_at(shop, "client", "resting") == "target: resting does not run."


async def test_who_joins_the_other_s_network_reaches_it(shop: Engine) -> None:
    await shop.networks.connect("shop", "stranger")

    async def reaches() -> bool:
        return (await shop.networks.explain("stranger", "web", 80)).reaches

    await until(reaches)
    await run(shop, name="guest", network="container:web")
    assert (await shop.networks.explain("guest", "web", 80)).reaches
