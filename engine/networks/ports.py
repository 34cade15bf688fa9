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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from engine.types.containers import PortMapping

Protocol = Literal["tcp", "udp"]
_LISTENING = "0A"
_PROC = Path("/proc")
_ANY = {"", "0.0.0.0", "::"}


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
            for fd in os.scandir(f"{entry.path}/fd"):
                inode = wanted.pop(os.readlink(fd.path), None)
                if inode is not None:
                    found[inode] = Owner(int(entry.name), _process_name(int(entry.name)))
    return found


def _process_name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text().strip()
    return ""


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
    if port.host_ip:
        try:
            ipaddress.ip_address(port.host_ip)
        except ValueError:
            raise InvalidRequest(f"“{port.host_ip}” is no address of this host", subject=port.host_ip) from None


def check_mappings(ports: Sequence[PortMapping]) -> None:
    seen: set[tuple[str, int, str]] = set()
    for port in ports:
        check_mapping(port)
        key = (port.host_ip, port.host_port, port.protocol)
        if port.host_port and key in seen:
            raise InvalidRequest(
                f"Port {port.host_port}/{port.protocol} is published twice", subject=str(port.host_port)
            )
        seen.add(key)


def settle(
    ports: Sequence[PortMapping],
    *,
    already: Sequence[PortMapping] = (),
    named: Callable[[int], str] = lambda pid: "",
) -> tuple[PortMapping, ...]:
    """Free host ports for those that left the choice, and proof that the others can be had.

    `already` are ports we hold ourselves; `named` tells which of our containers a process serves.
    """
    held = {(port.host_ip, port.host_port, port.protocol) for port in already}
    settled: list[PortMapping] = []
    for port in ports:
        if (port.host_ip, port.host_port, port.protocol) in held and port.host_port:
            settled.append(port)
        else:
            settled.append(msgspec.structs.replace(port, host_port=_free_number(port, named)))
    return tuple(settled)


def _free_number(port: PortMapping, named: Callable[[int], str]) -> int:
    if not port.host_port and port.protocol == "udp":
        # pasta before 2024 loses answers over the loopback where the two numbers differ, so try the same one first.
        same = msgspec.structs.replace(port, host_port=port.container_port)
        with contextlib.suppress(WherryError):
            return _try_bind(same, named)
    return _try_bind(port, named)


def _try_bind(port: PortMapping, named: Callable[[int], str]) -> int:
    """Bind for a moment: the only question to the kernel whose answer counts."""
    family = socket.AF_INET6 if ":" in port.host_ip else socket.AF_INET
    kind = socket.SOCK_STREAM if port.protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind | socket.SOCK_CLOEXEC) as trial:
        if port.protocol == "tcp":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((port.host_ip, port.host_port))
        except OSError as error:
            raise refusal(port, error.errno or 0, named) from None
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
