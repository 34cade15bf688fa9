"""Tokens: what is asked of a token server, what of its answers is believed, and for how long."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, RegistryError
from engine.registry import tokens
from engine.registry.challenge import Challenge
from engine.registry.tokens import Authorizer, TokenRequest, token_request
from engine.types.images import Login

if TYPE_CHECKING:
    from collections.abc import Callable

ME = Login(server="r", username="me", password="secret")
BASIC_ME = "Basic " + base64.b64encode(b"me:secret").decode()
REALM = "https://auth.example/token"
BEARER = f'Bearer realm="{REALM}",service="reg",scope="repository:x:pull"'
PULL = "repository:app:pull"


class Server:
    """Gives what it is told to give, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in answers]
        self.asked: list[TokenRequest] = []

    async def __call__(self, request: TokenRequest) -> bytes:
        self.asked.append(request)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Call it to let time pass."""
    now = [1000.0]
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


async def test_nothing_is_sent_before_the_registry_said_how() -> None:
    server = Server({"token": "t"})
    assert await Authorizer(ME, server).header(PULL) == ""
    assert server.asked == []


@pytest.mark.parametrize(("stated", "seconds"), [(300, 270), (None, 54), (0, 54), (5, 54), (3600, 3240)])
async def test_a_token_is_used_until_shortly_before_its_end(
    clock: Callable[[float], None], stated: int | None, seconds: int
) -> None:
    server = Server({"token": "one", "expires_in": stated}, {"token": "two"})
    known = Authorizer(ME, server)

    assert await known.answer([BEARER], PULL) == "Bearer one"
    clock(seconds)
    assert await known.header(PULL) == "Bearer one"
    clock(1)
    assert await known.header(PULL) == "Bearer two"
    assert len(server.asked) == 2


async def test_each_scope_has_a_token_of_its_own() -> None:
    server = Server({"token": "one"}, {"access_token": "two"})
    known = Authorizer(ME, server)

    assert [await known.answer([BEARER], PULL), await known.header("other"), await known.header(PULL)] == [
        "Bearer one", "Bearer two", "Bearer one",
    ]  # fmt: skip


async def test_a_token_that_was_refused_is_not_shown_again() -> None:
    known = Authorizer(ME, Server({"token": "one"}, {"token": "two"}))
    assert await known.answer([BEARER], PULL) == "Bearer one"
    assert await known.answer([BEARER], PULL) == "Bearer two"


async def test_who_knows_nobody_answers_nothing() -> None:
    server = Server({"token": "t"})
    assert await Authorizer(None, server).answer(['Basic realm="x"'], PULL) == ""
    assert await Authorizer(ME, server).answer(['Basic realm="x"'], PULL) == BASIC_ME
    assert await Authorizer(ME, server).answer(["Negotiate"], PULL) == ""
    assert await Authorizer(ME, server).answer([], PULL) == ""
    assert await Authorizer(ME, server).answer(['Basic realm="x"', BEARER], PULL) == "Bearer t"


@pytest.mark.parametrize("answer", [b"no json", b"[]", b'{"token": 5}', b"[" * 100_000, b'{"token": "\xff"}'])
async def test_an_answer_that_is_none_is_said_to_be_one(answer: bytes) -> None:
    with pytest.raises(RegistryError, match="cannot be read"):
        await Authorizer(ME, Server(answer)).answer([BEARER], PULL)


@pytest.mark.parametrize("token", [None, "", "a\nb", "ä"])
async def test_no_token_is_no_login(token: str | None) -> None:
    with pytest.raises(RegistryError, match="gave no token") as caught:
        await Authorizer(ME, Server({"token": token})).answer([BEARER], PULL)
    assert caught.value.code is Code.UNAUTHORIZED


def test_a_password_is_shown_for_a_token_in_the_way_of_docker() -> None:
    challenge = Challenge(scheme="bearer", parameters={"realm": REALM, "service": "reg", "scope": "stated"})

    assert token_request(challenge, f"{PULL} second", ME) == TokenRequest(
        url=REALM, query=(("service", "reg"), ("scope", PULL), ("scope", "second"), ("account", "me")),
        authorization=BASIC_ME,
    )  # fmt: skip
    assert token_request(challenge, "", None) == TokenRequest(
        url=REALM, query=(("service", "reg"), ("scope", "stated"))
    )
    bare = Challenge(scheme="bearer", parameters={"realm": "http://auth"})
    assert token_request(bare, "", None) == TokenRequest(url="http://auth")


def test_a_refresh_token_is_sent_in_a_form() -> None:
    challenge = Challenge(scheme="bearer", parameters={"realm": REALM, "service": "reg"})
    request = token_request(challenge, f"{PULL} second", Login(server="r", username="", identity_token="refresh"))

    assert (request.url, request.query, request.authorization) == (REALM, (), "")
    # The names are those of OAuth 2.
    assert dict(request.form) == {
        "grant_type": "refresh_token", "service": "reg", "client_id": "wherry", "scope": f"{PULL} second",
        "refresh_token": "refresh",
    }  # fmt: skip
    without = Challenge(scheme="bearer", parameters={"realm": REALM})
    assert dict(token_request(without, PULL, Login(server="r", username="", identity_token="x")).form)["service"] == ""


@pytest.mark.parametrize("parameters", [{}, {"realm": "ftp://x"}, {"realm": "auth.example/token"}])
def test_a_token_server_is_a_web_address(parameters: dict[str, str]) -> None:
    with pytest.raises(RegistryError, match="no usable token server"):
        token_request(Challenge(scheme="bearer", parameters=parameters), PULL, ME)
