"""The keeper: programs, cgroups, namespaces that outlive it, work that can be cancelled."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, HostError, StorageError
from engine.sandbox.client import Keeper
from engine.sandbox.failures import KeeperLost
from engine.sandbox.keeper.asked import files
from engine.sandbox.keeper.asked.mounts import CreateNetns, Execute
from engine.sandbox.keeper.asked.steps import Link, MakeDirectory, MakeFile, Own, Remove, Rename, Tmpfs, Unmount
from tests.support.leaks import own_cgroups
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NamedTuple

    from engine.storage.paths import Paths


def alive(pid: int) -> bool:
    """A zombie is not."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, paths: Paths) -> Callable[[], list[int]]:
    """Gives the living processes that a keeper of this test is or has started, the pin too."""
    mark = f"STARTED_FOR={paths.root}"
    monkeypatch.setenv(*mark.split("=", 1))

    def living() -> list[int]:
        found = []
        for process in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if process.name.isdigit() and mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
        return found

    return living


async def test_each_tree_that_is_unpacked_begins_where_the_file_system_has_room(keeper: Keeper, paths: Paths) -> None:
    kind = await keeper.run(["stat", "-f", "-c", "%T", os.fspath(paths.staging)])
    shown = await keeper.run(["lsattr", "-d", os.fspath(paths.staging)])

    if kind.stdout == b"ext2/ext3\n":  # the others place by rules of their own
        assert b"T" in shown.stdout.split()[0]


async def test_runs_programs_as_root_of_a_namespace_of_its_own(keeper: Keeper) -> None:
    done = await keeper.run(["id", "-u"])

    assert (done.code, done.stdout) == (0, b"0\n")
    assert await keeper.run(["readlink", "/proc/self/ns/user"]) != os.readlink("/proc/self/ns/user").encode()
    mapped = [line.split() for line in (await keeper.run(["cat", "/proc/self/uid_map"])).stdout.decode().splitlines()]
    assert [[int(number) for number in line] for line in mapped] == [
        [each.inside, each.outside, each.count] for each in keeper.ids.uids
    ]
    assert all(each.outside != 0 for each in keeper.ids.uids), "the host's root is inside"


async def test_gives_exit_codes_signals_and_both_outputs(keeper: Keeper) -> None:
    done = await keeper.run(["sh", "-c", "cat; echo err >&2; exit 7"], input=b"in" * 100_000)
    killed = await keeper.run(["sh", "-c", "kill -TERM $$"])

    assert (done.code, done.stdout, done.stderr) == (7, b"in" * 100_000, b"err\n")
    assert killed.code == -signal.SIGTERM


async def test_many_programs_at_once(keeper: Keeper) -> None:
    done = await asyncio.gather(*(keeper.run(["echo", str(number)]) for number in range(60)))

    assert [each.stdout for each in done] == [f"{number}\n".encode() for number in range(60)]


async def test_says_which_program_cannot_be_executed(keeper: Keeper, tmp_path: Path) -> None:
    script = tmp_path / "no-permission"
    script.write_text("#!/bin/sh\n")

    with pytest.raises(FileNotFoundError) as missing:
        await keeper.spawn(["/nowhere/program"])
    with pytest.raises(PermissionError):
        await keeper.spawn([str(script)])

    assert missing.value.filename == "/nowhere/program"


async def test_passes_descriptors_at_the_numbers_wished(keeper: Keeper) -> None:
    read, write = os.pipe()
    other_read, other_write = os.pipe()
    try:
        # 5 and 6 swapped with whatever numbers they have here, so that one could land on another.
        child = await keeper.spawn(["sh", "-c", "echo five >&5; echo six >&6"], pass_fds={5: write, 6: other_write})
        assert await child.wait() == 0
        assert (os.read(read, 100), os.read(other_read, 100)) == (b"five\n", b"six\n")
        leaked = await keeper.run(["sh", "-c", "ls /proc/self/fd | sort -n | tr '\\n' ' '"])
        assert leaked.stdout.split() == [b"0", b"1", b"2", b"3"], "3 is ls's own"
    finally:
        for fd in (read, write, other_read, other_write):
            os.close(fd)


async def test_a_network_made_ahead_is_as_good_as_one_made_when_asked(keeper: Keeper, paths: Paths) -> None:
    names = [f"net{number}" for number in range(4)]
    descriptors = Path(f"/proc/{keeper.pid}/fd")
    await keeper.create_netns(paths.netns(names[0]))

    def has_a_spare() -> bool:
        try:
            return any(os.readlink(each).startswith("net:[") for each in descriptors.iterdir())
        except FileNotFoundError:
            return False  # one was closed since they were listed

    await eventually(has_a_spare)
    for name in names[1:]:
        await keeper.create_netns(paths.netns(name))

    seen = set()
    for name in names:
        look = "ip -br link; readlink /proc/self/ns/net"
        lo = await keeper.run(["nsenter", f"--net={paths.netns(name)}", "sh", "-c", look])
        assert b"LOOPBACK,UP" in lo.stdout, lo
        seen.add(lo.stdout.split()[-1])
        await keeper.remove_netns(paths.netns(name))
    assert len(seen) == len(names), "two containers in one network"


async def test_a_long_environment_travels(keeper: Keeper) -> None:
    done = await keeper.run(["sh", "-c", "echo ${#LONG}"], env={"LONG": "x" * 100_000, "PATH": os.environ["PATH"]})

    assert done.stdout == b"100000\n"


async def test_programs_are_in_their_cgroups_before_they_start(keeper: Keeper) -> None:
    groups = [place / "wherry-test-keeper" for place in own_cgroups() if "cpuset" not in str(place)]
    assert groups, "no delegated control group to test with"
    for group in groups:
        group.mkdir()
    try:
        done = await keeper.run(["cat", "/proc/self/cgroup"], cgroup_dirs=groups)
    finally:
        for group in groups:
            group.rmdir()

    assert done.stdout.count(b"/wherry-test-keeper\n") == len(groups)


async def test_a_program_that_outlasts_its_timeout_is_killed(keeper: Keeper) -> None:
    with pytest.raises(TimeoutError):
        await keeper.run(["sleep", "300"], timeout=0.05)


async def test_a_daemon_left_behind_does_not_hold_up_run(keeper: Keeper) -> None:
    done = await keeper.run(["sh", "-c", "sleep 300 & echo $!"], timeout=5)

    os.kill(int(done.stdout), signal.SIGKILL)


# --- namespaces outlive keepers ---


async def test_a_killed_keeper_is_replaced_in_the_same_namespaces(
    keeper: Keeper, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    restarted = asyncio.Event()
    keeper.on_restart(restarted.set)
    await keeper.execute([Tmpfs(target=paths.volumes), MakeDirectory(path=paths.volumes / "kept")])
    child = await keeper.spawn(["sleep", "300"])
    first = keeper.pid

    os.kill(first, signal.SIGKILL)
    with contextlib.suppress(KeeperLost):
        await keeper.mounts()
    async with asyncio.timeout(30):
        await restarted.wait()

    assert keeper.pid != first
    assert [each.name for each in await keeper.list_directory(paths.volumes, "/")] == ["kept"]
    assert alive(child.pid), "the child died with the keeper"
    child.kill(signal.SIGKILL)
    with pytest.raises(KeeperLost):
        await child.wait()
    await keeper.execute([Unmount(target=paths.volumes)])


async def test_a_call_under_way_fails_with_a_typed_error(
    keeper: Keeper, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    read, write = os.pipe()
    unpacking = asyncio.create_task(keeper.unpack(read, paths.staging, layer=False))
    children = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children")
    await eventually(lambda: len(children.read_text().split()) > 1)

    os.kill(keeper.pid, signal.SIGKILL)

    with pytest.raises(KeeperLost):
        await unpacking
    os.close(read)
    os.close(write)
    await keeper.mounts()


async def test_a_second_keeper_joins_what_the_first_left(paths: Paths) -> None:
    first = await Keeper.open(paths)
    await first.create_netns(paths.netns("one"))
    child = await first.spawn(["sleep", "300"])
    await first.close()

    second = await Keeper.open(paths)
    assert second.joined
    lo = await second.run(["nsenter", f"--net={paths.netns('one')}", "cat", "/sys/class/net/lo/operstate"])
    assert lo.code == 0
    os.kill(child.pid, signal.SIGKILL)
    await second.remove_netns(paths.netns("one"))
    await second.close()


async def test_namespaces_end_with_the_last_use_of_them(paths: Paths) -> None:
    keeper = await Keeper.open(paths)
    pin = json.loads(paths.namespaces.read_text())["pin"]
    await keeper.close()

    await eventually(lambda: not alive(pin))
    assert not paths.namespaces.exists()


async def test_a_keeper_that_cannot_serve_keeps_no_namespaces_alive(
    paths: Paths, started: Callable[[], list[int]]
) -> None:
    blocked = paths.owned_by_namespace[0]
    blocked.parent.mkdir(parents=True)
    blocked.touch()
    with pytest.raises(HostError, match="exists"):
        await Keeper.open(paths)
    await eventually(lambda: not started())
    assert not paths.namespaces.exists()

    blocked.unlink()
    keeper = await Keeper.open(paths)
    assert not keeper.joined
    await eventually(lambda: len(started()) > 1)  # the keeper and the pin, beside what it makes ahead
    await keeper.close()


async def test_namespaces_that_could_not_be_found_again_are_not_kept(
    paths: Paths, started: Callable[[], list[int]]
) -> None:
    paths.namespaces.mkdir(parents=True)  # so that nothing can be written there
    with pytest.raises(HostError):
        await Keeper.open(paths)

    await eventually(lambda: not started())


async def test_a_start_that_is_cancelled_leaves_no_keeper(paths: Paths, started: Callable[[], list[int]]) -> None:
    opening = asyncio.create_task(Keeper.open(paths))
    await eventually(lambda: bool(started()))
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    keeper = await Keeper.open(paths)
    await keeper.close()
    await eventually(lambda: not started())


async def test_who_tries_again_at_once_finds_another_keeper(keeper: Keeper, expect_log: Callable[[str], None]) -> None:
    expect_log("the keeper died")
    first = keeper.pid
    _kill_while_the_loop_waits(first)
    with pytest.raises(KeeperLost):
        await keeper.spawn(["true"])
    await keeper.run(["true"])
    assert keeper.pid != first


async def test_a_call_that_a_keeper_died_over_is_made_again(
    keeper: Keeper, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    made, moved = paths.volumes / "made", paths.volumes / "moved"
    for call in (
        lambda: keeper.execute([MakeDirectory(path=made), Tmpfs(target=made), Unmount(target=made, every=True)]),
        lambda: keeper.execute([Rename(source=made, target=moved)]),
        lambda: keeper.create_netns(paths.netns("0" * 64)),
        lambda: keeper.remove_netns(paths.netns("0" * 64)),
        lambda: keeper.tree_size(moved),
        lambda: keeper.remove_tree(moved),
    ):
        _kill_while_the_loop_waits(keeper.pid)
        await call()
    assert not moved.exists()


async def test_what_a_keeper_had_done_before_it_died_is_not_done_twice(keeper: Keeper, paths: Paths) -> None:
    target, moved, netns = paths.volumes / "target", paths.volumes / "moved", paths.netns("0" * 64)
    plan = [MakeDirectory(path=target), Tmpfs(target=target), MakeDirectory(path=target / "in")]
    await keeper.execute(plan)
    await _again(keeper, Execute([(type(each).__name__, each) for each in plan]))
    assert [each.target for each in await keeper.mounts()].count(str(target)) == 1
    await keeper.execute([Unmount(target=target)])
    rename = [Rename(source=target, target=moved)]
    await keeper.execute(rename)
    await _again(keeper, Execute([(type(each).__name__, each) for each in rename]))
    with pytest.raises(StorageError):
        await keeper.execute(rename)
    await keeper.create_netns(netns)
    await _again(keeper, CreateNetns(netns))
    assert [each.target for each in await keeper.mounts()].count(str(netns)) == 1
    await keeper.remove_netns(netns)


async def test_files_that_were_changed_already_are_no_failure_the_second_time(keeper: Keeper, paths: Paths) -> None:
    root = paths.volumes
    await keeper.make_directory(root, "/one")
    await _again(keeper, files.MakeDirectory(root, "/one"))
    await keeper.rename(root, "/one", "/two")
    await _again(keeper, files.Rename(root, "/one", "/two"))
    await keeper.remove(root, "/two")
    await _again(keeper, files.Remove(root, "/two"))
    for call in (keeper.remove(root, "/two"), keeper.rename(root, "/one", "/two")):
        with pytest.raises(FileNotFoundError):
            await call


async def _again(keeper: Keeper, operation: NamedTuple) -> None:
    """As it is asked a second time after a keeper died over it."""
    channel = await keeper._living()
    await channel.call(operation, repeated=True)


def _kill_while_the_loop_waits(pid: int) -> None:
    """Nobody has heard of its end when this returns."""
    os.kill(pid, signal.SIGKILL)
    while alive(pid):
        time.sleep(0.001)


async def test_a_killed_pin_is_replaced_and_others_lead_the_way(
    keeper: Keeper, paths: Paths, expect_log: Callable[[str], None]
) -> None:
    expect_log("the keeper died")
    child = await keeper.spawn(["sleep", "300"])
    pin = json.loads(paths.namespaces.read_text())["pin"]
    namespace = os.stat(f"/proc/{child.pid}/ns/mnt").st_ino
    killed = keeper.pid
    os.kill(killed, signal.SIGKILL)
    os.kill(pin, signal.SIGKILL)
    await eventually(lambda: not alive(pin) and not alive(killed))
    with contextlib.suppress(KeeperLost):
        await keeper.mounts()
    await keeper.mounts()

    renewed = json.loads(paths.namespaces.read_text())
    assert renewed["pin"] != pin
    assert os.stat(f"/proc/{renewed['pin']}/ns/mnt").st_ino == namespace == renewed["mount"]
    child.kill(signal.SIGKILL)


# --- plans ---


async def test_a_plan_makes_links_files_renames_and_removes(keeper: Keeper, paths: Paths) -> None:
    top = paths.staging / "plan"
    await keeper.execute(
        [
            MakeDirectory(path=top / "a" / "b", mode=0o700),
            MakeFile(path=top / "file"),
            Link(path=top / "link", points_to="file"),
            Link(path=top / "link", points_to="a"),
            Own(path=top / "file", uid=3, gid=4, mode=0o4755),
            Rename(source=top / "a", target=top / "c"),
            Remove(path=top / "not-there"),
        ]
    )

    found = {each.name: each for each in await keeper.list_directory(top, "/")}
    assert set(found) == {"c", "file", "link"}
    assert found["link"].link == "a"
    assert stat.S_IMODE(found["file"].mode) == 0o4755
    assert (found["file"].uid, found["file"].gid) == ((3, 4) if not keeper.ids.single_id else (0, 0))
    await keeper.remove_tree(top)


async def test_of_many_trees_one_that_cannot_go_keeps_no_other(keeper: Keeper, paths: Paths) -> None:
    """What was removed is deleted by one worker; a mount where nobody expects one stops only its own tree."""
    one, stuck, other = (paths.staging / name for name in ("one", "stuck", "other"))
    places = [one / "rootfs", stuck / "elsewhere", other / "deep" / "deeper"]
    await keeper.execute([MakeDirectory(path=each) for each in places])
    await keeper.execute([Tmpfs(target=one / "rootfs"), Tmpfs(target=stuck / "elsewhere")])

    failed = await keeper.remove_trees([one, stuck, paths.staging / "was never there", other], mounted="rootfs")

    assert list(failed) == [stuck]
    assert "busy" in failed[stuck]
    assert [each.name for each in paths.staging.iterdir()] == ["stuck"]
    await keeper.execute([Unmount(target=stuck / "elsewhere")])
    assert await keeper.remove_trees([stuck], mounted="rootfs") == {}


async def test_failures_name_the_step(keeper: Keeper, paths: Paths) -> None:
    fine = paths.staging / "fine"
    with pytest.raises(StorageError) as failed:
        await keeper.execute([MakeDirectory(path=fine), MakeFile(path=Path("/proc/no"))])

    assert failed.value.code is Code.MOUNT_FAILED
    assert "/proc/no" in failed.value.title
    assert "No such file" in failed.value.explanation
    assert fine.is_dir()
    await keeper.remove_tree(fine)


async def test_a_big_directory_is_listed_whole(keeper: Keeper, paths: Paths) -> None:
    """It is more than one message holds."""
    script = "import os\nfor n in range(5000):\n open(f'file-{n:05}-with-a-rather-long-name', 'w').close()"
    assert (await keeper.run(["python3", "-c", script], cwd=paths.staging)).code == 0

    assert len(await keeper.list_directory(paths.staging, "/")) == 5000
    await keeper.run(["sh", "-c", "rm -f file-*"], cwd=paths.staging)


async def test_a_file_written_anew_keeps_its_owner(keeper: Keeper, paths: Paths) -> None:
    await keeper.write_file(paths.staging, "file", b"before")
    await keeper.execute([Own(path=paths.staging / "file", uid=3, gid=4, mode=0o640)])
    before = await keeper.stat(paths.staging, "file")
    await keeper.write_file(paths.staging, "file", b"after")

    after = await keeper.stat(paths.staging, "file")
    assert (after.uid, after.gid, after.mode, after.size) == (before.uid, before.gid, before.mode, 5)
    await keeper.remove(paths.staging, "file")
