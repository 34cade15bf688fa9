"""A folder of one's own in a container whose user is not root: as the image's user, with --user, and as development
containers do it, where root starts and another user is sent in."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.api.conftest import Tool

REMOTE = "devcontainer.metadata=" + json.dumps([{"id": "feature"}, {"remoteUser": "web", "postCreateCommand": "x"}])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    (made / "file").write_text("mine\n")
    (made / "file").chmod(0o600)
    return made


async def test_the_containers_user_works_in_it_and_what_is_made_is_yours(docker: Tool, folder: Path) -> None:
    script = "cat file; echo made >new; mkdir d; stat -c %u:%g file new d; stat -c %u /etc/passwd /; id -u"
    said = await docker("run", "--rm", "--user", "web", "-v", f"{folder}:/p", "-w", "/p", IMAGE, "sh", "-c", script)
    assert said.split() == ["mine", *["1000:1000"] * 3, "0", "0", "1000"]
    assert {(folder / name).stat().st_uid for name in ("file", "new", "d")} == {os.getuid()}


async def test_a_development_container_s_remote_user_works_in_it_and_root_is_root(docker: Tool, folder: Path) -> None:
    await docker("run", "-d", "--name", "dev", "-l", REMOTE, "-v", f"{folder}:/p", "-w", "/p", IMAGE, "sleep", "1000")
    assert (
        await docker("exec", "-u", "web", "dev", "sh", "-c", "cat file; echo x >new; stat -c %u new") == "mine\n1000\n"
    )
    assert (folder / "new").stat().st_uid == os.getuid()
    # Root's files are root's and not the user's, so that it can become root by what the image has for that.
    await docker("exec", "dev", "sh", "-c", "sed -i s/^root:x:/root::/ /etc/passwd && chmod u+s /bin/busybox")
    assert await docker("exec", "-u", "web", "dev", "busybox", "su", "root", "-c", "id -u") == "0\n"
    assert "denied" in await docker("exec", "-u", "web", "dev", "touch", "/etc/x", code=1)
    await docker("exec", "dev", "sh", "-c", "echo root >/made; chown web /data/hello; echo more >>/p/file")
    assert (folder / "file").read_text() == "mine\nmore\n"

    await docker("restart", "-t", "0", "dev")
    assert await docker("exec", "dev", "stat", "-c", "%u", "/made", "/data/hello", "/p/file") == "0\n1000\n1000\n"
    await docker("commit", "dev", "kept:1")
    assert await docker("run", "--rm", "kept:1", "stat", "-c", "%u", "/made", "/data/hello") == "0\n1000\n"
    await docker("rm", "-f", "dev")
    await docker("rmi", "kept:1")


async def test_low_ports_are_there_for_that_user_too(docker: Tool, folder: Path) -> None:
    words = ("--user", "web", "-v", f"{folder}:/p", IMAGE, "sh", "-c")
    script = "httpd -p 80 -h /p; until wget -q -O - http://127.0.0.1/file; do sleep 0.05; done"
    assert "mine" in await docker("run", "--rm", *words, script)


async def test_who_wants_it_otherwise_says_so(docker: Tool, folder: Path) -> None:
    words = ("--user", "web", "-v", f"{folder}:/p", IMAGE, "cat", "/p/file")
    assert "denied" in await docker("run", "--rm", "--userns", "host", *words, code=1)
