"""Commands in a running container, with pipes and with a terminal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.containers.look import lending
from engine.errors import Code, RuntimeFailure, WherryError
from engine.types.containers import ContainerSpec, CreateContainer, Exec, Security
from tests.support.images import BUSYBOX as BUSYBOX_PROGRAM
from tests.support.images import File, docker_archive, layer_tar
from tests.system.containers.conftest import run
from tests.system.watching.conftest import execute, read_all, read_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container


async def test_output_errors_and_exit_code(loaded: EmbeddedEngine, box: Container) -> None:
    assert await execute(loaded, "sh", "-c", "echo out; echo err >&2; exit 7") == (7, b"out\n", b"err\n")
    assert await execute(loaded, "true") == (0, b"", b"")
    assert (await execute(loaded, "sh", "-c", "kill -TERM $$"))[0] == 143


@pytest.mark.parametrize(
    ("command", "code", "exit_code"),
    [("no-such-thing", Code.COMMAND_NOT_FOUND, 127), ("/etc/passwd", Code.COMMAND_NOT_EXECUTABLE, 126)],
)
async def test_a_command_that_cannot_run(
    loaded: EmbeddedEngine, box: Container, command: str, code: Code, exit_code: int
) -> None:
    with pytest.raises(RuntimeFailure) as caught:
        await loaded.containers.exec("box", Exec(command=(command,)))
    assert caught.value.code is code
    assert caught.value.exit_code == exit_code


async def test_user_workdir_and_environment(loaded: EmbeddedEngine, box: Container) -> None:
    code, out, _ = await execute(
        loaded, "sh", "-c", "id; pwd; echo $COLOUR $HOME", user="web:staff", workdir="/tmp", env={"COLOUR": "blue"}
    )
    assert code == 0
    assert out.decode().splitlines() == ["uid=1000(web) gid=50(staff) groups=50(staff)", "/tmp", "blue /home/web"]


async def test_an_unknown_user_is_told(loaded: EmbeddedEngine, box: Container) -> None:
    with pytest.raises(WherryError) as caught:
        await loaded.containers.exec("box", Exec(command=("true",), user="nobody-of-that-name"))
    assert caught.value.code is Code.BAD_USER


async def test_an_exec_is_confined_as_the_container_is(loaded: EmbeddedEngine, box: Container) -> None:
    question = (
        "grep -E '^(Cap|NoNew|Seccomp)' /proc/%s/status; readlink /proc/%s/ns/mnt /proc/%s/ns/user /proc/%s/ns/pid"
    )
    _, own, _ = await execute(loaded, "sh", "-c", question.replace("%s", "self"))
    _, main, _ = await execute(loaded, "sh", "-c", question.replace("%s", "1"))
    assert own == main
    assert b"Seccomp:\t2" in own
    members = await loaded.containers.processes("box")
    assert len(members) == 1


async def test_privileged_has_all_capabilities_of_its_own_namespace(loaded: EmbeddedEngine, box: Container) -> None:
    _, plain, _ = await execute(loaded, "grep", "CapEff", "/proc/self/status")
    _, privileged, _ = await execute(loaded, "grep", "CapEff", "/proc/self/status", privileged=True)
    assert bin(int(privileged.split()[1], 16)).count("1") > bin(int(plain.split()[1], 16)).count("1") + 20


async def test_root_in_a_container_of_another_user(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sleep", "1000", name="box", user="web")
    _, root, _ = await execute(loaded, "grep", "CapEff", "/proc/self/status", user="root")
    _, web, _ = await execute(loaded, "grep", "CapEff", "/proc/self/status")
    assert int(root.split()[1], 16) == 0xA80425FB
    assert int(web.split()[1], 16) == 0


async def test_stdin_goes_in_and_ends(loaded: EmbeddedEngine, box: Container) -> None:
    session = await loaded.containers.exec("box", Exec(command=("cat",), stdin=True))

    async def write() -> None:
        await session.write(bytes(range(256)) * 2000)
        await session.close_stdin()

    writing = asyncio.create_task(write())
    out, _ = await read_all(session)
    await writing
    assert out == bytes(range(256)) * 2000
    assert await session.exit_code() == 0
    await session.close()


@pytest.mark.also_as_root
async def test_a_terminal(loaded: EmbeddedEngine, box: Container) -> None:
    session = await loaded.containers.exec("box", Exec(command=("sh",), tty=True, stdin=True, rows=10, columns=20))
    await session.write(b"stty size; tty; echo $TERM\n")
    assert b"10 20\r\n/dev/pts/0\r\nxterm-256color" in await read_until(session, b"xterm-256color\r\n")
    await session.resize(50, 132)
    await session.write(b"stty size\n")
    await read_until(session, b"50 132")
    await session.write(b"\x03")
    await session.write(b"exit 5\n")
    await read_all(session)
    assert await session.exit_code() == 5
    await session.close()


async def test_full_screen_programs(loaded: EmbeddedEngine, box: Container) -> None:
    session = await loaded.containers.exec(
        "box", Exec(command=("vi", "/tmp/new.txt"), tty=True, stdin=True, rows=24, columns=80)
    )
    await read_until(session, b"~")
    await session.write(b"ihello from vi")
    await read_until(session, b"vi")
    # An escape followed at once by a key would be that key with Alt.
    await session.write(b"\x1b")
    await read_until(session, b"new.txt")
    await session.write(b":wq\r")
    await read_all(session)
    assert await session.exit_code() == 0
    await session.close()
    assert await execute(loaded, "cat", "/tmp/new.txt") == (0, b"hello from vi\n", b"")


async def test_ctrl_c_reaches_the_program(loaded: EmbeddedEngine, box: Container) -> None:
    session = await loaded.containers.exec("box", Exec(command=("cat",), tty=True, stdin=True))
    await session.write(b"hello\n")
    await read_until(session, b"hello\r\nhello\r\n")
    await session.write(b"\x03")
    await read_all(session)
    assert await session.exit_code() == 130
    await session.close()


async def test_many_at_once(loaded: EmbeddedEngine, box: Container) -> None:
    answers = await asyncio.gather(*(execute(loaded, "sh", "-c", f"echo {n}; exit {n}") for n in range(20)))
    assert answers == [(n, f"{n}\n".encode(), b"") for n in range(20)]


async def test_kill_one(loaded: EmbeddedEngine, box: Container) -> None:
    session = await loaded.containers.exec("box", Exec(command=("sleep", "1000"), user="web"))
    assert any(process.pid == session.pid for process in await loaded.containers.processes("box"))
    await session.kill("TERM")
    assert await session.exit_code() == 143
    await session.close()


async def test_closing_leaves_the_process_to_itself(loaded: EmbeddedEngine, box: Container) -> None:
    session = await loaded.containers.exec("box", Exec(command=("sleep", "1000")))
    await session.close()
    assert any("sleep 1000" in one.command for one in await loaded.containers.processes("box") if one.pid != box.pid)


async def test_what_a_background_child_holds_open_is_not_waited_for(loaded: EmbeddedEngine, box: Container) -> None:
    async with asyncio.timeout(30):
        assert await execute(loaded, "sh", "-c", "sleep 1000 & echo on its way") == (0, b"on its way\n", b"")


async def test_a_shell_where_the_image_has_none(
    loaded: EmbeddedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield docker_archive(
            [layer_tar([File("busybox", BUSYBOX_PROGRAM.read_bytes(), 0o755), File("note", b"hi")])],
            reference="localhost/bare:1",
        )

    await loaded.images.load(stream()).result()
    spec = ContainerSpec(
        image="localhost/bare:1", command=("/busybox", "sleep", "1000"), network="none", stop_timeout=0.1,
        security=Security(read_only_root=True),
    )  # fmt: skip
    made = await loaded.containers.create(CreateContainer(spec=spec, name="box"))
    await loaded.containers.start(made.id)
    # busybox is there by its own name only: nothing is called sh.
    with pytest.raises(RuntimeFailure):
        await loaded.containers.exec("box", Exec(command=("sh", "-c", "true")))
    for _ in range(2):
        code, out, err = await execute(
            loaded, "sh", "-c", "cat /note; ls / | tr '\\n' ' '; touch /dev/.wherry/x", lend_shell=True
        )
        assert out.startswith(b"hi")
        assert b"busybox" in out
        # It stays, and is not lent anew.
        monkeypatch.setattr(lending, "_PROGRAM", tmp_path / "no such program")
        assert b"Read-only" in err
        assert code == 1
    assert await loaded.containers.changes("box") == []


async def test_a_command_that_begins_as_its_container_is_frozen_keeps_nobody_waiting(
    loaded: EmbeddedEngine, box: Container
) -> None:
    """It came into a group that stood still, and with it whoever waited for it to become a program."""
    entry = loaded.containers.book.find("box")
    group = loaded.containers.runtime.cgroup(entry.record)
    group.freeze(frozen=True)
    late = asyncio.create_task(execute(loaded, "echo", "late"))
    try:
        other = await run(loaded, "sleep", "1000", name="other")
        assert not late.done()
    finally:
        group.freeze(frozen=False)
    assert await late == (0, b"late\n", b"")
    await loaded.containers.remove(other.id, force=True)
