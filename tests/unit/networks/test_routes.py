"""The host's routes as its files tell them: what a new network would hide, and which router the host has."""

from __future__ import annotations

import errno
import ipaddress
from typing import TYPE_CHECKING

import pytest

from engine.networks.host import routes

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
TO_THE_LAN = "eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
TO_THE_WORLD = "eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
ZERO = "0" * 32


def six(destination: str, device: str) -> str:
    return f"{destination} 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001 {device}\n"


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(routes, "_PROC", tmp_path)
    return tmp_path


def test_both_files_are_read_and_a_route_given_twice_counts_once(proc: Path) -> None:
    (proc / "route").write_text(HEAD + TO_THE_LAN + TO_THE_WORLD + TO_THE_LAN)
    own = six("fd000000000000000000000000000000", "eth0")
    (proc / "ipv6_route").write_text(six("fd000000000000010000000000000000", "lo") + own + own)
    expected = [ipaddress.ip_network("192.168.2.0/24"), ipaddress.ip_network("fd00::/64")]
    assert routes.host_networks() == expected


def test_a_host_without_ipv6_still_has_its_other_routes(proc: Path) -> None:
    (proc / "route").write_text(HEAD + TO_THE_LAN)
    assert [str(each) for each in routes.host_networks()] == ["192.168.2.0/24"]


@pytest.mark.parametrize(
    ("wanted", "hidden"),
    [
        (("192.168.2.128/25",), ("192.168.2.0/24",)),
        (("192.168.0.0/16", ""), ("192.168.2.0/24",)),
        (("192.168.3.0/24",), ()),
        (("10.0.0.0/8", "fd00::/48"), ("fd00::/64",)),
        (("192.168.2.0/24", "fd00::/64"), ("192.168.2.0/24", "fd00::/64")),
        (("", ""), ()),
    ],
)
def test_which_of_the_hosts_networks_a_new_one_would_hide(
    proc: Path, wanted: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    (proc / "route").write_text(HEAD + TO_THE_LAN)
    (proc / "ipv6_route").write_text(six("fd000000000000000000000000000000", "eth0"))
    assert routes.overlapping(*wanted) == hidden


@pytest.mark.parametrize(
    ("text", "gateway"),
    [
        (HEAD + TO_THE_WORLD, "192.168.2.1"),
        (HEAD + TO_THE_LAN + TO_THE_WORLD, "192.168.2.1"),
        (HEAD + TO_THE_LAN, ""),
        (HEAD + "short\n", ""),
        (TO_THE_WORLD, ""),
        ("", ""),
    ],
)
def test_the_hosts_router(proc: Path, text: str, gateway: str) -> None:
    (proc / "route").write_text(text)
    assert routes.default_gateway() == gateway


def test_a_host_that_tells_no_routes_has_no_router(proc: Path) -> None:
    assert not (proc / "route").exists()
    assert routes.default_gateway() == ""


def test_only_a_host_without_a_way_out_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "leads_out", lambda: True)
    assert routes.offline_warning() == []
    monkeypatch.setattr(routes, "leads_out", lambda: False)
    assert len(routes.offline_warning()) == 1


@pytest.mark.parametrize(("address", "here"), [("127.0.0.1", True), ("192.0.2.7", False)])
def test_an_address_is_the_hosts_own_or_not(address: str, here: bool) -> None:
    assert routes.is_here(address) is here


def test_a_kernel_without_ipv6_has_no_address_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(family: int, kind: int) -> None:
        del family, kind
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(routes.socket, "socket", refused)
    assert not routes.is_here("fd00::1")
