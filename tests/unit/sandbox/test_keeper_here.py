"""Between the engine and its keeper: what is asked is done once, failures stay what they are, a death is survived."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import stat
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, HostError, StorageError, WherryError
from engine.sandbox import channel
from engine.sandbox.channel import Channel
from engine.sandbox.failures import KeeperLost
from engine.sandbox.keeper import mounting, namespaces, wire
from engine.sandbox.keeper.asked.files import RealPath, Stat
from engine.sandbox.keeper.asked.mounts import Mount
from engine.sandbox.keeper.asked.steps import Link, MakeDirectory, MakeFile, Remove, Rename
from tests.support.archives import Archive, stream
from tests.support.keeper_here import KeepersHere, keeper_here
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths


@pytest.fixture
async def keepers() -> AsyncIterator[KeepersHere]:
    found = KeepersHere()
    yield found
    await found.close()


@pytest.fixture
async def keeper(paths: Paths, keepers: KeepersHere, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Keeper]:
    opened = keeper_here(paths, keepers, monkeypatch)
    yield opened
    await opened.close()


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def is_there(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


# --- programs ---


async def test_a_program_says_what_it_says_and_ends_as_it_ends(keeper: Keeper, tmp_path: Path) -> None:
    script = 'cat; echo "$WORD"; pwd; echo wrong >&2; exit 7'
    done = await keeper.run(["sh", "-c", script], input=b"given\n", env={"WORD": "said"}, cwd=tmp_path)
    assert (done.code, done.stdout, done.stderr) == (7, f"given\nsaid\n{tmp_path}\n".encode(), b"wrong\n")

    killed = await keeper.run(["sh", "-c", "kill -TERM $$"])
    assert killed.code == -signal.SIGTERM
    assert (await keeper.run(["cat"])).stdout == b"", "what it reads is at its end at once"


async def test_much_goes_in_and_out_at_once(keeper: Keeper) -> None:
    data = os.urandom(700_000)
    done = await keeper.run(["sh", "-c", "tee /dev/stderr"], input=data)
    assert (done.code, done.stdout == data, done.stderr == data) == (0, True, True)
    done = await keeper.run(["sh", "-c", "exec 0<&-; true"], input=data)
    assert done.code == 0, "who does not listen is not waited for"


async def test_many_programs_at_once_are_told_apart(keeper: Keeper) -> None:
    done = await asyncio.gather(*(keeper.run(["sh", "-c", f"echo {number}; exit {number}"]) for number in range(12)))
    assert [(each.code, int(each.stdout)) for each in done] == [(number, number) for number in range(12)]


@pytest.mark.parametrize(
    ("argv", "cwd", "named"), [(["/no/such"], "/", "/no/such"), (["true"], "/no/where", "/no/where")]
)
async def test_what_cannot_be_started_is_named(keeper: Keeper, argv: list[str], cwd: str, named: str) -> None:
    before = descriptors()
    with pytest.raises(FileNotFoundError) as refused:
        await keeper.spawn(argv, cwd=cwd)
    assert refused.value.filename == named
    assert (await keeper.run(["true"])).code == 0
    await eventually(lambda: len(descriptors()) <= len(before) + 4)


async def test_descriptors_are_at_the_numbers_that_were_wished(keeper: Keeper) -> None:
    """Crosswise too: none may land on another before that has moved."""
    pairs = [os.pipe() for _ in range(2)]
    (one_read, one_write), (other_read, other_write) = pairs
    script = f"cd /dev/fd; echo one >{other_write}; echo other >{one_write}"
    child = await keeper.spawn(["sh", "-c", script], pass_fds={other_write: one_write, one_write: other_write})
    assert await child.wait() == 0
    assert (os.read(one_read, 100), os.read(other_read, 100)) == (b"one\n", b"other\n")
    for pair in pairs:
        for fd in pair:
            os.close(fd)


async def test_a_program_is_its_own_session_unless_it_is_not_to_be(keeper: Keeper) -> None:
    script = "read _ _ _ _ group session _ </proc/self/stat; test $session = $$"
    assert await (await keeper.spawn(["sh", "-c", script])).wait() == 0
    assert await (await keeper.spawn(["sh", "-c", script], new_session=False)).wait() == 1


async def test_a_program_that_takes_too_long_is_killed(keeper: Keeper, tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await keeper.run(["sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 1000"], timeout=0.05)
    # It may not have come so far as to write its number; if it has, it is gone.
    if (tmp_path / "pid").exists() and (written := (tmp_path / "pid").read_text().strip()):
        await eventually(lambda: not os.path.exists(f"/proc/{written}"))


async def test_a_daemon_that_holds_the_pipes_holds_up_nobody(keeper: Keeper) -> None:
    done = await keeper.run(["sh", "-c", "sleep 1000 & echo $!"], timeout=20)
    os.kill(int(done.stdout), signal.SIGKILL)
    assert done.code == 0


async def test_a_child_is_signalled_until_it_is_gone_and_never_a_stranger(keeper: Keeper) -> None:
    child = await keeper.spawn(["sleep", "1000"])
    assert is_there(child.pid)
    child.kill(signal.SIGINT)
    assert await child.wait() == -signal.SIGINT
    child.kill(signal.SIGKILL)
    assert await child.wait() == -signal.SIGINT
    child.close()


async def test_who_gives_up_while_a_program_begins_leaves_none_behind(keeper: Keeper, keepers: KeepersHere) -> None:
    await keeper.execute([])
    keepers.taking_in = False
    started = asyncio.create_task(keeper.spawn(["sleep", "1234"]))
    await asyncio.sleep(0)
    started.cancel()
    await asyncio.sleep(0)
    keepers.taking_in = True
    await asyncio.gather(started, return_exceptions=True)
    await eventually(lambda: not any(child for child in keeper._children))
    assert started.cancelled()


async def test_a_program_is_in_its_control_groups_before_it_begins(keeper: Keeper, tmp_path: Path) -> None:
    """Of cgroup v1: a file to write to, as far as it can be had without a kernel's help."""
    (tmp_path / "tasks").touch()
    assert (await keeper.run(["true"], cgroup_dirs=[tmp_path])).code == 0
    assert (tmp_path / "tasks").read_text() == "0"
    with pytest.raises(FileNotFoundError):
        await keeper.spawn(["true"], cgroup_dirs=[tmp_path / "gone"])


# --- files and plans ---


async def test_a_plan_is_carried_out_by_name_and_stops_where_it_fails(keeper: Keeper, paths: Paths) -> None:
    place = paths.staging / "x"
    await keeper.execute([MakeDirectory(path=place), MakeFile(path=place / "file", contents="words")])
    assert (place / "file").read_text() == "words"
    with pytest.raises(StorageError) as refused:
        await keeper.execute([Remove(path=place / "file"), Rename(source=place / "no", target=place / "x"),
                              MakeDirectory(path=place / "never")])  # fmt: skip
    assert refused.value.code is Code.MOUNT_FAILED
    assert refused.value.title == f"Could not rename {place / 'no'} to {place / 'x'}"
    assert refused.value.explanation == "No such file or directory."
    assert [each.name for each in place.iterdir()] == []


async def test_what_is_too_long_for_one_message_arrives_whole(keeper: Keeper, paths: Paths) -> None:
    plan = [MakeDirectory(path=paths.staging / "many")]
    long = [MakeFile(path=paths.staging / "many" / f"{number:03}-{'n' * 200}") for number in range(300)]
    await keeper.execute([*plan, *long])
    found = await keeper.list_directory(paths.staging, "many")
    assert {each.name for each in found} == {os.path.basename(each.path) for each in long}


async def test_failures_of_files_are_the_errors_they_were(keeper: Keeper, paths: Paths) -> None:
    with pytest.raises(FileNotFoundError) as refused:
        await keeper.stat(paths.staging, "no/such")
    assert refused.value.errno == errno.ENOENT
    fd = await keeper.open_file(paths.staging, "fresh", os.O_CREAT | os.O_WRONLY, 0o640)
    assert stat.S_ISREG(os.fstat(fd).st_mode)
    os.close(fd)
    assert stat.S_IMODE((paths.staging / "fresh").stat().st_mode) == 0o640


async def test_a_bad_archive_a_bug_and_a_dead_worker_are_told_apart(
    keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stream(b"<html>502 Bad Gateway</html>" * 50) as descriptor, pytest.raises(StorageError) as refused:
        await keeper.unpack(descriptor, paths.staging)
    assert refused.value.code is Code.BAD_ARCHIVE
    with pytest.raises(WherryError) as bug:
        await keeper.real_path(paths.staging, 5)  # type: ignore[arg-type]
    assert "TypeError" in bug.value.details

    class Unheard(Stat):
        """Known to both ends, and carried out by neither."""

    monkeypatch.setattr("engine.sandbox.keeper.asked.files.Unheard", Unheard, raising=False)
    Unheard.__module__ = Stat.__module__
    with pytest.raises(WherryError) as unknown:
        await keeper._ask(Unheard(paths.staging, "/"))
    assert unknown.value.details == "unknown op 'files.Unheard'"


async def test_progress_is_told_and_a_tree_is_unpacked_beside_the_loop(keeper: Keeper, paths: Paths) -> None:
    told: list[int] = []
    with stream(Archive.new().add("file", bytes(3 << 20)).data) as descriptor:
        done = await keeper.unpack(descriptor, paths.staging, index=paths.staging / "index", progress=told.append)
    assert done.diff_id.startswith("sha256:")
    assert told == sorted(told)
    assert told[-1] > 3 << 20


async def test_who_gives_up_a_long_work_ends_its_worker(keeper: Keeper, paths: Paths) -> None:
    read, write = os.pipe()
    os.write(write, Archive.new().add("file", bytes(20_000)).data[:10_000])
    unpacking = asyncio.create_task(keeper.unpack(read, paths.staging))
    await eventually(lambda: (paths.staging / "file").exists())
    unpacking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await unpacking
    os.close(read)

    def has_reader() -> bool:
        try:
            os.write(write, b"x")
        except BrokenPipeError:
            return False
        return True

    await eventually(lambda: not has_reader())
    os.close(write)
    assert (await keeper.stat(paths.staging, "file")).name == "file", "and nobody else is disturbed"


async def test_a_worker_that_is_killed_fails_its_call_alone(keeper: Keeper, paths: Paths) -> None:
    read, write = os.pipe()
    unpacking = asyncio.create_task(keeper.unpack(read, paths.staging))
    await keeper.execute([])

    def workers() -> list[int]:
        with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children") as file:
            return [pid for pid in map(int, file.read().split()) if _is_a_living_fork(pid)]

    await eventually(lambda: bool(workers()))
    os.kill(workers()[0], signal.SIGKILL)
    with pytest.raises(KeeperLost, match="the worker ended with -9"):
        await unpacking
    os.close(read)
    os.close(write)


def _is_a_living_fork(pid: int) -> bool:
    """Of this very program."""
    try:
        return os.readlink(f"/proc/{pid}/exe") == os.readlink("/proc/self/exe")
    except OSError:
        return False


# --- the keeper's death ---


async def test_a_call_that_can_be_made_again_is_made_to_the_next_keeper(
    keeper: Keeper, keepers: KeepersHere, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    heard: list[int] = []
    keeper.on_restart(lambda: heard.append(keepers.begun))
    await keeper.execute([])
    assert not keeper.joined
    keepers.taking_in = False
    (paths.staging / "one").touch()
    renaming = asyncio.create_task(keeper.rename(paths.staging, "one", "other"))
    looking = asyncio.create_task(keeper.real_path(paths.staging, "/"))
    await asyncio.sleep(0)
    (paths.staging / "one").rename(paths.staging / "other")  # so far had it come
    keepers.die()
    keepers.taking_in = True

    await renaming
    assert await looking == "/"
    await eventually(lambda: bool(heard))
    assert (keepers.begun, heard, keeper.joined) == (2, [2], True)
    assert len(keeper.processes) == 2


async def test_a_plan_made_again_takes_what_is_done_for_done(
    keeper: Keeper, keepers: KeepersHere, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    await keeper.execute([])
    keepers.taking_in = False
    source, target = paths.staging / "a", paths.staging / "b"
    target.mkdir()
    plan = [Rename(source=source, target=target), Link(path=paths.staging / "link", points_to="b")]
    working = asyncio.create_task(keeper.execute(plan))
    await asyncio.sleep(0)
    keepers.die()
    keepers.taking_in = True
    await working
    assert (paths.staging / "link").resolve() == target
    with pytest.raises(StorageError):
        await keeper.execute(plan)


async def test_a_stream_cannot_be_read_twice_so_the_call_fails(
    keeper: Keeper, keepers: KeepersHere, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    await keeper.execute([])
    keepers.taking_in = False
    with stream(Archive.new().add("file").data) as descriptor:
        unpacking = asyncio.create_task(keeper.unpack(descriptor, paths.staging))
        await asyncio.sleep(0)
        keepers.die()
        keepers.taking_in = True
        with pytest.raises(KeeperLost) as lost:
            await unpacking
    assert lost.value.explanation == "It was doing “Unpack”."
    assert lost.value.hint
    assert (await keeper.run(["true"])).code == 0


async def test_what_a_dead_keeper_had_started_lives_on_and_its_end_is_noticed(
    keeper: Keeper, keepers: KeepersHere, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    child = await keeper.spawn(["sleep", "1000"])
    keepers.die()
    await eventually(lambda: keepers.begun == 2)
    assert is_there(child.pid)
    child.kill(signal.SIGKILL)
    with pytest.raises(KeeperLost, match="The keeper died before the process did"):
        await child.wait()


async def test_one_that_cannot_start_again_is_tried_with_the_next_call(
    keeper: Keeper, keepers: KeepersHere, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    expect_log("no new keeper")
    await keeper.execute([])
    keepers.refusal = ["mount-namespace", "no rights", 1]
    keepers.die()
    await eventually(lambda: keepers.begun == 2)
    await asyncio.gather(keeper._revival, return_exceptions=True)  # type: ignore[arg-type]
    keepers.refusal = []
    await keeper.execute([])
    assert keepers.begun == 3


# --- beginning and end ---


@pytest.mark.parametrize(
    ("stage", "hint"),
    [
        ("user-namespace", "user.max_user_namespaces"),
        ("mount-namespace", "apparmor_restrict_unprivileged_userns"),
        ("id-map", "newuidmap"),
        ("directories", ""),
    ],
)
async def test_a_machine_that_lets_us_make_none_is_told_what_helps(
    keeper: Keeper, keepers: KeepersHere, stage: str, hint: str
) -> None:
    keepers.refusal = [stage, "Operation not permitted", 1]
    with pytest.raises(HostError) as refused:
        await keeper.execute([])
    assert (refused.value.subject, refused.value.explanation) == (stage, "Operation not permitted.")
    assert refused.value.details == f"stage {stage}, errno 1"
    assert hint in refused.value.hint
    assert bool(refused.value.hint) is bool(hint)


async def test_what_a_keeper_is_told_at_first_is_all_it_needs(
    keeper: Keeper, keepers: KeepersHere, paths: Paths
) -> None:
    await asyncio.gather(keeper.execute([]), keeper.execute([]))
    [setup] = keepers.setups
    assert setup.state == str(paths.namespaces)
    assert setup.uids == [[0, os.getuid(), 1]]
    assert setup.gids == [[0, os.getgid(), 1]]
    assert not setup.host_root
    assert {str(paths.root), str(paths.run)} <= set(setup.reach)
    assert any((os.path.join(each, "sandbox", "keeper", "__main__.py")) for each in setup.reach)
    assert (setup.cgroup_view, setup.staging) == (str(paths.cgroup_view), str(paths.staging))
    assert setup.directories == [str(each) for each in paths.owned_by_namespace]
    own = (paths.containers, paths.builds, paths.volumes, paths.network_namespaces)
    assert set(setup.own_mounts) == {f"{each}/" for each in own}
    assert len(setup.open_files) == 2


@pytest.mark.parametrize("mounted", [True, False])
async def test_namespaces_go_with_the_last_keeper_unless_something_is_mounted_in_them(
    keeper: Keeper, paths: Paths, monkeypatch: pytest.MonkeyPatch, *, mounted: bool
) -> None:
    released: list[str] = []
    monkeypatch.setattr(namespaces, "release", lambda setup, _: released.append(setup.state))
    found = [Mount("/", "/elsewhere", "tmpfs"), Mount("/", str(paths.containers / "x" / "rootfs"), "overlay")]
    monkeypatch.setattr(mounting, "mounts", lambda *_: found if mounted else found[:1])
    assert await keeper.mounts() == found[: 1 + mounted]
    await keeper.close()
    assert released == ([] if mounted else [str(paths.namespaces)])
    with pytest.raises(KeeperLost, match="The engine is closing"):
        await keeper.execute([])
    await keeper.close()


async def test_one_that_was_never_asked_ends_without_ado(keeper: Keeper, keepers: KeepersHere) -> None:
    await keeper.close()
    assert keepers.begun == 0


async def test_programs_are_let_go_when_the_engine_closes(keeper: Keeper) -> None:
    child = await keeper.spawn(["sleep", "1000"])
    await keeper.close()
    with pytest.raises(asyncio.CancelledError):
        await child.wait()
    os.kill(child.pid, signal.SIGKILL)


# --- the wire ---


async def test_one_that_ends_at_once_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real beginning: a program with a socket, whose last words are in its log."""
    program = tmp_path / "program.py"
    program.write_text("import os, sys\nos.read(int(sys.argv[1]), 9)\nsys.exit('its last words')\n")
    monkeypatch.setattr(channel, "PROGRAM", program)
    setup: Any = ["what it is told"]
    opened, words = await Channel.start(setup, tmp_path / "log", lambda *_: None, lambda: None)
    assert words == ("start", "the keeper ended at once", 0)
    opened.shut()
    assert "its last words" in (tmp_path / "log").read_text()
    assert opened.closed


async def test_a_full_wire_is_waited_for(keeper: Keeper, keepers: KeepersHere, paths: Paths) -> None:
    await keeper.execute([])
    keepers.taking_in = False
    plans = [[MakeFile(path=paths.staging / str(number), contents="y" * 50_000)] for number in range(40)]
    waiting = [asyncio.create_task(keeper.execute(plan)) for plan in plans]
    for _ in range(60):
        await asyncio.sleep(0)
    keepers.taking_in = True
    await asyncio.gather(*waiting)
    assert len(list(paths.staging.iterdir())) == 40


def test_a_descriptor_without_room_fails_its_call_alone() -> None:
    ours, theirs = wire.connect()
    with ours, theirs:
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        wire.send(theirs, {"id": 7, "ok": [4711]}, [theirs.fileno(), theirs.fileno()])
        wire.send(theirs, {"id": 8, "ok": None})
        os.close(free := os.dup(ours.fileno()))
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
        try:
            failed, after = wire.receive(ours), wire.receive(ours)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
    error = {"kind": "os", "errno": errno.EMFILE, "text": os.strerror(errno.EMFILE), "lost": [4711]}
    assert failed == ({"id": 7, "error": error}, [])
    assert after == ({"id": 8, "ok": None}, [])


@pytest.mark.parametrize("length", [10, wire.PACKET - 2, wire.PACKET - 1, 300_000])
def test_frames_of_any_length_arrive_with_their_descriptors(length: int) -> None:
    ours, theirs = wire.connect()
    with ours, theirs, open("/dev/null") as null:
        before = descriptors()
        wire.send(ours, {"id": 1, "x": "y" * length}, [null.fileno()])
        message, fds = wire.receive(theirs) or ({}, [])
        assert (message["id"], len(message["x"]), len(fds)) == (1, length, 1)
        assert os.readlink(f"/proc/self/fd/{fds[0]}") == "/dev/null"
        assert not os.get_inheritable(fds[0])
        wire.close_all(fds)
        wire.close_all(fds)
        assert len(descriptors()) == len(before)


def test_the_end_of_the_other_is_the_end_of_the_frames() -> None:
    ours, theirs = wire.connect()
    with ours:
        theirs.close()
        assert wire.receive(ours) is None


def test_an_operation_is_called_by_its_subject_and_name() -> None:
    asked = RealPath("/root", "x")
    assert wire.name_of(RealPath) == "files.RealPath"
    assert wire.request(3, asked, repeated=True) == {
        "id": 3, "op": "files.RealPath", "with": asked, "repeated": True,
    }  # fmt: skip
