"""Volumes that are kept in memory, and volumes that are a folder of this machine, as docker makes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.api.conftest import Tool

MEMORY = ("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=1m,uid=7,mode=0750")


async def test_a_volume_in_memory_is_shared_while_somebody_runs_and_gone_after(docker: Tool) -> None:
    await docker("volume", "create", *MEMORY, "quick")
    assert json.loads(await docker("volume", "inspect", "quick"))[0]["Options"]["type"] == "tmpfs"
    await docker("run", "-d", "--name", "a", "-v", "quick:/q", IMAGE, "sleep", "1000")
    await docker("run", "-d", "--name", "b", "-v", "quick:/q", IMAGE, "sleep", "1000")
    assert await docker("exec", "a", "stat", "-f", "-c", "%T", "/q") == "tmpfs\n"
    assert await docker("exec", "a", "stat", "-c", "%u %a", "/q") == "7 750\n"
    await docker("exec", "a", "sh", "-c", "echo word >/q/said")
    assert await docker("exec", "b", "cat", "/q/said") == "word\n"
    assert "No space" in await docker("exec", "a", "dd", "if=/dev/zero", "of=/q/much", "bs=2M", "count=1", code=1)
    await docker("kill", "a")
    assert await docker("exec", "b", "cat", "/q/said") == "word\n"
    await docker("rm", "-f", "b")
    await docker("start", "a")
    assert await docker("exec", "a", "ls", "/q") == ""
    await docker("rm", "-f", "a")
    await docker("volume", "rm", "quick")


async def test_a_volume_is_a_folder_of_this_machine(docker: Tool, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    options = ("--opt", "type=none", "--opt", f"device={folder}")
    await docker("volume", "create", *options, "--opt", "o=bind", "mine")
    await docker("volume", "create", *options, "--opt", "o=bind,ro", "read")
    assert "is not there" in await docker("run", "--rm", "-v", "mine:/m", IMAGE, "true", code=125)
    folder.mkdir()
    await docker("run", "--rm", "-v", "mine:/m", IMAGE, "sh", "-c", "echo in >/m/said")
    assert (folder / "said").read_text() == "in\n"
    assert await docker("run", "--rm", "-v", "read:/m", IMAGE, "cat", "/m/said") == "in\n"
    assert "Read-only" in await docker("run", "--rm", "-v", "read:/m", IMAGE, "touch", "/m/x", code=1)
    await docker("volume", "rm", "mine", "read")
    assert (folder / "said").exists()


async def test_a_share_of_the_network_is_refused_with_what_to_do(docker: Tool) -> None:
    words = await docker("volume", "create", "-o", "type=nfs", "-o", "device=:/x", "-o", "o=addr=10.0.0.1", "n", code=1)
    assert "Mount it on this machine" in words
