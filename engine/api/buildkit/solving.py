"""What a client has built: its files fetched, built by our builder for each platform, told as it goes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
from grpclib.const import Status

from engine.api.buildkit.faults import excerpt_details, failed_build, refused, within_operation
from engine.api.buildkit.jobs import Made, names_in
from engine.api.buildkit.lent import layouts
from engine.api.buildkit.lent.caching import inline_wanted, opened_caches
from engine.api.buildkit.lent.lending import lending
from engine.api.buildkit.options import UPLOADED, Options
from engine.api.buildkit.results.reports import warnings_of
from engine.api.buildkit.transfers.fetching import Fetcher, is_elsewhere
from engine.api.buildkit.wire.messages_pb2 import Definition, Op
from engine.api.http.spooled import spooled
from engine.errors import WherryError
from engine.operations.together import together
from engine.types.builds import BuildImage, StepState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

    from grpclib.exceptions import GRPCError

    from engine.api.buildkit.connections.sessions import Session, Sessions
    from engine.api.buildkit.jobs import Job, Jobs
    from engine.api.buildkit.lent.lending import SessionLender
    from engine.facade import Engine, OperationHandle
    from engine.types.builds import RecipeReport

SCHEME: Final = "wherry://build/"


class Target:
    """What one `LLBBridge.Solve` asks for."""

    def __init__(
        self, engine: Engine, sessions: Sessions, jobs: Jobs, job: Job, options: Mapping[str, str],
        inputs: Mapping[str, Definition],
    ) -> None:  # fmt: skip
        self._engine = engine
        self._sessions = sessions
        self._jobs = jobs
        self._job = job
        self._options = Options(options, job.request.Entitlements)
        self._inputs = inputs
        self._text = ""

    async def solve(self) -> list[Made]:
        """An image for each platform that was asked for, in that order."""
        session = await self._sessions.get(self._job.request.Session)
        self._options.check()
        request, stream = await self._request(session)
        platforms = self._options.platforms or [""]
        async with contextlib.AsyncExitStack() as stack:
            if stream is not None:
                # An archive may be over before its stream is: the client must not wait for a reader that has left.
                stack.push_async_callback(stream.aclose)
            several = stream is not None and len(platforms) > 1
            kept = await stack.enter_async_context(spooled(stream)) if stream is not None and several else None
            caches = opened_caches(self._engine, session, self._job, self._options.text("cache-imports"))
            request = msgspec.structs.replace(request, caches=await stack.enter_async_context(caches))
            lender = await stack.enter_async_context(lending(session))

            async def one(platform: str) -> Made:
                wanted = await self._for_platform(request, platform, several=len(platforms) > 1)
                source = kept.pieces() if kept is not None else stream
                return await self._built(lender, wanted, source, several=len(platforms) > 1)

            return list(await together(one(platform) for platform in platforms))

    async def examine(self) -> RecipeReport:
        """What the Dockerfile says of itself; of the context only that is fetched."""
        session = await self._sessions.get(self._job.request.Session)
        fetcher = self._fetcher(session)
        context, stream = self._options.text("context"), None
        text, address = None, ""
        if "dockerfilekey" in self._options or self._options.local_context:
            text, _ = await fetcher.dockerfile()
        elif context.startswith(UPLOADED):
            stream = within_operation(session.upload(context.removeprefix(UPLOADED)))
        else:
            address = context
        request = self._to_examine(text, address)
        async with contextlib.AsyncExitStack() as stack:
            lender = await stack.enter_async_context(lending(session))
            if stream is not None:
                stack.push_async_callback(stream.aclose)
            return await self._engine.builds.examine(request, stream, lender)

    def unreadable(self, report: RecipeReport) -> GRPCError:
        """Why there is no answer, with its place."""
        return refused(report.problem, details=excerpt_details(report.filename, report.text, report.problem_line))

    def _fetcher(self, session: Session) -> Fetcher:
        return Fetcher(self._engine, self._sessions, session, self._options, self._job.board)

    def _to_examine(self, text: str | None, context: str = "") -> BuildImage:
        options = self._options
        return BuildImage(
            context=context,
            dockerfile=options.filename,
            dockerfile_text=text,
            target=options.text("target"),
            build_args=options.below("build-arg:"),
            platform=next(iter(options.platforms), ""),
            named_contexts=dict.fromkeys(_plain_names(options.below("context:")), ""),
            pull=options.text("image-resolve-mode") == "pull",
        )

    # --- one platform ---

    async def _for_platform(self, request: BuildImage, platform: str, *, several: bool) -> BuildImage:
        """With the contexts that were given for this platform alone."""
        given = self._options.below("context:")
        own = {name: given[f"{name}::{platform}"] for name in _plain_names(given) if f"{name}::{platform}" in given}
        if not own and not several:
            return msgspec.structs.replace(request, platform=platform)
        named = dict(request.named_contexts) | {name: self._given(where) for name, where in own.items()}
        return msgspec.structs.replace(request, platform=platform, named_contexts=named)

    async def _built(
        self, lender: SessionLender, request: BuildImage, stream: AsyncIterator[bytes] | None, *, several: bool
    ) -> Made:
        operation = self._engine.builds.build(request, stream, lender)
        mark = f"{request.platform} " if several else ""
        watching = asyncio.create_task(self._watch(operation, mark))
        lost = asyncio.create_task(lender.gone())
        try:
            image = await self._ended(operation, lost, mark)
        finally:
            lost.cancel()
            operation.cancel()
            with contextlib.suppress(WherryError, asyncio.CancelledError):
                await operation.result()
            await watching
        return Made(str((await self._engine.images.get(image)).platform), image, operation.id)

    async def _ended(self, operation: OperationHandle, lost: asyncio.Task[Any], mark: str) -> str:
        result = asyncio.ensure_future(operation.result())
        try:
            await asyncio.wait({result, lost}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            result.cancel()  # nobody asks any more how it ended
            raise
        if not result.done():
            result.cancel()
            raise refused("the client's session ended: context canceled", Status.CANCELLED)
        try:
            return result.result()
        except WherryError as error:
            build = await self._engine.builds.get(operation.id)
            failed = next((step for step in build.steps if step.state is StepState.FAILED), None)
            vertex = self._job.board.digest(mark + failed.id) if failed else ""
            raise failed_build(error, build, self._options.filename, self._text, vertex) from error

    async def _watch(self, operation: OperationHandle, mark: str) -> None:
        board = self._job.board

        async def steps() -> None:
            async with self._engine.watch() as changes:
                board.steps(await self._engine.builds.get(operation.id), mark)
                async for _ in changes:
                    build = await self._engine.builds.get(operation.id)
                    board.steps(build, mark)
                    if build.ended is not None:
                        return

        async def output() -> None:
            async for lines in self._engine.builds.output(operation.id, follow=True):
                board.steps(await self._engine.builds.get(operation.id), mark)
                board.output(lines, mark)

        await asyncio.gather(steps(), output())
        build = await self._engine.builds.get(operation.id)
        board.steps(build, mark)
        self._job.builds.append(build)

    # --- the request ---

    async def _request(self, session: Session) -> tuple[BuildImage, AsyncGenerator[bytes, None] | None]:
        options, fetcher = self._options, self._fetcher(session)
        context, stream = options.text("context"), None
        local = options.local_context
        if context.startswith(UPLOADED):
            with self._job.board.begin("[internal] load remote build context"):
                stream = within_operation(session.upload(context.removeprefix(UPLOADED)))
        text: str | None = None
        follow: Sequence[str] = ()
        if local or "dockerfilekey" in options:
            text, vertex = await fetcher.dockerfile()
            self._text = text
            follow = await self._looked_over(vertex)
        directory = await fetcher.context(follow) if local else "" if stream is not None else context
        request = BuildImage(
            context=directory,
            filtered=bool(local),
            dockerfile_text=text,
            named_later=tuple(dict.fromkeys(name for _, each in self._job.exporters for name in names_in(each))),
            named_contexts=await self._named_contexts(session, fetcher),
            inline_cache=inline_wanted(self._job),
            **options.fields(),
        )
        return request, stream

    async def _looked_over(self, vertex: str) -> Sequence[str]:
        """Say what the Dockerfile had better say otherwise; which paths of the context it takes, () for all."""
        report = await self._engine.builds.examine(self._to_examine(self._text))
        if report.warnings:
            self._job.board.say(warnings_of(report, vertex))
            if report.problem:
                raise self.unreadable(report)
        return report.context_paths or ()

    async def _named_contexts(self, session: Session, fetcher: Fetcher) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, where in self._options.below("context:").items():
            if "::" in name:
                continue  # of one platform alone
            if where.startswith("local:"):
                found[name] = await fetcher.named_directory(name, where.removeprefix("local:"))
            elif where.startswith("input:") or is_elsewhere(where):
                found[name] = self._given(where)
            elif where.startswith(layouts.SCHEME):
                with self._job.board.begin(f"[context {name}] {where.rpartition('@')[0]}"):
                    platform = next(iter(self._options.platforms), "")
                    image = await layouts.image_of_layout(self._engine, session, where, platform)
                found[name] = f"docker-image://{image}"
            else:
                raise refused(
                    f"the context {name} ({where}) is not supported by Wherry: "
                    "a directory, an image, a target, an OCI layout, a repository or an archive of the web is"
                )
        return found

    def _given(self, where: str) -> str:
        """An image or address as the builder knows them."""
        return f"docker-image://{self._linked(where.removeprefix('input:'))}" if where.startswith("input:") else where

    def _linked(self, key: str) -> str:
        """The image of another target, which came back as the definition we gave for it."""
        for data in getattr(self._inputs.get(key, Definition()), "def"):
            op = Op.FromString(data)
            if op.source.identifier.startswith(SCHEME):
                image = self._jobs.images.get(op.source.identifier.removeprefix(SCHEME))
                if image is not None:
                    return image
        raise refused(f"the target of {key} is not known any more")


def _plain_names(contexts: Mapping[str, str]) -> list[str]:
    """Each name once, whatever platforms it is given for."""
    return list(dict.fromkeys(name.partition("::")[0] for name in contexts))


def definition_of(result: str) -> Definition:
    """A definition without a graph: it only names the result, and comes back untouched."""
    source = Op()
    source.source.identifier = SCHEME + result
    first = source.SerializeToString(deterministic=True)
    digest = "sha256:" + hashlib.sha256(first).hexdigest()
    last = Op()
    last.inputs.add(digest=digest, index=0)
    made = Definition()
    getattr(made, "def").extend([first, last.SerializeToString(deterministic=True)])
    made.metadata[digest].SetInParent()
    return made


def platforms_of(names: Sequence[str]) -> bytes:
    """`refs.platforms`: which platforms a result has."""
    listed = []
    for name in names:
        system, architecture, *variant = name.split("/")
        platform = {"architecture": architecture, "os": system} | ({"variant": variant[0]} if variant else {})
        listed.append({"ID": name, "Platform": platform})
    return json.dumps({"Platforms": listed}).encode()
