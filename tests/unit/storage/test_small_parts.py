"""What the store stands on: a file system that bears it, names that are on disk, trees that hold nothing, drivers."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, HostError, StorageError
from engine.storage.bearing import require_bearing
from engine.storage.drivers import OwnerChange, changed_places
from engine.storage.flushing import flush_names
from engine.storage.holding import holds_nothing

if TYPE_CHECKING:
    from collections.abc import Callable


# --- a file system that bears a store ---


def test_an_ordinary_disk_bears_a_store_and_nothing_of_the_trial_is_left(tmp_path: Path) -> None:
    require_bearing(tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "number", "told"),
    [
        ("mkdir", errno.EPERM, "no directory can be made (Operation not permitted)"),
        ("symlink", errno.EPERM, "no symbolic link can be made (Operation not permitted)"),
        ("link", errno.EPERM, "a file cannot have two names (Operation not permitted)"),
        ("chmod", errno.EPERM, "the mode of a file cannot be changed (Operation not permitted)"),
    ],
)
def test_what_a_camera_s_card_cannot_do_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, told: str
) -> None:
    monkeypatch.setattr(os, call, _refusing(number))
    with pytest.raises(HostError) as refused:
        require_bearing(tmp_path)

    assert refused.value.explanation == f"In {tmp_path}, {told}, which layers and volumes need."
    assert refused.value.subject == str(tmp_path)
    assert "WHERRY_ROOT" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_mode_that_does_not_stay_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "chmod", lambda *_, **__: None)
    with pytest.raises(HostError, match="the mode of a file cannot be changed, which"):
        require_bearing(tmp_path)


def test_a_disk_that_knows_no_capitals_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path, **_: path.name == "ONE" or there(path))
    with pytest.raises(HostError, match="“a” and “A” are the same name"):
        require_bearing(tmp_path)


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, Code.DISK_FULL), (errno.EROFS, Code.DISK_READ_ONLY)])
def test_a_disk_without_room_is_not_blamed_for_what_it_could_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: Code
) -> None:
    monkeypatch.setattr(os, "mkdir", _refusing(number))
    with pytest.raises(StorageError) as refused:
        require_bearing(tmp_path)

    assert refused.value.code is code
    assert refused.value.explanation == f"{tmp_path}: {os.strerror(number)}."


def _refusing(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


# --- small questions ---


def test_names_are_on_disk_in_each_of_the_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    before = set(os.listdir("/proc/self/fd"))
    (tmp_path / "other").mkdir()

    flush_names(tmp_path, tmp_path / "other")

    assert flushed == [tmp_path.stat().st_ino, (tmp_path / "other").stat().st_ino]
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_tree_of_empty_directories_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "data" / "inner").mkdir(parents=True)
    assert holds_nothing(tmp_path)


@pytest.mark.parametrize("thing", ["file", "link to a directory", "link to nothing"])
def test_a_tree_with_anything_in_it_holds_something(tmp_path: Path, thing: str) -> None:
    inner = tmp_path / "data" / "inner"
    inner.mkdir(parents=True)
    if thing == "file":
        (inner / "x").touch()
    else:
        (inner / "x").symlink_to("/" if thing == "link to a directory" else "/no/such")
    assert not holds_nothing(tmp_path)


def test_what_cannot_be_looked_into_is_not_called_empty(tmp_path: Path) -> None:
    assert not holds_nothing(tmp_path / "gone")


# --- owners that are shown as others ---


@pytest.mark.parametrize(
    ("own", "count", "ranges"),
    [
        (0, 65536, [(0, 0, 1), (1, 1, 65535)]),
        (1, 65536, [(0, 1, 1), (1, 0, 1), (2, 2, 65534)]),
        (1000, 65536, [(0, 1000, 1), (1, 1, 999), (1000, 0, 1), (1001, 1001, 64535)]),
        (3, 4, [(0, 3, 1), (1, 1, 2), (3, 0, 1)]),
        (0, 1, [(0, 0, 1)]),
    ],
)
def test_root_and_one_other_change_places_and_all_others_stay(
    own: int, count: int, ranges: list[tuple[int, int, int]]
) -> None:
    assert changed_places(own, count) == ranges
    assert OwnerChange(own, 0, count).ranges(own) == ranges
    assert sorted(id_ for _, shown, many in ranges for id_ in range(shown, shown + many)) == list(range(count))
