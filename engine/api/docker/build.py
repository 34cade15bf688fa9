"""`POST /build`, the classic builder's endpoint, and its cache."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Any, Protocol, get_args

import msgspec

from engine.api.call import decode, encode
from engine.api.docker.credentials import logins_of
from engine.api.http.decompression import decompressed
from engine.api.http.statuses import Refusal, advice_of, message_of, unsupported
from engine.api.shapes.names import tagged
from engine.errors import Code, RuntimeFailure, WherryError
from engine.operations.streams import closable
from engine.types.builds import Allowance, BuildImage, StepState
from engine.types.containers import Ulimit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from typing import Literal

    from aiohttp import web

    from engine.api.call import Call
    from engine.facade import OperationHandle
    from engine.types.builds import Build, BuildOutput

_PRUNE_FILTERS = frozenset(
    {"until", "unused-for", "label", "label!", "id", "parent", "type", "description", "inuse", "shared", "private"}
)
_REMOTE = re.compile(r"(?:https?|git|ssh)://|git@|github\.com/")
_PRUNE_SIZES = ("keep-storage", "reserved-space", "max-used-space", "min-free-space")
_NETWORKS: dict[str, Literal["", "none", "host", "pasta"]] = {
    "": "",
    "default": "",
    "bridge": "",
    "pasta": "pasta",
    "none": "none",
    "host": "host",
}


async def build(call: Call) -> web.StreamResponse:
    request = request_of(call)
    context = None if request.context else decompressed(call.upload())
    operation = call.engine.builds.build(request, context)
    given_id = call.text("buildid")
    if given_id:
        call.served.builds[given_id] = operation
    try:
        told = Told(call, quiet=call.flag("q"))
        return await told.finish(await told.follow(operation))
    finally:
        if call.served.builds.get(given_id) is operation:
            del call.served.builds[given_id]


async def cancel(call: Call) -> web.StreamResponse:
    """End a build by the id its client gave it. One that is over is no fault, nor is one that never was."""
    given_id = call.text("id")
    if not given_id:
        raise Refusal(400, "build ID not provided")
    operation = call.served.builds.get(given_id)
    if operation is not None:
        operation.cancel()
    return call.empty(200)


def request_of(call: Call) -> BuildImage:
    """What the parameters of the call ask for."""
    _refuse_unsupported(call)
    network = call.text("networkmode")
    if network not in _NETWORKS:
        raise unsupported(f"building on the network {network[:40]!r}", "none, host and the default are there")
    return BuildImage(
        context=_remote(call),
        dockerfile=call.text("dockerfile") or "Dockerfile",
        tags=tuple(call.texts("t")),
        target=call.text("target"),
        build_args=_json(call, "buildargs", dict[str, str | None]),
        labels=_json(call, "labels", dict[str, str]),
        no_cache=call.flag("nocache"),
        pull=call.flag("pull"),
        platform=call.text("platform"),
        network=_NETWORKS[network],
        allow=_allowed(call),
        extra_hosts=tuple(each for text in call.texts("extrahosts") for each in text.split(",") if each),
        shm_size=max(call.integer("shmsize") or 0, 0),
        ulimits=_ulimits(call),
        squash=call.flag("squash"),
        logins=logins_of(call),
    )


def _remote(call: Call) -> str:
    """An address of the web or of a repository; never a directory of this host, which only the window can name."""
    address = call.text("remote")
    if address and (address == "client-session" or not _REMOTE.match(address)):
        raise Refusal(400, f"remote: {address[:200]!r} is no address of a context: give a URL or a git repository")
    return address


def _allowed(call: Call) -> tuple[Allowance, ...]:
    """`allow`, as our own command has it; or `docker build --security-opt`, which the classic client can send."""
    options = _json_list(call, "securityopt")
    named = [each for text in call.texts("allow") for each in text.split(",") if each]
    known = get_args(Allowance)
    for each in (*named, *options):
        if each not in known:
            raise Refusal(400, f"{each[:60]!r} is nothing that can be allowed: one of {', '.join(known)}")
    return tuple(each for each in known if each in (*named, *options))


class _Limit(msgspec.Struct, rename="pascal"):
    name: str
    soft: int
    hard: int


def _ulimits(call: Call) -> tuple[Ulimit, ...]:
    text = call.text("ulimits")
    found = decode(text, list[_Limit]) if text and text != "null" else []
    return tuple(Ulimit(name=each.name, soft=each.soft, hard=each.hard) for each in found)


def _json_list(call: Call, key: str) -> list[str]:
    text = call.text(key)
    return decode(text, list[str]) if text and text != "null" else []


def _json(call: Call, key: str, shape: Any) -> Any:
    text = call.text(key)
    return (decode(text, shape | None) or {}) if text else {}


def _refuse_unsupported(call: Call) -> None:
    if call.text("version") == "2":
        raise Refusal(501, "a build by BuildKit comes over /grpc, not as this request")
    if call.text("version") not in ("", "1"):
        raise Refusal(400, f'invalid version "{call.text("version")[:20]}"')
    limits = ("memory", "memswap", "cpushares", "cpuquota", "cpuperiod", "cpusetcpus", "cgroupparent")
    for key in limits:
        if call.text(key).strip('0"[] \n') not in ("", "null"):
            raise unsupported(f"the build parameter {key}", "build steps run without limits of their own")
    if call.text("outputs").strip("[] \n") not in ("", "null"):
        raise unsupported("the build parameter outputs", "an image is what comes out")


class Told:
    """The answer, as a stream from the first line on. What fails before there is one is an error with a status."""

    def __init__(
        self, call: Call, *, quiet: bool, transcript: Callable[[str], Transcript] = lambda _: LineTranscript()
    ) -> None:
        self._call = call
        self._quiet = quiet
        self._transcript = transcript
        self._response: web.StreamResponse | None = None

    async def say(self, text: str) -> None:
        if not self._quiet:
            await self._write(_lines([{"stream": text}]))

    async def follow(self, operation: OperationHandle) -> str | None:
        """Until it ends: the image, or None where it failed and that is told already."""
        call, transcript = self._call, self._transcript(operation.id)
        try:
            if not self._quiet:
                async with contextlib.aclosing(_outputs(call, operation.id)) as batches:
                    async for batch in batches:
                        told = await call.engine.builds.get(operation.id)
                        if messages := transcript.steps(told) + transcript.output(batch):
                            await self._write(_lines(messages))
            image_id = await operation.result()
        except (asyncio.CancelledError, ConnectionError):
            operation.cancel()
            with contextlib.suppress(WherryError, asyncio.CancelledError):
                await operation.result()
            raise
        except WherryError as error:
            if not self._quiet and (late := transcript.steps(await call.engine.builds.get(operation.id))):
                await self._write(_lines(late))
            if self._response is None:
                raise
            await self._write(_failure(error))
            return None
        await self._write(_lines(await _ending(call, operation.id, transcript, image_id, quiet=self._quiet)))
        return image_id

    async def finish(self, _: str | None = None) -> web.StreamResponse:
        response = self._response or await self._call.stream()
        await response.write_eof()
        return response

    async def _write(self, lines: bytes) -> None:
        if self._response is None:
            self._response = await self._call.stream()
        await self._response.write(lines)


def _outputs(call: Call, build_id: str) -> AsyncGenerator[Sequence[BuildOutput], None]:
    return closable(call.engine.builds.output(build_id, follow=True))


async def _ending(
    call: Call, build_id: str, transcript: Transcript, image_id: str, *, quiet: bool
) -> list[dict[str, Any]]:
    aux = {"aux": {"ID": image_id}}
    if quiet:
        return [{"stream": f"{image_id}\n"}]
    finished = await call.engine.builds.get(build_id)
    messages = [*transcript.steps(finished), aux]
    messages.append({"stream": f"Successfully built {image_id.removeprefix('sha256:')[:12]}\n"})
    messages += [{"stream": f"Successfully tagged {tagged(tag)}\n"} for tag in finished.tags]
    return messages


class Transcript(Protocol):
    """What is new of a build, as messages."""

    def steps(self, build: Build) -> list[dict[str, Any]]: ...
    def output(self, batch: Sequence[BuildOutput], /) -> list[dict[str, Any]]: ...


class LineTranscript:
    """The graph as lines: each step once when it begins, and once more if it came from the cache."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._cached: set[str] = set()

    def steps(self, build: Build) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        for number, step in enumerate(build.steps, 1):
            if step.state in (StepState.WAITING, StepState.SKIPPED):
                continue
            if step.id not in self._begun:
                self._begun.add(step.id)
                # As dockerd has it: clients match the step without the end of its line.
                messages.append({"stream": f"Step {number}/{len(build.steps)} : {step.instruction}"})
                messages.append({"stream": "\n"})
            if step.state is StepState.CACHED and step.id not in self._cached:
                self._cached.add(step.id)
                messages.append({"stream": " ---> Using cache\n"})
        return messages

    def output(self, batch: Sequence[BuildOutput]) -> list[dict[str, Any]]:
        return [{"stream": f"{each.text}\n"} for each in batch]


def _lines(messages: list[dict[str, Any]]) -> bytes:
    return b"".join(encode(message)[:-1] + b"\r\n" for message in messages)


def _failure(error: WherryError) -> bytes:
    message = message_of(error)
    detail: dict[str, Any] = {"message": message}
    if advice := advice_of(error):
        detail["advice"] = advice
    if isinstance(error, RuntimeFailure) and error.code is Code.BUILD_STEP_FAILED:
        detail["code"] = error.exit_code  # the client exits with it, so nothing else may stand there
    return _lines([{"errorDetail": detail, "error": message}])


async def prune_cache(call: Call) -> web.StreamResponse:
    filters = call.filters(_PRUNE_FILTERS)
    for key in filters:
        if key in filters and key not in ("until", "unused-for", "label", "label!"):
            raise Refusal(501, f"the filter {key!r} of a build cache prune is not supported by Wherry")
    for key in _PRUNE_SIZES:
        if call.integer(key):
            raise unsupported(key, "a prune takes what was not used for a time (the filter until), or everything")
    if "label" in filters:  # as `docker system prune --filter label=…` sends to every noun: nothing here has one
        return call.answer({"CachesDeleted": None, "SpaceReclaimed": 0})
    until = min((moment for moment in (filters.until_ns(), filters.until_ns("unused-for")) if moment), default=0)
    freed = await call.engine.builds.prune_cache(all_unused=call.flag("all"), until_ns=until)
    return call.answer({"CachesDeleted": list(freed.ids) or None, "SpaceReclaimed": freed.bytes})
