"""Who has a store, whether its disk takes anything, and what of a database's troubles is told as what."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import sqlite3
import stat
import struct
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, StorageError
from engine.state import database as databases
from engine.state.database import Database, _classified
from engine.state.lock import Presence, StoreLock
from engine.state.schema import MIGRATIONS
from engine.state.trial import refusal_of

if TYPE_CHECKING:
    from pathlib import Path

PUT = "INSERT INTO volumes(name, body) VALUES (?, ?)"


def names(rows: list[tuple[object, ...]]) -> list[object]:
    return [row[0] for row in rows]


# --- one owner ---


def test_the_owner_is_named_while_it_is_there_and_nobody_after(tmp_path: Path) -> None:
    place = tmp_path / "lock"
    first, second = StoreLock(place), StoreLock(place)
    first.release()
    first.acquire()
    assert (StoreLock.holder(place), place.read_text()) == (os.getpid(), f"{os.getpid()}\n")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with pytest.raises(Conflict) as caught:
        second.acquire()
    assert (caught.value.subject, caught.value.explanation) == (str(os.getpid()), f"Process {os.getpid()} holds it.")
    assert "WHERRY_ROOT" in caught.value.hint
    place.write_text("")
    assert StoreLock.holder(place) == -1, "it has not yet said its number"
    with pytest.raises(Conflict) as caught:
        second.acquire()
    assert (caught.value.subject, caught.value.explanation) == ("", "")
    first.release()
    first.release()
    assert (StoreLock.holder(place), place.read_text()) == (0, "")
    second.acquire()
    assert StoreLock.holder(place) == os.getpid()
    second.release()


def test_stand_ins_see_an_engine_by_a_lock_of_its_own(tmp_path: Path) -> None:
    place = tmp_path / "presence"
    with pytest.raises(FileNotFoundError):
        Presence(place).begin()
    place.touch()
    here = Presence(place)
    here.end()
    here.begin()
    assert StoreLock.holder(place) != 0
    other = Presence(place)
    other.begin()  # one that finds it taken goes on all the same
    other.end()
    here.end()
    here.end()
    assert StoreLock.holder(place) == 0
    (tmp_path / "link").symlink_to(place)
    with pytest.raises(OSError, match="link"):
        Presence(tmp_path / "link").begin()


# --- what a disk takes ---


def test_a_disk_is_asked_by_a_small_file_that_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal_of(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []
    assert refusal_of(tmp_path / "missing") == errno.ENOENT

    def refuse(_path: Path, _data: bytes) -> int:
        raise OSError(number, "refused")

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    for number in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):
        assert refusal_of(tmp_path) == number
    number = 0
    assert refusal_of(tmp_path) == errno.EIO


def trouble(name: str, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("the library's words")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_FULL", Code.DISK_FULL),
        ("SQLITE_CANTOPEN", Code.DISK_FULL),
        ("SQLITE_READONLY_DIRECTORY", Code.DISK_FULL),
        ("SQLITE_IOERR_WRITE", Code.DISK_FULL),
        ("SQLITE_IOERR_FSYNC", Code.DISK_FULL),
        ("SQLITE_IOERR_DIR_FSYNC", Code.DISK_FULL),
        ("SQLITE_IOERR_TRUNCATE", Code.DISK_FULL),
        ("SQLITE_BUSY", Code.STORE_LOCKED),
        ("SQLITE_BUSY_SNAPSHOT", Code.STORE_LOCKED),
    ],
)
def test_a_refusal_of_the_disk_is_told_as_one(tmp_path: Path, name: str, code: Code) -> None:
    found = _classified(trouble(name), tmp_path / "db")
    assert isinstance(found, StorageError | Conflict)
    assert found.code is code
    assert name.startswith("SQLITE_BUSY") or found.details == "the library's words"
    assert not name.startswith("SQLITE_BUSY") or found.explanation == f"It is {tmp_path / 'db'}."


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT", "SQLITE_NOTADB"])
def test_a_damaged_database_is_told_as_one(tmp_path: Path, name: str) -> None:
    found = _classified(trouble(name, sqlite3.DatabaseError), tmp_path / "db")
    assert isinstance(found, StorageError)
    assert (found.code, found.details) == (Code.CORRUPT, "the library's words")


def test_what_is_a_fault_of_ours_stays_what_it_is(tmp_path: Path) -> None:
    for error in (trouble("SQLITE_ERROR"), trouble("SQLITE_IOERR_READ"), ValueError("x")):
        assert _classified(error, tmp_path / "db") is error


def test_a_disk_that_takes_nothing_is_told_by_what_it_says_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "refusal_of", lambda _place: errno.EROFS)
    found = _classified(trouble("SQLITE_READONLY"), tmp_path / "db")
    assert isinstance(found, StorageError)
    assert found.code is not Code.DISK_FULL
    monkeypatch.setattr(databases, "refusal_of", lambda _place: errno.ENOENT)
    found = _classified(trouble("SQLITE_CANTOPEN"), tmp_path / "db")
    assert isinstance(found, StorageError)
    assert found.code is Code.CORRUPT


# --- written together ---


async def test_a_database_is_its_owners_alone_and_says_what_it_did(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    assert stat.S_IMODE((tmp_path / "db").stat().st_mode) == 0o600
    assert await database.execute(PUT, ("a", b"1")) == 1
    assert await database.execute("DELETE FROM volumes WHERE name = 'nobody'") == 0
    assert await database.fetch_one("SELECT body FROM volumes WHERE name = ?", ("a",)) == (b"1",)
    assert await database.fetch_one("SELECT body FROM volumes WHERE name = ?", ("b",)) is None
    await database.transaction([(PUT, ("b", b"")), ("DELETE FROM volumes WHERE name = ?", ("a",))])
    assert names(await database.fetch("SELECT name FROM volumes")) == ["b"]
    pragmas = {
        name: (await database.fetch_one(f"PRAGMA {name}") or ("",))[0]
        for name in (
            "journal_mode",
            "synchronous",
            "foreign_keys",
            "user_version",
            "locking_mode",
            "temp_store",
        )
    }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "user_version": len(MIGRATIONS),
        "locking_mode": "exclusive",
        "temp_store": 2,
    }
    assert await database.damage() == ""
    await database.close()
    await database.close()
    with pytest.raises(StorageError) as caught:
        await database.execute(PUT, ("c", b""))
    assert caught.value.code is Code.WRONG_STATE


async def test_many_writers_commit_together_and_each_hears_its_own(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    wanted = [f"n{number % 400}" for number in range(500)]
    heard = await asyncio.gather(*(database.execute(PUT, (name, b"")) for name in wanted), return_exceptions=True)
    assert [isinstance(each, sqlite3.IntegrityError) for each in heard] == [False] * 400 + [True] * 100
    assert len(await database.fetch("SELECT name FROM volumes")) == 400
    await database.close()


async def test_what_was_asked_before_the_end_is_written(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "db")
    writes = [asyncio.ensure_future(database.execute(PUT, (f"n{number}", b""))) for number in range(20)]
    await asyncio.sleep(0)
    writes[3].cancel()
    await database.close()
    await asyncio.gather(*writes, return_exceptions=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "db")) as outside:
        assert len(outside.execute("SELECT name FROM volumes").fetchall()) == 20


async def test_a_store_of_an_older_version_is_brought_on_and_keeps_what_it_has(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "db")) as old:
        old.executescript(f"{MIGRATIONS[0]}\nPRAGMA user_version = 1;\nINSERT INTO volumes VALUES ('kept', x'00');")
        old.commit()
    database = await Database.open(tmp_path / "db")
    assert names(await database.fetch("SELECT name FROM volumes")) == ["kept"]
    assert await database.fetch("SELECT * FROM project_runs") == []
    assert await database.fetch_one("PRAGMA user_version") == (len(MIGRATIONS),)
    await database.close()


async def test_a_newer_store_says_which_version_it_has(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "db")) as newer:
        newer.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 2}")
    with pytest.raises(StorageError) as caught:
        await Database.open(tmp_path / "db")
    assert f"version {len(MIGRATIONS) + 2}; this program knows {len(MIGRATIONS)}" in caught.value.explanation
    assert "WHERRY_ROOT" in caught.value.hint


async def test_room_is_made_for_deletions_once_and_not_where_there_is_none(tmp_path: Path) -> None:
    asked: list[str] = []

    def no_room() -> bool:
        asked.append("asked")
        return False

    database = await Database.open(tmp_path / "db", no_room)
    await database.execute(PUT, ("a", b""))

    def refuse(_connection: sqlite3.Connection) -> None:
        asked.append("tried")
        raise trouble("SQLITE_FULL")

    for deletes, heard in ((False, ["tried"]), (True, ["tried", "asked", "tried"])):
        asked.clear()
        with pytest.raises(StorageError) as caught:
            await database.run(refuse, deletes=deletes)
        assert caught.value.code is Code.DISK_FULL
        assert asked == heard
    asked.clear()
    with pytest.raises(StorageError):
        await database.run(refuse, writes=False, deletes=True)
    assert asked == ["tried", "asked"]
    assert names(await database.fetch("SELECT name FROM volumes")) == ["a"]
    await database.close()


def test_locks_are_of_this_open_file_and_no_other(tmp_path: Path) -> None:
    """A lock of the process would be given up as soon as any copy of the file is closed."""
    place = tmp_path / "lock"
    lock = StoreLock(place)
    lock.acquire()
    os.close(os.open(place, os.O_RDONLY))
    other = os.open(place, os.O_RDWR)
    with pytest.raises(OSError, match=r"unavailable|denied"):
        fcntl.fcntl(other, fcntl.F_OFD_SETLK, _exclusive())
    os.close(other)
    lock.release()


def _exclusive() -> bytes:
    return struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
