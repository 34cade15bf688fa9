"""What `network` can do beyond docker's verbs: say why one container does not reach another, what is asked for and
refused, and who talked to whom."""

from __future__ import annotations

from typing import Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import quote

_MOST_PORT = 65535


def why(given: Given) -> int:
    source, target, *rest = given.arguments
    port = rest[0] if rest else "0"
    if not (port.isascii() and port.isdigit() and int(port) <= _MOST_PORT):
        raise UsageError(f"{port} is no port")
    told = engine().get("/wherry/networks/reach", {"from": source, "to": target, "port": port})
    for step in told["steps"]:
        say(f"  {'✓' if step['ok'] else '✗'} {step['words']}")
        if not step["ok"] and step["hint"]:
            say(f"    {step['hint']}")
    place = f"{told['target']}:{told['port']}" if told["port"] else told["target"]
    say(f"{told['source']} {'reaches' if told['reaches'] else 'does not reach'} {place}")
    return 0 if told["reaches"] else 1


_SAID = {"known": "a neighbour", "asked": "", "refused": "refused", "unknown": "no such name"}
_WATCH = """
--format text     'json' prints each question as it came
"""
_PEERS = """
--format text     'json' prints each peer in a line
"""


def watch(given: Given) -> int:
    """Until it is broken off."""
    import json
    import time

    form = given.text("format")
    if form not in ("", "table", "json"):
        raise UsageError("--format is json, or is left out")
    wanted = {"container": given.arguments[0]} if given.arguments else {}
    client = engine()
    if wanted:
        client.get(f"/containers/{quote(given.arguments[0])}/json")
    for told in client.ask("GET", "/wherry/networks/watch", wanted).messages():
        if form == "json":
            say(json.dumps(told), flush=True)
            continue
        moment = time.strftime("%H:%M:%S", time.localtime(told["time_ns"] / 1e9))
        say(f"{moment}  {told['container']}  {_told(told)}".rstrip(), flush=True)
    return 0


def _told(told: dict[str, Any]) -> str:
    if told["verdict"] != "refused" or not told["addresses"]:
        came = " ".join(filter(None, (_SAID[told["verdict"]], ", ".join(told["addresses"]))))
        return f"{told['kind']} {told['name']}  {came}"
    place = told["addresses"][0]
    if told["port"]:
        place = f"[{place}]:{told['port']}" if ":" in place else f"{place}:{told['port']}"
    known = f" ({told['name']})" if told["name"] else ""
    times = f" {told['count']} times" if told["count"] > 1 else ""
    return f"{told['kind']} {place}{known}  refused{times}"


def peers(given: Given) -> int:
    wanted = {"container": given.arguments[0]} if given.arguments else {}
    if given.text("format") not in ("", "table", "json"):
        raise UsageError("--format is json, or is left out")
    import json

    from engine.cli.printed.tables import table
    from engine.cli.printed.words import size

    found = engine().get("/wherry/networks/peers", wanted)
    if given.text("format") == "json":
        for each in found:
            say(json.dumps(each))
        return 0
    if not found:
        say("Nothing went to or came from anybody since it is counted; that begins with this question.")
        return 0
    rows = [["CONTAINER", "PEER", "NAME", "SENT", "RECEIVED"]]
    rows += [
        [each["container"], each["address"], each["name"], size(each["sent"]), size(each["received"])]
        for each in sorted(found, key=lambda each: (each["container"], -each["sent"] - each["received"]))
    ]
    say(table(rows), end="")
    return 0


COMMANDS = {
    "network watch": Command(
        watch, "[OPTIONS] [CONTAINER]", "Show what names containers ask for, and what is refused", _WATCH, most=1
    ),
    "network peers": Command(
        peers, "[OPTIONS] [CONTAINER]", "Show whom containers talked to, and how much", _PEERS, most=1
    ),
    "network why": Command(
        why, "FROM TO [PORT]", "Walk the way from one container to another and name what stops it", least=2, most=3
    ),
}
