"""`move`, `copy`, `archive`, `unarchive` and `bring-over`: things from one machine to another, or a file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import own_engine
from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from engine.cli.reach.wire import Client

_KINDS = ("container", "project", "volume", "image")
_HERE = "default"
_FILE = ".wherry"


def move(given: Given) -> int:
    return _finish(given) if given.flag("finish") else _carry(given, move=True)


def copy(given: Given) -> int:
    return _carry(given, move=False)


def _carry(given: Given, *, move: bool) -> int:
    if not given.text("to") and not given.text("name"):
        raise UsageError("needs --to MACHINE, or --to FILE.wherry")
    request = {
        "source": _place(given.text("from")),
        "target": _place(given.text("to")),
        "move": move,
        "keep_source": given.flag("keep"),
        "new_name": given.text("name"),
    }
    client = own_engine()
    plan = _planned(client, given.arguments, request)
    return _carried(client, plan, only_plan=given.flag("plan"))


def _finish(given: Given) -> int:
    """Remove what an earlier move left stopped."""
    body = {"name": given.arguments[-1], "source": _place(given.text("from")) if given.text("from") else None}
    kept = own_engine().post("/wherry/machines/finish", body=body)
    here, there = (kept[end] or "this computer" for end in ("source", "target"))
    say(f"Removed {kept['name']} from {here}: it runs on {there}")
    return 0


def _place(text: str) -> str:
    if text.endswith(_FILE) or (text.startswith(("/", "./", "../")) and not text.endswith(".sock")):
        return f"archive:{os.path.abspath(text)}"
    return "" if text == _HERE else text


def _planned(client: Client, words: list[str], request: dict[str, Any]) -> dict[str, Any]:
    """The kind is said, or it is the first thing of that name."""
    kinds = [words[0]] if len(words) == 2 else list(_KINDS)
    if len(words) == 2 and words[0] not in _KINDS:
        raise UsageError(f"“{words[0]}” is none of {', '.join(_KINDS)}")

    def plan(kind: str) -> dict[str, Any]:
        found: dict[str, Any] = client.post("/wherry/machines/plan", body={**request, "kind": kind, "name": words[-1]})
        return found

    for kind in kinds[:-1]:
        try:
            return plan(kind)
        except Failed as error:
            if error.status != 404:
                raise
    return plan(kinds[-1])


def _carried(client: Client, plan: dict[str, Any], *, only_plan: bool) -> int:
    if only_plan:
        _show(plan)
        return 1 if plan["problems"] else 0
    for warning in plan["warnings"]:
        say(f"WARNING: {warning}", file=sys.stderr)
    say(_follow(client, plan["request"]))
    return 0


def _show(plan: dict[str, Any]) -> None:
    from engine.cli.printed import words

    for part in plan["parts"]:
        size = words.size(part["size"]) if part["size"] else ""
        say(f"{part['kind']:10} {part['name']:50} {'is there' if part['there'] else size}")
    say(f"{words.size(plan['bytes'])} at most; layers that are there are not sent.")
    for warning in plan["warnings"]:
        say(f"WARNING: {warning}", file=sys.stderr)
    for problem in plan["problems"]:
        say(f"Problem: {problem}", file=sys.stderr)


def _follow(client: Client, request: dict[str, Any]) -> str:
    """Show how far it is, on a terminal in one line; its result."""
    from engine.cli.printed import words

    last = ""
    for message in client.ask("POST", "/wherry/machines/carry", body=request).messages():
        if "error" in message:
            raise Failed(0, message["error"])
        if "result" in message:
            return str(message["result"])
        progress = message["progress"]
        if progress["status"] != last and sys.stderr.isatty():
            last = progress["status"]
            say(f"{last} ({words.size(progress['done'])})", file=sys.stderr)
    raise Failed(0, "the engine ended in the middle; the same command goes on where it was")


def archive(given: Given) -> int:
    *names, path = given.arguments
    if not names or len(names) > 2:
        raise UsageError("needs a thing and a file")
    request = {"source": _place(given.text("from")), "target": f"archive:{os.path.abspath(path)}"}
    client = own_engine()
    return _carried(client, _planned(client, names, request), only_plan=given.flag("plan"))


def unarchive(given: Given) -> int:
    request = {
        "kind": "container", "name": "", "source": f"archive:{os.path.abspath(given.arguments[0])}",
        "target": _place(given.text("to")),
    }  # fmt: skip
    client = own_engine()
    plan = client.post("/wherry/machines/plan", body=request)
    return _carried(client, plan, only_plan=given.flag("plan"))


def bring_over(given: Given) -> int:
    """What Docker and Podman on this computer have; without names all that is not here yet."""
    client = own_engine()
    found = client.get("/wherry/machines/bringable", {"address": given.text("from")})
    if not found:
        say("No engine of Docker's or Podman's answers on this computer.")
        return 0
    wanted, wrong, left_out, brought = set(given.arguments), 0, 0, 0
    for thing in found:
        if wanted and thing["name"] not in wanted:
            continue
        if given.flag("plan"):
            _show_thing(thing)
            continue
        if thing["here"] and not wanted:
            left_out += 1
            continue
        request = {"kind": thing["kind"], "name": thing["name"], "source": thing["source"], "start": False}
        try:
            plan = client.post("/wherry/machines/plan", body=request)
            if plan["problems"]:
                raise Failed(0, " ".join(plan["problems"]))
            say(_follow(client, plan["request"]))
            brought += thing["kind"] in ("container", "project")
        except Failed as error:
            wrong = 1
            say(f"{thing['kind']} {thing['name']}: {error.message}", file=sys.stderr)
    if left_out:
        say(f"{left_out} here already, and left as they are.")
    if brought:
        say("Nothing was started here: what runs there goes on there. Stop it there, then start it here.")
    return wrong


def _show_thing(thing: dict[str, Any]) -> None:
    from engine.cli.printed import words

    size = words.size(thing["size"]) if thing["size"] else ""
    say(f"{thing['engine']:8} {thing['kind']:10} {thing['name']:50} {'is here' if thing['here'] else size}")


_CARRY = """
--from text  The machine it is on (default: this computer)
--keep flag  Of a move: leave the source there, stopped
--name text  What it is called there
--plan flag  Only say what would be taken
--to text    The machine it goes to, or a file that ends in .wherry
"""
_MOVE = f"""
--finish flag  Remove what an earlier move left with --keep, if it runs where it went
{_CARRY.lstrip()}"""
_ARCHIVE = """
--from text  The machine it is on (default: this computer)
--plan flag  Only say what would be taken
"""
_UNARCHIVE = """
--plan flag  Only say what is in it
--to text    The machine it goes to (default: this computer)
"""
_BRING = """
--from text  Only the engine at this address
--plan flag  Only say what there is, with its size
"""
COMMANDS = {
    "move": Command(
        move, "[OPTIONS] [KIND] NAME", "Move a container, project, volume or image to another machine", _MOVE,
        least=1, most=2,
    ),
    "copy": Command(
        copy, "[OPTIONS] [KIND] NAME", "Copy a container, project, volume or image to another machine", _CARRY,
        least=1, most=2,
    ),
    "archive": Command(
        archive, "[OPTIONS] [KIND] NAME FILE", "Write a container, project or volume to one file", _ARCHIVE, least=2,
        most=3,
    ),
    "unarchive": Command(unarchive, "[OPTIONS] FILE", "Bring back what is in such a file", _UNARCHIVE, least=1, most=1),
    "bring-over": Command(
        bring_over, "[OPTIONS] [NAME...]", "Copy here what Docker and Podman on this computer have", _BRING
    ),
}  # fmt: skip
