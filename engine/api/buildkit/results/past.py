"""Builds that are over, as clients look back on them: their records, their progress again, what is attested of them.

Those that came in by this door are told as they were said; all others (of the window, of `wherry build`, of an engine
before this one) from the engine's own record of builds.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from grpclib.const import Cardinality, Handler, Status

from engine.api.buildkit.faults import asked, refused
from engine.api.buildkit.progress import Board, stamp
from engine.api.buildkit.results.attesting import provenance_of
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.errors import NotFound, WherryError
from engine.types.builds import StepState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from grpclib.server import Stream

    from engine.api.buildkit.jobs import Job, Jobs
    from engine.facade import Engine
    from engine.types.builds import Build

_CONTROL = "/moby.buildkit.v1.Control/"
_CONTENT = "/containerd.services.content.v1.Content/"
_PROBE = "buildx-test-history-api-feature"
_LOGS = "application/vnd.buildkit.status.v0"
_STATEMENT = "application/vnd.in-toto+json"
_PREDICATE = "in-toto.io/predicate-type"
_PIECE = 1 << 20
_MOST_BLOBS = 16
_MOST_BYTES = 64 << 20
"""Of blobs that were named to a client and wait to be read."""


@dataclass(frozen=True)
class _Ended:
    """One build that is over."""

    ref: str
    board: Board
    builds: list[Build]
    job: Job | None = None

    @property
    def began(self) -> datetime:
        return self.builds[0].started if self.builds else datetime.fromtimestamp(0, UTC)


class Past:
    """One for each socket."""

    def __init__(self, engine: Engine, jobs: Jobs) -> None:
        self._engine = engine
        self._jobs = jobs
        self._blobs: OrderedDict[str, bytes] = OrderedDict()

    def __mapping__(self) -> dict[str, Handler]:
        one, many = Cardinality.UNARY_UNARY, Cardinality.UNARY_STREAM
        rows: list[tuple[str, Any, Cardinality, Any, Any]] = [
            (f"{_CONTROL}ListenBuildHistory", self.listen, many, wire.BuildHistoryRequest, wire.BuildHistoryEvent),
            (f"{_CONTROL}UpdateBuildHistory", self.update, one, wire.UpdateBuildHistoryRequest, wire.Nothing),
            (f"{_CONTENT}Info", self.info, one, wire.ContentInfoRequest, wire.ContentInfoResponse),
            (f"{_CONTENT}Read", self.read, many, wire.ContentReadRequest, wire.ContentReadResponse),
        ]
        return {name: Handler(handler, kind, took, gives) for name, handler, kind, took, gives in rows}

    async def board(self, ref: str) -> Board | None:
        """What was said of a build that is no job of this socket any more."""
        ended = await self._recorded(ref)
        return ended.board if ended is not None else None

    # --- the calls ---

    async def listen(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        if request.Ref == _PROBE:
            return
        if not request.ActiveOnly:
            found = [each async for each in self._ended(request.Ref)]
            # Whoever wants a build's blobs names it, or takes the last of the list: of the others none are made.
            last = max((each.began for each in found), default=None)
            for ended in found:
                record = self._record(ended, whole=bool(request.Ref) or ended.began == last)
                await stream.send_message(wire.BuildHistoryEvent(type=1, record=record))
        if not request.EarlyExit and not request.Ref:
            await asyncio.Event().wait()

    async def update(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        if request.Delete:
            builds = self._jobs.forget(request.Ref)
            for build in [*(each.id for each in builds), *([] if builds else [request.Ref])]:
                try:
                    await self._engine.builds.forget(build)
                except NotFound as error:
                    if not builds:
                        raise refused(f"no such build: {request.Ref[:100]}", Status.NOT_FOUND) from error
        if request.Pinned:
            raise refused("a build's record cannot be pinned here: the last hundred are kept")
        await stream.send_message(wire.Nothing())

    async def info(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        data = self._blob(request.digest)
        info = wire.ContentInfo(digest=request.digest, size=len(data))
        await stream.send_message(wire.ContentInfoResponse(info=info))

    async def read(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        data = self._blob(request.digest)
        end = min(len(data), request.offset + request.size) if request.size > 0 else len(data)
        for offset in range(max(0, request.offset), end, _PIECE):
            piece = data[offset : min(end, offset + _PIECE)]
            await stream.send_message(wire.ContentReadResponse(offset=offset, data=piece))

    # --- what there is ---

    async def _ended(self, ref: str) -> AsyncIterator[_Ended]:
        """All, or the one of that reference."""
        known: set[str] = set()
        for job in self._jobs.past():
            known.update(each.id for each in job.builds)
            if ref in ("", job.request.Ref):
                yield _Ended(job.request.Ref, job.board, job.builds, job)
        for build in await self._engine.builds.list():
            if build.ended is not None and build.id not in known and ref in ("", build.id):
                ended = await self._recorded(build.id) if ref else _Ended(build.id, Board(build.id), [build])
                if ended is not None:
                    yield ended

    async def _recorded(self, ref: str) -> _Ended | None:
        try:
            build = await self._engine.builds.get(ref)
        except WherryError:
            return None
        if build.ended is None:
            return None
        board = Board(ref)
        board.steps(build)
        ends = {step.id: step.ended for step in build.steps}
        async for lines in self._engine.builds.output(ref, follow=False):
            board.output(lines, at=ends)
        board.end()
        return _Ended(ref, board, [build])

    def _record(self, ended: _Ended, *, whole: bool) -> wire.BuildHistoryRecord:
        steps = [step for build in ended.builds for step in build.steps]
        record = wire.BuildHistoryRecord(
            Ref=ended.ref,
            Frontend="dockerfile.v0",
            FrontendAttrs=_attributes(ended),
            numTotalSteps=len(steps),
            numCachedSteps=sum(step.state is StepState.CACHED for step in steps),
            numCompletedSteps=sum(step.state in (StepState.DONE, StepState.CACHED) for step in steps),
        )
        if ended.builds:
            record.CreatedAt.CopyFrom(stamp(ended.builds[0].started))
            record.CompletedAt.CopyFrom(stamp(ended.builds[-1].ended))
        _tell_failure(record, ended)
        if ended.job is not None:
            record.Exporters.extend(ended.job.request.Exporters)
            record.ExporterResponse.update(ended.job.response)
        if whole:
            record.logs.CopyFrom(self._kept(_LOGS, _as_blob(ended.board.said)))
            if ended.job is not None:
                for kind, statement in provenance_of(ended.job):
                    record.Result.Attestations.append(self._kept(_STATEMENT, statement, **{_PREDICATE: kind}))
        return record

    # --- blobs ---

    def _kept(self, media_type: str, data: bytes, **annotations: str) -> wire.Descriptor:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self._blobs[digest] = data
        self._blobs.move_to_end(digest)
        while len(self._blobs) > 1 and (
            len(self._blobs) > _MOST_BLOBS or sum(map(len, self._blobs.values())) > _MOST_BYTES
        ):
            self._blobs.popitem(last=False)
        return wire.Descriptor(media_type=media_type, digest=digest, size=len(data), annotations=annotations)

    def _blob(self, digest: str) -> bytes:
        if digest not in self._blobs:
            raise refused(f"{digest[:80]}: not found", Status.NOT_FOUND)
        return self._blobs[digest]


def _attributes(ended: _Ended) -> dict[str, str]:
    if ended.job is not None:
        return dict(ended.job.request.FrontendAttrs)
    build = ended.builds[0]
    target = build.request.target if build.request is not None else ""
    context = "" if build.request is None or build.is_sent else build.context
    found = {"filename": build.dockerfile, "context": context, "target": target}
    return {name: value for name, value in found.items() if value}


def _tell_failure(record: wire.BuildHistoryRecord, ended: _Ended) -> None:
    if ended.job is not None and ended.job.failure is not None:
        record.error.code = ended.job.failure.status.value
        record.error.message = ended.job.failure.message or ""
    elif ended.job is None and ended.builds[0].failure is not None:
        record.error.code = Status.UNKNOWN.value
        record.error.message = ended.builds[0].failure.title


def _as_blob(said: Iterable[wire.StatusResponse]) -> bytes:
    """As BuildKit keeps it: each message behind its length."""
    messages = [each.SerializeToString() for each in said]
    return b"".join(len(each).to_bytes(4, "little") + each for each in messages)
