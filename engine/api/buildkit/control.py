"""BuildKit's Control service: workers, jobs and their progress, the cache, nested sessions. The past is `past.py`'s."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError

from engine.api.buildkit.connections.wires import Wire
from engine.api.buildkit.faults import asked, refused
from engine.api.buildkit.progress import stamp
from engine.api.buildkit.results.exporting import export
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.api.buildkit.workers import BUILDKIT, worker

if TYPE_CHECKING:
    from grpclib.server import Stream

    from engine.api.buildkit.connections.sessions import Sessions
    from engine.api.buildkit.jobs import Job, Jobs
    from engine.api.buildkit.progress import Board
    from engine.api.buildkit.results.past import Past
    from engine.facade import Engine

_NAME = "/moby.buildkit.v1.Control/"


class Control:
    """One for each connection; jobs and sessions are everybody's."""

    def __init__(self, engine: Engine, jobs: Jobs, sessions: Sessions, past: Past) -> None:
        self._engine = engine
        self._jobs = jobs
        self._sessions = sessions
        self._past = past

    def __mapping__(self) -> dict[str, Handler]:
        one, many = Cardinality.UNARY_UNARY, Cardinality.UNARY_STREAM
        rows: list[tuple[str, Any, Cardinality, Any, Any]] = [
            ("ListWorkers", self.list_workers, one, wire.ListWorkersRequest, wire.ListWorkersResponse),
            ("Info", self.info, one, wire.InfoRequest, wire.InfoResponse),
            ("Solve", self.solve, one, wire.SolveRequest, wire.SolveResponse),
            ("Status", self.status, many, wire.StatusRequest, wire.StatusResponse),
            ("Session", self.session, Cardinality.STREAM_STREAM, wire.BytesMessage, wire.BytesMessage),
            ("DiskUsage", self.disk_usage, one, wire.DiskUsageRequest, wire.DiskUsageResponse),
            ("Prune", self.prune, many, wire.PruneRequest, wire.UsageRecord),
        ]
        return {_NAME + name: Handler(handler, kind, asked, told) for name, handler, kind, asked, told in rows}

    # --- the house ---

    async def list_workers(self, stream: Stream[Any, Any]) -> None:
        await asked(stream)
        await stream.send_message(wire.ListWorkersResponse(record=[await worker(self._engine)]))

    async def info(self, stream: Stream[Any, Any]) -> None:
        await asked(stream)
        await stream.send_message(wire.InfoResponse(buildkitVersion=BUILDKIT))

    async def disk_usage(self, stream: Stream[Any, Any]) -> None:
        await asked(stream)
        await stream.send_message(
            wire.DiskUsageResponse(record=[_usage(each) for each in await self._engine.builds.cache()])
        )

    async def prune(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        before = {each.id: each for each in await self._engine.builds.cache()}
        until = 0
        if request.keepDuration:
            until = int((datetime.now(UTC) - timedelta(microseconds=request.keepDuration / 1000)).timestamp() * 1e9)
        freed = await self._engine.builds.prune_cache(all_unused=True, until_ns=until)
        for name in freed.ids:
            if name in before:
                await stream.send_message(_usage(before[name]))

    # --- jobs ---

    async def solve(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        for word in request.Entitlements:
            if word == "security.insecure":
                await self._jobs.refuse(request.Ref)
                raise refused("granting entitlement security.insecure is not allowed by build daemon configuration")
        job = await self._jobs.add(request)
        try:
            response = await self._solved(job)
        except GRPCError as error:
            # Whatever became of it inside: the client prints what its own call said.
            raise job.failure or error from None
        finally:
            job.end()
        job.response = response
        await stream.send_message(wire.SolveResponse(ExporterResponse=response))

    async def _solved(self, job: Job) -> dict[str, str]:
        returned = await job.returned
        if returned.HasField("error") and returned.error.code:
            status = (
                Status(returned.error.code)
                if returned.error.code in {each.value for each in Status}
                else Status.UNKNOWN
            )
            raise refused(returned.error.message, status, returned.error.details)
        refs = [ref for _, ref in sorted(returned.result.refs.refs.items())] or [returned.result.ref]
        made = [job.results[ref.id] for ref in refs if ref.id in job.results]
        return await export(self._engine, self._sessions, job, made) if made else {}

    async def status(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        board = await self._past.board(request.Ref) or await self._board(request.Ref)
        if board is None:
            return  # the client prints the first error it hears, and that has to be the refusal itself
        async for response in board.follow():
            await stream.send_message(response)

    async def _board(self, ref: str) -> Board | None:
        try:
            return (await self._jobs.get(ref)).board
        except GRPCError:
            if self._jobs.was_refused(ref):
                return None
            raise

    async def session(self, stream: Stream[Any, Any]) -> None:
        """A session inside a call: its bytes come as messages."""
        said = {key.lower(): value for key, value in (stream.metadata or {}).items()}
        methods = frozenset(
            str(value).lower() for key, value in (stream.metadata or {}).items()
            if key.lower() == "x-docker-expose-session-grpc-method"
        )  # fmt: skip
        await stream.send_initial_metadata()
        await self._sessions.hold(
            _Nested(stream),
            str(said.get("x-docker-expose-session-uuid", "")),
            str(said.get("x-docker-expose-session-sharedkey", "")),
            methods,
        )


class _Nested(Wire):
    def __init__(self, stream: Stream[Any, Any]) -> None:
        self._stream = stream

    async def read(self) -> bytes:
        message = await self._stream.recv_message()
        return bytes(message.data) if message is not None else b""

    async def write(self, data: bytes) -> None:
        await self._stream.send_message(wire.BytesMessage(data=data))

    def end(self) -> None:
        """It ends with the call."""


def _usage(entry: Any) -> wire.UsageRecord:
    return wire.UsageRecord(
        ID=entry.id,
        InUse=entry.in_use,
        Size=entry.size,
        CreatedAt=stamp(entry.created),
        LastUsedAt=stamp(entry.last_used),
        UsageCount=1,
        Description=entry.description,
        RecordType="exec.cachemount" if entry.kind == "mount" else "regular",
    )
