"""Requests to one machine's engine, each with a time-out, every failure as one of our errors."""

from __future__ import annotations

import asyncio
import contextlib
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from engine.errors import (
    Code,
    Conflict,
    InvalidRequest,
    MachineError,
    NotFound,
    RuntimeFailure,
    Unsupported,
    WherryError,
)
from engine.remote.dialing import DialConnector, Dialer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from aiohttp import ClientResponse

    from engine.machines.machine_list import Entry

QUICK_SECONDS = 20.0
SILENT_SECONDS = 20.0
"""A stream that has signs of life counts as dead after so long without one."""
STUCK_SECONDS = 60.0
"""An upload of which nothing is taken for so long is given up."""
_LET_GO_SECONDS = 5.0
_QUICK_CONNECTIONS, _STREAMS = 6, 64
_PIECE = 1 << 16
_NEWEST, _OLDEST = (1, 50), (1, 25)
_LARGEST_ERROR = 64 * 1024
_USED = re.compile(r"\bus(e|ed|ing)\b")


class Link:
    """One session for quick questions and one for streams, so that neither waits for the other."""

    def __init__(self, entry: Entry, control_directory: str) -> None:
        self.dialer = Dialer(entry, control_directory)
        self.version = (1, 41)
        """Of Docker's API: the newest that both know."""
        self._quick: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None
        self._kept: set[asyncio.Task[None]] = set()

    def keep(self, task: asyncio.Task[None]) -> None:
        """It ends with the link."""
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    async def agree(self) -> Mapping[str, Any]:
        """Learn which engine it is and speak the newest version both know."""
        version: Mapping[str, Any] = await self.json("GET", "/version", versioned=False)
        theirs, oldest = _numbers(version.get("ApiVersion")), _numbers(version.get("MinAPIVersion"))
        if theirs and theirs < _OLDEST:
            raise MachineError(
                f"The engine there is too old: its API is {theirs[0]}.{theirs[1]}",
                f"Wherry speaks {_OLDEST[0]}.{_OLDEST[1]} and later, as Docker has since 1.13.", code=Code.UNSUPPORTED,
            )  # fmt: skip
        if oldest and oldest > _NEWEST:
            raise MachineError(
                f"The engine there is too new: it speaks API {oldest[0]}.{oldest[1]} and later",
                f"This Wherry knows {_NEWEST[0]}.{_NEWEST[1]}.", code=Code.UNSUPPORTED,
            )  # fmt: skip
        self.version = min(_NEWEST, theirs) if theirs else self.version
        return version

    @property
    def api(self) -> str:
        return f"/v{self.version[0]}.{self.version[1]}"

    async def json(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        versioned: bool = True,
        seconds: float = QUICK_SECONDS,
    ) -> Any:
        """The whole answer; None where it is empty."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        session = self._session("quick")
        async with self._answer(session, method, path, query, body, versioned, timeout, headers) as answer:
            data = await answer.read()
        if not data.strip():
            return None
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as error:
            raise MachineError("What the engine said cannot be read", str(error), code=Code.BAD_RESPONSE) from None

    async def tell(self, method: str, path: str, body: object) -> None:
        """Of which only counts that it was done: podman answers some with words of its own."""
        timeout = aiohttp.ClientTimeout(total=QUICK_SECONDS)
        async with self._answer(self._session("quick"), method, path, None, body, True, timeout) as answer:  # noqa: FBT003
            await answer.read()

    async def ping(self, seconds: float) -> None:
        """A sign of life, or the reason why there is none."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self._answer(self._session("quick"), "GET", "/_ping", None, None, False, timeout) as answer:  # noqa: FBT003
            await answer.read()

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        versioned: bool = True,
        silent: float | None = None,
    ) -> AsyncIterator[ClientResponse]:
        """An answer that takes its time. `silent`: how long it may say nothing before it counts as dead."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=silent)
        session = self._session("streams")
        if not hasattr(body, "__aiter__"):
            async with self._answer(session, method, path, query, body, versioned, timeout, headers) as answer:
                yield answer
            return
        upload = _Upload(body)
        try:
            async with upload.stuck:
                sent = upload.pieces()
                async with self._answer(session, method, path, query, sent, versioned, timeout, headers) as answer:
                    yield answer
        except TimeoutError as error:
            raise await self.dialer.why(error) from error
        except WherryError as error:
            raise upload.failed or error from None
        finally:
            await upload.let_go()

    async def pieces(self, answer: ClientResponse) -> AsyncIterator[bytes]:
        """The body as it comes; a connection that breaks off is no end."""
        try:
            async for piece in answer.content.iter_any():
                yield piece
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise await self.dialer.why(error) from error

    async def messages(self, answer: ClientResponse) -> AsyncIterator[Any]:
        """JSON values, one a line or one after the other."""
        kept = b""
        async for piece in self.pieces(answer):
            kept += piece
            *lines, kept = kept.split(b"\n")
            for line in lines:
                if line.strip(b"\x1e\r "):
                    yield msgspec.json.decode(line.strip(b"\x1e\r "))
        if kept.strip():
            yield msgspec.json.decode(kept.strip(b"\x1e\r "))

    async def hijack(self, path: str, body: object = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw line to a process: what follows the head is its own."""
        data = msgspec.json.encode(body) if body is not None else b""
        head = (
            f"POST {self.api}{path} HTTP/1.1\r\nHost: wherry\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
        )
        reader = asyncio.StreamReader(limit=1 << 20)
        try:
            transport, protocol = await self.dialer.open(lambda: asyncio.StreamReaderProtocol(reader))
        except (OSError, TimeoutError) as error:
            raise await self.dialer.why(error) from error
        writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
        try:
            async with asyncio.timeout(QUICK_SECONDS):
                writer.write(head.encode() + data)
                await writer.drain()
                await _let_through(reader)
        except (OSError, TimeoutError, EOFError) as error:
            writer.close()
            raise await self.dialer.why(error) from error
        except WherryError:
            writer.close()
            raise
        return reader, writer

    async def cut_off(self, writer: asyncio.StreamWriter) -> MachineError | None:
        """Of a raw line that has ended: why, if it broke off."""
        return await self.dialer.cut_off(writer.transport)

    async def close(self) -> None:
        for task in self._kept:
            task.cancel()
        await asyncio.gather(*self._kept, return_exceptions=True)
        for session in (self._quick, self._streams):
            if session is not None:
                await session.close()
        self._quick = self._streams = None
        await self.dialer.close()

    def _session(self, which: str) -> aiohttp.ClientSession:
        if self._quick is None or self._streams is None:
            self._quick = aiohttp.ClientSession(connector=DialConnector(self.dialer, limit=_QUICK_CONNECTIONS))
            self._streams = aiohttp.ClientSession(
                connector=DialConnector(self.dialer, limit=_STREAMS), read_bufsize=1 << 18
            )
        return self._quick if which == "quick" else self._streams

    @asynccontextmanager
    async def _answer(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        query: Mapping[str, object] | None,
        body: object,
        versioned: bool,  # noqa: FBT001
        timeout: aiohttp.ClientTimeout,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[ClientResponse]:
        url = f"http://wherry{self.api if versioned else ''}{path}"
        said: dict[str, Any] = {"headers": dict(headers or {})}
        if body is not None and not hasattr(body, "__aiter__"):
            said["data"] = msgspec.json.encode(body)
            said["headers"].setdefault("Content-Type", "application/json")
        elif body is not None:
            said["data"] = body
        elif method in ("POST", "PUT"):
            said["headers"].setdefault("Content-Type", "application/json")
        try:
            async with session.request(method, url, params=_query(query), timeout=timeout, **said) as answer:
                if answer.status >= 400:
                    raise refused(answer.status, await answer.content.read(_LARGEST_ERROR))
                yield answer
        except WherryError:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise await self.dialer.why(error) from error


async def _let_through(reader: asyncio.StreamReader) -> None:
    """The head of the answer to a raw line, or the engine's no."""
    try:
        first, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        status = int(first.split(" ", 2)[1])
        length = next((int(each.partition(":")[2]) for each in fields if each.startswith("content-length:")), 0)
    except (ValueError, IndexError, asyncio.LimitOverrunError) as error:
        raise MachineError("What the engine said cannot be read", str(error), code=Code.BAD_RESPONSE) from None
    if status not in (101, 200):
        raise refused(status, await reader.readexactly(min(length, _LARGEST_ERROR)))


def _numbers(text: object) -> tuple[int, int] | None:
    major, _, minor = str(text or "").partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None


class _Upload:
    """What is sent as it comes. Its source may take its time; the other side may not take nothing for a minute."""

    def __init__(self, body: Any) -> None:
        self.stuck = asyncio.timeout(None)
        self.failed: WherryError | None = None
        """Why its source gave no more: the line breaks off by that, and knows not why."""
        self._source = aiter(body)
        self._idle = asyncio.Event()
        self._idle.set()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        while True:
            self._idle.clear()
            try:
                piece = await anext(self._source)
            except StopAsyncIteration:
                return
            except WherryError as error:
                self.failed = error
                raise
            finally:
                self._idle.set()
            self.stuck.reschedule(loop.time() + STUCK_SECONDS)
            yield piece
            self.stuck.reschedule(None)

    async def let_go(self) -> None:
        """Until nobody asks the source any more, so that whoever gave it can close it: of a line that breaks off the
        sending is called off, and not waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LET_GO_SECONDS):
                await self._idle.wait()


def _query(values: Mapping[str, object] | None) -> list[tuple[str, str]]:
    """Empty values are left out; a list is repeated; a mapping is a filter in JSON."""
    found: list[tuple[str, str]] = []
    for key, value in (values or {}).items():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, dict):
                found.append((key, msgspec.json.encode(each).decode()))
            elif each is True:
                found.append((key, "1"))
            elif each not in (None, "", False):
                found.append((key, str(each)))
    return found


_FAMILIES: dict[int, type[WherryError]] = {
    400: InvalidRequest, 404: NotFound, 409: Conflict, 500: RuntimeFailure, 501: Unsupported,
}  # fmt: skip


def refused(status: int, data: bytes) -> WherryError:
    """The engine's no, in its own words."""
    try:
        said = msgspec.json.decode(data)
        words = str(said.get("advice") or said.get("message") or said.get("cause") or "")
    except (msgspec.DecodeError, AttributeError):
        words = data.decode(errors="replace").strip()
    words = words or f"The engine answered {status}."
    title = words[:1].upper() + words[1:]
    if "HTTP request to an HTTPS server" in words:
        return MachineError("The engine there speaks only TLS", "Name the certificates that were made for you.",
                            code=Code.TLS)  # fmt: skip
    if status in (401, 403):
        return MachineError(title, code=Code.FORBIDDEN)
    family = _FAMILIES.get(status, RuntimeFailure if status >= 500 else InvalidRequest)
    if family is Conflict:
        taken = "already in use" in words or "already exists" in words
        return Conflict(
            title, code=Code.NAME_TAKEN if taken else Code.IN_USE if _USED.search(words) else Code.WRONG_STATE
        )
    return family(title, docker=words)
