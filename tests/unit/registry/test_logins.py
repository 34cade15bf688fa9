"""Where logins are looked for, in which order, and how ours are kept."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import pytest

from engine.processes.credential_helper import ask_helper
from engine.registry.logins import Logins, canonical_server
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
