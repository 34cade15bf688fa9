"""One visitor: a connection to the door, its requests one after the other, each to the service that its Host names.

A visitor has at most one connection to a service open, its own: what a service answers can reach nobody else. Heads are
read here and written again (`heads`), bodies go through as they come. A websocket, and HTTP/2, is bytes both ways.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from engine.frontdoor import pages
from engine.frontdoor.addresses import host_of
from engine.frontdoor.framing import BadBody, UntilEnd
from engine.frontdoor.heads import LARGEST_HEAD, BadHead, Request, read_request, read_response
from engine.frontdoor.services import NotThere
from engine.frontdoor.wire import Ended, HeadTooLong, Wire, relay_all, relay_body

if TYPE_CHECKING:
    from engine.frontdoor.framing import Framing
    from engine.frontdoor.heads import Response
    from engine.types.frontdoor import DoorAddress

_HEAD_SECONDS = 75.0
"""So long a visitor may be silent between two requests, and take to send a head."""
HTTP2 = b"PRI * HTTP/2.0\r\n\r\n"
_SAFE = (b"GET", b"HEAD", b"OPTIONS")


class House(Protocol):
    """What a visitor needs of the door."""

    def find(self, host: str) -> DoorAddress | None: ...
    def index(self) -> bytes: ...
    async def connect(self, container_id: str, port: int) -> Wire: ...


class Visit:
    def __init__(self, visitor: Wire, house: House, *, scheme: str, peer: str) -> None:
        self._visitor = visitor
        self._house = house
        self._scheme = scheme
        self._peer = peer
        self._service: Wire | None = None
        self._of: tuple[str, int] = ("", 0)
        """Whose that connection is."""

    async def serve(self) -> None:
        """Until either side ends it."""
        try:
            while await self._serve_one():
                pass
        except Ended:
            pass  # whoever it was for has gone
        finally:
            self._leave_service()
            self._visitor.abort() if self._visitor.lost else await self._visitor.leave()

    async def _serve_one(self) -> bool:
        """One request; whether another may follow."""
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await self._visitor.read_head(LARGEST_HEAD)
        except TimeoutError:
            return False
        except HeadTooLong:
            return self._refuse(431, "The head is too long", "Cookies, most likely: delete those of this address.")
        if not head:
            return False
        if head == HTTP2:
            from engine.frontdoor.http2 import serve_http2  # loads what few visitors need

            await serve_http2(self._visitor, self._house)
            return False
        try:
            request = read_request(head)
        except BadHead as error:
            return self._refuse(error.status, "That is no request the door passes on", str(error))
        host = host_of(request.host)
        if not host:
            return self._refuse(421, "The door answers to names below localhost only", "")
        address = self._house.find(host)
        if address is None:
            return await self._answer_itself(request, host)
        return await self._pass_on(request, address)

    # --- answers of the door's own ---

    async def _answer_itself(self, request: Request, host: str) -> bool:
        if host == "localhost":
            if request.target.partition(b"?")[0] == b"/":
                return self._say(request, self._house.index())
        return self._say(request, pages.unknown(host))

    def _say(self, request: Request | None, answer: bytes) -> bool:
        """A page, after which nothing more is read: its request may have a body."""
        if request is not None and request.method == b"HEAD":
            answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        self._visitor.write(answer)
        return False

    def _refuse(self, status: int, title: str, words: str) -> bool:
        return self._say(None, pages.refusal(status, title, words))

    # --- to a service ---

    async def _pass_on(self, request: Request, address: DoorAddress) -> bool:
        if not address.runs:
            return self._say(request, pages.stopped(address))
        has_body = not request.framing().over
        for is_last_try in (False, True):
            try:
                service, is_fresh = await self._connected(address)
            except NotThere:
                return self._say(request, pages.silent(address))
            service.write(request.head(scheme=self._scheme, visitor=self._peer))
            try:
                return await self._exchange(request, service)
            except _NoAnswer:
                # It closed a connection that had been idle, as services do; nothing of an answer was told.
                self._leave_service()
                if is_fresh or is_last_try or has_body or request.method not in _SAFE:
                    return self._say(request, pages.broken(address, "It closed the connection without an answer."))
            except HeadTooLong:
                return self._say(request, pages.broken(address, "The head of its answer is too long."))
            except BadHead as error:
                if error.status == 400:
                    return self._refuse(400, "That is no request the door passes on", str(error))
                return self._say(request, pages.broken(address, str(error)))
        return False

    async def _connected(self, address: DoorAddress) -> tuple[Wire, bool]:
        """The connection to a service, and whether it was made just now."""
        wanted = (address.container_id, address.port)
        if self._service is not None and self._of == wanted and not (self._service.ended or self._service.has_more):
            return self._service, False
        self._leave_service()
        self._service, self._of = await self._house.connect(*wanted), wanted
        return self._service, True

    def _leave_service(self) -> None:
        if self._service is not None:
            self._service.abort()
            self._service = None

    async def _exchange(self, request: Request, service: Wire) -> bool:
        """The body there, the answer back, side by side: either may begin first."""
        framing = request.framing()
        if framing.over:
            return await self._bring_answer(request, service, framing)
        sending = asyncio.ensure_future(relay_body(self._visitor, service, framing))
        # A body that breaks off is nothing to wait for an answer to.
        sending.add_done_callback(lambda done: service.abort() if _failed(done) else None)
        try:
            return await self._bring_answer(request, service, framing)
        except _NoAnswer:
            if _failed(sending):
                raise BadHead("The body is not what the head says.", 400) from None
            raise
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _bring_answer(self, request: Request, service: Wire, sent: Framing) -> bool:
        response = await self._answer_head(service)
        while not response.is_last:
            self._visitor.write(response.head(keeps=True))
            response = await self._answer_head(service)
        if response.status == 101:
            if not request.websocket:
                raise BadHead("It changes the protocol, and nobody asked for that.", 502)
            self._visitor.write(response.head(keeps=True))
            await self._both_ways(service)
            return False
        framing = response.framing(request.method)
        keeps = request.keeps and sent.over and not isinstance(framing, UntilEnd)
        self._visitor.write(response.head(keeps=keeps))
        if response.is_stream_of_events:
            # Its reader may go long before the next event would tell.
            self._visitor.when_ended(service.abort)
        try:
            await relay_body(service, self._visitor, framing)
        except BadBody:
            self._visitor.abort()  # what was passed on must not look complete
            return False
        if not response.keeps:
            self._leave_service()
        return keeps

    async def _answer_head(self, service: Wire) -> Response:
        try:
            head = await service.read_head(LARGEST_HEAD)
        except Ended:
            head = b""
        if not head:
            raise _NoAnswer
        return read_response(head)

    async def _both_ways(self, service: Wire) -> None:
        there = asyncio.ensure_future(relay_all(self._visitor, service))
        back = asyncio.ensure_future(relay_all(service, self._visitor))
        try:
            await asyncio.gather(there, back)
        finally:
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)


class _NoAnswer(Exception):
    """The service ended the connection before it said anything."""


def _failed(sending: asyncio.Future[None]) -> bool:
    return sending.done() and not sending.cancelled() and sending.exception() is not None
