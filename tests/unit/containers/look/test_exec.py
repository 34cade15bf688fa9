"""One more command in a container: what crun is told of it, and what goes in and comes out."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers.look.exec import ExecTarget, Executor
from engine.errors import Code, Conflict, InvalidRequest, RuntimeFailure
from engine.types.confinement import ALL_CAPABILITIES
from engine.types.containers import Exec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.containers.look.exec import RunningExec
    from engine.sandbox.client import Keeper
    from tests.fakes.machine import MachineInMemory
    from tests.support.stores import ShortTmp

PROCESS: dict[str, Any] = {
    "args": ["serve"],
    "terminal": True,
    "consoleSize": {"height": 1, "width": 1},
    "env": ["PATH=/usr/bin:/bin", "A=container", "HOME=/root", "E="],
    "cwd": "/srv",
    "user": {"uid": 7, "gid": 8, "umask": 18},
    "capabilities": {
        "bounding": ["CAP_KILL"], "effective": [], "permitted": [], "inheritable": [], "ambient": ["CAP_KILL"],
    },
    "noNewPrivileges": True,
    "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}],
}  # fmt: skip


class Box:
    """A running container as an executor sees it."""

    def __init__(self, keeper: Keeper, machine: MachineInMemory, place: Path) -> None:
        self.root = place / "box"
        (self.root / "etc").mkdir(parents=True)
        (self.root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/home/web:/bin/sh\n")
        (self.root / "etc/group").write_text("staff:x:50:web\n")
        self.pid = machine.begin("c" * 64, self.root).process.pid
        self.machine = machine
        self.keeper = keeper
        self.executor = Executor(keeper, scratch=place / "scratch")
        self.process = PROCESS

    async def start(self, *command: str, **more: Any) -> RunningExec:
        target = ExecTarget(
            container_id="c" * 64,
            pid=self.pid,
            runtime=("crun", "--root", "/r", "--cgroup-manager=disabled"),
            process=self.process,
        )
        return await self.executor.exec(target, Exec(command=command, **more))

    async def told(self, **more: Any) -> dict[str, Any]:
        """What crun is told."""
        assert await (await self.start("/bin/true", **more)).exit_code() == 0
        return self.machine.executed[-1]


@pytest.fixture
async def box(keeper: Keeper, machine: MachineInMemory, short_tmp: ShortTmp) -> AsyncIterator[Box]:
    found = Box(keeper, machine, short_tmp.path)
    yield found
    await found.executor.close()


async def everything(session: RunningExec) -> dict[str, bytes]:
    said = {"stdout": b"", "stderr": b""}
    while (piece := await session.read()) is not None:
        said[piece[0]] += piece[1]
    return said


# --- what crun is told ---


async def test_a_command_is_what_the_container_is_but_for_what_was_asked(box: Box) -> None:
    assert await box.told() == {
        **{key: value for key, value in PROCESS.items() if key != "consoleSize"},
        "args": ["/bin/true"],
        "terminal": False,
    }
    assert PROCESS["args"] == ["serve"], "the container's own is left alone"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"env": {"A": "own", "N": ""}}, {"env": ["PATH=/usr/bin:/bin", "A=own", "HOME=/root", "E=", "N="]}),
        ({"workdir": "/x"}, {"cwd": "/x"}),
        ({"workdir": "sub"}, {"cwd": "/srv/sub"}),
        (
            {"lend_shell": True},
            {"env": ["PATH=/usr/bin:/bin:/dev/.wherry", "A=container", "HOME=/root", "E="]},
        ),
        (
            {"privileged": True},
            {
                "noNewPrivileges": False,
                "capabilities": {
                    kind: list(ALL_CAPABILITIES) for kind in ("bounding", "effective", "permitted", "inheritable")
                },
            },
        ),
        (
            {"user": "web"},
            {
                "user": {"uid": 1000, "gid": 1001, "additionalGids": [50, 1001]},
                "env": ["PATH=/usr/bin:/bin", "A=container", "HOME=/home/web", "E="],
                "capabilities": {
                    "bounding": ["CAP_KILL"], "effective": [], "permitted": [], "inheritable": [], "ambient": [],
                },
            },
        ),
        (
            {"user": "0:staff"},
            {
                "user": {"uid": 0, "gid": 50, "additionalGids": [50]},
                "env": ["PATH=/usr/bin:/bin", "A=container", "HOME=/root", "E="],
                "capabilities": {
                    "bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"], "inheritable": [],
                    "ambient": [],
                },
            },
        ),
    ],
)  # fmt: skip
async def test_what_was_asked_changes_just_that(box: Box, asked: dict[str, Any], told: dict[str, Any]) -> None:
    plain = await box.told()
    assert await box.told(**asked) == plain | told


async def test_a_terminal_is_told_its_size_and_its_kind(box: Box) -> None:
    session = await box.start("/bin/true", tty=True, rows=24, columns=80)
    await session.exit_code()
    told = box.machine.executed[-1]
    assert (told["terminal"], told["consoleSize"]) == (True, {"height": 24, "width": 80})
    assert told["env"][-1] == "TERM=xterm-256color"
    for rows, columns in ((0, 80), (24, 0)):
        await (await box.start("/bin/true", tty=True, rows=rows, columns=columns)).exit_code()
        assert "consoleSize" not in box.machine.executed[-1]
    await (await box.start("/bin/true", rows=24, columns=80)).exit_code()
    assert "consoleSize" not in box.machine.executed[-1]
    box.process = PROCESS | {"env": ["TERM=vt100"]}
    await (await box.start("/bin/true", tty=True)).exit_code()
    assert box.machine.executed[-1]["env"] == ["TERM=vt100"]


async def test_what_a_container_does_not_say_is_the_root(box: Box) -> None:
    box.process = {}
    assert await box.told(workdir="x", user="web") == {
        "args": ["/bin/true"],
        "terminal": False,
        "user": {"uid": 1000, "gid": 1001, "additionalGids": [50, 1001]},
        "env": ["HOME=/home/web"],
        "cwd": "/x",
    }


async def test_an_image_without_accounts_knows_numbers_only(box: Box) -> None:
    (box.root / "etc/passwd").unlink()
    (box.root / "etc/group").unlink()
    assert (await box.told(user="5:6"))["user"] == {"uid": 5, "gid": 6, "additionalGids": [6]}
    with pytest.raises(InvalidRequest) as caught:
        await box.start("/bin/true", user="web")
    assert caught.value.code is Code.BAD_USER


# --- what goes in and comes out ---


async def test_output_errors_and_the_code(box: Box) -> None:
    session = await box.start("/bin/sh", "-c", "echo out; echo err >&2; exit 7", id="mine")
    assert await everything(session) == {"stdout": b"out\n", "stderr": b"err\n"}
    assert (await session.exit_code(), session.id) == (7, "mine")
    assert len((await box.start("/bin/true")).id) == 64


async def test_who_is_ended_by_a_signal_has_dockers_code_for_it(box: Box) -> None:
    session = await box.start("/bin/sh", "-c", "kill -TERM $$")
    ended: list[int] = []
    session.when_ended(ended.append)
    assert await session.exit_code() == 143
    await asyncio.sleep(0)
    assert ended == [143]


async def test_what_is_written_arrives_and_ends_where_it_is_closed(box: Box) -> None:
    session = await box.start("/bin/cat", stdin=True)
    await session.write(b"one ")
    await session.write(b"two")
    await session.close_stdin()
    assert await everything(session) == {"stdout": b"one two", "stderr": b""}
    assert await session.exit_code() == 0
    await session.write(b"nobody reads that")


async def test_without_stdin_a_command_has_none(box: Box) -> None:
    session = await box.start("/bin/cat")
    await session.write(b"lost")
    await session.close_stdin()
    assert await everything(session) == {"stdout": b"", "stderr": b""}


async def test_a_terminal_has_its_size_and_changes_it(box: Box) -> None:
    session = await box.start("/bin/sh", "-c", "read a; stty size; read b; stty size", tty=True, rows=11, columns=22)
    await session.write(b"\n")
    said = b""
    while b"11 22" not in said:
        piece = await session.read()
        assert piece is not None
        assert piece[0] == "stdout"
        said += piece[1]
    await session.resize(33, 44)
    await session.close_stdin()
    await session.write(b"\n")
    assert b"33 44" in (await everything(session))["stdout"]
    assert await session.exit_code() == 0
    await session.close()
    await session.resize(1, 1)
    await session.write(b"gone")


async def test_pipes_have_no_size(box: Box) -> None:
    session = await box.start("/bin/cat", stdin=True)
    await session.resize(3, 4)
    await session.close()
    await session.exit_code()
    assert await session.read() is None


async def test_a_command_is_killed(box: Box) -> None:
    session = await box.start("/bin/sleep", "1000")
    await session.kill()
    assert await session.exit_code() == 128 + signal.SIGKILL
    await session.kill()
    other = await box.start("/bin/sleep", "1000")
    await other.kill("SIGHUP")
    assert await other.exit_code() == 128 + signal.SIGHUP


async def test_an_engine_that_leaves_lets_commands_go_on(box: Box) -> None:
    session = await box.start("/bin/sleep", "1000")
    ended: list[int] = []
    session.when_ended(ended.append)
    try:
        await box.executor.close()
        os.kill(session.pid, 0)
        assert ended == []
        assert await session.read() is None
    finally:
        os.kill(session.pid, signal.SIGKILL)


# --- what does not start ---


async def test_a_command_of_no_words_is_none(box: Box) -> None:
    with pytest.raises(InvalidRequest, match="no command"):
        await box.start()


@pytest.mark.parametrize(
    ("said", "code", "exit_code", "docker"),
    [
        (
            "executable file `x` not found in $PATH: No such file or directory",
            Code.COMMAND_NOT_FOUND,
            127,
            'OCI runtime exec failed: exec failed: exec: "x": executable file not found in $PATH',
        ),
        ("something else is wrong", Code.RUNTIME, 126, ""),
    ],
)
async def test_what_crun_refuses_is_told_in_dockers_words(
    box: Box, said: str, code: Code, exit_code: int, docker: str
) -> None:
    box.machine.refusal = said
    before = len(os.listdir("/proc/self/fd"))
    for tty in (False, True):
        with pytest.raises(RuntimeFailure) as caught:
            await box.start("x", tty=tty, stdin=True)
        error = caught.value
        assert (error.code, error.exit_code, error.docker) == (code, exit_code, docker)
    await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) <= before, "nothing is left open"


async def test_a_container_that_ends_in_between_is_told_as_one(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(*_: object, **__: object) -> object:
        raise OSError(19, "No such device")

    monkeypatch.setattr(box.keeper, "spawn", gone)
    with pytest.raises(Conflict, match="has just ended") as caught:
        await box.start("/bin/true")
    assert caught.value.code is Code.WRONG_STATE


# --- a shell for who has none ---


async def test_a_shell_is_lent_once(box: Box) -> None:
    for _ in range(2):
        await box.told(lend_shell=True)
    assert os.path.basename(os.readlink(box.root / "dev/.wherry/busybox")).startswith("busybox")
    assert box.machine.asked.count("Spawn") == 3, "one lends, two run"


async def test_a_shell_that_cannot_be_lent_says_why(box: Box) -> None:
    box.machine.refusal = "OSError: the kernel says no"
    with pytest.raises(RuntimeFailure) as caught:
        await box.start("sh", lend_shell=True)
    assert str(caught.value) == "No shell could be lent to the container. OSError: the kernel says no."
    assert caught.value.details == "first\nOSError: the kernel says no"
