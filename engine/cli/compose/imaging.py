"""The images of a project's services: built, fetched, sent."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.compose.project import DRY_RUN
from engine.cli.options import UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.cli.compose.project import Chosen
    from engine.cli.options import Given

    Row = dict[str, Any]


def build(chosen: Chosen, given: Given) -> int:
    from engine.cli.compose.steps import follow

    reading = chosen.reading()
    request = {
        "source": chosen.source(),
        "services": given.arguments,
        "no_cache": given.flag("no-cache"),
        "pull": given.flag("pull"),
        "dependencies": given.flag("with-dependencies"),
        "build_args": _arguments(given.list("build-arg")),
        "ssh": given.list("ssh"),
    }
    if given.flag("print"):
        raise UsageError("--print writes a bake file, which only BuildKit builds from: see `wherry compose config`")
    if not set(given.arguments or reading["builds"]) & set(reading["builds"]):
        say("No services to build", file=sys.stderr)
        return 0
    if given.flag("check"):
        return _check_builds(reading, given.arguments)
    if chosen.dry_run:
        return _told_only(reading, given.arguments or reading["builds"], "Built")
    follow(chosen.client.ask("POST", "/wherry/projects/build", body=request).messages(), quiet=given.flag("quiet"))
    return push(chosen, given) if given.flag("push") else 0


def _arguments(words: Sequence[str]) -> dict[str, str]:
    """Without a value, that of the environment."""
    pairs = (word.partition("=") for word in words)
    return {name: value if equals else os.environ.get(name, "") for name, equals, value in pairs}


def _check_builds(reading: Row, services: Sequence[str]) -> int:
    """What `docker build --check` says of each."""
    import json

    from engine.cli.build.building import COMMANDS as BUILDING

    code = 0
    command = BUILDING["build"]
    for service, made in json.loads(reading["json"])["services"].items():
        build = made.get("build")
        if build and (not services or service in services):
            file = os.path.join(build["context"], build.get("dockerfile") or "Dockerfile")
            code = command.run(command.parse(["--check", "--file", file, build["context"]])) or code
    return code


def pull(chosen: Chosen, given: Given) -> int:
    from engine.cli.compose.steps import follow

    reading = chosen.reading()
    policy = given.text("policy")
    if policy not in ("", "missing", "always"):
        raise UsageError(f'invalid --policy option "{policy}"')
    request = {
        "source": chosen.source(),
        "services": given.arguments,
        "dependencies": given.flag("include-deps"),
        "missing": policy == "missing",
    }
    if chosen.dry_run:
        pulled = [name for name in given.arguments or reading["images"] if name not in reading["builds"]]
        return _told_only(reading, pulled, "Pulled")
    answer = chosen.client.ask("POST", "/wherry/projects/pull", body=request)
    try:
        follow(answer.messages(), quiet=chosen.quiet or given.flag("quiet"))
    except Failed as error:
        if not given.flag("ignore-pull-failures"):
            raise
        say(f"Error: {error.message}", file=sys.stderr)
    return 0


def push(chosen: Chosen, given: Given) -> int:
    """What is built here and has a name to be sent under."""
    import json

    reading = chosen.reading()
    named = json.loads(reading["json"])["services"]
    wanted = list(given.arguments or reading["services"])
    for name in wanted if given.flag("include-deps") else ():  # grows while it is walked
        wanted += [other for other in reading["depends_on"].get(name, ()) if other not in wanted]
    code = 0
    for service in wanted:
        if service not in named:
            raise Failed(0, f"no such service: {service}")
        if not named[service].get("build") or not named[service].get("image"):
            say(f" {service} Skipped", file=sys.stderr)
        elif chosen.dry_run:
            _told_only(reading, [service], "Pushed")
        else:
            code = _send(reading["images"][service], service, ignored=given.flag("ignore-push-failures")) or code
    return code


def _send(image: str, service: str, *, ignored: bool) -> int:
    from engine.cli.verbs import find_command

    found = find_command("push", [])
    assert found is not None
    command, _ = found
    try:
        return command.run(command.parse([image]))
    except Failed as error:
        say(f"Error: {service}: {error.message}", file=sys.stderr)
        return 0 if ignored else 1


def _told_only(reading: Row, services: Iterable[str], word: str) -> int:
    for service in services:
        say(f" {DRY_RUN}Image {reading['images'][service]}  {word}", file=sys.stderr)
    return 0
