"""`-p` and `--expose`: `[[IP:]HOST:]CONTAINER[/PROTOCOL]`, with ranges."""

from __future__ import annotations

from typing import Any

from engine.cli.options import UsageError


def exposed(publish: list[str], expose: list[str]) -> dict[str, Any] | None:
    keys = [key for text in publish for key, _, _ in _expanded(text)]
    for text in expose:
        numbers, _, protocol = text.partition("/")
        keys += [f"{number}/{protocol or 'tcp'}" for number in _range(numbers, text)]
    return {key: {} for key in keys} or None


def published(publish: list[str]) -> dict[str, Any]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for text in publish:
        for key, address, host_port in _expanded(text):
            bindings.setdefault(key, []).append({"HostIp": address, "HostPort": host_port})
    return bindings


def _expanded(text: str) -> list[tuple[str, str, str]]:
    """(container port/protocol, address, host port) for each port of the ranges."""
    whole, _, protocol = text.partition("/")
    protocol = (protocol or "tcp").lower()
    if protocol not in ("tcp", "udp", "sctp"):
        raise UsageError(f"invalid publish specification: unknown protocol {protocol!r} in {text}")
    address = ""
    if whole.startswith("["):
        address, _, whole = whole[1:].partition("]:")
    parts = whole.split(":")
    if len(parts) == 3 and not address:
        address, *parts = parts
    if len(parts) > 2:
        raise UsageError(f"invalid publish specification: {text}")
    inside = _range(parts[-1], text)
    outside: list[str] = [""] * len(inside)
    if len(parts) == 2 and parts[0]:
        outside = [str(number) for number in _range(parts[0], text)]
        if len(inside) == 1 and len(outside) > 1:
            outside = [parts[0]]
        elif len(outside) != len(inside):
            raise UsageError(f"invalid ranges specified for container and host ports: {text}")
    return [(f"{number}/{protocol}", address, host) for number, host in zip(inside, outside, strict=True)]


def _range(text: str, whole: str) -> list[int]:
    first, dash, last = text.partition("-")
    if not first.isdigit() or (dash and not last.isdigit()):
        raise UsageError(f"invalid containerPort: {whole}")
    low, high = int(first), int(last or first)
    if not 0 < low <= high < 65536 or (high > 65535):
        raise UsageError(f"invalid port or range of ports: {whole}")
    return list(range(low, high + 1))
