"""The verbs that go into one container of a service: exec, run, attach, cp, and those that take it along."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from engine.cli.options import UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from engine.cli.compose.project import Chosen
    from engine.cli.options import Given

    Row = dict[str, Any]


def exec_(chosen: Chosen, given: Given) -> int:
    from engine.cli.containers.running import COMMANDS as RUNNING

    if len(given.arguments) < 2:
        raise UsageError("requires at least 2 arg(s), only received " + str(len(given.arguments)))
    service, *command = given.arguments
    row = chosen.one(service, given.number("index"))
    options = [f"--{name}" for name in ("detach", "privileged") if given.flag(name)]
    for name in ("user", "workdir"):
        options += [f"--{name}={given.text(name)}"] if given.text(name) else []
    options += [f"--env={each}" for each in given.list("env")]
    if not given.flag("detach"):
        options.append("--interactive")
        if not given.flag("no-tty") and os.isatty(0) and os.isatty(1):
            options.append("--tty")
    exec_command = RUNNING["exec"]
    return exec_command.run(exec_command.parse([*options, row["Id"], *command]))


def run(chosen: Chosen, given: Given) -> int:
    """One container more, beside the service's own, for one command."""
    from engine.cli.containers.running import COMMANDS as RUNNING

    if not given.arguments:
        raise UsageError("requires at least 1 arg(s), only received 0")
    service, *command = given.arguments
    chosen.reading()
    tty = not given.flag("no-tty") and os.isatty(0) and os.isatty(1) and not given.flag("detach")
    body = {
        "source": chosen.source(),
        "service": service,
        "command": command or None,
        "entrypoint": given.text("entrypoint") or None,
        "environment": [*_from_files(given.list("env-from-file")), *given.list("env")],
        "labels": dict(each.partition("=")[::2] for each in given.list("label")),
        "name": given.text("name"),
        "user": given.text("user"),
        "workdir": given.text("workdir"),
        "publish": given.list("publish"),
        "volumes": given.list("volume"),
        "service_ports": given.flag("service-ports"),
        "auto_remove": given.flag("rm"),
        "dependencies": not given.flag("no-deps"),
        "build": given.flag("build"),
        "pull": given.text("pull") or "policy",
        "remove_orphans": given.flag("remove-orphans"),
        "use_aliases": given.flag("use-aliases"),
        "cap_add": given.list("cap-add"),
        "cap_drop": given.list("cap-drop"),
        "tty": tty,
        "stdin": not given.flag("detach"),
    }
    made = chosen.client.post("/wherry/projects/run", body=body)["Id"]
    if given.flag("detach"):
        chosen.client.post(f"/containers/{made}/start")
        say(made)
        return 0
    starting = RUNNING["start"]
    return starting.run(starting.parse(["--attach", "--interactive", made]))


def _from_files(paths: list[str]) -> list[str]:
    """Lines NAME=VALUE, comments and empty ones aside."""
    found = []
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                lines = [line.strip() for line in file]
        except OSError as error:
            raise Failed(0, f"couldn't find env file: {path}: {error.strerror}") from error
        found += [line for line in lines if line and not line.startswith("#")]
    return found


def attach(chosen: Chosen, given: Given) -> int:
    from engine.cli.containers.running import COMMANDS as RUNNING

    row = chosen.one(_single(given), given.number("index"))
    words = [f"--detach-keys={given.text('detach-keys')}"] if given.text("detach-keys") else []
    words += ["--no-stdin"] if given.flag("no-stdin") else []
    words += [f"--sig-proxy={given.text('sig-proxy')}"] if given.has("sig-proxy") else []
    command = RUNNING["attach"]
    return command.run(command.parse([*words, row["Id"]]))


def commit(chosen: Chosen, given: Given) -> int:
    from engine.cli.containers.lives import COMMANDS as CONTAINERS

    service, *reference = given.arguments or [""]
    row = _any(chosen, service, given.number("index"))
    words = [f"--{name}={given.text(name)}" for name in ("author", "message") if given.text(name)]
    words += [f"--change={each}" for each in given.list("change")]
    words += ["--pause=false"] if given.has("pause") and not given.flag("pause") else []
    command = CONTAINERS["commit"]
    return command.run(command.parse([*words, row["Id"], *reference]))


def export(chosen: Chosen, given: Given) -> int:
    from engine.cli.containers.lives import COMMANDS as CONTAINERS

    row = _any(chosen, _single(given), given.number("index"))
    command = CONTAINERS["export"]
    words = [f"--output={given.text('output')}"] if given.text("output") else []
    return command.run(command.parse([*words, row["Id"]]))


def _any(chosen: Chosen, service: str, number: int | None) -> Row:
    """Running or not."""
    rows = chosen.containers([service], number=number)
    if not rows:
        raise Failed(0, f'no container found for service "{service}"')
    return rows[0]


def cp(chosen: Chosen, given: Given) -> int:
    from engine.cli.containers.copying import COMMANDS as COPYING

    if len(given.arguments) != 2:
        raise UsageError("requires exactly 2 arg(s)")
    words = []
    for word in given.arguments:
        service, colon, path = word.partition(":")
        if colon and "/" not in service and service != ".":
            row = chosen.containers([service], number=given.number("index"))
            if not row:
                raise Failed(0, f'no container found for service "{service}"')
            word = f"{row[0]['Id']}:{path}"
        words.append(word)
    command = COPYING["cp"]
    options = [f"--{name}" for name in ("archive", "follow-link") if given.flag(name)]
    return command.run(command.parse([*options, *words]))


def _single(given: Given) -> str:
    if len(given.arguments) != 1:
        raise UsageError("requires exactly 1 arg(s)")
    return given.arguments[0]
