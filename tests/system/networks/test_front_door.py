"""The front door before real containers: whatever their network, published or not, and over restarts of the engine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict
from engine.types.containers import PortMapping
from engine.types.frontdoor import DoorSettings
from engine.types.networks import CreateNetwork
from tests.support.engine import opened_engine
from tests.support.stranger import as_stranger
from tests.system.containers.conftest import load_busybox, run, until

if TYPE_CHECKING:
    from engine.facade import Engine
    from engine.types.containers import Container
    from tests.support.stores import ShortTmp

SERVER = ("httpd", "-f", "-p", "80", "-h", "/www")
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
PAGE = "here I am"


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


async def open_door(engine: Engine) -> int:
    """On a port nobody had a moment ago."""
    while True:
        with contextlib.suppress(Conflict):
            return (await engine.door.change(DoorSettings(on=True, port=free_port()))).settings.port


async def page(port: int, host: str) -> str:
    """What a browser gets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.read()).decode()
    finally:
        writer.close()
        await writer.wait_closed()


async def shows(port: int, host: str, words: str) -> None:
    async def answers() -> bool:
        return words in await page(port, host)

    await until(answers)


@pytest.fixture
async def loaded(engine: Engine) -> Engine:
    await load_busybox(engine)
    return engine


async def serve(engine: Engine, name: str, **options: object) -> Container:
    options.setdefault("labels", {"wherry.http.port": "80"})
    return await run(engine, *SERVER, name=name, **options)


async def test_services_answer_by_name_whatever_their_network_and_unpublished(loaded: Engine) -> None:
    await loaded.networks.create(CreateNetwork(name="shop_inner", internal=True))
    port = await open_door(loaded)
    await serve(loaded, "alone", network="none")
    await serve(loaded, "wide", network="pasta", ports=(PortMapping(container_port=80),), labels={})
    await serve(loaded, "exposing", network="pasta", exposed_ports=("80/tcp",), labels={})
    labels = {PROJECT: "shop", SERVICE: "web", "wherry.http.port": "80"}
    web = await serve(loaded, "shop-web-1", network="shop_inner", labels=labels)
    await run(loaded, name="guest", network=f"container:{web.id}", labels={"wherry.http.port": "80"})
    for host in ("alone", "wide", "exposing", "web.shop", "shop-web-1", "guest"):
        await shows(port, f"{host}.localhost", PAGE)
    assert [each.hosts[0] for each in (await loaded.door.status()).addresses if each.runs] == [
        "alone.localhost",
        "exposing.localhost",
        "guest.localhost",
        "web.shop.localhost",
        "wide.localhost",
    ]


async def test_a_stopped_service_says_so_and_answers_again_once_it_runs(loaded: Engine) -> None:
    port = await open_door(loaded)
    web = await serve(loaded, "web")
    await shows(port, "web.localhost", PAGE)
    await loaded.containers.stop(web.id)
    await shows(port, "web.localhost", "web does not run")
    await loaded.containers.start(web.id)
    await shows(port, "web.localhost", PAGE)
    await loaded.containers.rename(web.id, "shop")
    await shows(port, "shop.localhost", PAGE)
    await shows(port, "web.localhost", "There is no such service")


async def test_the_door_is_off_until_it_is_switched_on_and_then_opens_at_every_start(short_tmp: ShortTmp) -> None:
    async with opened_engine(short_tmp) as engine:
        await load_busybox(engine)
        assert not (await engine.door.status()).listening
        port = await open_door(engine)
    async with opened_engine(short_tmp) as engine:
        await until(lambda: is_open(engine))
        await serve(engine, "web")
        await shows(port, "web.localhost", PAGE)
        await engine.door.change(DoorSettings(on=False, port=port))
        with pytest.raises(ConnectionRefusedError):
            await page(port, "web.localhost")
    async with opened_engine(short_tmp) as engine:
        assert (await engine.door.status()).settings == DoorSettings(on=False, port=port)


async def is_open(engine: Engine) -> bool:
    return (await engine.door.status()).listening


async def test_a_port_that_is_taken_is_refused_and_the_door_stays_where_it_was(loaded: Engine) -> None:
    port = await open_door(loaded)
    await serve(loaded, "web")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Conflict) as caught:
            await loaded.door.change(DoorSettings(on=True, port=other.getsockname()[1]))
    assert caught.value.code is Code.PORT_IN_USE
    await shows(port, "web.localhost", PAGE)
    assert (await loaded.door.status()).settings.port == port


async def test_another_user_of_this_computer_does_not_come_through(loaded: Engine) -> None:
    port = await open_door(loaded)
    await serve(loaded, "web")
    await shows(port, "web.localhost", PAGE)
    asking = (
        f"import socket; c = socket.create_connection(('127.0.0.1', {port}));"
        r" c.sendall(b'GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n'); print('sent', flush=True); print(c.recv(9))"
    )
    done = await asyncio.to_thread(as_stranger, [sys.executable, "-I", "-S", "-c", asking])
    # Turned away by an end or by a reset, as the kernel has it.
    assert done.stdout in ("sent\n", "sent\nb''\n"), done.stderr
