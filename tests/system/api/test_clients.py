"""Other clients than docker's command line: the Python package, docker-compose 1.29, and many at once."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import docker as docker_package
import pytest
from msgspec.structs import replace

from engine.recipe.crossing import recipe_of
from engine.recipe.exports.compose import write_compose
from engine.types.containers import (
    ContainerSpec,
    HealthCheck,
    LogLimits,
    Mount,
    PortMapping,
    Resources,
    RestartPolicy,
    Security,
    Ulimit,
)
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume
from tests.system.api.conftest import IMAGE, tool

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp
    from tests.system.api.conftest import Tool

COMPOSE = f"""
version: "3.8"
services:
  web:
    image: {IMAGE}
    command: sh -c "echo web-up; sleep 100"
    volumes: ["data:/data"]
    environment: {{A: b}}
    depends_on: [db]
  db:
    image: {IMAGE}
    command: sleep 100
volumes: {{data: {{}}}}
"""


NEIGHBOURS = f"""
version: "3.8"
services:
  web:
    image: {IMAGE}
    command: httpd -f -p 80 -h /etc
    networks: [front, back]
    depends_on: [cache]
  cache:
    image: {IMAGE}
    command: httpd -f -p 6379 -h /etc
    networks: {{back: {{aliases: [store]}}}}
networks: {{front: {{}}, back: {{}}}}
"""


def _use(address: str) -> None:
    client = docker_package.DockerClient(base_url=address, timeout=20, user_agent="somebody's own tool")
    try:
        assert client.ping()
        assert client.containers.run(IMAGE, "echo hello", remove=True) == b"hello\n"
        box = client.containers.run(
            IMAGE, ["sh", "-c", "echo a; sleep 100"], detach=True, name="box", labels={"p": "q"}
        )
        assert [each.name for each in client.containers.list(filters={"label": "p=q"})] == ["box"]
        for _ in range(20):
            done = box.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"], demux=True)
            assert (done.exit_code, done.output) == (4, (b"out\n", b"err\n"))
        assert b"a\n" in box.logs()
        assert box.stats(stream=False)["pids_stats"]["current"] >= 1
        assert box.top()["Processes"]
        box.stop(timeout=0)
        assert box.wait()["StatusCode"] == 137
        box.remove()
        with pytest.raises(docker_package.errors.ImageNotFound):
            client.images.get("nosuch:1")
        with pytest.raises(docker_package.errors.ContainerError) as caught:
            client.containers.run(IMAGE, "sh -c 'exit 3'", remove=True)
        assert caught.value.exit_status == 3
        pool = docker_package.types.IPAMPool(subnet="10.1.0.0/16", gateway="10.2.0.1")
        with pytest.raises(docker_package.errors.APIError) as outside:
            client.networks.create("n0", ipam=docker_package.types.IPAMConfig(pool_configs=[pool]))
        assert "parent subnet 10.1.0.0/16 doesn't contain this address" in outside.value.explanation
        network = client.networks.create("n1")
        assert "n1" in [each.name for each in client.networks.list()]
        network.remove()
    finally:
        client.close()


async def test_the_python_package(served: EmbeddedEngine, short_tmp: ShortTmp) -> None:
    await asyncio.to_thread(_use, f"unix://{short_tmp.run}/docker.sock")


def _build(client: Any, dockerfile: str, **more: Any) -> list[dict[str, Any]]:
    return list(client.api.build(fileobj=io.BytesIO(dockerfile.encode()), rm=True, decode=True, **more))


def _read_builds(address: str) -> None:
    client = docker_package.DockerClient(base_url=address, timeout=20)
    try:
        told = _build(client, f"FROM {IMAGE}\nRUN echo hi\n", tag="made")
        streams = [message["stream"] for message in told if "stream" in message]
        assert streams[:3] == [f"Step 1/2 : FROM {IMAGE}", "\n", "Step 2/2 : RUN echo hi"]
        assert "hi\n" in streams
        assert streams[-1] == "Successfully tagged made:latest\n"
        told = _build(client, f"FROM {IMAGE}\nRUN exit 3\n")
        assert told[-1]["errorDetail"]["code"] == 3
        assert told[-1]["error"] == "The command '/bin/sh -c exit 3' returned a non-zero code: 3"
        for dockerfile, words in (
            ("FOO bar\n", "dockerfile parse error on line 1: unknown instruction: FOO"),
            ("\n", "the Dockerfile (Dockerfile) cannot be empty"),
        ):
            with pytest.raises(docker_package.errors.APIError) as refused:
                _build(client, dockerfile)
            assert (refused.value.status_code, words in refused.value.explanation) == (400, True)
        samples = [client.containers.run(IMAGE, "sleep 9", detach=True, name="s").stats(stream=False)]
        spent = sum(int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:8]) * 10**7
        assert 0.9 * spent < samples[0]["cpu_stats"]["system_cpu_usage"] <= spent
    finally:
        client.close()


async def test_a_build_s_transcript_and_a_sample_as_clients_of_dockerd_read_them(
    served: EmbeddedEngine, short_tmp: ShortTmp
) -> None:
    await asyncio.to_thread(_read_builds, f"unix://{short_tmp.run}/docker.sock")


async def test_docker_compose(served: EmbeddedEngine, short_tmp: ShortTmp, tmp_path: Path) -> None:
    compose = tool("docker-compose", "docker-compose", short_tmp.run / "docker.sock", tmp_path, "--ansi", "never")
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)
    await compose("-p", "shop", "up", "-d")
    assert "Up" in await compose("-p", "shop", "ps")
    assert "web-up" in await compose("-p", "shop", "logs", "web")
    assert await compose("-p", "shop", "exec", "-T", "web", "echo", "in") == "in\n"
    assert "once" in await compose("-p", "shop", "run", "--rm", "web", "echo", "once")
    await compose("-p", "shop", "up", "-d", "--force-recreate", "-t", "0")
    await compose("-p", "shop", "down", "-v", "-t", "0")
    assert await served.containers.list() == []


async def test_a_copied_compose_file_makes_the_same_container(
    served: EmbeddedEngine, short_tmp: ShortTmp, tmp_path: Path
) -> None:
    """Field by field, by way of docker-compose itself: what the window copies is what runs."""
    spec = ContainerSpec(
        image=IMAGE,
        command=("sh", "-c", "echo $HOME; sleep 100"),
        env={"COST": "$5", "ON": "yes", "EMPTY": "", "TEXT": 'it is "so": # no remark'},
        labels={"a.b": "c d"},
        hostname="box",
        workdir="/tmp",
        user="0:0",
        tty=True,
        init=True,
        ports=(PortMapping(container_port=80, host_ip="127.0.0.1"), PortMapping(container_port=53, protocol="udp")),
        mounts=(
            Mount(kind="bind", source=str(tmp_path), target="/here", read_only=True, create_source=True),
            Mount(kind="volume", source="data", target="/data"),
            Mount(kind="tmpfs", target="/run", tmpfs_size=64 << 20),
        ),
        shm_size=32 << 20,
        ulimits=(Ulimit(name="nofile", soft=512, hard=1024),),
        resources=Resources(memory=256 << 20, cpus=1.5, pids=100),
        security=Security(read_only_root=True, capabilities_drop=("CHOWN",), no_new_privileges=True),
        restart=RestartPolicy(name="on-failure", maximum_retries=3),
        stop_signal="SIGINT",
        stop_timeout=7.0,
        health=HealthCheck(test=("CMD-SHELL", "echo $HOME"), interval=90.0, retries=2),
        network="back",
        network_aliases=("db",),
        dns=("9.9.9.9",),
        extra_hosts=("db:10.0.0.2",),
        log=LogLimits(max_bytes=1 << 20, max_files=2),
    )
    await served.networks.create(CreateNetwork(name="back"))
    await served.volumes.create(CreateVolume(name="data"))
    compose = tool("docker-compose", "docker-compose", short_tmp.run / "docker.sock", tmp_path, "--ansi", "never")
    (tmp_path / "docker-compose.yml").write_text(write_compose([("web", recipe_of(spec))]))
    await compose("-p", "copied", "up", "--no-start")
    (made,) = await served.containers.list()
    assert made.name == "web"
    own_labels = {key: value for key, value in made.spec.labels.items() if not key.startswith("com.docker.compose")}
    same = replace(made.spec, labels=own_labels)
    for field in spec.__struct_fields__:
        if field == "mounts":
            assert {mount.target: mount for mount in same.mounts} == {mount.target: mount for mount in spec.mounts}
        elif field == "network_aliases":
            assert "db" in same.network_aliases
        else:
            assert getattr(same, field) == getattr(spec, field), field


async def test_the_services_of_a_project_reach_one_another_by_name(
    served: EmbeddedEngine, short_tmp: ShortTmp, tmp_path: Path
) -> None:
    """On two networks, by service, alias and container name; after a restart; and with more of one at once."""
    compose = tool("docker-compose", "docker-compose", short_tmp.run / "docker.sock", tmp_path, "--ansi", "never")
    compose.environment["COMPOSE_COMPATIBILITY"] = "true"  # names with "_" from version 2 too
    (tmp_path / "docker-compose.yml").write_text(NEIGHBOURS)

    async def reaches(service: str, *addresses: str) -> None:
        script = "; ".join(
            f"until wget -q -O /dev/null http://{each}/passwd; do sleep 0.05; done" for each in addresses
        )
        await compose("-p", "shop", "exec", "-T", service, "sh", "-c", script)

    await compose("-p", "shop", "up", "-d")
    await reaches("web", "cache:6379", "store:6379", "shop_cache_1:6379")
    await reaches("cache", "web", "shop_web_1")
    await compose("-p", "shop", "restart", "-t", "0", "cache")
    await reaches("web", "cache:6379", "store:6379")
    await compose("-p", "shop", "up", "-d", "--scale", "cache=4")
    await reaches("web", *(f"shop_cache_{number}:6379" for number in range(1, 5)))
    await compose("-p", "shop", "down", "-v", "-t", "0")
    assert {network.name for network in await served.networks.list()} == {"pasta", "host", "none"}


async def test_a_console_in_a_browser_attaches_by_websocket(
    served: EmbeddedEngine, short_tmp: ShortTmp, docker: Tool
) -> None:
    await docker(
        "run", "-d", "-i", "--name", "c1", IMAGE, "sh", "-c", "while read line; do echo got $line; done; echo bye >&2"
    )
    path = "http://wherry/containers/c1/attach/ws?stream=1&stdin=1&stdout=1&stderr=1"
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(short_tmp.run / "docker.sock"))) as session:
        async with session.get(path.replace("/ws", "/ws-not")) as refused:
            assert refused.status == 404
        async with session.get(path) as refused:
            assert refused.status == 400
        async with session.ws_connect(path) as first, session.ws_connect(path) as second:
            await first.send_bytes(b"one\n")
            assert (await first.receive_bytes(), await second.receive_bytes()) == (b"got one\n", b"got one\n")
        async with session.ws_connect(path.replace("wherry", "wherry/v1.27")) as third:
            await third.send_str("two\n")
            assert await third.receive_str() == "got two\n"
            await docker("kill", "c1")
            assert (await third.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_fifty_clients_at_once(docker: Tool) -> None:
    await docker("run", "-d", "--name", "c1", IMAGE, "sleep", "100")
    client = asyncio.Semaphore(50)

    async def ask(number: int) -> int:
        async with client:
            reader, writer = await asyncio.open_unix_connection(
                docker.environment["DOCKER_HOST"].removeprefix("unix://")
            )
            path = ("/containers/json?all=1", "/containers/c1/json", "/images/json", "/info")[number % 4]
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            head = await reader.readline()
            await reader.read()
            writer.close()
            return int(head.split()[1])

    assert set(await asyncio.gather(*(ask(number) for number in range(200)))) == {200}
