"""The group `pod`, in podman's words."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, UsageError, filters
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.cli.reach.wire import Client

_POD = "POD [POD...]"


def _chosen(client: Client, given: Given) -> list[str]:
    """Those that were named; with --all, every one."""
    if not given.flag("all"):
        if not given.arguments:
            raise UsageError("needs at least 1 argument")
        return given.arguments
    return [str(each["name"]) for each in client.get("/wherry/pods")]


def _each(given: Given, act: Callable[[Client, str], Any]) -> int:
    client, failed = engine(), False
    for name in _chosen(client, given):
        try:
            act(client, name)
            say(name, flush=True)
        except Failed as error:
            say(f"Error: {error.message}", file=sys.stderr)
            failed = True
    return 125 if failed else 0


def _verb(verb: str, values: Callable[[Given], dict[str, object]] = lambda _: {}) -> Callable[[Given], int]:
    return lambda given: _each(
        given, lambda client, name: client.post(f"/wherry/pods/{quote(name)}/{verb}", values(given))
    )


# --- making ---


def create(given: Given) -> int:
    """As podman does, the new pod's id is printed."""
    from engine.recipe.kinds.ports import read_publish

    client = engine()
    name = given.arguments[0] if given.arguments else given.text("name")
    networks = given.list("network")
    if len(networks) > 1:
        raise UsageError("a pod has one network; connect it to others when it is there")
    body: dict[str, Any] = {
        "name": name,
        "hostname": given.text("hostname"),
        "network": networks[0] if networks else "",
        "network_aliases": given.list("network-alias"),
        "ports": [port for text in given.list("publish") for port in read_publish(text)],
        "dns": given.list("dns"),
        "dns_search": given.list("dns-search"),
        "dns_options": given.list("dns-option"),
        "extra_hosts": given.list("add-host"),
        "labels": _pairs(given.list("label")),
    }
    if given.flag("replace") and name:
        try:
            client.delete(f"/wherry/pods/{quote(name)}", {"force": True})
        except Failed as error:
            if error.status != 404:
                raise
    say(client.post("/wherry/pods", body=body)["id"])
    return 0


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    return dict(text.partition("=")[::2] for text in texts)


def remove(given: Given) -> int:
    values = {"force": given.flag("force"), "v": given.flag("volumes")}

    def act(client: Client, name: str) -> None:
        try:
            client.delete(f"/wherry/pods/{quote(name)}", values)
        except Failed as error:
            if error.status != 404 or not given.flag("ignore"):
                raise

    return _each(given, act)


def prune(given: Given) -> int:
    from engine.cli.printed.asking import confirmed

    warning = "WARNING! This will remove all pods of which nothing runs."
    if not given.flag("force") and not confirmed(warning):
        return 0
    for each in engine().post("/wherry/pods/prune", {"filters": filters(given)})["ids"]:
        say(each)
    return 0


# --- looking ---


def ls(given: Given) -> int:
    from engine.cli.printed.tables import show

    whole = given.flag("no-trunc")
    rows = [_row(each, whole=whole) for each in engine().get("/wherry/pods")]
    rows = [row for row in rows if _passes(row, given.list("filter"))]
    columns = [
        ("POD ID", "ID"), ("NAME", "Name"), ("STATUS", "Status"), ("CREATED", "Created"), ("PORTS", "Ports"),
        ("# OF CONTAINERS", "NumberOfContainers"),
    ]  # fmt: skip
    quiet = (lambda row: str(row["ID"])) if given.flag("quiet") else None
    show(rows, given.text("format"), columns=columns, quiet=quiet)
    return 0


def _row(pod: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    from datetime import datetime

    from engine.cli.printed.words import ago
    from engine.recipe.kinds.ports import publish_words

    return {
        "ID": pod["id"] if whole else pod["id"][:12],
        "Name": pod["name"],
        "Status": pod["state"],
        "Created": ago(datetime.fromisoformat(pod["created"]).timestamp()),
        "Ports": ", ".join(publish_words(port) for port in pod["ports"]),
        "NumberOfContainers": str(len(pod["containers"])),
        "ContainerNames": ",".join(each["name"] for each in pod["containers"]),
        "Labels": ",".join(f"{key}={value}" for key, value in pod["recipe"]["labels"].items()),
    }


def _passes(row: dict[str, Any], conditions: Iterable[str]) -> bool:
    for text in conditions:
        key, equals, value = text.partition("=")
        column = {"id": "ID", "name": "Name", "status": "Status", "label": "Labels", "ctr-names": "ContainerNames"}
        if not equals or key not in column:
            raise UsageError(f"invalid argument for --filter: {text}")
        if value.lower() not in str(row[column[key]]).lower():
            return False
    return True


def inspect(given: Given) -> int:
    from engine.cli.printed.tables import show_objects

    client = engine()
    show_objects([_inspected(client.get(f"/wherry/pods/{quote(name)}")) for name in given.arguments],
                 given.text("format"))  # fmt: skip
    return 0


def _inspected(pod: dict[str, Any]) -> dict[str, Any]:
    """With podman's keys where it has the thing."""
    recipe = pod["recipe"]
    return {
        "Id": pod["id"],
        "Name": pod["name"],
        "Created": pod["created"],
        "State": pod["state"],
        "Hostname": recipe["hostname"] or pod["name"],
        "Labels": recipe["labels"],
        "SharedNamespaces": ["ipc", "net", "uts"],
        "Network": recipe["network"],
        "IPAddress": pod["ip_address"],
        "Ports": pod["ports"] or recipe["ports"],
        "NumContainers": len(pod["containers"]),
        "Containers": [
            {"Id": each["id"], "Name": each["name"], "State": each["state"], "Init": each["init"]}
            for each in pod["containers"]
        ],
    }


def exists(given: Given) -> int:
    try:
        engine().get(f"/wherry/pods/{quote(given.arguments[0])}")
    except Failed as error:
        if error.status != 404:
            raise
        return 1
    return 0


def logs(given: Given) -> int:
    """What its containers say, each line after its container's name."""
    from engine.cli.compose.following import Follower, log_options

    client = engine()
    pod = client.get(f"/wherry/pods/{quote(given.arguments[0])}")
    follower = Follower(client, colour=sys.stdout.isatty(), prefix=True)
    follower.names([each["name"] for each in pod["containers"]])
    asked = log_options(
        follow=given.flag("follow"), times=given.flag("timestamps"), tail=given.text("tail"), since=given.text("since")
    )
    for each in pod["containers"]:
        tty = bool(client.get(f"/containers/{each['id']}/json")["Config"]["Tty"])
        follower.follow(each["id"], each["name"], asked, tty=tty)
    follower.wait()
    return 0


_CREATE = """
--add-host list       Add a custom host-to-IP mapping (host:ip)
--dns list            Set custom DNS servers
--dns-option list     Set DNS options
--dns-search list     Set custom DNS search domains
--hostname text       Host name of its containers; the pod's name where none is given
--infra flag          Accepted: no container that only waits is needed
-l --label list       Set metadata on a pod
-n --name text        Name of the pod
--network list        Connect it to a network
--network-alias list  Add network-scoped alias for the pod
-p --publish list     Publish ports of its containers
--replace flag        Remove a pod of the same name first
--share text          Accepted: network, IPC and UTS are shared
"""
_ALL = "-a --all flag  All pods\n"

COMMANDS = {
    "pod create": Command(create, "[OPTIONS] [NAME]", "Make a pod", _CREATE, most=1),
    "pod ls": Command(
        ls, "[OPTIONS]", "List pods",
        "-f --filter list Provide filter values\n--format text 'table', 'json' or a Go template\n"
        "--no-trunc flag Do not truncate the output\n-q --quiet flag Only ids", most=0,
    ),
    "pod inspect": Command(inspect, _POD, "Show everything about pods", "-f --format text A template, or 'json'",
                           least=1),
    "pod start": Command(_verb("start"), _POD, "Start pods", _ALL),
    "pod stop": Command(
        _verb("stop", lambda given: {"t": given.number("time")}), _POD, "Stop pods",
        _ALL + "-t --time number Seconds that containers have to end",
    ),
    "pod restart": Command(_verb("restart"), _POD, "Restart pods", _ALL),
    "pod kill": Command(
        _verb("kill", lambda given: {"signal": given.text("signal")}), _POD, "Kill pods",
        _ALL + "-s --signal text Signal to send",
    ),
    "pod pause": Command(_verb("pause"), _POD, "Freeze pods", _ALL),
    "pod unpause": Command(_verb("unpause"), _POD, "Thaw pods", _ALL),
    "pod rm": Command(
        remove, _POD, "Remove pods with their containers",
        _ALL + "-f --force flag Also those that run\n-i --ignore flag Do not fail where a pod is not there\n"
        "-v --volumes flag Remove anonymous volumes too",
    ),
    "pod prune": Command(
        prune, "[OPTIONS]", "Remove pods of which nothing runs",
        "--filter list Provide filter values\n-f --force flag Do not prompt for confirmation", most=0,
    ),
    "pod exists": Command(exists, "POD", "End with 0 if there is such a pod, else with 1", least=1, most=1),
    "pod logs": Command(
        logs, "[OPTIONS] POD", "Show what the containers of a pod say",
        "-f --follow flag Go on\n--since text From this time\n--tail text Only so many lines\n"
        "-t --timestamps flag With times", least=1, most=1,
    ),
}  # fmt: skip
