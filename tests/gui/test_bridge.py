"""The crossing between the threads: answers, errors, cancels, leases, back-pressure, the end."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Cancelled, NotFound
from engine.types.images import PullImage
from engine.types.operations import OperationState
from gui.bridge.engine_thread import EngineThread, WrongThread
from tests.fakes.engine import open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.gui.conftest import Driver


def run(driver: Driver, work: Any) -> Any:
    """Await something on the window's loop."""
    task = asyncio.get_event_loop().create_task(work)
    driver.until(task.done)
    return task.result()


def test_answers_and_errors_come_back(driver: Driver) -> None:
    got = run(driver, driver.client.call(lambda engine: engine.containers.get("grafana")))
    assert got.name == "grafana"
    with pytest.raises(NotFound):
        run(driver, driver.client.call(lambda engine: engine.containers.get("nobody")))


def test_work_runs_on_the_engine_thread(driver: Driver) -> None:
    async def where(_engine: Any) -> str:
        return threading.current_thread().name

    assert run(driver, driver.client.call(where)) == "engine"


def test_submitting_from_the_engine_thread_is_refused(driver: Driver) -> None:
    async def wrong(_engine: Any) -> None:
        driver.client.submit(wrong)

    with pytest.raises(WrongThread):
        run(driver, driver.client.call(wrong))


def test_cancelling_the_answer_cancels_the_work(driver: Driver) -> None:
    state: list[str] = []

    async def long(_engine: Any) -> None:
        state.append("begun")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            state.append("cancelled")
            raise

    future = driver.client.submit(long)
    driver.until(lambda: state == ["begun"])
    future.cancel()
    driver.until(lambda: state == ["begun", "cancelled"])


def test_an_operation_is_seen_cancelled_only_when_it_has_ended(driver: Driver) -> None:
    driver.engine.images.step_seconds = 0.05
    ticket = run(driver, driver.client.begin(lambda engine: engine.images.pull(PullImage(reference="busybox"))))
    driver.until(lambda: driver.client.mirror.operations.get(ticket.id))
    ticket.cancel()
    driver.until(lambda: driver.client.mirror.operations[ticket.id].state is OperationState.CANCELLED)
    with pytest.raises(Cancelled):
        run(driver, ticket.result())


def test_a_stream_delivers_everything_in_order_and_no_more_than_once_a_frame(driver: Driver) -> None:
    got: list[list[int]] = []
    ended: list[BaseException | None] = []

    async def count(_engine: Any) -> AsyncIterator[list[int]]:
        for n in range(2000):
            yield [n]

    driver.client.stream(count, got.append, ended.append, capacity=100)
    driver.until(lambda: ended)
    assert [n for batch in got for n in batch] == list(range(2000))
    assert len(got) < 200, "batches, not items, cross the threads"
    assert ended == [None]


def test_a_stream_waits_for_a_slow_window(driver: Driver) -> None:
    sent: list[int] = []

    async def flood(_engine: Any) -> AsyncIterator[list[int]]:
        for n in range(100_000):
            sent.append(n)
            yield [n]

    released = threading.Event()
    lease = driver.client.stream(flood, lambda _batch: None, capacity=50)
    released.wait(0.1)  # the window does not run meanwhile: nothing is drained
    assert len(sent) <= 60
    lease.end()


def test_an_ended_lease_ends_the_stream(driver: Driver) -> None:
    over = threading.Event()

    async def forever(_engine: Any) -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.001)
        finally:
            over.set()

    seen: list[int] = []
    lease = driver.client.latest(forever, seen.append)
    driver.until(lambda: seen)
    lease.end()
    assert over.wait(5)
    count = len(seen)
    driver.bot.wait(30)
    assert len(seen) == count


def test_a_failing_stream_tells_why(driver: Driver) -> None:
    ended: list[BaseException | None] = []
    driver.client.stream(lambda engine: engine.logs.read("nobody"), lambda _b: None, ended.append)
    driver.until(lambda: ended)
    assert isinstance(ended[0], NotFound)


def test_a_terminal_line_carries_keys_output_and_the_exit_code(driver: Driver) -> None:
    from engine.types.containers import Exec

    output: list[bytes] = []
    ends: list[tuple[int | None, BaseException | None]] = []
    request = Exec(command=("sh",), tty=True, stdin=True)
    link = driver.client.terminal(
        lambda engine: engine.containers.exec("grafana", request),
        output.append,
        lambda code, error: ends.append((code, error)),
    )
    driver.until(lambda: b"grafana" in b"".join(output))
    link.resize(40, 100)
    link.write(b"exit 3\r")
    driver.until(lambda: ends)
    assert ends == [(3, None)]


def test_an_engine_that_cannot_open_is_told(qtbot: Any) -> None:
    async def broken() -> Any:
        raise NotFound("no such store")

    thread = EngineThread(broken)
    thread.start()
    with pytest.raises(NotFound):
        thread.opened.result(timeout=5)
    assert thread.join(5)


def test_stop_closes_the_engine_even_while_streams_run() -> None:
    thread = EngineThread(open_fake_engine)  # type: ignore[arg-type]
    thread.start()
    engine: Any = thread.opened.result(timeout=5)

    async def forever(_engine: Any) -> None:
        await asyncio.Event().wait()

    future = thread.submit(forever)
    thread.stop(stop_containers=True)
    assert thread.join(5)
    assert engine.closed
    assert engine.stopped_containers
    assert future.cancelled()
