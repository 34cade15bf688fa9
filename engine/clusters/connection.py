"""One cluster's API over HTTP: requests, streams of lines, websockets; refusals as errors of ours."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from engine.clusters.credentials import Credentials
from engine.clusters.faults import TooOld, refusal
from engine.errors import ClusterError, Code

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from engine.clusters.kubeconfig import Access

_CONNECT_SECONDS = 15.0
_ANSWER_SECONDS = 60.0
_LONGEST_LINE = 32 << 20
_MOST_BYTES = 512 << 20
JSON = "application/json"


class Connection:
    """Open with the first request, closed with `close`."""

    def __init__(self, access: Access, environment: Mapping[str, str]) -> None:
        self.access = access
        self._credentials = Credentials(access, environment)
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    async def get(self, path: str, params: Mapping[str, str] | None = None, *, accept: str = JSON) -> Any:
        return await self.ask("GET", path, params, accept=accept)

    async def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content: str = JSON,
        accept: str = JSON,
        what: str = "",
    ) -> Any:
        """The answer's JSON. What is refused raises; a 401 asks for newer credentials once."""
        data = None if body is None else json.dumps(body).encode()
        async with self._request(
            method,
            path,
            params,
            data,
            {"Accept": accept, **({"Content-Type": content} if data else {})},
            _ANSWER_SECONDS,
        ) as response:
            raw = await response.content.read(_MOST_BYTES) if response.status != 204 else b"{}"
            while not response.content.at_eof() and len(raw) < _MOST_BYTES:
                raw += await response.content.read(_MOST_BYTES - len(raw))
        try:
            answer = msgspec.json.decode(raw or b"{}")
        except msgspec.DecodeError:
            answer = {"message": raw[:2000].decode(errors="replace")}
        self._check(response.status, answer, what or path)
        return answer

    def _check(self, status: int, answer: Any, what: str) -> None:
        if status == 410:
            raise TooOld(what)
        if status >= 400:
            raise refusal(status, answer if isinstance(answer, dict) else {}, what)

    @asynccontextmanager
    async def lines(self, path: str, params: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        """A stream of lines without an end of its own."""
        async with self._request("GET", path, params, None, {"Accept": "*/*"}, None) as response:
            if response.status >= 400:
                raw = await response.read()
                try:
                    answer = msgspec.json.decode(raw)
                except msgspec.DecodeError:
                    answer = {"message": raw[:2000].decode(errors="replace")}
                self._check(response.status, answer, path)
            yield _lines(response)

    @asynccontextmanager
    async def socket(
        self, path: str, params: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        session = await self._opened()
        headers = await self._credentials.headers()
        try:
            async with session.ws_connect(
                self.access.server + path, params=list(params), protocols=list(protocols), headers=headers,
                proxy=self.access.proxy or None, max_msg_size=_LONGEST_LINE,
                server_hostname=self.access.server_name or None,
            ) as socket:  # fmt: skip
                yield socket
        except aiohttp.WSServerHandshakeError as error:
            raise refusal(error.status, {"message": error.message}, path) from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        data: bytes | None,
        headers: Mapping[str, str],
        seconds: float | None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        session = await self._opened()
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        for last in (False, True):
            own = {**headers, **(await self._credentials.headers())}
            try:
                async with session.request(
                    method, self.access.server + path, params=dict(params or {}), data=data, headers=own,
                    timeout=timeout, proxy=self.access.proxy or None, server_hostname=self.access.server_name or None,
                ) as response:  # fmt: skip
                    if response.status == 401 and self._credentials.may_have_newer and not last:
                        self._credentials.refused()
                        continue
                    yield response
                    return
            except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one
                raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> ClusterError:
        is_tls = isinstance(error, aiohttp.ClientSSLError)
        late = isinstance(error, TimeoutError)
        return ClusterError(
            f"The cluster of “{self.access.context}” cannot be reached" if not is_tls else
            f"The cluster of “{self.access.context}” does not prove who it is",
            str(error) or "It gives no answer.",
            code=Code.TLS if is_tls else Code.TIMEOUT if late else Code.CONNECT,
            hint="Is a VPN or a tunnel needed to get there?" if not is_tls else "",
            subject=self.access.server,
        )  # fmt: skip

    async def _opened(self) -> aiohttp.ClientSession:
        async with self._opening:
            if self._session is None:
                tls = await self._credentials.tls()
                connector = aiohttp.TCPConnector(ssl=tls, limit=0)
                self._session = aiohttp.ClientSession(connector=connector)
            return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Of any length up to a bound; the last may have no end."""
    kept = bytearray()
    async for piece in response.content.iter_any():
        kept += piece
        if b"\n" not in piece:
            if len(kept) > _LONGEST_LINE:
                raise ClusterError("The cluster sent a line without an end", code=Code.BAD_RESPONSE)
            continue
        *whole, rest = bytes(kept).split(b"\n")
        kept = bytearray(rest)
        for line in whole:
            yield line
    if kept:
        yield bytes(kept)
