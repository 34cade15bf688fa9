"""Health checks: a command run in the container now and then, and what a row of its answers means."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import msgspec

from engine.containers.spec.image_config import health_check
from engine.containers.watch.probing import is_probe
from engine.errors import WherryError
from engine.types.containers import Exec, Health, HealthCheck, HealthResult, HealthStatus
from engine.types.data import now
from engine.types.pods import LIVENESS_LABEL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from engine.containers.known.book import ContainerBook, Entry
    from engine.facade import ExecSession

_log = logging.getLogger(__name__)
_INTERVAL = 30.0
_TIMEOUT = 30.0
_START_INTERVAL = 5.0
_RETRIES = 3
_KEPT_RESULTS = 5
_MOST_OUTPUT = 4096
_TIMED_OUT = -1


def effective(check: HealthCheck) -> HealthCheck:
    """Docker's defaults where nothing was said."""
    return msgspec.structs.replace(
        check,
        interval=check.interval or _INTERVAL,
        timeout=check.timeout or _TIMEOUT,
        start_interval=check.start_interval or _START_INTERVAL,
        retries=check.retries or _RETRIES,
    )


def check_command(check: HealthCheck, shell: tuple[str, ...] = ()) -> tuple[str, ...]:
    kind, *words = check.test
    if kind == "CMD":
        return tuple(words)
    line = " ".join(words) if kind == "CMD-SHELL" else " ".join(check.test)
    return (*(shell or ("/bin/sh", "-c")), line)


def judge(status: HealthStatus, result: HealthResult, check: HealthCheck, *, starting: bool) -> HealthStatus:
    """One more answer. While a container starts, failures do not count against it; the first success ends that."""
    log = (*status.log, result)[-_KEPT_RESULTS:]
    if result.exit_code == 0:
        return HealthStatus(status=Health.HEALTHY, failing_streak=0, log=log)
    if starting and status.status is Health.STARTING:
        return HealthStatus(status=Health.STARTING, failing_streak=0, log=log)
    streak = status.failing_streak + 1
    verdict = Health.UNHEALTHY if streak >= check.retries else status.status
    return HealthStatus(status=verdict, failing_streak=streak, log=log)


class HealthMonitor:
    """One task for each running container that has a check."""

    def __init__(
        self,
        book: ContainerBook,
        run: Callable[[Entry, Exec], Awaitable[ExecSession]],
        probe: Callable[[Entry, HealthCheck], Awaitable[tuple[int, str]]] | None = None,
        start_again: Callable[[Entry], None] = lambda entry: None,
    ) -> None:
        """`probe` makes the checks that need no program of the image; `start_again` is for a container that is to be
        started again when its check fails."""
        self._book = book
        self._run = run
        self._probe = probe
        self._start_again = start_again
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, entry: Entry) -> None:
        check = health_check(entry.container.spec, entry.record.image_config)
        self.stop(entry.id)
        if check is None:
            return
        status = HealthStatus(status=Health.STARTING, log=entry.container.health.log)
        self._book.show(entry, entry.record.with_container(health=status), "health_status: starting")
        task = asyncio.get_running_loop().create_task(
            self._monitor(entry, effective(check)), name=f"health of {entry.id[:12]}"
        )
        self._tasks[entry.id] = task

    def stop(self, container_id: str) -> None:
        task = self._tasks.pop(container_id, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for container_id in tuple(self._tasks):
            self.stop(container_id)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _monitor(self, entry: Entry, check: HealthCheck) -> None:
        begun = asyncio.get_running_loop().time()
        while True:
            waited = asyncio.get_running_loop().time() - begun
            starting = waited < check.start_period
            await asyncio.sleep(min(check.start_interval, check.interval) if starting else check.interval)
            if entry.gone or not entry.alive:
                return
            if entry.state.value != "running":
                continue  # a frozen container cannot answer, and that is no illness
            result = await self._ask(entry, check)
            starting = asyncio.get_running_loop().time() - begun < check.start_period
            await self._note(entry, judge(entry.container.health, result, check, starting=starting))

    async def _note(self, entry: Entry, status: HealthStatus) -> None:
        if not entry.alive:
            return
        changed = status.status is not entry.container.health.status
        record = entry.record.with_container(health=status)
        self._book.show(entry, record, f"health_status: {status.status.value}" if changed else "")
        if changed and status.status is Health.UNHEALTHY and LIVENESS_LABEL in entry.container.spec.labels:
            self._start_again(entry)

    async def _ask(self, entry: Entry, check: HealthCheck) -> HealthResult:
        begun = now()
        if self._probe is not None and is_probe(check.test):
            try:
                return _result(begun, *await self._probe(entry, check))
            except (WherryError, OSError) as error:  # TimeoutError is one
                return _result(begun, _TIMED_OUT, str(error) or f"No answer within {check.timeout:g} s.")
        request = Exec(command=check_command(check, entry.record.image_config.shell))
        try:
            session = await self._run(entry, request)
        except WherryError as error:
            return _result(begun, 125, str(error))
        output = bytearray()
        try:
            async with asyncio.timeout(check.timeout):
                while (piece := await session.read()) is not None:
                    output += piece[1][: _MOST_OUTPUT - len(output)]
                code = await session.exit_code()
        except TimeoutError:
            with contextlib.suppress(WherryError):
                await session.kill()
            return _result(begun, _TIMED_OUT, f"No answer within {check.timeout:g} s.\n{_text(output)}")
        finally:
            await session.close()
        return _result(begun, code, _text(output))


def _text(output: bytearray) -> str:
    return output.decode(errors="replace")


def _result(begun: datetime, code: int, output: str) -> HealthResult:
    return HealthResult(started=begun, ended=now(), exit_code=code, output=output[:_MOST_OUTPUT])
