"""The keeper's own loop in this very process, without namespaces: its wire, its bookkeeping, its workers and programs.

The engine's end is the real one. What is played is only that a process begins: the loop runs in a task of the test's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.sandbox import channel, closing
from engine.sandbox.client import Keeper
from engine.sandbox.ids import IdMapping, IdRange
from engine.sandbox.keeper import wire
from engine.sandbox.keeper.asked.setup import Setup
from engine.sandbox.keeper.namespaces import Namespaces
from engine.sandbox.keeper.server import Server

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    import pytest

    from engine.storage.paths import Paths

ONE_ID = IdMapping((IdRange(0, os.getuid(), 1),), (IdRange(0, os.getgid(), 1),))


@dataclass
class KeepersHere:
    """Started one after the other, whenever the engine's end wants one."""

    setups: list[Setup] = field(default_factory=list)
    """What each was told."""
    refusal: list[Any] = field(default_factory=list)
    """What the next says instead of serving."""
    taking_in: bool = True
    """False: what is asked waits, as when the keeper has much to do."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _channels: list[socket.socket] = field(default_factory=list)

    @property
    def begun(self) -> int:
        return len(self._channels)

    def launch(self, log: Path) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = wire.connect()
        with log.open("ab") as words:
            process = subprocess.Popen(["sleep", "1000"], stdout=words, start_new_session=True)
        self._channels.append(theirs)
        self._tasks.append(asyncio.get_running_loop().create_task(self._serve(theirs)))
        return process, ours

    def die(self) -> None:
        """As by a kill: in the middle of whatever it does."""
        self._tasks[-1].cancel()
        self._channels[-1].close()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self._channels:
            each.close()

    async def _serve(self, theirs: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(theirs, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(theirs)
        received = wire.receive(theirs)
        assert received is not None
        self.setups.append(Setup(*received[0]["setup"]))
        if self.refusal:
            wire.send(theirs, {"refused": self.refusal})
            return
        entered = Namespaces(joined=self.begun > 1, pin=os.getpid(), user=0, mount=0)
        server = Server(theirs, self.setups[-1], entered)
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        loop.add_signal_handler(signal.SIGCHLD, os.write, wake_write, b"x")
        try:
            server.begin(wake_read)
            going_on = True
            while going_on:
                await asyncio.sleep(0.001)  # it waits by a poll of its own, which cannot be awaited
                going_on = not self.taking_in or server.turn(0)
            theirs.close()
        finally:
            loop.remove_signal_handler(signal.SIGCHLD)
            os.close(wake_read)
            os.close(wake_write)


def keeper_here(paths: Paths, keepers: KeepersHere, monkeypatch: pytest.MonkeyPatch) -> Keeper:
    """The engine's end, of a store whose directories are there."""
    monkeypatch.setattr(channel, "launch", keepers.launch)
    closing.make_root(paths)
    closing.make_closed(paths, ONE_ID)
    for each in paths.owned_by_namespace:
        each.mkdir(parents=True, exist_ok=True)
    return Keeper(paths, ONE_ID)
