"""The verbs of a swarm's services and nodes, in docker's words. The engine of this computer asks the machine's manager
and changes what is to be changed; inspections and logs come from the manager itself."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine, own_engine
from engine.cli.reach.wire import Failed, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_STABLE_SECONDS, _LOOK_SECONDS = 2.0, 0.5
"""How long all must be there before a change counts as through."""
_ERROR_WIDTH = 30
_FORM = "--format text 'table', 'json' or a Go template\n"
_FILTER = "-f --filter list Filter output based on conditions provided\n"
_QUIET = "-q --quiet flag Only display IDs\n"
_NO_TRUNC = "--no-trunc flag Don't truncate output\n"


def asked(verb: str, **more: object) -> Any:
    """Of the machine that the command is for, by this computer's engine."""
    return own_engine().post(f"/wherry/swarm/{verb}", body={"machine": machine(), **more})


def machine() -> str:
    from engine.machines.choosing import Unknown, chosen_name

    try:
        return chosen_name()
    except Unknown as error:
        raise Failed(0, str(error)) from None


def look() -> dict[str, Any]:
    found: dict[str, Any] = asked("look")
    return found


def _wishes(given: Given) -> dict[str, list[str]]:
    wishes: dict[str, list[str]] = {}
    for text in given.list("filter"):
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError("invalid argument for --filter: bad format of filter (expected name=value)")
        wishes.setdefault(key, []).append(value)
    return wishes


def _chosen(rows: Iterable[dict[str, Any]], wishes: Mapping[str, list[str]], *keys: str) -> list[dict[str, Any]]:
    """Rows that have one of the values of each wish; of names and ids the beginning is enough."""
    for key in wishes:
        if key not in (*keys, "label"):
            raise UsageError(f"invalid filter '{key}'")

    def fits(row: Mapping[str, Any], key: str, values: Sequence[str]) -> bool:
        if key == "label":
            labels = row["labels"]
            pairs = [value.partition("=") for value in values]
            return all(name in labels and (not eq or labels[name] == text) for name, eq, text in pairs)
        field = {"desired-state": "desired"}.get(key, key)
        return any(str(row[field]).startswith(value) for value in values)

    return [row for row in rows if all(fits(row, key, values) for key, values in wishes.items())]


# --- services ---


def services(given: Given) -> int:
    return show_services(given, look()["services"])


def show_services(given: Given, found: Iterable[dict[str, Any]]) -> int:
    from engine.cli.printed.tables import show

    rows = [
        {
            "ID": each["id"][:12],
            "Name": each["name"],
            "Mode": each["mode"].replace("-", " "),
            "Replicas": _replicas(each),
            "Image": each["image"],
            "Ports": ports(each["ports"]),
        }
        for each in _chosen(found, _wishes(given), "name", "id", "mode")
    ]
    columns = [("ID", "ID"), ("NAME", "Name"), ("MODE", "Mode"), ("REPLICAS", "Replicas"), ("IMAGE", "Image"),
               ("PORTS", "Ports")]  # fmt: skip
    show(rows, given.text("format"), columns=columns, quiet=_quiet(given))
    return 0


def _quiet(given: Given, key: str = "ID") -> Callable[[Mapping[str, Any]], str] | None:
    return (lambda row: str(row[key])) if given.flag("quiet") else None


def _replicas(service: Mapping[str, Any]) -> str:
    wanted = service["replicas"] if service["mode"] == "replicated" else service["wanted"]
    if service["mode"].endswith("-job"):
        goal = service["replicas"] or wanted
        return f"{service['running']}/{wanted} ({service['completed']}/{goal} completed)"
    most = f" (max {service['max_per_node']} per node)" if service["max_per_node"] else ""
    return f"{service['running']}/{wanted}{most}"


def ports(found: Iterable[Mapping[str, Any]]) -> str:
    """Those reached at every node, as docker writes them; runs of ports are joined."""
    shown: list[list[Any]] = []
    ordered = sorted(found, key=lambda each: (each["protocol"], each["published"], each["target"]))
    for each in ordered:
        if each["mode"] != "ingress" or not each["published"]:
            continue
        run = shown[-1] if shown else None
        if run and run[0] == each["protocol"] and run[2] + 1 == each["published"] and run[4] + 1 == each["target"]:
            run[2], run[4] = each["published"], each["target"]
        else:
            shown.append([each["protocol"], each["published"], each["published"], each["target"], each["target"]])

    def span(first: int, last: int) -> str:
        return str(first) if first == last else f"{first}-{last}"

    return ", ".join(f"*:{span(first, last)}->{span(inside, end)}/{kind}" for kind, first, last, inside, end in shown)


def find(found: Iterable[dict[str, Any]], name: str, noun: str) -> dict[str, Any]:
    """By name, id or the beginning of an id."""
    rows = list(found)
    for fits in (lambda each: name in (each["id"], each["name"]), lambda each: each["id"].startswith(name)):
        hits = [each for each in rows if fits(each)]
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise Failed(0, f"{noun} {name} is ambiguous ({len(hits)} matches found)")
    raise Failed(404, f"no such {noun}: {name}")


def service_tasks(given: Given) -> int:
    there = look()
    names = [find(there["services"], name, "service")["name"] for name in given.arguments]
    return show_tasks(given, [each for each in there["tasks"] if each["service"] in names])


def show_tasks(given: Given, tasks: Iterable[dict[str, Any]]) -> int:
    from engine.cli.printed.tables import show

    whole, rows, before = given.flag("no-trunc"), [], ""
    for each in _chosen(tasks, _wishes(given), "name", "id", "node", "desired-state"):
        earlier, before = each["name"] == before, each["name"]
        rows.append(
            {
                "ID": each["id"] if whole else each["id"][:12],
                "Name": f" \\_ {each['name']}" if earlier else each["name"],
                "Image": each["image"],
                "Node": each["node"],
                "DesiredState": each["desired"].capitalize(),
                "CurrentState": f"{each['state'].capitalize()} {ago(each['since'])}",
                "Error": _error(each["error"], whole=whole),
                "Ports": ports(each["ports"]),
            }
        )
    columns = [("ID", "ID"), ("NAME", "Name"), ("IMAGE", "Image"), ("NODE", "Node"), ("DESIRED STATE", "DesiredState"),
               ("CURRENT STATE", "CurrentState"), ("ERROR", "Error"), ("PORTS", "Ports")]  # fmt: skip
    show(rows, given.text("format"), columns=columns, quiet=_quiet(given))
    return 0


def _error(text: str, *, whole: bool) -> str:
    shown = text if whole or len(text) <= _ERROR_WIDTH else f"{text[: _ERROR_WIDTH - 1]}…"
    return f'"{shown}"' if shown else ""


def ago(moment: str) -> str:
    from datetime import datetime

    from engine.cli.printed import words

    return words.ago(datetime.fromisoformat(moment).timestamp())


def inspect(given: Given) -> int:
    return inspect_kind(given, "services")


def inspect_kind(given: Given, kind: str) -> int:
    from engine.cli.printed.tables import show_objects

    client, own = engine(), ""
    if kind == "nodes" and "self" in given.arguments:
        own = client.get("/info")["Swarm"]["NodeID"]
    names = [own if each == "self" and own else each for each in given.arguments]
    show_objects([client.get(f"/{kind}/{quote(name)}") for name in names], given.text("format"))
    return 0


def remove_services(given: Given) -> int:
    return removed(given, "service")


def removed(given: Given, kind: str) -> int:
    """One after the other; what fails is told, and the others go all the same."""
    wrong = 0
    for name in given.arguments:
        try:
            asked("remove", kind=kind, name=name)
            say(name)
        except Failed as error:
            wrong = 1
            say(f"Error: {error.message}", file=sys.stderr)
    return wrong


def scale(given: Given) -> int:
    wanted = []
    for word in given.arguments:
        name, equals, number = word.partition("=")
        if not equals or not number.isdigit():
            raise UsageError(f"invalid scale specifier '{word}': needs SERVICE=REPLICAS")
        wanted.append((name, int(number)))
    for name, count in wanted:
        asked("scale", name=name, replicas=count)
        say(f"{name} scaled to {count}")
    return waited(given, [name for name, _ in wanted])


def roll_back(given: Given) -> int:
    name = given.arguments[0]
    asked("roll-back", name=name)
    say(name)
    return waited(given, [name])


def waited(given: Given, names: Sequence[str]) -> int:
    """Until all is as it should be, as docker waits, unless told not to."""
    if not given.flag("detach"):
        for name in names:
            settled(name, quiet=given.flag("quiet"))
    return 0


def settled(name: str, *, quiet: bool) -> dict[str, Any]:
    """The service as it is then."""
    import time

    since, told = 0.0, ""
    while True:
        service = find(look()["services"], name, "service")
        update = service["update"]
        if update["state"] in ("paused", "rollback_paused"):
            raise Failed(0, f"service {update['state'].replace('_', ' ')}: {update['message']}")
        goal = service["replicas"] if service["mode"].startswith("replicated") else service["wanted"]
        done = service["completed"] if service["mode"].endswith("-job") else service["running"]
        words = f"overall progress: {done} out of {goal} tasks"
        if words != told and not quiet:
            told = words
            say(words, flush=True)
        busy = update["state"] in ("updating", "rollback_started")
        since = 0.0 if busy or done != goal else since or time.monotonic()
        if since and time.monotonic() - since >= _STABLE_SECONDS:
            if not quiet:
                say(f"verify: Service {name} converged")
            return service
        time.sleep(_LOOK_SECONDS)


def logs(given: Given) -> int:
    """Of all tasks of a service, or of one task."""
    from engine.cli.streams.frames import Unframer, write_all

    client, name, there = engine(), given.arguments[0], look()
    if any(each["id"].startswith(name) for each in there["tasks"]) and not any(
        name == each["name"] for each in there["services"]
    ):
        path = f"/tasks/{quote(find(there['tasks'], name, 'task')['id'])}/logs"
    else:
        path = f"/services/{quote(find(there['services'], name, 'service')['id'])}/logs"
    asked_for = {
        "stdout": True, "stderr": True, "details": True, "follow": given.flag("follow"), "since": given.text("since"),
        "tail": given.text("tail"), "timestamps": given.flag("timestamps"),
    }  # fmt: skip
    shown = _LogLines({each["id"]: each for each in there["tasks"]}, given)
    unframer, kept = Unframer(), {True: b"", False: b""}
    for piece in client.ask("GET", path, asked_for).pieces():
        for is_stderr, data in unframer.feed(piece):
            *lines, kept[is_stderr] = (kept[is_stderr] + data).split(b"\n")
            write_all(2 if is_stderr else 1, b"".join(shown.line(line) + b"\n" for line in lines))
    return 0


class _LogLines:
    """Lines with who wrote them: web.1.4r8ktc8v6bzn@host    | text."""

    def __init__(self, tasks: dict[str, dict[str, Any]], given: Given) -> None:
        self._tasks = tasks
        self._given = given
        self._width = 0

    def line(self, line: bytes) -> bytes:
        stamp = b""
        if self._given.flag("timestamps"):
            stamp, _, line = line.partition(b" ")
            stamp += b" "
        details, _, text = line.partition(b" ")
        said = dict(each.partition("=")[::2] for each in details.decode("utf-8", "replace").split(","))
        task = said.get("com.docker.swarm.task.id", "")
        if self._given.flag("raw") or not task:
            return stamp + text if task else stamp + line
        known = self._tasks.get(task, {"name": task, "node": said.get("com.docker.swarm.node.id", "")})
        tail = "" if self._given.flag("no-task-ids") else f".{task[:12]}"
        head = f"{known['name']}{tail}@{known['node']}"
        self._width = max(self._width, len(head))
        return stamp + f"{head:{self._width}}    | ".encode() + text


# --- nodes ---


def nodes(given: Given) -> int:
    from engine.cli.printed.tables import show

    rows = [
        {
            "ID": f"{each['id']} *" if each["asked"] and not given.flag("quiet") else each["id"],
            "Hostname": each["name"],
            "Status": each["state"].capitalize(),
            "Availability": each["availability"].capitalize(),
            "ManagerStatus": "Leader" if each["leader"] else each["reachability"].capitalize(),
            "EngineVersion": each["engine"],
        }
        for each in _chosen(look()["nodes"], _wishes(given), "name", "id", "role")
    ]
    columns = [("ID", "ID"), ("HOSTNAME", "Hostname"), ("STATUS", "Status"), ("AVAILABILITY", "Availability"),
               ("MANAGER STATUS", "ManagerStatus"), ("ENGINE VERSION", "EngineVersion")]  # fmt: skip
    show(rows, given.text("format"), columns=columns, quiet=_quiet(given))
    return 0


def update_node(given: Given) -> int:
    name, wish, role = given.arguments[0], given.text("availability"), given.text("role")
    if wish and wish not in ("active", "pause", "drain"):
        raise UsageError(f'invalid availability "{wish}": active, pause or drain')
    if role and role not in ("worker", "manager"):
        raise UsageError(f'invalid role "{role}": worker or manager')
    if not wish and not role:
        raise UsageError("needs --availability or --role")
    asked("node", name=name, role=role, **({"availability": wish} if wish else {}))
    say(name)
    return 0


def promote(given: Given) -> int:
    return _become(given, "manager", "Node {0} promoted to a manager in the swarm.")


def demote(given: Given) -> int:
    return _become(given, "worker", "Manager {0} demoted in the swarm.")


def _become(given: Given, role: str, told: str) -> int:
    known = look()["nodes"]
    for name in given.arguments:
        if find(known, name, "node")["role"] == role:
            say(f"Node {name} is already a {role}.")
            continue
        asked("node", name=name, role=role)
        say(told.format(name))
    return 0


def node_tasks(given: Given) -> int:
    there = look()
    names = given.arguments or ["self"]
    own = [each["name"] for each in there["nodes"] if each["asked"]]
    wanted = [own[0] if name == "self" and own else find(there["nodes"], name, "node")["name"] for name in names]
    return show_tasks(given, [each for each in there["tasks"] if each["node"] in wanted])


_DETACH = "-d --detach flag Exit immediately instead of waiting\n-q --quiet flag Suppress progress output\n"
COMMANDS = {
    "service ls": Command(services, "[OPTIONS]", "List the services of a swarm", _FILTER + _FORM + _QUIET, most=0),
    "service ps": Command(
        service_tasks, "[OPTIONS] SERVICE [SERVICE...]", "List the tasks of services",
        _FILTER + _FORM + _NO_TRUNC + _QUIET, least=1,
    ),
    "service inspect": Command(
        inspect, "[OPTIONS] SERVICE [SERVICE...]", "Show everything about services",
        "-f --format text Format output using a custom template, or 'json'", least=1,
    ),
    "service rm": Command(remove_services, "SERVICE [SERVICE...]", "Remove services", least=1),
    "service scale": Command(
        scale, "[OPTIONS] SERVICE=REPLICAS [SERVICE=REPLICAS...]", "Say how many tasks services have", _DETACH, least=1
    ),
    "service rollback": Command(
        roll_back, "[OPTIONS] SERVICE", "Bring a service back to what it was before its last change", _DETACH, least=1,
        most=1,
    ),
    "service logs": Command(
        logs, "[OPTIONS] SERVICE|TASK", "Show what the tasks of a service say",
        "-f --follow flag Follow log output\n-n --tail text Number of lines from the end\n"
        "--no-task-ids flag Don't include task IDs\n--raw flag Only the text\n"
        "--since text Since a timestamp or a length of time\n-t --timestamps flag Show timestamps", least=1, most=1,
    ),
    "node ls": Command(nodes, "[OPTIONS]", "List the nodes of a swarm", _FILTER + _FORM + _QUIET, most=0),
    "node ps": Command(
        node_tasks, "[OPTIONS] [NODE...]", "List the tasks on nodes", _FILTER + _FORM + _NO_TRUNC + _QUIET
    ),
    "node inspect": Command(
        lambda given: inspect_kind(given, "nodes"), "[OPTIONS] self|NODE [NODE...]", "Show everything about nodes",
        "-f --format text Format output using a custom template, or 'json'", least=1,
    ),
    "node promote": Command(promote, "NODE [NODE...]", "Make nodes managers of the swarm", least=1),
    "node demote": Command(demote, "NODE [NODE...]", "Make managers plain workers of the swarm", least=1),
    "node update": Command(
        update_node, "[OPTIONS] NODE", "Change a node: take work from it, or give it work again",
        "--availability text active, pause or drain\n--role text worker or manager", least=1, most=1,
    ),
}  # fmt: skip
