"""Names on networks of one's own, asked for as programs ask that read no file."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.networks import CreateNetwork, Endpoint
from tests.system.containers.conftest import BUSYBOX, create, output, run, until
from tests.system.networks.asking import LENT, NAME_ERROR, PYTHON, heard, said

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine

_RESOLVER = """
import socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", 53))
    print("ready", flush=True)
    while True:
        raw, place = server.recvfrom(4096)
        end = raw.index(b"\\0", 12) + 5
        head = raw[:2] + b"\\x81\\x80" + struct.pack("!HHHH", 1, 1, 0, 0)
        record = b"\\xc0\\x0c" + struct.pack("!HHIH", 1, 1, 77, 4) + socket.inet_aton("192.0.2.77")
        server.sendto(head + raw[12:end] + record, place)
"""


async def test_neighbours_are_found_by_every_name_they_have(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="shop", ipv6=True))
    server = await run(loaded, name="shop-db-1", network="shop", network_aliases=("db", "store"), hostname="box")
    asker = await run(loaded, name="asker", network="shop", mounts=LENT)
    (entry,) = [each for each in (await loaded.networks.get("shop")).members if each.container_id == server.id]
    for name in ("shop-db-1", "DB", "store", "box", server.id[:12], "db.shop"):
        answer = await heard(loaded, asker.id, name)
        assert (answer.code, answer.found, answer.lives, answer.ours) == (0, [server.ip_address], [0], True), name
    assert (await heard(loaded, asker.id, "db", "AAAA")).found == [entry.ip6_address]
    over_tcp = await heard(loaded, asker.id, "db", how="tcp", size=1232)
    assert (over_tcp.found, over_tcp.additional) == ([server.ip_address], 1)
    assert (await heard(loaded, asker.id, "db", "MX"))[:2] == (0, [])
    backwards = ".".join(reversed(server.ip_address.split("."))) + ".in-addr.arpa"
    assert (await heard(loaded, asker.id, backwards, "PTR")).found == ["shop-db-1.shop"]
    assert "asker" not in await said(loaded, server.id, "cat", "/etc/hosts")
    # As glibc and musl ask, through the file.
    assert (await said(loaded, asker.id, PYTHON, "-c", "import socket; print(socket.gethostbyname('db'))")).split() == [
        server.ip_address
    ]
    for family in (socket.AF_INET, socket.AF_INET6):
        assert "0% packet loss" in await said(
            loaded, asker.id, "ping", "-6" if family == socket.AF_INET6 else "-4", "-c", "1", "db"
        )


async def test_every_container_of_a_scaled_service_answers_in_turn(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="shop"))
    made = [await create(loaded, name=f"web-{number}", network="shop", network_aliases=("web",)) for number in range(3)]
    started = await asyncio.gather(*(loaded.containers.start(each.id) for each in made))
    asker = await run(loaded, name="asker", network="shop", mounts=LENT)
    answers = [(await heard(loaded, asker.id, "web")).found for _ in range(3)]
    addresses = {each.ip_address for each in started}
    assert all(set(each) == addresses for each in answers)
    assert {each[0] for each in answers} == addresses
    # By questions of which none is as the one before.
    others = [(await heard(loaded, asker.id, "web", size=1232 + number)).found for number in range(3)]
    assert {each[0] for each in others} == addresses
    await loaded.containers.remove(made[0].id, force=True)
    left = addresses - {started[0].ip_address}

    async def is_forgotten() -> bool:
        return set((await heard(loaded, asker.id, "web")).found) == left

    await until(is_forgotten)


async def test_names_are_there_before_the_first_instruction(loaded: EmbeddedEngine) -> None:
    """Its own as well: what looks itself up at its start must not have to wait."""
    await loaded.networks.create(CreateNetwork(name="shop"))
    await run(loaded, name="db", network="shop")
    for number in range(3):
        code, text = await output(
            loaded, "sh", "-c", "nslookup db && nslookup me", network="shop", network_aliases=("me",)
        )
        assert code == 0, (number, text)


async def test_connecting_disconnecting_and_renaming_reach_who_runs(loaded: EmbeddedEngine) -> None:
    for name in ("front", "back"):
        await loaded.networks.create(CreateNetwork(name=name))
    asker = await run(loaded, name="asker", network="front", mounts=LENT)
    other = await run(loaded, name="other", network="back")
    assert (await heard(loaded, asker.id, "other")).found == []
    await loaded.networks.connect("back", "asker", aliases=("visitor",))
    assert (await heard(loaded, asker.id, "other")).found == [other.ip_address]
    assert "Name:" in await said(loaded, other.id, "nslookup", "visitor")
    await loaded.containers.rename("other", "another")
    assert (await heard(loaded, asker.id, "another")).found == [other.ip_address]
    assert (await heard(loaded, asker.id, "other")).found == []
    await loaded.networks.disconnect("front", "asker")
    assert (await heard(loaded, asker.id, "another")).found == [other.ip_address]
    await loaded.networks.disconnect("back", "asker")
    assert "NXDOMAIN" in await said(loaded, other.id, "nslookup", "visitor")


async def test_an_internal_network_knows_its_own_names_and_says_no_to_others_at_once(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="inner", internal=True))
    asker = await run(loaded, name="asker", network="inner", mounts=LENT)
    db = await run(loaded, name="db", network="inner")
    assert (await heard(loaded, asker.id, "db")).found == [db.ip_address]
    assert (await heard(loaded, asker.id, "example.org")).code == NAME_ERROR
    assert (await heard(loaded, asker.id, "8.8.8.8.in-addr.arpa", "PTR")).code == NAME_ERROR


async def test_a_name_server_of_ones_own_is_asked_for_the_rest(loaded: EmbeddedEngine) -> None:
    """`--dns` with a container's address: neighbours are known all the same."""
    await loaded.networks.create(CreateNetwork(name="shop", subnet="10.94.0.0/24"))
    hole = await run(loaded, PYTHON, "-u", "-c", _RESOLVER, name="hole", network="shop", ip="10.94.0.53", mounts=LENT)
    log = loaded.paths.log(hole.id)
    await until(lambda: "ready" in log.read_text())
    asker = await run(
        loaded,
        name="asker",
        network="shop",
        mounts=LENT,
        dns=("10.94.0.53",),
        dns_search=("lan",),
        dns_options=("ndots:2",),
    )
    assert (await heard(loaded, asker.id, "hole")).found == ["10.94.0.53"]
    assert (await heard(loaded, asker.id, "ads.example.org")).found == ["192.0.2.77"]
    resolver = await said(loaded, asker.id, "cat", "/etc/resolv.conf")
    assert resolver == "nameserver 10.94.0.1\nsearch lan\noptions ndots:2\n"


async def test_the_host_has_a_name_where_it_may_be_reached(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="shop"))
    open_one = await run(
        loaded, name="open", network="shop", mounts=LENT, extra_hosts=("host.docker.internal:host-gateway",)
    )
    closed = await run(loaded, name="closed", network="shop", mounts=LENT)
    found = (await heard(loaded, open_one.id, "host.docker.internal")).found
    assert len(found) == 1
    assert found[0] in await said(loaded, open_one.id, "cat", "/etc/hosts")
    assert (await heard(loaded, closed.id, "host.docker.internal")).code == NAME_ERROR


async def test_links_on_a_named_network_are_names_of_ones_own(loaded: EmbeddedEngine) -> None:
    await loaded.networks.create(CreateNetwork(name="shop"))
    db = await run(loaded, name="db-1", network="shop")
    asker = await run(loaded, name="asker", network="shop", links=("db-1:store",), mounts=LENT)
    other = await run(loaded, name="other", network="shop", mounts=LENT)
    assert (await heard(loaded, asker.id, "store")).found == [db.ip_address]
    assert (await heard(loaded, other.id, "store")).found == []
    spec = ContainerSpec(image=BUSYBOX, command=("sleep", "1000"), network="none", mounts=LENT)
    made = await loaded.containers.create(CreateContainer(spec=spec, name="late"))
    await loaded.networks.connect("shop", made.id, asked=Endpoint(aliases=("l",), ip=""))
    assert (await loaded.containers.get("late")).spec.network_aliases == ("l",)
