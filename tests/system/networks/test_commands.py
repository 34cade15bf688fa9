"""What a person types about networks, on a real engine: allow-lists, why one does not reach another, the front door."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.system.api.conftest import IMAGE, served, wherry_here
from tests.system.containers.conftest import until
from tests.system.networks.asking import said
from tests.system.networks.test_front_door import PAGE, free_port, page

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.system.api.conftest import Tool

__all__ = ["served", "wherry_here"]

_PROJECT = """
services:
  web:
    image: {image}
    command: sleep 1000
    x-egress: {egress}
networks:
  default:
    x-egress: none
"""


async def inspected(wherry: Tool, kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await wherry(kind, "inspect", name))[0]
    return found


async def test_egress_is_an_option_of_containers_and_networks(wherry_here: Tool) -> None:
    await wherry_here("network", "create", "--egress", "example.org,10.0.0.0/8", "closed")
    assert (await inspected(wherry_here, "network", "closed"))["Labels"] == {"wherry.egress": "example.org,10.0.0.0/8"}
    await wherry_here("run", "-d", "--name", "web", "--egress", "none", "--label", "a=b", IMAGE, "sleep", "1000")
    labels = (await inspected(wherry_here, "container", "web"))["Config"]["Labels"]
    assert labels == {"wherry.egress": "none", "a": "b"}
    told = await wherry_here("exec", "web", "busybox", "nc", "-w", "1", "203.0.113.1", "80", code=1)
    assert "Connection refused" in told
    refused = await wherry_here("run", "-d", "--egress", "no/name", IMAGE, "true", code=125)
    assert "example.org,*.debian.org" in refused


async def test_egress_of_a_compose_file_is_held_to_and_a_change_keeps_the_container(
    wherry_here: Tool, tmp_path: Path
) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(_PROJECT.format(image=IMAGE, egress='[example.org, "10.0.0.0/8"]'))
    await wherry_here("compose", "-p", "shop", "up", "-d")
    made = await inspected(wherry_here, "container", "shop-web-1")
    assert made["Config"]["Labels"]["wherry.egress"] == "example.org,10.0.0.0/8"
    assert (await inspected(wherry_here, "network", "shop_default"))["Labels"]["wherry.egress"] == "none"
    file.write_text(_PROJECT.format(image=IMAGE, egress="example.org"))
    await wherry_here("compose", "-p", "shop", "up", "-d")
    changed = await inspected(wherry_here, "container", "shop-web-1")
    assert changed["Config"]["Labels"]["wherry.egress"] == "example.org"
    assert (changed["Id"], changed["State"]["StartedAt"]) == (made["Id"], made["State"]["StartedAt"])
    await wherry_here("compose", "-p", "shop", "down", "-t", "0")


async def test_peers_tells_whom_a_container_talked_to_and_how_much(wherry_here: Tool) -> None:
    await wherry_here("network", "create", "shop")
    server = ("httpd", "-f", "-p", "80", "-h", "/www")
    await wherry_here("run", "-d", "--name", "web", "--network", "shop", IMAGE, *server)
    await wherry_here("run", "-d", "--name", "asker", "--network", "shop", IMAGE, "sleep", "1000")
    assert "that begins with this question" in await wherry_here("network", "peers", "asker")

    async def asked() -> bool:
        return (await wherry_here.try_("exec", "asker", "wget", "-q", "-O", "-", "http://web/")).code == 0

    await until(asked)
    head, *rows = (await wherry_here("network", "peers", "asker")).splitlines()
    assert head.split() == ["CONTAINER", "PEER", "NAME", "SENT", "RECEIVED"]
    assert any(row.split()[0] == "asker" and row.split()[2] == "web" for row in rows), rows
    told = [json.loads(line) for line in (await wherry_here("network", "peers", "--format", "json")).splitlines()]
    assert any(each["container"] == "asker" and each["name"] == "web" and each["received"] for each in told)
    assert "No such container" in await wherry_here("network", "peers", "nobody", code=1)


async def test_why_names_what_stops_one_container_from_reaching_another(wherry_here: Tool) -> None:
    for name in ("front", "back"):
        await wherry_here("network", "create", name)
    server = ("httpd", "-f", "-p", "80", "-h", "/www")
    await wherry_here("run", "-d", "--name", "web", "--network", "front", IMAGE, *server)
    await wherry_here("run", "-d", "--name", "near", "--network", "front", IMAGE, "sleep", "1000")
    await wherry_here("run", "-d", "--name", "far", "--network", "back", IMAGE, "sleep", "1000")

    async def reached() -> bool:
        return (await wherry_here.try_("network", "why", "near", "web", "80")).code == 0

    await until(reached)
    assert "near reaches web:80" in await wherry_here("network", "why", "near", "web", "80")
    told = await wherry_here("network", "why", "far", "web", "80", code=1)
    assert "✗" in told
    assert "far does not reach web:80" in told


async def test_watch_shows_what_a_container_asks_for_as_it_asks(served: EmbeddedEngine, wherry_here: Tool) -> None:
    await wherry_here("run", "-d", "--name", "web", "--egress", "none", IMAGE, "sleep", "1000")
    process = await wherry_here.start("network", "watch", "--format", "json", "web")
    try:
        await said(served, "web", "nslookup", "telemetry.example.com")
        assert process.stdout is not None
        line = json.loads(await process.stdout.readline())
    finally:
        process.kill()
        await process.communicate()
    assert (line["container"], line["name"], line["verdict"]) == ("web", "telemetry.example.com", "refused")


async def test_the_front_door_is_opened_told_of_and_closed(wherry_here: Tool) -> None:
    assert "off" in await wherry_here("door", "status")
    await wherry_here("run", "-d", "--name", "web", "--expose", "80", IMAGE, "httpd", "-f", "-p", "80", "-h", "/www")
    port = free_port()
    await wherry_here("door", "on", "--port", str(port))
    assert f"http://web.localhost:{port}" in await wherry_here("door", "status")

    async def answers() -> bool:
        return PAGE in await page(port, "web.localhost")

    await until(answers)
    assert "off" in await wherry_here("door", "off")
    assert json.loads(await wherry_here("door", "status", "--format", "json"))["listening"] is False


_NAMED = """
services:
  web:
    image: {image}
    command: sleep 1000
    networks:
      back: {{interface_name: eth7}}
      front: {{interface_name: eth0}}
networks:
  front:
  back:
"""


async def test_an_interface_has_the_name_that_a_compose_file_gives_it(wherry_here: Tool, tmp_path: Path) -> None:
    """Also one that the host's own has; and it goes with the network."""
    (tmp_path / "compose.yaml").write_text(_NAMED.format(image=IMAGE))
    await wherry_here("compose", "-p", "shop", "up", "-d")
    links = (await wherry_here("exec", "shop-web-1", "ls", "/sys/class/net")).split()
    assert {"eth0", "eth7", "lo"} < set(links)
    assert not [each for each in links if each.startswith("net")]
    networks = (await inspected(wherry_here, "container", "shop-web-1"))["NetworkSettings"]["Networks"]
    told = await wherry_here("exec", "shop-web-1", "ip", "-4", "address", "show", "eth7")
    assert networks["shop_back"]["IPAddress"] in told
    await wherry_here("network", "disconnect", "shop_back", "shop-web-1")
    assert "eth7" not in (await wherry_here("exec", "shop-web-1", "ls", "/sys/class/net")).split()
    await wherry_here("compose", "-p", "shop", "down", "-t", "0")


async def test_a_name_that_no_interface_can_have_is_refused(wherry_here: Tool) -> None:
    await wherry_here("network", "create", "team")
    told = await wherry_here("run", "-d", "--network", "team", "--interface-name", "lo", IMAGE, "true", code=125)
    assert "no name for an interface" in told
