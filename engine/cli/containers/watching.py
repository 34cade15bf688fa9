"""`stats`: what containers use, once or live."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given
from engine.cli.printed.paper import clear_screen
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Client, Failed, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATS = """
-a --all flag     Show all containers (default shows just running)
--format text     'table', 'table TEMPLATE', 'json' or a Go template
--no-stream flag  Disable streaming stats and only pull the first result
--no-trunc flag   Do not truncate output
"""
_COLUMNS = [
    ("CONTAINER ID", "ID"),
    ("NAME", "Name"),
    ("CPU %", "CPUPerc"),
    ("MEM USAGE / LIMIT", "MemUsage"),
    ("MEM %", "MemPerc"),
    ("NET I/O", "NetIO"),
    ("BLOCK I/O", "BlockIO"),
    ("PIDS", "PIDs"),
]
_SECONDS = 1.0


def stats(given: Given) -> int:
    from engine.cli.printed.tables import show

    client = engine()
    named = given.arguments
    for name in named:
        client.get(f"/containers/{quote(name)}/json")
    whole, form = given.flag("no-trunc"), given.text("format")
    before: dict[str, Any] = {}
    live = not given.flag("no-stream")
    if not live:
        before = _readings(client, named, everything=given.flag("all"))
        _pause()
    while True:
        readings = _readings(client, named, everything=given.flag("all"))
        rows = [stats_row(each, before.get(each["id"]), whole=whole) for each in readings.values()]
        if live and not form and sys.stdout.isatty():
            clear_screen()
        show(rows, form, columns=_COLUMNS)
        sys.stdout.flush()
        if not live:
            return 0
        before = readings
        _pause()


def _pause() -> None:
    import time

    time.sleep(_SECONDS)


def _readings(client: Client, named: list[str], *, everything: bool) -> dict[str, Any]:
    """By id. One that has ended in between is left out."""
    names = named or [row["Id"] for row in client.get("/containers/json", {"all": everything})]
    readings: dict[str, Any] = {}
    for name in names:
        try:
            reading = client.get(f"/containers/{quote(name)}/stats", {"stream": "0", "one-shot": "1"})
        except Failed as error:
            if error.status != 404:
                raise
            continue
        readings[reading["id"]] = reading
    return readings


def stats_row(reading: Mapping[str, Any], before: Mapping[str, Any] | None, *, whole: bool) -> dict[str, Any]:
    from engine.cli.printed import words

    memory = reading["memory_stats"]
    used = max(0, memory.get("usage", 0) - memory.get("stats", {}).get("inactive_file", 0))
    limit = memory.get("limit", 0)
    received = sum(each["rx_bytes"] for each in reading.get("networks", {}).values())
    sent = sum(each["tx_bytes"] for each in reading.get("networks", {}).values())
    disk = {row["op"]: row["value"] for row in reading["blkio_stats"]["io_service_bytes_recursive"] or ()}
    name = reading["name"].removeprefix("/")
    return {
        "ID": reading["id"] if whole else reading["id"][:12],
        "Container": reading["id"] if whole else reading["id"][:12],
        "Name": name,
        "CPUPerc": f"{_cpu_percent(reading, before):.2f}%",
        "MemUsage": f"{words.memory(used)} / {words.memory(limit)}",
        "MemPerc": f"{100 * used / limit if limit else 0:.2f}%",
        "NetIO": f"{words.size(received)} / {words.size(sent)}",
        "BlockIO": f"{words.size(disk.get('read', 0))} / {words.size(disk.get('write', 0))}",
        "PIDs": str(reading["pids_stats"].get("current", 0)),
    }


def _cpu_percent(reading: Mapping[str, Any], before: Mapping[str, Any] | None) -> float:
    if before is None:
        return 0.0
    now, then = reading["cpu_stats"], before["cpu_stats"]
    used = now["cpu_usage"]["total_usage"] - then["cpu_usage"]["total_usage"]
    passed = now["system_cpu_usage"] - then["system_cpu_usage"]
    return max(0.0, 100.0 * used / passed * now["online_cpus"]) if passed > 0 else 0.0


COMMANDS = {
    "stats": Command(stats, "[OPTIONS] [CONTAINER...]", "Show what containers use, live", _STATS),
}
