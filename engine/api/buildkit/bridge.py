"""BuildKit's LLBBridge: the client asks for its targets' builds here, looks at them, and says which is the result."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from engine.api.buildkit.faults import asked, refused
from engine.api.buildkit.results.reports import metadata_of, needs_a_plan
from engine.api.buildkit.solving import Target, definition_of, platforms_of
from engine.api.buildkit.transfers.file_modes import as_go
from engine.api.buildkit.wire import messages_pb2 as wire
from engine.api.buildkit.workers import FRONTEND_CAPS, LLB_CAPS, worker
from engine.errors import WherryError
from engine.types.files import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grpclib.server import Stream

    from engine.api.buildkit.connections.sessions import Sessions
    from engine.api.buildkit.jobs import Job, Jobs, Made
    from engine.facade import Engine

_log = logging.getLogger(__name__)
_NAME = "/moby.buildkit.v1.frontend.LLBBridge/"
_BUILD_ID = "buildkit-controlapi-buildid"


class Bridge:
    """One for each connection."""

    def __init__(self, engine: Engine, jobs: Jobs, sessions: Sessions) -> None:
        self._engine = engine
        self._jobs = jobs
        self._sessions = sessions

    def __mapping__(self) -> dict[str, Handler]:
        rows: list[tuple[str, Any, Any, Any]] = [
            ("Ping", self.ping, wire.Nothing, wire.PongResponse),
            ("Solve", self.solve, wire.BridgeSolveRequest, wire.BridgeSolveResponse),
            ("Return", self.return_, wire.ReturnRequest, wire.Nothing),
            ("Evaluate", self.evaluate, wire.EvaluateRequest, wire.Nothing),
            ("StatFile", self.stat_file, wire.StatFileRequest, wire.StatFileResponse),
            ("ReadFile", self.read_file, wire.ReadFileRequest, wire.ReadFileResponse),
            ("ReadDir", self.read_dir, wire.ReadDirRequest, wire.ReadDirResponse),
        ]
        one = Cardinality.UNARY_UNARY
        return {_NAME + name: Handler(handler, one, asked, told) for name, handler, asked, told in rows}

    async def _job(self, stream: Stream[Any, Any]) -> Job:
        return await self._jobs.get(str(dict(stream.metadata or ()).get(_BUILD_ID, "")))

    async def ping(self, stream: Stream[Any, Any]) -> None:
        await asked(stream)
        await self._job(stream)
        workers = [await worker(self._engine)]
        await stream.send_message(wire.PongResponse(FrontendAPICaps=FRONTEND_CAPS, LLBCaps=LLB_CAPS, Workers=workers))

    async def solve(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        job = await self._job(stream)
        if not request.Frontend:
            raise refused(
                "a graph of BuildKit's own is not solved here: only Dockerfiles are built", Status.UNIMPLEMENTED
            )
        if request.Frontend not in ("dockerfile.v0", "gateway.v0"):
            raise refused(f"the frontend {request.Frontend} is not supported by Wherry", Status.UNIMPLEMENTED)
        options = dict(request.FrontendOpt)
        target = Target(self._engine, self._sessions, self._jobs, job, options, dict(request.FrontendInputs))
        try:
            if options.get("requestid"):
                result = await self._answer(target, options["requestid"])
            else:
                with job.at_work():
                    result = await self._result(job, await target.solve())
        except GRPCError as error:
            job.failure = error
            raise
        except WherryError as error:
            job.failure = refused(str(error))
            raise job.failure from error
        except (StreamTerminatedError, ConnectionError) as error:
            job.failure = refused("the client's session ended: context canceled", Status.CANCELLED)
            raise job.failure from error
        except TimeoutError as error:
            job.failure = refused("the client's session does not answer", Status.DEADLINE_EXCEEDED)
            raise job.failure from error
        except Exception as error:
            # A fault of ours: the client is told so, and the log has where.
            _log.exception("a build of BuildKit's door failed unexpectedly")
            job.failure = refused(f"something went wrong inside Wherry: {error}")
            raise job.failure from error
        await stream.send_message(wire.BridgeSolveResponse(result=result))

    async def _answer(self, target: Target, question: str) -> wire.Result:
        """What a client asks about a Dockerfile without having it built."""
        report = await target.examine()
        if report.problem and needs_a_plan(question):
            raise target.unreadable(report)
        answer = metadata_of(question, report)
        if answer is None:
            raise refused(f"Wherry does not know the request {question}")
        result = wire.Result(ref=wire.Ref())
        for name, data in answer.items():
            result.metadata[name] = data
        return result

    async def _result(self, job: Job, made: Sequence[Made]) -> wire.Result:
        result = wire.Result()
        for one in made:
            name = self._jobs.keep(job, one)
            ref = wire.Ref(id=name, **{"def": definition_of(name)})
            config = await self._engine.images.raw_config(one.image)
            if len(made) == 1:
                result.ref.CopyFrom(ref)
                result.metadata["containerimage.config"] = config
            else:
                result.refs.refs[one.platform].CopyFrom(ref)
                result.metadata[f"containerimage.config/{one.platform}"] = config
        result.metadata["refs.platforms"] = platforms_of([one.platform for one in made])
        return result

    async def return_(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        job = await self._job(stream)
        if request is not None and not job.returned.done():
            job.returned.set_result(request)
        await stream.send_message(wire.Nothing())

    async def evaluate(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        job = await self._job(stream)
        if request is not None and request.Ref and request.Ref not in job.results:
            raise refused(f"no such ref: {request.Ref}", Status.NOT_FOUND)
        await stream.send_message(wire.Nothing())

    # --- looking into a result ---

    async def _place(self, stream: Stream[Any, Any], ref: str) -> Place:
        job = await self._job(stream)
        if ref not in job.results:
            raise refused(f"no such ref: {ref}", Status.NOT_FOUND)
        return Place(kind="image", id=job.results[ref].image)

    async def stat_file(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        place = await self._place(stream, request.Ref)
        try:
            found = await self._engine.files.stat(place, request.Path)
        except WherryError as error:
            raise refused(f"{request.Path}: not found", Status.NOT_FOUND) from error
        stat = wire.Stat(path=request.Path, mode=as_go(found.mode), size=found.size)
        await stream.send_message(wire.StatFileResponse(stat=stat))

    async def read_file(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        place = await self._place(stream, request.Ref)
        length = min(request.Range.Length or (8 << 20), 8 << 20)
        try:
            data = await self._engine.files.read(place, request.FilePath, offset=request.Range.Offset, limit=length)
        except WherryError as error:
            raise refused(f"{request.FilePath}: not found", Status.NOT_FOUND) from error
        await stream.send_message(wire.ReadFileResponse(Data=data))

    async def read_dir(self, stream: Stream[Any, Any]) -> None:
        request = await asked(stream)
        place = await self._place(stream, request.Ref)
        entries = await self._engine.files.list(place, request.DirPath)
        await stream.send_message(
            wire.ReadDirResponse(
                entries=[wire.Stat(path=each.name, mode=as_go(each.mode), size=each.size) for each in entries]
            )
        )
