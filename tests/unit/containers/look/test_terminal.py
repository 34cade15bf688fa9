"""A container's terminal comes over a socket; what does not come, or is none, is told."""

from __future__ import annotations

import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from engine.containers.look import terminal
from engine.containers.look.terminal import ConsoleSocket
from engine.errors import RuntimeFailure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.stores import ShortTmp


def send(path: Path, *descriptors: int) -> None:
    with socket.socket(socket.AF_UNIX) as console:
        console.connect(str(path))
        socket.send_fds(console, [b"terminal"], list(descriptors))


async def test_the_terminal_comes_and_what_came_beside_it_is_closed(short_tmp: ShortTmp) -> None:
    master, slave = os.openpty()
    directory = short_tmp.path / "scratch" / "deeper"
    async with ConsoleSocket(directory, "a-name-that-is-long") as console:
        assert console.path == directory / "a-name-that-is-l"
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        before = len(os.listdir("/proc/self/fd"))
        send(console.path, master, slave)
        received = await console.receive()
        assert os.ttyname(slave)
        assert os.isatty(received)
        assert len(os.listdir("/proc/self/fd")) == before + 1
        console.path.unlink()  # somebody was quicker
    for each in (received, master, slave):
        os.close(each)
    async with ConsoleSocket(directory, "next") as console:
        pass
    assert list(directory.iterdir()) == []


async def test_nothing_in_the_packet_is_told(short_tmp: ShortTmp) -> None:
    async with ConsoleSocket(short_tmp.path, "name") as console:
        send(console.path)
        with pytest.raises(RuntimeFailure) as caught:
            await console.receive()
    assert str(caught.value) == "The terminal did not come up. The runtime sent no descriptor."


async def test_a_terminal_that_does_not_come_is_told(short_tmp: ShortTmp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_WAIT_SECONDS", 0.01)
    async with ConsoleSocket(short_tmp.path, "name") as console:
        with pytest.raises(RuntimeFailure) as caught:
            await console.receive()
    assert str(caught.value) == "The terminal did not come up. The runtime sent none."
