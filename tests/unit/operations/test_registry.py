"""Operations: ends are told once, after the work has cleaned up; failures keep their words; the past is remembered."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from engine.errors import Cancelled, Code, NotFound, RegistryError, WherryError
from engine.events.bus import EventBus
from engine.operations.registry import OperationRegistry, Progress
from engine.state.database import Database
from engine.types.images import LayerPhase
from engine.types.operations import Operation, OperationState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


@asynccontextmanager
async def registry_at(path: Path) -> AsyncIterator[OperationRegistry]:
    database = await Database.open(path / "db")
    registry = OperationRegistry(EventBus(), database)
    await registry.open()
    try:
        yield registry
    finally:
        await registry.close()
        await database.close()


async def test_progress_and_result_reach_watchers(tmp_path: Path) -> None:
    async def work(progress: Progress) -> str:
        progress.layer("sha256:a", LayerPhase.DOWNLOADING, 5, 10)
        progress.layer("sha256:b", LayerPhase.DOWNLOADING, 1, 2)
        return "image"

    async with registry_at(tmp_path) as registry:
        handle = registry.start(kind="pull", title="Pull x", subject="x", work=work)
        states = [state async for state in handle.watch()]
        assert await handle.result() == "image"
        assert states[-1].state is OperationState.SUCCEEDED
        assert (states[-1].done, states[-1].total) == (6, 12)


async def test_cancelled_is_told_only_after_cleaning_up(tmp_path: Path) -> None:
    cleaned = False

    async def work(progress: Progress) -> str:
        nonlocal cleaned
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned = True
        return ""

    async with registry_at(tmp_path) as registry:
        handle = registry.start(kind="pull", title="Pull x", subject="x", work=work)
        await asyncio.sleep(0)
        handle.cancel()
        with pytest.raises(Cancelled):
            await handle.result()
        assert cleaned
        assert handle.snapshot.state is OperationState.CANCELLED


async def test_cancelled_before_the_first_step(tmp_path: Path) -> None:
    async def work(progress: Progress) -> str:
        return ""

    async with registry_at(tmp_path) as registry:
        handle = registry.start(kind="pull", title="Pull x", subject="x", work=work)
        handle.cancel()
        with pytest.raises(Cancelled):
            await handle.result()


async def test_a_failure_keeps_code_and_hint_and_is_remembered(tmp_path: Path) -> None:
    async def work(progress: Progress) -> str:
        raise RegistryError("No such host", code=Code.DNS, hint="Check the name")

    async with registry_at(tmp_path) as registry:
        handle = registry.start(kind="pull", title="Pull x", subject="x", work=work)
        with pytest.raises(RegistryError):
            await handle.result()
    async with registry_at(tmp_path) as registry:
        remembered: Operation = await registry.get(handle.id)
        assert remembered.failure is not None
        assert (remembered.failure.code, remembered.failure.hint) == ("dns", "Check the name")
        await registry.clear_finished()
        with pytest.raises(NotFound):
            await registry.get(handle.id)


async def test_a_bug_is_called_a_bug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, expect_log: Callable[[str], None]
) -> None:
    expect_log("failed unexpectedly")

    async def work(progress: Progress) -> str:
        raise ZeroDivisionError

    async with registry_at(tmp_path) as registry:
        with caplog.at_level(logging.ERROR):
            handle = registry.start(kind="pull", title="Pull x", subject="x", work=work)
            with pytest.raises(WherryError) as caught:
                await handle.result()
        assert caught.value.code is Code.INTERNAL
        assert "ZeroDivisionError" in caught.value.details
        caplog.clear()


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/store/x"), Code.DISK_FULL),
        (OSError(errno.EDQUOT, "Quota exceeded"), Code.DISK_FULL),
        (OSError(errno.EMFILE, "Too many open files"), Code.HOST),
        (OSError(errno.EIO, "Input/output error", "/store/x"), Code.HOST),
        (PermissionError(errno.EACCES, "Permission denied", "/store/x"), Code.HOST),
        (MemoryError(), Code.HOST),
        (RecursionError("too deep"), Code.INVALID),
        (sqlite3.OperationalError("disk I/O error"), Code.CORRUPT),
        (NotFound("No such thing"), Code.NOT_FOUND),
    ],
)
async def test_whatever_is_raised_inside_is_the_operation_s_end(tmp_path: Path, raised: Exception, code: Code) -> None:
    async def work(progress: Progress) -> str:
        raise raised

    async with registry_at(tmp_path) as registry:
        handle = registry.start(kind="build", title="Build x", subject="x", work=work)
        with pytest.raises(WherryError) as caught:
            await asyncio.wait_for(handle.result(), 10)
        assert caught.value.code is code
        assert [state.state async for state in handle.watch()] == [OperationState.FAILED]
