"""Builds on a Docker or Podman engine by its own builder. Implements `facade.Builds`."""

from __future__ import annotations

import re
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import Code, NotFound, RuntimeFailure, Unsupported
from engine.operations.registry import failure_of
from engine.remote.docker.known.lacks import lacking
from engine.remote.packed_context import packed
from engine.types.builds import Build, BuildCacheEntry, BuildImage, BuildOutput, BuildStep, RecipeReport, StepState
from engine.types.data import Freed, now

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from engine.facade import OperationHandle
    from engine.facade_lent import Lender
    from engine.operations.registry import OperationRegistry, Progress
    from engine.remote.docker.known.following import DockerState

_STEP = re.compile(r"^(?:Step|STEP) (\d+)/(\d+) ?: (.*)")
_MOST_LINES = 20_000
_MADE = "Successfully built "


class DockerBuilds:
    def __init__(self, state: DockerState, operations: OperationRegistry) -> None:
        self._state = state
        self._operations = operations
        self._output: dict[str, deque[BuildOutput]] = {}

    def build(
        self, request: BuildImage, context: AsyncIterator[bytes] | None = None, lender: Lender | None = None
    ) -> OperationHandle:
        if request.secrets or request.ssh_sockets:
            raise Unsupported("Secrets are not sent to this engine", "Its classic builder knows none.")
        remote = request.context if request.context.startswith(("http://", "https://", "git")) else ""
        asked = request
        if context is None and not remote:
            asked, context = packed(request)
        build_id = secrets.token_hex(8)
        build = Build(
            id=build_id, context=request.context, dockerfile=request.dockerfile, tags=request.tags, started=now(),
            request=request if not request.logins else None,
        )  # fmt: skip
        self._output[build_id] = deque(maxlen=_MOST_LINES)
        self._publish(build)

        async def work(progress: Progress) -> str:
            try:
                image_id = await self._run(build, asked, context, remote, progress)
            except RuntimeFailure as error:
                self._publish(msgspec.structs.replace(self._known(build_id), ended=now(), failure=failure_of(error)))
                raise
            self._publish(msgspec.structs.replace(self._known(build_id), ended=now(), image_id=image_id))
            return image_id

        title = f"Build {request.tags[0] if request.tags else request.context}"
        return self._operations.start(kind="build", title=title, subject=title, work=work, operation_id=build_id)

    async def _run(
        self,
        build: Build,
        request: BuildImage,
        context: AsyncIterator[bytes] | None,
        remote: str,
        progress: Progress,
    ) -> str:
        query: dict[str, object] = {
            "t": list(request.tags), "dockerfile": request.dockerfile, "target": request.target, "remote": remote,
            "buildargs": dict(request.build_args), "labels": dict(request.labels), "nocache": request.no_cache,
            "pull": request.pull, "platform": request.platform, "networkmode": request.network,
            "extrahosts": ",".join(request.extra_hosts), "rm": True, "forcerm": True, "version": "1",
        }  # fmt: skip
        headers = {"Content-Type": "application/x-tar"}
        made = ""
        async with self._state.link.stream("POST", "/build", query, body=context, headers=headers) as answer:
            async for line in self._state.link.messages(answer):
                made = self._heard(build.id, line, progress) or made
        found = await self._state.inspect_image(request.tags[0] if request.tags else made)
        return found.id

    def _heard(self, build_id: str, line: dict[str, Any], progress: Progress) -> str:
        """One message of the builder; the image's id where it tells that."""
        if error := line.get("error"):
            raise RuntimeFailure(str(error), code=Code.BUILD_STEP_FAILED)
        aux = line.get("aux")
        said = str(line.get("stream") or line.get("status") or "")
        for text in said.splitlines():
            step = _STEP.match(text)
            if step:
                self._begin_step(build_id, int(step[1]), int(step[2]), step[3])
                progress.amount(int(step[1]) - 1, int(step[2]))
            elif text.strip():
                build = self._known(build_id)
                at = build.steps[-1].id if build.steps else ""
                self._output[build_id].append(BuildOutput(step=at, stream="stdout", text=text))
        if isinstance(aux, dict) and aux.get("ID"):
            return str(aux["ID"])
        return said.strip().removeprefix(_MADE) if said.startswith(_MADE) else ""

    def _begin_step(self, build_id: str, number: int, total: int, instruction: str) -> None:
        build = self._known(build_id)
        done = tuple(
            msgspec.structs.replace(each, state=StepState.DONE, ended=each.ended or now()) for each in build.steps
        )
        step = BuildStep(
            id=str(number), stage="", number=number, total=total, instruction=instruction, line=0,
            state=StepState.RUNNING, started=now(), depends_on=(str(number - 1),) if number > 1 else (),
        )  # fmt: skip
        self._publish(msgspec.structs.replace(build, steps=(*done, step)))

    def _publish(self, build: Build) -> None:
        if build.ended is not None and build.steps:
            last = StepState.FAILED if build.failure else StepState.DONE
            steps = (*build.steps[:-1], msgspec.structs.replace(build.steps[-1], state=last, ended=build.ended))
            build = msgspec.structs.replace(build, steps=steps)
        self._state.bus.publish("build", build.id, build)

    def _known(self, build_id: str) -> Build:
        found = self._state.bus.objects("build").get(build_id)
        if not isinstance(found, Build):
            raise NotFound(f"No such build: {build_id}", subject=build_id)
        return found

    async def examine(
        self, request: BuildImage, context: AsyncIterator[bytes] | None = None, lender: Lender | None = None
    ) -> RecipeReport:
        lacking("builds.examine")

    async def context_place(self, name: str) -> str:
        raise Unsupported("A build's directory is a place of the machine that builds", subject=name)

    async def list(self) -> Sequence[Build]:
        return [each for each in self._state.bus.objects("build").values() if isinstance(each, Build)]

    async def get(self, build: str) -> Build:
        return self._known(build)

    async def forget(self, build: str) -> None:
        self._known(build)
        self._output.pop(build, None)
        self._state.bus.publish("build", build, None)

    async def output(self, build: str, *, follow: bool = True) -> AsyncGenerator[Sequence[BuildOutput], None]:
        given = 0
        async with self._state.bus.subscribe() as changes:
            lines = list(self._output.get(build, ()))
            yield lines
            given = len(lines)
            if not follow or self._known(build).ended:
                return
            async for _ in changes:
                lines = list(self._output.get(build, ()))
                if len(lines) > given:
                    yield lines[given:]
                    given = len(lines)
                if self._known(build).ended:
                    return

    async def cache(self) -> Sequence[BuildCacheEntry]:
        return ()

    async def prune_cache(self, *, all_unused: bool = False, until_ns: int = 0) -> Freed:
        del until_ns
        self._state.require("builds.prune_cache")
        done = await self._state.link.json("POST", "/build/prune", {"all": all_unused}, seconds=600.0)
        ids = tuple(str(each) for each in (done or {}).get("CachesDeleted") or ())
        return Freed(ids=ids, bytes=int((done or {}).get("SpaceReclaimed") or 0))
