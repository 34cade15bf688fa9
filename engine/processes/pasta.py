"""pasta's command line, and its complaints. One pasta serves one network namespace."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from engine.types.containers import PortMapping

FORWARDED_DNS = "169.254.1.1"
"""Inside a container: where pasta listens for questions to the host's own resolver."""

_NOISE = re.compile(r"^(Failed to send \d+ bytes to syslog|No external routable interface for IPv6.*|)$")
_NO_WAY_OUT = re.compile(r"External interface not usable")
_NO_TUN = re.compile(r"open[^\n]*\btun\b|/dev/net/tun", re.IGNORECASE)
_STAND_IN = "169.254.2.1"
_WITHOUT_ROUTE = [
    "--interface", "lo", "--ns-ifname", "eth0", "--mac-addr", "9a:55:9a:55:9a:55",
    "--address", _STAND_IN, "--netmask", "255.255.0.0", "--gateway", "169.254.2.2",
]  # fmt: skip
"""The loopback has no hardware address, which an older pasta takes for having no interface."""
_BIND_FAILED = re.compile(r"Failed to bind (?:any )?port (?P<port>\d+)?[^(]*(?:\((?P<why>[^)]*)\))?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class PastaCall:
    program: str
    netns: Path
    pid_file: Path | None = None
    """Somewhere a confined pasta may write (`may_write`)."""
    ports: Sequence[PortMapping] = ()
    interface: str = ""
    """Name of the interface inside; "" takes the host's."""
    dns_forward: str = ""
    """An address inside whose DNS questions go to the host's resolver."""
    host_gateway: bool = False
    """Let the container reach the host's own loopback services at the gateway's address."""
    ipv4_only: bool = False
    without_route: bool = False
    """The host has none: an address that leads nowhere, on the host's loopback."""

    def argv(self) -> list[str]:
        argv = [
            # An engine ends it; to look out for the end of its namespace costs one of 128 inotify instances.
            self.program, "--quiet", "--config-net", "--runas", "0:0", "--no-netns-quit",
            "--netns-only", "--netns", str(self.netns),
        ]  # fmt: skip
        argv += ["--pid", str(self.pid_file)] if self.pid_file else []
        argv += [] if self.host_gateway else ["--no-map-gw"]
        argv += ["--dns-forward", self.dns_forward] if self.dns_forward else []
        argv += ["--ipv4-only"] if self.ipv4_only or self.without_route else []
        argv += _WITHOUT_ROUTE if self.without_route else []
        argv += ["--ns-ifname", self.interface] if self.interface else []  # the last one counts
        argv += _forwards("-t", "tcp", self.ports)
        argv += _forwards("-u", "udp", self.ports)
        return [*argv, "-T", "none", "-U", "none"]


def may_write(path: Path) -> bool:
    """Where the AppArmor profile that distributions ship with it lets a pasta of this user make files."""
    return path.is_relative_to("/tmp") or (os.getuid() != 0 and path.is_relative_to("/home"))


def _forwards(option: str, protocol: str, ports: Iterable[PortMapping]) -> list[str]:
    """One option per host address, because an address stands before the whole list."""
    by_address: dict[str, list[str]] = defaultdict(list)
    for port in ports:
        if port.protocol == protocol:
            address = "" if port.host_ip in ("", "0.0.0.0", "::") else port.host_ip
            by_address[address].append(f"{port.host_port}:{port.container_port}")
    if not by_address:
        return [option, "none"]
    argv: list[str] = []
    for address, pairs in by_address.items():
        argv += [option, f"{address}/{','.join(pairs)}" if address else ",".join(pairs)]
    return argv


def clean_errors(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if not _NOISE.match(line.strip()))


def has_no_way_out(text: str) -> bool:
    """Whether it gave up because the host has no default route."""
    return bool(_NO_WAY_OUT.search(text))


def is_without_route(command_line: bytes) -> bool:
    """Of one that runs: whether the loopback stands in for the host's interface."""
    return os.fsencode(_STAND_IN) in command_line.split(b"\0")


def may_not_open_tun(text: str) -> bool:
    return bool(_NO_TUN.search(text))


def failed_port(text: str) -> int:
    """The host port that could not be bound, 0 where the complaint is about something else."""
    match = _BIND_FAILED.search(text)
    return int(match["port"]) if match and match["port"] else 0
