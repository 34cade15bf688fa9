"""Health checks run in the real container; events use Docker's words in Docker's order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.types.containers import Exec, Health, HealthCheck, Mount
from engine.types.events import Change
from tests.system.containers.conftest import run

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

QUICK = {"interval": 0.05, "start_interval": 0.05, "retries": 2}


async def test_health_follows_what_the_command_says(loaded: EmbeddedEngine) -> None:
    check = HealthCheck(test=("CMD-SHELL", "echo looked; test -e /root/well"), **QUICK)
    container = await run(loaded, "sh", "-c", "touch /root/well; exec sleep 1000", health=check)
    entry = loaded.containers.book.find(container.id)
    await entry.until(lambda: entry.container.health.status is Health.HEALTHY)
    assert entry.container.health.log[-1].output == "looked\n"
    session = await loaded.containers.exec(container.id, Exec(command=("rm", "/root/well")))
    assert await session.exit_code() == 0
    await session.close()
    async with asyncio.timeout(20):
        await entry.until(lambda: entry.container.health.status is Health.UNHEALTHY)
    assert entry.container.health.failing_streak >= 2


async def test_a_check_that_hangs_is_ended_and_counts_as_failed(loaded: EmbeddedEngine) -> None:
    check = HealthCheck(test=("CMD", "sleep", "100"), timeout=0.2, **QUICK)
    container = await run(loaded, health=check)
    entry = loaded.containers.book.find(container.id)
    async with asyncio.timeout(20):
        await entry.until(lambda: entry.container.health.status is Health.UNHEALTHY)
    assert "No answer" in entry.container.health.log[-1].output


async def test_events_in_dockers_words_and_order(loaded: EmbeddedEngine) -> None:
    async with loaded.watch() as subscription:
        container = await run(loaded, mounts=(Mount(kind="volume", source="v", target="/v"),))
        await loaded.containers.pause(container.id)
        await loaded.containers.unpause(container.id)
        await loaded.containers.rename(container.id, "renamed")
        await loaded.containers.stop(container.id)
        await loaded.containers.remove(container.id)
        seen: list[str] = []
        async for change in subscription:
            assert isinstance(change, Change)
            if change.kind == "container" and change.event is not None:
                seen.append(change.event.action)
                if change.event.action == "destroy":
                    break
    assert seen == ["create", "start", "pause", "unpause", "rename", "kill", "kill", "die", "stop", "destroy"]
    actions = [event.action for event in await loaded.event_log() if event.kind == "volume"]
    assert actions[:2] == ["create", "mount"]
