"""Disks that go bad below a store in use: no more files, a quota used up, read-only from one moment to the next.

Meanwhile every refusal is a sentence that says so and the engine lives; when there is room again it goes on by itself;
and in the end, opened anew, all that was acknowledged is there. As root, for a user whom `tests/run` has made.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.cruel.powered import read_ledger
from tests.cruel.rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LIFE_SECONDS, _BAD_SECONDS, _AGAIN_SECONDS = 5.0, 10.0, 30.0
_EXT4 = ("mkfs.ext4", "-q", "-F")


@dataclass
class Kind:
    name: str
    size: int
    making: tuple[str, ...]
    options: str
    squeeze: str
    """A script in the namespace of the store, with its place and the device's name."""
    relieve: str
    says: str
    """What a refusal says meanwhile."""


KINDS = (
    Kind(
        "no more files", 384 << 20, (*_EXT4, "-N", "8192"), "",
        'mkdir -p "$1/filler"; n=0; while true >"$1/filler/$n"; do n=$((n+1)); done 2>/dev/null; test $n -gt 1',
        'rm -r "$1/filler"', r"disk is full",
    ),
    Kind(
        "a quota used up", 512 << 20, ("mkfs.btrfs", "-q", "-f"), "",
        'btrfs quota enable "$1"; btrfs quota rescan -w "$1"; sync -f "$1"; btrfs qgroup limit 16M 0/5 "$1"',
        'btrfs quota disable "$1"', r"disk is full",
    ),
    Kind(
        "read-only", 384 << 20, _EXT4, ",errors=remount-ro",
        'echo 1 >/sys/fs/ext4/$2/trigger_fs_error; while true >"$1/probe"; do sleep 0.1; done 2>/dev/null',
        "", r"read-only",
    ),
)  # fmt: skip


@dataclass
class Figures:
    refusals: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class BadDisks:
    def __init__(self, user: str, seed: int) -> None:
        self._user, self._seed = user, seed
        self.figures = Figures()

    def run(self) -> None:
        for number, kind in enumerate(KINDS):
            rig = Rig(self._user, self._seed + number)
            try:
                self._try(rig, kind, f"{self._seed}.{number}.")
            finally:
                rig.close()

    def _try(self, rig: Rig, kind: Kind, name: str) -> None:
        rig.make_disk(kind.size, *kind.making)
        process = rig.start("live", rig.disk, rig.ledger, name, options=kind.options)
        try:
            rig.wait_for_life(process, name)
            time.sleep(_LIFE_SECONDS)
            before = len(read_ledger(rig.ledger))
            self._do(rig, process.pid, kind.squeeze)
            time.sleep(_BAD_SECONDS)
            lines = read_ledger(rig.ledger)[before:]
            self._look_at(kind, [name for what, name, _, _ in lines if what == "refusal"])
            if process.poll() is not None:
                self._fault(kind, f"the engine ended with {process.returncode}: {rig.said()}")
            elif kind.relieve:
                self._do(rig, process.pid, kind.relieve)
                relieved = len(read_ledger(rig.ledger))
                if not _waited(lambda: _made(rig.ledger) > relieved):
                    self._fault(kind, "it does not go on when there is room again")
        finally:
            rig.kill_all()
            process.wait()
            rig.until_free(rig.disk)
        self.figures.faults += [f"{kind.name}: {words}" for words in rig.check(rig.disk, rig.ledger)]

    def _do(self, rig: Rig, pid: int, script: str) -> None:
        inside = ["nsenter", "--target", str(pid), "--mount", "sh", "-c", script, "sh"]
        done = subprocess.run(
            [*inside, str(rig.place), rig.device(rig.disk)], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{script}: {done.stderr}")

    def _look_at(self, kind: Kind, refusals: list[str]) -> None:
        said = self.figures.refusals[kind.name] = Counter(re.sub(r"[\w.]*\d+[\w.:-]*", "…", each) for each in refusals)
        if not said:
            self._fault(kind, "nobody noticed")
        for words in said:
            if not re.search(kind.says, words):
                self._fault(kind, f"it is told as “{words}”")

    def _fault(self, kind: Kind, words: str) -> None:
        self.figures.faults.append(f"{kind.name}: {words}")


def _made(ledger: Path) -> int:
    """At which line something was last made."""
    return max(
        number
        for number, (kind, _, deed, when) in enumerate(read_ledger(ledger))
        if kind != "refusal" and deed == "make" and when == "done"
    )


def _waited(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + _AGAIN_SECONDS
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
