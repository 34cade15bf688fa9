"""The engine itself is killed at random moments of creations, starts, stops and removals, and opened again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from engine.types.containers import State
from tests.support.engine import opened_engine
from tests.system.containers.conftest import output, read_log, until
from tests.system.containers.lives import LEDGER

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp

ROUNDS = max(int(os.environ.get("WHERRY_CHAOS_ROUNDS", "20")) // 4, 3)
_CALLS_BEFORE_THE_KILL = 40


@dataclass
class Told:
    """One container as the killed engine had told of it."""

    id: str = ""
    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    @property
    def certain(self) -> bool:
        """No call was under way."""
        return self.begun == self.done


async def killed_in_the_middle(store: ShortTmp, first: int, dice: random.Random) -> dict[int, Told]:
    """Run an engine until it is killed, some calls and a random while after it opened."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.system.containers.lives", str(store.root), str(store.run), str(first),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    told: dict[int, Told] = {}
    left, pause = dice.randrange(_CALLS_BEFORE_THE_KILL), dice.random() * 0.03
    killing: asyncio.Task[None] | None = None
    while line := await process.stdout.readline():
        with contextlib.suppress(ValueError):  # the last line may be half of one
            note(told, json.loads(line))
        left -= 1
        if left < 0 and killing is None:
            killing = asyncio.create_task(_kill_after(process, pause))
    assert killing is not None, "the engine ended by itself"
    await killing
    assert await process.wait() == -signal.SIGKILL
    return told


async def _kill_after(process: asyncio.subprocess.Process, seconds: float) -> None:
    await asyncio.sleep(seconds)
    process.kill()


def note(told: dict[int, Told], words: dict[str, Any]) -> None:
    if words["deed"] == "open":
        return
    one = told.setdefault(words["number"], Told())
    one.id = words["id"] or one.id
    (one.begun if words["when"] == "begun" else one.done).append(words["deed"])


@pytest.mark.timeout(60 + 12 * ROUNDS)
async def test_rounds_of_killed_engines(short_tmp: ShortTmp) -> None:
    """Nothing that was promised is lost, nothing is left over, no number of a container comes twice."""
    dice = random.Random(ROUNDS)
    seen: dict[str, int] = {}
    written: set[int] = set()
    for number in range(ROUNDS):
        told = await killed_in_the_middle(short_tmp, number * 1000, dice)
        async with opened_engine(short_tmp) as opened:
            engine: EmbeddedEngine = opened  # type: ignore[assignment]
            await until(lambda engine=engine: _removals_are_finished(engine))  # type: ignore[misc]
            there = {int(each.name.removeprefix("life-")): each.id for each in await engine.containers.list()}
            for each, container_id in there.items():
                assert seen.setdefault(container_id, each) == each, "an id came back"
            for each, words in told.items():
                assert seen.setdefault(words.id or there.get(each, f"never {each}"), each) == each
                await check(engine, each, words, exists=each in there)
            written |= {each for each, words in told.items() if "start" in words.done}
            await until(lambda engine=engine: _is_clean(engine), 30)  # type: ignore[misc]
            for container_id in there.values():
                if dice.random() < 0.8:  # some go through several crashes
                    await engine.containers.remove(container_id, force=True)
    async with opened_engine(short_tmp) as opened:
        code, text = await output(opened, "cat", "/ledger/lines", mounts=(LEDGER,))  # type: ignore[arg-type]
        assert code == 0
        lines = text.split()
        assert written <= {int(word) for word in lines}
        assert await opened.host.check_store() == []


def _removals_are_finished(engine: EmbeddedEngine) -> bool:
    return all(entry.state is not State.REMOVING for entry in engine.containers.book)


async def _is_clean(engine: EmbeddedEngine) -> bool:
    """At once, but for what is removed in the background."""
    return await engine.host.check_store() == []


async def check(engine: EmbeddedEngine, number: int, words: Told, *, exists: bool) -> None:
    if "remove" in words.done:
        assert not exists, f"life {number} was removed and is back"
    elif "create" in words.done and "remove" not in words.begun:
        assert exists, f"life {number} was made and is gone"
    if not exists:
        return
    entry = engine.containers.book.find(f"life-{number}")
    if words.certain and words.done[-1] == "start":
        assert entry.state is State.RUNNING, (number, words, entry.container)
    if words.certain and words.done[-1] == "stop":
        assert entry.state is State.EXITED, (number, words, entry.container)
    if entry.state is State.RUNNING:
        starts = words.done.count("start")
        await until(lambda: read_log(engine, entry.id).count(f"said {number}\n") >= max(starts, 1))
    if "start" in words.done:
        said = read_log(engine, entry.id).count(f"said {number}\n")
        assert words.done.count("start") - ("stop" in words.begun) <= said <= words.begun.count("start")
