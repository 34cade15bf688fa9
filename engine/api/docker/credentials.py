"""`X-Registry-Auth` and `X-Registry-Config`: credentials for one request, base64 of JSON."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, TypeVar

from engine.api.call import decode
from engine.api.http.statuses import Refusal
from engine.api.shapes.bodies import AuthBody
from engine.types.images import Login

if TYPE_CHECKING:
    from engine.api.call import Call

_T = TypeVar("_T")


def login_of(call: Call) -> Login | None:
    """The credentials beside a pull or push. What cannot be read is none, as Docker's daemon has it: clients send
    words of their own where they have no login."""
    return _login_or_none(_header(call, "X-Registry-Auth", AuthBody))


def logins_of(call: Call) -> tuple[Login, ...]:
    """Every login the client knows, by server: what it sends beside a build, whose bases may come from anywhere."""
    known = _header(call, "X-Registry-Config", dict[str, AuthBody]) or {}
    given = (_login_or_none(body, server=server) for server, body in known.items())
    return tuple(each for each in given if each is not None)


def _header(call: Call, name: str, shape: type[_T]) -> _T | None:
    """What a header says; None where it is missing, `null`, or no base64 of the JSON it should be."""
    text = call.request.headers.get(name, "")
    if not text or text == "null":
        return None
    try:
        return decode(_unpack(text), shape | None)  # type: ignore[arg-type] # msgspec reads unions, mypy calls them no type
    except (Refusal, ValueError):
        return None


def _login_or_none(body: AuthBody | None, *, server: str = "") -> Login | None:
    try:
        return login(body, server=server) if body is not None else None
    except Refusal:
        return None


async def login_in(call: Call) -> Login:
    """The one that a request's body is about."""
    given = login(await call.json(AuthBody))
    if given is None:
        raise Refusal(400, "no user name and no token was given")
    return given


def login(body: AuthBody, *, server: str = "") -> Login | None:
    """A user and a password, or a token; also in the older form of one base64 word `user:password`."""
    user, password = body.username or "", body.password or ""
    if body.auth and not user:
        try:
            user, _, password = base64.b64decode(body.auth, validate=True).decode().partition(":")
        except ValueError:
            raise Refusal(400, "the auth field is not base64 of user:password") from None
    if not user and not body.identitytoken and not body.registrytoken:
        return None
    return Login(
        server=body.serveraddress or server,
        username=user,
        password=password,
        identity_token=body.identitytoken or body.registrytoken or "",
    )


def _unpack(text: str) -> bytes:
    """URL-safe base64, but clients have sent the other alphabet and left the padding off."""
    plain = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
