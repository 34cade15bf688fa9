"""A pipe into a container and out again: much more than any buffer holds, by every way there is, to the last byte.

`tests/run only tests/system/api/test_piped_input.py --piped 1024 -o timeout=0` sends a gigabyte each way.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from tests.system.api.conftest import Tool

PIECE = b"".join(number.to_bytes(4, "little") for number in range(1 << 18))
"""A megabyte in which no place looks like another."""


@pytest.fixture(params=["docker", "wherry_here"])
def tool(request: pytest.FixtureRequest) -> Tool:
    found: Tool = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def megabytes(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--piped"))


async def piped(tool: Tool, *words: str, megabytes: int) -> tuple[int, int, str]:
    """How a command that is fed so much ended; how much it said, and that in short."""
    process = await asyncio.create_subprocess_exec(
        *tool.argv,
        *words,
        env=tool.environment,
        cwd=tool.directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    feeding = asyncio.create_task(_feed(process.stdin, megabytes))
    digest, length = hashlib.sha256(), 0
    try:
        while piece := await process.stdout.read(1 << 20):
            digest.update(piece)
            length += len(piece)
        await feeding
        return await process.wait(), length, digest.hexdigest()
    finally:
        feeding.cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _feed(pipe: asyncio.StreamWriter, megabytes: int) -> None:
    for _ in range(megabytes):
        pipe.write(PIECE)
        await pipe.drain()
    pipe.close()


def whole(megabytes: int) -> tuple[int, int, str]:
    digest = hashlib.sha256()
    for _ in range(megabytes):
        digest.update(PIECE)
    return 0, megabytes << 20, digest.hexdigest()


async def test_run_takes_and_gives_all(tool: Tool, megabytes: int) -> None:
    assert await piped(tool, "run", "-i", "--rm", IMAGE, "cat", megabytes=megabytes) == whole(megabytes)


async def test_a_command_that_is_slow_to_read_gets_all(tool: Tool) -> None:
    script = "sleep 1; sha256sum | cut -c1-64"
    code, _, said = await piped(tool, "run", "-i", "--rm", IMAGE, "sh", "-c", script, megabytes=1)
    assert (code, said) == (0, hashlib.sha256(hashlib.sha256(PIECE).hexdigest().encode() + b"\n").hexdigest())


async def test_a_command_that_reads_nothing_just_ends(tool: Tool) -> None:
    code, length, _ = await asyncio.wait_for(piped(tool, "run", "-i", "--rm", IMAGE, "true", megabytes=0), 30)
    assert (code, length) == (0, 0)


async def test_start_takes_and_gives_all(tool: Tool, megabytes: int) -> None:
    await tool("create", "-i", "--name", "fed", IMAGE, "cat")
    assert await piped(tool, "start", "-ai", "fed", megabytes=megabytes) == whole(megabytes)
    await tool("rm", "fed")


async def test_attach_takes_and_gives_all(tool: Tool, megabytes: int) -> None:
    await tool("create", "-i", "--name", "fed", IMAGE, "cat")
    await tool("start", "fed")
    assert await piped(tool, "attach", "fed", megabytes=megabytes) == whole(megabytes)
    await tool("rm", "fed")


async def test_exec_takes_and_gives_all(tool: Tool, megabytes: int) -> None:
    await tool("run", "-d", "--name", "host", IMAGE, "sleep", "1000")
    assert await piped(tool, "exec", "-i", "host", "cat", megabytes=megabytes) == whole(megabytes)
    await tool("rm", "-f", "host")
