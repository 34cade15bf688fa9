"""The real engine with a busybox image and a running container."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.types.containers import Exec
from tests.system.containers.conftest import load_busybox, run

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.facade import ByteStream
    from engine.types.containers import Container


@pytest.fixture
async def loaded(engine: EmbeddedEngine) -> EmbeddedEngine:
    await load_busybox(engine)
    return engine


@pytest.fixture
async def box(loaded: EmbeddedEngine) -> Container:
    """A container that sleeps."""
    return await run(loaded, "sleep", "1000", name="box")


async def read_all(stream: ByteStream) -> tuple[bytes, bytes]:
    """(stdout, stderr) up to the end."""
    found = {"stdout": b"", "stderr": b""}
    while (piece := await stream.read()) is not None:
        found[piece[0]] += piece[1]
    return found["stdout"], found["stderr"]


async def read_until(stream: ByteStream, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        piece = await stream.read()
        assert piece is not None, seen
        seen += piece[1]
    return seen


async def execute(engine: EmbeddedEngine, *command: str, **options: object) -> tuple[int, bytes, bytes]:
    session = await engine.containers.exec("box", Exec(command=command, **options))  # type: ignore[arg-type]
    out, err = await read_all(session)
    code = await session.exit_code()
    await session.close()
    return code, out, err
