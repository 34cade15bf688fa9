"""A builder on a machine in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.played_builder import Builder, give_commands

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory


@pytest.fixture
def builder(played_engine: EmbeddedEngine, machine: MachineInMemory, tmp_path: Path) -> Builder:
    give_commands(machine)
    return Builder(played_engine, tmp_path)
