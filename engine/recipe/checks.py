"""What no container can be, whoever asks: the engine and its API ask the same questions, and word the answers each."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import TYPE_CHECKING, Final

from engine.types.confinement import ALL_CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.types.containers import PortMapping

NAMESPACE_MODES: Final = {
    "ipc": ("private", "shareable", "host"),
    "pid": ("private", "host"),
    "uts": ("private", "host"),
    "cgroup": ("private", "host"),
}
"""How a namespace is shared, beside "container:NAME" for two of them."""
_OF_OTHERS = ("ipc", "pid")
HOST_GATEWAY = "host-gateway"
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}")
"""Files and folders are named after containers and volumes, with some letters of our own behind: hence the end."""


def is_name(text: str) -> bool:
    """May a container or a volume be called so?"""
    return _NAME.fullmatch(text) is not None


def place(target: str) -> str:
    """One spelling for each place in a container; two slashes in front, which normpath leaves, mean no other place."""
    return os.path.normpath(target).replace("//", "/", 1)


def is_place_for_mounts(target: str) -> bool:
    return target.startswith("/") and place(target) != "/"


def places_twice(targets: Iterable[str]) -> Iterator[str]:
    """Places at which a second thing would be mounted."""
    seen: set[str] = set()
    for target in targets:
        if (where := place(target)) in seen:
            yield where
        seen.add(where)


def picks_its_number(port: PortMapping) -> bool:
    """Which port of the host it gets is left to the engine: all of it, or one of several."""
    return not port.host_port or port.host_port_last > port.host_port


def published_twice(ports: Iterable[PortMapping]) -> Iterator[PortMapping]:
    """Ports whose place on the host one before them has."""
    seen: set[tuple[str, int, str]] = set()
    for port in ports:
        if not picks_its_number(port):
            key = (port.host_ip, port.host_port, port.protocol)
            if key in seen:
                yield port
            seen.add(key)


def goes_and_comes_back(*, auto_remove: bool, restart: str) -> bool:
    """What removes itself when it ends cannot be started again by a policy."""
    return auto_remove and restart not in ("", "no")


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
