"""What the API tells of registries, and builds that are fetched or ended: asked as a client's library asks."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.system.api.conftest import IMAGE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
