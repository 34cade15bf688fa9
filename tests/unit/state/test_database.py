"""The database: durable grouped commits, isolation of failed jobs, migrations, refusal of newer stores."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, StorageError
from engine.state.database import Database
from engine.state.lock import StoreLock
from engine.state.schema import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

PUT = "INSERT INTO volumes(name, body) VALUES (?, ?)"


async def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    await database.execute(PUT, ("data", b"{}"))
    await database.close()
    again = await Database.open(tmp_path / "db")
    assert await again.fetch("SELECT name, body FROM volumes") == [("data", b"{}")]
    await again.close()


async def test_a_failing_write_takes_back_only_itself(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    writes = [database.execute(PUT, (name, b"")) for name in ("a", "b", "a", "c")]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [isinstance(result, sqlite3.IntegrityError) for result in results] == [False, False, True, False]
    assert [row[0] for row in await database.fetch("SELECT name FROM volumes ORDER BY name")] == ["a", "b", "c"]
    await database.close()


async def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    with pytest.raises(sqlite3.IntegrityError):
        await database.transaction([(PUT, ("a", b"")), (PUT, ("a", b""))])
    assert await database.fetch("SELECT * FROM volumes") == []
    await database.close()


async def test_the_index_of_its_log_is_no_mapped_file(tmp_path: Path) -> None:
    """On a full disk that copies on write, a write to such a one is the end of the process and no error."""
    database = await Database.open(tmp_path / "db")
    await database.execute(PUT, ("data", b"{}"))
    assert sorted(os.listdir(tmp_path)) == ["db", "db-wal"]
    await database.close()


async def test_who_looks_into_it_from_outside_is_told_of_as_such(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    await database.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "db")) as outside:
        outside.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Conflict) as caught:
            await Database.open(tmp_path / "db")
    assert "Another program" in caught.value.title


async def test_a_newer_store_is_refused_untouched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "db")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StorageError) as caught:
        await Database.open(tmp_path / "db")
    assert caught.value.code is Code.UNSUPPORTED


async def test_garbage_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "db").write_bytes(b"not a database, surely" * 200)
    with pytest.raises(StorageError) as caught:
        await Database.open(tmp_path / "db")
    assert caught.value.code is Code.CORRUPT


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    await database.close()
    with pytest.raises(StorageError):
        await database.fetch("SELECT 1")


def test_the_second_owner_is_told_who_holds_the_store(tmp_path: Path) -> None:
    first, second = StoreLock(tmp_path / "lock"), StoreLock(tmp_path / "lock")
    assert StoreLock.holder(tmp_path / "lock") == 0
    first.acquire()
    assert StoreLock.holder(tmp_path / "lock") > 0
    with pytest.raises(Conflict) as caught:
        second.acquire()
    assert caught.value.code is Code.STORE_LOCKED
    first.release()
    second.acquire()
    second.release()


async def test_a_deletion_on_a_full_disk_gets_the_room_that_was_kept(tmp_path: Path) -> None:
    given: list[str] = []

    def make_room() -> bool:
        given.append("room")
        return True

    database = await Database.open(tmp_path / "db", make_room)
    row = "INSERT INTO volumes(name, body) VALUES (?, ?)"
    await database.execute(row, ("old", b"x" * 9000))
    (pages,) = await database.fetch_one("PRAGMA page_count") or (0,)
    await database.fetch(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError) as caught:
        await database.execute(row, ("new", b"x" * 90_000))
    assert caught.value.code is Code.DISK_FULL
    assert given == [], "a row more is no deletion"
    await database.execute("DELETE FROM volumes WHERE name = 'old'")
    assert await database.fetch("SELECT name FROM volumes") == []
    await database.close()
