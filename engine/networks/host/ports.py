"""The host's ports: which are held and by whom, whether ours can be had, and picking free ones."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.errors import Code, Conflict, HostError, InvalidRequest, WherryError
from engine.recipe.checks import picks_its_number, published_twice
from engine.types.containers import MOST_PORTS
from engine.types.networks import HostPort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Set

    from engine.types.containers import Container, PortMapping

Protocol = Literal["tcp", "udp"]
_LISTENING = "0A"
_PROC = Path("/proc")
_ANY = {"", "0.0.0.0", "::"}
_LOOPBACK = "127.0.0.1"
_MOST_TRIES = 16


@dataclass(frozen=True)
class Listener:
    """A socket somebody waits on."""

    protocol: Protocol
    address: str
    port: int
    inode: int


@dataclass(frozen=True)
class Owner:
    pid: int
    name: str


def parse_sockets(text: str, protocol: Protocol) -> Iterator[Listener]:
    """Read /proc/net/{tcp,tcp6,udp,udp6}; for TCP those that listen, for UDP all that are bound."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or (protocol == "tcp" and fields[3] != _LISTENING):
            continue
        address, _, port = fields[1].partition(":")
        yield Listener(protocol, _address(address), int(port, 16), int(fields[9]))


def _address(text: str) -> str:
    """The kernel prints each 32-bit word in the machine's own byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = b"".join(struct.pack("=I", word) for word in words)
    return str(ipaddress.ip_address(packed))


def listeners() -> list[Listener]:
    found: list[Listener] = []
    for protocol in ("tcp", "udp"):
        for suffix in ("", "6"):
            with contextlib.suppress(OSError):
                text = (_PROC / "net" / f"{protocol}{suffix}").read_text()
                found.extend(parse_sockets(text, "tcp" if protocol == "tcp" else "udp"))
    return found


def owners(inodes: Iterable[int]) -> dict[int, Owner]:
    """Whose sockets these are, of the processes we may look into."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes if inode}
    found: dict[int, Owner] = {}
    for entry in os.scandir(_PROC):
        if not wanted or not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            with os.scandir(f"{entry.path}/fd") as descriptors:
                for fd in descriptors:
                    inode = wanted.pop(os.readlink(fd.path), None)
                    if inode is not None:
                        found[inode] = Owner(int(entry.name), _process_name(int(entry.name)))
    return found


def _process_name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text().strip()
    return ""


def is_relayed(port: PortMapping) -> bool:
    """Whether its datagrams from the host's loopback take another way than pasta, which might lose the answers."""
    return port.protocol == "udp" and port.host_port != port.container_port and port.host_ip in (*_ANY, _LOOPBACK)


def left_to_pasta(ports: Sequence[PortMapping]) -> list[PortMapping]:
    return [port for port in ports if not (is_relayed(port) and port.host_ip == _LOOPBACK)]


def who_listens(containers: Iterable[Container]) -> list[HostPort]:
    """Every port of the host that somebody listens on, with the container it leads to."""
    found_listeners = listeners()
    holders = owners(each.inode for each in found_listeners)
    published = {
        (port.protocol, port.host_port): (container.id, port.container_port)
        for container in containers
        if container.pid
        for port in container.ports
    }
    found: dict[tuple[str, str, int], HostPort] = {}
    for each in found_listeners:
        owner = holders.get(each.inode)
        container_id, container_port = published.get((each.protocol, each.port), ("", 0))
        found[(each.protocol, each.address, each.port)] = HostPort(
            port=each.port,
            protocol=each.protocol,
            address=each.address,
            container_id=container_id,
            container_port=container_port,
            pid=owner.pid if owner else 0,
            process=owner.name if owner else "",
        )
    return sorted(found.values(), key=lambda port: (port.port, port.protocol, port.address))


def holder_of(port: PortMapping) -> Owner | None:
    matches = [
        each for each in listeners()
        if each.port == port.host_port
        and each.protocol == port.protocol
        and (each.address in _ANY or port.host_ip in _ANY or each.address == port.host_ip)
    ]  # fmt: skip
    known = owners(each.inode for each in matches)
    return next((known[each.inode] for each in matches if each.inode in known), None)


def check_mapping(port: PortMapping) -> None:
    if not (0 < port.container_port < 65536 and 0 <= port.host_port < 65536):
        raise InvalidRequest("A port is a number from 1 to 65535", subject=str(port.container_port))
    if port.host_port_last and not 0 < port.host_port <= port.host_port_last < 65536:
        raise InvalidRequest(f"{port.host_port}-{port.host_port_last} is no range of ports")
    if port.host_ip:
        try:
            ipaddress.ip_address(port.host_ip)
        except ValueError:
            raise InvalidRequest(f"“{port.host_ip}” is no address of this host", subject=port.host_ip) from None


def check_mappings(ports: Sequence[PortMapping]) -> None:
    if len(ports) > MOST_PORTS:
        raise InvalidRequest(
            f"{len(ports)} ports are too many for one container",
            f"{MOST_PORTS} are the most: each takes an open file of what forwards it, and a start waits for them all.",
        )
    for port in ports:
        check_mapping(port)
    for port in published_twice(ports):
        raise InvalidRequest(f"Port {port.host_port}/{port.protocol} is published twice", subject=str(port.host_port))


def as_picked(wanted: Sequence[PortMapping], former: Sequence[PortMapping]) -> tuple[PortMapping, ...]:
    """Numbers that were picked earlier, kept where they can be: links and bookmarks stay good."""
    fixed = {_number_of(port) for port in wanted if not picks_its_number(port)}
    left = [port for port in former if _number_of(port) not in fixed]
    kept: list[PortMapping] = []
    for port in wanted:
        match = next((each for each in left if picks_its_number(port) and _may_be(port, each)), None)
        if match is not None:
            left.remove(match)
        kept.append(match or port)
    return tuple(kept)


def _number_of(port: PortMapping) -> tuple[str, int]:
    return port.protocol, port.host_port


def _may_be(port: PortMapping, picked: PortMapping) -> bool:
    same = (port.container_port, port.protocol, port.host_ip)
    if same != (picked.container_port, picked.protocol, picked.host_ip) or picks_its_number(picked):
        return False
    return not port.host_port or port.host_port <= picked.host_port <= port.host_port_last


class PortClaims:
    """Numbers picked for containers whose network is still being opened: those that start beside them pick others."""

    def __init__(self) -> None:
        self._claimed: list[tuple[str, int]] = []

    @contextlib.contextmanager
    def settled(
        self,
        ports: Sequence[PortMapping],
        *,
        already: Sequence[PortMapping] = (),
        named: Callable[[int], str] = lambda pid: "",
    ) -> Iterator[tuple[PortMapping, ...]]:
        """As `settle`; what it picked is nobody else's until the end of the block, by which it is to be open."""
        found = settle(ports, already=already, named=named, claimed=set(self._claimed))
        claims = [_number_of(port) for port in found]
        self._claimed += claims
        try:
            yield found
        finally:
            for claim in claims:
                self._claimed.remove(claim)


def settle(
    ports: Sequence[PortMapping],
    *,
    already: Sequence[PortMapping] = (),
    named: Callable[[int], str] = lambda pid: "",
    claimed: Set[tuple[str, int]] = frozenset(),
) -> tuple[PortMapping, ...]:
    """Free host ports for those that left the choice, and proof that the others can be had.

    `already` are ports we hold ourselves; `named` tells which of our containers a process serves; `claimed` are numbers
    that were given out and may not be bound yet.
    """
    held = {(port.host_ip, port.host_port, port.protocol) for port in already}
    taken = {_number_of(port) for port in ports if not picks_its_number(port)} | claimed
    settled: list[PortMapping] = []
    for port in ports:
        number = port.host_port
        if picks_its_number(port):
            number = _free_number(port, taken, named)
        elif (port.host_ip, number, port.protocol) not in held:
            _try_bind(port, named)
        settled.append(msgspec.structs.replace(port, host_port=number, host_port_last=0))
        taken.add(_number_of(settled[-1]))
    return tuple(settled)


def _free_number(port: PortMapping, taken: set[tuple[str, int]], named: Callable[[int], str]) -> int:
    """One that nobody holds, and none of the container's other ports will."""
    for number in _candidates(port):
        if (port.protocol, number) in taken:
            continue
        with contextlib.suppress(OSError):
            found = _bind(msgspec.structs.replace(port, host_port=number))
            if (port.protocol, found) not in taken:
                return found
    if not port.host_port:
        return _try_bind(port, named)
    raise Conflict(
        f"No port from {port.host_port} to {port.host_port_last} is free",
        code=Code.PORT_IN_USE,
        hint="Choose a wider range, or leave the host port out to have one picked.",
        subject=f"{port.host_port}-{port.host_port_last}/{port.protocol}",
    )


def _candidates(port: PortMapping) -> Iterable[int]:
    """Numbers to try in turn; 0 lets the kernel choose."""
    if port.host_port:
        return range(port.host_port, port.host_port_last + 1)
    # pasta before 2024 loses answers over the loopback where the two numbers differ, so try the same one first.
    return [port.container_port] * (port.protocol == "udp") + [0] * _MOST_TRIES


def _try_bind(port: PortMapping, named: Callable[[int], str]) -> int:
    try:
        return _bind(port)
    except OSError as error:
        raise refusal(port, error.errno or 0, named) from None


def _bind(port: PortMapping) -> int:
    """Bind for a moment: the only question to the kernel whose answer counts."""
    family = socket.AF_INET6 if ":" in port.host_ip else socket.AF_INET
    kind = socket.SOCK_STREAM if port.protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind | socket.SOCK_CLOEXEC) as trial:
        if port.protocol == "tcp":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((port.host_ip, port.host_port))
        number: int = trial.getsockname()[1]
        return number


def refusal(port: PortMapping, number: int, named: Callable[[int], str] = lambda pid: "") -> WherryError:
    """Why a host port cannot be had, with who or what is in the way."""
    text = f"{port.host_port}/{port.protocol}"
    if number in (errno.EACCES, errno.EPERM):
        return HostError(
            f"Port {port.host_port} is reserved for the system",
            f"An ordinary user may open ports from {unprivileged_start()} on.",
            code=Code.PORT_PRIVILEGED,
            hint="Use a higher host port, or allow it: "
            f"sudo sysctl net.ipv4.ip_unprivileged_port_start={port.host_port}",
            subject=text,
        )
    if number == errno.EADDRNOTAVAIL:
        return InvalidRequest(f"This host has no address {port.host_ip}", subject=port.host_ip)
    owner = holder_of(port)
    who = _who(owner, named)
    return Conflict(
        f"Port {text} is in use",
        f"It is held by {who}." if who else "It is held by a process of another user.",
        code=Code.PORT_IN_USE,
        hint="Stop that one, or publish on another host port (0 picks a free one).",
        subject=text,
        details=f"pid {owner.pid}, {owner.name}" if owner else "",
    )


def _who(owner: Owner | None, named: Callable[[int], str]) -> str:
    if owner is None:
        return ""
    container = named(owner.pid)
    process = f"{owner.name} (process {owner.pid})"
    return f"the container “{container}”, through {process}" if container else process


def unprivileged_start() -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    return 1024
