"""Answering a registry's challenge: the Authorization header for a scope, with tokens kept until they run out."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Final

import msgspec

from engine.errors import Code, RegistryError
from engine.registry import challenge as challenges

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from engine.registry.challenge import Challenge
    from engine.types.images import Login

_SHORTEST_LIFE: Final = 60.0
_LARGEST_TOKEN: Final = 256 * 1024


class _TokenAnswer(msgspec.Struct):
    token: str | None = None
    access_token: str | None = None
    expires_in: float | None = None


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask the token server; a form means POST."""

    url: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    authorization: str = ""


class Authorizer:
    """The state of being known to one registry host under one login."""

    def __init__(self, login: Login | None, fetch: Callable[[TokenRequest], Awaitable[bytes]]) -> None:
        self._login = login
        self._fetch = fetch
        self._challenge: Challenge | None = None
        self._tokens: dict[str, tuple[str, float]] = {}

    async def header(self, scopes: str) -> str:
        """The header to send before being asked: none until a first challenge told how."""
        if self._challenge is None:
            return ""
        if self._challenge.scheme == "basic":
            return basic_header(self._login) if self._login is not None else ""
        token, until = self._tokens.get(scopes, ("", 0.0))
        if not token or time.monotonic() > until:
            token = await self._new_token(scopes)
        return f"Bearer {token}"

    async def answer(self, values: Iterable[str], scopes: str) -> str:
        """The header that answers a 401; "" if nothing we have can answer it."""
        self._challenge = challenges.choose(challenges.parse_challenges(values))
        self._tokens.pop(scopes, None)
        return await self.header(scopes) if self._challenge is not None else ""

    async def _new_token(self, scopes: str) -> str:
        assert self._challenge is not None
        raw = await self._fetch(token_request(self._challenge, scopes, self._login))
        try:
            answer = msgspec.json.decode(raw[:_LARGEST_TOKEN], type=_TokenAnswer)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise RegistryError("The token server's answer cannot be read", details=str(error)) from error
        token = answer.token or answer.access_token or ""
        if not token or not token.isascii() or not token.isprintable():
            raise RegistryError("The token server gave no token", code=Code.UNAUTHORIZED)
        life = max(answer.expires_in or _SHORTEST_LIFE, _SHORTEST_LIFE)
        self._tokens[scopes] = (token, time.monotonic() + life * 0.9)
        return token


def token_request(challenge: Challenge, scopes: str, login: Login | None) -> TokenRequest:
    """How to ask for a token: GET with a password (or nothing), POST with a refresh token."""
    realm = challenge.parameters.get("realm", "")
    if not realm.startswith(("https://", "http://")):
        raise RegistryError("The registry names no usable token server", f"It says “{realm[:200]}”.")
    wanted = scopes.split() or [challenge.parameters.get("scope", "")]
    service = challenge.parameters.get("service", "")
    if login is not None and login.identity_token:
        form = (
            ("grant_type", "refresh_token"),
            ("service", service),
            ("client_id", "wherry"),
            ("scope", " ".join(wanted)),
            ("refresh_token", login.identity_token),
        )
        return TokenRequest(url=realm, form=form)
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in wanted if scope]
    if login is not None:
        query.append(("account", login.username))
    return TokenRequest(url=realm, query=tuple(query), authorization=basic_header(login) if login else "")


def basic_header(login: Login) -> str:
    pair = f"{login.username}:{login.password or login.identity_token}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
