"""What of the host counts: who holds which port, by files of /proc of the test's own; routes; the resolvers' file."""

from __future__ import annotations

import errno
import os
import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, HostError, InvalidRequest
from engine.networks.host import ports, resolvers, routes
from engine.networks.host.ports import Listener, Owner, PortClaims, as_picked, check_mapping, parse_sockets, settle
from engine.networks.limits import filtering, isolation
from engine.networks.limits.egress import LABEL
from engine.processes.ask import Answer
from engine.types.containers import ContainerSpec, PortMapping
from engine.types.networks import HostPort
from tests.unit.networks.made import a_container

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Proc:
    """Sockets by the table they stand in, and processes by what they have open."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "net").mkdir()

    def listens(self, table: str, *sockets: tuple[str, int, int], state: str = "0A") -> None:
        rows = ["head"]
        for address, port, inode in sockets:
            packed = (IPv6Address if ":" in address else IPv4Address)(address).packed
            words = "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))
            rows.append(f"0: {words}:{port:04X} 0:0 {state} 0:0 0:0 0 0 0 {inode} 1")
        (self.place / "net" / table).write_text("\n".join(rows) + "\n")

    def runs(self, pid: int, name: str, *inodes: int) -> None:
        (self.place / f"{pid}/fd").mkdir(parents=True)
        if name:
            (self.place / f"{pid}/comm").write_text(f"{name}\n")
        for number, inode in enumerate(inodes):
            (self.place / f"{pid}/fd/{number}").symlink_to(f"socket:[{inode}]")


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proc:
    monkeypatch.setattr(ports, "_PROC", tmp_path)
    return Proc(tmp_path)


def at(port: int, host_ip: str = "", **more: Any) -> PortMapping:
    return PortMapping(**({"container_port": 80, "host_port": port, "host_ip": host_ip} | more))


# --- who listens ---


def test_addresses_of_both_kinds_are_read_as_they_are(proc: Proc) -> None:
    proc.listens("tcp", ("192.168.200.254", 80, 1))
    proc.listens("tcp6", ("2001:db8:8765:4321:fedc:ba98::1", 65535, 2))
    proc.listens("udp", ("255.255.255.255", 53, 3), state="07")
    assert ports.listeners() == [
        Listener("tcp", "192.168.200.254", 80, 1),
        Listener("tcp", "2001:db8:8765:4321:fedc:ba98:0:1", 65535, 2),
        Listener("udp", "255.255.255.255", 53, 3),
    ]


def test_a_line_of_ten_words_is_enough() -> None:
    row = "0: 0100007F:0050 0:0 0A 0:0 0:0 0 0 0 5"
    assert [each.inode for each in parse_sockets(f"head\n{row}", "tcp")] == [5]
    assert list(parse_sockets(f"head\n{row.removesuffix(' 5')}", "tcp")) == []
    assert list(parse_sockets(row, "tcp")) == []


def test_owners_are_the_processes_that_have_the_sockets_open(proc: Proc) -> None:
    proc.runs(7, "nginx", 5, 4)
    proc.runs(8, "", 6)
    proc.runs(9, "idle")
    (proc.place / "10").mkdir()
    (proc.place / "self").symlink_to("7")
    assert ports.owners([4, 6, 0, 99]) == {4: Owner(7, "nginx"), 6: Owner(8, "")}
    assert ports.owners([]) == {}


def test_every_port_is_told_with_its_holder_and_its_container(proc: Proc) -> None:
    proc.listens("tcp", ("0.0.0.0", 8080, 1), ("127.0.0.1", 22, 2))
    proc.listens("udp", ("0.0.0.0", 8080, 3), ("10.0.0.1", 22, 9), state="07")
    proc.runs(7, "pasta", 1, 3)
    proc.runs(8, "sshd", 2)
    web = a_container("web", pid=5, ports=(at(8080), at(9999)))
    rests = a_container("rests", pid=0, ports=(at(22),))
    assert ports.who_listens([web, rests]) == [
        HostPort(port=22, protocol="tcp", address="127.0.0.1", pid=8, process="sshd"),
        HostPort(port=22, protocol="udp", address="10.0.0.1"),
        HostPort(
            port=8080, protocol="tcp", address="0.0.0.0", container_id="web", container_port=80, pid=7, process="pasta"
        ),
        HostPort(port=8080, protocol="udp", address="0.0.0.0", pid=7, process="pasta"),
    ]


@pytest.mark.parametrize(
    ("port", "holder"),
    [
        (at(80), 1),
        (at(80, "10.0.0.1"), 1),
        (at(81), 2),
        (at(81, "127.0.0.1"), 2),
        (at(81, "10.0.0.1"), 0),
        (at(81, "0.0.0.0"), 2),
        (at(82), 0),
        (at(80, protocol="udp"), 0),
        (at(83), 0),
        (at(84, "::1"), 4),
    ],
)
def test_whose_port_is_in_the_way(proc: Proc, port: PortMapping, holder: int) -> None:
    proc.listens("tcp", ("0.0.0.0", 80, 1), ("127.0.0.1", 81, 2), ("0.0.0.0", 83, 3))
    proc.listens("tcp6", ("::", 84, 4))
    for inode in (1, 2, 4):
        proc.runs(inode, f"p{inode}", inode)
    found = ports.holder_of(port)
    assert (found.pid if found else 0) == holder


# --- numbers that are picked ---


class Host:
    """Which numbers can be bound; what the kernel chooses next."""

    def __init__(self, free: Sequence[int] = (), taken: Sequence[int] = (), error: int = errno.EADDRINUSE) -> None:
        self.free, self.taken, self.error = list(free), set(taken), error
        self.tried: list[tuple[int, str, str]] = []

    def bind(self, port: PortMapping) -> int:
        self.tried.append((port.host_port, port.protocol, port.host_ip))
        if port.host_port in self.taken:
            raise OSError(self.error, "no")
        return port.host_port or self.free.pop(0)


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch, proc: Proc) -> Any:
    def made(**more: Any) -> Host:
        found = Host(**more)
        monkeypatch.setattr(ports, "_bind", found.bind)
        return found

    return made


def test_a_picked_number_is_none_of_the_containers_others(bound: Any) -> None:
    host = bound(free=[5000, 5001, 5002])
    settled = settle([at(5000), at(0), at(0, container_port=81)])
    assert [each.host_port for each in settled] == [5000, 5001, 5002]
    assert host.tried == [(5000, "tcp", ""), *[(0, "tcp", "")] * 3]


def test_a_number_that_was_given_out_is_not_given_again(bound: Any) -> None:
    bound(free=[5000, 5001, 5000, 5002])
    claims = PortClaims()
    with claims.settled([at(0)]) as one, claims.settled([at(0)]) as two:
        assert (one[0].host_port, two[0].host_port) == (5000, 5001)
    with claims.settled([at(0)]) as again:
        assert again[0].host_port == 5000
    assert claims._claimed == []


def test_datagrams_have_the_same_number_outside_where_they_can(bound: Any) -> None:
    bound(free=[5000])
    assert [each.host_port for each in settle([at(0, protocol="udp", container_port=53)])] == [53]
    bound(free=[5000], taken=[53])
    assert [each.host_port for each in settle([at(0, protocol="udp", container_port=53)])] == [5000]


def test_of_a_range_those_that_are_held_are_passed_over(bound: Any) -> None:
    bound(taken=[8000, 8002])
    wanted = at(8000, host_port_last=8003)
    assert [each.host_port for each in settle([wanted, wanted])] == [8001, 8003]
    with pytest.raises(Conflict, match="No port from 8000 to 8003 is free") as caught:
        settle([wanted] * 3)
    assert (caught.value.subject, caught.value.hint) == (
        "8000-8003/tcp",
        "Choose a wider range, or leave the host port out to have one picked.",
    )


def test_a_host_without_a_free_number_is_told(bound: Any) -> None:
    bound(taken=[0])
    with pytest.raises(Conflict) as caught:
        settle([at(0)], named=lambda pid: "web")
    assert (caught.value.code, caught.value.subject) == (Code.PORT_IN_USE, "0/tcp")


def test_what_we_hold_ourselves_is_not_tried(bound: Any) -> None:
    host = bound(taken=[8080])
    assert settle([at(8080)], already=[at(8080)]) == (at(8080),)
    for other in (at(8080, "127.0.0.1"), at(8080, protocol="udp")):
        with pytest.raises(Conflict):
            settle([at(8080)], already=[other])
    assert len(host.tried) == 2


def test_why_a_number_cannot_be_had(bound: Any, proc: Proc) -> None:
    proc.listens("tcp", ("0.0.0.0", 8080, 1))
    proc.runs(7, "pasta", 1)
    bound(taken=[8080])
    with pytest.raises(Conflict) as held:
        settle([at(8080)], named=lambda pid: "web" if pid == 7 else "")
    assert held.value.explanation == "It is held by the container “web”, through pasta (process 7)."
    assert held.value.hint == "Stop that one, or publish on another host port (0 picks a free one)."
    bound(taken=[80], error=errno.EACCES)
    with pytest.raises(HostError) as low:
        settle([at(80)])
    assert low.value.explanation.startswith("An ordinary user may open ports from ")
    assert low.value.hint == ("Use a higher host port, or allow it: sudo sysctl net.ipv4.ip_unprivileged_port_start=80")
    bound(taken=[80], error=errno.EPERM)
    with pytest.raises(HostError):
        settle([at(80)])


def test_a_trial_is_of_the_kind_and_place_that_is_wanted() -> None:
    for kind, protocol in ((socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")):
        with socket.socket(socket.AF_INET, kind) as holder:
            holder.bind(("127.0.0.1", 0))
            number = holder.getsockname()[1]
            if kind == socket.SOCK_STREAM:
                holder.listen()
            with pytest.raises(OSError, match="in use"):
                ports._bind(at(number, "127.0.0.1", protocol=protocol))
            assert ports._bind(at(number, "127.0.0.2", protocol=protocol)) == number
        assert ports._bind(at(number, "127.0.0.1", protocol=protocol)) == number


def test_numbers_that_were_picked_are_kept_where_they_can_be() -> None:
    picked = at(0)
    assert as_picked([picked], [at(5000)]) == (at(5000),)
    assert as_picked([picked], [at(5000, container_port=81)]) == (picked,)
    assert as_picked([picked], [at(5000, "127.0.0.1")]) == (picked,)
    assert as_picked([picked], [at(5000, protocol="udp")]) == (picked,)
    assert as_picked([picked], [at(0)]) == (picked,)
    assert as_picked([picked, at(5000)], [at(5000)]) == (picked, at(5000)), "somebody wants it for sure"
    ranged = at(5000, host_port_last=5009)
    for number, kept in ((5000, True), (5009, True), (4999, False), (5010, False)):
        assert (as_picked([ranged], [at(number)]) == (at(number),)) is kept


@pytest.mark.parametrize(("first", "last", "fits"), [(1, 1, True), (1, 65535, True), (2, 1, False), (1, 65536, False)])
def test_ranges_of_ports(first: int, last: int, fits: bool) -> None:
    wanted = at(first, host_port_last=last)
    if fits:
        check_mapping(wanted)
    else:
        with pytest.raises(InvalidRequest, match=f"{first}-{last} is no range of ports"):
            check_mapping(wanted)


def test_numbers_that_are_no_ports() -> None:
    for wanted in (at(1, container_port=0), at(65536), at(-1), at(1, container_port=65536)):
        with pytest.raises(InvalidRequest, match="A port is a number from 1 to 65535"):
            check_mapping(wanted)
    check_mapping(at(65535, container_port=65535))
    check_mapping(at(0))


@pytest.mark.parametrize(("text", "start"), [("80\n", 80), ("many", 1024), (None, 1024)])
def test_from_where_on_ports_are_everybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, start: int
) -> None:
    place = tmp_path / "start"
    if text is not None:
        place.write_text(text)
    monkeypatch.setattr(ports, "Path", lambda name: place if "unprivileged" in name else None)
    assert ports.unprivileged_start() == start


# --- routes ---


def test_short_lines_are_no_routes() -> None:
    four = "lan 0002A8C0 00000000 1 0 0 0 00FFFFFF"
    assert [str(each) for each in routes.parse_routes(f"head\n{four}\n")] == ["192.168.2.0/24"]
    assert list(routes.parse_routes(f"head\n{four.rsplit(' ', 1)[0]}\n")) == []
    six = "fd000000000000000000000000000000 40 0 0 0 0 0 0 0 lan"
    assert [str(each) for each in routes.parse_routes6(six)] == ["fd00::/64"]
    assert list(routes.parse_routes6(six.rsplit(" ", 1)[0])) == []


def test_a_host_without_a_network_is_told_what_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "leads_out", lambda: False)
    [told] = routes.offline_warning()
    assert told.startswith("This computer has no network now: the container reaches itself, its neighbours and this")
    assert told.endswith("and the world as soon as the network is back.")


@pytest.mark.parametrize(("address", "family"), [("fd00::1", socket.AF_INET6), ("10.0.0.1", socket.AF_INET)])
def test_an_address_is_tried_in_its_own_kind(monkeypatch: pytest.MonkeyPatch, address: str, family: int) -> None:
    asked: list[tuple[Any, ...]] = []

    class Trial:
        def __init__(self, *words: Any) -> None:
            asked.append(words)

        def bind(self, place: tuple[str, int]) -> None:
            asked.append(place)

        def __enter__(self) -> Trial:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(socket, "socket", Trial)
    assert routes.is_here(address)
    assert asked == [(family, socket.SOCK_DGRAM), (address, 0)]


# --- resolvers ---


def test_the_hosts_file_is_read_as_it_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "resolv.conf"
    monkeypatch.setattr(resolvers, "HOST_FILE", place)
    assert resolvers.host_text() == ""
    place.write_bytes(b"nameserver 192.0.2.1\n# caf\xe9\n")
    assert resolvers.host_text() == "nameserver 192.0.2.1\n# caf\ufffd\n"
    monkeypatch.setattr(resolvers, "_LARGEST", 10)
    assert resolvers.host_text() == "nameserver"


def test_values_of_a_word_in_that_file() -> None:
    text = "#nameserver a\n;nameserver b\nnameserver c\nnameserver\td  \nnameservers e\n nameserver f\nnameserver\n"
    assert resolvers.values(text, "nameserver") == ["c", "d"]


@pytest.mark.parametrize(
    ("server", "there"),
    [
        ("127.0.0.53", False),
        ("::1", False),
        ("::1%lo", False),
        ("192.0.2.1", True),
        ("fe80::1%eth0", True),
        ("x", True),
    ],
)
def test_which_servers_containers_can_ask_themselves(server: str, there: bool) -> None:
    assert resolvers.reachable(f"nameserver {server}\n") == ([server] if there else [])


# --- what a list or being alone asks of a container ---


@pytest.mark.parametrize(
    ("output", "said", "warned"),
    [
        ("there\n", "", False),
        ("refused: Operation not permitted\n", "Operation not permitted", True),
        ("", None, False),
        ("python: no", None, False),
    ],
)
def test_whether_the_kernel_has_a_filter_for_us(output: str, said: str | None, warned: bool) -> None:
    asked: list[Sequence[str]] = []

    def ask(argv: Sequence[str]) -> Answer:
        asked.append(argv)
        return Answer(0, output, "")

    assert filtering.complaint(ask) == said
    [argv] = asked
    assert list(argv[:4]) == ["unshare", "--user", "--map-root-user", "--net"]
    assert list(argv[5:7]) == ["-I", "-S"]
    assert os.path.isabs(argv[4])
    assert os.path.isfile(os.path.join(argv[7], "__main__.py"))
    assert argv[8:] == ["try-filter"]
    found = filtering.warning(said)
    assert len(found) == warned
    for each in found:
        assert each == (f"This kernel has no packet filter (nf_tables) for your user ({said}): {filtering.WITHOUT}.")


@pytest.mark.parametrize(
    ("text", "alone"), [("true", True), ("1", True), ("T", True), ("TRUE", True), ("false", False), ("", False)]
)
def test_who_wants_to_be_alone(text: str, alone: bool) -> None:
    assert isolation.is_isolated({isolation.LABEL: text}) is alone
    assert not isolation.is_isolated({})


def test_who_can_be_alone() -> None:
    def spec(network: str, **labels: str) -> ContainerSpec:
        return ContainerSpec(image="i", network=network, labels={isolation.LABEL: "true"} | labels)

    for network in ("pasta", "none"):
        isolation.check(spec(network))
    isolation.check(ContainerSpec(image="i", network="shop", labels={LABEL: "none"}))
    for network in ("shop", "host", "pod:x"):
        with pytest.raises(InvalidRequest, match="is for containers on the default network") as caught:
            isolation.check(spec(network))
        assert "com.docker.network.bridge.enable_icc=false" in caught.value.hint
        assert caught.value.explanation == "On a network of your own, all members are kept apart or none."
    with pytest.raises(InvalidRequest, match="do not go together") as both:
        isolation.check(spec("pasta", **{LABEL: "none"}))
    assert "enable_icc=false" in both.value.hint
    assert both.value.explanation.startswith("An allow-list is held to by the names server")
