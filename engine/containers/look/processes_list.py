"""The processes of a container: host and container numbers, owner, CPU, memory; and a signal for one of them."""

from __future__ import annotations

import asyncio
import os
import signal as signals
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.errors import InvalidRequest, NotFound, RuntimeFailure
from engine.types.containers import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST_COMMAND = 4096
_SHORTEST_SECONDS = 0.2
"""Over less time than this, ticks of 10 ms say nothing."""
_FORGET_SECONDS = 30.0
_SIGNAL_CODE = "import signal, sys; signal.pidfd_send_signal(3, int(sys.argv[1]))"
_STATES = {
    "R": "running", "S": "sleeping", "D": "waiting for the disk", "Z": "zombie", "T": "stopped", "t": "traced",
    "I": "idle", "X": "dead",
}  # fmt: skip


async def list_processes(pid: int, cgroup_dirs: Sequence[str], *, user_names: dict[int, str]) -> Sequence[Process]:
    """Everything in the container's control groups, or below `pid` where there are none, main process first.

    The programs of the engine that hold a terminal open are there too, but not inside: they are left out.

    `user_names` maps uids *inside* the container to names; give {} to have numbers.
    """
    return await asyncio.to_thread(_listed, pid, list(cgroup_dirs), user_names)


async def signal_process(keeper: Keeper, pid: int, cgroup_dirs: Sequence[str], *, target: int, signal: str) -> None:
    """Signal one process by its host number. Raises `NotFound` where it is none of the container's."""
    number = signal_number(signal)
    if target not in await asyncio.to_thread(member_pids, pid, list(cgroup_dirs)):
        raise NotFound(f"No process {target} runs in this container", subject=str(target))
    await send_signal(keeper, target, number, still=lambda: target in member_pids(pid, list(cgroup_dirs)))


def signal_number(name: str) -> int:
    """ "TERM", "SIGTERM", "term" or "15"."""
    text = name.strip().upper()
    if text.isdigit() and 0 < int(text) < signals.NSIG:
        return int(text)
    known = signals.Signals.__members__.get("SIG" + text.removeprefix("SIG"))
    if known is None:
        raise InvalidRequest(f"There is no signal {name}", subject="signal")
    return int(known)


async def send_signal(keeper: Keeper, pid: int, number: int, *, still: Callable[[], bool] = lambda: True) -> None:
    """Signal a process that may belong to any user of the namespace; a process that is gone is no failure.

    The descriptor is opened first and `still` asked then, so that the number cannot come to mean a stranger.
    """
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not still():
            return
        done = await keeper.run([sys.executable, "-SIc", _SIGNAL_CODE, str(number)], pass_fds={3: pidfd})
    finally:
        os.close(pidfd)
    if done.code != 0 and b"ProcessLookupError" not in done.stderr:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RuntimeFailure(f"Process {pid} could not be signalled", words[-1] if words else "", subject=str(pid))


def member_pids(pid: int, cgroup_dirs: Sequence[str]) -> list[int]:
    """Host numbers of everything in the container."""
    for directory in cgroup_dirs:
        found: set[int] = set()
        for place, _, files in os.walk(directory):
            if "cgroup.procs" in files:
                found.update(_numbers(f"{place}/cgroup.procs"))
        if found:
            return sorted(found - {0})
    return sorted({pid, *_descendants(pid)})


def _numbers(path: str) -> Iterator[int]:
    try:
        with open(path, "rb") as file:
            yield from map(int, file.read().split())
    except (OSError, ValueError):
        return


def _descendants(pid: int) -> Iterator[int]:
    for child in _numbers(f"/proc/{pid}/task/{pid}/children"):
        yield child
        yield from _descendants(child)


def _listed(pid: int, cgroup_dirs: Sequence[str], user_names: dict[int, str]) -> list[Process]:
    now, boot = time.time(), time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    users = _UserMap(pid)
    _meter.forget(now)
    depth = len(_numbers_inside(pid))
    found = [
        process
        for one in member_pids(pid, cgroup_dirs)
        if len(_numbers_inside(one)) >= depth
        and (process := _read(one, now=now, boot=boot, users=users, names=user_names)) is not None
    ]
    return sorted(found, key=lambda process: (process.pid != pid, process.pid))


def _numbers_inside(pid: int) -> list[str]:
    """The numbers of a process, from our namespace inwards: fewer than the main process has, and it is not inside."""
    try:
        lines = _text(f"/proc/{pid}/status").splitlines()
    except OSError:
        return []
    return next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])


class _UserMap:
    """Uids as the host has them to uids as the container has them."""

    def __init__(self, pid: int) -> None:
        self._ranges: list[tuple[int, int, int]] = []
        try:
            with open(f"/proc/{pid}/uid_map", encoding="ascii") as file:
                self._ranges = [
                    (int(inside), int(outside), int(count)) for inside, outside, count in map(str.split, file)
                ]
        except (OSError, ValueError):
            pass

    def inside(self, uid: int) -> int:
        for inside, outside, count in self._ranges:
            if outside <= uid < outside + count:
                return inside + uid - outside
        return uid


class _CpuMeter:
    """CPU use of processes since they were last looked at; over their whole life at the first look."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, float], tuple[float, float]] = {}

    def percent(self, pid: int, started: float, seconds: float, now: float) -> float:
        key = (pid, round(started, 1))
        at, before = self._seen.get(key, (started, 0.0))
        if now - at < _SHORTEST_SECONDS and key in self._seen:
            at, before = started, 0.0
        else:
            self._seen[key] = (now, seconds)
        return 100.0 * max(0.0, seconds - before) / max(now - at, 1.0 / _TICKS)

    def forget(self, now: float) -> None:
        for key in [key for key, (at, _) in self._seen.items() if now - at > _FORGET_SECONDS]:
            del self._seen[key]


_meter = _CpuMeter()


def _read(pid: int, *, now: float, boot: float, users: _UserMap, names: dict[int, str]) -> Process | None:
    try:
        stat = _text(f"/proc/{pid}/stat")
        status = dict(line.partition(":")[::2] for line in _text(f"/proc/{pid}/status").splitlines())
        command = _text(f"/proc/{pid}/cmdline").rstrip("\0").replace("\0", " ")
    except OSError:
        return None  # ended meanwhile
    name, _, rest = stat.partition("(")[2].rpartition(")")
    fields = rest.split()
    if len(fields) < 22:
        return None
    seconds = (int(fields[11]) + int(fields[12])) / _TICKS
    started = boot + int(fields[19]) / _TICKS
    uid = users.inside(int(status.get("Uid", "0").split()[0]))
    inner = status.get("NSpid", "").split()
    return Process(
        pid=pid,
        container_pid=int(inner[-1]) if inner else pid,
        parent_pid=int(fields[1]),
        user=names.get(uid, str(uid)),
        uid=uid,
        state=_STATES.get(fields[0], fields[0]),
        cpu_percent=_meter.percent(pid, started, seconds, now),
        cpu_seconds=seconds,
        memory=int(fields[21]) * _PAGE,
        started=datetime.fromtimestamp(started, UTC),
        command=command[:_MOST_COMMAND] or f"[{name}]",
    )


def _text(path: str | Path) -> str:
    with open(path, "rb") as file:
        return file.read(65536).decode("utf-8", "replace")
