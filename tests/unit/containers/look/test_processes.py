"""What runs in a container, with numbers of both sides; and a signal to one of them. The processes are real ones."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from engine.containers.look import processes_list
from engine.containers.look.processes_list import (
    list_processes,
    member_pids,
    send_signal,
    signal_number,
    signal_process,
)
from engine.errors import InvalidRequest, NotFound, RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.sandbox.client import Keeper


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()


def until(pid: int, what: int) -> None:
    """It is over, or stopped, and not yet fetched."""
    os.waitid(os.P_PID, pid, what | os.WNOWAIT)


def group(place: Path, *pids: int) -> str:
    place.mkdir(parents=True, exist_ok=True)
    (place / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    return str(place)


# --- who is in it ---


def test_members_are_those_of_the_groups_and_of_groups_below(tmp_path: Path) -> None:
    top = group(tmp_path / "memory", 9, 0)
    group(tmp_path / "memory/below", 4, 9)
    empty = group(tmp_path / "pids")
    assert member_pids(1, [top]) == [4, 9]
    assert member_pids(1, [str(tmp_path / "gone"), empty, top]) == [4, 9]
    (tmp_path / "memory/cgroup.procs").write_text("no number\n")
    assert member_pids(1, [top]) == [4, 9]


def test_without_groups_it_is_the_first_process_and_all_below_it(tmp_path: Path) -> None:
    script = "sleep 1000 & sh -c 'sleep 1000 & echo ready; wait' & wait"
    with running("/bin/sh", "-c", script) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = member_pids(process.pid, [])
        assert len(found) == 4
        assert process.pid in found
        assert found == sorted(found)
    assert member_pids(process.pid, [group(tmp_path)]) == [process.pid], "nothing is known of who is gone"


async def test_a_process_is_told_with_all_there_is_to_know() -> None:
    begun = datetime.now(UTC)
    script = "/bin/sh -c 'echo ready; kill -STOP $$' & wait"
    with running("/bin/sh", "-c", script, "a b") as process:
        assert process.stdout is not None
        process.stdout.readline()
        states: list[str] = []
        while states != ["sleeping", "stopped"]:
            main, child = await list_processes(process.pid, [], user_names={os.getuid(): "me"})
            states = [main.state, child.state]
        assert (main.pid, main.container_pid, main.parent_pid) == (process.pid, process.pid, os.getpid())
        assert (child.parent_pid, child.command) == (process.pid, "/bin/sh -c echo ready; kill -STOP $$")
        assert main.command == f"/bin/sh -c {script} a b"
        assert (main.uid, main.user) == (os.getuid(), "me")
        assert main.cpu_percent >= 0
        assert main.cpu_seconds < 5
        assert main.memory % os.sysconf("SC_PAGE_SIZE") == 0
        assert 0 < main.memory < 1 << 30
        assert abs(main.started - begun) < timedelta(seconds=20)
    assert list(await list_processes(process.pid, [], user_names={})) == []


async def test_the_first_process_comes_first_and_who_has_no_name_a_number(tmp_path: Path) -> None:
    with running("/bin/sleep", "1000") as first, running("/bin/sleep", "1000") as second:
        place = group(tmp_path, first.pid, second.pid)
        found = await list_processes(second.pid, [place], user_names={})
        assert [each.pid for each in found] == [second.pid, first.pid]
        assert found[0].user == str(os.getuid())


async def test_one_that_is_over_and_not_yet_fetched_has_only_its_name() -> None:
    with running("/bin/true") as process:
        until(process.pid, os.WEXITED)
        (found,) = await list_processes(process.pid, [], user_names={})
        assert (found.state, found.command, found.memory) == ("zombie", "[true]", 0)


async def test_one_that_is_stopped_says_so_and_long_commands_are_cut() -> None:
    with running("/bin/sh", "-c", "while :; do sleep 1000; done", "x" * 5000) as process:
        process.send_signal(signal.SIGSTOP)
        until(process.pid, os.WSTOPPED)
        found = (await list_processes(process.pid, [], user_names={}))[0]
        assert (found.state, len(found.command)) == ("stopped", 4096)


# --- ids inside, and use of the processor ---


def test_ids_are_those_of_the_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = processes_list._UserMap(os.getpid())
    users._ranges = [(0, 1000, 1), (1, 100000, 1000)]
    assert [users.inside(each) for each in (1000, 100000, 100999, 101000, 5)] == [0, 1, 1000, 101000, 5]
    assert processes_list._UserMap(os.getpid()).inside(os.getuid()) in (os.getuid(), 0)
    assert processes_list._UserMap(2**22 + 1).inside(7) == 7, "who is gone has the ids of the host"


def test_use_is_that_since_the_last_look_and_of_the_whole_life_at_first() -> None:
    meter = processes_list._CpuMeter()
    assert meter.percent(1, 100.0, 5.0, 110.0) == 50.0
    assert meter.percent(1, 100.0, 6.0, 112.0) == 50.0
    assert meter.percent(1, 100.0, 6.0, 114.0) == 0.0
    assert meter.percent(1, 100.0, 5.0, 116.0) == 0.0, "a clock that was set back uses nothing"
    assert meter.percent(2, 100.0, 5.0, 110.0) == 50.0
    assert meter.percent(1, 200.0, 1.0, 210.0) == 10.0, "another process with the same number"


def test_two_looks_at_once_tell_of_the_whole_life() -> None:
    meter = processes_list._CpuMeter()
    meter.percent(1, 100.0, 5.0, 110.0)
    assert meter.percent(1, 100.0, 5.05, 110.1) == pytest.approx(50.0)
    assert meter.percent(1, 100.0, 5.1, 110.2) == pytest.approx(50.0, abs=1)
    assert meter.percent(3, 100.0, 0.0, 100.0) == 0.0, "one that begins just now"
    assert meter.percent(4, 100.0, 0.01, 100.0) == pytest.approx(100.0)


def test_who_was_not_looked_at_for_long_is_forgotten() -> None:
    meter = processes_list._CpuMeter()
    meter.percent(1, 100.0, 5.0, 110.0)
    meter.percent(2, 100.0, 5.0, 120.0)
    meter.forget(140.0)
    assert [key[0] for key in meter._seen] == [1, 2]
    meter.forget(141.0)
    assert [key[0] for key in meter._seen] == [2]


async def test_a_busy_process_is_told_from_a_resting_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes_list, "_meter", processes_list._CpuMeter())
    own = (await list_processes(os.getpid(), [], user_names={}))[0]
    assert own.cpu_seconds == pytest.approx(time.process_time(), abs=2)
    assert "python" in own.command


# --- signals ---


@pytest.mark.parametrize(
    ("name", "number"),
    [("TERM", 15), ("sigterm", 15), (" SigHup ", 1), ("15", 15), ("1", 1), ("64", 64), ("KILL", 9)],
)
def test_signals_by_name_and_number(name: str, number: int) -> None:
    assert signal_number(name) == number


@pytest.mark.parametrize("name", ["", "0", "65", "-9", "NOPE", "SIG"])
def test_signals_there_are_none_of(name: str) -> None:
    with pytest.raises(InvalidRequest, match=f"There is no signal {name}") as caught:
        signal_number(name)
    assert caught.value.subject == "signal"


async def test_a_process_of_the_container_is_signalled(keeper: Keeper, tmp_path: Path) -> None:
    with running("/bin/sleep", "1000") as process:
        place = group(tmp_path, os.getpid(), process.pid)
        await signal_process(keeper, os.getpid(), [place], target=process.pid, signal="HUP")
        assert process.wait() == -signal.SIGHUP


async def test_a_stranger_is_not(keeper: Keeper, tmp_path: Path) -> None:
    with running("/bin/sleep", "1000") as process:
        with pytest.raises(NotFound) as caught:
            await signal_process(keeper, os.getpid(), [group(tmp_path, 1)], target=process.pid, signal="KILL")
        assert str(caught.value) == f"No process {process.pid} runs in this container."
        assert caught.value.subject == str(process.pid)
        await send_signal(keeper, process.pid, signal.SIGKILL, still=lambda: False)
        assert process.poll() is None
        await send_signal(keeper, process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    await send_signal(keeper, process.pid, signal.SIGKILL)  # it is gone


@pytest.mark.parametrize(
    ("words", "story"),
    [
        ("Traceback\nPermissionError: no\n", "could not be signalled. PermissionError: no."),
        ("", "could not be signalled."),
        ("Traceback\nProcessLookupError: gone\n", ""),
    ],
)
async def test_a_signal_that_is_refused_says_why(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, words: str, story: str
) -> None:
    from engine.sandbox.programs import Completed

    given = []

    async def run(argv: list[str], *, pass_fds: dict[int, int]) -> Completed:
        given.append((argv[-1], list(pass_fds)))
        return Completed(1, b"", words.encode())

    monkeypatch.setattr(keeper, "run", run)
    pid = os.getpid()
    if not story:
        await send_signal(keeper, pid, 0)
    else:
        with pytest.raises(RuntimeFailure) as caught:
            await send_signal(keeper, pid, 0)
        assert str(caught.value) == f"Process {pid} {story}"
        assert caught.value.subject == str(pid)
    assert given == [("0", [3])]
