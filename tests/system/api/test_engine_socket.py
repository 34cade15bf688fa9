"""Containers that command the engine (portainer, traefik, localstack): only where that was said, and for as long as
there is an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.api.server import ApiServer
from tests.support.python_image import python_archive
from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp
    from tests.system.api.conftest import Tool

SOCKET = ("-v", "/var/run/docker.sock:/var/run/docker.sock")
ALLOWED = ("-l", "io.wherry.engine-socket=allow", *SOCKET)
PYTHON = "localhost/python:1"
ASK = """
import socket
engine = socket.socket(socket.AF_UNIX)
engine.connect("/var/run/docker.sock")
engine.sendall(b"GET /containers/json HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n")
while data := engine.recv(65536):
    print(data.decode())
"""


async def test_it_is_not_given_in_passing(docker: Tool) -> None:
    refused = await docker("create", *SOCKET, IMAGE, code=1)
    assert "would command this engine" in refused
    assert "io.wherry.engine-socket=allow" in refused


async def test_a_container_that_may_reaches_the_engine_and_the_next_one_too(
    docker: Tool, served: EmbeddedEngine, short_tmp: ShortTmp
) -> None:
    async def image() -> AsyncIterator[bytes]:
        yield python_archive(PYTHON)

    await served.images.load(image()).result()
    await docker("run", "-d", "--name", "helm", *ALLOWED, PYTHON, "sleep", "1000")
    assert '"/helm"' in await docker("exec", "helm", "python3", "-c", ASK)

    again = ApiServer(served, short_tmp.run / "docker.sock")
    (short_tmp.run / "docker.sock").unlink()  # as where an engine died: another makes a socket of its own
    await again.start()
    assert '"/helm"' in await docker("exec", "helm", "python3", "-c", ASK)
    await docker("rm", "-f", "helm")
    await again.close()
