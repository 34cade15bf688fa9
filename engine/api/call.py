"""One request as a handler sees it: path words, typed query, bounded body; and the answers it can give."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from aiohttp import web

from engine.api.http.query_filters import Filters
from engine.api.http.statuses import Refusal
from engine.errors import WherryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from engine.api.served import Served
    from engine.facade import Engine

_T = TypeVar("_T")

JSON_BODY_BYTES = 4 * 1024 * 1024
"""The largest JSON body that is read; Docker's own command line stays far below a megabyte."""
BODY_SECONDS = 60.0
"""So long the next part of a JSON body may take. What is uploaded may take its time."""
_QUERY_BYTES = 64 * 1024
_FALSE = frozenset({"", "0", "false", "no", "none", "f", "n"})
_encoder = msgspec.json.Encoder(order=None)


class Call:
    """The request, the engine, and what the path said."""

    def __init__(self, served: Served, request: web.BaseRequest, words: Mapping[str, str], version: tuple[int, int]):
        self.served = served
        self.request = request
        self.words = words
        self.version = version
        self.begun: web.StreamResponse | None = None
        """The answer that is on its way in pieces."""

    @property
    def engine(self) -> Engine:
        return self.served.engine

    def at_least(self, minor: int) -> bool:
        return self.version >= (1, minor)

    # --- what was asked ---

    def text(self, key: str, default: str = "") -> str:
        value = self.request.query.get(key, default)
        if len(value) > _QUERY_BYTES:
            raise Refusal(400, f"the query parameter {key} is too long")
        return value

    def texts(self, key: str) -> list[str]:
        return [value for value in self.request.query.getall(key, []) if value]

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True for everything that is not one of Docker's words for no."""
        value = self.request.query.get(key)
        return default if value is None else value.strip().lower() not in _FALSE

    def integer(self, key: str, default: int | None = None) -> int | None:
        value = self.request.query.get(key, "")
        if not value:
            return default
        try:
            if len(value) > 20:
                raise ValueError(value)
            return int(value)
        except ValueError:
            raise Refusal(400, f"invalid value for {key}: {value[:80]!r} is not a whole number") from None

    def filters(self, allowed: frozenset[str]) -> Filters:
        return Filters.parse(self.text("filters"), allowed)

    async def _body(self) -> bytes:
        limit = JSON_BODY_BYTES
        if (self.request.content_length or 0) > limit:
            raise Refusal(413, f"the request body is larger than {limit} bytes")
        parts: list[bytes] = []
        size = 0
        while part := await self._more():
            size += len(part)
            if size > limit:
                raise Refusal(413, f"the request body is larger than {limit} bytes")
            parts.append(part)
        return b"".join(parts)

    async def _more(self) -> bytes:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self.request.content.readany()
        except TimeoutError:
            raise Refusal(408, "the rest of the request body did not come") from None

    async def json(self, shape: type[_T]) -> _T:
        """The body as a typed record. An empty body is an empty record, and so is the null of older clients."""
        body = (await self._body()).strip()
        if body:
            self._must_be_json()
        return decode(b"{}" if body in (b"", b"null") else body, shape)

    def _must_be_json(self) -> None:
        """By its header, as Docker has it: what a browser's form may send to anybody is never a request."""
        given = self.request.headers.get("Content-Type", "")
        kind = given.partition(";")[0].strip().lower()
        if not kind:
            raise Refusal(400, "malformed Content-Type header (): mime: no media type")
        if kind != "application/json":
            raise Refusal(400, f"unsupported Content-Type header ({given[:80]}): must be 'application/json'")

    def upload(self) -> AsyncIterator[bytes]:
        """The body as a stream of unknown length; back-pressure reaches the client."""
        return self.request.content.iter_any()

    # --- what is answered ---

    def empty(self, status: int = 204) -> web.Response:
        return web.Response(status=status)

    def answer(self, value: Any, status: int = 200) -> web.Response:
        return web.Response(body=encode(value), status=status, content_type="application/json")

    async def stream(
        self, content_type: str = "application/json", *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        """Send the headers now; the body follows in pieces."""
        response = web.StreamResponse(status=status, headers=headers)
        response.content_type = content_type
        self.begun = response
        await response.prepare(self.request)
        # aiohttp keeps the headers back until the first piece of body; clients wait for them.
        writer = self.request._payload_writer
        writer.send_headers()
        return response

    async def send(
        self, source: AsyncIterator[bytes], content_type: str, *, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        """A stream of bytes as it comes. The first piece is awaited before the headers, so that a failure at the
        start is still an error with a status; a failure later breaks the connection off, which no client takes for
        an end."""
        async with contextlib.AsyncExitStack() as stack:
            close = getattr(source, "aclose", None)
            if close is not None:
                stack.push_async_callback(close)
            first = await anext(source, None)
            response = await self.stream(content_type, headers=headers)
            if first is not None:
                await response.write(first)
                try:
                    async for piece in source:
                        await response.write(piece)
                except WherryError:
                    if self.request.transport is not None:
                        self.request.transport.abort()
                    raise ConnectionResetError("the stream broke off") from None
            await response.write_eof()
            return response


def encode(value: Any) -> bytes:
    """JSON with the newline that Docker ends it with."""
    return _encoder.encode(value) + b"\n"


def decode(data: bytes | str, shape: type[_T]) -> _T:
    """Untrusted JSON as a typed record; whatever is wrong with it is a 400."""
    try:
        return msgspec.json.decode(data, type=shape, strict=False)
    except msgspec.DecodeError as error:
        if "trailing characters" in str(error):
            raise Refusal(400, "unexpected content after JSON") from None
        raise Refusal(400, f"invalid JSON: {error}") from None
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
        raise Refusal(400, f"invalid JSON: {error}") from None


def shaped(value: Any, shape: type[_T]) -> _T:
    """JSON that was decoded already as a typed record; whatever is wrong with it is a 400."""
    try:
        return msgspec.convert(value, shape, strict=False)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
        raise Refusal(400, f"invalid JSON: {error}") from None
