"""The book of containers: who is meant by a name, an id or the beginning of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from engine.containers.known.book import ContainerBook
from engine.errors import Code, Conflict, NotFound
from engine.events.bus import EventBus
from engine.state.database import Database
from tests.unit.containers.test_policies import record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
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
