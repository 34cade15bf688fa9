"""Where logins are looked for, in which order, and how ours are kept."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import pytest

from engine.processes.credential_helper import ask_helper
from engine.registry.logins import Logins, canonical_server, default_config_files
from engine.types.images import Login

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def auth(pair: str) -> dict[str, str]:
    return {"auth": base64.b64encode(pair.encode()).decode()}


def config(place: Path, name: str, **content: object) -> Path:
    path = place / name
    path.write_text(json.dumps(content))
    return path


async def no_helper(name: str, verb: str, message: bytes) -> bytes:
    raise FileNotFoundError(name)


class Ring:
    """A key ring that works."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, str]] = {}

    async def store(self, server: str, username: str, secret: str) -> bool:
        self.kept[server] = (username, secret)
        return True

    async def lookup(self, server: str) -> tuple[str, str] | None:
        return self.kept.get(server)

    async def erase(self, server: str) -> bool:
        return self.kept.pop(server, None) is not None

    async def servers(self) -> Sequence[tuple[str, str]]:
        return [(server, pair[0]) for server, pair in self.kept.items()]


async def test_podmans_and_dockers_files_are_read(tmp_path: Path) -> None:
    files = [
        config(tmp_path, "auth.json", auths={"quay.io/team": auth("team:t"), "quay.io": auth("me:q")}),
        config(tmp_path, "config.json", auths={"https://index.docker.io/v1/": auth("hub:h"), "quay.io": auth("no:n")}),
    ]
    logins = Logins(tmp_path / "own", helper=no_helper, config_files=files)

    hub = await logins.find("docker.io", "library/nginx")
    assert hub == Login(server="docker.io", username="hub", password="h")
    assert (await logins.find("quay.io", "team/app")).username == "team"  # type: ignore[union-attr]
    assert (await logins.find("quay.io", "other/app")).username == "me"  # type: ignore[union-attr]
    assert await logins.find("ghcr.io") is None
    assert [(one.server, one.username, one.password) for one in await logins.all()] == [
        ("docker.io", "hub", ""), ("quay.io", "me", ""), ("quay.io/team", "team", ""),
    ]  # fmt: skip


async def test_helpers_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker-credential-test"
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = list ]; then echo \'{"https://index.docker.io/v1/": "hub"}\'; exit; fi\n'
        'read -r server; [ "$server" = ghcr.io ] || { echo "credentials not found"; exit 1; }\n'
        'echo \'{"ServerURL": "ghcr.io", "Username": "<token>", "Secret": "tok"}\'\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    file = config(tmp_path, "config.json", credsStore="test", credHelpers={"quay.io": "missing"})
    logins = Logins(tmp_path / "own", helper=ask_helper, config_files=[file])

    assert await logins.find("ghcr.io") == Login(server="ghcr.io", username="", identity_token="tok")
    assert await logins.find("quay.io") is None
    assert [one.server for one in await logins.all()] == ["docker.io"]


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "-x", "x" * 100])
async def test_a_helpers_name_is_a_name(name: str) -> None:
    with pytest.raises(OSError, match="helper's name"):
        await ask_helper(name, "get", b"")


async def test_ours_go_to_a_private_file_without_a_key_ring(tmp_path: Path) -> None:
    own = tmp_path / "logins.json"
    logins = Logins(own, helper=no_helper, config_files=[])

    assert "readable by you alone" in await logins.keep(
        Login(server="https://example.org/v2/", username="me", password="s")
    )
    assert own.stat().st_mode & 0o777 == 0o600
    assert await logins.find("example.org") == Login(server="example.org", username="me", password="s")
    assert await logins.forget("example.org")
    assert not await logins.forget("example.org")
    assert await logins.find("example.org") is None


async def test_a_key_ring_is_preferred_and_leaves_no_file(tmp_path: Path) -> None:
    ring = Ring()
    logins = Logins(tmp_path / "own", helper=no_helper, secrets=ring, config_files=[])

    assert "key ring" in await logins.keep(Login(server="example.org", username="me", password="s"))
    assert not (tmp_path / "own").exists()
    assert await logins.find("example.org") == Login(server="example.org", username="me", password="s")
    assert [one.password for one in await logins.all()] == [""]
    await logins.forget("example.org")
    assert ring.kept == {}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"auths": 3}', '{"auths": {"x": {"auth": "%%%"}}}', "[" * 100_000])
async def test_anothers_broken_file_is_no_obstacle(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(content)

    assert await Logins(tmp_path / "own", helper=no_helper, config_files=[path]).find("x") is None


def test_servers_have_one_name() -> None:
    for name in ("https://index.docker.io/v1/", "docker.io", "registry-1.docker.io", "index.docker.io"):
        assert canonical_server(name) == "docker.io"
    assert canonical_server("http://localhost:5000/v2/") == "localhost:5000"


async def test_a_login_may_be_spelt_in_several_ways(tmp_path: Path) -> None:
    entries = {
        "plain.example": {"username": "me", "password": "p"},
        "nobody.example": {"password": "p"},
        "bare.example": {"username": "me"},
        "colon.example": auth("me:p:w"),
        "padded.example": auth("me:p\0\0"),
        "refresh.example": {**auth("me:ignored"), "identitytoken": "refresh"},
        "empty.example": {},
        "https://scheme.example/v1/": auth("me:s"),
    }
    logins = Logins(tmp_path / "own", helper=no_helper, config_files=[config(tmp_path, "config.json", auths=entries)])

    found = {name: await logins.find(f"{name}.example") for name in (
        "plain", "nobody", "bare", "colon", "padded", "refresh", "empty", "scheme", "other",
    )}  # fmt: skip
    assert {name: (one.username, one.password, one.identity_token) for name, one in found.items() if one} == {
        "plain": ("me", "p", ""), "bare": ("me", "", ""), "colon": ("me", "p:w", ""), "padded": ("me", "p", ""),
        "refresh": ("me", "", "refresh"), "scheme": ("me", "s", ""),
    }  # fmt: skip
    assert {one.server for one in await logins.all()} == {
        "plain.example", "bare.example", "colon.example", "padded.example", "refresh.example", "scheme.example",
    }  # fmt: skip


async def test_ours_count_before_theirs_and_the_key_rings_before_all(tmp_path: Path) -> None:
    files = [config(tmp_path, f"{n}.json", auths={"r": auth(f"file{n}:x"), f"only{n}": auth("o:x")}) for n in (1, 2)]
    logins = Logins(tmp_path / "deep" / "down" / "own.json", helper=no_helper, config_files=files)
    assert {one.server: one.username for one in await logins.all()} == {"r": "file1", "only1": "o", "only2": "o"}
    await logins.keep(Login(server="r", username="ours", password="s"))
    await logins.keep(Login(server="ours.example", username="me", password="s"))
    found = await logins.find("r")
    assert found is not None
    assert found.username == "ours"
    names = {one.server: one.username for one in await logins.all()}
    assert names == {"r": "ours", "only1": "o", "only2": "o", "ours.example": "me"}
    assert [one.server for one in await logins.all()] == sorted(names)

    ring = Ring()
    ring.kept["r"] = ("rings", "s")
    with_ring = Logins(tmp_path / "deep" / "down" / "own.json", helper=no_helper, secrets=ring, config_files=files)
    assert await with_ring.find("r") == Login(server="r", username="rings", password="s")
    assert {one.server: one.username for one in await with_ring.all()}["r"] == "rings"
    await with_ring.keep(Login(server="r", username="new", password="s"))
    assert await with_ring.forget("r")
    assert not await logins.forget("r"), "what moved to the key ring left the file"
    assert await logins.forget("ours.example")


async def test_a_refresh_token_is_kept_and_found_as_one(tmp_path: Path) -> None:
    login = Login(server="r", username="", identity_token="refresh")
    ring = Ring()
    for logins in (
        Logins(tmp_path / "own.json", helper=no_helper, config_files=[]),
        Logins(tmp_path / "none.json", helper=no_helper, secrets=ring, config_files=[]),
    ):
        await logins.keep(login)
        found = await logins.find("r")
        assert found is not None
        assert found.identity_token == "refresh"
    assert ring.kept == {"r": ("<token>", "refresh")}


async def test_a_second_login_leaves_the_first_as_it_was(tmp_path: Path) -> None:
    logins = Logins(tmp_path / "own.json", helper=no_helper, config_files=[])
    await logins.keep(Login(server="one", username="", identity_token="t"))
    await logins.keep(Login(server="two", username="me", password="p"))
    await logins.keep(Login(server="two", username="me", password="q"))
    assert [found.identity_token for found in [await logins.find("one")] if found] == ["t"]
    assert [found.password for found in [await logins.find("two")] if found] == ["q"]
    assert sorted(json.loads((tmp_path / "own.json").read_text())["auths"]) == ["one", "two"]
    assert os.listdir(tmp_path) == ["own.json"]


async def test_a_helper_is_asked_by_every_name_of_a_server(tmp_path: Path) -> None:
    asked: list[tuple[str, str, str]] = []

    async def helper(name: str, verb: str, message: bytes) -> bytes:
        asked.append((name, verb, message.decode()))
        if verb == "list":
            return b'{"https://r.example": "me"}' if name == "right" else b'["nonsense"]'
        return b'{"Username": "me", "Secret": "s"}' if message == b"http://r.example" else b"not found"

    file = config(
        tmp_path, "config.json", credHelpers={"r.example": "wrong"}, credsStore="right", auths={"r.example": {}}
    )
    logins = Logins(tmp_path / "own", helper=helper, config_files=[file])

    assert await logins.find("r.example") == Login(server="r.example", username="me", password="s")
    assert asked == [
        ("wrong", "get", "r.example"), ("right", "get", "r.example"), ("right", "get", "https://r.example"),
        ("right", "get", "http://r.example"),
    ]  # fmt: skip
    assert [(one.server, one.username) for one in await logins.all()] == [("r.example", "me")]
    asked.clear()
    assert await logins.find("docker.io") is None
    assert [each[2] for each in asked] == [
        "https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io",
    ]  # fmt: skip


async def test_the_login_of_a_namespace_goes_before_that_of_its_server(tmp_path: Path) -> None:
    entries = {"r": auth("all:x"), "r/a": auth("a:x"), "r/a/b": auth("ab:x"), "r/empty": {}}
    logins = Logins(tmp_path / "own", helper=no_helper, config_files=[config(tmp_path, "c", auths=entries)])
    names = {repository: await logins.find("r", repository) for repository in ("a/b/c", "a/c", "b", "", "empty")}
    assert {repository: one.username for repository, one in names.items() if one is not None} == {
        "a/b/c": "ab", "a/c": "a", "b": "all", "": "all", "empty": "all",
    }  # fmt: skip


def test_where_others_keep_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "DOCKER_CONFIG", "XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    usual = ["/home/me/.config/containers/auth.json", "/home/me/.docker/config.json"]
    assert [str(each) for each in default_config_files()] == usual
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert [str(each) for each in default_config_files()] == ["/run/user/7/containers/auth.json", *usual]
    for name, place in {"XDG_CONFIG_HOME": "/c", "DOCKER_CONFIG": "/d", "REGISTRY_AUTH_FILE": "/mine"}.items():
        monkeypatch.setenv(name, place)
    assert [str(each) for each in default_config_files()] == [
        "/mine", "/run/user/7/containers/auth.json", "/c/containers/auth.json", "/d/config.json",
    ]  # fmt: skip
