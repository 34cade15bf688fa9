"""The SQLite file, reached from asyncio. One thread owns the connection; writers that wait together commit together.

Every write is durable when its `await` returns (WAL with full sync). A commit costs one disk flush, so the writer
takes all jobs that have queued up meanwhile into one transaction, each behind its own savepoint: a job that fails
takes back only itself, and a hundred containers started at once cost a few flushes instead of a hundred.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import queue
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from engine.errors import Code, Conflict, StorageError, disk_refuses
from engine.state.schema import MIGRATIONS
from engine.state.trial import refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

T = TypeVar("T")
Statement = tuple[str, "Sequence[Any]"]
_MOST_IN_ONE_COMMIT = 256


class _Job:
    """Work for the database thread, and where its outcome goes."""

    def __init__(self, work: Callable[[sqlite3.Connection], Any], *, writes: bool, deletes: bool) -> None:
        self.work = work
        self.writes = writes
        self.deletes = deletes
        """It only takes away: on a full disk room is made for it."""
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.outcome: Any = None
        self.error: BaseException | None = None

    def perform(self, connection: sqlite3.Connection) -> None:
        try:
            if self.writes:
                connection.execute("SAVEPOINT job")
            self.outcome = self.work(connection)
            if self.writes:
                connection.execute("RELEASE job")
        except BaseException as error:
            self.error = error
            if self.writes and connection.in_transaction:
                connection.execute("ROLLBACK TO job")
                connection.execute("RELEASE job")

    def report(self, place: Path) -> None:
        if self.loop.is_closed():
            return
        if self.error is not None:
            self.error = _classified(self.error, place)
        self.loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.outcome)


class Database:
    """Open with `await Database.open(path)`; close with `await close()`."""

    def __init__(self, path: Path, make_room: Callable[[], bool]) -> None:
        self._path = path
        self._make_room = make_room
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self._closed = False

    @classmethod
    async def open(cls, path: Path, make_room: Callable[[], bool] = bool) -> Database:
        """`make_room` is called where the disk is full and a deletion, or the opening itself, needs a little; it says
        whether it could give any."""
        database = cls(path, make_room)
        # It holds passwords from environments. SQLite gives the files beside it the mode of this one.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database._thread.start()
        try:
            await database.run(_prepare, writes=False, deletes=True)
        except BaseException:
            await database.close()
            raise
        return database

    async def damage(self) -> str:
        """What SQLite's own check finds wrong; "" for nothing."""
        rows = await self.fetch("PRAGMA integrity_check(3)")
        told = "; ".join(str(text) for (text,) in rows)
        return "" if told == "ok" else told

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return await self.run(lambda connection: connection.execute(sql, parameters).fetchall(), writes=False)

    async def fetch_one(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        rows = await self.fetch(sql, parameters)
        return rows[0] if rows else None

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """One statement; gives the number of rows it touched."""
        return await self.run(
            lambda connection: connection.execute(sql, parameters).rowcount, deletes=sql.startswith("DELETE")
        )

    async def transaction(self, statements: Iterable[Statement]) -> None:
        """All of these or none."""
        todo = list(statements)

        def work(connection: sqlite3.Connection) -> None:
            for sql, parameters in todo:
                connection.execute(sql, parameters)

        await self.run(work, deletes=all(sql.startswith("DELETE") for sql, _ in todo))

    async def run(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = True, deletes: bool = False) -> T:
        """Any work on the connection, on its thread. A cancelled caller's write still happens; that is by design."""
        if self._closed:
            raise StorageError("The store is closed", code=Code.WRONG_STATE)
        job = _Job(work, writes=writes, deletes=deletes)
        self._jobs.put(job)
        outcome: T = await job.future
        return outcome

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    # --- on the database thread ---

    def _serve(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None, cached_statements=256, timeout=1.0)
        try:
            while (job := self._jobs.get()) is not None:
                if job.writes:
                    self._commit_together(connection, job)
                else:
                    job.perform(connection)
                    if job.deletes and _is_refused(job.error) and self._make_room():
                        job.error = None
                        job.perform(connection)
                    job.report(self._path)
        finally:
            connection.close()

    def _commit_together(self, connection: sqlite3.Connection, first: _Job) -> None:
        """Run the first write and all that wait behind it in one transaction, then report to each. Deletions that
        found no room get the reserve, and are tried once more by themselves."""
        jobs = [first, *self._waiting_jobs()]
        self._commit(connection, jobs)
        refused = [job for job in jobs if job.deletes and _is_refused(job.error)]
        if refused:
            self._make_room()
            # What was written before goes to its place, and the log begins anew in the room it has already.
            with contextlib.suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(RESTART)")
            for job in refused:
                job.error = None
            self._commit(connection, refused)
        for job in jobs:
            job.report(self._path)

    def _commit(self, connection: sqlite3.Connection, jobs: list[_Job]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                job.perform(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for job in jobs:
                job.error = job.error or error

    def _waiting_jobs(self) -> list[_Job]:
        waiting: list[_Job] = []
        while len(waiting) < _MOST_IN_ONE_COMMIT:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._jobs.put(None)  # nothing follows a close, so its place does not matter
                break
            waiting.append(job)
        return waiting


def _prepare(connection: sqlite3.Connection) -> None:
    # One process has a store, so the index of the log need not be shared. As a mapped file it could not be written on a
    # full disk that copies on write (btrfs), and that is no error but the end of the process.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise StorageError(
            "This store was written by a newer Wherry",
            f"Its schema is version {version}; this program knows {len(MIGRATIONS)}.",
            hint="Install the newer version again, or choose another store with WHERRY_ROOT.",
            code=Code.UNSUPPORTED,
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")


def _is_refused(error: BaseException | None) -> bool:
    """By the disk. Of a quota that is used up SQLite says less: that a file could not be written, or not be made."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(
        ("SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC",
         "SQLITE_IOERR_DIR_FSYNC", "SQLITE_IOERR_TRUNCATE"))  # fmt: skip


def _classified(error: BaseException, path: Path) -> BaseException:
    if isinstance(error, sqlite3.OperationalError) and _is_refused(error):
        # SQLite says the same of a disk without room and of one that takes nothing.
        refused = disk_refuses(
            refusal_of(path.parent) or errno.ENOSPC, "The store could not be written.", details=str(error)
        )
        return refused or StorageError("The store could not be written", f"{error}.", code=Code.CORRUPT)
    if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
        return Conflict(
            "Another program has the store's database open", f"It is {path}.",
            hint="End that program and try again; of another Wherry it is known by its lock.", code=Code.STORE_LOCKED,
        )  # fmt: skip
    if isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorname", "") in (
        "SQLITE_CORRUPT",
        "SQLITE_NOTADB",
    ):
        return StorageError("The store's database is damaged", code=Code.CORRUPT, details=str(error))
    return error
