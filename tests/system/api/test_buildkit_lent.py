"""What a client lends a build when it asks: secrets and tokens for contexts that are elsewhere, and agents."""

from __future__ import annotations

import base64
import os
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.guarded_files import guarded_files
from tests.support.registry import serve_registry
from tests.system.api.conftest import IMAGE
from tests.system.api.test_buildkit import build, plain, said
from tests.system.images.test_pull import BCRYPT_OF_SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.api.conftest import Tool

__all__ = ["build"]
BASIC = "basic " + base64.b64encode(b"x-access-token:t0ken").decode()
RECIPE = f"""\
FROM {IMAGE}
ARG N=tok
COPY said /
RUN --mount=type=secret,id=$N cat /said /run/secrets/tok
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A directory with served.git in it, as plain files, and a branch `feature`."""
    work = tmp_path / "repository"
    work.mkdir()

    def git(*words: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *who, *words], cwd=work, env=environment, check=True, capture_output=True)

    git("init", "-q")
    (work / "Dockerfile").write_text(RECIPE)
    for branch in ("main", "feature"):
        git("checkout", "-q", "-B", branch)
        (work / "said").write_text(f"from {branch}\n")
        git("add", "-A")
        git("commit", "-q", "-m", branch)
    git("checkout", "-q", "main")
    served = tmp_path / "served"
    git("clone", "-q", "--bare", ".", str(served / "served.git"))
    git("--git-dir", str(served / "served.git"), "update-server-info")
    return served


async def test_a_repository_behind_a_token_is_a_context_whose_steps_get_secrets(build: Tool, repository: Path) -> None:
    build.environment["T"] = "t0ken"
    secret = ["--secret", "id=tok,src=Dockerfile"]
    (build.directory / "Dockerfile").write_text("the secret\n")
    with guarded_files(repository, BASIC) as server:
        address = f"http://{server.host}/served.git"
        out = await said(build, "--secret", "id=GIT_AUTH_TOKEN,env=T", *secret, address)
        assert "from main" in out
        assert "the secret" in out
        # Of this server alone, as a whole header, and with the words of an address.
        build.environment["H"] = BASIC
        ours = f"id=GIT_AUTH_HEADER.{server.host},env=H"
        out = await said(build, "--no-cache", "--secret", ours, *secret, f"{address}?branch=feature")
        assert "from feature" in out
        await said(build, *secret, address, code=1)
        other = "id=GIT_AUTH_TOKEN.example.net,env=T"
        await said(build, "--secret", other, *secret, address, code=1)
        # ADD is lent it too.
        recipe = f"FROM {IMAGE}\nADD {address}#feature /src\nRUN cat /src/said\n".encode()
        out = await said(build, "-f", "-", "--secret", "id=GIT_AUTH_TOKEN,env=T", ".", input=recipe)
        assert "from feature" in out


async def test_a_commit_that_is_not_the_one_of_the_checksum_is_refused(build: Tool, repository: Path) -> None:
    commit = (repository / "served.git/packed-refs").read_text().split("\n")[1].split()[0]
    with guarded_files(repository) as server:
        address = f"http://{server.host}/served.git?ref=feature"
        secret = ["--secret", "id=tok,src=Dockerfile"]
        assert "from feature" in await said(build, *secret, f"{address}&checksum={commit[:12]}")
        assert "is not what its checksum says" in await said(build, *secret, f"{address}&checksum=abcdef", code=1)
        assert "cannot be asked of a repository" in await said(build, *secret, f"{address}&depth=3", code=1)


async def test_an_archive_behind_a_token_is_a_context(build: Tool, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    with tarfile.open(tmp_path / "web/files.tar", "w") as archive:
        archive.add(build.directory / "Dockerfile", "Dockerfile")
    build.environment["T"] = "t0ken"
    with guarded_files(tmp_path / "web", "Bearer t0ken") as server:
        address = f"http://{server.host}/files.tar"
        words = ["--target", "work", address]
        assert "hello 1" in await said(build, "--secret", f"id=HTTP_AUTH_TOKEN_{server.host},env=T", *words)
        assert "401" in await said(build, *words, code=1)


async def test_a_secret_goes_to_no_other_server_than_its_own(build: Tool, repository: Path) -> None:
    """Not even where its own leads on to another."""
    build.environment["T"] = "t0ken"
    with guarded_files(repository) as other, guarded_files(repository, BASIC) as server:
        recipe = f"FROM {IMAGE}\nADD http://{other.host}/served.git#main /src\n".encode()
        own = f"id=GIT_AUTH_TOKEN.{server.host},env=T"
        await said(build, "-f", "-", "--secret", own, ".", input=recipe)
        assert set(other.heard) == {""}


async def test_a_base_behind_a_password_is_fetched_by_who_logged_in(build: Tool, tmp_path: Path) -> None:
    place = tmp_path / "registry"
    place.mkdir()
    with serve_registry(place, htpasswd=BCRYPT_OF_SECRET, username="me", password="secret") as registry:
        image = f"{registry.host}/private"
        recipe = f"FROM {image}\nRUN true\n".encode()
        await plain(build, "login", "-u", "me", "-p", "secret", registry.host)
        await plain(build, "tag", IMAGE, image)
        await plain(build, "push", image)
        await plain(build, "rmi", image)
        assert "[auth]" in await said(build, "-f", "-", "--pull", ".", input=recipe)
        await plain(build, "logout", registry.host)
        assert f">>> FROM {image}" in await said(build, "-f", "-", "--pull", ".", input=recipe, code=1)
