"""Sizes, ids, times and ports in the words Docker prints. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(number: float, *, digits: int = 3) -> str:
    """ "1.23MB": decimal units, so many digits."""
    return _scaled(number, 1000.0, _DECIMAL, digits)


def memory(number: float) -> str:
    """ "12.5MiB": binary units."""
    return _scaled(number, 1024.0, _BINARY, 4)


def _scaled(number: float, step: float, units: Sequence[str], digits: int) -> str:
    unit = 0
    while number >= step and unit < len(units) - 1:
        number /= step
        unit += 1
    text = f"{number:.{digits}g}"
    if "e" in text:
        text = f"{float(text):.0f}"
    return text + units[unit]


def short_id(text: str) -> str:
    return text.removeprefix("sha256:")[:12]


def shortened(text: str, width: int) -> str:
    """Cut with an ellipsis, as the COMMAND column is."""
    return text if len(text) <= width else text[: width - 1] + "…"


def ago(unix_seconds: float) -> str:
    import time

    from engine.api.shapes.durations import human_duration

    return f"{human_duration(max(0.0, time.time() - unix_seconds))} ago"


def local_time(unix_seconds: float) -> str:
    """ "2026-01-31 12:00:00 +0100 CET", as the CreatedAt column prints it."""
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(unix_seconds))


def ports(rows: Sequence[Mapping[str, Any]]) -> str:
    """ "0.0.0.0:8080->80/tcp, 443/tcp"; runs of neighbouring ports are joined."""
    keyed = sorted(
        rows, key=lambda row: (row["PrivatePort"], row.get("PublicPort", 0), row.get("Type", ""), row.get("IP", ""))
    )
    runs: list[list[Mapping[str, Any]]] = []
    for row in keyed:
        home = next((run for run in runs if _follows(run[-1], row)), None)
        if home is None:
            runs.append([row])
        else:
            home.append(row)
    return ", ".join(_port_run(run) for run in runs)


def _follows(before: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    if (before.get("Type"), before.get("IP")) != (row.get("Type"), row.get("IP")):
        return False
    if row["PrivatePort"] != before["PrivatePort"] + 1:
        return False
    public, last = row.get("PublicPort", 0), before.get("PublicPort", 0)
    return bool(public == last == 0 or (last and public == last + 1))


def _port_run(run: Sequence[Mapping[str, Any]]) -> str:
    first, last = run[0], run[-1]
    several = len(run) > 1
    inside = f"{first['PrivatePort']}-{last['PrivatePort']}" if several else str(first["PrivatePort"])
    inside = f"{inside}/{first.get('Type', 'tcp')}"
    if not first.get("PublicPort"):
        return inside
    outside = f"{first['PublicPort']}-{last['PublicPort']}" if several else str(first["PublicPort"])
    address = first.get("IP", "")
    return f"{f'[{address}]' if ':' in address else address}:{outside}->{inside}"


def repository_and_tag(reference: str) -> tuple[str, str]:
    head, slash, tail = reference.rpartition("/")
    name, _, tag = tail.partition(":")
    return head + slash + name, tag


def with_default_tag(reference: str) -> str:
    if "@" in reference or ":" in reference.rpartition("/")[2]:
        return reference
    return f"{reference}:latest"
