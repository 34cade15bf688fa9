"""The main process's own streams: what was, what comes, what goes in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from engine.containers.look.attach import attach
from engine.errors import Conflict
from tests.system.containers.conftest import run
from tests.system.watching.conftest import read_all, read_until

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine


async def test_streams_apart_and_the_end(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sh", "-c", "read go; echo out; echo err >&2", name="a", stdin_open=True, stdin_once=True)
    stream = await loaded.containers.attach("a", stdin=True)
    await stream.write(b"go\n")
    assert await read_all(stream) == (b"out\n", b"err\n")
    await stream.close()
    assert (await loaded.containers.wait("a")).exit_code == 0


async def test_stdin_to_its_end(loaded: EmbeddedEngine) -> None:
    await run(loaded, "wc", "-c", name="a", stdin_open=True, stdin_once=True)
    stream = await loaded.containers.attach("a", stdin=True)
    await stream.write(b"x" * 300_000)
    await stream.close_stdin()
    assert await read_all(stream) == (b"300000\n", b"")
    await stream.close()


async def test_detaching_leaves_it_running_and_its_stdin_open(loaded: EmbeddedEngine) -> None:
    await run(loaded, "cat", name="a", stdin_open=True)
    for word in (b"one\n", b"two\n"):
        stream = await loaded.containers.attach("a", stdin=True)
        await stream.write(word)
        await read_until(stream, word)
        await stream.close()


async def test_the_past_comes_first(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sh", "-c", "echo early; cat", name="a", stdin_open=True)
    first = await loaded.containers.attach("a", stdin=True, logs=True)
    await read_until(first, b"early\n")
    await first.write(b"later\n")
    await read_until(first, b"later\n")
    second = await loaded.containers.attach("a", logs=True, stream=False)
    assert await read_all(second) == (b"early\nlater\n", b"")
    for stream in (first, second):
        await stream.close()


async def test_a_terminal_and_its_size(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sh", name="a", stdin_open=True, tty=True)
    stream = await loaded.containers.attach("a", stdin=True)
    await loaded.containers.resize("a", 44, 111)
    await stream.write(b"stty size; exit 3\n")
    await read_until(stream, b"44 111")
    await read_all(stream)
    await stream.close()
    assert (await loaded.containers.wait("a")).exit_code == 3


async def test_several_see_the_same(loaded: EmbeddedEngine) -> None:
    await run(loaded, "cat", name="a", stdin_open=True)
    streams = [await loaded.containers.attach("a", stdin=True) for _ in range(3)]
    await streams[0].write(b"hello\n")
    for stream in streams:
        await read_until(stream, b"hello\n")
        await stream.close()


async def test_a_reader_that_waits_is_woken_by_closing(loaded: EmbeddedEngine) -> None:
    await run(loaded, "sleep", "1000", name="a")
    stream = await loaded.containers.attach("a")
    waiting = asyncio.create_task(stream.read())
    await asyncio.sleep(0)
    await stream.close()
    async with asyncio.timeout(30):
        assert await waiting is None


async def test_nothing_to_attach_to(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "gone"):
        with pytest.raises(Conflict):
            await attach(socket=directory / "attach", control=directory / "ctl", tty=False, stdin=False)
