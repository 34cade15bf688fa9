"""Ports: `-p [[IP:]HOST:]CONTAINER[/PROTOCOL]` with ranges, PortBindings, `--expose` and ExposedPorts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.recipe.faults import Unreadable, marked, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FORWARDED = ("tcp", "udp")
_KNOWN = ("tcp", "udp", "sctp")
_LARGEST = 65535


def port(inside: int, outside: int = 0, protocol: str = "tcp", address: str = "", last: int = 0) -> dict[str, Any]:
    return {
        "container_port": inside,
        "host_port": outside,
        "protocol": protocol,
        "host_ip": address,
        "host_port_last": last,
    }


def read_publish(text: str) -> list[dict[str, Any]]:
    """One `-p`, ranges spread out: "8080:80", "127.0.0.1::53/udp", "[::1]:1-3:1-3"; "8000-8010:80" stays one port."""
    whole, _, protocol = text.partition("/")
    protocol = _protocol(protocol, text)
    address = ""
    if whole.startswith("["):
        address, _, whole = whole[1:].partition("]:")
    parts = whole.split(":")
    if len(parts) == 3 and not address:
        address, *parts = parts
    if len(parts) > 2:
        raise Unreadable(marked("Recipe", "invalid port “{0}”: write 8080:80 or 127.0.0.1:53:53/udp"), text[:80])
    inside = _range(parts[-1], text)
    if len(parts) == 1 or parts[0] in ("", "0"):  # 0 is any that is free, as Docker has it
        return [port(number, 0, protocol, address) for number in inside]
    outside = _range(parts[0], text)
    if len(inside) == 1 and len(outside) > 1:
        return [port(inside[0], outside[0], protocol, address, outside[-1])]
    if len(inside) != len(outside):
        raise Unreadable(marked("Recipe", "invalid port “{0}”: the two ranges differ in length"), text[:80])
    return [port(a, b, protocol, address) for a, b in zip(inside, outside, strict=True)]


def publish_words(item: Mapping[str, Any]) -> str:
    """One port as `-p` takes it."""
    protocol = "" if item["protocol"] == "tcp" else f"/{item['protocol']}"
    inner, outer = f"{item['container_port']}{protocol}", host_port_words(item)
    if item["host_ip"]:
        address = f"[{item['host_ip']}]" if ":" in item["host_ip"] else item["host_ip"]
        return f"{address}:{outer}:{inner}"
    return f"{outer}:{inner}" if outer else inner


def host_port_words(item: Mapping[str, Any]) -> str:
    if item["host_port_last"]:
        return f"{item['host_port']}-{item['host_port_last']}"
    return str(item["host_port"]) if item["host_port"] else ""


def load_bindings(bindings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """PortBindings of a body."""
    found: list[dict[str, Any]] = []
    for key, items in bindings.items():
        number, _, protocol = key.partition("/")
        protocol = _protocol(protocol, key)
        inside = _port(number, key)
        for item in items if isinstance(items, list) else ():
            if not isinstance(item, dict):
                raise Unreadable(marked("Recipe", "invalid port “{0}”: write 8080:80 or 127.0.0.1:53:53/udp"), key[:80])
            first, dash, last = str(item.get("HostPort") or "").partition("-")
            address = str(item.get("HostIp") or "")
            outside = _port(first, key) if first or dash else 0
            found.append(port(inside, outside, protocol, address, _port(last, key) if dash else 0))
    return found


def dump_bindings(items: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for item in items:
        binding = {"HostIp": item["host_ip"], "HostPort": host_port_words(item)}
        bindings.setdefault(key_of(item), []).append(binding)
    return bindings


def key_of(item: Mapping[str, Any]) -> str:
    return f"{item['container_port']}/{item['protocol']}"


def read_expose(text: str) -> list[str]:
    """ "9000", "9000/udp", "9000-9005": one key for each port."""
    numbers, _, protocol = text.partition("/")
    protocol = protocol.lower() or "tcp"
    if protocol not in _KNOWN:
        raise Unreadable(marked("Recipe", "invalid port “{0}”: the protocol is tcp or udp"), text[:80])
    return [f"{number}/{protocol}" for number in _range(numbers, text)]


def _protocol(text: str, whole: str) -> str:
    protocol = text.lower() or "tcp"
    if protocol == "sctp":
        raise unsupported(f"publishing {whole[:80]}", marked("Recipe", "only tcp and udp can be forwarded"))
    if protocol not in _FORWARDED:
        raise Unreadable(marked("Recipe", "invalid port “{0}”: the protocol is tcp or udp"), whole[:80])
    return protocol


def _range(text: str, whole: str) -> Sequence[int]:
    first, dash, last = text.partition("-")
    low = _port(first, whole)
    high = _port(last, whole) if dash else low
    if not 0 < low <= high:
        raise Unreadable(marked("Recipe", "invalid port “{0}”: ports go from 1 to 65535"), whole[:80])
    return range(low, high + 1)


def _port(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Unreadable(marked("Recipe", "invalid port “{0}”: write 8080:80 or 127.0.0.1:53:53/udp"), whole[:80])
    if len(text) > 5 or int(text) > _LARGEST:
        raise Unreadable(marked("Recipe", "invalid port “{0}”: ports go from 1 to 65535"), whole[:80])
    return int(text)
