"""What is uploaded as the line breaks off: told, and its source can be closed by whoever gave it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from engine.errors import MachineError
from engine.machines.machine_list import Entry
from engine.remote import link as links
from engine.remote.link import Link

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


async def test_a_line_that_breaks_off_leaves_a_source_that_can_be_closed(tmp_path: Path) -> None:
    """It is asked for its next piece, and takes its time, as the other side goes away."""
    asked, closed = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            asked.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)  # as one that has something to end first
            raise
        finally:
            closed.set()

    async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        await asked.wait()
        writer.transport.abort()

    server = await asyncio.start_unix_server(gone, tmp_path / "s")
    link = Link(Entry("there", f"unix://{tmp_path}/s"), "")
    try:
        with pytest.raises(MachineError, match="broke off"):
            async with contextlib.aclosing(slow()) as source, link.stream("PUT", "/archive", body=source) as answer:
                await answer.read()
        assert closed.is_set()
    finally:
        await link.close()
        server.close()


async def test_an_upload_of_which_nothing_is_taken_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "STUCK_SECONDS", 0.2)
    over = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield bytes(1 << 20)

    async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.transport.abort()

    server = await asyncio.start_unix_server(deaf, tmp_path / "s", limit=1024)
    link = Link(Entry("there", f"unix://{tmp_path}/s"), "")
    try:
        with pytest.raises(MachineError, match="does not answer"):
            async with link.stream("PUT", "/archive", body=endless()):
                pass
    finally:
        over.set()
        await link.close()
        server.close()
