"""Who reaches whom: probes of every kind, in both directions, inside a network and from one to another."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from engine.types.networks import CreateNetwork
from tests.system.containers.conftest import run, until
from tests.system.networks.asking import LENT, PYTHON, said

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.containers import Container
    from engine.types.networks import NetworkMember

_LISTEN = """
import select, socket, struct
heard = []
for family in (socket.AF_INET, socket.AF_INET6):
    stream = socket.create_server(("", 7000), family=family)
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for index, name in socket.if_nameindex():
            if name != "lo":
                group = socket.inet_pton(family, "ff02::4242") + struct.pack("=I", index)
                datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    else:
        for index, name in socket.if_nameindex():
            if name != "lo":
                group = socket.inet_aton("239.1.2.3") + struct.pack("=II", 0, index)
                datagrams.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    datagrams.bind(("", 7000))
    heard += [stream, datagrams]
print("ready", flush=True)
while True:
    for each in select.select(heard, [], [])[0]:
        if each.type == socket.SOCK_STREAM:
            with each.accept()[0] as taken:
                taken.sendall(socket.gethostname().encode())
        else:
            data, place = each.recvfrom(100)
            each.sendto(socket.gethostname().encode(), place)
"""

_PROBE = """
import json, os, socket, struct, sys
ip, ip6, link, host = sys.argv[1:5]
reached = []
links = [index for index, name in socket.if_nameindex() if name != "lo"]

def attempt(name, work):
    try:
        if work():
            reached.append(name)
    except OSError:
        pass

def stream(family, place):
    with socket.socket(family, socket.SOCK_STREAM) as out:
        out.settimeout(1)
        out.connect(place)
        return out.recv(100).decode() == host  # whoever else may answer in its place

def echo(family, place, setup=None, seconds=0.5):
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        out.settimeout(seconds)
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        if family == socket.AF_INET6:
            out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        if setup:
            setup(out)
        out.sendto(b"hello", place)
        while out.recv(100).decode() != host:  # others may hear it too
            pass
        return True

def ping(family, place):
    kind = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    with socket.socket(family, socket.SOCK_DGRAM, kind) as out:
        out.settimeout(0.5)
        out.sendto(struct.pack("!BBHHH", 8 if family == socket.AF_INET else 128, 0, 0, 0, 1) + b"hello", place)
        return bool(out.recv(100))

v4, v6 = socket.AF_INET, socket.AF_INET6
attempt("tcp", lambda: stream(v4, (ip, 7000)))
attempt("udp", lambda: echo(v4, (ip, 7000)))
attempt("icmp", lambda: ping(v4, (ip, 0)))
if ip6:
    attempt("tcp6", lambda: stream(v6, (ip6, 7000)))
    attempt("udp6", lambda: echo(v6, (ip6, 7000)))
    attempt("icmp6", lambda: ping(v6, (ip6, 0)))
for index in links:
    if link:
        attempt("link-local", lambda: echo(v6, (link, 7000, 0, index)))
    there = struct.pack("=4s4si", bytes(4), bytes(4), index)
    choose = lambda out: out.setsockopt(0, socket.IP_MULTICAST_IF, there)
    attempt("multicast", lambda: echo(v4, ("239.1.2.3", 7000), choose))
    attempt("multicast6", lambda: echo(v6, ("ff02::4242", 7000, 0, index)))
print(json.dumps(sorted(set(reached))))
"""

EVERYTHING = ["icmp", "icmp6", "link-local", "multicast", "multicast6", "tcp", "tcp6", "udp", "udp6"]


async def listening(engine: EmbeddedEngine, name: str, network: str, **options: Any) -> Container:
    made = await run(engine, PYTHON, "-u", "-c", _LISTEN, name=name, network=network, mounts=LENT, **options)
    log = engine.paths.log(made.id)
    await until(lambda: "ready" in log.read_text())
    return made


async def entry_of(engine: EmbeddedEngine, network: str, container: Container) -> NetworkMember:
    members = (await engine.networks.get(network)).members
    return next(each for each in members if each.container_id == container.id)


async def reached(engine: EmbeddedEngine, asker: str, network: str, target: Container) -> list[str]:
    """By which kinds of packets the asker reaches the target."""
    entry = await entry_of(engine, network, target)
    parts = bytes.fromhex(entry.mac_address.replace(":", ""))
    link = socket.inet_ntop(
        socket.AF_INET6, bytes([0xFE, 0x80, *bytes(6), parts[0] ^ 2, *parts[1:3], 0xFF, 0xFE, *parts[3:]])
    )
    words = (entry.ip_address, entry.ip6_address, link, target.spec.hostname)
    text = await said(engine, asker, PYTHON, "-c", _PROBE, *words)
    found: list[str] = json.loads(text)
    return found


async def test_members_reach_one_another_by_every_kind_of_packet_and_others_by_none(loaded: EmbeddedEngine) -> None:
    for name in ("north", "south"):
        await loaded.networks.create(CreateNetwork(name=name, ipv6=True))
    first, second = await asyncio.gather(listening(loaded, "n1", "north"), listening(loaded, "n2", "north"))
    stranger = await listening(loaded, "s1", "south")
    plain = await listening(loaded, "d1", "pasta")
    assert await reached(loaded, first.id, "north", second) == EVERYTHING
    assert await reached(loaded, second.id, "north", first) == EVERYTHING
    for asker, network, target in (
        (first, "south", stranger),
        (stranger, "north", first),
        (first, "pasta", plain),
        (plain, "north", first),
    ):
        assert await reached(loaded, asker.id, network, target) == [], (asker.name, target.name)


async def test_a_network_whose_members_are_kept_apart(loaded: EmbeddedEngine) -> None:
    """As `-o com.docker.network.bridge.enable_icc=false`: names are told, packets do not pass."""
    options = {"com.docker.network.bridge.enable_icc": "false"}
    await loaded.networks.create(CreateNetwork(name="apart", ipv6=True, options=options))
    first, second = await asyncio.gather(listening(loaded, "a1", "apart"), listening(loaded, "a2", "apart"))
    assert await reached(loaded, first.id, "apart", second) == []
    assert "Name:" in await said(loaded, first.id, "nslookup", "a2")


async def test_the_default_network_gives_addresses_that_others_on_it_reach(loaded: EmbeddedEngine) -> None:
    first, second = await asyncio.gather(listening(loaded, "d1", "pasta"), listening(loaded, "d2", "pasta"))
    assert first.ip_address != second.ip_address
    assert first.ip_address in await said(loaded, first.id, "ip", "-o", "-4", "address")
    assert {"tcp", "udp", "icmp"} <= set(await reached(loaded, second.id, "pasta", first))
    assert f"{second.ip_address}\t" in await said(loaded, second.id, "cat", "/etc/hosts")


async def test_an_internal_network_has_no_way_out(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="inner", internal=True, ipv6=True))
    inner = await run(loaded, name="inner", network="inner", mounts=LENT)
    assert "default" not in await said(loaded, inner.id, "ip", "route")
    assert "default" not in await said(loaded, inner.id, "ip", "-6", "route")
    assert "nreachable" in await said(loaded, inner.id, "sh", "-c", "ping -c 1 192.0.2.1 2>&1")


@pytest.mark.parametrize("allowed", [False, True])
async def test_the_host_s_own_loopback_is_there_for_who_was_let(loaded: EmbeddedEngine, *, allowed: bool) -> None:
    """Whatever kind of network: a service that listens on 127.0.0.1 of the host is not the containers'."""
    await loaded.networks.create(CreateNetwork(name="team"))
    hosts = ("host.docker.internal:host-gateway",) if allowed else ()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for network in ("pasta", "team"):
            made = await run(loaded, name=f"{network}-1", network=network, extra_hosts=hosts, mounts=LENT)
            gateway = "host.docker.internal" if allowed else (await said(loaded, made.id, "ip", "route")).split()[2]
            script = f"import socket; socket.create_connection(('{gateway}', {port}), 2); print('open')"
            text = await said(loaded, made.id, PYTHON, "-c", script)
            assert text.endswith("open\n") is allowed, (network, text)
