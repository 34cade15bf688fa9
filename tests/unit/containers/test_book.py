"""The book of containers: who is meant by a name, an id or the beginning of one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.containers.known.book import ContainerBook
from engine.errors import Code, Conflict, NotFound
from engine.events.bus import EventBus
from engine.networks.known.register import NetworkRegister
from engine.pods.book import PodBook
from engine.state.database import Database
from engine.types.networks import Network
from engine.types.pods import CreatePod
from tests.unit.containers.test_policies import record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[ContainerBook]:
    database = await Database.open(tmp_path / "state.db")
    opened = ContainerBook(database, EventBus())
    for name, container_id in (("one", "abcd" + "0" * 60), ("two", "abce" + "0" * 60), ("abcd", "f" * 64)):
        made = record()
        await opened.add(replace(made, container=replace(made.container, id=container_id, name=name)))
    yield opened
    await database.close()


async def test_the_beginning_of_several_ids_names_none_of_them(book: ContainerBook) -> None:
    with pytest.raises(Conflict) as caught:
        book.find("abc")
    assert caught.value.code is Code.AMBIGUOUS
    assert {"one", "two"} <= set(caught.value.explanation.split(", "))


async def test_a_name_goes_before_the_beginning_of_an_id(book: ContainerBook) -> None:
    assert book.find("abcd").container.name == "abcd"
    assert book.find("/abcd").container.name == "abcd"
    assert book.find("abcd0").container.name == "one"
    assert book.find("abce").container.name == "two"


async def test_nothing_begins_like_that(book: ContainerBook) -> None:
    for wanted in ("", "zzzz", "three"):
        with pytest.raises(NotFound):
            book.find(wanted)


async def called_off(work: Coroutine[Any, Any, object]) -> None:
    """As a client that is gone before it was answered: the write is under way."""
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_creation_called_off_in_the_middle_leaves_its_name_free(book: ContainerBook) -> None:
    made = record()
    three = replace(made, container=replace(made.container, id="3" * 64, name="three"))
    await called_off(book.add(three))
    with pytest.raises(NotFound):
        book.find("three")
    await book.add(replace(three, container=replace(three.container, id="4" * 64)))
    assert book.find("three").id == "4" * 64


async def test_a_name_called_off_in_the_middle_is_the_one_that_was_written(book: ContainerBook) -> None:
    await called_off(book.rename(book.find("one"), "uno"))
    assert book.find("uno").container.name == "uno"
    made = record()
    await book.add(replace(made, container=replace(made.container, id="5" * 64, name="one")))


async def test_a_network_and_a_pod_called_off_in_the_middle_leave_their_names_free(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "state.db")
    networks, pods = NetworkRegister(database, EventBus(), list), PodBook(database)
    try:
        for key in ("1", "2"):
            network = Network(id=key * 64, name="net", driver="bridge", created=record().container.created)
            await (called_off(networks.add(network)) if key == "1" else networks.add(network))
        await called_off(pods.add(CreatePod(name="pod")))
        await pods.add(CreatePod(name="pod"))
        assert await database.fetch("SELECT count(*) FROM networks UNION ALL SELECT count(*) FROM pods") == [(1,), (1,)]
    finally:
        await database.close()
