"""The host's resolvers, and whether containers reach them directly or by way of a forwarder.

A container asks the host's own servers wherever they can be reached from its network: a pasta of 2023 that was told to
forward takes the answers of the very server it forwards to for its own, and who asked that server directly drops them.
So the forwarder stands in the container's file, and pasta is told of it, only where a server of the host answers on the
host's loopback alone.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

HOST_FILE = Path("/etc/resolv.conf")
_LARGEST = 1 << 20


def host_text() -> str:
    """The host's file as it is now; "" where it has none."""
    try:
        with HOST_FILE.open("rb") as file:
            return file.read(_LARGEST).decode(errors="replace")
    except OSError:
        return ""


def values(text: str, keyword: str) -> list[str]:
    return [
        rest.strip()
        for line in text.splitlines()
        if line[:1] not in "#;" and (rest := line.removeprefix(keyword)) != line and rest[:1].isspace()
    ]


def reachable(text: str) -> list[str]:
    """The servers that a container can ask directly."""
    return [server for server in values(text, "nameserver") if not _is_loopback(server)]


def needs_forwarder(text: str) -> bool:
    servers = values(text, "nameserver")
    return not servers or len(reachable(text)) < len(servers)


def _is_loopback(server: str) -> bool:
    try:
        return ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False
