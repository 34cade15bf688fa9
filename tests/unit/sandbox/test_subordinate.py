"""Which ids a namespace gets, from the files and for the host's root."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from engine.sandbox import subordinate
from engine.sandbox.ids import IdMapping, IdRange

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user 1000 whose subid files are `tmp_path`'s."""
    real = subordinate.Path

    def moved(path: str) -> Path:
        return tmp_path / real(path).name

    monkeypatch.setattr(subordinate, "Path", moved)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(os, "getgid", lambda: 100)
    monkeypatch.setattr(subordinate.pwd, "getpwuid", lambda _uid: type("Entry", (), {"pw_name": "me"}))
    (tmp_path / "uid_map").write_text("         0          0 4294967295\n")
    return tmp_path


def test_a_user_with_ranges(host: Path) -> None:
    (host / "subuid").write_text("other:1:9\n# rem\nme:100000:65536\n1000:300000:10\nme:bad\n")
    (host / "subgid").write_text("me:200000:65536\n")

    assert subordinate.plan(host / "ids") == IdMapping(
        uids=(IdRange(0, 1000, 1), IdRange(1, 100000, 65536), IdRange(65537, 300000, 10)),
        gids=(IdRange(0, 100, 1), IdRange(1, 200000, 65536)),
    )


@pytest.mark.parametrize("missing", ["subuid", "subgid"])
def test_a_user_without_ranges_is_one_id(host: Path, missing: str) -> None:
    for name in ("subuid", "subgid"):
        (host / name).write_text("" if name == missing else "me:100000:65536\n")

    mapping = subordinate.plan(host / "ids")
    assert mapping.single_id
    assert (mapping.outside_uid(0), mapping.outside_uid(1)) == (1000, None)


def test_the_hosts_root_is_never_inside_and_keeps_its_range(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    (host / "subuid").write_text(f"x:{subordinate.FIRST_FREE}:65536\n")
    (host / "subgid").write_text("")

    mapping = subordinate.plan(host / "ids")
    assert mapping.uids == (IdRange(0, subordinate.FIRST_FREE + 65536, 65536),)
    (host / "subuid").write_text("")
    assert subordinate.plan(host / "ids") == mapping
    assert json.loads((host / "ids").read_text())

    (host / "subuid").write_text("root:100000:1000\nroot:200000:1000\n")
    (host / "subgid").write_text("root:100000:1000\n")
    monkeypatch.setattr(subordinate.pwd, "getpwuid", lambda _uid: type("Entry", (), {"pw_name": "root"}))
    assert subordinate.plan(host / "ids").uids == (IdRange(0, 100000, 1000), IdRange(1000, 200000, 1000))


def test_root_of_some_container_is_one_id(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    (host / "uid_map").write_text("         0       1000          1\n")
    assert subordinate.plan(host / "ids").single_id


@pytest.mark.parametrize(
    ("taken", "start"),
    [
        ([(-65536, 65536)], 0), ([(-65536, 65537)], 1), ([(65536, 10)], 0), ([(65535, 10)], 2),
        ([(0, 1), (2 * 65536 - 1, 5)], 3), ([], 0),
    ],
)  # fmt: skip
def test_a_range_for_root_begins_where_nobody_s_ids_are(
    host: Path, monkeypatch: pytest.MonkeyPatch, taken: list[tuple[int, int]], start: int
) -> None:
    """In steps of a whole range above what distributions hand out."""
    monkeypatch.setattr(os, "getuid", lambda: 0)
    first = subordinate.FIRST_FREE
    lines = [f"x:{first + at}:{count}" for at, count in taken]
    (host / "subuid").write_text("\n".join([*lines[:1], "no:thing", "x:1"]) + "\n")
    (host / "subgid").write_text("\n".join(lines[1:]) + "\n")
    assert subordinate.plan(host / "ids").uids[0].outside == first + start * 65536
