"""What `network` can do beyond docker's verbs: say why one container does not reach another."""

from __future__ import annotations

from engine.cli.link import engine
from engine.cli.options import Command, Given, UsageError
from engine.cli.paper import say

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


COMMANDS = {
    "network why": Command(
        why, "FROM TO [PORT]", "Walk the way from one container to another and name what stops it", least=2, most=3
    ),
}
