"""`X-Registry-Auth` and `X-Registry-Config`: credentials for one request, base64 of JSON."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from engine.api.bodies import AuthBody
from engine.api.call import decode
from engine.api.statuses import Refusal
from engine.types.images import Login

if TYPE_CHECKING:
    from engine.api.call import Call

_HEADER_BYTES = 64 * 1024


def login_of(call: Call) -> Login | None:
    """The credentials beside a pull or push; None where the header is missing or empty, as for an anonymous one."""
    text = call.request.headers.get("X-Registry-Auth", "")
    if not text or text == "null":
        return None
    return login(decode(_unpack(text, "X-Registry-Auth"), AuthBody))


def logins_of(call: Call) -> tuple[Login, ...]:
    """Every login the client knows, by server: what it sends beside a build, whose bases may come from anywhere."""
    text = call.request.headers.get("X-Registry-Config", "")
    if not text or text == "null":
        return ()
    known = decode(_unpack(text, "X-Registry-Config"), dict[str, AuthBody])
    given = (login(body, server=server) for server, body in known.items())
    return tuple(each for each in given if each is not None)


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


def _unpack(text: str, header: str) -> bytes:
    """URL-safe base64, but clients have sent the other alphabet and left the padding off."""
    if len(text) > _HEADER_BYTES:
        raise Refusal(400, f"{header} is too long")
    plain = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        raise Refusal(400, f"{header} is not base64") from None
