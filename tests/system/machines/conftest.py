"""Another machine: a store of its own behind a real sshd."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from engine.api.takeover import take_over
from tests.support.sshd import far_machine
from tests.system.api.conftest import Tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.support.sshd import FarMachine
    from tests.support.stores import ShortTmp


@pytest.fixture
async def far(make_short_tmp: Callable[[], ShortTmp], tmp_path: Path) -> AsyncIterator[FarMachine]:
    store = make_short_tmp()
    with far_machine(tmp_path / "far", store) as machine:
        yield machine
    if (store.run / "docker.sock").exists():
        there = Tool([sys.executable, "-m", "engine.cli"], environment(store, tmp_path), tmp_path)
        await there.try_("rm", "-f", *(await there("ps", "-aq")).split())
        assert await take_over(store.run / "docker.sock")


@pytest.fixture
async def near(far: FarMachine, short_tmp: ShortTmp, tmp_path: Path) -> AsyncIterator[Tool]:
    """The command on this computer, whose ssh finds the far machine."""
    variables = environment(short_tmp, tmp_path)
    variables["PATH"] = f"{far.path}:{os.environ['PATH']}"
    made = Tool([sys.executable, "-m", "engine.cli"], variables, tmp_path)
    yield made
    if (short_tmp.run / "docker.sock").exists():
        await made.try_("-c", "default", "rm", "-f", *(await made("-c", "default", "ps", "-aq")).split())
        assert await take_over(short_tmp.run / "docker.sock")


def environment(store: ShortTmp, home: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("WHERRY_")},
        "WHERRY_ROOT": str(store.root),
        "WHERRY_RUN": str(store.run),
        "WHERRY_IDLE_SECONDS": "60",
        "HOME": str(home),
        "PYTHONPATH": os.getcwd(),
    }
