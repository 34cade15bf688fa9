"""Strangers' requests to the real engine: each is answered without a bug, and what one client does harms no other."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import pytest

from engine.types.images import CommitContainer
from tests.support.images import busybox_layer, docker_archive
from tests.system.api.conftest import IMAGE
from tests.system.containers.conftest import create, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp

NASTY = (
    None, True, -1, 1 << 70, 1e308, "", "\0", "a\0b", "\ud800", "../..", "/", "x" * 5000, [], [None], {}, {"": None},
    ["a\0b"], {"a\0": "\0"}, {"/": {}}, [["sh"]],
)  # fmt: skip
KEYS = (
    "Image Cmd Entrypoint Env WorkingDir User Hostname Domainname Labels Volumes ExposedPorts StopSignal StopTimeout "
    "Healthcheck OpenStdin Tty Shell MacAddress NetworkDisabled"
).split()
HOST_KEYS = (
    "Binds Mounts Tmpfs PortBindings RestartPolicy NetworkMode CapAdd CapDrop Memory NanoCpus CpusetCpus PidsLimit "
    "Ulimits Devices SecurityOpt ExtraHosts Dns LogConfig ShmSize Sysctls VolumesFrom Links PidMode IpcMode UTSMode "
    "OomScoreAdj BlkioWeight GroupAdd ReadonlyRootfs AutoRemove Init CgroupnsMode UsernsMode DeviceRequests"
).split()

BUGS = (b"internal error", b"Something went wrong inside", b"in a way it should not", b"Error:")


class Client:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __call__(self, method: str, path: str, body: Any = None) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        data = None if body is None else io.BytesIO(raw)
        async with self._session.request(method, f"http://d{path}", data=data) as answer:
            text = await answer.read()
            # What the machine or the runtime refuses is told by 500, as Docker does; what is told as a bug is one.
            assert answer.status < 500 or not any(word in text for word in BUGS), (method, path, str(body)[:300], text)
            return answer.status


@pytest.fixture
async def ask(served: EmbeddedEngine, short_tmp: ShortTmp) -> AsyncIterator[Client]:
    connector = aiohttp.UnixConnector(path=str(short_tmp.run / "docker.sock"), limit=30)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield Client(session)


@pytest.mark.timeout(300)
async def test_hostile_json_is_the_client_s_fault(ask: Client, served: EmbeddedEngine) -> None:
    for key, value in itertools.product(KEYS, NASTY):
        await _create_and_start(ask, served, {"Image": IMAGE, "Cmd": ["true"], key: value})
    for key, value in itertools.product(HOST_KEYS, NASTY):
        await _create_and_start(ask, served, {"Image": IMAGE, "Cmd": ["true"], "HostConfig": {key: value}})


async def _create_and_start(ask: Client, served: EmbeddedEngine, body: dict[str, Any]) -> None:
    if await ask("POST", "/containers/create", body) != 201:
        return
    for each in await served.containers.list():
        await ask("POST", f"/containers/{each.id}/start")
        await ask("GET", f"/containers/{each.id}/json")
        await ask("DELETE", f"/containers/{each.id}?force=1&v=1")


async def test_hostile_words_in_paths_and_queries(ask: Client, served: EmbeddedEngine) -> None:
    container = await create(served, "sleep", "1000", name="victim")
    await served.containers.start(container.id)
    words = [
        "%00",
        "a%00b",
        "%ff",
        "..",
        "%2e%2e%2f",
        "x" * 3000,
        "%F0%9F%92%A5",
        "-1",
        "9" * 25,
        "{",
        "null",
        "%5B%5D",
    ]
    image = quote(IMAGE, safe="")
    patterns = [
        ("POST", "/containers/victim/kill?signal={}"),
        ("POST", "/containers/victim/rename?name={}"),
        ("POST", "/containers/victim/resize?h={0}&w={0}"),
        ("GET", "/containers/victim/logs?stdout=1&tail={}"),
        ("GET", "/containers/victim/logs?stdout=1&since={}"),
        ("GET", "/containers/victim/top?ps_args={}"),
        *((method, "/containers/victim/archive?path={}") for method in ("GET", "PUT", "HEAD")),
        *((method, path) for path in ("/volumes/{}", "/networks/{}") for method in ("GET", "DELETE")),
        *(("GET", f"/{noun}/{{}}/json") for noun in ("containers", "images", "exec")),
        *(("DELETE", f"/{noun}/{{}}") for noun in ("containers", "images")),
        *(("GET", f"/{noun}/json?filters={{}}") for noun in ("containers", "images")),
        ("POST", f"/images/{image}/tag?repo={{}}"),
        ("POST", f"/images/{image}/tag?repo=a&tag={{}}"),
        ("POST", "/commit?container=victim&repo={}"),
        ("POST", "/commit?container=victim&changes={}"),
        ("POST", "/volumes/prune?filters={}"),
        ("POST", "/build?dockerfile={}"),
        ("POST", "/build?buildargs={}"),
        ("GET", "/system/df?type={}"),
        ("POST", "/containers/create?name={}"),
    ]
    for (method, pattern), word in itertools.product(patterns, words):
        await ask(method, pattern.format(word), b"{}" if method == "POST" else None)
    assert await ask("GET", "/containers/json?all=1") == 200


async def test_hostile_volumes_networks_and_execs(ask: Client, served: EmbeddedEngine) -> None:
    container = await create(served, "sleep", "1000", name="victim")
    await served.containers.start(container.id)
    shapes = {
        "/volumes/create": ["Name", "Driver", "DriverOpts", "Labels"],
        "/networks/create": ["Name", "Driver", "IPAM", "Labels", "Options", "Internal"],
        "/containers/victim/exec": ["Cmd", "Env", "User", "WorkingDir", "Tty", "DetachKeys"],
        "/containers/victim/update": ["Memory", "NanoCpus", "CpusetCpus", "PidsLimit", "RestartPolicy", "BlkioWeight"],
        "/networks/pasta/connect": ["Container", "EndpointConfig"],
    }
    for path, keys in shapes.items():
        for key, value in itertools.product(keys, NASTY):
            await ask("POST", path, {"Name": "n", "Cmd": ["true"], key: value})
        for raw in (b"", b"null", b"[]", b"{", b"\xff", b'"x"', b"[" * 5000, b'{"a":' * 5000, b"1" * 5000):
            await ask("POST", path, raw)


async def test_an_image_that_declares_its_root_a_volume_is_refused_in_words(ask: Client) -> None:
    archive = docker_archive([busybox_layer()], reference="localhost/odd:latest", config={"Volumes": {"/": {}}})
    assert await ask("POST", "/images/load", archive) == 200
    assert await ask("POST", "/containers/create", {"Image": "localhost/odd"}) == 400


async def test_an_archive_cannot_name_its_image_like_the_id_of_another(ask: Client, served: EmbeddedEngine) -> None:
    (busybox,) = await served.images.list()
    archive = docker_archive([busybox_layer()], reference=busybox.id, config={"Cmd": ["hostile"]})
    await ask("POST", "/images/load", archive)
    assert [image.id for image in await served.images.list()] == [busybox.id]
    assert await ask("POST", f"/images/{quote(IMAGE, safe='')}/tag?repo=sha256&tag={'0' * 64}") == 400


# --- side by side ---


async def test_images_removed_pruned_and_tagged_by_many_at_once(ask: Client, served: EmbeddedEngine) -> None:
    await create(served, "true", name="holder")
    for number in range(6):
        container = await create(served, "true")
        await served.images.commit(
            CommitContainer(container=container.id, reference=f"localhost/made:{number}")
        ).result()
        await served.containers.remove(container.id)
        deeds = [
            *(("DELETE", f"/images/localhost%2Fmade:{number}?force=1", None) for _ in range(4)),
            *(("POST", "/images/prune?filters=%7B%22dangling%22%3A%5B%22false%22%5D%7D", None) for _ in range(3)),
            *(
                ("POST", f"/images/localhost%2Fmade:{number}/tag?repo=localhost/other&tag=t{each}", None)
                for each in range(4)
            ),
            *(("GET", "/images/json?all=1", None) for _ in range(3)),
            *(("POST", "/containers/create", {"Image": f"localhost/made:{number}"}) for _ in range(3)),
        ]
        await asyncio.gather(*(ask(*deed) for deed in deeds))
        for each in [one for one in await served.containers.list() if one.name != "holder"]:
            assert await served.images.get(each.image_id), "a container whose image was taken from under it"
            await served.containers.remove(each.id)
    assert await ask("GET", "/system/df") == 200
    await until(lambda: _is_clean(served))  # layers go behind


async def test_volumes_removed_while_they_are_measured(ask: Client, served: EmbeddedEngine) -> None:
    for _ in range(10):
        for number in range(4):
            await ask("POST", "/volumes/create", {"Name": f"v{number}"})
        deeds = [
            *(("GET", "/system/df") for _ in range(3)),
            *(("DELETE", f"/volumes/v{number}") for number in range(4)),
            ("POST", "/volumes/prune?filters=%7B%22all%22%3A%5B%22true%22%5D%7D"),
        ]
        await asyncio.gather(*(ask(*deed) for deed in deeds))
    for path in ("/volumes", "/system/df", "/containers/json?all=1"):
        assert await ask("GET", path) == 200
    assert await served.volumes.list() == []
    assert await served.host.check_store() == []


async def _is_clean(engine: EmbeddedEngine) -> bool:
    return await engine.host.check_store() == []
