"""A container that crun created is let go through its fifo; every doubt is left to crun."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.processes.crun import Crun

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def crun(tmp_path: Path) -> Crun:
    (tmp_path / "box").mkdir()
    os.mkfifo(tmp_path / "box" / "exec.fifo", 0o600)
    return Crun("/usr/bin/crun", tmp_path)


def test_who_waits_gets_its_byte_and_the_fifo_is_gone(crun: Crun, tmp_path: Path) -> None:
    waiting = os.open(tmp_path / "box" / "exec.fifo", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert crun.let_go("box")
        assert len(os.read(waiting, 2)) == 1
    finally:
        os.close(waiting)
    assert not (tmp_path / "box" / "exec.fifo").exists()


def test_where_nobody_waits_crun_is_asked(crun: Crun, tmp_path: Path) -> None:
    assert not crun.let_go("box")
    assert (tmp_path / "box" / "exec.fifo").exists()
    assert not crun.let_go("another")
