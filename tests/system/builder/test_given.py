"""What a build is given beside its context: agents, and contexts by name."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import running, wait_until
from tests.support.python_image import python_archive
from tests.system.builder.conftest import BASE, Builder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.support.stores import ShortTmp

FROM = f"FROM {BASE}\n"
PYTHON = "localhost/python:3"
ASK = """import os, socket, struct
agent = socket.socket(socket.AF_UNIX)
agent.connect(os.environ["SSH_AUTH_SOCK"])
agent.sendall(struct.pack(">IB", 1, 11))
length, kind, keys = struct.unpack(">IBI", agent.recv(9))
print("agent", kind, keys)
"""


@contextlib.contextmanager
def ssh_agent(directory: Path) -> Iterator[str]:
    """A real one with one key in it; gives its socket."""
    socket, key = directory / "agent", directory / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with running(["ssh-agent", "-D", "-a", str(socket)], log=directory / "agent.log"):
        wait_until(socket.exists, "the agent to listen")
        added = ["ssh-add", "-q", str(key)]
        subprocess.run(added, check=True, env={"SSH_AUTH_SOCK": str(socket)}, capture_output=True)
        yield str(socket)


async def test_a_step_talks_to_the_agent_it_is_lent(builder: Builder, short_tmp: ShortTmp) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield await asyncio.to_thread(python_archive, PYTHON)

    await builder.engine.images.load(stream()).result()
    dockerfile = (
        f"FROM {PYTHON}\nRUN --mount=type=ssh,required python3 <<EOF\n{ASK}EOF\nRUN ls /run/buildkit || echo gone\n"
    )
    with ssh_agent(short_tmp.path) as socket:
        built = await builder.build(dockerfile, ssh_sockets={"default": socket})
        assert built.lines[0] == "agent 12 1"
        assert built.lines[-1] == "gone"
        named = f"FROM {PYTHON}\nRUN --mount=type=ssh,id=work,target=/agent python3 <<EOF\n{ASK}EOF\n"
        assert (await builder.build(named, ssh_sockets={"work": socket})).lines == ["agent 12 1"]
    build = await builder.failing(dockerfile, no_cache=True)
    assert build.failure is not None
    assert "ssh agent 'default' is required" in build.failure.title
    optional = FROM + "RUN --mount=type=ssh echo ${SSH_AUTH_SOCK:-none}\n"
    assert (await builder.build(optional)).lines == ["none"]


async def test_a_directory_given_by_name(builder: Builder, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "x").write_text("named\n")
    (other / ".dockerignore").write_text("ignored\n")
    (other / "ignored").write_text("")
    (other / "leak").symlink_to("/etc/passwd")
    built = await builder.build(
        FROM + "COPY --from=lib . /lib/\nRUN --mount=type=bind,from=lib,target=/m cat /m/x\n",
        named_contexts={"lib": str(other)},
    )
    files = await builder.files(built.image_id, "/lib")
    assert "/lib/x" in files
    assert "/lib/ignored" not in files
    assert files["/lib/leak"].link == "/etc/passwd"
    assert built.lines == ["named"]
    build = await builder.failing(FROM + "COPY --from=lib leak/x /x\n", named_contexts={"lib": str(other)})
    assert build.error_line == 2


async def test_an_image_given_by_name(builder: Builder) -> None:
    await builder.build("FROM scratch\nCOPY <<EOF /x\nof the image\nEOF\n", tags=("localhost/lib:1",))
    given = {"lib": "docker-image://localhost/lib:1"}
    built = await builder.build(FROM + "COPY --from=lib /x /x\n", named_contexts=given)
    assert await builder.read(built.image_id, "/x") == "of the image\n"
    on_it = await builder.build("FROM lib\nCOPY --from=lib /x /y\n", named_contexts=given)
    assert set(await builder.files(on_it.image_id)) == {"/x", "/y"}


@pytest.mark.parametrize(
    ("dockerfile", "given", "words"),
    [
        ("FROM lib\n", "{0}", "lib is a directory"),
        (FROM + "COPY --from=lib /x /x\n", "{0}/none", "There is no directory"),
        (FROM + "COPY --from=lib /x /x\n", "https://127.0.0.1:9/x.git", "cannot be fetched"),
    ],
)
async def test_a_name_that_leads_nowhere(
    builder: Builder, tmp_path: Path, dockerfile: str, given: str, words: str
) -> None:
    build = await builder.failing(dockerfile, named_contexts={"lib": given.format(tmp_path)})
    assert build.failure is not None
    assert words in f"{build.failure.title} {build.failure.explanation}"
