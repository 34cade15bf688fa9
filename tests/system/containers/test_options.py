"""What `docker run` can say, seen from inside the container."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, InvalidRequest, Unsupported
from engine.sandbox.keeper.asked.steps import MakeFile, Tmpfs, Unmount
from engine.types.containers import (
    Device,
    Mount,
    Resources,
    Security,
    State,
    Ulimit,
    UpdateContainer,
)
from tests.system.containers.conftest import create, output, read_log, run, until

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine


async def inside(engine: EmbeddedEngine, script: str, **options: object) -> str:
    code, text = await output(engine, "sh", "-c", script, **options)
    assert code == 0, text
    return text.strip()


async def test_environment_workdir_hostname(loaded: EmbeddedEngine) -> None:
    text = await inside(loaded, "pwd; hostname; echo $A $HOME", env={"A": "b"}, workdir="/made/here", hostname="box")
    assert text.split("\n") == ["/made/here", "box", "b /root"]


async def test_users_and_groups(loaded: EmbeddedEngine) -> None:
    assert (await inside(loaded, "id -un; id -gn; id -Gn", user="web")).split() == ["web", "web", "web", "staff"]
    assert (await inside(loaded, "id -u; id -g", user="1234:99")).split() == ["1234", "99"]
    assert "33" in await inside(loaded, "id -G", user="web", extra_groups=("33",))


async def test_entrypoint_and_command(loaded: EmbeddedEngine) -> None:
    code, text = await output(loaded, "b", "c", entrypoint=("echo", "a"))
    assert (code, text) == (0, "a b c\n")


async def test_default_security(loaded: EmbeddedEngine) -> None:
    status = await inside(loaded, "grep -E 'CapBnd|CapEff|Seccomp:|NoNewPrivs' /proc/self/status")
    values = dict(line.split(":\t") for line in status.splitlines())
    assert int(values["CapBnd"], 16) == 0x00000000A80425FB  # Docker's fourteen
    assert values["Seccomp"] == "2"
    assert values["NoNewPrivs"] == "0"
    # The second container gets the filter that crun compiled for the first.
    again = await inside(loaded, "grep -E 'Seccomp' /proc/self/status; unshare -U true 2>&1 || echo refused")
    assert "Seccomp:\t2" in again
    assert "Seccomp_filters:\t1" in again


async def test_capabilities_and_privileges(loaded: EmbeddedEngine) -> None:
    script = "grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status"
    less = await inside(loaded, script, security=Security(capabilities_drop=("ALL",), no_new_privileges=True))
    assert "CapBnd:\t0000000000000000" in less
    assert "NoNewPrivs:\t1" in less
    more = await inside(loaded, script, security=Security(capabilities_add=("NET_ADMIN",), seccomp="unconfined"))
    assert int(more.split("CapBnd:\t")[1].split()[0], 16) & (1 << 12)
    assert "Seccomp:\t0" in more
    assert await inside(loaded, "mount -t tmpfs x /data && echo ok", security=Security(privileged=True)) == "ok"


async def test_a_user_has_no_capabilities_in_effect(loaded: EmbeddedEngine) -> None:
    assert await inside(loaded, "grep CapEff /proc/self/status", user="web") == "CapEff:\t0000000000000000"


async def test_masked_and_read_only_paths(loaded: EmbeddedEngine) -> None:
    script = "cat /proc/timer_list | wc -c; ls /sys/firmware | wc -l; echo x > /proc/sys/kernel/domainname || echo no"
    assert (await inside(loaded, f"({script}) 2>/dev/null")).split() == ["0", "0", "no"]


async def test_read_only_root_with_tmpfs(loaded: EmbeddedEngine) -> None:
    mounts = (Mount(kind="tmpfs", target="/scratch", tmpfs_size=1 << 20),)
    script = "touch /x 2>/dev/null || echo sealed; touch /scratch/y && echo open; df -k /scratch | tail -1"
    text = await inside(loaded, script, security=Security(read_only_root=True), mounts=mounts)
    assert text.startswith("sealed\nopen\n")
    assert "1024" in text


async def test_bind_mounts(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("from the host")
    mount = Mount(kind="bind", source=str(tmp_path), target="/mnt/host")
    assert await inside(loaded, "cat /mnt/host/in; echo back > /mnt/host/out", mounts=(mount,)) == "from the host"
    assert (tmp_path / "out").read_text() == "back\n"
    assert (tmp_path / "out").stat().st_uid == os.getuid()
    sealed = Mount(kind="bind", source=str(tmp_path), target="/mnt/host", read_only=True)
    assert await inside(loaded, "touch /mnt/host/no 2>/dev/null || echo sealed", mounts=(sealed,)) == "sealed"
    fresh = Mount(kind="bind", source=str(tmp_path / "new"), target="/mnt/new", create_source=True)
    await inside(loaded, "touch /mnt/new/x", mounts=(fresh,))
    assert (tmp_path / "new" / "x").exists()


async def test_keep_id_gives_the_host_users_files_to_the_user_inside(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    mount = Mount(kind="bind", source=str(tmp_path), target="/mnt")
    security = Security(user_namespace="keep-id")
    text = await inside(loaded, "id -u; touch /mnt/mine; stat -c %u /mnt/mine", mounts=(mount,), security=security)
    assert text.split() == [str(os.getuid())] * 2
    assert (tmp_path / "mine").stat().st_uid == os.getuid()


async def test_chown_help(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    mount = Mount(kind="bind", source=str(work), target="/mnt", ownership="chown")
    assert await inside(loaded, "stat -c %u /mnt; touch /mnt/x && echo ok", mounts=(mount,), user="web") == "1000\nok"
    await inside(loaded, "rm /mnt/x; chown 0:0 /mnt", mounts=(Mount(kind="bind", source=str(work), target="/mnt"),))


async def test_owners_are_given_once_and_what_changed_since_stays(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    mount = Mount(kind="bind", source=str(work), target="/mnt", ownership="chown")
    one = await create(loaded, "sh", "-c", "stat -c %u /mnt; chown 7 /mnt", user="0:0", mounts=(mount,))
    for _ in range(2):
        await loaded.containers.start(one.id)
        await loaded.containers.wait(one.id)
    assert read_log(loaded, one.id).split() == ["0", "7"]
    await inside(loaded, "chown 0:0 /mnt", mounts=(Mount(kind="bind", source=str(work), target="/mnt"),))


async def test_owners_that_cannot_be_given_are_said(loaded: EmbeddedEngine) -> None:
    mount = Mount(kind="bind", source="/usr/share", target="/mnt", ownership="chown")
    made = await create(loaded, "true", user="web", mounts=(mount,))
    with pytest.raises(InvalidRequest, match="cannot be given"):
        await loaded.containers.start(made.id)


async def test_sysctls_ulimits_shm(loaded: EmbeddedEngine) -> None:
    text = await inside(
        loaded,
        "cat /proc/sys/net/ipv4/ip_forward; ulimit -n; df -k /dev/shm | tail -1; cat /proc/sys/kernel/shm_rmid_forced",
        sysctls={"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1"},
        ulimits=(Ulimit(name="nofile", soft=100, hard=200),),
        shm_size=2 << 20,
    )
    lines = text.splitlines()
    assert lines[:2] == ["1", "100"]
    assert "2048" in lines[2]
    assert lines[3] == "1"


async def test_devices(loaded: EmbeddedEngine) -> None:
    device = Device(host_path="/dev/fuse", container_path="/dev/fuse")
    assert "character" in await inside(loaded, "stat -c %F /dev/fuse", devices=(device,))
    renamed = Device(host_path="/dev/zero", container_path="/dev/nothing")
    assert await inside(loaded, "head -c 3 /dev/nothing | wc -c", devices=(renamed,)) == "3"
    several = Device(host_path="/dev/net", container_path="/dev/net")
    assert "character" in await inside(loaded, "stat -c %F /dev/net/tun", devices=(several,))


async def test_terminal_and_init(loaded: EmbeddedEngine) -> None:
    assert "/dev/pts/0" in await inside(loaded, "tty", tty=True)
    farm = "for i in 1 2 3; do (true & ) ; done; sleep 0.2; ps -o stat | grep -c Z || true"
    assert await inside(loaded, farm, init=True) == "0"


async def test_namespaces_shared_with_another(loaded: EmbeddedEngine) -> None:
    first = await run(loaded, "sleep", "1000", hostname="first")
    shared = await inside(
        loaded,
        "for kind in net pid ipc; do readlink /proc/self/ns/$kind; done",
        network=f"container:{first.id}", pid_mode=f"container:{first.name}", ipc_mode=f"container:{first.id[:12]}",
    )  # fmt: skip
    theirs = [os.readlink(f"/proc/{first.pid}/ns/{kind}") for kind in ("net", "pid", "ipc")]
    assert shared.split() == theirs


async def test_host_namespaces(loaded: EmbeddedEngine) -> None:
    text = await inside(
        loaded, "for kind in net uts; do readlink /proc/self/ns/$kind; done", network="host", uts_mode="host"
    )
    assert text.split() == [os.readlink("/proc/self/ns/net"), os.readlink("/proc/self/ns/uts")]


async def test_memory_limit_and_proof_of_oom(loaded: EmbeddedEngine) -> None:
    hog = "dd if=/dev/zero of=/dev/null bs=64M count=1"
    container = await run(loaded, "sh", "-c", hog, resources=Resources(memory=16 << 20, memory_swap=16 << 20))
    await loaded.containers.wait(container.id)
    ended = await loaded.containers.get(container.id)
    assert ended.unenforced == ()
    assert ended.exit is not None
    assert ended.exit.oom_killed
    assert ended.exit.code == 137


async def test_a_fork_bomb_meets_its_limit(loaded: EmbeddedEngine) -> None:
    bomb = "f() { f | f & }; f; exec sleep 1000"  # another process might not be had any more
    container = await run(loaded, "sh", "-c", bomb, resources=Resources(pids=40), stop_timeout=0.1)
    group = loaded.containers.runtime.cgroup(loaded.containers.book.find(container.id).record)
    directory = group.directory("pids")
    assert directory is not None
    # Told by the kernel: the bomb itself may have burnt out by the time somebody counts.
    await until(lambda: (directory / "pids.events").read_text().split() != ["max", "0"])
    assert int((directory / "pids.current").read_text()) <= 40
    assert (await loaded.containers.kill(container.id)).state is State.EXITED
    assert group.processes() == ()


async def test_limits_change_while_it_runs(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, resources=Resources(memory=64 << 20))
    changed = await loaded.containers.update(
        container.id, UpdateContainer(resources=Resources(memory=96 << 20, cpus=0.5, pids=50))
    )
    assert changed.spec.resources.memory == 96 << 20
    group = loaded.containers.runtime.cgroup(loaded.containers.book.find(container.id).record)
    files = {"memory": ("memory.max", "memory.limit_in_bytes"), "pids": ("pids.max", "pids.max")}
    for controller, names in files.items():
        directory = group.directory(controller)
        assert directory is not None
        value = next((directory / name).read_text() for name in names if (directory / name).exists())
        assert int(value) == {"memory": 96 << 20, "pids": 50}[controller]


async def test_own_seccomp_profile(loaded: EmbeddedEngine) -> None:
    profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}
    text = await inside(loaded, "mkdir /x || echo refused", security=Security(seccomp=json.dumps(profile)))
    assert "refused" in text.splitlines()  # which stands beside the complaint of mkdir, before or after


async def test_an_edit_keeps_the_writable_layer(loaded: EmbeddedEngine) -> None:
    import msgspec

    container = await run(loaded, "sh", "-c", "echo kept > /root/f; exec sleep 1000")
    await until(lambda: (loaded.paths.upper(container.id) / "root" / "f").exists())
    spec = msgspec.structs.replace(container.spec, command=("cat", "/root/f"), env={"NEW": "1"})
    await loaded.containers.edit(container.id, spec)
    await loaded.containers.wait(container.id)
    assert read_log(loaded, container.id).endswith("kept\n")


async def test_a_program_that_closes_its_output(loaded: EmbeddedEngine) -> None:
    container = await run(loaded, "sh", "-c", "exec <&- >&- 2>&-; exec sleep 1000")
    assert (await loaded.containers.stop(container.id)).state is State.EXITED


@pytest.mark.parametrize("signal", ["", "USR1"])
async def test_stop_signal(loaded: EmbeddedEngine, signal: str) -> None:
    script = "trap 'exit 11' USR1; trap 'exit 12' TERM; echo ready; while :; do sleep 0.02; done"
    container = await run(loaded, "sh", "-c", script, stop_signal="SIGUSR1" if signal else None, stop_timeout=10)
    await until(lambda: "ready" in read_log(loaded, container.id))
    ended = await loaded.containers.stop(container.id)
    assert ended.exit is not None
    assert ended.exit.code == (11 if signal else 12)


async def test_idmap_help_where_the_user_inside_is_ours_already(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine\n")
    mount = Mount(kind="bind", source=str(tmp_path), target="/mnt", ownership="idmap")
    assert await inside(loaded, "stat -c %u /mnt/file; echo x > /mnt/new", mounts=(mount,)) == "0"
    kept = Security(user_namespace="keep-id")
    assert await inside(loaded, "stat -c %u /mnt/new", mounts=(mount,), user="web", security=kept) == "1000"
    assert (tmp_path / "new").stat().st_uid == os.getuid()


async def test_idmap_help_where_the_kernel_allows_it(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    """On a file system mounted in our own namespace; the host's other file systems are root's to map."""
    source = tmp_path / "ours"
    source.mkdir()
    await loaded.keeper.execute([Tmpfs(target=source), MakeFile(path=source / "file", mode=0o600)])
    mount = Mount(kind="bind", source=str(source), target="/mnt", ownership="idmap")
    text = await inside(
        loaded, "stat -c %u:%g /mnt/file; echo x >> /mnt/file; touch /mnt/new", mounts=(mount,), user="web:staff"
    )
    assert text == "1000:50"
    made = await loaded.keeper.stat(source, "new")
    assert (made.uid, made.gid) == (0, 0)
    await loaded.keeper.execute([Unmount(target=source)])


async def test_idmap_help_is_refused_where_the_kernel_refuses_it(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    mount = Mount(kind="bind", source=str(tmp_path), target="/mnt", ownership="idmap")
    container = await create(loaded, "true", mounts=(mount,), user="web")
    with pytest.raises(Unsupported) as caught:
        await loaded.containers.start(container.id)
    assert caught.value.subject == str(tmp_path)
    assert "keep-id" in caught.value.hint
    assert (await loaded.containers.get(container.id)).state is State.CREATED


async def test_a_host_s_ipc_is_shared_as_far_as_the_host_has_it(loaded: EmbeddedEngine) -> None:
    """Not every host mounts /dev/mqueue."""
    code, text = await output(loaded, "sh", "-c", "readlink /proc/self/ns/ipc; ls /dev", ipc_mode="host")
    assert code == 0
    assert text.split()[0] == os.readlink("/proc/self/ns/ipc")
    assert ("mqueue" in text) == ("mqueue" in os.listdir("/dev"))


async def test_a_full_name_comes_before_the_short_one(loaded: EmbeddedEngine) -> None:
    code, text = await output(loaded, "cat", "/etc/hosts", hostname="box", domainname="example.org")
    assert code == 0
    assert text.splitlines()[-1].split()[1:3] == ["box.example.org", "box"]


async def test_a_folder_that_cannot_be_made_is_said_so(loaded: EmbeddedEngine) -> None:
    mount = Mount(kind="bind", source="/proc/none/of/these", target="/x", create_source=True)
    with pytest.raises(InvalidRequest) as refused:
        await create(loaded, mounts=(mount,))
    assert refused.value.code is Code.MOUNT_SOURCE_MISSING
    assert "/proc/none" in refused.value.title


async def test_who_cannot_write_in_a_folder_is_warned(loaded: EmbeddedEngine, tmp_path: Path) -> None:
    bind = Mount(kind="bind", source=str(tmp_path), target="/p")
    host = Security(user_namespace="host")
    (words,) = (await create(loaded, mounts=(bind,), user="1000", security=host)).warnings
    assert "keep-id" in words
    assert (await create(loaded, mounts=(bind,), user="1000")).warnings == ()
    keep = Security(user_namespace="keep-id")
    assert (await create(loaded, mounts=(bind,), user="1000", security=keep)).warnings == ()
    code, _ = await output(loaded, "touch", "/p/mine", mounts=(bind,), user="1000", security=keep)
    assert code == 0
    assert (tmp_path / "mine").stat().st_uid == os.getuid()
