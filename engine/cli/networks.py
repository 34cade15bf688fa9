"""What `network` can do beyond docker's verbs: say why one container does not reach another, and what is asked for."""

from __future__ import annotations

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
        came = " ".join(filter(None, (_SAID[told["verdict"]], ", ".join(told["addresses"]))))
        say(f"{moment}  {told['container']}  {told['kind']} {told['name']}  {came}".rstrip(), flush=True)
    return 0


COMMANDS = {
    "network watch": Command(
        watch, "[OPTIONS] [CONTAINER]", "Show what names containers ask for, as they ask", _WATCH, most=1
    ),
    "network why": Command(
        why, "FROM TO [PORT]", "Walk the way from one container to another and name what stops it", least=2, most=3
    ),
}
