"""Networks found by name and id, and containers by theirs; what is served of them to the names server."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from engine.errors import Code, Conflict, InvalidRequest, NotFound, StorageError, Unsupported
from engine.events.bus import EventBus
from engine.networks.known.addresses import (
    canonical,
    check_asked,
    check_driver,
    default_subnet,
    keeps_apart,
    mac_of,
    mtu_of,
    pick,
    planned,
)
from engine.networks.known.register import NetworkRegister, must_be_ours
from engine.networks.limits import egress
from engine.networks.neighbours.names_document import document, is_served, link_of, names_of, wants_host
from engine.state.database import Database
from engine.types.containers import ContainerSpec, PortMapping, Security
from engine.types.networks import CreateNetwork, Endpoint
from tests.unit.networks.made import a_container, a_network, member

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from engine.types.networks import Network


# --- found ---


CONTAINERS = [
    a_container("abcd" + "0" * 60, "one"),
    a_container("abce" + "0" * 60, "two"),
    a_container("f" * 64, "abcd"),
]


@pytest.fixture
async def register(tmp_path: Path) -> AsyncIterator[NetworkRegister]:
    database = await Database.open(tmp_path / "state.db")
    made = NetworkRegister(database, EventBus(), lambda: CONTAINERS)
    await made.open()
    await made.add(a_network())
    yield made
    await database.close()


async def test_a_container_is_found_by_name_before_the_beginning_of_an_id(register: NetworkRegister) -> None:
    assert register.find_container("abcd").name == "abcd"
    assert register.find_container("abcd0").name == "one"
    assert register.find_container("f" * 64).name == "abcd"
    with pytest.raises(Conflict) as caught:
        register.find_container("abc")
    assert caught.value.code is Code.AMBIGUOUS
    assert (caught.value.subject, caught.value.explanation, caught.value.hint) == (
        "abc",
        "one, two",
        "Give more of the id, or the name.",
    )
    for wanted in ("", "nobody"):
        with pytest.raises(NotFound, match=f"^No such container: {wanted}") as none:
            register.find_container(wanted)
        assert none.value.subject == wanted


async def test_a_network_is_found_by_all_it_is_called(register: NetworkRegister) -> None:
    assert {register.find(name).name for name in ("default", "bridge", "pasta")} == {"pasta"}
    assert register.find("null").name == "none"
    for name in ("front", "ab" * 32, "abab"):
        assert register.find(name).name == "front"
    for name in ("", "nothing"):
        with pytest.raises(NotFound) as caught:
            register.find(name)
        assert (caught.value.subject, caught.value.docker) == (name, f"network {name} not found")
        assert caught.value.hint == f"Make it: wherry network create {name}"
    with pytest.raises(Conflict, match="“host” is built in") as built:
        must_be_ours(register.find("host"))
    assert built.value.explanation == "It cannot be changed, nor joined beside another."
    assert built.value.subject == register.find("host").id
    must_be_ours(register.find("front"))


async def test_what_changed_is_there_after_a_new_start(register: NetworkRegister, tmp_path: Path) -> None:
    network = register.find("front")
    await register.change(network.id, lambda now: a_network(labels={"k": "v"}))
    again = NetworkRegister(register._database, EventBus(), list)
    await again.open()
    assert again.find("front").labels == {"k": "v"}
    assert [str(each) for each in again.subnets()] == ["10.1.0.0/29"]
    await register.remove(register.find("front"))
    again = NetworkRegister(register._database, EventBus(), list)
    await again.open()
    assert {each.name for each in again} == {"pasta", "host", "none"}
    assert all(len(each.id) == 64 for each in again)
    with pytest.raises(NotFound, match="The network is gone") as gone:
        await again.change("nothing", lambda now: now)
    assert gone.value.subject == "nothing"


async def test_who_was_made_for_the_default_network_stands_in_no_row_of_it(register: NetworkRegister) -> None:
    """A start writes no second row for an address that stands in its container's."""
    default = register.find("bridge")
    beside = member("b", "10.88.0.3", is_beside=True)
    pod = member("pod-" + "p" * 60, "10.88.0.4")
    register.change_now(default.id, lambda now: replace(now, members=(member("a", "10.88.0.2"), beside, pod)))
    await register.pay()
    again = NetworkRegister(register._database, EventBus(), list)
    await again.open()
    kept = [each.container_id for each in again.find("bridge").members]
    assert "a" not in kept
    assert "b" in kept
    assert len(register.find("bridge").members) == 3


async def test_changes_side_by_side_share_a_row(register: NetworkRegister, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    execute = register._database.execute

    async def noted(sql: str, parameters: Any = ()) -> int:
        written.append(sql.split()[0])
        return await execute(sql, parameters)

    monkeypatch.setattr(register._database, "execute", noted)
    network = register.find("front")
    for number in (2, 3):
        register.change_now(network.id, partial(with_member, key=f"m{number}", ip=f"10.1.0.{number}"))
    await asyncio.gather(register.pay(), register.pay(), register.change(network.id, lambda now: now))
    assert written == ["INSERT"]
    await register.pay()
    assert written == ["INSERT"], "nothing is owed"
    again = NetworkRegister(register._database, EventBus(), list)
    await again.open()
    assert [each.container_id for each in again.find("front").members] == ["m2", "m3"]


def with_member(now: Network, *, key: str, ip: str) -> Network:
    return replace(now, members=(*now.members, member(key, ip)))


async def test_a_change_that_could_not_be_written_is_taken_back_unless_another_came(
    register: NetworkRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = register.find("front")
    others: list[Callable[[], object]] = []

    async def full(sql: str, parameters: Any = ()) -> int:
        for each in others:
            each()
        raise StorageError("The disk is full", code=Code.DISK_FULL)

    monkeypatch.setattr(register._database, "execute", full)
    with pytest.raises(StorageError):
        await register.change(network.id, partial(with_member, key="a", ip="10.1.0.2"))
    assert register.find("front").members == ()
    others.append(lambda: register.change_now(network.id, partial(with_member, key="b", ip="10.1.0.3")))
    with pytest.raises(StorageError):
        await register.change(network.id, partial(with_member, key="a", ip="10.1.0.2"))
    assert [each.container_id for each in register.find("front").members] == ["a", "b"]
    after = await register.change(network.id, partial(with_member, key="c", ip="10.1.0.4"), when_it_fits=True)
    assert [each.container_id for each in after.members][-1] == "c"

    async def broken(sql: str, parameters: Any = ()) -> int:
        raise StorageError("The disk is broken", code=Code.CORRUPT)

    monkeypatch.setattr(register._database, "execute", broken)
    with pytest.raises(StorageError):
        await register.change(network.id, lambda now: replace(now, members=()), when_it_fits=True)


async def test_a_network_whose_making_is_called_off_is_none(
    register: NetworkRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    execute = register._database.execute

    async def called_off(sql: str, parameters: Any = ()) -> int:
        written.append(sql.split()[0])
        done = await execute(sql, parameters)
        if sql.startswith("INSERT"):
            raise asyncio.CancelledError
        return done

    monkeypatch.setattr(register._database, "execute", called_off)
    with pytest.raises(asyncio.CancelledError):
        await register.add(a_network("late", id="ef" * 32))
    assert written == ["INSERT", "DELETE"]
    again = NetworkRegister(register._database, EventBus(), list)
    await again.open()
    for each in (register, again):
        with pytest.raises(NotFound):
            each.find("late")


# --- addresses ---


@pytest.mark.parametrize(
    ("options", "mtu"),
    [
        ({}, 0),
        ({"mtu": "1400"}, 1400),
        ({"com.docker.network.driver.mtu": "68", "mtu": "9"}, 68),
        ({"mtu": "65535"}, 65535),
    ],
)
def test_the_largest_packet_of_a_network(options: dict[str, str], mtu: int) -> None:
    assert mtu_of(options) == mtu


@pytest.mark.parametrize("text", ["67", "65536", "-1", "many", "1.5"])
def test_what_is_no_mtu(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is no MTU"):
        mtu_of({"mtu": text})


def test_members_are_kept_apart_where_docker_says_so() -> None:
    option = "com.docker.network.bridge.enable_icc"
    assert [keeps_apart({option: text}) for text in ("false", "0", "F", "true", "1", "")] == [True] * 3 + [False] * 3
    assert not keeps_apart({})


@pytest.mark.parametrize(
    ("driver", "words"), [("macvlan", "administrator"), ("ipvlan", "administrator"), ("weave", "bridge")]
)
def test_other_drivers_are_refused_with_what_to_use(driver: str, words: str) -> None:
    with pytest.raises(Unsupported, match=f"“{driver}”") as caught:
        check_driver(driver)
    assert words in str(caught.value)
    assert caught.value.hint.startswith("Use “bridge”")


def test_the_drivers_there_are() -> None:
    for driver in ("bridge", "default", ""):
        check_driver(driver)


def subnets(*texts: str) -> Any:
    import ipaddress

    return [ipaddress.ip_network(text) for text in texts]


def test_subnets_are_taken_from_one_pool_after_the_other() -> None:
    def chosen(*taken: str) -> Any:
        return planned(CreateNetwork(name="x"), subnets(*taken), [])["subnet"]

    assert chosen() == "10.89.0.0/24"
    assert chosen("10.89.0.0/24", "fd00::/64") == "10.89.1.0/24"
    assert chosen("10.89.0.0/16") == "10.90.0.0/24"
    assert chosen("10.88.0.0/13") == "192.168.128.0/24"
    with pytest.raises(Conflict, match="no subnet left"):
        chosen("10.0.0.0/8", "192.168.0.0/16")
    assert planned(CreateNetwork(name="x"), [], subnets("10.89.0.0/24"))["subnet"] == "10.89.1.0/24"


def test_the_default_network_goes_where_nobody_is() -> None:
    assert default_subnet([], []) == "10.88.0.0/16"
    assert default_subnet(subnets("10.88.3.0/24"), subnets("10.86.0.0/16", "fd00::/8")) == "172.27.0.0/16"
    assert default_subnet(subnets("0.0.0.0/0"), []) == "10.88.0.0/16"


def test_a_network_is_planned_as_it_was_asked_for() -> None:
    request = CreateNetwork(
        name="x",
        subnet="10.5.0.0/24",
        gateway="10.5.0.9",
        ip_range="10.5.0.129/25",
        subnet6="fd00:1::/64",
        reserved={"router": "10.5.0.2"},
    )
    assert planned(request, [], []) == {
        "subnet": "10.5.0.0/24",
        "gateway": "10.5.0.9",
        "ip_range": "10.5.0.128/25",
        "ipv6": True,
        "reserved": {"router": "10.5.0.2"},
        "subnet6": "fd00:1::/64",
        "gateway6": "fd00:1::1",
        "ip_range6": "",
    }
    ranged = planned(CreateNetwork(name="x", subnet="10.5.0.0/24", ip_range="10.5.0.128/25"), [], [])
    assert ranged["gateway"] == "10.5.0.128"
    six = planned(CreateNetwork(name="x", ipv6=True), [], [])
    assert str(six["subnet6"]).startswith("fd")
    assert str(six["subnet6"]).endswith("::/64")


@pytest.mark.parametrize(
    ("fields", "words", "docker"),
    [
        ({"subnet": "10.5.0.1/24"}, "is no subnet", "invalid subnet 10.5.0.1/24: it should be 10.5.0.0/24"),
        ({"subnet": "nonsense"}, "is no subnet", "invalid subnet nonsense: invalid CIDR block notation"),
        ({"subnet": "fd00::/64"}, "no subnet of IPv4", ""),
        ({"subnet": "10.5.0.0/31"}, "no room for a gateway", ""),
        (
            {"subnet": "10.5.0.0/24", "gateway": "10.6.0.1"},
            "is no address in",
            "parent subnet 10.5.0.0/24 doesn't contain",
        ),
        ({"subnet": "10.5.0.0/24", "gateway": "x"}, "is no address in", "invalid gateway x"),
        ({"subnet": "10.5.0.0/24", "ip_range": "10.6.0.0/25"}, "is no range in", "invalid ip-range 10.6.0.0/25"),
        ({"subnet": "10.5.0.0/24", "ip_range": "fd00::/70"}, "is no range in", "invalid ip-range"),
        ({"gateway6": "fd00::1"}, "needs an IPv6 subnet", ""),
        ({"ip_range6": "fd00::/80"}, "needs an IPv6 subnet", ""),
        ({"reserved": {"router": "nowhere"}}, "is no address", ""),
    ],
)
def test_a_refusal_says_what_is_wrong(fields: dict[str, Any], words: str, docker: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        planned(CreateNetwork(name="x", **fields), [], [])
    assert docker in caught.value.docker
    assert bool(docker) == bool(caught.value.docker)
    assert caught.value.subject in ("", *map(str, fields.values()))
    if "gateway" in fields:
        assert caught.value.explanation == "A network's gateway is one of its own addresses."
        assert caught.value.subject == fields["gateway"]


def test_the_smallest_network_has_a_gateway_and_a_member() -> None:
    fields = planned(CreateNetwork(name="x", subnet="10.5.0.0/30"), [], [])
    network = a_network(subnet=fields["subnet"], gateway=fields["gateway"])
    assert pick(network, Endpoint())[0] == "10.5.0.2"
    with pytest.raises(Conflict, match="is full") as caught:
        pick(a_network(subnet="10.5.0.0/30", gateway="10.5.0.1", members=(member("a", "10.5.0.2"),)), Endpoint())
    assert caught.value.subject == network.id


def test_an_address_decides_the_hardware_address() -> None:
    assert mac_of("10.1.0.255") == "02:59:0a:01:00:ff"
    assert pick(a_network(), Endpoint()) == ("10.1.0.2", "", "02:59:0a:01:00:02")
    assert pick(a_network(), Endpoint(mac="AA-BB-CC-DD-EE-FF"))[2] == "aa:bb:cc:dd:ee:ff"
    six = a_network(subnet6="fd00::/64", gateway6="fd00::1")
    assert pick(six, Endpoint(ip6="fd00:0::0:7"))[1] == "fd00::7"
    assert pick(six, Endpoint())[1] == "fd00::2"
    assert canonical("") == ""
    with pytest.raises(Conflict) as caught:
        pick(a_network(members=(member("a", "10.1.0.3"),)), Endpoint(ip="10.1.0.3"))
    assert (caught.value.code, caught.value.subject, caught.value.docker) == (
        Code.IN_USE,
        "10.1.0.3",
        "Address already in use",
    )


@pytest.mark.parametrize("name", ["lo", ".x", "a b", "x" * 16, "ä"])
def test_what_is_no_interface(name: str) -> None:
    with pytest.raises(InvalidRequest, match="no name for an interface"):
        check_asked(a_network(), Endpoint(interface=name))


def test_what_a_network_can_give() -> None:
    six = a_network(subnet6="fd00::/64", gateway6="fd00::1")
    for asked in (Endpoint(interface="x" * 15), Endpoint(ip="10.1.0.3", ip6="fd00::3", mac="02:00:00:00:00:01")):
        check_asked(six, asked)
    check_asked(six, Endpoint(mac="AA:BB:CC:DD:EE:FF"))
    for network, asked, words, docker in (
        (six, Endpoint(ip="10.1.0.1"), "is the gateway", "Address already in use"),
        (six, Endpoint(ip6="fd00::1"), "is the gateway", "Address already in use"),
        (
            six, Endpoint(ip="10.2.0.1"), "is no address of",
            "no configured subnet or ip-range contain the IP address 10.2.0.1",
        ),
        (six, Endpoint(mac="02:00"), "no MAC address", "invalid MAC address 02:00"),
        (
            a_network(), Endpoint(ip6="fd00::3"), "has no IPv6 addresses",
            "invalid endpoint settings: no configured subnet contains IP address fd00::3",
        ),
        (
            a_network(subnet=""), Endpoint(ip="10.1.0.3"), "has no IPv4 addresses",
            "invalid endpoint settings: no configured subnet contains IP address 10.1.0.3",
        ),
        (
            a_network(builtin=True), Endpoint(ip="10.1.0.3"), "needs a network of one's own",
            "invalid config for network bridge: invalid endpoint settings:\n"
            "user specified IP address is supported on user defined networks only",
        ),
    ):  # fmt: skip
        with pytest.raises((Conflict, InvalidRequest), match=words) as caught:
            check_asked(network, asked)
        assert caught.value.docker == docker


# --- what a container may reach ---


@pytest.mark.parametrize(
    ("text", "names", "networks"),
    [
        ("none", (), ()),
        (" Example.org, *.debian.org\n10.1.2.3/8 ", ("example.org", "*.debian.org"), ("10.0.0.0/8",)),
        ("10.0.0.1 fd00::/8 a a", ("a",), ("10.0.0.1/32", "fd00::/8")),
        ("", (), ()),
    ],
)
def test_a_list_is_names_and_networks(text: str, names: tuple[str, ...], networks: tuple[str, ...]) -> None:
    assert egress.read(text) == egress.Egress(names=names, networks=networks)


@pytest.mark.parametrize(
    "text", ["http://x", "*", "a..b", "-a", "a.*.b", "x" * 64, "none,none,ä", ".".join(["a" * 60] * 5)]
)
def test_what_is_neither_a_name_nor_a_network(text: str) -> None:
    with pytest.raises(InvalidRequest, match="neither a name nor a network"):
        egress.read(text)
    with pytest.raises(InvalidRequest, match="more than 500"):
        egress.read("a " * 501)
    assert egress.read("a " * 500).names == ("a",)
    longest = ".".join(["a" * 60] * 4 + ["a" * 9])
    assert egress.read(longest).names == (longest,)
    with pytest.raises(InvalidRequest, match="neither a name"):
        egress.read(longest + "a")


def test_a_containers_own_list_goes_before_its_networks() -> None:
    one, two = a_network(labels={egress.LABEL: "a,10.0.0.0/8"}), a_network(labels={egress.LABEL: "b a"})
    assert egress.of({}, [a_network()]) is None
    assert egress.of({egress.LABEL: "none"}, [one]) == egress.Egress()
    assert egress.of({}, [one, a_network(), two]) == egress.Egress(names=("a", "b"), networks=("10.0.0.0/8",))


@pytest.mark.parametrize("network", ["host", "container:x", "pod:x"])
def test_a_list_needs_a_network_of_the_containers_own(network: str) -> None:
    labels = {egress.LABEL: "a"}
    with pytest.raises(InvalidRequest, match="What uses the network of this computer, of a pod"):
        egress.check(ContainerSpec(image="i", network=network, labels=labels))
    egress.check(ContainerSpec(image="i", network=network))
    egress.check(ContainerSpec(image="i", network="front", labels=labels))


@pytest.mark.parametrize("added", ["ALL", "net_admin", "CAP_NET_RAW", "SYS_ADMIN"])
def test_who_could_open_the_gate_is_refused(added: str) -> None:
    labels = {egress.LABEL: "a"}
    for security in (Security(capabilities_add=(added,)), Security(privileged=True)):
        with pytest.raises(InvalidRequest, match="cannot be limited"):
            egress.check(ContainerSpec(image="i", labels=labels, security=security))
    held = egress.held_to(
        ContainerSpec(image="i", security=Security(capabilities_drop=("CHOWN",), capabilities_add=("KILL",)))
    )
    assert held.security.capabilities_drop == ("CHOWN", "NET_RAW")


# --- what the names server is told ---


def test_what_members_see_of_each_other() -> None:
    web = a_container(
        "w" * 64,
        "web",
        spec={"network": "front", "dns": ("9.9.9.9",), "links": ("db:store",), "extra_hosts": ("up:host-gateway",)},
    )
    front = a_network(members=(member(web.id, "10.1.0.2", aliases=("www",)), member("off")))
    back = a_network(
        "back",
        id="cd" * 32,
        internal=True,
        subnet="10.2.0.0/24",
        gateway="10.2.0.1",
        members=(
            member(web.id, "10.2.0.2", asked=Endpoint(links=("cache",))),
            member("db", "10.2.0.3"),
        ),
    )
    idle = a_network("idle", id="ef" * 32)
    port = PortMapping(container_port=53, host_port=5353, protocol="udp")

    told = document(
        [back, front, idle],
        {web.id: web},
        namespace=lambda each: Path(f"/ns/{each.name}"),
        home=lambda key: Path(f"/home/{key}"),
        times_made=lambda each: 7,
        host=lambda: "169.254.1.1",
        relays=[(Path("/ns/web"), port)],
    )

    assert told["networks"] == {
        back.id: {
            "name": "back",
            "netns": "/ns/back",
            "made": 7,
            "address": "10.2.0.1",
            "subnets": ["10.2.0.0/24", ""],
        },
        front.id: {
            "name": "front",
            "netns": "/ns/front",
            "made": 7,
            "address": "10.1.0.1",
            "subnets": ["10.1.0.0/29", ""],
        },
    }
    assert told["relays"] == [{"netns": "/ns/web", "host": 5353, "to": 53}]
    first, second = told["members"]
    assert first == {
        "key": web.id,
        "places": [
            {"network": front.id, "ip": "10.1.0.2", "ip6": "", "names": [web.id, "w" * 12, "www"]},
            {"network": back.id, "ip": "10.2.0.2", "ip6": "", "names": [web.id, "w" * 12]},
        ],
        "way_out": True,
        "servers": ["9.9.9.9"],
        "host": "169.254.1.1",
        "links": {"store": "db", "cache": "cache"},
    }
    assert (second["key"], second["way_out"], second["host"], second["links"]) == ("db", False, "", {})


def test_whose_reach_is_limited_is_told_with_its_home_and_its_neighbours() -> None:
    web = a_container(
        "w", spec={"network": "pasta", "labels": {egress.LABEL: "a,10.9.0.0/16"}, "extra_hosts": ("x:host-gateway",)}
    )
    default = a_network("pasta", builtin=True, members=(member("w", "10.1.0.2"),))
    (row,) = document(
        [default],
        {"w": web},
        namespace=lambda _: Path("/n"),
        home=lambda key: Path("/home") / key,
        times_made=lambda _: 0,
        host=lambda: "169.254.1.1",
    )["members"]
    assert (row["netns"], row["way_out"]) == ("/home/w", True)
    assert row["egress"] == {"names": ("a",), "networks": ("10.9.0.0/16",), "near": ["10.1.0.0/29", "169.254.1.1"]}
    assert is_served(default, {"w"})
    assert not is_served(default, {"other"})
    assert is_served(a_network(), set())


def test_who_was_made_for_the_default_network_has_a_way_out_whatever_it_joined() -> None:
    inner = a_network("inner", internal=True, members=(member("w", "10.1.0.2"), member("v", "10.1.0.3")))
    containers = {key: a_container(key, spec={"network": network}) for key, network in (("w", "pasta"), ("v", "inner"))}
    told = document(
        [inner], containers, namespace=lambda _: Path("/n"), home=Path, times_made=lambda _: 0, host=lambda: ""
    )
    assert [each["way_out"] for each in told["members"]] == [True, False]
    assert told["relays"] == []


def test_the_words_of_a_link_and_of_a_member() -> None:
    assert [link_of(text) for text in ("/db:web/Store", "DB", "db:store")] == [
        ("store", "db"),
        ("db", "db"),
        ("store", "db"),
    ]
    assert names_of(member("a" * 64, aliases=("a" * 12, "x"))) == ["a" * 64, "a" * 12, "x"]
    assert wants_host(["a:1.2.3.4", "b:host-gateway"])
    assert not wants_host(["host-gateway:1.2.3.4", "b:hostgateway"])
