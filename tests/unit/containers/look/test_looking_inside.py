"""Looked into from outside: commands, attachments, processes, changes, sizes, exports and why it ended."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import tarfile
from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.containers.look.exec import ExecTarget
from engine.errors import Code, Conflict, NotFound
from engine.types.containers import Exec, Mount, RestartPolicy, State
from tests.support.played_engine import create, listen, start, until_state

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container
    from tests.fakes.machine import MachineInMemory


def write_log(engine: EmbeddedEngine, container: Container, *lines: str) -> None:
    """As conmon writes it: when, which stream, whether the line is whole, and the line."""
    place = engine.paths.log(container.id)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as file:
        for line in lines:
            stream, _, text = line.partition(" ")
            file.write(f"2026-01-01T12:00:00.000000000+00:00 {stream} F {text}\n")


# --- commands ---


async def test_a_command_runs_inside_and_is_told_of(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, "web", env={"A": "1"}, workdir="/data")
    heard = listen(played_engine)
    session = await played_engine.containers.exec("web", Exec(command=("/bin/sh", "-c", "exit 3"), id="mine"))
    assert await session.exit_code() == 3
    assert heard == ["web exec_start: /bin/sh -c exit 3 execID=mine", "web exec_die execID=mine exitCode=3"]
    told = machine.executed[-1]
    assert (told["cwd"], "A=1" in told["env"]) == ("/data", True)
    target = played_engine.containers._looker.exec_target(played_engine.containers.book.find("web"))
    config = json.loads((played_engine.paths.container_run(running.id) / "config.json").read_bytes())
    assert target == ExecTarget(
        container_id=running.id, pid=running.pid, process=config["process"], cgroup_dirs=(),
        runtime=(str(played_engine.paths.root / "crun"), "--root", str(played_engine.paths.crun_root),
                 "--cgroup-manager=disabled"),
    )  # fmt: skip
    await played_engine.containers.stop("web")
    with pytest.raises(Conflict) as caught:
        await played_engine.containers.exec("web", Exec(command=("true",)))
    assert caught.value.docker == f"container {running.id} is not running"


async def test_an_end_of_a_command_in_one_that_is_gone_is_nobodys_business(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, "web")
    session = await played_engine.containers.exec("web", Exec(command=("/bin/sleep", "1000")))
    await played_engine.containers.remove("web", force=True)
    heard = listen(played_engine)
    await session.kill()
    assert await session.exit_code() == 137
    await asyncio.sleep(0)
    assert heard == []
    assert played_engine.containers.book.by_id(running.id) is None


# --- attached ---


async def test_who_attaches_hears_the_past_and_the_present(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, "web")
    write_log(played_engine, running, "stdout before", "stderr oh")
    run = played_engine.paths.container_run(running.id)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as conmon:
        conmon.bind(str(run / "attach"))
        conmon.listen()
        attached = await played_engine.containers.attach("web", stdin=True, logs=True)
        client, _ = conmon.accept()
        client.send(b"\2now")
        assert [await attached.read() for _ in range(3)] == [
            ("stdout", b"before\n"), ("stderr", b"oh\n"), ("stdout", b"now"),
        ]  # fmt: skip
        await attached.write(b"in")
        assert client.recv(100) == b"in"
        await attached.close()
        client.close()
    past = await played_engine.containers.attach("web", logs=True, stream=False)
    assert [await past.read() for _ in range(3)] == [("stdout", b"before\n"), ("stderr", b"oh\n"), None]
    await past.close()


async def test_who_attaches_before_the_start_waits_for_it(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    made = await create(played_engine, "web")
    attached = await played_engine.containers.attach("web")
    machine.refusal = "not today"
    with pytest.raises(Exception, match="could not be started"):
        await played_engine.containers.start("web")
    assert await attached.read() is None, "its start has failed"
    await attached.close()
    only_past = await played_engine.containers.attach("web", stream=False)
    assert await only_past.read() is None
    set_removing = played_engine.containers.book.find(made.id)
    set_removing.record = set_removing.record.with_container(state=State.REMOVING)
    with pytest.raises(Conflict):
        await played_engine.containers.attach("web")
    set_removing.record = set_removing.record.with_container(state=State.CREATED)


async def test_a_terminal_is_told_its_size_while_it_runs(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, "web", tty=True)
    control = played_engine.paths.container_run(running.id) / "ctl"
    os.mkfifo(control)
    fd = os.open(control, os.O_RDONLY | os.O_NONBLOCK)
    heard = listen(played_engine)
    await played_engine.containers.resize("web", 4, 5)
    assert os.read(fd, 100) == b"1 4 5\n"
    assert heard == ["web resize height=4 width=5"]
    os.close(fd)
    await played_engine.containers.stop("web")
    heard.clear()
    await played_engine.containers.resize("web", 4, 5)
    await played_engine.containers.tell("web", "rename-ish", {"a": "b"})
    assert heard == ["web rename-ish a=b"]


# --- processes ---


async def test_processes_have_names_of_the_inside_and_can_be_signalled(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, "web")
    passwd = played_engine.paths.rootfs(running.id) / "etc/passwd"
    passwd.write_text(f"inside:x:{os.getuid()}:0::/:\n")
    (process,) = await played_engine.containers.processes("web")
    assert (process.pid, process.user) == (running.pid, "inside")
    passwd.unlink()
    (process,) = await played_engine.containers.processes("web")
    assert process.user == str(os.getuid())
    with pytest.raises(NotFound, match="No process 1 runs"):
        await played_engine.containers.signal_process("web", 1, "TERM")
    await played_engine.containers.signal_process("web", running.pid, "KILL")
    await until_state(played_engine, running.id, State.EXITED)
    for ask in (
        played_engine.containers.processes("web"), played_engine.containers.signal_process("web", 1, "KILL"),
    ):  # fmt: skip
        with pytest.raises(Conflict) as caught:
            await ask
        assert str(caught.value) == "“web” does not run. Start it first."
        assert caught.value.subject == running.id


# --- files ---


async def test_what_was_never_started_has_changed_nothing(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, "web")
    assert len(await played_engine.containers.changes("web")) == 0
    size = await played_engine.containers.size("web")
    assert (size.writable, size.total > 0) == (0, True)
    assert (await played_engine.containers.suggest_dockerfile("web")).splitlines() == [
        f"FROM {made.image}", "# Nothing was changed that would belong in an image.",
    ]  # fmt: skip


async def test_changes_are_those_beside_mounts_and_make_a_dockerfile(
    played_engine: EmbeddedEngine, tmp_path: Path
) -> None:
    mount = Mount(kind="bind", source=str(tmp_path), target="/data/mine")
    running = await start(played_engine, "web", mounts=(mount,))
    root = played_engine.paths.rootfs(running.id)
    (root / "data/mine").mkdir()
    (root / "data/hello").write_text("other\n")
    (root / "etc/passwd").write_text((root / "etc/passwd").read_text() + "new:x:7:7::/home/new:/bin/sh\n")
    (root / "srv").mkdir()
    (root / "srv/app").write_text("x" * 1000)
    found = {each.path: (each.kind, each.size) for each in await played_engine.containers.changes("web")}
    assert found["/data/hello"] == ("changed", 6)
    assert found["/srv/app"] == ("added", 1000)
    assert found["/srv"] == ("added", 0)
    assert "/data/mine" not in found
    lines = (await played_engine.containers.suggest_dockerfile("web")).splitlines()
    assert "RUN useradd --no-create-home --uid 7 --home-dir /home/new --shell /bin/sh new" in lines
    assert "COPY files/srv /srv" in lines
    assert "#   docker cp web:/srv files/srv" in lines
    size = await played_engine.containers.size("web")
    assert size.writable >= 1000
    assert size.total > size.writable


async def test_an_export_is_all_of_its_files(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    made = await create(played_engine, "web")
    data = b"".join([piece async for piece in played_engine.containers.export("web")])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = {name.strip("./") for name in archive.getnames()}
    assert {"data/hello", "etc/passwd"} <= names
    assert str(played_engine.paths.rootfs(made.id)) not in {each.target for each in machine.mounted}


async def test_who_looks_last_gives_the_files_back(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    made = await create(played_engine, "web")
    entry, roots = played_engine.containers.book.find("web"), played_engine.containers._files.roots
    root = str(played_engine.paths.rootfs(made.id))

    def mounted() -> bool:
        return root in {each.target for each in machine.mounted}

    async with roots.hold(entry) as place:
        assert str(place) == root
        async with roots.hold(entry):
            assert roots.is_held(entry.id)
        assert (mounted(), roots.is_held(entry.id)) == (True, True)
        await roots.unmount(entry.id)
        assert mounted(), "somebody looks"
    assert (mounted(), roots.is_held(entry.id)) == (False, False)
    async with roots.hold(entry):
        await played_engine.containers.start("web")
    assert mounted(), "it is the running container's now"
    await played_engine.containers.stop("web")
    assert not mounted()


async def test_who_cannot_look_holds_nothing(played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    await create(played_engine, "web")
    entry, roots = played_engine.containers.book.find("web"), played_engine.containers._files.roots

    async def fail(*_: object, **__: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(roots._rootfs, "mount", fail)
    with pytest.raises(OSError, match="no"):
        async with roots.hold(entry):
            pass
    assert not roots.is_held(entry.id)


# --- why it ended ---


async def test_a_death_is_told_with_its_last_words(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, "web")
    with pytest.raises(Conflict) as caught:
        await played_engine.containers.death_report("web")
    assert str(caught.value) == "“web” has not ended yet."
    assert (caught.value.code, caught.value.subject) == (Code.WRONG_STATE, running.id)
    write_log(played_engine, running, "stdout fine", "stderr first", *(f"stderr line {n}" for n in range(40)))
    machine.end(running.id, 3)
    await until_state(played_engine, running.id, State.EXITED)
    report = await played_engine.containers.death_report("web")
    assert report.summary.startswith("“web” failed with code 3")
    assert report.stderr_tail == tuple(f"line {n}" for n in range(10, 40))
    assert (report.next_restart_seconds, report.changes_since_good_run) == (0.0, ())


async def test_without_errors_its_last_words_are_what_it_said(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, "web", env={"A": "1"})
    machine.end(running.id, 0)
    await until_state(played_engine, running.id, State.EXITED)
    entry = played_engine.containers.book.find("web")
    changed = entry.record.container.spec
    entry.record = entry.record.with_container(spec=msgspec.structs.replace(changed, env={"A": "2"}))
    write_log(played_engine, running, "stdout all", "stdout done")
    report = await played_engine.containers.death_report("web")
    assert report.stderr_tail == ("all", "done")
    assert report.changes_since_good_run == ("environment: A was 1, is 2",)


async def test_one_that_will_be_started_again_says_when(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    running = await start(played_engine, "web", restart=RestartPolicy(name="always"))
    entry = played_engine.containers.book.find("web")
    entry.record = entry.record.changed(failures=8)
    machine.end(running.id, 1)
    await until_state(played_engine, running.id, State.RESTARTING)
    assert (await played_engine.containers.death_report("web")).next_restart_seconds == 25.6
    await played_engine.containers.stop("web")
