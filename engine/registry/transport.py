"""One HTTP exchange with a registry, whatever it takes: choosing http or https, answering challenges, following
redirects without carrying credentials along, waiting and trying again. What to say is `client`'s business.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from yarl import URL

from engine.errors import Code, RegistryError, WherryError
from engine.registry import faults
from engine.registry.settings import host_name, is_loopback, proxy_for, tls_context
from engine.registry.tokens import Authorizer, TokenRequest
from engine.types.data import Data

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

    from engine.registry.logins import Logins
    from engine.registry.settings import Endpoint
    from engine.types.images import Login

_MOST_REDIRECTS: Final = 6
_LARGEST_TOKEN_ANSWER: Final = 256 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_READ_BUFFER: Final = 1 << 18


class Limits(Data, frozen=True, kw_only=True):
    """How patient we are, in seconds and tries."""

    connect: float = 15.0
    silence: float = 30.0
    """Between two bytes of an answer."""
    tries: int = 4
    first_pause: float = 0.5
    longest_pause: float = 60.0
    """A registry that asks for more is believed, and reported instead of waited for."""


class Call(Data, frozen=True, kw_only=True):
    """One request, in terms that can be sent again."""

    method: str
    path: str
    """Below /v2/, or a whole URL a registry gave us."""
    what: str
    """In words, for errors: "docker.io/library/nginx:1"."""
    repository: str = ""
    scopes: str = ""
    headers: dict[str, str]
    accept: frozenset[int]
    """Statuses that are answers and not refusals."""
    raw_path: bool = False
    """`path` starts at the host's root and not at /v2/."""


class Transport:
    """Connections and credentials, shared by everything that talks to registries. Close it when done."""

    def __init__(
        self,
        logins: Logins,
        *,
        limits: Limits | None = None,
        version: str = "0",
        proxy: Callable[[str, str], str] = proxy_for,
    ) -> None:
        """`proxy` gives the one for a scheme and a host, or ""."""
        self._logins = logins
        self._proxy = proxy
        self._limits = limits or Limits()
        self._agent = f"wherry/{version}"
        self._session: aiohttp.ClientSession | None = None
        self._schemes: dict[str, str] = {}
        self._contexts: dict[Endpoint, ssl.SSLContext] = {}
        self._authorizers: dict[tuple[str, str, Login | None], Authorizer] = {}

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def forget(self) -> None:
        """Settings or logins changed: learn everything anew."""
        self._schemes.clear()
        self._contexts.clear()
        self._authorizers.clear()

    @asynccontextmanager
    async def exchange(
        self,
        endpoint: Endpoint,
        call: Call,
        *,
        login: Login | None = None,
        body: Callable[[], Any] | None = None,
        retry: bool = True,
        on_retry: Callable[[str], None] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and give the answer to read. Refusals and broken connections raise; passing ones are tried again.

        `body` makes the request's body, anew for every try.
        """
        response = await self._persistently(endpoint, call, login, body, retry=retry, on_retry=on_retry)
        try:
            yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise faults.classify(error, endpoint.host, str(response.url)) from error
        finally:
            response.release()

    async def read(
        self,
        endpoint: Endpoint,
        call: Call,
        *,
        largest: int,
        login: Login | None = None,
        body: Callable[[], Any] | None = None,
        retry: bool = True,
    ) -> tuple[bytes, aiohttp.ClientResponse]:
        """A whole answer, of at most so many bytes. A connection that breaks in the middle is tried again."""
        tries = self._limits.tries if retry else 1
        for attempt in range(tries):
            try:
                async with self.exchange(endpoint, call, login=login, body=body, retry=retry) as response:
                    return await read_bounded(response, largest, endpoint.host), response
            except WherryError as error:
                if attempt + 1 >= tries or not faults.is_passing(error):
                    raise
                await asyncio.sleep(self._pause(attempt))
        raise AssertionError("a try either returns or raises")

    async def pause(self, attempt: int) -> None:
        """Wait before the next try, longer each time."""
        await asyncio.sleep(self._pause(attempt))

    @property
    def tries(self) -> int:
        return self._limits.tries

    def _pause(self, attempt: int) -> float:
        pause: float = min(self._limits.first_pause * 2.0**attempt, self._limits.longest_pause)
        return pause * random.uniform(0.75, 1.25)

    async def _persistently(
        self,
        endpoint: Endpoint,
        call: Call,
        login: Login | None,
        body: Callable[[], Any] | None,
        *,
        retry: bool,
        on_retry: Callable[[str], None] | None,
    ) -> aiohttp.ClientResponse:
        for attempt in range(self._limits.tries):
            last = not retry or attempt + 1 >= self._limits.tries
            try:
                response = await self._authorized(endpoint, call, login, body)
            except WherryError as error:
                if last or not faults.is_passing(error):
                    raise
                problem, wait = error.title, self._pause(attempt)
            else:
                if response.status in call.accept:
                    return response
                refusal = await self._refusal(response, endpoint, call)
                asked = faults.retry_after(response.headers)
                wait = asked if asked is not None else self._pause(attempt)
                if last or response.status not in faults.RETRIED_STATUSES or wait > self._limits.longest_pause:
                    raise refusal
                problem = refusal.title
            if on_retry is not None:
                on_retry(f"{problem}; trying again in {wait:.0f} s")
            await asyncio.sleep(wait)
        raise AssertionError("a try either returns or raises")

    async def _refusal(self, response: aiohttp.ClientResponse, endpoint: Endpoint, call: Call) -> WherryError:
        try:
            body = await response.content.read(faults.LARGEST_ERROR_BODY)
        except (aiohttp.ClientError, TimeoutError, OSError):
            body = b""
        finally:
            response.release()
        return faults.refused(
            response.status, body, response.headers, host=endpoint.registry, what=call.what, url=str(response.url)
        )

    async def _authorized(
        self, endpoint: Endpoint, call: Call, login: Login | None, body: Callable[[], Any] | None
    ) -> aiohttp.ClientResponse:
        """Send with what we know of the registry's wishes; answer one challenge."""
        authorizer = await self._authorizer(endpoint, call.repository, login)
        header = await authorizer.header(call.scopes)
        response = await self._follow(endpoint, call, header, body)
        if response.status != 401 or not self._same_origin(response.url, endpoint):
            return response
        try:
            answer = await authorizer.answer(response.headers.getall("WWW-Authenticate", []), call.scopes)
        except WherryError:
            self._forget_login(endpoint, call, login)
            raise
        if answer and answer != header:
            response.release()
            response = await self._follow(endpoint, call, answer, body)
        if response.status == 401:
            self._forget_login(endpoint, call, login)
        return response

    def _forget_login(self, endpoint: Endpoint, call: Call, login: Login | None) -> None:
        """It was refused: the next try is to find one that was made elsewhere meanwhile."""
        self._authorizers.pop((endpoint.host, call.repository, login), None)

    async def _authorizer(self, endpoint: Endpoint, repository: str, login: Login | None) -> Authorizer:
        key = (endpoint.host, repository, login)
        if key not in self._authorizers:
            known = login or await self._logins.find(endpoint.login_key, repository)

            async def fetch(request: TokenRequest) -> bytes:
                return await self._fetch_token(endpoint, request)

            self._authorizers[key] = Authorizer(known, fetch)
        return self._authorizers[key]

    async def _follow(
        self, endpoint: Endpoint, call: Call, authorization: str, body: Callable[[], Any] | None
    ) -> aiohttp.ClientResponse:
        """Send, and follow redirects. Credentials go to the registry's own origin and nowhere else."""
        url = await self._url(endpoint, call)
        method = call.method
        seen: set[tuple[str, str]] = set()
        for _ in range(_MOST_REDIRECTS + 1):
            headers = {"User-Agent": self._agent, "Accept-Encoding": "identity", **call.headers}
            if authorization and self._same_origin(url, endpoint):
                headers["Authorization"] = authorization
            response = await self._send(endpoint, method, url, headers, body)
            if response.status not in _REDIRECTS or "Location" not in response.headers:
                return response
            response.release()
            target = self._redirected(endpoint, url, response.headers["Location"])
            if response.status == 303 and method not in ("GET", "HEAD"):
                method, body = "GET", None
            if (method, str(target)) in seen:
                break
            seen.add((method, str(target)))
            url = target
        raise RegistryError(
            f"{endpoint.host} sends us round in circles", f"After {len(seen)} redirects there was still no answer.",
            details=str(url), subject=endpoint.host,
        )  # fmt: skip

    def _redirected(self, endpoint: Endpoint, base: URL, location: str) -> URL:
        return resolve(base, location, endpoint)

    async def _send(
        self,
        endpoint: Endpoint,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: Callable[[], Any] | None,
    ) -> aiohttp.ClientResponse:
        proxy = self._proxy(url.scheme, url.authority)  # a login in it is shown to the proxy alone
        try:
            return await self._opened_session().request(
                method,
                url,
                headers=headers,
                data=body() if body is not None else None,
                allow_redirects=False,
                ssl=self._context(endpoint, url),
                proxy=proxy or None,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            self._contexts.pop(endpoint, None)  # certificates put in place meanwhile are to count for the next try
            raise faults.classify(error, host_name(url.authority) or endpoint.host, str(url)) from error

    def _context(self, endpoint: Endpoint, url: URL) -> ssl.SSLContext | bool:
        if url.scheme != "https":
            return True
        if not self._same_host(url, endpoint):
            return True  # wherever a redirect leads, the system's trust applies and not the registry's exceptions
        if endpoint not in self._contexts:
            self._contexts[endpoint] = tls_context(endpoint)
        return self._contexts[endpoint]

    async def _url(self, endpoint: Endpoint, call: Call) -> URL:
        if call.path.startswith(("https://", "http://")):
            return URL(call.path, encoded=True)
        scheme = await self._scheme(endpoint)
        prefix = f"{endpoint.prefix}/" if endpoint.prefix else ""
        path = call.path if call.raw_path else f"/v2/{prefix}{call.path}"
        return URL(f"{scheme}://{endpoint.host}{path}", encoded=True)

    async def _scheme(self, endpoint: Endpoint) -> str:
        """https, unless plain http is allowed and the server speaks nothing else. Learnt once per host."""
        if len(endpoint.schemes) == 1:
            return endpoint.schemes[0]
        known = self._schemes.get(endpoint.host)
        if known is None:
            known = "https" if await self._speaks_tls(endpoint) else "http"
            self._schemes[endpoint.host] = known
        return known

    async def _speaks_tls(self, endpoint: Endpoint) -> bool:
        url = URL(f"https://{endpoint.host}/v2/", encoded=True)
        try:
            response = await self._send(endpoint, "GET", url, {"User-Agent": self._agent}, None)
        except WherryError as error:
            untrusted = error.code is Code.TLS and "handshake" not in error.explanation
            if untrusted:
                raise  # it speaks TLS, but nobody vouches for it: plain http would be worse
            return False
        response.release()
        return True

    async def _fetch_token(self, endpoint: Endpoint, request: TokenRequest) -> bytes:
        url = URL(request.url, encoded=True)
        if url.scheme == "http" and not (endpoint.insecure or is_loopback(url.authority)):
            raise RegistryError(
                f"{endpoint.registry} wants the password sent without encryption",
                "Its token server is reached over plain HTTP.",
                code=Code.TLS,
                hint="If that is meant, mark the registry insecure under Settings › Registries.",
                details=request.url,
                subject=endpoint.registry,
            )
        headers = {"User-Agent": self._agent, "Accept-Encoding": "identity"}
        if request.authorization:
            headers["Authorization"] = request.authorization
        form = dict(request.form)
        method = "POST" if form else "GET"
        for attempt in range(self._limits.tries):
            target = url.extend_query(list(request.query)) if request.query else url
            response = await self._send(endpoint, method, target, headers, (lambda: form) if form else None)
            async with response:
                body = await read_bounded(response, _LARGEST_TOKEN_ANSWER, endpoint.host)
            if response.status == 200:
                return body
            if response.status not in (500, 502, 503, 504) or attempt + 1 >= self._limits.tries:
                break
            await asyncio.sleep(self._pause(attempt))
        status = 401 if response.status in (400, 401, 403) else response.status
        raise faults.refused(status, body, response.headers, host=endpoint.registry, what="this", url=request.url)

    def _opened_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(
                total=None, sock_connect=self._limits.connect, connect=2 * self._limits.connect,
                sock_read=self._limits.silence,
            )  # fmt: skip
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=timeout,
                auto_decompress=False,
                read_bufsize=_READ_BUFFER,
                max_line_size=32 * 1024,
                max_field_size=32 * 1024,
            )
        return self._session

    def _same_host(self, url: URL, endpoint: Endpoint) -> bool:
        own = URL(f"https://{endpoint.host}")
        return url.host == own.host and (url.port == own.port or url.explicit_port == own.explicit_port)

    def _same_origin(self, url: URL, endpoint: Endpoint) -> bool:
        scheme = self._schemes.get(endpoint.host, endpoint.schemes[0])
        own = URL(f"{scheme}://{endpoint.host}")
        return (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)


def resolve(base: URL, location: str, endpoint: Endpoint) -> URL:
    """Where a Location header leads: http and https only, and never from https down to http."""
    try:
        target = base.join(URL(location, encoded=True))
    except ValueError as error:
        raise faults.classify(aiohttp.InvalidURL(location), endpoint.host) from error
    if target.scheme not in ("http", "https") or not target.host or target.user is not None:
        raise RegistryError(
            f"{endpoint.host} redirects to an address we do not follow",
            "Only web addresses without a login in them are followed.",
            details=location[:2000],
            subject=endpoint.host,
        )
    if base.scheme == "https" and target.scheme == "http" and not endpoint.insecure:
        if target.host == base.host:
            return target.with_scheme("https")  # a registry behind a proxy often does not know it is behind TLS
        raise RegistryError(
            f"{endpoint.host} redirects from a secure to an insecure address", details=location[:2000],
            subject=endpoint.host, code=Code.TLS,
        )  # fmt: skip
    return target


async def read_bounded(response: aiohttp.ClientResponse, largest: int, host: str) -> bytes:
    if (response.content_length or 0) > largest:
        raise _too_large(host, largest)
    parts: list[bytes] = []
    size = 0
    try:
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > largest:
                raise _too_large(host, largest)
            parts.append(chunk)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise faults.classify(error, host, str(response.url)) from error
    return b"".join(parts)


def _too_large(host: str, largest: int) -> RegistryError:
    return RegistryError(f"{host} sent too much", f"More than {largest} bytes came where a small document belongs.")
