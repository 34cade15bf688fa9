"""Options of `docker run` that were refused once, seen from inside the container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from tests.system.api.conftest import Tool


async def inside(docker: Tool, script: str, *options: str) -> str:
    return (await docker("run", "--rm", *options, IMAGE, "sh", "-c", script)).strip()


async def test_a_tmpfs_has_the_owner_and_the_rights_that_were_asked_for(docker: Tool) -> None:
    script = "stat -c '%u %g %a' /t; cp /bin/busybox /t/; /t/busybox echo runs; grep -c ' /t .*nosuid' /proc/mounts"
    said = await inside(docker, script, "--tmpfs", "/t:uid=1000,gid=50,mode=750,exec,size=8m")
    assert said.split("\n") == ["1000 50 750", "runs", "1"]
    assert "denied" in await docker(
        "run", "--tmpfs", "/t", IMAGE, "sh", "-c", "cp /bin/busybox /t/; /t/busybox", code=126
    )


async def test_a_volume_is_made_with_the_options_beside_its_mount(docker: Tool) -> None:
    words = "type=volume,src=quick,dst=/q,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=uid=7"
    assert await inside(docker, "stat -f -c %T /q; stat -c %u /q", "--mount", words) == "tmpfs\n7"
    assert json.loads(await docker("volume", "inspect", "quick"))[0]["Options"]["o"] == "uid=7"
    await docker("volume", "rm", "quick")


async def test_another_image_is_mounted_and_stays_while_it_is(docker: Tool, served: EmbeddedEngine) -> None:
    await docker("run", "--name", "made", IMAGE, "sh", "-c", "mkdir /only; echo there >/only/file")
    await docker("commit", "made", "other:1")
    await docker("rm", "made")
    mount = ("--mount", "type=image,source=other:1,target=/o")
    await docker("run", "-d", "--name", "c1", *mount, IMAGE, "sleep", "1000")
    await docker("rmi", "-f", "other:1")
    assert await docker("exec", "c1", "cat", "/o/only/file") == "there\n"
    assert "Read-only" in await docker("exec", "c1", "touch", "/o/x", code=1)
    await docker("restart", "-t", "0", "c1")
    assert await docker("exec", "c1", "cat", "/o/only/file") == "there\n"
    assert "No such image" in await docker("create", *mount, IMAGE, code=1)
    await docker("rm", "-f", "c1")
    below = ("--mount", f"type=image,source={IMAGE},target=/o,image-subpath=data")
    assert await inside(docker, "cat /o/hello", *below) == "hello"


async def test_limits_of_control_groups_v1_are_set_or_said_not_to_be(docker: Tool, served: EmbeddedEngine) -> None:
    await docker("run", "-d", "--name", "c1", "--memory-swappiness", "0", "--oom-kill-disable", IMAGE, "sleep", "1000")
    container = await served.containers.get("c1")
    shown = json.loads(await docker("inspect", "c1"))[0]["HostConfig"]
    assert (shown["MemorySwappiness"], shown["OomKillDisable"]) == (0, True)
    group = next((path for path in map(Path, _groups(served, "c1")) if (path / "memory.swappiness").exists()), None)
    if group is None:
        assert len(container.unenforced) >= 2
        return
    assert (group / "memory.swappiness").read_text().strip() == "0"
    assert "oom_kill_disable 1" in (group / "memory.oom_control").read_text()


def _groups(engine: EmbeddedEngine, name: str) -> list[str]:
    return list(engine.containers.book.find(name).record.run.cgroups.values())


async def test_what_means_less_here_is_said(docker: Tool) -> None:
    done = await docker.try_(
        "create", "--name", "c1", "--cgroup-parent", "/x", "--device-cgroup-rule", "c 1:* rwm", IMAGE
    )
    assert (done.code, "only shown" in done.err, "change nothing" in done.err) == (0, True, True)
    shown = json.loads(await docker("inspect", "c1"))[0]["HostConfig"]
    assert (shown["CgroupParent"], shown["DeviceCgroupRules"]) == ("/x", ["c 1:* rwm"])
    assert "not supported by Wherry" in await docker("create", "--log-driver", "syslog", IMAGE, code=1)


async def test_a_container_without_a_log(docker: Tool) -> None:
    assert await docker("run", "--name", "c1", "--log-driver", "none", IMAGE, "echo", "heard") == "heard\n"
    assert "does not support reading" in await docker("logs", "c1", code=1)
    assert json.loads(await docker("inspect", "c1"))[0]["LogPath"] == ""
    await docker("run", "--name", "c2", "--log-driver", "local", "--log-opt", "max-size=1m", IMAGE, "echo", "kept")
    assert await docker("logs", "c2") == "kept\n"


async def test_a_network_has_the_mtu_that_was_asked_for(docker: Tool) -> None:
    await docker("network", "create", "-o", "com.docker.network.driver.mtu=1400", "narrow")
    said = await inside(docker, "cat /sys/class/net/net*/mtu", "--network", "narrow")
    assert said == "1400"
    await docker("network", "rm", "narrow")
    assert "is no MTU" in await docker("network", "create", "-o", "com.docker.network.driver.mtu=big", "n", code=1)


async def test_a_log_option_that_nobody_knows_is_refused(docker: Tool) -> None:
    assert "unknown log opt 'nosuch'" in await docker("create", "--log-opt", "nosuch=1", IMAGE, code=1)
    await docker("create", "--log-opt", "tag={{.Name}}", "--log-opt", "labels=a", IMAGE)
