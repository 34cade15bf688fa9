"""`wherry compose` from a shell: every verb on one project, with docker compose's forms and exit codes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.images import File, busybox_archive
from tests.support.processes import free_port
from tests.system.api.conftest import IMAGE, Tool

if TYPE_CHECKING:
    from pathlib import Path

SHOP = """
name: shop
services:
  web:
    image: {image}
    command: httpd -f -p 80 -h /www
    stop_grace_period: 0s
    depends_on: {{db: {{condition: service_healthy}}}}
    ports: ["127.0.0.1:{port}:80"]
    volumes: [pages:/pages]
  db:
    image: {image}
    command: sh -c "echo ready; exec sleep 1000"
    stop_grace_period: 0s
    healthcheck: {{test: "true", interval: 1s, start_interval: 100ms, start_period: 10s}}
  tool:
    build: {{dockerfile_inline: "FROM {image}\\nARG WHO=nobody\\nRUN echo $$WHO > /who\\n"}}
    profiles: [tools]
volumes: {{pages: }}
"""


@pytest.fixture
async def shop(wherry: Tool, tmp_path: Path) -> tuple[Tool, Path, int]:
    await wherry("load", input=busybox_archive([File("www/index.html", b"here I am\n")]))
    wherry.directory = tmp_path / "shop"
    wherry.directory.mkdir()
    port = free_port()
    (wherry.directory / "compose.yaml").write_text(SHOP.format(image=IMAGE, port=port))
    return wherry, wherry.directory, port


async def test_every_verb_on_one_project(shop: tuple[Tool, Path, int]) -> None:
    wherry, folder, port = shop

    async def compose(*words: str, code: int = 0, input: bytes = b"") -> str:
        return await wherry("compose", *words, code=code, input=input)

    assert "create" in await compose("--dry-run", "up")
    assert await compose("ps", "-q") == ""
    await compose("up", "-d", "--wait", "--wait-timeout", "60")
    rows = [json.loads(line) for line in (await compose("ps", "--format", "json")).splitlines()]
    assert {(row["Name"], row["Service"], row["State"], row["Health"]) for row in rows} == {
        ("shop-web-1", "web", "running", ""),
        ("shop-db-1", "db", "running", "healthy"),
    }
    assert (await compose("ps", "--services")).split() == ["db", "web"]
    assert (await compose("port", "web", "80")).strip() == f"127.0.0.1:{port}"
    assert "no port 81/tcp" in await compose("port", "web", "81", code=1)
    assert "ready" in await compose("logs", "db")
    assert await compose("logs", "--no-log-prefix", "db") == "ready\n"
    assert await compose("exec", "-T", "web", "cat", "/www/index.html") == "here I am\n"
    await compose("exec", "-T", "web", "sh", "-c", "exit 7", code=7)
    (folder / "note").write_text("copied")
    await compose("cp", "note", "web:/pages/note")
    assert await compose("exec", "-T", "web", "cat", "/pages/note") == "copied"
    assert "httpd" in await compose("top", "web")
    assert "busybox" in await compose("images")
    assert (await compose("volumes", "-q")).strip() == "shop_pages"
    assert "shop" in await compose("ls")
    assert json.loads(await compose("ls", "--format", "json"))[0]["Status"] == "running(2)"
    assert "shop-web-1" in await compose("stats", "--no-stream")
    assert await compose("config", "--services") == "db\nweb\n"
    assert json.loads(await compose("convert", "--format", "json"))["name"] == "shop"
    assert "not supported" in await compose("config", "--no-interpolate", code=1)
    assert (await compose("version", "--short")).strip()
    events = json.loads((await compose("events", "--json", "--since", "10m", "--until", "0s")).splitlines()[0])
    assert events["service"] in ("web", "db")

    (folder / "vars").write_text("# these\nA=one\n")
    said = await compose("run", "--rm", "-T", "--env-from-file", "vars", "-e", "B=two", "web", "sh", "-c", "echo $A $B")
    assert said == "one two\n"
    await compose("run", "--rm", "-T", "web", "sh", "-c", "exit 5", code=5)
    await compose("commit", "web", "localhost/changed:1")
    assert "localhost/changed" in await wherry("images")
    await compose("export", "-o", "files.tar", "db")
    assert (folder / "files.tar").stat().st_size > 100_000

    await compose("scale", "db=2")
    assert len((await compose("ps", "-q", "db")).split()) == 2
    await compose("pause", "web")
    assert "Paused" in await compose("ps", "--status", "paused")
    await compose("unpause", "web")
    await compose("restart", "web")
    await compose("kill", "-s", "KILL", "db")
    assert len((await compose("ps", "-q", "--filter", "status=exited")).split()) == 2
    await compose("start", "--wait", "db")
    await compose("stop", "web")
    await compose("rm", "-f", "web")
    assert "shop-web-1" not in await compose("ps", "-a")
    await compose("up", "-d", "--no-deps", "web")

    await compose("--profile", "tools", "build", "--build-arg", "WHO=me", "tool")
    assert await compose("--profile", "tools", "run", "--rm", "-T", "tool", "cat", "/who") == "me\n"
    assert "remove-volume" in await compose("--dry-run", "down", "-v")
    await compose("down", "-v", "--remove-orphans")
    assert await compose("ps", "-aq") == ""
    assert await compose("volumes", "-q") == ""
    assert "no such service: nosuch" in await compose("up", "-d", "nosuch", code=1)


async def test_the_exit_code_of_a_service_ends_up_as_the_commands(wherry: Tool, tmp_path: Path) -> None:
    await wherry("load", input=busybox_archive())
    wherry.directory = tmp_path
    text = f"""
name: ends
services:
  well: {{image: {IMAGE}, command: "true"}}
  badly: {{image: {IMAGE}, command: sh -c "sleep 0.5; exit 9", stop_grace_period: 0s}}
  never: {{image: {IMAGE}, command: sleep 1000, stop_grace_period: 0s}}
"""
    (tmp_path / "compose.yaml").write_text(text)
    await wherry("compose", "up", "--exit-code-from", "badly", "badly", "never", code=9)
    await wherry("compose", "up", "--abort-on-container-failure", code=9)
    await wherry("compose", "down")
    sick = f"  sick: {{image: {IMAGE}, command: sleep 1000, stop_grace_period: 0s, healthcheck: {{test: 'false'}}}}\n"
    (tmp_path / "compose.yaml").write_text(f"name: ends\nservices:\n{sick}")
    told = await wherry("compose", "up", "-d", "--wait", "--wait-timeout", "1", code=1)
    assert "not up and healthy after 1 s" in told
    await wherry("compose", "down")


async def test_a_service_of_the_gallery_is_written_and_started(wherry: Tool, tmp_path: Path) -> None:
    from tests.support.stand_in import REFERENCE, stand_in_archive

    await wherry("load", input=stand_in_archive())
    wherry.directory = tmp_path
    assert "postgres" in await wherry("gallery", "ls", "--category", "databases", "-q")
    assert "made and kept" in await wherry("gallery", "show", "redis")
    assert "no port" in await wherry("gallery", "add", "redis", "--set", "REDIS_PORT=x", code=1)
    assert not (tmp_path / "compose.yaml").exists()
    port = free_port()
    await wherry(
        "gallery", "add", "nginx", "redis", "--set", f"NGINX_PORT={port}", "--set", f"REDIS_PORT={free_port()}"
    )
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    override = {
        name: {"image": REFERENCE, "entrypoint": ["/service"], "environment": {"STAND_IN_PORTS": inside}}
        for name, inside in (("nginx", "80"), ("redis", "6379"))
    }
    (tmp_path / "compose.override.yaml").write_text(json.dumps({"services": override}))
    await wherry("compose", "up", "-d", "--wait")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert b"here I am" in await reader.read()
    writer.close()
    await wherry("compose", "down", "-v", "-t", "0")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/wiki.yaml").write_text("services: {wiki: {image: wiki}}\n")
    assert "1 templates" in await wherry("gallery", "add-source", "ours")
    assert "wiki" in await wherry("gallery", "ls", "wiki", "-q")
    await wherry("gallery", "rm-source", "ours")
