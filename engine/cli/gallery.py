"""`wherry gallery`: well-known services from templates, written into a project's files."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, UsageError
from engine.cli.printed.paper import say, say_each
from engine.cli.printed.tables import table
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote
from engine.compose.project_files import files_in

if TYPE_CHECKING:
    from engine.cli.options import Given


def ls(given: Given) -> int:
    found = engine().get("/wherry/gallery")
    if wanted := given.text("category"):
        found = [each for each in found if each["category"] == wanted]
    if words := [word.lower() for word in given.arguments]:
        found = [each for each in found if all(word in _haystack(each) for word in words)]
    if given.flag("quiet"):
        say_each(each["id"] for each in found)
    elif given.text("format") == "json":
        say(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        rows = [[each["id"], each["category"], _about(each), each["source"]] for each in found]
        say(table([["NAME", "CATEGORY", "ABOUT", "FROM"], *rows]), end="")
    return 0


def _haystack(template: dict[str, Any]) -> str:
    return " ".join((template["id"], template["title"], template["category"], _about(template))).lower()


def _about(template: dict[str, Any]) -> str:
    return str(template["about"].get("en", ""))


def show(given: Given) -> int:
    template = engine().get(f"/wherry/gallery/template/{quote(given.arguments[0])}")
    if given.flag("file"):
        say(template["text"], end="")
        return 0
    say(f"{template['title']}: {_about(template)}")
    rows = [["FIELD", "KIND", "DEFAULT"]]
    for field in template["fields"]:
        default = field["default"] or ("made and kept" if field["kind"] == "password" else "")
        rows.append([field["name"], field["kind"], default])
    say(table(rows), end="")
    for volume, path in template["data"].items():
        say(f"Data lies in the volume {volume}, at {path}.")
    return 0


def add(given: Given) -> int:
    """The files are written last, when everything fits."""
    folder = os.path.abspath(given.text("directory") or os.getcwd())
    path = next(iter(files_in(folder)), os.path.join(folder, "compose.yaml"))
    values = {}
    for word in given.list("set"):
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"“{word}” is no NAME=VALUE")
        values[name] = value
    env = os.path.join(folder, ".env")
    made: dict[str, Any] = {"compose": _text(path), "env": _text(env)}
    client = engine()
    for template in given.arguments:
        fields = client.get(f"/wherry/gallery/template/{quote(template)}")["fields"]
        own = {field["name"]: values[field["name"]] for field in fields if field["name"] in values}
        body = {"template": template, "values": own, "compose": made["compose"], "env": made["env"]}
        made = client.post("/wherry/gallery/fill", body=body)
    os.makedirs(folder, exist_ok=True)
    _write(env, made["env"], 0o600)
    _write(path, made["compose"], 0o644)
    say(f"{', '.join(given.arguments)} written to {path}; what was filled in, to {env}", file=sys.stderr)
    if not given.flag("up"):
        say("wherry compose up -d starts it.", file=sys.stderr)
        return 0
    from engine.cli.compose.entrance import COMMANDS as COMPOSE

    compose = COMPOSE["compose"]
    return compose.run(compose.parse(["--file", path, "up", "--detach", "--wait"]))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _write(path: str, text: str, mode: int) -> None:
    """Whole or not at all; a file that is there keeps its mode."""
    draft = f"{path}.wherry-new"
    if os.path.exists(path):
        mode = os.stat(path).st_mode & 0o777
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        raise Failed(0, f"{path} could not be written: {error.strerror}") from error


def sources(given: Given) -> int:
    found = engine().get("/wherry/gallery/sources")
    rows = [[each["address"], str(each["templates"])] for each in found]
    say(table([["FROM", "TEMPLATES"], *rows]), end="")
    for each in found:
        for problem in each["problems"]:
            say(f"{each['address']}: {problem}", file=sys.stderr)
    return 0


def add_source(given: Given) -> int:
    address = given.arguments[0]
    if os.path.isdir(address):
        address = os.path.abspath(address)
    made = engine().post("/wherry/gallery/sources/add", body={"address": address})
    say(f"{made['templates']} templates from {made['address']}")
    return 0


def remove_source(given: Given) -> int:
    address = given.arguments[0]
    known = [each["address"] for each in engine().get("/wherry/gallery/sources")]
    if address not in known:
        address = os.path.abspath(address)
    engine().post("/wherry/gallery/sources/remove", body={"address": address})
    return 0


_LS = """
--category text  Only these: databases, brokers, web, monitoring, storage, tools, apps
--format text    'table' or 'json'
-q --quiet flag  Only names
"""
_ADD = """
-C --directory text  The project's folder (default: this one)
-s --set list        Fill in a field: NAME=VALUE
--up flag            Start it, and wait until it is healthy
"""
COMMANDS = {
    "gallery ls": Command(ls, "[OPTIONS] [WORD...]", "List services that can be added", _LS),
    "gallery show": Command(
        show, "NAME", "Show what a service asks for", "--file flag The file itself", least=1, most=1
    ),
    "gallery add": Command(add, "[OPTIONS] NAME [NAME...]", "Write services into a project's files", _ADD, least=1),
    "gallery sources": Command(sources, "", "List where templates come from besides the program", "", most=0),
    "gallery add-source": Command(
        add_source, "FOLDER|GIT-ADDRESS", "Take templates from there too; again, what it has now", "", least=1, most=1
    ),
    "gallery rm-source": Command(remove_source, "ADDRESS", "Take none from there any more", "", least=1, most=1),
}
