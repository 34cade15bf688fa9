"""The verbs that only look: ps, ls, logs, config, images, port, top, stats, events, volumes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.compose.project import has_tty, name_of, short_name
from engine.cli.options import UsageError
from engine.cli.printed.paper import say, say_each
from engine.cli.printed.tables import show, table
from engine.cli.reach.wire import Failed, quote
from engine.compose.labels import PROJECT, SERVICE

if TYPE_CHECKING:
    from engine.cli.compose.project import Chosen
    from engine.cli.options import Given

    Row = dict[str, Any]


def ps(chosen: Chosen, given: Given) -> int:
    from engine.cli.containers.lives import container_row
    from engine.cli.printed.words import ports

    everything = given.flag("all") or bool(given.list("status") or given.list("filter"))
    rows = chosen.containers(given.arguments, everything=True, oneoff=True)
    if not everything:
        rows = [row for row in rows if row["State"] in ("running", "paused", "restarting")]
    by_filter = [word.partition("=")[2] for word in given.list("filter") if word.startswith("status=")]
    if wanted := [*given.list("status"), *by_filter]:
        rows = [row for row in rows if row["State"] in wanted]
    if given.flag("services"):
        say_each(dict.fromkeys(row["Labels"].get(SERVICE, "") for row in rows))
        return 0
    if given.flag("quiet"):
        say_each(row["Id"] for row in rows)
        return 0
    shown = []
    for row in rows:
        cells = dict(container_row(row, whole=given.flag("no-trunc")))
        labels = row["Labels"]
        shown.append(
            {
                **cells,
                "Name": name_of(row),
                "Names": name_of(row),
                "Service": labels.get(SERVICE, ""),
                "Project": labels.get(PROJECT, ""),
                "Created": cells["RunningFor"],
                "Ports": ports(row.get("Ports") or []),
                "ExitCode": _code(row["Status"]),
                "Health": _health(row["Status"]),
            }
        )
    columns = [
        ("NAME", "Name"), ("IMAGE", "Image"), ("COMMAND", "Command"), ("SERVICE", "Service"), ("CREATED", "Created"),
        ("STATUS", "Status"), ("PORTS", "Ports"),
    ]  # fmt: skip
    show(shown, given.text("format"), columns=columns)
    return 0


def _code(status: str) -> int:
    return int(status[8 : status.index(")")]) if status.startswith("Exited (") else 0


def _health(status: str) -> str:
    words = ("healthy", "unhealthy", "starting")
    return next((word for word in words if f"({word}" in status or f": {word})" in status), "")


def ls(chosen: Chosen, given: Given) -> int:
    rows = []
    for each in chosen.client.get("/wherry/projects"):
        if not each["containers"] or (not each["running"] and not given.flag("all")):
            continue
        stopped = each["containers"] - each["running"]
        states = [f"exited({stopped})"] if stopped and given.flag("all") else []
        states += [f"running({each['running']})"] if each["running"] else []
        rows.append({"Name": each["name"], "Status": ", ".join(states), "ConfigFiles": ",".join(each["files"])})
    if given.flag("quiet"):
        say_each(row["Name"] for row in rows)
    elif given.text("format") == "json":
        say(json.dumps(rows))
    else:
        say(table([["NAME", "STATUS", "CONFIG FILES"], *(list(row.values()) for row in rows)]), end="")
    return 0


def logs(chosen: Chosen, given: Given) -> int:
    from engine.cli.compose.following import Follower, log_options

    rows = chosen.containers(given.arguments, number=given.number("index"))
    colour = sys.stdout.isatty() and not given.flag("no-color")
    follower = Follower(chosen.client, colour=colour, prefix=not given.flag("no-log-prefix"))
    names = {row["Id"]: short_name(chosen, row) for row in rows}
    follower.names(names.values())
    asked = log_options(
        follow=given.flag("follow"),
        tail=given.text("tail"),
        since=given.text("since"),
        until=given.text("until"),
        times=given.flag("timestamps"),
    )
    for row in rows:
        follower.follow(row["Id"], names[row["Id"]], asked, tty=has_tty(chosen, row["Id"]))
    follower.wait()
    return 0


def config(chosen: Chosen, given: Given) -> int:
    _refuse(given)
    read = chosen.reading()
    lists = {
        "models": (),
        "services": read["services"],
        "profiles": read["profiles"],
        "images": dict.fromkeys(read["images"].values()),
    }
    whole = json.loads(read["json"])
    for kind in ("volumes", "networks"):
        lists[kind] = list(whole.get(kind) or {})
    for word, found in lists.items():
        if given.flag(word):
            say_each(found)
            return 0
    if wanted := given.text("hash"):
        for service in read["services"]:
            if wanted == "*" or service in wanted.split(","):
                say(service, read["hashes"][service])
        return 0
    if given.flag("environment") or given.flag("variables"):
        rows = [[name, default or ""] for name, default in sorted(read["variables"].items())]
        say(table([["NAME", "DEFAULT VALUE"], *rows]), end="")
        return 0
    if given.flag("quiet"):
        return 0
    text = read["json"] if given.text("format") == "json" else read["yaml"].rstrip("\n")
    if given.text("output"):
        with open(given.text("output"), "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
    else:
        say(text)
    return 0


def _refuse(given: Given) -> None:
    for word in ("no-interpolate", "resolve-image-digests", "lock-image-digests", "no-normalize", "no-path-resolution"):
        if given.flag(word):
            raise UsageError(f"--{word} is not supported: what is shown is what would be run")


def images(chosen: Chosen, given: Given) -> int:
    from engine.cli.printed.words import ago, size

    rows = []
    for row in chosen.containers(given.arguments):
        try:
            image = chosen.client.get(f"/images/{quote(row['ImageID'])}/json")
        except Failed:
            continue
        repository, _, tag = (image["RepoTags"] or ["<none>:<none>"])[0].rpartition(":")
        rows.append(
            {
                "ID": image["Id"].removeprefix("sha256:")[:12],
                "ContainerName": name_of(row),
                "Repository": repository,
                "Tag": tag,
                "Size": size(image["Size"]),
                "Created": ago(_seconds(image["Created"])) if image.get("Created") else "",
            }
        )
    if given.flag("quiet"):
        say_each(dict.fromkeys(row["ID"] for row in rows))
        return 0
    columns = [
        ("CONTAINER", "ContainerName"), ("REPOSITORY", "Repository"), ("TAG", "Tag"), ("IMAGE ID", "ID"),
        ("SIZE", "Size"), ("CREATED", "Created"),
    ]  # fmt: skip
    show(rows, given.text("format"), columns=columns)
    return 0


def _seconds(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text[:19] + "+00:00").timestamp())


def port(chosen: Chosen, given: Given) -> int:
    service, wanted = [*given.arguments, "", ""][:2]
    row = chosen.one(service, given.number("index"))
    number, _, protocol = wanted.partition("/")
    key = f"{number}/{given.text('protocol') or protocol or 'tcp'}"
    published = chosen.client.get(f"/containers/{row['Id']}/json")["NetworkSettings"]["Ports"]
    for binding in published.get(key) or ():
        say(f"{binding['HostIp']}:{binding['HostPort']}")
        return 0
    raise Failed(0, f"no port {key} for container {name_of(row)}")


def top(chosen: Chosen, given: Given) -> int:
    for row in chosen.containers(given.arguments, everything=False):
        answer = chosen.client.get(f"/containers/{row['Id']}/top")
        say(name_of(row))
        say(table([answer["Titles"], *answer["Processes"]]))
    return 0


def stats(chosen: Chosen, given: Given) -> int:
    from engine.cli.containers.watching import COMMANDS as WATCHING

    names = [name_of(row) for row in chosen.containers(given.arguments, everything=False)]
    if not names:
        return 0
    command = WATCHING["stats"]
    options = [f"--{word}" for word in ("no-stream", "no-trunc") if given.flag(word)]
    options += [f"--format={given.text('format')}"] if given.text("format") else []
    return command.run(command.parse([*options, *names]))


def events(chosen: Chosen, given: Given) -> int:
    filters = json.dumps({"label": [f"{PROJECT}={chosen.name}"], "type": ["container"]})
    asked = {"filters": filters, "since": given.text("since"), "until": given.text("until")}
    for event in chosen.client.ask("GET", "/events", asked).messages():
        said = event["Actor"]["Attributes"]
        if given.arguments and said.get(SERVICE) not in given.arguments:
            continue
        if given.flag("json"):
            shown = {
                "time": event["timeNano"],
                "type": event["Type"],
                "service": said.get(SERVICE, ""),
                "id": event["Actor"]["ID"],
                "action": event["Action"],
                "attributes": said,
            }
            say(json.dumps(shown), flush=True)
        else:
            say(f"{event['time']} {event['Type']} {event['Action']} {event['Actor']['ID']}", flush=True)
    return 0


def volumes(chosen: Chosen, given: Given) -> int:
    filters = json.dumps({"label": [f"{PROJECT}={chosen.name}"]})
    rows = chosen.client.get("/volumes", {"filters": filters})["Volumes"] or []
    columns = [("DRIVER", "Driver"), ("VOLUME NAME", "Name")]
    quiet = (lambda row: row["Name"]) if given.flag("quiet") else None
    show(rows, given.text("format"), columns=columns, quiet=quiet)
    return 0


def version(chosen: Chosen, given: Given) -> int:
    from engine.version import own_version

    if given.flag("short"):
        say(own_version())
    elif given.text("format") == "json":
        say(json.dumps({"version": own_version()}))
    else:
        say(f"Wherry Compose version {own_version()}")
    return 0
