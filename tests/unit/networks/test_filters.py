"""The packet filter of a member with a list, over a played kernel: what goes out, and what is written down of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from engine.networks.names import filters
from engine.networks.names import nftables as nft
from tests.fakes.packet_filter import LOOPBACK, Packet, PacketFilter

if TYPE_CHECKING:
    import socket

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58


@pytest.fixture
def kernel() -> PacketFilter:
    return PacketFilter()


def speaker(kernel: PacketFilter) -> socket.socket:
    return cast("socket.socket", kernel.speaker())


@pytest.fixture
def closed(kernel: PacketFilter) -> PacketFilter:
    networks = ["10.1.0.0/24", "192.0.2.9/30", "2001:db8:1::/48"]
    filters.close_all_but(speaker(kernel), networks, ["198.51.100.7", "2001:db8::7"])
    return kernel


@pytest.mark.parametrize(
    ("packet", "becomes"),
    [
        (Packet("10.1.0.0"), "sent"),
        (Packet("10.1.0.255"), "sent"),
        (Packet("10.1.1.0"), "reset"),
        (Packet("10.0.255.255"), "reset"),
        (Packet("192.0.2.7"), "reset"),
        (Packet("192.0.2.8", protocol=UDP), "sent"),
        (Packet("192.0.2.11", protocol=ICMP, port=8), "sent"),
        (Packet("192.0.2.12", protocol=UDP), "dropped"),
        (Packet("192.0.2.12", protocol=ICMP, port=8), "dropped"),
        (Packet("198.51.100.7", port=443), "sent"),
        (Packet("198.51.100.8", port=443), "reset"),
        (Packet("2001:db8:1:ffff::1", "fd00::2"), "sent"),
        (Packet("2001:db8:2::1", "fd00::2"), "reset"),
        (Packet("2001:db8::7", "fd00::2", protocol=UDP), "sent"),
        (Packet("2001:db8::8", "fd00::2", protocol=UDP), "dropped"),
        (Packet("fe80::1", "fd00::2"), "sent"),
        (Packet("ff02::1", "fd00::2", protocol=ICMP6, port=143), "sent"),
        (Packet("2001:db8::8", "fd00::2", protocol=ICMP6, port=128), "dropped"),
    ],
)
def test_a_closed_member_reaches_its_list_and_nothing_else(closed: PacketFilter, packet: Packet, becomes: str) -> None:
    assert closed.sends(packet) == becomes


def test_who_asked_is_answered_and_ones_own_loopback_is_free(closed: PacketFilter) -> None:
    assert closed.sends(Packet("203.0.113.5", is_answer=True)) == "sent"
    assert closed.sends(Packet("2001:db8::8", "fd00::2", is_answer=True)) == "sent"
    assert closed.sends(Packet("127.0.0.1", "127.0.0.1", interface=LOOPBACK)) == "sent"
    assert closed.sends(Packet("203.0.113.5", interface=LOOPBACK)) == "sent"
    assert closed.receives(Packet("10.1.0.2", "203.0.113.5")) == "sent"


@pytest.mark.parametrize(("kind", "becomes"), [(132, "dropped"), (133, "sent"), (136, "sent"), (137, "dropped")])
def test_hosts_on_one_link_find_each_other(closed: PacketFilter, kind: int, becomes: str) -> None:
    assert closed.sends(Packet("2001:db8::8", "fd00::2", protocol=ICMP6, port=kind)) == becomes
    assert closed.sends(Packet("203.0.113.5", protocol=ICMP, port=kind)) == "dropped"


def test_what_is_refused_is_written_down_with_how_often_and_when(closed: PacketFilter) -> None:
    tried = [
        *[Packet("203.0.113.5", port=443)] * 3,
        Packet("203.0.113.5", port=444),
        Packet("203.0.113.5", protocol=UDP, port=443),
        Packet("203.0.113.6", protocol=ICMP, port=8),
        Packet("2001:db8::8", "fd00::2", port=22),
    ]
    for packet in tried:
        closed.sends(packet)
    closed.sends(Packet("10.1.0.9", port=80))
    for each in closed.tables["wherry"].sets["refused4"].elements.values():
        each.ago = 2500
        assert (each.notes, each.seconds) == (("counter", "last"), 3600)
    found = [
        (each.address, each.protocol, each.port, each.packets, each.ago) for each in filters.refusals(speaker(closed))
    ]
    assert found == [
        ("203.0.113.5", TCP, 443, 3, 2.5),
        ("203.0.113.5", TCP, 444, 1, 2.5),
        ("203.0.113.5", UDP, 443, 1, 2.5),
        ("203.0.113.6", ICMP, 0, 1, 2.5),
        ("2001:db8::8", TCP, 22, 1, 0.0),
    ]


def test_bytes_are_counted_by_peer_in_both_directions(closed: PacketFilter) -> None:
    closed.sends(Packet("10.1.0.9", size=70))
    closed.sends(Packet("10.1.0.9", size=30))
    closed.sends(Packet("203.0.113.9", size=5, is_answer=True))
    closed.sends(Packet("203.0.113.5", size=999))
    closed.receives(Packet("10.1.0.2", "10.1.0.9", size=800))
    closed.receives(Packet("10.1.0.2", "203.0.113.9", size=60))
    closed.receives(Packet("fd00::2", "2001:db8::7", size=11))
    closed.receives(Packet("127.0.0.1", "127.0.0.1", size=44, interface=LOOPBACK))
    assert sorted(filters.peers(speaker(closed))) == [
        ("10.1.0.9", 100, 800),
        ("2001:db8::7", 0, 11),
        ("203.0.113.9", 5, 60),
    ]
    (peer, *_) = closed.tables["wherry"].sets["sent4"].elements.values()
    assert (peer.seconds, peer.notes) == (86400, ("counter",))


def test_an_address_that_was_learned_is_let_through(closed: PacketFilter) -> None:
    filters.allow(speaker(closed), ["203.0.113.5", "2001:db8::9"])
    assert closed.sends(Packet("203.0.113.5")) == "sent"
    assert closed.sends(Packet("2001:db8::9", "fd00::2")) == "sent"
    assert closed.sends(Packet("203.0.113.6")) == "reset"


def test_another_list_takes_the_place_of_the_first_and_figures_stay(closed: PacketFilter) -> None:
    closed.sends(Packet("10.1.0.9", size=70))
    closed.sends(Packet("203.0.113.5", port=443))
    filters.close_all_but(speaker(closed), ["203.0.113.0/24"], ["198.51.100.8"])
    assert closed.sends(Packet("203.0.113.5", size=1)) == "sent"
    assert closed.sends(Packet("198.51.100.8", size=1)) == "sent"
    for gone in ("10.1.0.9", "198.51.100.7"):
        assert closed.sends(Packet(gone)) == "reset"
    assert ("10.1.0.9", 70, 0) in set(filters.peers(speaker(closed)))
    assert ("203.0.113.5", 443) in {(each.address, each.port) for each in filters.refusals(speaker(closed))}


def test_opened_again_all_goes_out_and_is_counted(closed: PacketFilter) -> None:
    filters.open_again(speaker(closed))
    assert closed.sends(Packet("203.0.113.5", size=40)) == "sent"
    assert closed.sends(Packet("127.0.0.1", "127.0.0.1", size=9, interface=LOOPBACK)) == "sent"
    assert list(filters.peers(speaker(closed))) == [("203.0.113.5", 40, 0)]
    assert not list(filters.refusals(speaker(closed)))


def test_counting_begins_once_and_closes_nothing(kernel: PacketFilter) -> None:
    filters.count(speaker(kernel))
    assert kernel.sends(Packet("203.0.113.5", size=40)) == "sent"
    filters.count(speaker(kernel))
    assert kernel.changes == 1
    assert list(filters.peers(speaker(kernel))) == [("203.0.113.5", 40, 0)]


def test_counting_leaves_a_closed_member_closed(closed: PacketFilter) -> None:
    filters.count(speaker(closed))
    assert closed.sends(Packet("203.0.113.5")) == "reset"


def test_a_list_of_nothing_and_one_of_everything(kernel: PacketFilter) -> None:
    filters.close_all_but(speaker(kernel), (), ())
    assert kernel.sends(Packet("203.0.113.5")) == "reset"
    assert kernel.sends(Packet("fe80::7", "fe80::1")) == "sent"
    filters.close_all_but(speaker(kernel), ("0.0.0.0/0", "::/0"), ())
    for far in ("0.0.0.1", "203.0.113.5", "255.255.255.254"):
        assert kernel.sends(Packet(far)) == "sent"
    assert kernel.sends(Packet("ffff:ffff::1", "fd00::2")) == "sent"


@pytest.mark.parametrize(
    ("networks", "ends"),
    [
        (["10.0.0.0/24", "10.0.1.0/24"], [("10.0.0.0", False), ("10.0.2.0", True)]),
        (["10.0.0.0/8", "10.3.0.0/16", "10.9.0.0/16"], [("10.0.0.0", False), ("11.0.0.0", True)]),
        (
            ["10.0.2.0/24", "10.0.0.0/24"],
            [("10.0.0.0", False), ("10.0.1.0", True), ("10.0.2.0", False), ("10.0.3.0", True)],
        ),
        (["255.0.0.0/8"], [("255.0.0.0", False)]),
        (["0.0.0.0/8", "0.0.0.5"], [("0.0.0.0", False), ("1.0.0.0", True)]),
        ([], []),
    ],
)
def test_ranges_neither_overlap_nor_touch(
    kernel: PacketFilter, networks: list[str], ends: list[tuple[str, bool]]
) -> None:
    """The kernel refuses such a set as a whole."""
    filters.close_all_but(speaker(kernel), networks, ())
    found = kernel.tables["wherry"].sets["allowed4"].elements
    assert [(".".join(map(str, key)), each.ends) for key, each in found.items()] == ends


def test_a_table_of_an_older_version_is_made_anew(kernel: PacketFilter) -> None:
    old = nft.Table("wherry")
    old.make()
    old.set("sent4", 16, 0, 0)
    old.chain("stale")
    old.tell(speaker(kernel))
    filters.close_all_but(speaker(kernel), ["10.1.0.0/24"], ())
    assert "stale" not in kernel.tables["wherry"].chains
    assert (kernel.sends(Packet("10.1.0.9")), kernel.sends(Packet("203.0.113.5"))) == ("sent", "reset")


def test_a_list_of_thousands_is_told_in_pieces(kernel: PacketFilter) -> None:
    many = [f"10.{number // 250}.{number % 250}.1" for number in range(1201)]
    filters.close_all_but(speaker(kernel), (), many)
    for far in (many[0], many[499], many[500], many[1000], many[1200]):
        assert kernel.sends(Packet(far)) == "sent"
    assert len(kernel.tables["wherry"].sets["learned4"].elements) == 1201


def test_sets_are_bounded(closed: PacketFilter) -> None:
    sets = closed.tables["wherry"].sets
    most = {name: sets[name].most for name in ("sent4", "received6", "refused4", "learned6", "allowed4")}
    assert most == {"sent4": 4096, "received6": 4096, "refused4": 1024, "learned6": 8192, "allowed4": 0}
    assert {name: sets[name].key_length for name in ("refused4", "refused6")} == {"refused4": 12, "refused6": 24}


def test_a_full_list_of_refusals_still_refuses(closed: PacketFilter) -> None:
    closed.tables["wherry"].sets["refused4"].most = 1
    for far in ("203.0.113.5", "203.0.113.6"):
        assert closed.sends(Packet(far, port=1)) == "reset"
    assert [each.address for each in filters.refusals(speaker(closed))] == ["203.0.113.5"]


def test_a_kernel_without_a_filter_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    without, with_one = PacketFilter(is_there=False), PacketFilter()
    with pytest.raises(OSError, match="not supported"):
        filters.close_all_but(speaker(without), ["10.1.0.0/24"], ())
    assert not without.tables
    monkeypatch.setattr(nft, "speaker", without.speaker)
    assert filters.tried() == "refused: Operation not supported\n"
    monkeypatch.setattr(nft, "speaker", with_one.speaker)
    assert filters.tried() == "there\n"


def test_nothing_of_a_set_that_is_not_there(kernel: PacketFilter) -> None:
    with pytest.raises(FileNotFoundError):
        list(filters.peers(speaker(kernel)))


def test_all_of_a_message_happens_or_nothing(closed: PacketFilter) -> None:
    said = nft.Table("wherry")
    said.empty("allowed4")
    said.empty("no such set")
    with pytest.raises(FileNotFoundError):
        said.tell(speaker(closed))
    assert closed.sends(Packet("10.1.0.9")) == "sent"
