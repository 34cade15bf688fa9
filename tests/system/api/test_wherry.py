"""`wherry` from a shell: starting the engine by itself, using it, its quiet end, and the window taking over."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from engine.api.takeover import take_over
from tests.support.engine import opened_engine
from tests.support.images import busybox_archive
from tests.support.nasty_registry import answer, serve_nastily
from tests.system.api.conftest import IMAGE, Tool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.stores import ShortTmp


FOREVER = "echo here; sleep 1000"


async def load(wherry: Tool) -> None:
    assert "Loaded image" in await wherry("load", input=busybox_archive())


@pytest.mark.also_as_root
async def test_the_engine_starts_by_itself_and_serves(wherry: Tool) -> None:
    await load(wherry)
    assert await wherry("run", "--rm", IMAGE, "echo", "hello") == "hello\n"
    done = await wherry.try_("run", "--rm", IMAGE, "sh", "-c", "echo err >&2; exit 7")
    assert (done.code, done.err) == (7, "err\n")
    assert await wherry("run", "--rm", "-i", IMAGE, "cat", input=b"given\n") == "given\n"
    assert "is not in the image" in await wherry("run", "--rm", IMAGE, "nosuch", code=127)
    await wherry("run", "-d", "--name", "c1", IMAGE, "sleep", "100")
    assert await wherry("exec", "c1", "echo", "in") == "in\n"
    assert "c1" in await wherry("ps")
    async with wherry.terminal("exec", "-it", "c1", "sh") as terminal:
        await terminal.until("# ")
        terminal.type("stty size\n")
        await terminal.until("33 99")
        terminal.type("exit 5\n")
        assert await terminal.code() == 5
    assert await wherry("rm", "-f", "c1") == "c1\n"


async def test_a_build_takes_its_context_from_the_web(wherry: Tool) -> None:
    await load(wherry)
    async with serve_nastily() as web:
        web.routes["/Dockerfile"] = answer(f"FROM {IMAGE}\nRUN echo far away\n".encode())
        assert "far away" in await wherry("build", f"http://{web.host}/Dockerfile")


async def test_registries_are_set_from_the_shell_and_an_editor_alike(wherry: Tool, short_tmp: ShortTmp) -> None:
    file = short_tmp.root / "registries.toml"
    assert str(file) in await wherry("registry", "ls")
    await wherry("registry", "set", "docker.io", "--mirror", "https://a.example/hub", "--mirror", "b.example")
    await wherry("registry", "set", "r.example:5000", "--insecure")
    await wherry("registry", "set", "docker.io", "--ca", "/ca.pem")
    await wherry("registry", "proxy", "--https", "http://me:secret@p.example:3128", "--no-proxy", ".example.org")
    assert "https: http://me:secret@p.example:3128" in await wherry("registry", "proxy")
    listed = await wherry("registry", "ls")
    assert "https://a.example/hub, b.example" in listed
    assert "/ca.pem" in listed
    info = json.loads(await wherry("info", "--format", "json"))
    assert info["RegistryConfig"]["Mirrors"] == ["https://a.example/hub", "b.example"]
    assert not info["RegistryConfig"]["IndexConfigs"]["r.example:5000"]["Secure"]
    assert info["HttpsProxy"] == "http://xxxxx:xxxxx@p.example:3128"
    assert "is not a mirror's address" in await wherry("registry", "set", "docker.io", "--mirror", "ftp://x", code=1)

    file.write_text(file.read_text().replace("b.example", "c.example"))
    assert "c.example" in await wherry("registry", "ls")
    await wherry("registry", "rm", "docker.io", "r.example:5000")
    assert "no settings" in await wherry("registry", "rm", "docker.io", code=1)
    await wherry("registry", "proxy", "--clear")
    file.write_text("[rubbish")
    assert "registries.toml cannot be used" in await wherry("pull", "r.example/x", code=1)
    file.unlink()


async def test_files_go_both_ways(wherry: Tool, tmp_path: Path) -> None:
    await load(wherry)
    await wherry("run", "-d", "--name", "c1", IMAGE, "sleep", "100")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("text")
    await wherry("cp", str(tmp_path / "tree"), "c1:/tmp/")
    assert await wherry("exec", "c1", "cat", "/tmp/tree/file") == "text"
    await wherry("cp", "c1:/tmp/tree", str(tmp_path / "back"))
    assert (tmp_path / "back" / "file").read_text() == "text"
    await wherry("cp", "c1:/", str(tmp_path / "whole"))
    assert (tmp_path / "whole" / "tmp" / "tree" / "file").read_text() == "text"


async def test_it_ends_after_a_quiet_time(wherry: Tool, short_tmp: ShortTmp) -> None:
    wherry.environment["WHERRY_IDLE_SECONDS"] = "1"
    assert "CONTAINER ID" in await wherry("ps")
    socket = short_tmp.run / "docker.sock"
    deadline = asyncio.get_running_loop().time() + 30
    while socket.exists():
        assert asyncio.get_running_loop().time() < deadline, "it did not end"
        await asyncio.sleep(0.05)


async def test_one_that_stays_takes_over_from_one_started_in_passing(wherry: Tool, short_tmp: ShortTmp) -> None:
    """As `systemctl --user start wherry` does after some command had started an engine for itself."""
    await load(wherry)
    await wherry("run", "-d", "--name", "c1", "--network", "none", IMAGE, "sh", "-c", FOREVER)
    before = await wherry("inspect", "-f", "{{.State.Pid}}", "c1")
    staying = await wherry.start("serve")
    try:
        assert staying.stdout is not None
        assert b"Serving" in await asyncio.wait_for(staying.stdout.readline(), 25)
        assert await wherry("inspect", "-f", "{{.State.Pid}}", "c1") == before
        assert "has this store open" in await wherry("serve", code=1), "of two that stay the first does"
        await wherry("rm", "-f", "c1")
    finally:
        staying.terminate()
        await staying.communicate()
    assert staying.returncode == 0


async def test_the_window_takes_over_and_containers_do_not_notice(wherry: Tool, short_tmp: ShortTmp) -> None:
    await load(wherry)
    await wherry("run", "-d", "--name", "c1", "--network", "none", IMAGE, "sh", "-c", FOREVER)
    before = await wherry("inspect", "-f", "{{.State.Pid}}", "c1")
    watching = [await wherry.start(*words) for words in (("logs", "-f", "c1"), ("exec", "c1", "sh", "-c", FOREVER))]
    for each in watching:
        assert each.stdout is not None
        assert await asyncio.wait_for(each.stdout.readline(), 20) == b"here\n"
    assert await take_over(short_tmp.run / "docker.sock")
    for each in watching:
        told, _ = await asyncio.wait_for(each.communicate(), 20)
        assert b"engine" in told  # the connection is gone, and that is said: nothing hangs, nothing ends as if well
        assert each.returncode != 0
    async with opened_engine(short_tmp) as engine:
        container = await engine.containers.get("c1")
        assert f"{container.pid}\n" == before
        await engine.containers.remove("c1", force=True)
