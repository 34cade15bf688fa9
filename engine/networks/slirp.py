"""The fallback way out where pasta is not installed: slirp4netns, its ports opened over its control socket."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

from engine.errors import HostError, RuntimeFailure
from engine.networks.ports import refusal
from engine.processes import slirp4netns
from engine.processes.programs import find_program, runtime_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.types.containers import PortMapping

_READY_SECONDS = 10.0
_MOST_ANSWER_BYTES = 65536


def ways_out() -> str:
    """Which helper gives containers their network here: "pasta", "slirp4netns" or ""."""
    return next((name for name in ("pasta", "slirp4netns") if find_program(name)), "")


class SlirpAttachment:
    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def connect(self, netns: Path, api: Path, ports: Sequence[PortMapping]) -> int:
        """Start one on the namespace; gives its pid once every port is open. `api` is a short path for its socket."""
        program = find_program("slirp4netns")
        if program is None:
            raise HostError(
                "Neither pasta nor slirp4netns is installed",
                "Containers with a network of their own need one of them.",
                hint="Install pasta: sudo apt install passt. Or use the network “none” or “host”.",
                subject="pasta",
            )
        call = slirp4netns.SlirpCall(program=program, netns=netns, api_socket=api)
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            child = await self._keeper.spawn(
                call.argv(), env=runtime_environment(), pass_fds={slirp4netns.READY_FD: write_end}
            )
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
                await self._publish(api, port)
        except BaseException:
            child.kill(15)
            raise
        finally:
            pid = child.pid
            child.close()
        return pid

    async def _publish(self, api: Path, port: PortMapping) -> None:
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
