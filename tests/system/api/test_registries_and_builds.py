"""What the API tells of registries, and builds that are fetched or ended: asked as a client's library asks."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import pytest

from engine.errors import WherryError
from engine.types.builds import BuildImage
from tests.support.nasty_registry import answer, serve_nastily
from tests.support.processes import answers, free_port, running, wait_until
from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.registry import Registry
    from tests.support.stores import ShortTmp
    from tests.system.api.conftest import Tool


@dataclass
class Api:
    """Plain requests to the socket."""

    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, data: bytes = b"") -> tuple[int, list[Any]]:
        async with self.session.request(method, f"http://wherry{path}", data=data) as response:
            text = await response.text()
            return response.status, [json.loads(line) for line in text.splitlines() if line.strip()]


@pytest.fixture
async def api(served: EmbeddedEngine, short_tmp: ShortTmp) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(short_tmp.run / "docker.sock"))) as session:
        yield Api(session)


def context(**files: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, text in files.items():
            facts = tarfile.TarInfo(name)
            facts.size = len(text.encode())
            archive.addfile(facts, io.BytesIO(text.encode()))
    return made.getvalue()


async def test_a_registry_is_asked_what_it_has(api: Api, docker: Tool, shared_registry: Registry) -> None:
    name = f"{shared_registry.host}/asked/box:1"
    await docker("tag", IMAGE, name)
    pushed = await docker("push", name)

    status, (told,) = await api.ask("GET", f"/distribution/{name}/json")
    assert status == 200
    assert told["Descriptor"]["digest"] in pushed
    assert [each["os"] for each in told["Platforms"]] == ["linux"]
    status, (told,) = await api.ask("GET", f"/distribution/{shared_registry.host}/asked/nothing:1/json")
    assert status == 404


async def test_a_running_build_is_ended_by_the_id_its_client_gave_it(api: Api, served: EmbeddedEngine) -> None:
    files = context(Dockerfile=f"FROM {IMAGE}\nRUN echo going; sleep 1000\n")
    async with api.session.post("http://wherry/build?buildid=b1&version=1", data=files) as building:
        while b'"going' not in await building.content.readline():
            assert not building.content.at_eof()
        assert (await api.ask("POST", "/build/cancel?id=b1"))[0] == 200
        last = (await building.content.read()).splitlines()[-1]
    assert "cancelled" in json.loads(last)["error"].lower()
    assert await served.containers.list() == []


# --- contexts that are elsewhere ---


@contextmanager
def repository_of(directory: Path) -> Iterator[str]:
    """A repository with a branch of its own, on git's own protocol; gives its address."""
    work = directory / "work"
    (work / "app").mkdir(parents=True)
    (work / "Dockerfile").write_text(f"FROM {IMAGE}\nCOPY . /src\nRUN cat /src/said && test ! -e /src/.git\n")
    (work / "app/Dockerfile").write_text(f"FROM {IMAGE}\nCOPY said /\nRUN cat /said\n")
    (work / "app/said").write_text("from below\n")
    (work / "out").symlink_to("/etc")

    def git(*words: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *who, *words], cwd=work, env=environment, check=True, capture_output=True)

    git("init", "-q")
    for branch in ("main", "feature"):
        git("checkout", "-q", "-B", branch)
        (work / "said").write_text(f"from {branch}\n")
        git("add", "-A")
        git("commit", "-q", "-m", branch)
    git("checkout", "-q", "main")
    git("clone", "-q", "--bare", ".", str(directory / "served.git"))
    port = free_port()
    daemon = ["git", "daemon", "--export-all", "--listen=127.0.0.1", f"--port={port}", f"--base-path={directory}"]
    with running(daemon, log=directory / "daemon.log"):
        wait_until(lambda: answers(port), "git to listen")
        yield f"git://127.0.0.1:{port}/served.git"


async def said_by_build(api: Api, remote: str, **query: str) -> str:
    words = "&".join(f"{key}={quote(value, safe='')}" for key, value in {"remote": remote, **query}.items())
    _, lines = await api.ask("POST", f"/build?{words}")
    return "".join(line.get("stream", "") or line.get("error", "") or line.get("message", "") for line in lines)


async def test_a_context_is_fetched_from_a_git_repository(api: Api, tmp_path: Path) -> None:
    with repository_of(tmp_path) as address:
        assert "from main" in await said_by_build(api, address)
        assert "from feature" in await said_by_build(api, f"{address}#feature")
        assert "from below" in await said_by_build(api, f"{address}#feature:app")
        assert "has no directory" in await said_by_build(api, f"{address}#main:out")
        assert "has no directory" in await said_by_build(api, f"{address}#main:../..")
        assert "cannot be fetched" in await said_by_build(api, f"{address}#nosuch")
        assert "no branch, tag or commit" in await said_by_build(api, f"{address}#--upload-pack=x")


async def test_add_and_contexts_with_names_take_repositories_and_archives(
    docker: Tool, served: EmbeddedEngine, tmp_path: Path
) -> None:
    async def built(text: str, **named: str) -> str:
        request = BuildImage(dockerfile_text=text, named_contexts=named)
        operation = served.builds.build(request)
        with suppress(WherryError):
            await operation.result()
        said = [line.text async for lines in served.builds.output(operation.id) for line in lines]
        failure = (await served.builds.get(operation.id)).failure
        return "\n".join([*said, f"{failure.title} {failure.explanation}" if failure else ""])

    with repository_of(tmp_path) as address:
        commit = (tmp_path / "work/.git/refs/heads/feature").read_text().strip()
        look = "RUN cat /src/said; stat -c '%a %u' /src /src/app /src/said; test -e /src/.git && echo kept || true\n"
        said = await built(f"FROM {IMAGE}\nADD {address}#feature /src\n{look}")
        assert "from feature\n755 0\n755 0\n644 0" in said
        assert "kept" not in said
        assert "kept" in await built(f"FROM {IMAGE}\nADD --keep-git-dir {address} /src\n{look}")
        assert "from below" in await built(f"FROM {IMAGE}\nADD {address}#main:app /src\n{look}")
        # The right commit; and the same files again, so what follows is cached.
        assert await built(f"FROM {IMAGE}\nADD --checksum={commit} {address}#feature /src\n{look}") == ""
        assert "not what the Dockerfile expects" in await built(
            f"FROM {IMAGE}\nADD --checksum={'0' * 40} {address}#feature /src\n{look}"
        )
        take = f"FROM {IMAGE}\nCOPY --from=lib said /said\nRUN cat /said\n"
        assert "from feature" in await built(take, lib=f"{address}#feature")
        assert "cannot be fetched" in await built(take, lib=f"{address}#nosuch")
    async with serve_nastily() as web:
        web.routes["/files.tar.gz"] = answer(gzip.compress(context(said="in a tar\n")))
        web.routes["/text"] = answer(b"just text\n")
        assert "in a tar" in await built(take, lib=f"http://{web.host}/files.tar.gz")
        assert "is no archive" in await built(take, lib=f"http://{web.host}/text")


async def test_a_context_is_fetched_from_the_web(api: Api, docker: Tool) -> None:
    dockerfile = f"FROM {IMAGE}\nCOPY said /\nRUN cat /said\n"
    async with serve_nastily() as web:
        web.routes["/files.tar.gz"] = answer(gzip.compress(context(Dockerfile=dockerfile, said="in a tar\n")))
        web.routes["/Dockerfile"] = answer(f"FROM {IMAGE}\nRUN echo alone\n".encode())
        web.routes["/rubbish"] = answer(b"\0" * 5000)
        address = f"http://{web.host}"
        assert "in a tar" in await said_by_build(api, f"{address}/files.tar.gz")
        assert "alone" in await said_by_build(api, f"{address}/Dockerfile")
        assert "neither an archive nor a Dockerfile" in await said_by_build(api, f"{address}/rubbish")
        assert "answered 404" in await said_by_build(api, f"{address}/nosuch")
        await docker("import", f"{address}/files.tar.gz", "imported:1")
        assert "imported" in await docker("image", "ls", "imported:1")
