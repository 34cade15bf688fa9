"""Room kept back for deletions: taken for real, given up once, had again when there is plenty."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from engine.storage.reserve import Reserve

if TYPE_CHECKING:
    from pathlib import Path


def test_the_room_is_really_taken_and_nobody_else_s(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve")
    reserve.keep()
    facts = (tmp_path / "reserve").stat()
    assert facts.st_blocks * 512 >= facts.st_size > 0
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["reserve"]


def test_it_is_given_up_once_and_kept_again(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve")
    assert not reserve.release(), "there is none to give"
    reserve.keep()
    assert reserve.release()
    assert not reserve.release()
    reserve.keep()
    assert (tmp_path / "reserve").exists()


def test_a_store_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    Reserve(tmp_path / "gone" / "reserve").keep()
