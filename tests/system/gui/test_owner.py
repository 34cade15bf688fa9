"""The window's engine answers on the socket, lets go of it by a switch, and takes over from `wherry serve`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from engine.owner import open_owned_engine
from engine.types.containers import ContainerSpec, CreateContainer
from tests.support.images import busybox_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.stores import ShortTmp


async def ask(socket: str, path: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def settled(socket: str, *, there: bool) -> None:
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(OSError):
                await ask(socket, "/_ping")
                if there:
                    return
                await asyncio.sleep(0.01)
                continue
            if not there:
                return
            await asyncio.sleep(0.01)


async def test_the_socket_follows_the_settings(short_tmp: ShortTmp) -> None:
    engine = await open_owned_engine(short_tmp.root, short_tmp.run)
    try:
        socket = str(engine.paths.socket)
        await settled(socket, there=True)
        settings = await engine.host.settings()
        await engine.host.change_settings(msgspec.structs.replace(settings, api_socket=False))
        await settled(socket, there=False)
        await engine.host.change_settings(msgspec.structs.replace(settings, api_socket=True))
        await settled(socket, there=True)
    finally:
        await engine.close()


async def test_a_headless_owner_is_taken_over_and_its_container_goes_on(short_tmp: ShortTmp) -> None:
    environment = {"WHERRY_ROOT": str(short_tmp.root), "WHERRY_RUN": str(short_tmp.run)}
    serve = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "engine.cli", "serve", env=os.environ | environment, stdout=subprocess.PIPE
    )
    assert serve.stdout is not None
    assert b"Serving" in await serve.stdout.readline()
    engine = await open_owned_engine(short_tmp.root, short_tmp.run)
    try:
        assert await serve.wait() == 0

        async def stream() -> AsyncIterator[bytes]:
            yield busybox_archive(reference="localhost/b")

        await engine.images.load(stream()).result()
        spec = ContainerSpec(image="localhost/b", command=("sleep", "1000"), network="none")
        made = await engine.containers.create(CreateContainer(spec=spec, name="kept"))
        await engine.containers.start(made.id)
        await settled(str(engine.paths.socket), there=True)
        assert b'"/kept"' in await ask(str(engine.paths.socket), "/containers/json")
    finally:
        await engine.close(stop_containers=True)
