"""The stand-in starts conmon where the container's groups are, and says in its file what it did before it does it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers import restarter

if TYPE_CHECKING:
    from pathlib import Path

CONMON = """
import json, os, sys
open("seen.json", "w").write(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ), "leads": os.getsid(0) == os.getpid(),
    "standard": [os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)],
}))
os.write(int(os.environ["_OCI_SYNCPIPE"]), sys.argv[1].encode())
"""


class Bundle:
    """A container that has ended, and a conmon that says what it is told to."""

    def __init__(self, place: Path, said: str) -> None:
        self.place = place
        for name in ("pid", "conmon.pid", "ctl", "attach", "winsz"):
            (place / name).write_text("old")
        (place / "conmon.py").write_text(CONMON)
        (place / "supervisors").mkdir()
        (place / "cgroup").mkdir()
        (place / "state").mkdir()
        (place / "exit").write_text("0\n")
        self.document: dict[str, Any] = {
            "policy": "always",
            "maximum": 0,
            "failures": 4,
            "restarts": 1,
            "started": 0.0,
            "bundle": str(place),
            "conmon": [sys.executable, "-IS", str(place / "conmon.py"), said],
            "environment": {"A": "1"},
            "supervisors": [str(place / "supervisors")],
            "cgroups": [str(place / "cgroup")],
            "state": str(place / "state"),
            "exit_file": str(place / "exit"),
            "start": ["/bin/sh", "-c", 'echo "$A started" >started; echo said >&2'],
        }

    def read(self, name: str) -> str:
        return (self.place / name).read_text()


@pytest.mark.parametrize(
    ("said", "lives"),
    [
        ('{"pid": 7}\n', True),
        ('{"data": 7}\n', True),
        ('{"pid": -1, "message": "no"}\n', False),
        ('{"pid": 0}\n', False),
        ("{}\n", False),
        ("[]\n", False),
        ("odd\n", False),
        ("", False),
    ],
)
def test_conmon_is_started_as_the_engine_would(tmp_path: Path, said: str, *, lives: bool) -> None:
    bundle = Bundle(tmp_path, said)
    found = restarter.start_conmon(bundle.document)
    pid = int(bundle.read("conmon.pid"))
    os.waitpid(pid, 0)
    assert found == (pid if lives else 0)
    assert not any((tmp_path / name).exists() for name in ("pid", "ctl", "attach", "winsz"))
    seen = json.loads(bundle.read("seen.json"))
    assert (seen["argv"], seen["cwd"], seen["leads"]) == ([said], str(tmp_path), True)
    assert seen["environment"].items() >= {"A": "1", "_OCI_SYNCPIPE": "3"}.items()
    assert seen["standard"] == ["/dev/null"] * 3
    procs = tmp_path / "supervisors/cgroup.procs"
    assert (procs.read_text() if procs.exists() else "") == (str(pid) if lives else "")


def test_a_start_is_noted_before_and_the_container_let_go_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Bundle(tmp_path, '{"pid": 7}\n')
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "restart.json"
    path.write_text(json.dumps(bundle.document))
    monkeypatch.setattr(restarter.time, "sleep", lambda _: None)
    restarter.main(str(path), str(tmp_path / "presence"))
    os.waitpid(int(bundle.read("conmon.pid")), 0)
    after = json.loads(path.read_text())
    assert (after["restarts"], after["failures"]) == (2, 1), "its run was a good one"
    assert bundle.read("started") == "1 started\n"
    assert bundle.read("restart.log") == "said\n"
    assert bundle.read("cgroup/cgroup.procs") == "0"
    assert bundle.read("supervisors/cgroup.procs") == "0", "it does not stay in the container's groups"
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "exit").exists()
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith("restart")) == [
        "restart.json", "restart.lock", "restart.log",
    ]  # fmt: skip


def test_what_cannot_be_created_is_not_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = Bundle(tmp_path, '{"pid": -1}\n')
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "restart.json"
    bundle.document["started"] = restarter.time.time()
    restarter.restart(str(path), bundle.document)
    os.waitpid(int(bundle.read("conmon.pid")), 0)
    assert not (tmp_path / "started").exists()
    after = json.loads(path.read_text())
    assert (after["restarts"], after["failures"]) == (2, 5)
    assert abs(after["started"] - restarter.time.time()) < 60


def test_groups_that_cannot_be_entered_wait_for_the_next_engine(tmp_path: Path) -> None:
    bundle = Bundle(tmp_path, "")
    bundle.document["cgroups"] = [str(tmp_path / "cgroup"), str(tmp_path / "gone")]
    restarter.restart(str(tmp_path / "restart.json"), bundle.document)
    assert bundle.read("supervisors/cgroup.procs") == "0"
    assert bundle.read("restart.log").startswith("not restarted: its control groups cannot be entered: [Errno 2]")
    assert (tmp_path / "exit").exists()
    assert not (tmp_path / "restart.json").exists()


def test_pauses_double_up_to_a_minute() -> None:
    assert [restarter.delay(each) for each in (0, 1, 9, 10, 20, 10_000)] == [0.1, 0.2, 51.2, 60.0, 60.0, 60.0]
