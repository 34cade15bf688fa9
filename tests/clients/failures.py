"""Cases 9 to 15, 33, 38: what is wrong, and in which words."""

from __future__ import annotations

import asyncio
import signal

from tests.clients.cases import case
from tests.clients.world import World, has


@case(9, "no such target")
async def _target(world: World) -> None:
    has(await world.build("--target", "nope", ".", code=1), 'target stage "nope" could not be found')


@case(10, "parse error")
async def _parse(world: World) -> None:
    out = await world.bare("# c\nRUNN foo\n", code=1)
    has(out, "dockerfile parse error on line 2", ">>> RUNN foo")


@case(11, "failing step")
async def _fail(world: World) -> None:
    out = await world.build("--target", "fail", ".", code=1)
    has(out, "before", ">>> RUN echo before", ">>>     ls /nonexistent", "exit code: 1")


@case(12, "here-document")
async def _heredoc(world: World) -> None:
    out = await world.bare("FROM scratch\nADD root /\nENV PATH=/bin\nRUN <<E\nfalse\nE\n", code=1)
    has(out, ">>> RUN <<E", ">>> false", ">>> E")


@case(13, "nothing to copy")
async def _nocopy(world: World) -> None:
    has(await world.bare("FROM scratch\nCOPY nope /\n", code=1), '"/nope": not found', ">>> COPY nope /")


@case(14, "no such image")
async def _noimage(world: World) -> None:
    image = f"{world.registry}/nosuchimage:x"
    has(await world.bare(f"FROM {image}\n", code=1), f">>> FROM {image}", "ERROR")


@case(15, "no such file")
async def _nofile(world: World) -> None:
    has(await world.build("-f", "Nope", ".", code=1), "failed to read dockerfile")


@case(33, "entitlement")
async def _entitlement(world: World) -> None:
    words = "granting entitlement security.insecure is not allowed by build daemon configuration"
    has(await world.build("--allow", "security.insecure", ".", code=1), words)


@case(38, "cancel")
async def _cancel(world: World) -> None:
    world.write("slow", "FROM scratch\nADD root /\nENV PATH=/bin\nRUN echo begun; sleep 987\n")
    for way in (signal.SIGINT, signal.SIGKILL):
        process = await world.start(
            str(world.clients.docker), "build", "--progress", "plain", "--no-cache", "-f", "slow", "."
        )
        assert process.stderr is not None
        while line := await process.stderr.readline():
            if b"begun" in line and b"RUN" not in line:
                break
        process.send_signal(way)
        rest = (await process.stderr.read()).decode()
        code = await process.wait()
        if way is signal.SIGINT:
            assert code in (1, 130), code
            has(rest, "CANCELED")
        await _until_gone()


async def _until_gone() -> None:
    for _ in range(300):
        if not await _commands():
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the step goes on although its client has gone")


async def _commands() -> bytes:
    process = await asyncio.create_subprocess_exec("ps", "-eo", "args", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return b"\n".join(line for line in out.splitlines() if b"sleep 987" in line and b"build" not in line)
