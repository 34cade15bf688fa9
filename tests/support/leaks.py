"""After a system test nothing may be left: no process, mount, cgroup, network namespace or thread of that test.

"Of that test" is decided by evidence, never by name: a process counts if it descends from this one, or if its
environment, command line, working directory, root or mounts mention the test's own directories. So two runs on one
machine do not see each other, and a container counts however often it was re-parented.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GRACE_SECONDS = 15.0
"""How long what was told to end may take to be gone."""

kept_for_session: set[int] = set()
"""Processes that fixtures of a wider scope than one test have started; they and their children are no leaks."""


@dataclass(frozen=True)
class Baseline:
    """What was there before the test."""

    processes: frozenset[int]
    threads: frozenset[int]
    cgroups: frozenset[str]
    own_mounts: frozenset[str]


@dataclass
class Leaks:
    """What is still there after it, in words."""

    processes: dict[int, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.processes or self.lines)

    def __str__(self) -> str:
        return "\n".join([*(f"process {pid}: {words}" for pid, words in self.processes.items()), *self.lines])


def baseline() -> Baseline:
    return Baseline(
        processes=frozenset(_descendants()),
        threads=frozenset(thread.ident or 0 for thread in threading.enumerate()),
        cgroups=frozenset(_cgroups()),
        own_mounts=frozenset(_mount_points("self")),
    )


def find(before: Baseline, directories: Sequence[Path]) -> Leaks:
    """Wait until nothing is left or the grace is over, and say what is."""
    deadline = time.monotonic() + GRACE_SECONDS
    pause = 0.005
    while (leaks := _look(before, directories)) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
    return leaks


def clear(leaks: Leaks) -> None:
    """End what was left, so that one bad test does not spoil the next."""
    for pid in leaks.processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    for line in sorted(leaks.lines, reverse=True):  # a group goes after those in it
        kind, _, path = line.partition(" ")
        if kind == "cgroup":
            _remove_group(path)


def _remove_group(path: str) -> None:
    """A group is busy until the kernel has buried what was killed in it."""
    deadline = time.monotonic() + 5.0
    while os.path.isdir(path) and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            os.rmdir(path)
            return
        time.sleep(0.01)


def _look(before: Baseline, directories: Sequence[Path]) -> Leaks:
    marks = tuple(os.fsencode(path) for path in directories)
    descendants = _descendants()
    spared = before.processes | _closure(kept_for_session)
    leaks = Leaks()
    for pid in _pids():
        if pid == os.getpid() or pid in spared:
            continue
        if pid in descendants or _mentions(pid, marks):
            leaks.processes[pid] = _words(pid)
    leaks.lines += [
        f"thread {thread.name}"
        for thread in threading.enumerate()
        if thread.ident not in before.threads
        and thread.is_alive()
        # The loop's own pool ends with the loop, which closes after its last fixture.
        and not thread.name.startswith("asyncio_")
    ]
    leaks.lines += [f"cgroup {path}" for path in sorted(set(_cgroups()) - before.cgroups)]
    leaks.lines += [
        f"mount {point}"
        for point in sorted(set(_mount_points("self")) - before.own_mounts)
        if any(point.startswith(str(path)) for path in directories)
    ]
    return leaks


# --- processes ---


def _pids() -> Iterable[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _parents() -> dict[int, int]:
    parents = {}
    for pid in _pids():
        with contextlib.suppress(OSError, IndexError, ValueError):
            stat = Path(f"/proc/{pid}/stat").read_bytes()
            parents[pid] = int(stat.rpartition(b")")[2].split()[1])
    return parents


def _closure(roots: Iterable[int]) -> set[int]:
    """The given processes and everything below them."""
    found = set(roots)
    parents = _parents()
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def _descendants() -> set[int]:
    return _closure({os.getpid()}) - {os.getpid()}


def _mentions(pid: int, marks: Sequence[bytes]) -> bool:
    directory = f"/proc/{pid}"
    evidence = b""
    for name in ("cmdline", "environ"):
        with contextlib.suppress(OSError):
            evidence += Path(directory, name).read_bytes()
    for name in ("cwd", "root", "exe"):
        with contextlib.suppress(OSError):
            evidence += os.fsencode(os.readlink(f"{directory}/{name}")) + b"\0"
    with contextlib.suppress(OSError):
        # Only a namespace of its own tells anything; ours would accuse every neighbour.
        if os.readlink(f"{directory}/ns/mnt") != os.readlink("/proc/self/ns/mnt"):
            evidence += Path(directory, "mountinfo").read_bytes()
    return any(mark in evidence for mark in marks)


def _words(pid: int) -> str:
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        name, state = stat.partition("(")[2].rpartition(")")[0], stat.rpartition(")")[2].split()[0]
        return f"{command or name} (state {state})"
    return "(gone)"


# --- mounts and cgroups ---


def _mount_points(process: str) -> list[str]:
    """Mount points as paths; the kernel writes a space as a backslash and three octal digits."""
    lines = Path(f"/proc/{process}/mountinfo").read_bytes().splitlines()
    return [os.fsdecode(line.split()[4].decode("unicode_escape").encode("latin-1")) for line in lines]


def _cgroups() -> list[str]:
    """Every cgroup below the ones this process is in, over all hierarchies."""
    found: list[str] = []
    for top in own_cgroups():
        for directory, names, _ in os.walk(top):
            found += [os.path.join(directory, name) for name in names]
    return found


def own_cgroups() -> list[Path]:
    """Directories of the cgroups this process is in; only those it may write to, so never a machine's root."""
    places = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for base in _hierarchy_mounts(controllers):
            top = Path(base + path)
            # Without delegation nothing can be made below, and the root group holds everyone's.
            if path != "/" and top.is_dir() and os.access(top, os.W_OK):
                places.append(top)
    return places


def _hierarchy_mounts(controllers: str) -> list[str]:
    if not controllers:
        return ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
    name = controllers.removeprefix("name=")
    return [f"/sys/fs/cgroup/{name}"]
