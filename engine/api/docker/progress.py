"""Operations told as Docker's stream of JSON messages: what is happening, how far it is, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from engine.api.call import encode
from engine.api.http.statuses import message_of, status_of
from engine.errors import Cancelled, WherryError
from engine.operations.streams import closable
from engine.types.images import LayerPhase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Protocol

    from aiohttp import web

    from engine.api.call import Call
    from engine.facade import OperationHandle
    from engine.types.images import LayerProgress
    from engine.types.operations import Operation

    Ending = Callable[[str], Awaitable[list[dict[str, Any]]]]

    class Teller(Protocol):
        """Turns each newer state of an operation into messages."""

        def __call__(self, operation: Operation) -> list[dict[str, Any]]: ...


_PULL_WORDS = {
    LayerPhase.WAITING: "Waiting",
    LayerPhase.PRESENT: "Already exists",
    LayerPhase.DOWNLOADING: "Downloading",
    LayerPhase.VERIFYING: "Verifying Checksum",
    LayerPhase.UNPACKING: "Extracting",
    LayerPhase.RETRYING: "Retrying",
    LayerPhase.DONE: "Pull complete",
}
_PUSH_WORDS = {
    LayerPhase.WAITING: "Waiting",
    LayerPhase.PRESENT: "Layer already exists",
    LayerPhase.UPLOADING: "Pushing",
    LayerPhase.VERIFYING: "Preparing",
    LayerPhase.MOUNTED: "Mounted from another repository",
    LayerPhase.RETRYING: "Retrying",
    LayerPhase.DONE: "Pushed",
}
_WITH_BAR = frozenset({LayerPhase.DOWNLOADING, LayerPhase.UNPACKING, LayerPhase.UPLOADING})
_BAR_WIDTH = 50
_UNITS = ("B", "kB", "MB", "GB", "TB")


def human_size(size: float) -> str:
    """Docker's four digits with decimal units: "1.234MB", "512B"."""
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            return f"{size:.4g}{unit}"
        size /= 1000
    raise AssertionError("the last unit always returns")


def bar(done: int, total: int) -> str:
    """`[====>      ]  1.2MB/3.4MB`, as older clients print it."""
    if total <= 0:
        return human_size(done)
    filled = min(_BAR_WIDTH, done * _BAR_WIDTH // total)
    head = "" if filled >= _BAR_WIDTH else ">"
    body = f"{'=' * filled}{head}{' ' * (_BAR_WIDTH - filled - 1)}"[:_BAR_WIDTH]
    return f"[{body}]  {human_size(done)}/{human_size(total)}"


class LayerTeller:
    """Messages per layer, each said only when it differs from the last about that layer."""

    def __init__(self, *, push: bool) -> None:
        self._words = _PUSH_WORDS if push else _PULL_WORDS
        self._said: dict[str, tuple[LayerPhase, int]] = {}

    def __call__(self, operation: Operation) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        for layer in operation.layers:
            key = (layer.phase, layer.done if layer.phase in _WITH_BAR else 0)
            if self._said.get(layer.digest) == key:
                continue
            messages.extend(self._about(layer, first=layer.digest not in self._said))
            self._said[layer.digest] = key
        return messages

    def _about(self, layer: LayerProgress, *, first: bool) -> list[dict[str, Any]]:
        name = layer.digest.partition(":")[2][:12] or layer.digest[:12]
        messages: list[dict[str, Any]] = []
        if first and self._words is _PULL_WORDS and layer.phase is not LayerPhase.PRESENT:
            messages.append({"status": "Pulling fs layer", "progressDetail": {}, "id": name})
        words = self._words.get(layer.phase, layer.phase.value)
        if layer.phase is LayerPhase.RETRYING and layer.note:
            words = f"Retrying ({layer.note})"
        message: dict[str, Any] = {"status": words, "progressDetail": {}, "id": name}
        if layer.phase in _WITH_BAR:
            message["progressDetail"] = {"current": layer.done, "total": layer.total} if layer.total else {}
            message["progress"] = bar(layer.done, layer.total)
        messages.append(message)
        return messages


async def run_operation(
    call: Call,
    operation: OperationHandle,
    *,
    opening: Sequence[dict[str, Any]] = (),
    tell: Teller | None = None,
    ending: Ending | None = None,
) -> web.StreamResponse:
    """Stream an operation to its end. A client that leaves cancels it, as with Docker.

    An operation that fails before it has anything to tell is an error with a status; later, an error in the stream.
    """
    try:
        return await _run(call, operation, list(opening), tell, ending)
    except (asyncio.CancelledError, ConnectionError):
        operation.cancel()
        # Not awaited for its result: only so that it has ended, and its failure is nobody's.
        with contextlib.suppress(WherryError, asyncio.CancelledError):
            await operation.result()
        raise


async def _run(
    call: Call,
    operation: OperationHandle,
    opening: list[dict[str, Any]],
    tell: Teller | None,
    ending: Ending | None,
) -> web.StreamResponse:
    response: web.StreamResponse | None = None

    async def say(messages: list[dict[str, Any]]) -> web.StreamResponse:
        nonlocal response
        if response is None:
            response = await call.stream()
        if messages:
            await response.write(b"".join(encode(message)[:-1] + b"\r\n" for message in messages))
        return response

    watching = operation.watch()
    async with contextlib.aclosing(closable(watching)) as states:
        async for state in states:
            messages = tell(state) if tell is not None else []
            if messages:
                await say(opening + messages)
                opening = []
    try:
        result = await operation.result()
    except Cancelled:
        await say([{"errorDetail": {"message": "cancelled"}, "error": "cancelled"}])
    except WherryError as error:
        if response is None:
            raise
        message = message_of(error)
        await say([{"errorDetail": {"code": status_of(error), "message": message}, "error": message}])
    else:
        await say(opening + (await ending(result) if ending is not None else []))
    finished = await say([])
    await finished.write_eof()
    return finished
