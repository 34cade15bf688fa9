"""From method and path to a handler: version prefix, path words, and what happens when a handler fails."""

from __future__ import annotations

import asyncio
import functools
import logging
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from aiohttp import web

from engine.api.call import Call, encode
from engine.api.http.statuses import Refusal, advice_of, message_of, status_of
from engine.api.http.versions import UNNAMED, VERSION_HEADERS, check_version
from engine.errors import WherryError, exhausted
from engine.recipe.faults import Unreadable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from engine.api.served import Served

log = logging.getLogger(__name__)

_VERSION = re.compile(r"/v(\d{1,3})\.(\d{1,4})(?=/|$)")
_PATH_CHARACTERS = 4096


class Route(NamedTuple):
    """One line of the table. `{word}` is one path word; `{word...}` may hold slashes, as image names do."""

    method: str
    pattern: str
    handler: Callable[[Call], Awaitable[web.StreamResponse]]
    finish: bool = False
    """Once begun, carried through even if the client vanishes: it changes something."""


class Router:
    """Matches the first word by dictionary and the rest by pattern, in the order of the table."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_word: dict[str, list[tuple[re.Pattern[str], dict[str, Route]]]] = {}
        compiled: dict[str, dict[str, Route]] = {}
        for route in routes:
            methods = compiled.get(route.pattern)
            if methods is None:
                methods = compiled[route.pattern] = {}
                word = route.pattern.split("/", 2)[1]
                self._by_word.setdefault(word, []).append((_compile(route.pattern), methods))
            methods[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and its path words; raises what Docker answers where there is none."""
        parts = path.split("/", 2)
        word = parts[1] if len(parts) > 1 else ""
        for pattern, methods in self._by_word.get(word, ()):
            match = pattern.fullmatch(path)
            if match is None:
                continue
            route = methods.get(method)
            if route is not None:
                return route, match.groupdict()
        raise Refusal(404, "page not found")

    async def dispatch(self, served: Served, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever goes wrong becomes a `{"message": …}` of the right status."""
        calls: list[Call] = []
        response = await self._answer(served, request, calls)
        if any(call.begun not in (None, response) for call in calls):
            # Half an answer is out. Broken off, no client takes it for a whole one or waits for the rest.
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the answer broke off")
        if "Upgrade" in request.headers and not response.prepared:
            # Declined: what the client sends next may be no HTTP.
            response.force_close()
        return response

    async def _answer(self, served: Served, request: web.BaseRequest, calls: list[Call]) -> web.StreamResponse:
        try:
            return await self._dispatch(served, request, calls)
        except Refusal as refusal:
            return failure(refusal.status, refusal.message)
        except Unreadable as fault:
            return failure(501 if fault.unsupported else 400, str(fault))
        except WherryError as error:
            return failure(status_of(error), message_of(error), advice_of(error))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except OSError as error:
            if words := exhausted(error.errno or 0):
                return failure(503, str(words))
            return self._bug(request)
        except web.RequestPayloadError as error:
            return failure(400, f"the request body could not be read: {error}")
        except Exception:
            return self._bug(request)

    def _bug(self, request: web.BaseRequest) -> web.Response:
        """Of ours: the log has the traceback, the client has not."""
        log.exception("%s %s failed unexpectedly", request.method, request.rel_url.raw_path)
        return failure(500, "internal error; the engine's log has the details")

    async def _dispatch(self, served: Served, request: web.BaseRequest, calls: list[Call]) -> web.StreamResponse:
        path = _clean_path(request)
        version = UNNAMED
        prefix = _VERSION.match(path)
        if prefix:
            version = check_version(int(prefix[1]), int(prefix[2]))
            path = path[prefix.end() :]
        route, words = self.find(request.method, path)
        call = Call(served, request, words, version)
        calls.append(call)
        if not route.finish:
            return await route.handler(call)
        task = asyncio.ensure_future(route.handler(call))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # The client is gone. Its wish is carried out all the same; what goes wrong now, nobody is left to hear.
            task.add_done_callback(_forget)
            _finishing.add(task)
            raise


_finishing: set[asyncio.Future[web.StreamResponse]] = set()


def _forget(task: asyncio.Future[web.StreamResponse]) -> None:
    _finishing.discard(task)
    if not task.cancelled() and task.exception() is not None:
        log.debug("a request whose client left failed: %s", task.exception())


def failure(status: int, message: str, advice: str = "") -> web.Response:
    """Docker's clients show the message; the `wherry` command shows what stands beside it for people."""
    said = {"message": message, "advice": advice} if advice else {"message": message}
    # Lone surrogates cannot be encoded; they can come in by a path.
    body = encode({key: text.encode("utf-8", "replace").decode() for key, text in said.items()})
    return web.Response(status=status, body=body, content_type="application/json", headers=VERSION_HEADERS)


def _clean_path(request: web.BaseRequest) -> str:
    raw = request.rel_url.raw_path
    if len(raw) > _PATH_CHARACTERS:
        raise Refusal(414, "the path is too long")
    path = unquote(raw, errors="surrogateescape")
    if "\0" in path:
        raise Refusal(400, "the path holds a NUL")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise Refusal(400, "the path is not UTF-8") from None
    return path if path == "/" else path.rstrip("/")


@functools.cache
def _compile(pattern: str) -> re.Pattern[str]:
    escaped = re.sub(r"\{(\w+)\.\.\.\}", r"(?P<\1>.+)", pattern)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", escaped), re.DOTALL)
