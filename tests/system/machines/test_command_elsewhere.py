"""`wherry -H` and `wherry context`: the same verbs on another machine's engine, over a real ssh."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.images import busybox_archive
from tests.support.sshd import know
from tests.system.api.conftest import IMAGE, Tool

if TYPE_CHECKING:
    from tests.support.sshd import FarMachine


async def test_verbs_work_on_another_machine_over_ssh(near: Tool, far: FarMachine) -> None:
    there = ("-H", f"ssh://{far.host}")
    assert "Loaded image" in await near(*there, "load", input=busybox_archive())
    assert await near(*there, "run", "--rm", "-i", IMAGE, "cat", input=b"given\n" * 50_000) == "given\n" * 50_000
    done = await near.try_(*there, "run", "--rm", IMAGE, "sh", "-c", "echo err >&2; exit 7")
    assert (done.code, done.err) == (7, "err\n")
    await near(*there, "run", "-d", "--name", "c1", IMAGE, "sleep", "1000")
    async with near.terminal(*there, "exec", "-it", "c1", "sh") as terminal:
        await terminal.until("# ")
        terminal.type("stty size\n")
        await terminal.until("33 99")
        terminal.type("exit 5\n")
        assert await terminal.code() == 5
    assert "c1" in await near(*there, "ps")
    assert "c1" not in await near("ps", "-a")
    unix = f"unix://{far.store.run}/docker.sock"
    assert "c1" in await near("-H", unix, "ps")
    assert "c1" in await near("-H", f"ssh://{far.host}{far.store.run}/docker.sock", "ps")


async def test_a_context_is_made_used_and_forgotten_in_dockers_words(near: Tool, far: FarMachine) -> None:
    await near("context", "create", "server", "--docker", f"host=ssh://{far.host}", "--description", "the shop")
    assert "already exists" in await near("context", "create", "server", "--docker", "host=ssh://x", code=1)
    [listed] = [line for line in (await near("context", "ls")).splitlines() if line.startswith("server")]
    assert "the shop" in listed
    assert "wherry" in listed  # found out by asking it
    await near("context", "use", "server")
    assert await near("context", "show") == "server\n"
    assert f"Machine: ssh://{far.host}" in await near("info")
    assert "Owner: wherry serve" in await near("-c", "default", "info")
    [shown] = json.loads(await near("context", "inspect"))
    assert shown["Endpoints"]["docker"]["Host"] == f"ssh://{far.host}"
    await near("context", "export", "server", "kept.tar")
    await near("context", "import", "again", "kept.tar")
    assert "is in use" in await near("context", "rm", "server", code=1)
    await near("context", "rm", "-f", "server", "again")
    assert await near("context", "show") == "default\n"
    assert "server" not in await near("context", "ls")


async def test_what_stands_between_is_said_in_a_sentence(near: Tool, far: FarMachine) -> None:
    there = ("-H", f"ssh://{far.host}", "ps")
    assert "There is no machine" in await near("-H", "ssh://nowhere.invalid", "ps", code=1)
    assert "no socket" in await near("-H", f"ssh://{far.host}/no/such.sock", "ps", code=1)
    far.cut()
    assert "refuses ssh" in await near(*there, code=1)
    far.new_host_key()
    far.start()
    assert "The host key of far has changed" in await near(*there, code=1)
    know(far)
    await near(*there)
    far.cut()
    (far.directory / "authorized_keys").write_text("")
    far.start()
    assert "wants a password" in await near(*there, code=1)
    assert "no password" in await near("-H", "ssh://me:secret@far", "ps", code=1)


async def test_a_container_goes_to_another_machine_and_into_a_file_from_a_shell(near: Tool, far: FarMachine) -> None:
    await near("load", input=busybox_archive())
    await near("run", "-d", "--name", "c1", "--stop-timeout", "0", "-v", "data:/data", IMAGE, "sleep", "1000")
    await near("exec", "c1", "sh", "-c", "echo kept > /data/file")
    await near("context", "create", "server", "--docker", f"host=ssh://{far.host}")
    plan = await near("move", "c1", "--to", "server", "--plan")
    assert [line.split()[0] for line in plan.splitlines()[:-1]] == ["image", "volume", "container"]
    assert "nosuch" in await near("move", "nosuch", "--to", "server", code=1)
    await near("archive", "c1", "c1.wherry")
    assert "Moved c1" in await near("move", "c1", "--to", "server")
    assert await near("-c", "server", "exec", "c1", "cat", "/data/file") == "kept\n"
    assert "c1" not in await near("ps", "-a")
    assert "Unpacked c1" in await near("unarchive", "c1.wherry")
    assert await near("exec", "c1", "cat", "/data/file") == "kept\n"
    brought = await near("bring-over", "--from", f"unix://{far.store.run}/docker.sock", "--plan")
    assert "c1" in brought
