"""A client on an engine in memory, each on its thread; the window's side is the test's own loop and Qt's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from gui.bridge import EngineClient
from tests.fakes.engine import FakeEngine, open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from PySide6.QtWidgets import QApplication

PATIENCE = 10.0
"""Seconds for what takes milliseconds: whoever waits longer waits for ever."""


class Side:
    """The window's side of the bridge: a client, what it told, and Qt's turn whenever something is waited for."""

    def __init__(self, qapp: QApplication, client: EngineClient, engine: FakeEngine) -> None:
        self.qapp, self.client, self.engine = qapp, client, engine
        self.told: list[str] = []
        for name in ("ready", "switched", "machines_changed", "capable", "stopped"):
            getattr(client, name).connect(lambda name=name: self.told.append(name))
        self.failures: list[BaseException] = []
        client.failed.connect(self.failures.append)
        self.changes: list[Any] = []
        client.changed.connect(self.changes.append)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.qapp.processEvents()
                await asyncio.sleep(0.001)

    async def turn(self) -> None:
        """Everything that was under way on both sides has arrived."""

        async def nothing(_engine: Any) -> None: ...

        await asyncio.wrap_future(self.client.submit(nothing))
        self.qapp.processEvents()


@pytest.fixture
async def side(qapp: QApplication) -> AsyncIterator[Side]:
    engine = await open_fake_engine(None)

    async def open_engine() -> Any:
        return engine

    client = EngineClient(open_engine)
    made = Side(qapp, client, engine)
    client.start()
    await made.until(lambda: client.is_ready)
    yield made
    client.stop()
    await made.until(client._thread.finished.done)
    assert client.join()
    client.deleteLater()
    qapp.processEvents()
