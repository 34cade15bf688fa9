"""Networks by Docker's own clients: every flag of `network create` and `connect`, compose files, and our command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.system.api.conftest import IMAGE, docker, served, tool, wherry_here

if TYPE_CHECKING:
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp
    from tests.system.api.conftest import Tool

__all__ = ["docker", "served", "wherry_here"]

_PROJECT = """
services:
  web:
    image: {image}
    command: sleep 1000
    networks: {{front: {{aliases: [www]}}}}
  api:
    image: {image}
    command: sleep 1000
    mac_address: "92:d0:c6:0a:29:33"
    networks:
      front: {{ipv4_address: 10.96.0.77, ipv6_address: "fd96::77"}}
      back: null
  db:
    image: {image}
    command: sleep 1000
    networks: [back]
networks:
  front:
    enable_ipv6: true
    ipam:
      config:
        - {{subnet: 10.96.0.0/24, ip_range: 10.96.0.64/28, gateway: 10.96.0.1, aux_addresses: {{router: 10.96.0.65}}}}
        - {{subnet: "fd96::/64"}}
  back: {{internal: true}}
"""


async def shown(client: Tool, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await client("network", "inspect", name))[0]
    return found


async def endpoint(client: Tool, container: str, network: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await client("inspect", container))[0]["NetworkSettings"]["Networks"][network]
    return found


async def check_every_flag(client: Tool) -> None:
    await client(
        "network", "create", "--driver", "bridge", "--ipv6", "--subnet", "10.95.0.0/24", "--ip-range", "10.95.0.128/25",
        "--gateway", "10.95.0.1", "--aux-address", "printer=10.95.0.129", "--subnet", "fd95::/64",
        "--gateway", "fd95::1",
        "-o", "com.docker.network.driver.mtu=1400", "--label", "a=b", "team",
    )  # fmt: skip
    network = await shown(client, "team")
    assert network["EnableIPv6"] is True
    assert network["IPAM"]["Config"] == [
        {
            "Subnet": "10.95.0.0/24",
            "IPRange": "10.95.0.128/25",
            "Gateway": "10.95.0.1",
            "AuxiliaryAddresses": {"printer": "10.95.0.129"},
        },
        {"Subnet": "fd95::/64", "Gateway": "fd95::1"},
    ]
    fixed = ("--ip", "10.95.0.7", "--ip6", "fd95::7", "--mac-address", "92:d0:c6:0a:29:33")
    await client("run", "-d", "--name", "fixed", "--network", "team", *fixed, IMAGE, "sleep", "1000")
    await client("run", "-d", "--name", "chosen", "--network", "team", IMAGE, "sleep", "1000")
    one = await endpoint(client, "fixed", "team")
    assert (one["IPAddress"], one["GlobalIPv6Address"], one["MacAddress"], one["IPPrefixLen"]) == (
        "10.95.0.7", "fd95::7", "92:d0:c6:0a:29:33", 24,
    )  # fmt: skip
    assert one["IPAMConfig"] == {"IPv4Address": "10.95.0.7", "IPv6Address": "fd95::7"}
    assert (one["Gateway"], one["IPv6Gateway"]) == ("10.95.0.1", "fd95::1")
    assert (await endpoint(client, "chosen", "team"))["IPAddress"] == "10.95.0.128"
    inside = await client("exec", "fixed", "ip", "address")
    assert all(text in inside for text in ("10.95.0.7/24", "fd95::7/64", "92:d0:c6:0a:29:33", "mtu 1400"))
    members = (await shown(client, "team"))["Containers"]
    assert sorted((each["Name"], each["IPv4Address"]) for each in members.values()) == [
        ("chosen", "10.95.0.128/24"),
        ("fixed", "10.95.0.7/24"),
    ]


async def test_every_flag_of_a_network_by_docker_s_command_line(docker: Tool) -> None:
    await check_every_flag(docker)
    await docker("network", "create", "--internal", "--subnet", "10.97.0.0/24", "inner")
    await docker("network", "connect", "--ip", "10.97.0.9", "--alias", "visitor", "inner", "fixed")
    for _ in range(2):  # and again after a restart
        assert (await endpoint(docker, "fixed", "inner"))["IPAddress"] == "10.97.0.9"
        assert (await endpoint(docker, "fixed", "team"))["IPAddress"] == "10.95.0.7"
        await docker("restart", "-t", "0", "fixed")
    busy = await docker("run", "--rm", "--network", "team", "--ip", "10.95.0.7", IMAGE, "true", code=125)
    assert "Address already in use" in busy
    outside = await docker("run", "--rm", "--network", "team", "--ip", "10.1.1.1", IMAGE, "true", code=125)
    assert "no configured subnet" in outside
    default = await docker("run", "--rm", "--ip", "10.88.0.9", IMAGE, "true", code=125)
    assert "user defined networks only" in default
    for driver in ("macvlan", "ipvlan"):
        assert "administrator" in await docker("network", "create", "-d", driver, "wire", code=1)
    overlap = await docker("network", "create", "--subnet", "10.95.0.0/16", "again", code=1)
    assert "overlaps" in overlap
    await docker("network", "disconnect", "inner", "fixed")
    assert sorted((await docker("network", "prune", "-f")).split()[2:]) == ["inner"]


async def test_every_flag_of_a_network_by_our_command(wherry_here: Tool) -> None:
    wherry = wherry_here
    await check_every_flag(wherry)
    await wherry("network", "create", "--subnet", "10.97.0.0/24", "other")
    await wherry("network", "connect", "--ip", "10.97.0.9", "--mac-address", "92:d0:c6:0a:29:44", "other", "fixed")
    one = await endpoint(wherry, "fixed", "other")
    assert (one["IPAddress"], one["MacAddress"]) == ("10.97.0.9", "92:d0:c6:0a:29:44")
    assert "no matching subnet" in await wherry(
        "network", "create", "--subnet", "10.98.0.0/24", "--gateway", "10.99.0.1", "bad", code=125
    )


async def check_project(compose: Tool, client: Tool, directory: Path, between: str = "-") -> None:
    def called(service: str, number: int = 1) -> str:
        return between.join(("shop", service, str(number)))

    (directory / "docker-compose.yml").write_text(_PROJECT.format(image=IMAGE))
    await compose("-p", "shop", "up", "-d", "--scale", "web=3")
    api = await endpoint(client, called("api"), "shop_front")
    assert (api["IPAddress"], api["GlobalIPv6Address"]) == ("10.96.0.77", "fd96::77")
    scaled = {number: await endpoint(client, called("web", number), "shop_front") for number in (1, 2, 3)}
    addresses = {each["IPAddress"] for each in scaled.values()}
    assert len(addresses) == 3
    assert "10.96.0.65" not in addresses
    for alias in ("web", "www"):
        found = await client("exec", called("api"), "nslookup", alias)
        assert all(address in found for address in addresses), alias
    assert "Name:" in await client("exec", called("api"), "nslookup", "db")
    assert "NXDOMAIN" in await client("exec", called("web"), "nslookup", "db", code=1)
    assert "NXDOMAIN" in await client("exec", called("db"), "nslookup", "example.org", code=1)
    await compose("-p", "shop", "down", "-t", "0")


async def test_a_project_with_every_kind_of_network_by_docker_compose(
    served: EmbeddedEngine, docker: Tool, short_tmp: ShortTmp, tmp_path: Path
) -> None:
    compose = tool("docker-compose", "docker-compose", short_tmp.run / "docker.sock", tmp_path, "--ansi", "never")
    await check_project(compose, docker, tmp_path, "_")


async def test_a_project_with_every_kind_of_network_by_our_command(
    wherry_here: Tool, docker: Tool, tmp_path: Path
) -> None:
    compose = type(wherry_here)([*wherry_here.argv, "compose"], wherry_here.environment, tmp_path)
    await check_project(compose, docker, tmp_path)
