"""The real docker command line against the real engine: every verb that a rootless engine can have.

Whatever docker the system has serves, from 20.10 of Debian 12 on; so formats are templates, which all of them know.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.registry import Registry
    from tests.system.api.conftest import Tool


async def test_version_info_and_ping(docker: Tool) -> None:
    version = json.loads(await docker("version", "--format", "{{json .Server}}"))
    assert version["ApiVersion"] == "1.54"
    assert "rootless" in await docker("info")
    assert await docker("info", "--format", "{{.ServerVersion}}")


async def test_run_in_the_foreground(docker: Tool) -> None:
    assert await docker("run", "--rm", IMAGE, "echo", "hello") == "hello\n"
    done = await docker.try_("run", "--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.code, done.out, done.err) == (7, "out\n", "err\n")
    assert await docker("run", "--rm", "-i", IMAGE, "cat", input=b"given\n") == "given\n"
    assert "not found" in await docker("run", "--rm", IMAGE, "nosuch", code=127)
    assert "" == await docker("ps", "-aq", "--filter", "status=exited")


async def test_run_detached_to_removal(docker: Tool) -> None:
    made = (await docker("run", "-d", "--name", "c1", "-e", "A=b", "-l", "x=y", IMAGE, "sleep", "100")).strip()
    assert len(made) == 64
    assert "c1" in await docker("ps", "--filter", "label=x=y")
    assert "c1" in await docker("ps", "-s", "--filter", f"ancestor={IMAGE}")
    assert await docker("ps", "--filter", "status=paused", "-q") == ""
    assert json.loads(await docker("ps", "--format", "{{json .}}"))["Names"] == "c1"
    assert (await docker("inspect", "-f", "{{.State.Status}} {{.Config.Env}}", "c1")).startswith("running [")
    assert "sleep 100" in await docker("top", "c1")
    await docker("rename", "c1", "c2")
    await docker("pause", "c2")
    assert "(Paused)" in await docker("ps")
    await docker("unpause", "c2")
    await docker("update", "--restart", "no", "--pids-limit", "50", "c2")
    assert await docker("inspect", "-f", "{{.HostConfig.PidsLimit}}", "c2") == "50\n"
    assert "c2" in await docker("stats", "--no-stream", "c2")
    await docker("kill", "-s", "HUP", "c2")
    await docker("restart", "-t", "1", "c2")
    waiting = asyncio.ensure_future(docker("wait", "c2"))
    await docker("stop", "-t", "0", "c2")
    assert await waiting == "137\n"
    await docker("start", "c2")
    assert "running" in await docker("rm", "c2", code=1)
    await docker("rm", "-f", "-v", "c2")
    assert "No such container" in await docker("start", "c2", code=1)


async def test_create_and_start_attached(docker: Tool) -> None:
    await docker("create", "--name", "c1", "-i", IMAGE, "cat")
    assert await docker("start", "-ai", "c1", input=b"typed\n") == "typed\n"
    assert await docker("container", "prune", "-f") != ""
    assert await docker("ps", "-aq") == ""


async def test_logs(docker: Tool) -> None:
    script = "echo one; echo two >&2; sleep 0.3; echo three"
    await docker("run", "-d", "--name", "c1", IMAGE, "sh", "-c", script)
    followed = await docker.try_("logs", "-f", "c1")
    assert (followed.out, followed.err) == ("one\nthree\n", "two\n")
    assert await docker("logs", "--tail", "1", "c1") == "three\n"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z three\n", await docker("logs", "-t", "-n", "1", "c1"))
    assert await docker("logs", "--until", "1h", "c1") == ""
    assert "three" in await docker("logs", "--since", "1h", "--details", "c1")


async def test_an_interactive_run_with_its_size(docker: Tool) -> None:
    async with docker.terminal("run", "--rm", "-it", IMAGE, "sh") as terminal:
        await terminal.until("# ")
        terminal.type("stty size\n")
        await terminal.until("33 99")
        terminal.resize(40, 120)
        terminal.type("sleep 0.2; stty size\n")
        await terminal.until("40 120")
        terminal.type("exit 5\n")
        assert await terminal.code() == 5


async def test_an_interactive_exec_and_detaching(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", "-it", IMAGE, "sh")
    async with docker.terminal("exec", "-it", "-e", "Q=1", "-w", "/tmp", "c1", "sh") as terminal:
        await terminal.until("# ")
        terminal.type("echo $Q$PWD; stty size\n")
        await terminal.until("1/tmp")
        await terminal.until("33 99")
        terminal.type("exit 6\n")
        assert await terminal.code() == 6
    async with docker.terminal("attach", "c1") as terminal:
        terminal.type("echo $((40+2))x\n")
        await terminal.until("42x")
        terminal.type("\x10\x11")
        assert await terminal.code() in (0, 1)  # docker calls detaching an error; what matters is the container
    assert await docker("inspect", "-f", "{{.State.Running}}", "c1") == "true\n"


async def test_exec(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", IMAGE, "sleep", "100")
    assert await docker("exec", "c1", "echo", "in") == "in\n"
    assert await docker("exec", "-i", "c1", "cat", input=b"given") == "given"
    assert await docker("exec", "c1", "sh", "-c", "exit 9", code=9) == ""
    assert "not found" in await docker("exec", "c1", "nosuch", code=127)
    await docker("exec", "-d", "c1", "touch", "/tmp/made")
    assert "made" in await docker("exec", "c1", "sh", "-c", "until ls /tmp/made; do sleep 0.05; done")
    assert "No such container" in await docker("exec", "nosuch", "true", code=1)


async def test_attach_without_a_terminal(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", IMAGE, "sh", "-c", "until [ -e /go ]; do sleep 0.05; done; echo seen")
    attached = await docker.start("attach", "--no-stdin", "c1")
    await asyncio.sleep(0.2)
    await docker("exec", "c1", "touch", "/go")
    out, _ = await asyncio.wait_for(attached.communicate(), 20)
    assert (attached.returncode, out) == (0, b"seen\n")


async def test_copying_both_ways(docker: Tool, tmp_path: Path) -> None:
    await docker("run", "-d", "--name", "c1", IMAGE, "sleep", "100")
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "file").write_text("text")
    (tree / "link").symlink_to("deep/file")
    await docker("cp", str(tree), "c1:/tmp/")
    assert await docker("exec", "c1", "cat", "/tmp/tree/link") == "text"
    await docker("cp", str(tree / "deep" / "file"), "c1:/root/renamed")
    await docker("cp", "c1:/root/renamed", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "text"
    await docker("cp", "c1:/tmp/tree", str(tmp_path / "out"))
    assert (tmp_path / "out" / "deep" / "file").read_text() == "text"
    missing = await docker("cp", "c1:/nosuch", str(tmp_path), code=1)
    assert re.search("Could not find the file /nosuch|No such container:path: c1:/nosuch", missing)
    assert "A /tmp/tree" in await docker("diff", "c1")


async def test_images_in_and_out(docker: Tool, tmp_path: Path) -> None:
    await docker("run", "--name", "c1", IMAGE, "sh", "-c", "echo kept > /root/kept")
    made = await docker("commit", "-m", "why", "-a", "who", "-c", 'CMD ["cat", "/root/kept"]', "c1", "mine:1")
    assert made.startswith("sha256:")
    assert await docker("run", "--rm", "mine:1") == "kept\n"
    assert "why" in await docker("history", "mine:1")
    await docker("tag", "mine:1", "mine:2")
    await docker("save", "-o", str(tmp_path / "saved.tar"), "mine:1", "mine:2")
    assert "Untagged: mine:1" in await docker("rmi", "mine:1", "mine:2")
    assert "Loaded image: mine:1" in await docker("load", "-i", str(tmp_path / "saved.tar"))
    assert "mine" in await docker("images", "--filter", "reference=mine")
    await docker("export", "-o", str(tmp_path / "tree.tar"), "c1")
    await docker("import", "-c", 'CMD ["sh"]', str(tmp_path / "tree.tar"), "tree:1")
    assert await docker("run", "--rm", "tree:1", "cat", "/root/kept") == "kept\n"
    assert json.loads(await docker("image", "inspect", "tree:1"))[0]["Config"]["Cmd"] == ["sh"]
    await docker("rm", "c1")
    assert "Total reclaimed space" in await docker("image", "prune", "-af")


async def test_a_missing_image_is_pulled_by_run(docker: Tool, shared_registry: Registry) -> None:
    name = f"{shared_registry.host}/api/busybox:1"
    await docker("tag", IMAGE, name)
    assert "digest: sha256:" in await docker("push", name)
    await docker("rmi", name)
    done = await docker.try_("run", "--rm", name, "echo", "pulled")
    assert (done.code, done.out) == (0, "pulled\n")
    assert "Unable to find image" in done.err
    assert "Status: Downloaded newer image" in done.err
    assert "Image is up to date" in await docker("pull", name)
    missing = f"{shared_registry.host}/api/nosuch:1"
    assert (await docker("pull", missing, code=1)) != ""


async def test_events(docker: Tool) -> None:
    watching = await docker.start("events", "--filter", "type=container", "--format", "{{.Action}}")
    assert watching.stdout is not None
    await asyncio.sleep(0.2)
    await docker("run", "--rm", "--name", "c1", IMAGE, "true")
    seen: list[str] = []
    while "destroy" not in seen:
        seen.append((await asyncio.wait_for(watching.stdout.readline(), 30)).decode().strip())
    watching.kill()
    await watching.communicate()
    assert [action for action in seen if action in ("create", "start", "die", "destroy")] == [
        "create", "start", "die", "destroy",
    ]  # fmt: skip
    past, deadline = "", asyncio.get_running_loop().time() + 30
    while "container die" not in past:  # docker cuts "now" to the whole second
        assert asyncio.get_running_loop().time() < deadline, past
        past = await docker("events", "--since", "1h", "--until", "0s", "--filter", "event=die")
    assert "image=" in past


async def test_volumes_and_networks(docker: Tool) -> None:
    assert await docker("volume", "create", "--label", "a=b", "v1") == "v1\n"
    await docker("run", "--rm", "-v", "v1:/data", IMAGE, "sh", "-c", "echo kept > /data/f")
    assert await docker("run", "--rm", "--mount", "source=v1,target=/x", IMAGE, "cat", "/x/f") == "kept\n"
    assert await docker("volume", "ls", "-q", "--filter", "label=a=b") == "v1\n"
    assert json.loads(await docker("volume", "inspect", "v1"))[0]["Labels"] == {"a": "b"}
    assert "v1" in await docker("system", "df", "-v")
    assert await docker("volume", "rm", "v1") == "v1\n"
    await docker("network", "create", "--label", "a=b", "n1")
    assert "n1" in await docker("network", "ls", "--filter", "label=a=b")
    assert json.loads(await docker("network", "inspect", "n1"))[0]["Labels"] == {"a": "b"}
    assert await docker("network", "rm", "n1") == "n1\n"
    await docker("run", "-d", "--name", "c1", "--network", "none", IMAGE, "sleep", "100")
    await docker("stop", "-t", "0", "c1")
    assert "Total reclaimed space" in await docker("system", "prune", "-af", "--volumes")
    assert await docker("ps", "-aq") == ""


async def test_published_ports(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", "-p", "127.0.0.1::8000", IMAGE, "httpd", "-f", "-p", "8000", "-h", "/www")
    address = (await docker("port", "c1", "8000")).strip()
    host, _, port = address.rpartition(":")
    deadline = asyncio.get_running_loop().time() + 30
    answer = b""
    while b"here I am" not in answer:
        assert asyncio.get_running_loop().time() < deadline, answer
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /index.html HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()
        if not answer:
            await asyncio.sleep(0.05)


async def test_limits_mounts_and_security_reach_the_container(docker: Tool, tmp_path: Path) -> None:
    (tmp_path / "given").write_text("from here\n")
    out = await docker(
        "run", "--rm", "--init", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only",
        "--tmpfs", "/scratch:size=1m", "--hostname", "named", "--add-host", "other:10.9.8.7", "-u", "1000:1000",
        "-v", f"{tmp_path}/given:/given:ro", "--env-file", "/dev/null", "-w", "/tmp", "--ulimit", "nofile=99:99", IMAGE,
        "sh", "-c",
        "hostname; id -u; cat /given; grep -c other /etc/hosts; ulimit -n; grep CapEff /proc/self/status; pwd",
    )  # fmt: skip
    assert out.split() == ["named", "1000", "from", "here", "1", "99", "CapEff:", "0000000000000000", "/tmp"]


async def test_build_with_the_classic_builder(docker: Tool, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(
        f"FROM {IMAGE}\nARG WHO\nCOPY file /file\nRUN echo $WHO >> /file\nCMD cat /file\n"
    )
    (context / "file").write_text("copied\n")
    docker.environment["DOCKER_BUILDKIT"] = "0"
    told = await docker("build", "-t", "built:1", "--build-arg", "WHO=me", str(context))
    assert "Step 1/4 : FROM" in told
    assert "Successfully tagged" in told
    assert await docker("run", "--rm", "built:1") == "copied\nme\n"
    assert "Using cache" in await docker("build", "-t", "built:2", "--build-arg", "WHO=me", str(context))
    (context / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN exit 3\n")
    failed = await docker.try_("build", str(context))
    assert failed.code == 3
    assert "Total" in await docker("builder", "prune", "-af")


async def test_what_is_not_there_is_refused_in_words(docker: Tool) -> None:
    assert "unknown or invalid runtime name: odd" in await docker("run", "--runtime", "odd", IMAGE, code=125)
    assert "not a swarm manager" in await docker("node", "ls", code=1)
    assert "no such object" in (await docker("inspect", "nosuch", code=1)).lower()


@pytest.mark.parametrize("words", [("logs", "-f", "c1"), ("stats", "c1"), ("events",), ("attach", "--no-stdin", "c1")])
async def test_a_client_that_is_killed_leaves_nothing(docker: Tool, words: tuple[str, ...]) -> None:
    await docker("run", "-d", "--name", "c1", IMAGE, "sleep", "100")
    tasks = len(asyncio.all_tasks())
    process = await docker.start(*words)
    await asyncio.sleep(0.3)
    process.kill()
    await process.communicate()
    deadline = asyncio.get_running_loop().time() + 30
    while len(asyncio.all_tasks()) > tasks:
        assert asyncio.get_running_loop().time() < deadline, asyncio.all_tasks()
        await asyncio.sleep(0.02)
