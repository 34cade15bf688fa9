"""The verbs of a swarm's stacks, configs and secrets, in docker's words."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import own_engine
from engine.cli.reach.wire import Failed
from engine.cli.swarms import services as swarm

if TYPE_CHECKING:
    from collections.abc import Callable

_DEEDS = {"create": "Creating", "update": "Updating", "remove": "Removing"}
_RESOLVES = ("always", "changed", "never")


def deploy(given: Given) -> int:
    name, wish = given.arguments[0], given.text("resolve-image", "always")
    if wish not in _RESOLVES:
        raise UsageError(f'invalid --resolve-image "{wish}": always, changed or never')
    stack = {"name": name, "source": _source(given), "prune": given.flag("prune"), "resolve_image": wish,
             "with_login": given.flag("with-registry-auth")}  # fmt: skip
    body = {"machine": swarm.machine(), "stack": stack}
    client = own_engine()
    plan = client.post("/wherry/swarm/plan", body=body)
    from engine.cli.compose.project import tell_problems

    tell_problems(plan["problems"])
    if given.flag("dry-run"):
        return _show_plan(plan)
    for message in client.ask("POST", "/wherry/swarm/deploy", body=body).messages():
        if "error" in message:
            raise Failed(0, message["error"])
        if "done" in message:
            break
        _tell(message["step"])
    else:
        raise Failed(0, "the engine ended before the stack was deployed")
    own = f"{name}_"
    names = [step["name"] for step in plan["steps"] if step["kind"] == "service" and step["action"] != "remove"]
    return swarm.waited(given, [each for each in names if each.startswith(own)]) if given.has("detach") else 0


def _tell(step: dict[str, Any]) -> None:
    if step["state"] == "running" and step["action"] in _DEEDS:
        say(f"{_DEEDS[step['action']]} {step['subject']}", flush=True)
    if step["state"] == "done" and step["note"]:
        say(step["note"], file=sys.stderr, flush=True)


def _show_plan(plan: dict[str, Any]) -> int:
    for step in plan["steps"]:
        say(f"{step['action']:8} {step['kind']} {step['name']}")
        for change in step["changes"]:
            say(f"{'':8}   {change['field']}: {change['before'] or 'nothing'} → {change['after'] or 'nothing'}")
    return 0


def _source(given: Given) -> dict[str, Any]:
    from engine.compose.project_files import files_in

    texts: dict[str, str] = {}
    files = [each if each == "-" else os.path.abspath(each) for each in given.list("compose-file")]
    files = files or files_in(os.getcwd())
    if not files:
        raise Failed(0, "no compose file: say which with -c")
    if "-" in files:
        path = os.path.join(os.getcwd(), "stdin")
        texts[path] = sys.stdin.read()
        files = [path if each == "-" else each for each in files]
    return {
        "files": files, "directory": os.path.dirname(files[0]), "environment": dict(os.environ),
        "home": os.path.expanduser("~"), "texts": texts,
    }  # fmt: skip


def stacks(given: Given) -> int:
    from engine.cli.printed.tables import show

    rows = [{"Name": each["name"], "Services": str(len(each["services"]))} for each in swarm.look()["stacks"]]
    show(rows, given.text("format"), columns=[("NAME", "Name"), ("SERVICES", "Services")])
    return 0


def _of_stack(given: Given, kind: str) -> list[dict[str, Any]]:
    name, there = given.arguments[0], swarm.look()
    own = {each["name"] for each in there["services"] if each["stack"] == name}
    if not own:
        raise Failed(404, f"nothing found in stack: {name}")
    return [each for each in there[kind] if each["name" if kind == "services" else "service"] in own]


def stack_services(given: Given) -> int:
    return swarm.show_services(given, _of_stack(given, "services"))


def stack_tasks(given: Given) -> int:
    return swarm.show_tasks(given, _of_stack(given, "tasks"))


def remove_stacks(given: Given) -> int:
    wrong = 0
    for name in given.arguments:
        try:
            for each in swarm.asked("remove", kind="stack", name=name):
                say(f"Removing {each}")
        except Failed as error:
            wrong = 1
            say(f"Error: {error.message}", file=sys.stderr)
    return wrong


def _files(kind: str) -> Callable[[Given], int]:
    def listed(given: Given) -> int:
        from engine.cli.printed.tables import show

        rows = [
            {"ID": each["id"], "Name": each["name"], "CreatedAt": swarm.ago(each["created"]),
             "UpdatedAt": swarm.ago(each["updated"])}
            for each in swarm.look()[f"{kind}s"]
        ]  # fmt: skip
        columns = [("ID", "ID"), ("NAME", "Name"), ("CREATED", "CreatedAt"), ("UPDATED", "UpdatedAt")]
        quiet = (lambda row: str(row["ID"])) if given.flag("quiet") else None
        show(rows, given.text("format"), columns=columns, quiet=quiet)
        return 0

    return listed


_ROWS = "--format text 'table', 'json' or a Go template\n-q --quiet flag Only display IDs\n"
_TASKS = "-f --filter list Filter output based on conditions provided\n--no-trunc flag Don't truncate output\n"
_ONE_FORMAT = "-f --format text Format output using a custom template, or 'json'"
COMMANDS = {
    "stack deploy": Command(
        deploy, "[OPTIONS] STACK", "Deploy a project to a swarm, or bring it to what its files say",
        "-c --compose-file list Path to a compose file, or '-'\n-d --detach flag Exit immediately (default), or wait\n"
        "--dry-run flag Show what would be done, and do nothing\n--prune flag Remove services that the files lack\n"
        "-q --quiet flag Suppress progress output\n--resolve-image text always, changed or never\n"
        "--with-registry-auth flag Give the nodes this computer's logins for the registries", least=1, most=1,
    ),
    "stack ls": Command(stacks, "[OPTIONS]", "List the stacks of a swarm", _ROWS, most=0),
    "stack services": Command(
        stack_services, "[OPTIONS] STACK", "List the services of a stack",
        "-f --filter list Filter output based on conditions provided\n" + _ROWS, least=1, most=1,
    ),
    "stack ps": Command(stack_tasks, "[OPTIONS] STACK", "List the tasks of a stack", _TASKS + _ROWS, least=1, most=1),
    "stack rm": Command(remove_stacks, "STACK [STACK...]", "Remove stacks with all that is theirs", least=1),
    **{
        f"{kind} {verb}": command
        for kind in ("config", "secret")
        for verb, command in {
            "ls": Command(_files(kind), "[OPTIONS]", f"List the {kind}s of a swarm", _ROWS, most=0),
            "inspect": Command(
                lambda given, kind=kind: swarm.inspect_kind(given, f"{kind}s"),  # type: ignore[misc]
                f"[OPTIONS] {kind.upper()} [{kind.upper()}...]", f"Show everything about {kind}s", _ONE_FORMAT, least=1,
            ),
            "rm": Command(
                lambda given, kind=kind: swarm.removed(given, kind),  # type: ignore[misc]
                f"{kind.upper()} [{kind.upper()}...]", f"Remove {kind}s", least=1,
            ),
        }.items()
    },
}  # fmt: skip
