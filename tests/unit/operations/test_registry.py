"""Operations: ends are told once, after the work has cleaned up; failures keep their words; the past is remembered."""

from __future__ import annotations

import asyncio
import errno
import logging
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Cancelled, Code, Conflict, NotFound, RegistryError, StorageError, WherryError
from engine.events.bus import EventBus
from engine.operations import registry as registry_module
from engine.operations.registry import OperationRegistry, Progress
from engine.state.database import Database
from engine.types.events import EngineSnapshot
from engine.types.images import LayerPhase, LayerProgress
from engine.types.operations import Failure, Operation, OperationState, StepProgress

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


# --- watched, named, kept ---


async def at_once(progress: Progress) -> str:
    return "done"


async def for_ever(progress: Progress) -> str:
    await asyncio.Event().wait()
    return ""


class Heard(EventBus):
    """What is published of operations: each state, and the event with it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def publish(self, kind: Any, object_id: str, value: Any, event: Any = None) -> int:
        state = "gone" if value is None else value.state.value
        attributes = "" if event is None else f" {event.kind} {event.action} {event.id} {event.name} {event.attributes}"
        self.lines.append(f"{kind} {object_id} {state}{attributes}")
        return super().publish(kind, object_id, value, event)


async def test_an_operation_is_what_it_was_started_as() -> None:
    heard = Heard()
    registry = OperationRegistry(heard)
    await registry.open()
    handle = registry.start(
        kind="pull", title="Pull x", subject="x", work=at_once, cancellable=False, operation_id="mine",
        request={"image": "x"},
    )  # fmt: skip
    first = handle.snapshot
    assert (first.id, first.kind, first.title, first.subject) == ("mine", "pull", "Pull x", "x")
    assert (first.state, first.cancellable, first.request) == (OperationState.RUNNING, False, {"image": "x"})
    assert (handle.id, await registry.get("mine")) == ("mine", first)
    assert await registry.list() == [first]
    assert await handle.result() == "done"
    await asyncio.sleep(0)
    last = await registry.get("mine")
    assert (last.state, last.result, last.failure) == (OperationState.SUCCEEDED, "done", None)
    assert last.ended is not None
    assert last.ended >= last.started
    assert heard.lines == [
        "operation mine running",
        "operation mine succeeded operation succeeded mine Pull x {'kind': 'pull', 'subject': 'x'}",
    ]
    assert await registry.list() == [last]
    named = registry.start(kind="k", title="t", subject="s", work=at_once)
    assert (len(named.id), named.snapshot.cancellable, named.snapshot.request) == (16, True, {})
    await named.result()


async def test_what_cannot_be_cancelled_goes_on() -> None:
    registry = OperationRegistry(EventBus())
    fixed = registry.start(kind="k", title="Fixed", subject="s", work=for_ever, cancellable=False)
    free = registry.start(kind="k", title="Free", subject="s", work=for_ever)
    with pytest.raises(Conflict, match="“Fixed” cannot be cancelled") as caught:
        await registry.cancel(fixed.id)
    assert caught.value.subject == fixed.id
    fixed.cancel()
    await registry.cancel(free.id)
    with pytest.raises(Cancelled):
        await free.result()
    assert (free.snapshot.state, free.snapshot.failure) == (OperationState.CANCELLED, None)
    assert fixed.snapshot.state is OperationState.RUNNING
    await asyncio.sleep(0)
    await registry.cancel(free.id)  # it has ended
    with pytest.raises(NotFound) as missing:
        await registry.cancel("nothing")
    assert (str(missing.value), missing.value.subject) == ("No such operation: nothing.", "nothing")
    await registry.close()
    assert fixed.snapshot.state is OperationState.CANCELLED


async def test_a_cancelled_one_that_was_not_begun_has_ended_too() -> None:
    heard = Heard()
    registry = OperationRegistry(heard)
    handle = registry.start(kind="k", title="t", subject="s", work=at_once, operation_id="x")
    handle.cancel()
    assert [state.state async for state in handle.watch()] == [OperationState.RUNNING, OperationState.CANCELLED]
    assert (await registry.get("x")).state is OperationState.CANCELLED
    assert heard.lines[-1].startswith("operation x cancelled")


async def test_progress_is_published_soon_and_the_newest_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "_PUBLISH_SECONDS", 0.001)
    bus = EventBus()
    registry = OperationRegistry(bus)
    go_on = asyncio.Event()

    async def work(progress: Progress) -> str:
        progress.status("first")
        progress.status("second")
        progress.amount(3, 9)
        await go_on.wait()
        progress.steps(
            tuple(
                StepProgress(id=state, action="a", subject="s", state=state)  # type: ignore[arg-type]
                for state in ("", "running", "done", "failed", "skipped")
            )
        )
        return ""

    async with bus.subscribe() as changes:
        handle = registry.start(kind="k", title="t", subject="s", work=work)
        seen = []
        async for change in changes:
            assert not isinstance(change, EngineSnapshot)
            value = change.value
            assert isinstance(value, Operation)
            seen.append((value.status, value.done, value.total, len(value.steps), value.state.value))
            if len(seen) == 2:
                go_on.set()
            if value.state is not OperationState.RUNNING:
                break
    assert seen == [("", 0, 0, 0, "running"), ("second", 3, 9, 0, "running"), ("second", 3, 5, 5, "succeeded")]
    await handle.result()


async def test_layers_are_added_up() -> None:
    registry = OperationRegistry(EventBus())

    async def work(progress: Progress) -> str:
        progress.layer("a", LayerPhase.WAITING)
        progress.layer("b", LayerPhase.DOWNLOADING, 2, 7, "half")
        progress.layer("a", LayerPhase.UNPACKING, 3, 4)
        return ""

    handle = registry.start(kind="k", title="t", subject="s", work=work)
    await handle.result()
    assert handle.snapshot.layers == (
        LayerProgress(digest="a", phase=LayerPhase.UNPACKING, done=3, total=4),
        LayerProgress(digest="b", phase=LayerPhase.DOWNLOADING, done=2, total=7, note="half"),
    )
    assert (handle.snapshot.done, handle.snapshot.total) == (5, 11)


async def test_who_watches_sees_each_state_once() -> None:
    registry = OperationRegistry(EventBus())
    told, go_on = asyncio.Event(), asyncio.Event()

    async def work(progress: Progress) -> str:
        await go_on.wait()
        progress.status("x")
        told.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return ""

    handle = registry.start(kind="k", title="t", subject="s", work=work)
    seen = []
    async for state in handle.watch():
        seen.append((state.state.value, state.status))
        go_on.set()
    assert seen == [("running", ""), ("running", "x"), ("succeeded", "x")]


async def test_a_failure_is_told_whole() -> None:
    registry = OperationRegistry(EventBus())
    error = NotFound("T", "E", hint="H", details="D", subject="S", code=Code.DNS)

    async def work(progress: Progress) -> str:
        raise error

    handle = registry.start(kind="k", title="t", subject="s", work=work)
    with pytest.raises(NotFound) as caught:
        await handle.result()
    assert caught.value is error
    assert handle.snapshot.failure == Failure(
        code="dns", title="T", explanation="E", hint="H", details="D", subject="S"
    )


async def test_what_was_put_right_unasked_is_among_what_was_done() -> None:
    registry = OperationRegistry(EventBus())
    registry.tell_mended("It is whole again", "x")
    (mended,) = await registry.list()
    assert (mended.kind, mended.title, mended.subject, mended.cancellable) == ("mend", "It is whole again", "x", False)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (mended,) = await registry.list()
    assert (mended.state, mended.result) == (OperationState.SUCCEEDED, "")


async def test_only_so_many_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "_MOST_KEPT", 2)
    database = await Database.open(tmp_path / "db")
    heard = Heard()
    registry = OperationRegistry(heard, database)
    for name in ("a", "b", "c"):
        await registry.start(kind="k", title=name, subject="s", work=at_once, operation_id=name).result()
        await registry.close()
    assert [each.id for each in await registry.list()] == ["b", "c"]
    assert "operation a gone" in heard.lines
    later = Heard()
    again = OperationRegistry(later, database)
    await again.open()
    assert [each.id for each in await again.list()] == ["b", "c"]
    assert later.lines == ["operation b succeeded", "operation c succeeded"]
    await again.clear_finished()
    assert later.lines[2:] == ["operation b gone", "operation c gone"]
    assert await again.list() == []
    third = OperationRegistry(EventBus(), database)
    await third.open()
    assert await third.list() == []
    await database.close()


async def test_an_end_that_cannot_be_written_down_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with registry_at(tmp_path) as registry:

        async def full(_: object) -> None:
            raise StorageError("Full", code=Code.DISK_FULL)

        assert registry._database is not None
        monkeypatch.setattr(registry._database, "transaction", full)
        handle = registry.start(kind="k", title="t", subject="s", work=at_once)
        assert await handle.result() == "done"
        await registry.close()
        assert (await registry.get(handle.id)).state is OperationState.SUCCEEDED
