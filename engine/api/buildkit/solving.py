"""One target of a client: its Dockerfile and files fetched over the session, built by our builder, told as it goes."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import hashlib
import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import msgspec
from grpclib.const import Status

from engine.api.buildkit.agents import forwarded_agents
from engine.api.buildkit.faults import excerpt_details, failed_build, refused
from engine.api.buildkit.receiving import receive_directory
from engine.api.buildkit.wire.messages_pb2 import Definition, Op
from engine.api.buildkit.workers import HOST_GATEWAY
from engine.errors import WherryError
from engine.types.builds import BuildImage, BuildSecret, StepState
from engine.types.images import Login

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from grpclib.exceptions import GRPCError

    from engine.api.buildkit.jobs import Job, Jobs
    from engine.api.buildkit.sessions import Session, Sessions
    from engine.facade import Engine, OperationHandle
    from engine.types.builds import Build, RecipeReport

SCHEME: Final = "wherry://build/"
_REMOTE = re.compile(r"(?:https?|git|ssh)://|git@|github\.com/")
_UPLOADED: Final = "http://buildkit-session"
_SECRETS = re.compile(r"--mount=(\S*type=secret\S*)")
_AGENTS = re.compile(r"--mount=(\S*type=ssh\S*)")


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
        self._options = options
        self._inputs = inputs
        self._filename = options.get("filename") or "Dockerfile"
        self._text = ""
        self._build: Build | None = None

    async def solve(self) -> str:
        """The image's id."""
        session = await self._sessions.get(self._job.request.Session)
        request, stream = await self._request(session)
        async with contextlib.AsyncExitStack() as stack:
            if stream is not None:
                # An archive may be over before its stream is: the client must not wait for a reader that has left.
                stack.push_async_callback(stream.aclose)
            agents = await stack.enter_async_context(forwarded_agents(session, _names(_AGENTS, self._text, "default")))
            request = msgspec.structs.replace(request, ssh_sockets=agents)
            operation = self._engine.builds.build(request, stream)
            watching = asyncio.create_task(self._watch(operation))
            lost = asyncio.create_task(session.gone.wait())
            try:
                return await self._ended(operation, lost)
            finally:
                lost.cancel()
                operation.cancel()
                with contextlib.suppress(WherryError, asyncio.CancelledError):
                    await operation.result()
                await watching

    async def examine(self) -> RecipeReport:
        """What the Dockerfile says of itself; of the context only that is fetched."""
        session = await self._sessions.get(self._job.request.Session)
        context, stream = self._options.get("context", ""), None
        text, address = None, ""
        if "dockerfilekey" in self._options or self._local_name(context):
            self._text = text = await self._dockerfile(session)
        elif context.startswith(_UPLOADED):
            stream = session.upload(context.removeprefix(_UPLOADED))
        else:
            address = context
        named = dict.fromkeys(_below(self._options, "context:"), "")
        request = BuildImage(
            context=address,
            dockerfile=self._filename,
            dockerfile_text=text,
            target=self._options.get("target", ""),
            build_args=_below(self._options, "build-arg:"),
            platform=self._options.get("platform", ""),
            named_contexts=named,
        )
        if stream is None:
            return await self._engine.builds.examine(request)
        async with contextlib.aclosing(stream):
            return await self._engine.builds.examine(request, stream)

    def unreadable(self, report: RecipeReport) -> GRPCError:
        """Why there is no answer, with its place."""
        return refused(report.problem, details=excerpt_details(report.filename, report.text, report.problem_line))

    def _local_name(self, context: str) -> str:
        """The client's word for its own directory; "" where the context is somewhere else."""
        if context.startswith(_UPLOADED) or _REMOTE.match(context):
            return ""
        return context.removeprefix("local:") or self._options.get("contextkey") or "context"

    async def _ended(self, operation: OperationHandle, lost: asyncio.Task[Any]) -> str:
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
            build = self._build = await self._engine.builds.get(operation.id)
            failed = next((step for step in build.steps if step.state is StepState.FAILED), None)
            vertex = self._job.board.digest(failed.id) if failed else ""
            raise failed_build(error, build, self._filename, self._text, vertex) from error

    async def _watch(self, operation: OperationHandle) -> None:
        board = self._job.board

        async def steps() -> None:
            async with self._engine.watch() as changes:
                board.steps(await self._engine.builds.get(operation.id))
                async for _ in changes:
                    build = await self._engine.builds.get(operation.id)
                    board.steps(build)
                    if build.ended is not None:
                        return

        async def output() -> None:
            async for lines in self._engine.builds.output(operation.id, follow=True):
                board.steps(await self._engine.builds.get(operation.id))
                board.output(lines)

        await asyncio.gather(steps(), output())
        build = await self._engine.builds.get(operation.id)
        board.steps(build)
        self._job.builds.append(build)

    # --- the request ---

    async def _request(self, session: Session) -> tuple[BuildImage, AsyncGenerator[bytes, None] | None]:
        options = self._options
        self._check(options)
        context, stream = options.get("context", ""), None
        local = self._local_name(context)
        if context.startswith(_UPLOADED):
            with self._job.board.begin("[internal] load remote build context"):
                stream = session.upload(context.removeprefix(_UPLOADED))
        text = None
        if local or "dockerfilekey" in options:
            self._text = text = await self._dockerfile(session)
        directory = await self._local(session, local) if local else "" if stream is not None else context
        request = BuildImage(
            context=directory,
            filtered=bool(local),
            dockerfile=self._filename,
            dockerfile_text=text,
            target=options.get("target", ""),
            build_args=_below(options, "build-arg:"),
            labels=_below(options, "label:"),
            no_cache=options.get("no-cache") == "",
            no_cache_stages=tuple(_listed(options.get("no-cache", ""))),
            pull=options.get("image-resolve-mode") == "pull",
            platform=options.get("platform", ""),
            network=self._network(options),
            allow=tuple(
                cast("Any", each)
                for each in self._job.request.Entitlements
                if each in ("network.host", "security.insecure")
            ),
            extra_hosts=tuple(map(_host_line, _listed(options.get("add-hosts", "")))),
            named_contexts=await self._named_contexts(session),
            source_date_epoch=_number(options.get("build-arg:SOURCE_DATE_EPOCH", "")),
            secrets=tuple(await self._secrets(session)),
            logins=tuple(await self._logins(session)),
        )
        return request, stream

    def _check(self, options: Mapping[str, str]) -> None:
        known = {
            "moby.buildkit.frontend.inputs",
            "moby.buildkit.frontend.subrequests",
            "moby.buildkit.frontend.contexts",
        }
        for word in _listed(options.get("frontend.caps", "")):
            name, _, forward = word.partition("+")
            if name not in known | {"moby.buildkit.frontend.gitquerystring"} and forward != "forward":
                raise refused(f"unsupported frontend capability {name}", Status.UNIMPLEMENTED)
        if len(_listed(options.get("platform", ""))) > 1:
            raise refused("an image for several platforms at once is not made here: build one at a time")

    def _network(self, options: Mapping[str, str]) -> Literal["", "none", "host", "pasta"]:
        mode = options.get("force-network-mode", "")
        if mode == "host" and "network.host" not in self._job.request.Entitlements:
            raise refused("network.host is not allowed")
        return cast('Literal["none", "host"]', mode) if mode in ("none", "host") else ""

    async def _dockerfile(self, session: Session) -> str:
        key = self._options.get("dockerfilekey") or "dockerfile"
        wanted = [self._filename, f"{self._filename}.dockerignore"]
        if self._filename.rpartition("/")[2] == "Dockerfile":
            wanted.append(f"{self._filename[: -len('Dockerfile')]}dockerfile")
        place = await self._place(session, f"recipe {key}")
        with self._job.board.begin(f"[internal] load build definition from {self._filename}") as task:
            await self._receive(
                session, key, place, lambda came: task.amount("transferring dockerfile:", came), follow=wanted
            )
            for name in (self._filename, wanted[-1]):
                if (place / name).is_file():
                    return (place / name).read_bytes().decode("utf-8", "replace")
            raise refused(
                f"failed to read dockerfile: open {self._filename}: no such file or directory",
            )

    async def _local(self, session: Session, name: str) -> str:
        """The context without what its ignore file leaves out, in a directory that keeps it for the next time."""
        ignored = await self._ignored(session, name)
        # Another build of the same directory with other rules gets a directory of its own.
        place = await self._place(session, f"context {name} {ignored}")
        with self._job.board.begin("[internal] load build context") as task:
            await self._receive(
                session, name, place, lambda came: task.amount("transferring context:", came), exclude=ignored
            )
        return str(place)

    async def _ignored(self, session: Session, name: str) -> list[str]:
        recipe = await self._place(session, f"recipe {self._options.get('dockerfilekey') or 'dockerfile'}")
        own = recipe / f"{self._filename}.dockerignore"
        with self._job.board.begin("[internal] load .dockerignore") as task:
            if not own.is_file():
                place = await self._place(session, f"ignore {name}")
                await self._receive(
                    session,
                    name,
                    place,
                    lambda came: task.amount("transferring context:", came),
                    follow=[".dockerignore"],
                )
                own = place / ".dockerignore"
            return _ignore_lines(own.read_text(errors="surrogateescape")) if own.is_file() else []

    async def _named_contexts(self, session: Session) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, where in _below(self._options, "context:").items():
            if where.startswith("local:"):
                key = where.removeprefix("local:")
                place = await self._place(session, f"context {key}")
                with self._job.board.begin(f"[context {name}] load from client") as task:
                    await self._receive(session, key, place, partial(task.amount, f"transferring {name}:"))
                found[name] = str(place)
            elif where.startswith("input:"):
                found[name] = f"docker-image://{self._linked(where.removeprefix('input:'))}"
            elif where.startswith("docker-image://") or _REMOTE.match(where):
                found[name] = where
            else:
                raise refused(
                    f"the context {name} ({where}) is not supported by Wherry: "
                    "a directory, an image, a target, a repository or an archive of the web is"
                )
        return found

    def _linked(self, key: str) -> str:
        """The image of another target, which came back as the definition we gave for it."""
        for data in getattr(self._inputs[key], "def"):
            op = Op.FromString(data)
            if op.source.identifier.startswith(SCHEME):
                image = self._jobs.images.get(op.source.identifier.removeprefix(SCHEME))
                if image is not None:
                    return image
        raise refused(f"the target of {key} is not known any more")

    async def _secrets(self, session: Session) -> list[BuildSecret]:
        found = []
        for name in _names(_SECRETS, self._text, ""):
            value = await session.secret(name)
            if value is not None:
                found.append(BuildSecret(id=name, value=value))
        return found

    async def _logins(self, session: Session) -> list[Login]:
        """The client's own logins for the registries of the images that are built on."""
        hosts = dict.fromkeys(
            _host(line.split()[1])
            for line in self._text.splitlines()
            if re.match(r"(?i)\s*FROM\s+\S", line) and not line.split()[1].startswith("-")
        )
        found = []
        for host in hosts:
            login = await session.login(host)
            if login is not None:
                user, password = login
                token = "" if user else password
                found.append(Login(server=host, username=user, password=password if user else "", identity_token=token))
        return found

    async def _receive(
        self,
        session: Session,
        name: str,
        place: Path,
        tell: Callable[[int], None],
        *,
        follow: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> None:
        async with self._sessions.receiving.setdefault(str(place), asyncio.Lock()):
            await receive_directory(session, name, place, tell, follow=follow, exclude=exclude)

    async def _place(self, session: Session, word: str) -> Path:
        shared = session.shared_key or session.uuid
        name = hashlib.sha256(f"{shared} {word}".encode()).hexdigest()[:32]
        return Path(await self._engine.builds.context_place(name))


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


def platforms_of(architecture: str) -> bytes:
    platform = {"architecture": architecture, "os": "linux"}
    return json.dumps({"Platforms": [{"ID": f"linux/{architecture}", "Platform": platform}]}).encode()


def _below(options: Mapping[str, str], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in options.items() if key.startswith(prefix)}


def _listed(text: str) -> list[str]:
    return [each for row in csv.reader([text]) for each in row if each]


def _host_line(text: str) -> str:
    name, _, address = text.partition("=")
    return f"{name}:{'host-gateway' if address == HOST_GATEWAY else address}"


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _names(pattern: re.Pattern[str], text: str, standard: str) -> list[str]:
    """The ids that mounts of a kind name."""
    found = []
    for match in pattern.finditer(text):
        words = dict(word.partition("=")[::2] for word in match[1].split(","))
        target = words.get("target") or words.get("dst") or words.get("destination") or ""
        found.append(words.get("id") or standard or target.rpartition("/")[2])
    return list(dict.fromkeys(name for name in found if name))


def _host(image: str) -> str:
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "https://index.docker.io/v1/"


def _ignore_lines(text: str) -> list[str]:
    lines = []
    for line in text.removeprefix("\ufeff").splitlines():
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        negated = "!" if word.startswith("!") else ""
        cleaned = re.sub("/+", "/", word[len(negated) :].strip()).strip("/")
        cleaned = cleaned.removeprefix("./")
        if cleaned:
            lines.append(negated + cleaned)
    return lines
