"""What one can ask of a registry: manifests, blobs, tags, a search; and what one can bring it (see `upload`).

Pulling tries the mirrors first and the registry itself last. Everything named by a digest is checked against it here,
blobs excepted: those stream past and are checked by who stores them.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from engine.errors import Code, NotFound, RegistryError, WherryError
from engine.registry import faults
from engine.registry.settings import DOCKER_HUB, Endpoint
from engine.registry.transport import Call, resolve
from engine.types.data import Data
from engine.types.images import SearchResult

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    import aiohttp
    from yarl import URL

    from engine.registry.settings import RegistryBook
    from engine.registry.transport import Transport
    from engine.types.images import Login

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
_log = logging.getLogger(__name__)
_OK: Final = frozenset({200})
_NO_SUCH_RANGE: Final = 416
_LARGEST_LIST: Final = 8 * 1024 * 1024
_MOST_TAGS: Final = 20_000
_MOST_PAGES: Final = 200
_HUB_INDEX: Final = Endpoint(host="index.docker.io", registry=DOCKER_HUB)


class Fetched(Data, frozen=True, kw_only=True):
    """A manifest as it came."""

    raw: bytes
    media_type: str
    digest: str
    source: str
    """Host it really came from: a mirror's or the registry's."""


class _TagList(msgspec.Struct):
    tags: list[str] | None = None


class _Catalog(msgspec.Struct):
    repositories: list[str] | None = None


class _SearchHit(msgspec.Struct):
    name: str
    description: str | None = None
    star_count: int | None = None
    is_official: bool | None = None


class _SearchAnswer(msgspec.Struct):
    results: list[_SearchHit] | None = None


class RegistryClient:
    """Asks questions. One for the engine; all methods may run at once."""

    def __init__(self, transport: Transport, book: RegistryBook) -> None:
        self.transport = transport
        self.book = book

    # --- manifests ---

    async def manifest(
        self, domain: str, path: str, target: str, *, accept: Sequence[str], largest: int, login: Login | None = None
    ) -> Fetched:
        """By tag or digest."""
        call = Call(
            method="GET",
            path=f"{path}/manifests/{quote(target, safe=':')}",
            what=_what(domain, path, target),
            repository=path,
            scopes=pull_scope(path),
            headers={"Accept": ", ".join(accept)},
            accept=_OK,
        )

        async def ask(endpoint: Endpoint) -> Fetched:
            raw, response = await self.transport.read(endpoint, call, largest=largest, login=login)
            return _checked_manifest(raw, response, target, endpoint)

        return await self._first_that_can(domain, ask)

    async def manifest_digest(
        self, domain: str, path: str, target: str, *, accept: Sequence[str], login: Login | None = None
    ) -> str:
        """What a tag points at now; "" if it does not exist or the registry does not say."""
        call = Call(
            method="HEAD",
            path=f"{path}/manifests/{quote(target, safe=':')}",
            what=_what(domain, path, target),
            repository=path,
            scopes=pull_scope(path),
            headers={"Accept": ", ".join(accept)},
            accept=frozenset({200, 404}),
        )
        async with self.transport.exchange(self.book.primary(domain), call, login=login) as response:
            return response.headers.get("Docker-Content-Digest", "") if response.status == 200 else ""

    # --- blobs ---

    async def small_blob(
        self, domain: str, path: str, digest: str, *, largest: int, login: Login | None = None
    ) -> bytes:
        """A config: whole, and checked."""
        call = self._blob_call(domain, path, digest, 0)

        async def ask(endpoint: Endpoint) -> bytes:
            raw, _ = await self.transport.read(endpoint, call, largest=largest, login=login)
            check_digest(raw, digest, endpoint.host)
            return raw

        return await self._first_that_can(domain, ask)

    async def blob(
        self,
        domain: str,
        path: str,
        digest: str,
        size: int,
        *,
        offset: int = 0,
        login: Login | None = None,
        on_retry: Callable[[str], None] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """The bytes of a blob from an offset. A connection that breaks goes on where it broke, at another mirror if
        need be; only tries without a single new byte count as failures."""
        endpoints = self.book.for_pull(domain)
        failures = 0
        while offset < size or not size:  # a try before may have had the last byte and not come to saying so
            endpoint = endpoints[0]
            before = offset
            try:
                async for chunk in self._blob_from(endpoint, domain, path, digest, size, offset, login, on_retry):
                    offset += len(chunk)
                    yield chunk
                if offset == size:
                    return
                raise _short(endpoint.host, digest, offset, size)
            except WherryError as error:
                failures = 0 if offset > before else failures + 1
                if len(endpoints) > 1:
                    del endpoints[0]
                elif not _may_go_on(error) or failures >= self.transport.tries:
                    raise
                if on_retry is not None:
                    on_retry(f"{error.title}; going on from there")
            await self.transport.pause(failures)

    async def _blob_from(
        self,
        endpoint: Endpoint,
        domain: str,
        path: str,
        digest: str,
        size: int,
        offset: int,
        login: Login | None,
        on_retry: Callable[[str], None] | None,
    ) -> AsyncGenerator[bytes, None]:
        async with AsyncExitStack() as answers:
            call = self._blob_call(domain, path, digest, offset)
            exchange = self.transport.exchange(endpoint, call, login=login, on_retry=on_retry)
            response = await answers.enter_async_context(exchange)
            if response.status == _NO_SUCH_RANGE:
                # It does not give parts, whatever it says: from the beginning, leaving out what is here.
                whole = self._blob_call(domain, path, digest, 0)
                exchange = self.transport.exchange(endpoint, whole, login=login, on_retry=on_retry)
                response = await answers.enter_async_context(exchange)
            skip = _bytes_to_skip(response, offset, size, endpoint.host)
            async for chunk in response.content.iter_any():
                if skip:
                    dropped = min(skip, len(chunk))
                    skip -= dropped
                    chunk = chunk[dropped:]
                offset += len(chunk)
                if offset > size:
                    raise _too_long(endpoint.host, digest, size)
                if chunk:
                    yield chunk

    def _blob_call(self, domain: str, path: str, digest: str, offset: int) -> Call:
        return Call(
            method="GET",
            path=f"{path}/blobs/{digest}",
            what=f"{domain}/{path} (blob {digest[:19]})",
            repository=path,
            scopes=pull_scope(path),
            headers={"Range": f"bytes={offset}-"} if offset else {},
            accept=frozenset({200, 206, _NO_SUCH_RANGE}) if offset else _OK,
        )

    # --- lists ---

    async def tags(self, domain: str, path: str, *, login: Login | None = None) -> list[str]:
        """All tags, page by page, all from the first that answers."""

        async def ask(endpoint: Endpoint) -> list[str]:
            return await self._tags_of(endpoint, domain, path, login)

        return await self._first_that_can(domain, ask)

    async def _tags_of(self, endpoint: Endpoint, domain: str, path: str, login: Login | None) -> list[str]:
        found: list[str] = []
        next_path = f"{path}/tags/list?n=1000"
        for _ in range(_MOST_PAGES):
            call = Call(
                method="GET", path=next_path, what=f"{domain}/{path}", repository=path, scopes=pull_scope(path),
                headers={"Accept": "application/json"}, accept=_OK,
            )  # fmt: skip
            raw, response = await self.transport.read(endpoint, call, largest=_LARGEST_LIST, login=login)
            found += _decoded(raw, _TagList, response, endpoint).tags or []
            next_path = _next_page(response, endpoint)
            if not next_path or len(found) >= _MOST_TAGS:
                break
        return found[:_MOST_TAGS]

    async def search(self, domain: str, term: str, *, limit: int) -> list[SearchResult]:
        """By words. Registries without a search of their own are looked through by name."""
        endpoint = _HUB_INDEX if domain == DOCKER_HUB else self.book.primary(domain)
        call = Call(
            method="GET", path="/v1/search?" + urlencode({"q": term, "n": limit}), what=f"a search on {domain}",
            headers={"Accept": "application/json"}, accept=_OK, raw_path=True,
        )  # fmt: skip
        try:
            raw, response = await self.transport.read(endpoint, call, largest=_LARGEST_LIST)
            hits = _decoded(raw, _SearchAnswer, response, endpoint).results or []
        except (NotFound, RegistryError) as error:
            if domain == DOCKER_HUB or error.code in (Code.DNS, Code.CONNECT, Code.TLS, Code.TIMEOUT):
                raise
            return await self._search_by_name(domain, term, limit)
        prefix = "" if domain == DOCKER_HUB else f"{domain}/"
        return [_search_result(prefix, hit) for hit in hits[:limit]]

    async def _search_by_name(self, domain: str, term: str, limit: int) -> list[SearchResult]:
        endpoint = self.book.primary(domain)
        found: list[SearchResult] = []
        next_path = "_catalog?n=1000"
        for _ in range(_MOST_PAGES):
            call = Call(
                method="GET", path=next_path, what=f"the catalogue of {domain}", scopes="registry:catalog:*",
                headers={"Accept": "application/json"}, accept=_OK,
            )  # fmt: skip
            raw, response = await self.transport.read(endpoint, call, largest=_LARGEST_LIST)
            names = _decoded(raw, _Catalog, response, endpoint).repositories or []
            found += [SearchResult(name=f"{domain}/{name}") for name in names if term.lower() in name.lower()]
            next_path = _next_page(response, endpoint)
            if not next_path or len(found) >= limit:
                break
        return found[:limit]

    async def check_login(self, login: Login) -> None:
        """Raise if the registry does not take this login."""
        endpoint = self.book.primary(login.server)
        call = Call(method="GET", path="", what="this user", headers={}, accept=_OK)
        self.transport.forget()
        try:
            raw, response = await self.transport.read(endpoint, call, largest=_LARGEST_LIST, login=login)
        except WherryError as error:
            raise faults.wrong_login(error) if error.code is Code.UNAUTHORIZED else error from error
        if response.content_type == "text/html":
            raise faults.not_a_registry(endpoint.host, response.content_type, str(response.url))
        del raw

    # --- mirrors ---

    async def _first_that_can(self, domain: str, ask: Callable[[Endpoint], Awaitable[T]]) -> T:
        """The registry's own answer counts; a mirror's failure only means to ask the next."""
        *mirrors, primary = self.book.for_pull(domain)
        for mirror in mirrors:
            try:
                return await ask(mirror)
            except WherryError as error:
                _log.info("mirror %s: %s", mirror.host, error)
        return await ask(primary)


def pull_scope(path: str) -> str:
    return f"repository:{path}:pull"


def check_digest(raw: bytes, digest: str, host: str) -> None:
    algorithm, _, expected = digest.partition(":")
    if hashlib.new(algorithm, raw).hexdigest() != expected:
        raise RegistryError(
            f"{host} sent something else than was asked for",
            "What came does not have the digest it was asked for by.",
            code=Code.DIGEST_MISMATCH,
            details=digest,
            subject=host,
        )


def next_location(response: aiohttp.ClientResponse, endpoint: Endpoint) -> URL:
    """The Location of an answer, as a whole URL."""
    location = response.headers.get("Location", "")
    if not location:
        raise RegistryError(f"{endpoint.host} does not say where to go on", details=str(response.url))
    return resolve(response.url, location, endpoint)


def _what(domain: str, path: str, target: str) -> str:
    name = path.removeprefix("library/") if domain == DOCKER_HUB else f"{domain}/{path}"
    return f"{name}{'@' if ':' in target else ':'}{target}"


def _checked_manifest(raw: bytes, response: aiohttp.ClientResponse, target: str, endpoint: Endpoint) -> Fetched:
    media_type = response.content_type
    if "html" in media_type or (not raw.lstrip().startswith(b"{") and "json" not in media_type):
        raise faults.not_a_registry(endpoint.host, media_type, str(response.url))
    stated = target if ":" in target else response.headers.get("Docker-Content-Digest", "")
    if stated.startswith(("sha256:", "sha384:", "sha512:")):
        check_digest(raw, stated, endpoint.host)
    digest = target if ":" in target else f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return Fetched(raw=raw, media_type=media_type, digest=digest, source=endpoint.host)


def _bytes_to_skip(response: aiohttp.ClientResponse, offset: int, size: int, host: str) -> int:
    """How much of the answer we already have; refuses an answer that is not the rest of this blob."""
    length = response.content_length
    if response.status == 206:
        unit, _, content_range = response.headers.get("Content-Range", "").partition(" ")
        start = content_range.partition("-")[0]
        if unit != "bytes" or not start.isdecimal() or int(start) != offset:
            raise RegistryError(f"{host} sent another part than was asked for", details=str(response.url))
        return 0
    if length is not None and length != size:
        raise RegistryError(
            f"{host} has a blob of the wrong size",
            f"It has {length} bytes where the manifest says {size}.",
            details=str(response.url),
            subject=host,
        )
    return offset


def _may_go_on(error: WherryError) -> bool:
    return faults.is_passing(error) or isinstance(error, _Short)


class _Short(RegistryError):
    """Ended early without the connection breaking."""


def _short(host: str, digest: str, offset: int, size: int) -> RegistryError:
    return _Short(f"{host} sent too little", f"The blob ended after {offset} of {size} bytes.", details=digest)


def _too_long(host: str, digest: str, size: int) -> RegistryError:
    return RegistryError(f"{host} sent too much", f"The blob should have {size} bytes and went on.", details=digest)


def _decoded(raw: bytes, kind: type[S], response: aiohttp.ClientResponse, endpoint: Endpoint) -> S:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise faults.not_a_registry(endpoint.host, response.content_type, str(response.url)) from error


def _next_page(response: aiohttp.ClientResponse, endpoint: Endpoint) -> str:
    """The address in `Link: <…>; rel="next"`, if it leads to the same registry."""
    link = response.links.get("next")
    if not link:
        return ""
    target = resolve(response.url, str(link["url"]), endpoint)
    return str(target) if target.host == response.url.host else ""


def _search_result(prefix: str, hit: _SearchHit) -> SearchResult:
    return SearchResult(
        name=prefix + hit.name,
        description=hit.description or "",
        stars=hit.star_count or 0,
        official=bool(hit.is_official),
    )
