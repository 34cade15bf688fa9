"""`--link`: on the default network, where containers see nothing of each other otherwise, and on a named one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.api.conftest import IMAGE, tool

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp
    from tests.system.api.conftest import Tool

SERVER = (IMAGE, "sh", "-c", "echo here >/index.html; httpd -f -p 5432 -h /")


async def test_a_link_on_the_default_network_gives_the_name_and_the_variables(docker: Tool) -> None:
    await docker("run", "-d", "--name", "store-1", "--expose", "5432", "-e", "SECRET=sesame", *SERVER)
    script = "until wget -q -O - http://my-db:5432; do sleep 0.05; done; wget -q -O - http://store-1:5432; env"
    said = (await docker("run", "--rm", "--name", "web", "--link", "store-1:my-db", IMAGE, "sh", "-c", script)).split(
        "\n"
    )
    assert said[:2] == ["here", "here"]
    told = dict(line.split("=", 1) for line in said if "=" in line)
    address = told["MY_DB_PORT_5432_TCP_ADDR"]
    assert told["MY_DB_PORT"] == told["MY_DB_PORT_5432_TCP"] == f"tcp://{address}:5432"
    assert told["MY_DB_NAME"] == "/web/my-db"
    assert told["MY_DB_ENV_SECRET"] == "sesame"
    await docker("stop", "-t", "0", "store-1")
    refused = await docker("run", "--rm", "--link", "store-1", IMAGE, "true", code=125)
    assert "Cannot link to a non running container" in refused
    assert "No such container" in await docker("run", "--rm", "--link", "nobody", IMAGE, "true", code=125)
    assert "conflicting options" in await docker(
        "run", "--rm", "--network", "host", "--link", "store-1", IMAGE, code=125
    )


async def test_a_link_survives_the_restart_of_who_is_linked(docker: Tool) -> None:
    await docker("run", "-d", "--name", "db", *SERVER)
    await docker("run", "-d", "--name", "web", "--link", "db:store", IMAGE, "sleep", "1000")
    await docker("restart", "-t", "0", "db")
    await docker("exec", "web", "sh", "-c", "until wget -q -O - http://store:5432; do sleep 0.05; done")


async def test_services_that_link_one_another_come_up_in_any_order(
    served: EmbeddedEngine, short_tmp: ShortTmp, tmp_path: Path
) -> None:
    compose = tool("docker-compose", "docker-compose", short_tmp.run / "docker.sock", tmp_path, "--ansi", "never")
    (tmp_path / "docker-compose.yml").write_text(f"""
version: "3"
services:
  web: {{image: {IMAGE}, command: sleep 1000, links: ["db:store"]}}
  db: {{image: {IMAGE}, command: httpd -f -p 5432 -h /etc}}
""")
    await compose("-p", "shop", "up", "-d")
    await compose(
        "-p",
        "shop",
        "exec",
        "-T",
        "web",
        "sh",
        "-c",
        "until wget -q -O - http://store:5432/passwd; do sleep 0.05; done",
    )
    await compose("-p", "shop", "down", "-t", "0")
