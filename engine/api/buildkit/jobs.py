"""Jobs: what one `Control.Solve` asked for, and what the calls around it bring together."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grpclib.const import Status

from engine.api.buildkit.faults import refused
from engine.api.buildkit.progress import Board
from engine.api.shapes.names import tagged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from grpclib.exceptions import GRPCError

    from engine.api.buildkit.wire.messages_pb2 import ReturnRequest, SolveRequest
    from engine.types.builds import Build

_APPEARS_WITHIN = 6.0
_MOST_KEPT = 100
_MOST_SAID = 64 << 20
"""Bytes of what was said of builds that are over."""


@dataclass(frozen=True)
class Made:
    """What came of a build for one platform."""

    platform: str
    image: str
    build: str
    """Its id, under which its steps are known."""


def names_in(options: Mapping[str, str]) -> tuple[str, ...]:
    """The names that an exporter gives the image."""
    return tuple(tagged(name) for name in options.get("name", "").split(",") if name)


class Job:
    """One build of a client, from its `Solve` to its end."""

    def __init__(self, request: SolveRequest) -> None:
        self.request = request
        self.board = Board(request.Ref)
        self.returned: asyncio.Future[ReturnRequest] = asyncio.get_running_loop().create_future()
        self.results: dict[str, Made] = {}
        """By the reference that we gave the client."""
        self.failure: GRPCError | None = None
        self.builds: list[Build] = []
        self.response: dict[str, str] = {}
        """What its exporters said."""
        self.over = False
        self._at_work = 0

    @property
    def exporters(self) -> list[tuple[str, dict[str, str]]]:
        """What becomes of the result: a kind each, with its options."""
        listed = [(each.Type, dict(each.Attrs)) for each in self.request.Exporters]
        if not listed and self.request.ExporterDeprecated:
            return [(self.request.ExporterDeprecated, dict(self.request.ExporterAttrsDeprecated))]
        return listed

    def keep(self, made: Made) -> str:
        name = secrets.token_hex(12)
        self.results[name] = made
        return name

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """A target is built: whoever follows is told how that ends, also where the client gave up in between."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            self._end_if_done()

    def end(self) -> None:
        self.over = True
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self.over and not self._at_work:
            self.board.end()


class Jobs:
    """By the client's own reference; those that ended are kept a while, for `history logs`."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._refused: deque[str] = deque(maxlen=_MOST_KEPT)
        self._came = asyncio.Condition()
        self.images: dict[str, str] = {}
        """Every result of every job: a linked target names another's."""

    async def add(self, request: SolveRequest) -> Job:
        if request.Ref in self._jobs and not self._jobs[request.Ref].over:
            raise refused(f"job ID {request.Ref} exists")
        job = self._jobs[request.Ref] = Job(request)
        async with self._came:
            self._came.notify_all()
        self._forget_oldest()
        return job

    def _forget_oldest(self) -> None:
        ended = [each for each in self._jobs.values() if each.over]
        said = sum(each.board.size for each in ended)
        while len(ended) > _MOST_KEPT or (said > _MOST_SAID and ended):
            oldest = ended.pop(0)
            said -= oldest.board.size
            del self._jobs[oldest.request.Ref]
            for result in oldest.results:
                self.images.pop(result, None)

    async def refuse(self, ref: str) -> None:
        """Nobody needs to wait for this one."""
        async with self._came:
            self._refused.append(ref)
            self._came.notify_all()

    def was_refused(self, ref: str) -> bool:
        return ref in self._refused

    async def get(self, ref: str) -> Job:
        """Also one that begins a moment later: calls of one client come in any order."""
        async with self._came:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._came.wait_for(lambda: ref in self._jobs or ref in self._refused), _APPEARS_WITHIN
                )
        if ref not in self._jobs:
            raise refused(f"no such job {ref}", Status.NOT_FOUND)
        return self._jobs[ref]

    def keep(self, job: Job, made: Made) -> str:
        name = job.keep(made)
        self.images[name] = made.image
        return name

    def past(self) -> list[Job]:
        return [job for job in self._jobs.values() if job.over and not job.request.Internal]

    def forget(self, ref: str) -> list[Build]:
        """Of one that is over; gives what it had built."""
        if ref in self._jobs and self._jobs[ref].over:
            return self._jobs.pop(ref).builds
        return []
