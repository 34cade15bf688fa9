"""Network namespaces made ahead, and the sockets by which the keeper plugs them in: who has which, until when."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest

from engine.sandbox.keeper import wire
from engine.sandbox.keeper.asked.bridges import JoinBridge
from engine.sandbox.keeper.networking import bridging, networks, plugs
from engine.sandbox.keeper.networking.netlink import Netlink
from engine.sandbox.keeper.networking.networks import Spare
from engine.sandbox.keeper.networking.plugs import Plugs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def joining(network: str, member: str) -> JoinBridge:
    return JoinBridge(network, member, "port1", "eth0", "02:00:00:00:00:01", [("10.89.0.2", 24)], 1400, isolated=False)


def speaker() -> int:
    """A descriptor as a worker hands it over."""
    one, other = socket.socketpair()
    other.close()
    return one.detach()


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


@pytest.fixture
def book() -> Plugs:
    return Plugs()


# --- who has a socket ---


def test_a_network_is_fetched_once_it_was_joined_by_a_worker_and_can_be_joined_from_then_on(book: Plugs) -> None:
    book.keep_member("/m", member := speaker())
    assert not book.can(joining("/n", "/m"))
    assert book.expect() == ["/n"]
    book.keep_network("/n", network := speaker())
    assert book.can(joining("/n", "/m"))
    assert not book.can(joining("/n", "/other"))
    assert book.expect() == []
    for path in ("/m", "/n"):
        book.forget(path)
    assert not any(map(is_open, (member, network)))


def test_a_network_that_went_while_it_was_fetched_is_not_kept(book: Plugs) -> None:
    book.can(joining("/n", "/m"))
    book.expect()
    book.forget("/n")
    book.keep_network("/n", fd := speaker())
    assert not is_open(fd)
    assert not book.can(joining("/n", "/m"))
    assert book.expect() == ["/n"], "another is in its place, and was asked for"
    book.forget("/n")


def test_only_so_many_wait_to_be_joined(book: Plugs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugs, "_MOST_MEMBERS", 2)
    monkeypatch.setattr(plugs, "_MOST_NETWORKS", 2)
    members = [speaker() for _ in range(3)]
    for number, fd in enumerate(members):
        book.keep_member(f"/m{number}", fd)
    assert [is_open(fd) for fd in members] == [False, True, True]
    for number in range(3):
        book.can(joining(f"/n{number}", "/m1"))
    assert book.expect() == ["/n0", "/n1"]
    for path in ("/m1", "/m2", "/n0", "/n1"):
        book.forget(path)


@pytest.mark.parametrize("fails", [False, True])
def test_a_member_is_plugged_in_once_and_its_socket_closed(
    book: Plugs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    asked = joining("/n", str(tmp_path / "m"))
    plugged: list[tuple[Any, ...]] = []

    def plug(one: JoinBridge, there: Netlink, here: Netlink, member: int) -> None:
        plugged.append((one, os.fstat(member).st_ino))
        if fails:
            raise FileExistsError(17, "File exists")

    monkeypatch.setattr(plugs, "plug", plug)
    (tmp_path / "m").touch()
    book.keep_member(asked.member, here := speaker())
    book.can(asked)
    book.expect()
    book.keep_network("/n", there := speaker())
    before = len(os.listdir("/proc/self/fd"))
    if fails:
        with pytest.raises(FileExistsError):
            book.join(asked, None)  # type: ignore[arg-type]
    else:
        book.join(asked, None)  # type: ignore[arg-type]
    assert plugged == [(asked, (tmp_path / "m").stat().st_ino)]
    assert (is_open(here), is_open(there), len(os.listdir("/proc/self/fd"))) == (False, True, before - 1)
    assert not book.can(asked)
    book.forget("/n")


# --- one made ahead ---


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Inode of what was pinned, and where."""
    found: list[tuple[int, str]] = []
    monkeypatch.setattr(networks, "pin", lambda namespace, path: found.append((os.stat(namespace).st_ino, str(path))))
    return found


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "namespace").touch()
    found = os.open(tmp_path / "namespace", os.O_RDONLY)
    yield found
    if is_open(found):
        os.close(found)


def test_none_is_made_before_one_was_asked_for_and_one_at_a_time(book: Plugs) -> None:
    spare = Spare(book)
    assert spare.patience is None
    assert not spare.use("/m")
    assert spare.patience == 25
    theirs, missing = spare.expect()
    assert (spare.patience, missing) == (None, [])
    theirs.close()
    spare.collect()
    assert (spare.patience, spare.awaited) == (None, None), "one that could not be made is not tried for ever"


def test_what_the_worker_made_is_used_once_and_its_socket_kept_for_the_member(
    book: Plugs, pinned: list[tuple[int, str]], namespace: int
) -> None:
    spare = Spare(book)
    spare.use("/first")
    book.can(joining("/n", "/m"))
    theirs, missing = spare.expect()
    assert missing == ["/n"]
    fds = [namespace, speaker(), speaker()]
    wire.send(theirs, {"id": -1, "ok": missing}, fds)
    inode = os.fstat(namespace).st_ino
    theirs.close()
    for fd in fds:
        os.close(fd)
    spare.collect()
    assert spare.patience is None, "there is one"
    before = len(os.listdir("/proc/self/fd"))
    assert spare.use("/m")
    assert pinned == [(inode, "/m")]
    assert len(os.listdir("/proc/self/fd")) == before - 1
    assert book.can(joining("/n", "/m"))
    assert not spare.use("/other")
    assert spare.patience == 25
    for path in ("/m", "/n"):
        book.forget(path)


def test_one_that_cannot_be_pinned_is_no_member(book: Plugs, monkeypatch: pytest.MonkeyPatch, namespace: int) -> None:
    spare = Spare(book)
    spare.use("/first")
    theirs, _ = spare.expect()
    wire.send(theirs, {"id": -1, "ok": []}, [namespace, other := speaker()])
    theirs.close()
    os.close(other)
    spare.collect()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(networks, "pin", refuse)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="No space"):
        spare.use("/m")
    assert len(os.listdir("/proc/self/fd")) == before - 2
    assert not book.can(joining("/n", "/m"))


# --- what the kernel is asked for ---


class Kernel:
    """Answers each request, and tells what it was."""

    def __init__(self, answers: list[int] | None = None) -> None:
        self.asked: list[tuple[int, int, bytes]] = []
        self._answers = answers or []

    def send(self, data: bytes) -> None:
        length, kind, flags, _, _ = struct.unpack_from("=IHHII", data)
        assert length == len(data)
        self.asked.append((kind, flags, data[16:]))

    def recv(self, _most: int) -> bytes:
        number = self._answers.pop(0) if self._answers else 0
        return struct.pack("=IHHIIi", 36, 2, 0, 1, 0, -number)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> tuple[Netlink, Kernel]:
    here = Netlink(speaker())
    here.close()
    kernel = Kernel()
    monkeypatch.setattr(here, "_socket", kernel)
    monkeypatch.setattr(here, "index", {"bridge0": 5, "port1": 6, "eth0": 7}.__getitem__)
    return here, kernel


def test_a_pair_of_interfaces_joins_a_member_to_its_network(told: tuple[Netlink, Kernel]) -> None:
    here, kernel = told
    bridging.plug(joining("/n", "/m"), here, here, 42)
    (made, creating, body), (changed, _, up), (addressed, adding, address) = kernel.asked
    assert (made, changed, addressed) == (16, 16, 20)
    assert (creating, adding) == (0x605, 0x605), "a request, answered, that makes what is not there"
    for part in (b"port1\0", b"veth", b"eth0\0", bytes.fromhex("020000000001"), struct.pack("=HHI", 8, 10, 5),
                 struct.pack("=HHI", 8, 28, 42), struct.pack("=HHI", 8, 4, 1400)):  # fmt: skip
        assert part in body
    assert up == struct.pack("=BxHiII", 0, 0, 7, 1, 1)
    assert address[:8] == struct.pack("=BBBBI", socket.AF_INET, 24, 2, 0, 7)
    assert bytes([10, 89, 0, 255]) in address


def test_an_isolated_member_sees_none_of_the_others(told: tuple[Netlink, Kernel]) -> None:
    here, kernel = told
    bridging.plug(joining("/n", "/m")._replace(isolated=True, mtu=0), here, here, 42)
    [port] = [body for kind, _, body in kernel.asked if kind == 19]
    assert port[:8] == struct.pack("=BxHi", socket.AF_BRIDGE, 0, 6)
    assert port[16:] == struct.pack("=HH", 12, 12 | 0x8000) + struct.pack("=HHBxxx", 5, 33, 1)
    assert struct.pack("=HHI", 8, 4, 1400) not in kernel.asked[0][2]


def test_the_last_member_of_an_address_makes_way(told: tuple[Netlink, Kernel]) -> None:
    here, kernel = told
    kernel._answers = [17]
    bridging.plug(joining("/n", "/m"), here, here, 42)
    assert [kind for kind, _, _ in kernel.asked] == [16, 17, 16, 16, 20]
    assert kernel.asked[1][2] == struct.pack("=BxHiII", 0, 0, 6, 0, 0)
    assert kernel.asked[0] == kernel.asked[2]
    kernel._answers = [1]
    with pytest.raises(PermissionError):
        bridging.plug(joining("/n", "/m"), here, here, 42)


@pytest.mark.parametrize(
    ("text", "length", "broadcast"),
    [("10.1.2.3", 24, "10.1.2.255"), ("10.1.2.3", 16, "10.1.255.255"), ("10.1.2.3", 30, "10.1.2.3"),
     ("10.1.2.3", 31, ""), ("10.1.2.3", 32, "")],
)  # fmt: skip
def test_an_address_is_given_with_the_one_that_calls_all(
    told: tuple[Netlink, Kernel], text: str, length: int, broadcast: str
) -> None:
    here, kernel = told
    here.add_address(9, text, length)
    packed = socket.inet_aton(text)
    expected = struct.pack("=BBBBI", 2, length, 2, 0, 9)
    for kind, value in ((2, packed), (1, packed), *([(4, socket.inet_aton(broadcast))] if broadcast else [])):
        expected += struct.pack("=HH", 8, kind) + value
    assert kernel.asked == [(20, 0x605, expected)]


def test_an_address_of_ipv6_is_good_at_once(told: tuple[Netlink, Kernel]) -> None:
    here, kernel = told
    here.add_address(9, "fd00::2", 64)
    packed = socket.inet_pton(socket.AF_INET6, "fd00::2")
    expected = struct.pack("=BBBBI", 10, 64, 2, 0, 9)
    for kind in (2, 1):
        expected += struct.pack("=HH", 20, kind) + packed
    assert kernel.asked == [(20, 0x605, expected + struct.pack("=HHI", 8, 8, 2))]
