"""Jobs: what one `Control.Solve` asked for, and what the calls around it bring together."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING

from grpclib.const import Status

from engine.api.buildkit.faults import refused
from engine.api.buildkit.progress import Board

if TYPE_CHECKING:
    from grpclib.exceptions import GRPCError

    from engine.api.buildkit.wire.messages_pb2 import ReturnRequest, SolveRequest
    from engine.types.builds import Build

_APPEARS_WITHIN = 6.0
_MOST_KEPT = 100


class Job:
    """One build of a client, from its `Solve` to its end."""

    def __init__(self, request: SolveRequest) -> None:
        self.request = request
        self.board = Board(request.Ref)
        self.returned: asyncio.Future[ReturnRequest] = asyncio.get_running_loop().create_future()
        self.results: dict[str, str] = {}
        """Reference that we gave the client to the image it stands for."""
        self.failure: GRPCError | None = None
        self.builds: list[Build] = []
        self.over = False

    def keep(self, image: str) -> str:
        name = secrets.token_hex(12)
        self.results[name] = image
        return name


class Jobs:
    """By the client's own reference; those that ended are kept a while, for `history logs`."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._came = asyncio.Condition()
        self.images: dict[str, str] = {}
        """Every result of every job: a linked target names another's."""

    async def add(self, request: SolveRequest) -> Job:
        if request.Ref in self._jobs and not self._jobs[request.Ref].over:
            raise refused(f"job ID {request.Ref} exists")
        job = self._jobs[request.Ref] = Job(request)
        async with self._came:
            self._came.notify_all()
        ended = [ref for ref, each in self._jobs.items() if each.over]
        for ref in ended[: max(0, len(ended) - _MOST_KEPT)]:
            for result in self._jobs.pop(ref).results:
                self.images.pop(result, None)
        return job

    async def get(self, ref: str) -> Job:
        """Also one that begins a moment later: calls of one client come in any order."""
        async with self._came:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait_for(lambda: ref in self._jobs), _APPEARS_WITHIN)
        if ref not in self._jobs:
            raise refused(f"no such job {ref}", Status.NOT_FOUND)
        return self._jobs[ref]

    def keep(self, job: Job, image: str) -> str:
        name = job.keep(image)
        self.images[name] = image
        return name

    def past(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.over and not job.request.Internal]

    def forget(self, ref: str) -> None:
        if ref in self._jobs and self._jobs[ref].over:
            del self._jobs[ref]
