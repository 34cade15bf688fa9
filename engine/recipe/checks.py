"""What no container can be, whoever asks: the engine and its API ask the same questions, and word the answers each."""

from __future__ import annotations

import ipaddress
from typing import Final

from engine.types.confinement import ALL_CAPABILITIES

NAMESPACE_MODES: Final = {
    "ipc": ("private", "shareable", "host"),
    "pid": ("private", "host"),
    "uts": ("private", "host"),
    "cgroup": ("private", "host"),
}
"""How a namespace is shared, beside "container:NAME" for two of them."""
_OF_OTHERS = ("ipc", "pid")
HOST_GATEWAY = "host-gateway"


def capability(name: str) -> str:
    """ "net_admin" and "CAP_NET_ADMIN" are the same thing, "ALL" is all; "" is none of that name."""
    full = name.strip().upper()
    full = full if full.startswith("CAP_") or full == "ALL" else f"CAP_{full}"
    return full if full == "ALL" or full in ALL_CAPABILITIES else ""


def shared_with(kind: str, mode: str) -> str | None:
    """The container whose namespace of a kind a mode names, which may be ""; None where it names none."""
    word, colon, other = mode.partition(":")
    return other if word == "container" and colon and kind in _OF_OTHERS else None


def is_namespace_mode(kind: str, mode: str) -> bool:
    return not mode or mode in NAMESPACE_MODES[kind] or shared_with(kind, mode) is not None


def extra_host(entry: str) -> tuple[str, str]:
    """Name and address of "db:10.0.0.2", "db:[::1]" and "db:host-gateway"; either may be missing."""
    name, _, address = entry.partition(":")
    return name, address.removeprefix("[").removesuffix("]")


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
