"""A start: what the runtime and conmon are told of a container that lies in the store, and what stops one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine.containers import restarter
from engine.containers.run import planning, starting
from engine.containers.run.planning import host_name, read_text, real_source, with_address
from engine.containers.run.starting import Stopwatch, host_pid, read_line
from engine.errors import Code, Conflict, InvalidRequest, RuntimeFailure, StorageError
from engine.sandbox.ids import IdMapping, IdRange
from engine.types.containers import (
    LogLimits,
    Mount,
    Resources,
    RestartPolicy,
    Security,
    State,
)
from tests.support.played_engine import IMAGE, create, start, until_state

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory


INTERPRETER = str(Path(sys.executable).resolve())
is_there = os.path.isdir


def config(engine: EmbeddedEngine, container_id: str) -> dict[str, Any]:
    """What the runtime was told."""
    made: dict[str, Any] = json.loads((engine.paths.container_run(container_id) / "config.json").read_bytes())
    return made


def mounts(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["destination"]: each for each in document["mounts"]}


def with_ids(engine: EmbeddedEngine) -> None:
    """An account that has subordinate ids."""
    ranges = (IdRange(0, os.getuid(), 1), IdRange(1, 100_000, 65_535))
    engine.keeper.ids = IdMapping(ranges, ranges)


# --- what is in it ---


async def test_volumes_folders_and_images_are_where_they_were_asked_for(
    played_engine: EmbeddedEngine, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "sub").mkdir()
    running = await start(
        played_engine,
        mounts=(
            Mount(kind="volume", source="data", target="/data"),
            Mount(kind="volume", source="bare", target="/data/deep", copy_up=False, read_only=True),
            Mount(kind="volume", source="data", target="/sub", subpath="."),
            Mount(kind="bind", source=str(tmp_path / "link"), target="/mine", propagation="rslave"),
            Mount(kind="image", source=IMAGE, target="/image"),
            Mount(kind="image", source=IMAGE, target="/part", subpath="data"),
            Mount(kind="tmpfs", target="/t", tmpfs_size=5, tmpfs_mode=0o700, tmpfs_options=("exec",), read_only=True),
        ),
    )  # fmt: skip
    found = mounts(config(played_engine, running.id))
    data, bare = [await played_engine.volumes.get(name) for name in ("data", "bare")]
    assert found["/data"] == {
        "destination": "/data", "type": "bind", "source": data.mountpoint, "options": ["rbind", "rw", "rprivate"],
    }  # fmt: skip
    assert (Path(data.mountpoint) / "hello").read_text() == "hello\n", "what the image has there is in a new volume"
    assert (found["/data/deep"]["source"], found["/data/deep"]["options"]) == (
        bare.mountpoint,
        ["rbind", "ro", "rprivate"],
    )
    assert os.listdir(bare.mountpoint) == []
    assert Path(found["/sub"]["source"]) == Path(data.mountpoint)
    assert (found["/mine"]["source"], found["/mine"]["options"]) == (str(tmp_path), ["rbind", "rw", "rslave"])
    assert (Path(found["/image"]["source"]) / "data/hello").exists()
    assert found["/image"]["options"] == ["rbind", "ro", "rprivate"]
    assert (Path(found["/part"]["source"]) / "hello").exists()
    assert found["/t"]["options"] == ["nosuid", "nodev", "ro", "mode=700", "size=5", "exec"]
    await played_engine.containers.stop(running.id)


async def test_a_folder_that_is_gone_by_then_is_named(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    made = await create(played_engine, mounts=(Mount(kind="bind", source=str(folder), target="/x"),))
    folder.rmdir()
    with pytest.raises(InvalidRequest) as caught:
        await played_engine.containers.start(made.id)
    error = caught.value
    assert str(error) == (
        f"There is nothing at {folder} any more. It is mounted at /x. Put it back, or edit the container."
    )
    assert (error.code, error.subject) == (Code.MOUNT_SOURCE_MISSING, str(folder))
    kept = await played_engine.containers.get(made.id)
    assert (kept.state, kept.exit) == (State.CREATED, None)


async def test_its_command_runs_as_what_the_image_and_the_request_say(played_engine: EmbeddedEngine) -> None:
    with_ids(played_engine)
    running = await start(
        played_engine, "one", user="web", extra_groups=("50",), env={"A": "1"}, workdir="made/here", hostname="box",
        domainname="lan", tty=True, init=True, resources=Resources(oom_score_adj=7), cgroup_mode="host",
    )  # fmt: skip
    told = config(played_engine, running.id)
    process = told["process"]
    assert process["args"][1:] == ["--", "serve"]
    assert process["cwd"] == "/made/here"
    assert (played_engine.paths.rootfs(running.id) / "made/here").is_dir()
    assert (process["user"]["uid"], process["user"]["gid"]) == (1000, 1000)
    assert process["user"]["additionalGids"] == [50, 1000]
    assert {"A=1", "HOME=/home/web", "HOSTNAME=box", "TERM=xterm"} <= set(process["env"])
    assert told["hostname"] == "box"
    assert told["root"]["path"] == str(played_engine.paths.rootfs(running.id))
    assert told["annotations"]["io.wherry.id"] == running.id
    assert "cgroup" not in {each["type"] for each in told["linux"]["namespaces"]}
    assert Path(mounts(told)["/run/.wherry-init"]["source"]).name == "catatonit"
    assert told["linux"]["sysctl"]["net.ipv4.ping_group_range"] == "0 65535"


async def test_with_one_id_only_everybody_is_root(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "anna")
    for options in ({"user": "web"}, {"user": "0:50"}):
        made = await create(played_engine, **options)
        with pytest.raises(InvalidRequest) as caught:
            await played_engine.containers.start(made.id)
        error = caught.value
        assert error.title.startswith("The container wants to run as user ")
        assert error.title.endswith(", and there is only one user")
        assert (error.code, error.explanation) == (Code.BAD_USER, "This account has no subordinate ids.")
        assert error.hint == (
            "Ask an administrator for them: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 anna"
        )
    unknown = await create(played_engine, user="nobody-of-that-name")
    with pytest.raises(InvalidRequest, match="There is no user"):
        await played_engine.containers.start(unknown.id)
    assert (await start(played_engine, user="0:0")).state is State.RUNNING


async def test_with_keep_id_the_user_inside_is_you(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    with_ids(played_engine)
    keep = Security(user_namespace="keep-id")
    running = await start(
        played_engine, user="web", security=keep, driver="overlay",
        mounts=(Mount(kind="bind", source=str(tmp_path), target="/x", ownership="idmap"),),
    )  # fmt: skip
    told = config(played_engine, running.id)
    assert told["linux"]["uidMappings"][0] == {"containerID": 0, "hostID": 1000, "size": 1}
    assert told["linux"]["gidMappings"][0] == {"containerID": 0, "hostID": 1000, "size": 1}
    assert mounts(told)["/sys"]["type"] == "bind"
    assert mounts(told)["/x"]["options"] == ["rbind", "rw", "rprivate"], "who is you needs no other owner"
    for user in ("0", "70000", "1:70000"):
        told = config(played_engine, (await start(played_engine, user=user, security=keep, driver="overlay")).id)
        assert "uidMappings" not in told["linux"]


async def test_owners_are_shown_as_the_user_that_works_there(played_engine: EmbeddedEngine, tmp_path: Path) -> None:
    with_ids(played_engine)
    mount = Mount(kind="bind", source=str(tmp_path), target="/x", ownership="idmap")
    for user, options in (("web", 4), ("0", 3), ("0:5", 4)):
        running = await start(played_engine, user=user, mounts=(mount,))
        found = mounts(config(played_engine, running.id))["/x"]["options"]
        assert len(found) == options, user
        if user == "web":
            assert found[-1].startswith("idmap=uids=0-1000-1#")
    plain = await start(played_engine, user="web", mounts=(Mount(kind="bind", source=str(tmp_path), target="/x"),))
    assert len(mounts(config(played_engine, plain.id))["/x"]["options"]) == 3


async def test_owners_are_changed_once_and_remembered(
    played_engine: EmbeddedEngine, machine: MachineInMemory, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    mount = Mount(kind="bind", source=str(tmp_path), target="/x", ownership="chown")
    with_ids(played_engine)
    mine = os.getuid(), os.getgid()  # whom everybody may give their files
    made = await create(played_engine, mounts=(mount,), user=f"{mine[0]}:{mine[1]}")
    for _ in range(2):
        await played_engine.containers.start(made.id)
        await played_engine.containers.stop(made.id)
    memory = played_engine.paths.container(made.id) / "new-owners.json"
    assert json.loads(memory.read_text()) == [[str(tmp_path), *mine]]
    plain = await start(played_engine, mounts=(Mount(kind="bind", source=str(tmp_path), target="/x"),))
    assert not (played_engine.paths.container(plain.id) / "new-owners.json").exists(), "nobody asked for it"


# --- its files of names ---


async def test_it_is_told_who_it_is(played_engine: EmbeddedEngine) -> None:
    running = await start(
        played_engine, "web", hostname="box", domainname="lan", extra_hosts=("db:10.0.0.9",), network_aliases=("www",),
        dns=("9.9.9.9",), dns_search=("corp",), dns_options=("x",),
    )  # fmt: skip
    run = played_engine.paths.container_run(running.id)
    found = mounts(config(played_engine, running.id))
    for name in ("hosts", "resolv.conf", "hostname"):
        assert found[f"/etc/{name}"]["source"] == str(run / name)
        assert (run / name).stat().st_mode & 0o777 == 0o644
    lines = (run / "hosts").read_text().splitlines()
    assert "10.0.0.9\tdb" in lines
    assert lines[-1].split("\t")[1] == "box.lan box web www"
    assert (run / "hostname").read_text() == "box\n"
    assert (run / "resolv.conf").read_text() == "nameserver 9.9.9.9\nsearch corp\noptions x\n"


async def test_a_container_on_the_hosts_network_has_the_hosts_name_and_servers(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning.resolvers, "host_text", lambda: "nameserver 127.0.0.53\n")
    monkeypatch.setattr(planning, "default_gateway", lambda: "192.168.1.1")
    running = await start(played_engine, network="host", extra_hosts=("up:host-gateway",))
    run = played_engine.paths.container_run(running.id)
    assert (run / "hostname").read_text() == f"{os.uname().nodename}\n"
    assert (run / "resolv.conf").read_text() == "nameserver 127.0.0.53\n"
    assert "127.0.0.1\tup" in (run / "hosts").read_text().splitlines()
    plain = await start(played_engine, network="host")
    assert "host.docker.internal" not in (played_engine.paths.container_run(plain.id) / "hosts").read_text()
    told = config(played_engine, running.id)
    assert "network" not in {each["type"] for each in told["linux"]["namespaces"]}
    assert mounts(told)["/sys"]["type"] == "bind"
    assert running.ports == ()


async def test_without_a_network_the_hosts_servers_are_told_as_they_are(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning.resolvers, "host_text", lambda: "nameserver 127.0.0.53\n")
    running = await start(played_engine)
    run = played_engine.paths.container_run(running.id)
    assert (run / "resolv.conf").read_text() == "nameserver 127.0.0.53\n"
    spaces = {each["type"]: each for each in config(played_engine, running.id)["linux"]["namespaces"]}
    assert spaces["network"]["path"] == str(played_engine.paths.netns(running.id))


# --- shared with another ---


async def test_namespaces_of_another_are_joined_while_it_runs(played_engine: EmbeddedEngine) -> None:
    main = await start(played_engine, "main")
    joined = await start(
        played_engine, network="container:main", pid_mode="container:main", ipc_mode=f"container:{main.id}"
    )
    told = config(played_engine, joined.id)
    spaces = {each["type"]: each.get("path") for each in told["linux"]["namespaces"]}
    proc = f"/proc/{main.pid}/ns"
    assert (spaces["network"], spaces["pid"], spaces["ipc"]) == (f"{proc}/net", f"{proc}/pid", f"{proc}/ipc")
    for name in ("hosts", "resolv.conf", "hostname"):
        theirs = str(played_engine.paths.container_run(main.id) / name)
        assert mounts(told)[f"/etc/{name}"]["source"] == theirs
    assert mounts(told)["/sys"]["type"] == "sysfs"
    await played_engine.containers.stop("main")
    for kind, mode in (("network", "network"), ("pid", "pid_mode"), ("ipc", "ipc_mode")):
        made = await create(played_engine, **{mode: "container:main"})
        with pytest.raises(Conflict) as caught:
            await played_engine.containers.start(made.id)
        assert str(caught.value) == (
            f"The container “main” does not run. Its {kind} namespace was to be shared. Start that one first."
        )
        assert (caught.value.code, caught.value.subject) == (Code.WRONG_STATE, main.id)


async def test_namespaces_of_the_host_are_left_out(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, pid_mode="host", ipc_mode="host", uts_mode="host")
    told = config(played_engine, running.id)
    assert {each["type"] for each in told["linux"]["namespaces"]} == {"mount", "network"}
    assert "hostname" not in told
    places = {"/dev/mqueue", "/dev/shm"}
    assert places & set(mounts(told)) == {each for each in places if is_there(each)}


# --- what conmon is told, and the stand-in ---


def options(call: tuple[str, ...]) -> dict[str, str]:
    return {word: call[at + 1] for at, word in enumerate(call[:-1]) if word.startswith("--")}


async def test_conmon_is_told_where_all_is(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    running = await start(played_engine, "one")
    call, paths = machine.containers[running.id].call, played_engine.paths
    told = options(call)
    assert (told["--cid"], told["--name"], told["--bundle"]) == (
        running.id, "one", str(paths.container_run(running.id)),
    )  # fmt: skip
    assert told["--log-path"] == f"k8s-file:{paths.log(running.id)}"
    assert (told["--exit-dir"], told["--runtime"]) == (str(paths.exits), str(paths.root / "crun"))
    assert f"--runtime-arg={paths.crun_root}" in call
    assert not {"--terminal", "--stdin", "--leave-stdin-open"} & set(call)
    assert told["--exit-command"] == str(paths.container_run(running.id) / "sh")
    arguments = [word.partition("=")[2] for word in call if word.startswith("--exit-command-arg=")]
    assert arguments == [
        "-c", '[ -e "$1" ] || exit 0; exec "$2" -I -S "$3" "$1" "$4"', "wherry-restart",
        str(paths.container_run(running.id) / "restart.json"), INTERPRETER,
        restarter.__file__, str(paths.presence),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"tty": True}, {"--terminal"}),
        ({"stdin_open": True}, {"--stdin", "--leave-stdin-open"}),
        ({"stdin_open": True, "stdin_once": True}, {"--stdin"}),
    ],
)
async def test_conmon_is_told_of_terminals_and_input(
    played_engine: EmbeddedEngine, machine: MachineInMemory, asked: dict[str, bool], words: set[str]
) -> None:
    running = await start(played_engine, **asked)
    assert {"--terminal", "--stdin", "--leave-stdin-open"} & set(machine.containers[running.id].call) == words


async def test_logs_have_their_bounds_or_are_not_kept(played_engine: EmbeddedEngine, machine: MachineInMemory) -> None:
    sizes = []
    for log in (LogLimits(max_bytes=1 << 30, max_files=3), LogLimits(max_bytes=1 << 30, max_files=5)):
        running = await start(played_engine, log=log)
        sizes.append(int(options(machine.containers[running.id].call)["--log-size-max"]))
    assert sizes[0] < sizes[1]
    none = await start(played_engine, log=LogLimits(driver="none"))
    assert options(machine.containers[none.id].call)["--log-path"] == "off"


async def test_who_may_be_started_again_has_a_stand_in_that_knows_all(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    policy = RestartPolicy(name="on-failure", maximum_retries=3)
    running = await start(played_engine, restart=policy)
    paths, run = played_engine.paths, played_engine.paths.container_run(running.id)
    document = json.loads((run / "restart.json").read_text())
    assert abs(document.pop("started") - time.time()) < 100
    assert document.pop("environment")["PATH"]
    assert document == {
        "id": running.id,
        "policy": "on-failure",
        "maximum": 3,
        "failures": 0,
        "restarts": 0,
        "conmon": list(machine.containers[running.id].call),
        "bundle": str(run),
        "cgroups": [],
        "supervisors": [],
        "exit_file": str(paths.exits / running.id),
        "state": str(paths.crun_root / running.id),
        "start": [
            str(paths.root / "crun"), "--root", str(paths.crun_root), "--cgroup-manager=disabled", "start", running.id,
        ],
    }  # fmt: skip
    assert os.readlink(run / "sh") == "/bin/sh"
    assert sorted(path.name for path in run.iterdir() if "restart" in path.name) == ["restart.json"]
    await played_engine.containers.stop(running.id)
    assert not (run / "sh").is_symlink()
    assert not (run / "restart.json").exists()
    plain = await start(played_engine)
    assert not (played_engine.paths.container_run(plain.id) / "restart.json").exists()


# --- the start itself ---


async def test_a_started_container_tells_how_it_began(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, "one", driver="")
    running = await played_engine.containers.start(made.id)
    steps = [name for name, _ in running.timing.steps]
    assert set(steps) == {"network namespace", "network", "mount", "configure", "create", "start"} - {"network"}
    assert steps[-1] == "start"
    assert running.started is not None
    assert running.started >= made.created
    assert (running.ports, running.cgroup, running.unenforced) == ((), "", ())
    record = played_engine.containers.book.find("one").record
    assert (record.run.pid, record.run.pasta_pid, record.stop_wanted) == (running.pid, 0, False)
    assert record.run.boot == played_engine.containers.runtime.boot
    assert record.run.conmon_pid > 0


async def test_limits_that_cannot_be_kept_are_told(played_engine: EmbeddedEngine) -> None:
    running = await start(played_engine, resources=Resources(memory=64 << 20, pids=5))
    assert running.unenforced == ("memory limit", "process limit")


@pytest.mark.parametrize(
    ("said", "code", "exit_code"),
    [
        ("exec container process `/x`: Permission denied", Code.COMMAND_NOT_EXECUTABLE, 126),
        ("", Code.RUNTIME, 125),
    ],
)
async def test_a_start_that_fails_is_kept_with_its_reason(
    played_engine: EmbeddedEngine, machine: MachineInMemory, said: str, code: Code, exit_code: int
) -> None:
    first = await start(played_engine, restart=RestartPolicy(name="always"))
    await played_engine.containers.stop(first.id)
    machine.refusal = said or "odd"
    with pytest.raises(RuntimeFailure) as caught:
        await played_engine.containers.start(first.id)
    assert caught.value.code is code
    kept = await played_engine.containers.get(first.id)
    assert kept.exit is not None
    assert (kept.state, kept.pid, kept.exit.code, kept.exit.error) == (
        State.EXITED, 0, exit_code, str(caught.value),
    )  # fmt: skip
    assert machine.mounted == []
    machine.refusal = ""
    assert (await played_engine.containers.start(first.id)).state is State.RUNNING


async def test_what_the_machine_refuses_is_told_as_one_error(
    played_engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await create(played_engine)

    async def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/store/x")

    monkeypatch.setattr(starting, "give", refuse)
    with pytest.raises(StorageError) as caught:
        await played_engine.containers.start(made.id)
    assert caught.value.code is Code.DISK_FULL
    assert "The container could not be started: /store/x cannot be written." in str(caught.value)
    assert (await played_engine.containers.get(made.id)).state is State.CREATED


async def test_a_runtime_that_has_no_words_may_have_had_no_disk(
    played_engine: EmbeddedEngine, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "refusal_of", lambda place: 28)
    machine.refusal = "something failed"
    made = await create(played_engine)
    with pytest.raises(StorageError) as caught:
        await played_engine.containers.start(made.id)
    assert caught.value.code is Code.DISK_FULL
    assert "something failed" in caught.value.details


async def test_what_an_earlier_run_left_is_not_taken_for_this_one(
    played_engine: EmbeddedEngine, machine: MachineInMemory
) -> None:
    made = await start(played_engine)
    machine.end(made.id, 3)
    await until_state(played_engine, made.id, State.EXITED)
    run, paths = played_engine.paths.container_run(made.id), played_engine.paths
    for name in ("ctl", "attach", "winsz"):
        (run / name).write_text("old")
    (paths.exits / made.id).write_text("9")
    (paths.crun_root / made.id).mkdir()
    (paths.crun_root / made.id / "old").touch()
    await played_engine.containers.start(made.id)
    assert not any((run / name).exists() for name in ("ctl", "attach", "winsz"))
    assert not (paths.exits / made.id).exists()
    assert not (paths.crun_root / made.id / "old").exists()
    await asyncio.sleep(0)
    assert (await played_engine.containers.get(made.id)).state is State.RUNNING


# --- the small parts ---


def test_a_stopwatch_tells_what_ran_beside_what(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1.0, 1.5, 2.0, 3.25])
    monkeypatch.setattr(starting.time, "perf_counter", lambda: next(clock))
    watch = Stopwatch()
    with watch.step("outer"), watch.step("inner"):
        pass
    timing = watch.timing()
    assert timing.steps == (("inner", 500.0), ("outer", 2250.0))
    assert timing.begun == (500.0, 0.0)
    assert timing.total_ms == 2250.0


def test_a_pid_stands_in_its_file_or_in_what_was_said(tmp_path: Path) -> None:
    assert host_pid(tmp_path / "pid", 7) == 7
    (tmp_path / "pid").write_text("9\n")
    assert host_pid(tmp_path / "pid", 7) == 9
    (tmp_path / "pid").write_text("x")
    assert host_pid(tmp_path / "pid", 7) == 7


async def test_an_answer_ends_at_its_line_or_with_the_pipe() -> None:
    for pieces, close, wanted in (((b"a", b"b\nc"), False, b"ab\nc"), ((b"ab",), True, b"ab"), ((), True, b"")):
        read_end, write_end = os.pipe()
        reading = asyncio.ensure_future(read_line(read_end, 20))
        for piece in pieces:
            os.write(write_end, piece)
            await asyncio.sleep(0.001)
        if close:
            os.close(write_end)
        assert await reading == wanted
        os.close(read_end)
        if not close:
            os.close(write_end)


async def test_an_answer_that_does_not_come_is_told() -> None:
    read_end, write_end = os.pipe()
    with pytest.raises(RuntimeFailure) as caught:
        await read_line(read_end, 0.01)
    assert str(caught.value) == "The container was not created in time. conmon gave no answer."
    os.close(read_end)
    os.close(write_end)


def test_small_files_and_places(tmp_path: Path) -> None:
    assert read_text(str(tmp_path / "nothing")) == ""
    (tmp_path / "file").write_bytes(b"a\xff" + b"x" * (1 << 20))
    text = read_text(str(tmp_path / "file"))
    assert (text[:3], len(text)) == ("a\ufffdx", 1 << 20)
    (tmp_path / "link").symlink_to("file")
    assert real_source(str(tmp_path / "link")) == str(tmp_path / "file")
    assert real_source(str(tmp_path / "nothing")) == ""
    assert with_address({"A": "at $(WHERRY_ADDRESS)", "B": "x"}, "") == {"A": "at $(WHERRY_ADDRESS)", "B": "x"}


async def test_a_name_of_the_host_is_used_where_there_is_none(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine, uts_mode="host")
    assert host_name(played_engine.containers.book.find(made.id).record) == os.uname().nodename
