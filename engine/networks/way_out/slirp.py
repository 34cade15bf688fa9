"""slirp4netns on a namespace, its ports opened over its control socket."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

from engine.errors import RuntimeFailure
from engine.networks.host.ports import refusal
from engine.processes import slirp4netns
from engine.processes.programs import runtime_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.types.containers import PortMapping

_READY_SECONDS = 10.0
_MOST_ANSWER_BYTES = 65536


async def connect(keeper: Keeper, program: str, netns: Path, api: Path, ports: Sequence[PortMapping]) -> int:
    call = slirp4netns.SlirpCall(program=program, netns=netns, api_socket=api)
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    try:
        child = await keeper.spawn(call.argv(), env=runtime_environment(), pass_fds={slirp4netns.READY_FD: write_end})
        os.close(write_end)
        write_end = -1
        ready = await asyncio.wait_for(asyncio.to_thread(os.read, read_end, 1), _READY_SECONDS)
    finally:
        os.close(read_end)
        if write_end >= 0:
            os.close(write_end)
    if not ready:
        raise RuntimeFailure("The container's network could not be set up", "slirp4netns ended at once.")
    try:
        for port in ports:
            await _publish(api, port)
    except BaseException:
        child.kill(15)
        raise
    finally:
        pid = child.pid
        child.close()
    return pid


async def _publish(api: Path, port: PortMapping) -> None:
    """One connection for each request; the end of ours is what makes it answer."""
    reader, writer = await asyncio.open_unix_connection(str(api))
    try:
        writer.write(slirp4netns.publish_request(port))
        writer.write_eof()
        complaint = slirp4netns.parse_answer(await reader.read(_MOST_ANSWER_BYTES))
    finally:
        writer.close()
    if complaint:
        raise refusal(port, errno.EADDRINUSE)
