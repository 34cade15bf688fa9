"""Room kept back for deletions: taken for real, given up once, had again when there is plenty."""

from __future__ import annotations

import os
import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING

from engine.storage.reserve import Reserve

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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


def test_of_a_small_disk_only_a_share_is_kept_and_of_a_full_one_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk(blocks: int, free: int) -> SimpleNamespace:
        return SimpleNamespace(f_blocks=blocks, f_frsize=1024, f_bavail=free)

    path = tmp_path / "reserve"
    sizes = {}
    for name, found in {
        "large": disk(1 << 30, 1 << 29), "small": disk(3200, 3200), "just enough": disk(3200, 400),
        "too little": disk(3200, 399), "full": disk(1 << 30, 0),
    }.items():  # fmt: skip
        monkeypatch.setattr(os, "statvfs", lambda _, found=found: found)
        Reserve(path).keep()
        sizes[name] = path.stat().st_size if path.exists() else 0
        Reserve(path).release()
    assert sizes == {"large": 4 << 20, "small": 100 << 10, "just enough": 100 << 10, "too little": 0, "full": 0}


def test_room_that_is_not_there_after_all_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "posix_fallocate", full)
    Reserve(tmp_path / "reserve").keep()
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) == before
