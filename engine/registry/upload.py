"""Bringing things to a registry: blobs (mounted from elsewhere in it, skipped if there, or sent), and manifests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from engine.errors import RegistryError, WherryError
from engine.registry import faults
from engine.registry.client import next_location, pull_scope
from engine.registry.transport import Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from yarl import URL

    from engine.registry.client import RegistryClient
    from engine.registry.settings import Endpoint
    from engine.types.images import Login

_PIECE: Final = 1 << 20
_LARGEST_ANSWER: Final = 64 * 1024


class Upload:
    """Brings things into one repository."""

    def __init__(self, client: RegistryClient, domain: str, path: str, *, login: Login | None = None) -> None:
        self._transport = client.transport
        self._endpoint: Endpoint = client.book.primary(domain)
        self._domain = domain
        self._path = path
        self._login = login

    @property
    def _push_scope(self) -> str:
        return f"repository:{self._path}:pull,push"

    async def has(self, digest: str) -> bool:
        call = self._call("HEAD", f"{self._path}/blobs/{digest}", {200, 404})
        async with self._transport.exchange(self._endpoint, call, login=self._login) as response:
            return response.status == 200

    async def mount(self, digest: str, source: str) -> bool:
        """Have the registry link a blob over from another of its repositories. False if it would not."""
        query = urlencode({"mount": digest, "from": source})
        scopes = f"{self._push_scope} {pull_scope(source)}"
        call = self._call("POST", f"{self._path}/blobs/uploads/?{query}", {201, 202}, scopes=scopes)
        try:
            _, response = await self._transport.read(
                self._endpoint, call, largest=_LARGEST_ANSWER, login=self._login, retry=False
            )
        except RegistryError:
            return False  # not allowed to read over there, or no mounting at all: then it is sent
        if response.status == 202:
            await self._abandon(next_location(response, self._endpoint))
        return response.status == 201

    async def send(
        self,
        digest: str,
        source: Path | bytes,
        *,
        progress: Callable[[int], None],
        on_retry: Callable[[str], None] | None = None,
    ) -> None:
        """Send a blob, usually from a file. A connection that breaks goes on from where the registry got to."""
        size = len(source) if isinstance(source, bytes) else (await asyncio.to_thread(source.stat)).st_size
        location = await self._begin()
        offset = 0
        failures = 0
        while offset < size:
            try:
                location = await self._send_rest(location, source, offset, size, progress)
                offset = size
            except WherryError as error:
                if not faults.is_passing(error) or failures >= self._transport.tries:
                    raise
                if on_retry is not None:
                    on_retry(f"{error.title}; going on from there")
                await self._transport.pause(failures)
                location, reached = await self._where(location)
                failures = 0 if reached > offset else failures + 1
                offset = reached
                progress(offset)
        separator = "&" if location.query_string else "?"
        done = f"{location}{separator}digest={quote(digest, safe=':')}"
        await self._transport.read(
            self._endpoint, self._call("PUT", done, {201, 204}, {"Content-Length": "0"}),
            largest=_LARGEST_ANSWER, login=self._login,
        )  # fmt: skip

    async def put_manifest(self, target: str, raw: bytes, media_type: str) -> str:
        """Name what was brought. Gives the digest the registry knows it by, "" if it does not say."""
        call = self._call(
            "PUT", f"{self._path}/manifests/{quote(target, safe=':')}", {200, 201, 202}, {"Content-Type": media_type}
        )
        _, response = await self._transport.read(
            self._endpoint, call, largest=_LARGEST_ANSWER, login=self._login, body=lambda: raw
        )
        return str(response.headers.get("Docker-Content-Digest", ""))

    async def _begin(self) -> URL:
        call = self._call("POST", f"{self._path}/blobs/uploads/", {202}, {"Content-Length": "0"})
        _, response = await self._transport.read(self._endpoint, call, largest=_LARGEST_ANSWER, login=self._login)
        return next_location(response, self._endpoint)

    async def _send_rest(
        self, location: URL, source: Path | bytes, offset: int, size: int, progress: Callable[[int], None]
    ) -> URL:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size - offset)}
        if offset:
            headers["Content-Range"] = f"{offset}-{size - 1}"
        call = self._call("PATCH", str(location), {202, 204}, headers)
        _, response = await self._transport.read(
            self._endpoint, call, largest=_LARGEST_ANSWER, login=self._login,
            body=lambda: _pieces(source, offset, progress), retry=False,
        )  # fmt: skip
        return next_location(response, self._endpoint)

    async def _where(self, location: URL) -> tuple[URL, int]:
        """How far a broken upload got: ask, or start anew where that has been forgotten."""
        call = self._call("GET", str(location), {204, 404})
        _, response = await self._transport.read(self._endpoint, call, largest=_LARGEST_ANSWER, login=self._login)
        if response.status == 404:
            return await self._begin(), 0
        last = response.headers.get("Range", "").removeprefix("bytes=").rpartition("-")[2]
        # "0-0" says nothing or one byte: registries differ, and sending one byte twice is refused, so begin again.
        if not last.isdecimal() or int(last) == 0:
            return await self._begin(), 0
        here = next_location(response, self._endpoint) if "Location" in response.headers else location
        return here, int(last) + 1

    async def _abandon(self, location: URL) -> None:
        call = self._call("DELETE", str(location), {200, 202, 204, 404, 405})
        try:
            await self._transport.read(self._endpoint, call, largest=_LARGEST_ANSWER, login=self._login, retry=False)
        except WherryError:
            return  # the registry tidies up by itself some day

    def _call(
        self, method: str, path: str, accept: set[int], headers: dict[str, str] | None = None, *, scopes: str = ""
    ) -> Call:
        return Call(
            method=method,
            path=path,
            what=f"{self._domain}/{self._path}",
            repository=self._path,
            scopes=scopes or self._push_scope,
            headers=headers or {},
            accept=frozenset(accept),
        )


async def _pieces(source: Path | bytes, offset: int, progress: Callable[[int], None]) -> AsyncIterator[bytes]:
    """What is to be sent. It holds nothing open between two pieces: a broken connection drops it where it stands."""
    if isinstance(source, bytes):
        yield source[offset:]
        return
    while piece := await asyncio.to_thread(_piece, source, offset):
        yield piece
        offset += len(piece)
        progress(offset)


def _piece(source: Path, offset: int) -> bytes:
    with source.open("rb", buffering=0) as file:
        file.seek(offset)
        return file.read(_PIECE)
