"""Changes as Dockerfile lines, and what is no change."""

from __future__ import annotations

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.containers.changes import changed_paths, suggest_dockerfile
from engine.containers.lending import is_static
from engine.containers.processes_list import signal_number
from engine.types.containers import ChangedPath


def _lines(*changes: tuple[str, str]) -> list[str]:
    found = [ChangedPath(path=path, kind=kind) for kind, path in changes]  # type: ignore[arg-type]
    return suggest_dockerfile("img:1", found, name="box").splitlines()


def test_packages_are_recognised_and_their_files_not_copied() -> None:
    lines = _lines(
        ("changed", "/var/lib/dpkg/status"),
        ("added", "/var/lib/dpkg/info/curl.list"),
        ("added", "/var/lib/dpkg/info/libcurl4:amd64.list"),
        ("added", "/usr/bin/curl"),
        ("added", "/var/lib/apt/lists/x"),
        ("added", "/opt/mine"),
    )
    assert lines[:2] == [
        "FROM img:1",
        "RUN apt-get update && apt-get install -y curl libcurl4 && rm -rf /var/lib/apt/lists/*",
    ]
    assert [line for line in lines if line.startswith("COPY")] == ["COPY files/opt/mine /opt/mine"]


def test_blanks_and_quotes() -> None:
    lines = _lines(("added", "/a b"), ("removed", "/it's"))
    assert 'COPY ["files/a b", "/a b"]' in lines
    assert "RUN rm -rf '/it'\"'\"'s'" in lines


def test_nothing_worth_keeping() -> None:
    assert "Nothing was changed" in _lines(("changed", "/tmp"), ("added", "/root/.ash_history"))[1]


class _Keeper:
    def __init__(self, tree: dict[str, list[tuple[str, int, int]]]) -> None:
        self._tree = tree

    async def list_directory(self, root: Path, path: str) -> list[Any]:
        return [
            SimpleNamespace(name=name, mode=mode, size=size, device=0) for name, mode, size in self._tree.get(path, [])
        ]


async def test_what_the_upper_directory_says() -> None:
    keeper: Any = _Keeper(
        {
            "/": [
                ("etc", stat.S_IFDIR, 0),
                ("gone", stat.S_IFCHR, 0),
                ("ghost", stat.S_IFCHR, 0),
                ("var", stat.S_IFDIR, 0),
            ],
            "/etc": [("hosts", stat.S_IFREG, 9), (".wh.old", stat.S_IFREG, 0), ("new", stat.S_IFREG, 5)],
            "/var": [("data", stat.S_IFDIR, 0)],
        }
    )
    found = await changed_paths(
        keeper, "/upper", in_image=lambda path: path in ("/etc", "/gone", "/var"), hidden=("/etc/hosts", "/var/data")
    )
    assert [(change.path, change.kind, change.size) for change in found] == [
        ("/etc", "changed", 0),
        ("/etc/new", "added", 5),
        ("/etc/old", "removed", 0),
        ("/gone", "removed", 0),
    ]


def test_signal_names() -> None:
    assert [signal_number(name) for name in ("TERM", "sigterm", "15")] == [15, 15, 15]


def test_a_static_program_is_told_from_others(tmp_path: Path) -> None:
    assert is_static(Path("/usr/bin/busybox"))
    assert not is_static(Path("/usr/bin/env"))
    (tmp_path / "script").write_text("#!/bin/sh\n")
    assert not is_static(tmp_path / "script")
