"""The kernel's tables of sockets, and why a port cannot be had."""

from __future__ import annotations

import contextlib
import errno
import os
import socket

import pytest

from engine.errors import Code, Conflict, InvalidRequest, WherryError
from engine.networks.host.ports import (
    MOST_PORTS,
    PortClaims,
    as_picked,
    check_mappings,
    holder_of,
    listeners,
    parse_sockets,
    refusal,
    settle,
)
from engine.types.containers import PortMapping

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1
   1: 0100007F:1F91 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1
"""
TCP6 = "header\n   0: 00000000000000000000000001000000:0050 0:0 0A 0:0 0:0 0 0 0 7 1\n"


def test_only_listeners_count() -> None:
    (found,) = parse_sockets(TCP, "tcp")
    assert (found.address, found.port, found.inode) == ("127.0.0.1", 8080, 4242)


def test_ipv6_addresses() -> None:
    (found,) = parse_sockets(TCP6, "tcp")
    assert (found.address, found.port) == ("::1", 80)


def test_a_held_port_is_found_with_its_holder() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        number = holder.getsockname()[1]
        assert any(each.port == number for each in listeners())
        owner = holder_of(PortMapping(container_port=1, host_port=number))
        assert owner is not None
        assert owner.pid == os.getpid()
        with pytest.raises(Conflict) as refused:
            settle([PortMapping(container_port=80, host_port=number)], named=lambda pid: "web")
        assert refused.value.code is Code.PORT_IN_USE
        assert "“web”" in refused.value.explanation


def test_free_ports_are_picked_and_kept() -> None:
    (picked,) = settle([PortMapping(container_port=80)])
    assert picked.host_port > 1023
    assert settle([picked], already=[picked]) == (picked,)


def test_a_fixed_and_a_picked_port_of_one_service_differ() -> None:
    with socket.socket() as trial:
        trial.bind(("", 0))
        number = trial.getsockname()[1]
    fixed, picked = PortMapping(container_port=80, host_port=number), PortMapping(container_port=80)
    for wanted in ([fixed, picked], [picked, fixed]):
        first = settle(as_picked(wanted, ()))
        assert len({port.host_port for port in first}) == 2
        assert as_picked(wanted, first) == first, "a restart keeps both"


def test_picked_numbers_of_one_service_are_kept_each_for_itself() -> None:
    wanted = [PortMapping(container_port=80)] * 3
    first = settle(wanted)
    assert len({port.host_port for port in first}) == 3
    assert as_picked(wanted, first) == first
    assert as_picked([*wanted, PortMapping(container_port=81)], first)[3].host_port == 0


def test_of_a_range_the_first_free_one() -> None:
    with socket.socket() as holder:
        holder.bind(("", 0))
        holder.listen()
        number = holder.getsockname()[1]
        if number > 65_000:
            number -= 10  # then it is free, and the first
        wanted = PortMapping(container_port=80, host_port=number, host_port_last=number + 9)
        first, second = settle([wanted, wanted])
        assert number <= first.host_port < second.host_port <= wanted.host_port_last
        assert first.host_port_last == 0
        assert as_picked([wanted, wanted], (first, second)) == (first, second)
        moved = PortMapping(container_port=80, host_port=number + 100, host_port_last=number + 109)
        assert as_picked([moved], (first,)) == (moved,), "out of the new range"


def test_two_that_start_together_get_two_ports_of_a_range() -> None:
    with socket.socket() as holder:
        holder.bind(("", 0))
        number = min(holder.getsockname()[1], 65_000)
    wanted = [PortMapping(container_port=80, host_port=number, host_port_last=number + 9)]
    claims = PortClaims()
    with claims.settled(wanted) as first, claims.settled(wanted) as second:
        assert first[0].host_port != second[0].host_port
    with claims.settled(wanted) as again:
        assert again == first, "a claim ends with its block"


def test_a_range_without_a_free_port_says_so() -> None:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("", 0))
        one.listen()
        number = one.getsockname()[1]
        with contextlib.suppress(OSError, OverflowError):  # held by a stranger is as good
            other.bind(("", number + 1))
            other.listen()
        with pytest.raises(Conflict) as refused:
            settle([PortMapping(container_port=80, host_port=number, host_port_last=number + 1)])
        assert refused.value.code is Code.PORT_IN_USE
        assert f"{number} to {number + 1}" in refused.value.title


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.EACCES, Code.PORT_PRIVILEGED), (errno.EADDRNOTAVAIL, Code.INVALID), (errno.EADDRINUSE, Code.PORT_IN_USE)],
)
def test_each_refusal_has_its_code_and_a_way_out(number: int, code: Code) -> None:
    error = refusal(PortMapping(container_port=80, host_port=80, host_ip="192.0.2.9"), number)
    assert isinstance(error, WherryError)
    assert error.code is code


@pytest.mark.parametrize(
    "ports",
    [
        [PortMapping(container_port=0)],
        [PortMapping(container_port=70_000)],
        [PortMapping(container_port=1, host_ip="localhost")],
        [PortMapping(container_port=1, host_port=9, host_port_last=8)],
        [PortMapping(container_port=1, host_port_last=8)],
        [PortMapping(container_port=port, host_port=port) for port in range(1, MOST_PORTS + 2)],
        [PortMapping(container_port=1, host_port=5), PortMapping(container_port=2, host_port=5)],
    ],
)
def test_mappings_that_mean_nothing(ports: list[PortMapping]) -> None:
    with pytest.raises(InvalidRequest):
        check_mappings(ports)


def test_the_same_number_for_two_protocols() -> None:
    check_mappings(
        [PortMapping(container_port=1, host_port=5), PortMapping(container_port=1, host_port=5, protocol="udp")]
    )
