"""ssh that is killed in the middle of something: told, found again without being asked, and nothing done twice.

Everything else that can happen to it, and a machine that sleeps: `python -m tests.cruel ssh`.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import WherryError
from engine.types.containers import ContainerSpec, CreateContainer, Exec
from engine.types.files import Place
from engine.types.machines import Link
from engine.types.volumes import CreateVolume
from tests.cruel.ssh import killed
from tests.support.afar import remote
from tests.support.images import busybox_archive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.sshd import FarMachine
    from tests.support.stores import ShortTmp

IMAGE = "localhost/busybox:latest"
SECONDS = 30.0


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_ssh_killed_in_the_middle_is_told_and_comes_back_by_itself(
    far: FarMachine, short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{far.path}:{os.environ['PATH']}")
    async with remote(f"ssh://{far.host}", short_tmp) as engine:
        await engine.images.load(once(busybox_archive())).result()
        spec = ContainerSpec(image=IMAGE, command=("sleep", "1000"), stop_timeout=0.0)
        made = await engine.containers.create(CreateContainer(spec=spec, name="there"))
        await engine.containers.start(made.id)
        session = await engine.containers.exec("there", Exec(command=("sh", "-c", "echo one; sleep 1000")))
        assert await session.read() == ("stdout", b"one\n")
        await engine.volumes.create(CreateVolume(name="data"))
        half_sent = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            yield bytes(512)
            half_sent.set()
            await asyncio.Event().wait()

        sending = asyncio.ensure_future(engine.files.upload(Place(kind="volume", id="data"), "/", endless()))
        await half_sent.wait()
        await killed(engine, far)
        with pytest.raises(WherryError, match="broke off"):
            await session.read()
        with pytest.raises(WherryError, match="broke off"):
            await sending
        await session.close()
        async with asyncio.timeout(SECONDS):
            while engine.condition.link is not Link.CONNECTED:  # noqa: ASYNC110 - the window is told by a callback
                await asyncio.sleep(0.02)
        assert [each.name for each in await engine.containers.list()] == ["there"]
        await engine.files.write(Place(kind="volume", id="data"), "/a", b"whole")
        assert await engine.files.read(Place(kind="volume", id="data"), "/a") == b"whole"
