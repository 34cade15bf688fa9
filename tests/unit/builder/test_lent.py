"""What a build may come to ask for: secrets, agents, logins; and which server hears which of them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from engine.builder.lent import Lent
from engine.errors import InvalidRequest
from engine.types.builds import BuildImage, BuildSecret
from engine.types.images import Login

if TYPE_CHECKING:
    from pathlib import Path

CODE = "https://code.example:8443/a/b.git"


class Client:
    """Has what it is told to have, and remembers what it was asked for."""

    def __init__(self, agent: str | None = None, login: Login | None = None, **secrets: bytes) -> None:
        self._agent, self._login, self._secrets = agent, login, secrets
        self.asked: list[str] = []

    async def secret(self, name: str) -> bytes | None:
        self.asked.append(name)
        return self._secrets.get(name)

    async def agent(self, name: str) -> str | None:
        self.asked.append(name)
        return self._agent

    async def login(self, image: str) -> Login | None:
        self.asked.append(image)
        return self._login


def lent(client: Client | None = None, **fields: Any) -> Lent:
    return Lent(BuildImage(context="/c", **fields), client)


def given(**secrets: str) -> Lent:
    """Of these secrets; two underscores stand for a dot, three for a colon."""
    names = {name.replace("___", ":").replace("__", "."): value.encode() for name, value in secrets.items()}
    return lent(secrets=tuple(BuildSecret(id=name, value=value) for name, value in names.items()))


async def test_a_secret_of_the_request_comes_before_the_client_s() -> None:
    client = Client(mine=b"client", other=b"o")
    both = lent(client, secrets=(BuildSecret(id="mine", value=b"request"),))
    assert (await both.secret("mine"), client.asked) == (b"request", [])
    assert (await both.secret("other"), await both.secret("none")) == (b"o", None)
    assert client.asked == ["other", "none"]
    assert await lent().secret("none") is None


async def test_an_agent_is_one_whose_socket_is_there(tmp_path: Path) -> None:
    here, gone = tmp_path / "here", tmp_path / "gone"
    here.touch()
    client = Client(agent=str(here))
    some = lent(client, ssh_sockets={"gone": str(gone), "own": str(here)})
    assert (await some.agent("own"), await some.agent("gone"), client.asked) == (str(here), None, [])
    assert (await some.agent("lent"), client.asked) == (str(here), ["lent"])
    assert await lent(Client(agent=str(gone))).agent("x") is None
    assert await lent(Client()).agent("x") is None
    assert await lent().agent("x") is None


async def test_logins_of_the_request_and_then_the_client_s() -> None:
    mine, other = Login(server="a", username="m"), Login(server="b", username="o")
    client = Client(login=other)
    assert (await lent(client, logins=(mine,)).logins("b/x"), client.asked) == ((mine, other), ["b/x"])
    assert await lent(Client(), logins=(mine,)).logins("b/x") == (mine,)
    assert await lent().logins("b/x") == ()


# --- what git hears ---


def header(value: str, place: str = "https://code.example:8443") -> dict[str, str]:
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{place}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"Authorization: {value}",
    }


def basic(token: str) -> str:
    return "basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"GIT_AUTH_HEADER": "mine"}, "mine"),
        ({"GIT_AUTH_TOKEN": "t"}, basic("t")),
        ({"GIT_AUTH_TOKEN": "t", "GIT_AUTH_HEADER": "mine"}, "mine"),
        ({"GIT_AUTH_HEADER": "any", "GIT_AUTH_TOKEN__code__example": "t"}, basic("t")),
        ({"GIT_AUTH_TOKEN__code__example": "host", "GIT_AUTH_HEADER__code__example___8443": "port"}, "port"),
        ({"GIT_AUTH_HEADER__code__example": "h", "GIT_AUTH_TOKEN__code__example___8443": "t"}, basic("t")),
        ({"GIT_AUTH_HEADER": "  mine\n"}, "mine"),
    ],
)
async def test_git_hears_the_nearest_secret(secrets: dict[str, str], said: str) -> None:
    assert await given(**secrets).git_environment(CODE) == header(said)


async def test_git_hears_of_nothing_that_is_another_server_s() -> None:
    assert await given(GIT_AUTH_HEADER__else__where="x", HTTP_AUTH_HEADER="y").git_environment(CODE) == {}
    plain = await given(GIT_AUTH_HEADER="x").git_environment("http://who:word@code.example/a.git")
    assert plain == header("x", "http://code.example")


async def test_git_by_ssh_takes_the_agent_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "s").touch()
    secret = BuildSecret(id="GIT_AUTH_HEADER", value=b"x")
    some = lent(ssh_sockets={"default": str(tmp_path / "s")}, secrets=(secret,))
    assert await some.git_environment("git@code.example:a.git") == {"SSH_AUTH_SOCK": str(tmp_path / "s")}
    assert await lent(secrets=(secret,)).git_environment("ssh://code.example/a.git") == {}


# --- what the web hears ---


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"HTTP_AUTH_HEADER_code__example": "Basic x"}, {"Authorization": "Basic x"}),
        ({"HTTP_AUTH_TOKEN_code__example": "t"}, {"Authorization": "Bearer t"}),
        ({"HTTP_AUTH_TOKEN_code__example___8443": "t"}, {"Authorization": "Bearer t"}),
        ({"HTTP_AUTH_TOKEN_else__where": "t"}, {}),
        ({"HTTP_AUTH_TOKEN": "t", "HTTP_AUTH_HEADER": "t", "GIT_AUTH_HEADER": "t"}, {}),
    ],
)
async def test_a_server_of_the_web_hears_its_own(secrets: dict[str, str], said: dict[str, str]) -> None:
    assert await given(**secrets).web_headers("https://who@code.example:8443/file") == said


async def test_a_secret_that_is_no_line_says_nothing_more_to_a_server() -> None:
    with pytest.raises(InvalidRequest) as caught:
        await given(HTTP_AUTH_HEADER_a="one\r\nHost: two").web_headers("https://a/x")
    assert caught.value.subject == "HTTP_AUTH_HEADER_a"
    broken = lent(secrets=(BuildSecret(id="HTTP_AUTH_HEADER_a", value=b"x\xff"),))
    assert await broken.web_headers("https://a/x") == {"Authorization": "x\ufffd"}
