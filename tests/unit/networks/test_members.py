"""Members that come, go and are renamed; what is told of it; routes and ports as the kernel prints them."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from engine.errors import Code, Conflict, HostError, InvalidRequest, NotFound
from engine.networks.host import ports
from engine.networks.host.ports import Owner, check_mapping, check_mappings, left_to_pasta, parse_sockets, refusal
from engine.networks.host.routes import parse_routes, parse_routes6
from engine.networks.known.addresses import pick, planned
from engine.networks.known.membership import added, brought_down, entry_of, has_members_up, renamed, without_member
from engine.networks.known.register import event_of
from engine.types.containers import MOST_PORTS, PortMapping
from engine.types.data import now
from engine.types.networks import CreateNetwork, Endpoint, Network, NetworkMember


def a_network(**others: Any) -> Network:
    known: dict[str, Any] = {
        "id": "n1",
        "name": "front",
        "driver": "bridge",
        "created": now(),
        "subnet": "10.1.0.0/24",
        "gateway": "10.1.0.1",
        "subnet6": "fd00::/64",
        "gateway6": "fd00::1",
    }
    return Network(**known | others)


def test_who_is_connected_has_an_address_once_it_runs() -> None:
    asked = Endpoint(aliases=("db", "store"), ip="10.1.0.9", mac="02:00:00:00:00:01")
    resting = entry_of(added(a_network(), "c1", "one", asked, is_up=False), "c1")
    assert resting is not None
    assert (resting.ip_address, resting.aliases, resting.asked.aliases, resting.asked.ip) == (
        "",
        ("db", "store"),
        (),
        "10.1.0.9",
    )
    running = entry_of(added(a_network(), "c1", "one", asked, is_up=True), "c1")
    assert running is not None
    assert (running.ip_address, running.ip6_address, running.mac_address) == (
        "10.1.0.9",
        "fd00::2",
        "02:00:00:00:00:01",
    )
    other = entry_of(added(a_network(), "c1", "one", Endpoint(), is_up=True, promised=("10.1.0.2",)), "c1")
    assert other is not None
    assert other.ip_address == "10.1.0.3"
    with pytest.raises(Conflict, match="“one” is in this network already") as caught:
        added(added(a_network(), "c1", "one", asked, is_up=False), "c1", "one", asked, is_up=False)
    assert caught.value.subject == "c1"


def test_an_address_is_free_when_its_container_has_ended() -> None:
    network = added(a_network(), "c1", "one", Endpoint(), is_up=True)
    assert has_members_up(network)
    down = brought_down(network, "c1", stays=True)
    entry = entry_of(down, "c1")
    assert entry is not None
    assert (entry.ip_address, entry.ip6_address, entry.mac_address) == ("", "", "")
    assert not has_members_up(down)
    assert brought_down(network, "c1", stays=False).members == ()
    assert brought_down(network, "nobody", stays=True) == network
    assert without_member(network, "c1").members == ()
    again = renamed(added(network, "c2", "two", Endpoint(), is_up=False), "c2", "new")
    assert [each.name for each in again.members] == ["one", "new"]


def test_a_range_of_ipv6_is_kept_to() -> None:
    network = a_network(ip_range6="fd00::100/120")
    assert pick(network, Endpoint())[1] == "fd00::100"


def test_what_is_told_of_a_network_names_it_and_its_kind() -> None:
    event = event_of("connect", a_network(), container="c1")
    assert (event.kind, event.action, event.id, event.name) == ("network", "connect", "n1", "front")
    assert event.attributes == {"name": "front", "type": "bridge", "container": "c1"}


def test_refusals_say_what_helps() -> None:
    with pytest.raises(Conflict) as caught:
        planned(CreateNetwork(name="x", subnet="10.1.0.0/25"), [ip_network("10.1.0.0/24")], [])
    assert (caught.value.code, "Pool overlaps" in caught.value.docker) == (Code.IN_USE, True)
    with pytest.raises(InvalidRequest) as wrong:
        planned(CreateNetwork(name="x", subnet="10.5.0.0/24", ip_range="x"), [], [])
    assert "10.89.4.128/25" in wrong.value.hint
    with pytest.raises(InvalidRequest) as nonsense:
        planned(CreateNetwork(name="x", subnet="x"), [], [])
    assert "10.89.4.0/24" in nonsense.value.hint
    assert NotFound("x").title == "x"


# --- as the kernel prints it ---

ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
    "eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\n"
    "eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n"
    "short\t1\n"
)
ROUTES6 = (
    "fd001234000000000000000000000001 40 0 0 0 0 0 0 0 eth0\n"
    "00000000000000000000000000000000 00 0 0 0 0 0 0 0 eth0\n"
    "fe800000000000000000000000000000 40 0 0 0 0 0 0 0 eth0\n"
    "ff000000000000000000000000000000 08 0 0 0 0 0 0 0 eth0\n"
    "00000000000000000000000000000001 80 0 0 0 0 0 0 0 lo\n"
    "short\n"
)


def test_routes_but_the_default_one_and_what_every_machine_has() -> None:
    first_line_only = ROUTES.splitlines(keepends=True)
    assert [str(each) for each in parse_routes(ROUTES)] == ["10.0.2.0/24"]
    assert [str(each) for each in parse_routes(first_line_only[0] + first_line_only[2])] == ["10.0.2.0/24"]
    assert [str(each) for each in parse_routes6(ROUTES6)] == ["fd00:1234::/64"]


def test_listeners_are_read_past_what_is_none() -> None:
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    row = "   0: 0100007F:{port:04X} 00000000:0000 {state} 0:0 0:0 0 0 0 {inode} 1\n"
    text = head + row.format(port=1, state="01", inode=5) + "short\n" + row.format(port=8080, state="0A", inode=7)
    found = list(parse_sockets(text, "tcp"))
    assert [(each.protocol, each.address, each.port, each.inode) for each in found] == [("tcp", "127.0.0.1", 8080, 7)]
    assert [each.port for each in parse_sockets(text, "udp")] == [1, 8080]


@pytest.mark.parametrize(
    ("port", "subject"),
    [
        (PortMapping(container_port=0), "0"),
        (PortMapping(container_port=65536), "65536"),
        (PortMapping(container_port=1, host_port=65536), "1"),
        (PortMapping(container_port=1, host_ip="nowhere"), "nowhere"),
    ],
)
def test_a_port_that_is_none_is_named(port: PortMapping, subject: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_mapping(port)
    assert caught.value.subject == subject


def test_ports_have_bounds() -> None:
    for port in (1, 65535):
        check_mapping(PortMapping(container_port=port, host_port=port, host_ip="::1"))
    for first, last in ((0, 5), (9, 5), (9, 65536)):
        with pytest.raises(InvalidRequest, match="no range of ports"):
            check_mapping(PortMapping(container_port=1, host_port=first, host_port_last=last))
    many = [PortMapping(container_port=number + 1) for number in range(MOST_PORTS + 1)]
    check_mappings(many[:-1])
    with pytest.raises(InvalidRequest, match=f"{MOST_PORTS + 1} ports are too many"):
        check_mappings(many)
    with pytest.raises(InvalidRequest, match="80/tcp is published twice") as caught:
        check_mappings([PortMapping(container_port=1, host_port=80), PortMapping(container_port=2, host_port=80)])
    assert caught.value.subject == "80"


def test_who_holds_a_port_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    port = PortMapping(container_port=80, host_port=8080)
    holders: list[Owner | None] = [None, Owner(7, "nginx"), Owner(8, "pasta")]
    monkeypatch.setattr(ports, "holder_of", lambda _port: holders.pop(0))
    found = [refusal(port, 98, lambda pid: "web" if pid == 8 else "") for _ in range(3)]
    assert [each.explanation for each in found] == [
        "It is held by a process of another user.",
        "It is held by nginx (process 7).",
        "It is held by the container “web”, through pasta (process 8).",
    ]
    assert [each.details for each in found] == ["", "pid 7, nginx", "pid 8, pasta"]
    assert {(each.code, each.subject) for each in found} == {(Code.PORT_IN_USE, "8080/tcp")}
    low = refusal(PortMapping(container_port=80, host_port=80), 13)
    assert isinstance(low, HostError)
    assert (low.code, low.subject, "ip_unprivileged_port_start=80" in low.hint) == (
        Code.PORT_PRIVILEGED,
        "80/tcp",
        True,
    )
    away = refusal(PortMapping(container_port=80, host_port=80, host_ip="10.9.9.9"), 99)
    assert (away.title, away.subject) == ("This host has no address 10.9.9.9", "10.9.9.9")


def test_datagrams_of_the_loopback_alone_are_not_left_to_pasta() -> None:
    def udp(host: int, address: str = "") -> PortMapping:
        return PortMapping(container_port=53, host_port=host, protocol="udp", host_ip=address)

    given = [
        udp(5353),
        udp(5353, "127.0.0.1"),
        udp(53, "127.0.0.1"),
        udp(5353, "10.0.0.1"),
        PortMapping(container_port=53, host_port=5353, host_ip="127.0.0.1"),
    ]
    assert [ports.is_relayed(each) for each in given] == [True, True, False, False, False]
    assert left_to_pasta(given) == [given[0], *given[2:]]


def test_a_member_without_an_entry_is_none() -> None:
    assert entry_of(a_network(members=(NetworkMember(container_id="x", name="x", ip_address=""),)), "y") is None
