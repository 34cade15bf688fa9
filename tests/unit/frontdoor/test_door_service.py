"""The front door in the engine's house: on and off as chosen, addresses that follow, and the way to a container."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from engine.errors import Conflict, HostError, InvalidRequest
from engine.events.bus import EventBus
from engine.frontdoor import door_service
from engine.frontdoor.addresses import PORT
from engine.frontdoor.door_service import DoorService
from engine.frontdoor.services import NotThere, Services
from engine.host.settings import SettingsStore
from engine.state.database import Database
from engine.storage.paths import Paths
from engine.types.containers import Container, ContainerSpec, State
from engine.types.data import now
from engine.types.frontdoor import Door, DoorSettings
from tests.unit.frontdoor.serving import ask, free_port, open_service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def container(name: str, port: int = 0, *, state: State = State.RUNNING, pid: int = 0, **more: Any) -> Container:
    spec = {"image": "web", "network": "host", "labels": {PORT: str(port)} if port else {}} | more.pop("spec", {})
    return Container(
        id=name, name=name, image_id="", image="web", spec=ContainerSpec(**spec), command_line=(), state=state,
        created=now(), pid=pid or os.getpid(), **more,
    )  # fmt: skip


@dataclass
class Plugs:
    """A keeper that opens sockets where it stands."""

    asked: list[tuple[str, int, int]] = field(default_factory=list)
    made: list[socket.socket] = field(default_factory=list)

    async def open_sockets(self, namespace: str, family: int, count: int) -> list[socket.socket]:
        self.asked.append((namespace, family, count))
        fresh = [socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) for _ in range(count)]
        self.made += fresh
        return list(fresh)


@dataclass
class House:
    """A door service with its settings and containers in a store of its own."""

    place: Path
    database: Database
    bus: EventBus = field(default_factory=EventBus)
    containers: list[Container] = field(default_factory=list)
    plugs: Plugs = field(default_factory=Plugs)
    doors: list[DoorService] = field(default_factory=list)

    async def service(self) -> DoorService:
        settings = await SettingsStore.open(self.database)
        door = DoorService(
            paths=Paths(self.place / "root", self.place / "run"), keeper=cast("Any", self.plugs), settings=settings,
            bus=self.bus, containers=lambda: self.containers, exposed=lambda _: (),
        )  # fmt: skip
        self.doors.append(door)
        return door

    async def published(self, stack: AsyncExitStack) -> AsyncIterator[Door]:
        changes = await stack.enter_async_context(self.bus.subscribe())
        async for change in changes:
            if getattr(change, "kind", "") == "door":
                yield cast("Any", change).value


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = await Database.open(tmp_path / "db")
    (tmp_path / "root").mkdir()
    made = House(tmp_path, database)
    yield made
    for door in made.doors:
        await door.close()
    await database.close()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_service, "_SETTLING_SECONDS", 0.0)


async def test_a_door_is_opened_shown_and_shut(house: House) -> None:
    door, port = await house.service(), free_port()
    door.open()
    assert (await door.status()).listening is False
    async with open_service("inner") as inner:
        house.containers.append(container("web", inner))
        opened = await door.change(DoorSettings(on=True, port=port))
        assert (opened.listening, opened.problem, opened.url) == (True, "", f"http://localhost:{port}/")
        assert [each.url for each in opened.addresses] == [f"http://web.localhost:{port}/"]
        assert await door.status() == opened
        said = await ask(port, b"GET / HTTP/1.1\r\nHost: web.localhost\r\nConnection: close\r\n\r\n")
        assert said.endswith(b"inner web.localhost http")
        listed = await ask(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"web.localhost" in listed
        shut = await door.change(DoorSettings(port=port))
        assert (shut.listening, shut.addresses, shut.settings.on) == (False, (), False)
        with pytest.raises(ConnectionRefusedError):
            await ask(port, b"")
        with pytest.raises(AssertionError):
            await door.connect("web", inner)


async def test_a_door_that_was_on_opens_with_the_next_engine(house: House) -> None:
    first, port = await house.service(), free_port()
    await first.change(DoorSettings(on=True, port=port))
    await first.close()
    again = await house.service()
    async with AsyncExitStack() as stack:
        shown = house.published(stack)
        again.open()
        while not (await anext(shown)).listening:
            pass
    assert await ask(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")


async def test_a_port_that_cannot_be_had_leaves_the_door_as_it_was(house: House) -> None:
    door, port = await house.service(), free_port()
    await door.change(DoorSettings(on=True, port=port))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(Conflict):
            await door.change(DoorSettings(on=True, port=taken))
        there = await door.status()
        assert (there.listening, there.settings.port, there.problem) == (True, port, "")
        assert await ask(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    for wrong in (0, 65536, -1):
        with pytest.raises(InvalidRequest) as caught:
            await door.change(DoorSettings(on=True, port=wrong))
        assert str(wrong) in caught.value.title
    assert (await door.change(DoorSettings(on=False, port=65535))).settings.port == 65535


async def test_a_door_whose_port_is_taken_at_the_start_says_so(house: House) -> None:
    port = free_port()
    first = await house.service()
    await first.change(DoorSettings(on=True, port=port))
    await first.close()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        door = await house.service()
        async with AsyncExitStack() as stack:
            shown = house.published(stack)
            door.open()
            while not (last := await anext(shown)).problem:
                pass
        assert (last.listening, str(port) in last.problem) == (False, True)


async def test_addresses_follow_the_containers(house: House) -> None:
    door = await house.service()
    await door.change(DoorSettings(on=True, port=free_port()))
    async with AsyncExitStack() as stack:
        shown = house.published(stack)
        house.containers.append(container("late", 80))
        house.bus.publish("container", "late", house.containers[0])
        while not (last := await anext(shown)).addresses:
            pass
        assert [(each.name, each.runs) for each in last.addresses] == [("late", True)]
        house.containers[0] = container("late", 80, state=State.EXITED)
        house.bus.publish("volume", "unheard", msgspec.structs.replace(house.containers[0]))
        house.bus.publish("container", "late", house.containers[0])
        while (last := await anext(shown)).addresses[0].runs:
            pass
    house.containers[0] = container("late", 80)
    found = door.find("late.localhost")
    assert found is not None
    assert found.runs, "it may have been started this very moment"
    assert door.find("none.localhost") is None
    assert b"late.localhost" in door.index()


async def test_a_door_with_certificates_shows_its_authority(house: House) -> None:
    door, port = await house.service(), free_port()
    opened = await door.change(DoorSettings(on=True, port=port, tls=True))
    assert opened.url == f"https://localhost:{port}/"
    assert opened.authority == str(house.place / "root/door/authority.pem")


async def test_certificates_that_cannot_be_kept_are_told(house: House) -> None:
    (house.place / "root/door").write_text("in the way")
    door = await house.service()
    with pytest.raises(HostError) as caught:
        await door.change(DoorSettings(on=True, port=free_port(), tls=True))
    assert caught.value.subject == str(house.place / "root/door")
    assert (await door.status()).listening is False


# --- the way to a service ---


async def test_sockets_are_asked_for_a_few_at_a_time_inside_the_container() -> None:
    plugs = Plugs()
    inside = container("web", pid=77, spec={"network": "own"}, ip_address="10.9.8.7")
    services = Services(cast("Any", plugs), lambda name: inside if name == "web" else None)
    async with open_service("inner") as inner:
        for _ in range(9):
            (await services.connect("web", inner)).abort()
    assert plugs.asked == [("/proc/77/ns/net", socket.AF_INET, 8)] * 2
    used = [plug for plug in plugs.made if plug.fileno() == -1]
    services.close()
    assert all(plug.fileno() == -1 for plug in plugs.made if plug not in used)


async def test_the_loopback_comes_before_the_containers_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.frontdoor.services._CONNECT_SECONDS", 0.2)
    plugs = Plugs()
    inside = container("web", pid=77, spec={"network": "own"}, ip_address="127.0.0.2")
    services = Services(cast("Any", plugs), lambda _: inside)
    with socket.socket() as listening:
        listening.bind(("127.0.0.2", 0))
        listening.listen()
        wire = await services.connect("web", listening.getsockname()[1])
        said, _ = listening.accept()
        assert said.getsockname()[0] == "127.0.0.2"
        said.close()
        wire.abort()
    assert [family for _, family, _ in plugs.asked] == [socket.AF_INET, socket.AF_INET6]
    services.close()


@pytest.mark.parametrize(
    "there", [None, container("web", pid=-1, state=State.EXITED), container("web"), container("web", ip_address="::1")]
)
async def test_where_nobody_listens_nobody_is_found(there: Container | None) -> None:
    there = msgspec.structs.replace(there, pid=0) if there is not None and there.pid == -1 else there
    services = Services(cast("Any", Plugs()), lambda _: there)
    with pytest.raises(NotThere):
        await services.connect("web", free_port())
    services.close()


async def test_sockets_that_nobody_used_are_closed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.frontdoor.services._KEPT_SECONDS", 0.0)
    plugs = Plugs()
    services = Services(cast("Any", plugs), lambda _: container("web", pid=77, spec={"network": "own"}))
    async with open_service("inner") as inner:
        (await services.connect("web", inner)).abort()
        async with asyncio.timeout(20):
            while any(plug.fileno() != -1 for plug in plugs.made[1:]):  # noqa: ASYNC110 - a socket tells nobody
                await asyncio.sleep(0)
        (await services.connect("web", inner)).abort()
    assert len(plugs.asked) == 2
    services.close()
