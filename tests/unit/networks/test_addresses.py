"""Subnets that are chosen or given, and addresses in them: none twice, none that leads elsewhere."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from engine.errors import Conflict, InvalidRequest, Unsupported, WherryError
from engine.networks.host import routes
from engine.networks.known import addresses
from engine.networks.known.member import Member
from engine.networks.known.membership import added, brought_down, brought_up, entry_of
from engine.networks.known.register import must_be_ours
from engine.types.networks import CreateNetwork, Endpoint, Network

LAN = ipaddress.ip_network("10.89.0.0/23")


def network(**fields: Any) -> Network:
    given = {"subnet": "10.90.0.0/29", "gateway": "10.90.0.1"} | fields
    return Network(id="n", name="team", driver="bridge", created=datetime.now(UTC), **given)


def member(name: str, **asked: str) -> Member:
    return Member(container_id=f"id-{name}", name=name, network="team", asked=Endpoint(**asked))


def planned(**fields: Any) -> dict[str, Any]:
    return addresses.planned(CreateNetwork(name="n", **fields), taken=[], routes=[LAN])


def test_a_subnet_of_our_choosing_leads_nowhere_yet() -> None:
    assert planned()["subnet"] == "10.89.2.0/24"
    taken = [ipaddress.ip_network("10.89.2.0/24")]
    assert addresses.planned(CreateNetwork(name="n"), taken, [LAN])["subnet"] == "10.89.3.0/24"
    assert addresses.default_subnet([], []) == "10.88.0.0/16"
    assert addresses.default_subnet([], [ipaddress.ip_network("10.88.4.0/24")]) != "10.88.0.0/16"


def test_ipv6_is_given_where_it_is_asked_for() -> None:
    assert "subnet6" not in planned()
    fields = planned(ipv6=True)
    chosen = ipaddress.ip_network(fields["subnet6"])
    assert chosen.prefixlen == 64
    assert chosen.subnet_of(ipaddress.ip_network("fd00::/8"))  # type: ignore[arg-type]
    assert fields["gateway6"] == str(chosen[1])
    assert planned(subnet6="fd00:1::/64")["ipv6"] is True


def test_a_range_holds_the_gateway_and_the_members() -> None:
    fields = planned(subnet="10.90.0.0/24", ip_range="10.90.0.128/29")
    assert fields["gateway"] == "10.90.0.128"
    ranged = network(subnet="10.90.0.0/24", gateway="10.90.0.128", ip_range="10.90.0.128/29")
    assert addresses.pick(ranged, Endpoint())[0] == "10.90.0.129"


@pytest.mark.parametrize(
    "fields",
    [
        {"subnet": "10.90.0.1/24"},
        {"subnet": "somewhere"},
        {"subnet": "10.90.0.0/31"},
        {"subnet": "fd00::/64"},
        {"subnet": "10.90.0.0/24", "gateway": "10.91.0.1"},
        {"subnet": "10.90.0.0/24", "ip_range": "10.91.0.0/25"},
        {"subnet": "10.90.0.0/24", "reserved": {"router": "x"}},
        {"gateway6": "fd00::1"},
    ],
)
def test_what_is_no_network_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        planned(**fields)


def test_overlapping_another_network_is_refused() -> None:
    with pytest.raises(Conflict):
        addresses.planned(CreateNetwork(name="n", subnet="10.89.0.0/24"), [LAN], [])


def test_drivers_that_take_an_administrator_are_refused_in_a_sentence() -> None:
    for driver in ("macvlan", "ipvlan", "overlay"):
        with pytest.raises(Unsupported):
            addresses.check_driver(driver)
    addresses.check_driver("bridge")


def test_no_address_is_given_twice_and_each_is_free_again_at_the_end() -> None:
    now = network()
    for name in "abcde":
        now = brought_up(now, member(name))
    given = [each.ip_address for each in now.members]
    assert given == [f"10.90.0.{number}" for number in range(2, 7)]
    with pytest.raises(Conflict, match="full"):
        brought_up(now, member("f"))
    now = brought_down(now, "id-c", stays=False)
    assert entry_of(brought_up(now, member("f")), "id-f").ip_address == "10.90.0.4"  # type: ignore[union-attr]


def test_reserved_and_promised_addresses_are_nobodys_by_chance() -> None:
    now = network(reserved={"printer": "10.90.0.2"})
    assert entry_of(brought_up(now, member("a"), ["10.90.0.3"]), "id-a").ip_address == "10.90.0.4"  # type: ignore[union-attr]


def test_fixed_addresses_are_had_at_every_start() -> None:
    now = network(subnet6="fd00::/64", gateway6="fd00::1")
    fixed = Endpoint(ip="10.90.0.5", ip6="fd00::0005", mac="92-D0-C6-0A-29-33")
    now = added(now, "id-a", "a", fixed, is_up=False)
    for _ in range(2):
        now = brought_up(now, member("a"))
        entry = entry_of(now, "id-a")
        assert entry is not None
        assert (entry.ip_address, entry.ip6_address, entry.mac_address) == ("10.90.0.5", "fd00::5", "92:d0:c6:0a:29:33")
        with pytest.raises(Conflict):
            brought_up(now, member("b", ip="10.90.0.5"))
        now = brought_down(now, "id-a", stays=True)


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        (Endpoint(ip="10.91.0.5"), {}),
        (Endpoint(ip="10.90.0.1"), {}),
        (Endpoint(ip="ten"), {}),
        (Endpoint(ip6="fd00::5"), {}),
        (Endpoint(mac="92:d0"), {}),
        (Endpoint(ip="10.90.0.5"), {"builtin": True}),
    ],
)
def test_what_a_network_cannot_give_is_refused(asked: Endpoint, fields: dict[str, Any]) -> None:
    with pytest.raises(WherryError):
        addresses.check_asked(replace(network(), **fields), asked)


def test_the_hosts_routes_are_read() -> None:
    text = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    assert [str(each) for each in routes.parse_routes(text)] == ["192.168.2.0/24"]
    zero = "0" * 32
    six = (
        f"fd000000000000000000000000000000 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001     eth0\n"
        f"fe800000000000000000000000000000 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001     eth0\n"
        f"{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
    )
    assert [str(each) for each in routes.parse_routes6(six)] == ["fd00::/64"]


def test_the_default_network_is_called_what_people_call_it() -> None:
    default = Network(id="1" * 64, name="pasta", driver="pasta", created=datetime.now(UTC), builtin=True)
    with pytest.raises(Conflict, match="“bridge” is built in"):
        must_be_ours(default)
