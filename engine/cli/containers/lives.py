"""Verbs about containers that ask and answer: ps, logs, and each step of their lives."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, UsageError, filters
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.cli.reach.wire import Client
    from engine.recipe.words.arguments import Option

_PS = """
-a --all flag       Show all containers (default shows just running)
-f --filter list    Filter output based on conditions provided
--format text       'table', 'table TEMPLATE', 'json' or a Go template
-n --last number    Show n last created containers (includes all states)
-l --latest flag    Show the latest created container (includes all states)
--no-trunc flag     Don't truncate output
-q --quiet flag     Only display container IDs
-s --size flag      Display total file sizes
"""
_COLUMNS = [
    ("CONTAINER ID", "ID"),
    ("IMAGE", "Image"),
    ("COMMAND", "Command"),
    ("CREATED", "RunningFor"),
    ("STATUS", "Status"),
    ("PORTS", "Ports"),
    ("NAMES", "Names"),
]
_HEADINGS = {"CreatedAt": "CREATED AT", "State": "STATE", "Size": "SIZE", "LocalVolumes": "LOCAL VOLUMES"}


def ps(given: Given) -> int:
    from engine.cli.printed.tables import show, unescaped

    last = 1 if given.flag("latest") else given.number("last")
    form = unescaped(given.text("format"))
    with_size = given.flag("size") or (".Size" in form and not given.flag("quiet"))
    asked = {"all": given.flag("all"), "limit": last, "size": with_size, "filters": filters(given)}
    rows = engine().get("/containers/json", asked)
    whole = given.flag("no-trunc")
    columns = [*_COLUMNS, ("SIZE", "Size")] if given.flag("size") else _COLUMNS
    show(
        [container_row(row, whole=whole) for row in rows],
        form,
        columns=columns,
        headings=_HEADINGS,
        quiet=(lambda row: str(row["ID"])) if given.flag("quiet") else None,
    )
    return 0


def container_row(row: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """What a template sees of a container."""
    from engine.cli.printed import words

    command = row["Command"] if whole else words.shortened(row["Command"], 20)
    labels = row.get("Labels") or {}
    mounts = row.get("Mounts") or []
    names = [mount.get("Name") or mount.get("Source", "") for mount in mounts]
    size = f"{words.size(row.get('SizeRw', 0))} (virtual {words.size(row.get('SizeRootFs', 0))})"
    image = row["Image"]
    if not whole and image.startswith("sha256:"):
        image = words.short_id(image)
    return {
        "ID": row["Id"] if whole else row["Id"][:12],
        "Names": ",".join(name.removeprefix("/") for name in row["Names"]),
        "Image": image,
        "Command": f'"{command}"',
        "CreatedAt": words.local_time(row["Created"]),
        "RunningFor": words.ago(row["Created"]),
        "Ports": words.ports(row.get("Ports") or []),
        "State": row["State"],
        "Status": row["Status"],
        "Size": size if "SizeRootFs" in row else "0B",
        "Labels": ",".join(f"{key}={value}" for key, value in labels.items()),
        "Mounts": ",".join(name if whole else words.shortened(name, 15) for name in names),
        "Networks": ",".join((row.get("NetworkSettings") or {}).get("Networks") or {}),
        "LocalVolumes": str(sum(mount.get("Type") == "volume" for mount in mounts)),
        "Label": lambda name: labels.get(name, ""),
    }


# --- one request per container named ---


def _each(given: Given, act: Callable[[Client, str], str | None]) -> int:
    """Act on each argument; say its name (or what `act` says) or its error; 1 if any failed."""
    client, failed = engine(), False
    for name in given.arguments:
        try:
            said = act(client, name)
        except Failed as error:
            say(f"Error: {error.message}", file=sys.stderr)
            failed = True
        else:
            say(name if said is None else said, flush=True)
    return 1 if failed else 0


def _simple(action: str, values: Callable[[Given], dict[str, object]]) -> Callable[[Given], int]:
    def run(given: Given) -> int:
        asked = values(given)

        def act(client: Client, name: str) -> None:
            client.post(f"/containers/{quote(name)}/{action}", asked)

        return _each(given, act)

    return run


def _grace(given: Given) -> dict[str, object]:
    seconds = given.number("timeout")
    return {"t": None if seconds is None else str(seconds), "signal": given.text("signal")}


def rm(given: Given) -> int:
    if given.flag("link"):
        raise UsageError("legacy links are not supported")

    def act(client: Client, name: str) -> None:
        client.delete(
            f"/containers/{quote(name.removeprefix('/'))}", {"force": given.flag("force"), "v": given.flag("volumes")}
        )

    return _each(given, act)


def rename(given: Given) -> int:
    old, new = given.arguments
    engine().post(f"/containers/{quote(old)}/rename", {"name": new})
    return 0


def wait(given: Given) -> int:
    def act(client: Client, name: str) -> str:
        return str(client.post(f"/containers/{quote(name)}/wait")["StatusCode"])

    return _each(given, act)


def _update_options() -> list[Option]:
    from engine.recipe.line import update_options

    return update_options()


def update(given: Given) -> int:
    from engine.recipe.body import dump_update
    from engine.recipe.line import given_rows
    from engine.recipe.words.here import this_place

    body = dump_update(given_rows(given.values, this_place()))
    if not body:
        raise UsageError("you must provide one or more flags when using this command")

    def act(client: Client, name: str) -> None:
        answer = client.post(f"/containers/{quote(name)}/update", body=body)
        for warning in (answer or {}).get("Warnings") or ():
            say(warning, file=sys.stderr)

    return _each(given, act)


# --- looking ---


def top(given: Given) -> int:
    from engine.cli.printed.tables import table

    name, *arguments = given.arguments
    answer = engine().get(f"/containers/{quote(name)}/top", {"ps_args": " ".join(arguments)})
    say(table([answer["Titles"], *answer["Processes"]]), end="")
    return 0


def diff(given: Given) -> int:
    for change in engine().get(f"/containers/{quote(given.arguments[0])}/changes") or ():
        say("CAD"[change["Kind"]], change["Path"])
    return 0


def port(given: Given) -> int:
    name, *wanted = given.arguments
    published = engine().get(f"/containers/{quote(name)}/json")["NetworkSettings"]["Ports"]
    if not wanted:
        for key, bindings in sorted(published.items()):
            for binding in bindings or ():
                say(f"{key} -> {binding['HostIp']}:{binding['HostPort']}")
        return 0
    key = wanted[0] if "/" in wanted[0] else f"{wanted[0]}/tcp"
    bindings = published.get(key)
    if not bindings:
        raise Failed(0, f"No public port '{wanted[0]}' published for {name}")
    for binding in bindings:
        say(f"{binding['HostIp']}:{binding['HostPort']}")
    return 0


_LOGS = """
--details flag        Show extra details provided to logs
-f --follow flag      Follow log output
--since text          Show logs since timestamp (e.g. "2026-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)
-n --tail text        Number of lines to show from the end of the logs (default "all")
-t --timestamps flag  Show timestamps
--until text          Show logs before a timestamp or relative
"""


def logs(given: Given) -> int:
    from engine.cli.streams.frames import copy_frames

    client, name = engine(), given.arguments[0]
    container = client.get(f"/containers/{quote(name)}/json")
    asked = {
        "stdout": True,
        "stderr": True,
        "follow": given.flag("follow"),
        "since": given.text("since"),
        "until": given.text("until"),
        "tail": given.text("tail"),
        "timestamps": given.flag("timestamps"),
        "details": given.flag("details"),
    }
    answer = client.ask("GET", f"/containers/{quote(container['Id'])}/logs", asked)
    copy_frames(answer.pieces(), framed=not container["Config"]["Tty"])
    return 0


_PRUNE = """
--filter list   Provide filter values (e.g. "until=24h", "label=key=value")
-f --force flag Do not prompt for confirmation
"""


def prune(given: Given) -> int:
    from engine.cli.printed.asking import confirmed
    from engine.cli.printed.words import size

    if not given.flag("force") and not confirmed("WARNING! This will remove all stopped containers."):
        return 0
    answer = engine().post("/containers/prune", {"filters": filters(given)})
    if answer["ContainersDeleted"]:
        say("Deleted Containers:", *answer["ContainersDeleted"], sep="\n", end="\n\n")
    say(f"Total reclaimed space: {size(answer['SpaceReclaimed'], digits=4)}")
    return 0


def export(given: Given) -> int:
    from engine.cli.streams.files import write_out

    answer = engine().ask("GET", f"/containers/{quote(given.arguments[0])}/export")
    return write_out(answer.pieces(), given.text("output"))


_COMMIT = """
-a --author text   Author (e.g., "Ada Lovelace <ada@example.org>")
-c --change list   Apply Dockerfile instruction to the created image
-m --message text  Commit message
-p --pause flag    Pause container during commit (default true)
"""


def commit(given: Given) -> int:
    from engine.cli.printed.words import repository_and_tag

    container, *reference = given.arguments
    repository, tag = repository_and_tag(reference[0]) if reference else ("", "")
    answer = engine().post(
        "/commit",
        {
            "container": container,
            "repo": repository,
            "tag": tag,
            "author": given.text("author"),
            "comment": given.text("message"),
            "changes": given.list("change"),
            "pause": "1" if given.flag("pause", default=True) else "0",
        },
        body={},
    )
    say(answer["Id"])
    return 0


_STOP = """
-s --signal text     Signal to send to the container
-t --timeout number  Seconds to wait before killing the container
--time number        Seconds to wait before killing the container
"""


def _stop_values(given: Given) -> dict[str, object]:
    if given.has("time") and not given.has("timeout"):
        given.add("timeout", given.text("time"))
    return _grace(given)


_NAMES = "CONTAINER [CONTAINER...]"

COMMANDS = {
    "ps": Command(ps, "[OPTIONS]", "List containers", _PS, most=0),
    "stop": Command(_simple("stop", _stop_values), f"[OPTIONS] {_NAMES}", "Stop containers", _STOP, least=1),
    "restart": Command(_simple("restart", _stop_values), f"[OPTIONS] {_NAMES}", "Restart containers", _STOP, least=1),
    "kill": Command(
        _simple("kill", lambda given: {"signal": given.text("signal")}),
        f"[OPTIONS] {_NAMES}",
        "Kill containers",
        "-s --signal text Signal to send to the container",
        least=1,
    ),
    "pause": Command(_simple("pause", lambda given: {}), _NAMES, "Freeze all processes of containers", least=1),
    "unpause": Command(_simple("unpause", lambda given: {}), _NAMES, "Thaw all processes of containers", least=1),
    "rm": Command(
        rm,
        f"[OPTIONS] {_NAMES}",
        "Remove containers",
        "-f --force flag Force the removal of a running container\n-l --link flag Remove the specified link\n"
        "-v --volumes flag Remove anonymous volumes associated with the container",
        least=1,
    ),
    "rename": Command(rename, "CONTAINER NEW_NAME", "Rename a container", least=2, most=2),
    "wait": Command(wait, _NAMES, "Wait until containers end, then print their exit codes", least=1),
    "update": Command(update, f"[OPTIONS] {_NAMES}", "Change limits of containers", _update_options, least=1),
    "top": Command(top, "CONTAINER [ps OPTIONS]", "Show a container's processes", least=1, stop_early=True),
    "diff": Command(diff, "CONTAINER", "Show what a container changed in its files", least=1, most=1),
    "port": Command(port, "CONTAINER [PORT[/PROTO]]", "Show a container's published ports", least=1, most=2),
    "logs": Command(logs, "[OPTIONS] CONTAINER", "Show a container's log", _LOGS, least=1, most=1),
    "container prune": Command(prune, "[OPTIONS]", "Remove all stopped containers", _PRUNE, most=0),
    "export": Command(
        export,
        "[OPTIONS] CONTAINER",
        "Write a container's files as a tar",
        "-o --output text Write to a file, instead of STDOUT",
        least=1,
        most=1,
    ),
    "commit": Command(
        commit,
        "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
        "Make an image from a container's changes",
        _COMMIT,
        least=1,
        most=2,
    ),
}
