"""`service update`: its many options as the change that is asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command
from engine.cli.printed.paper import say
from engine.cli.reach.wire import Failed
from engine.cli.swarms import services as swarm
from engine.cli.swarms.creating import MORE
from engine.cli.swarms.service_words import said_other, update_options
from engine.recipe.words.arguments import Option

if TYPE_CHECKING:
    from engine.cli.options import Given

_OWN = (
    Option("args", "text", "Service command args"),
    Option("force", "flag", "Start its tasks anew though nothing changed"),
    Option("image", "text", "Service image"),
    Option("replicas", "number", "Number of tasks"),
    Option("rollback", "flag", "Roll back to what it was before"),
)


def update(given: Given) -> int:
    if given.flag("rollback"):
        return swarm.roll_back(given)
    name = given.arguments[0]
    before = swarm.find(swarm.look()["services"], name, "service")["update"]
    for problem in swarm.asked("update", name=name, change=change_of(given)):
        say(problem["message"], file=sys.stderr)
    say(name)
    if given.flag("detach"):
        return 0
    after = swarm.settled(name, quiet=given.flag("quiet"))["update"]
    if after["state"] == "rollback_completed" and after["started"] != before["started"]:
        raise Failed(0, "the update failed, and the service was rolled back to what it was before")
    return 0


def change_of(given: Given) -> dict[str, Any]:
    """As `ChangeService` has it."""
    words, gone = said_other(given)
    found: dict[str, Any] = {
        "image": given.text("image"),
        "force": given.flag("force"),
        "replicas": given.number("replicas"),
        "max_concurrent": given.number("max-concurrent"),
        "words": words.service,
        "volumes": words.volumes,
        "gone": gone,
        "resolve_image": not given.flag("no-resolve-image"),
        "with_login": given.flag("with-registry-auth"),
    }
    if given.has("args"):
        import shlex

        found["args"] = shlex.split(given.text("args"))
    return found


def _options() -> list[Option]:
    return sorted([*update_options(), *MORE, *_OWN], key=lambda each: each.name)


COMMANDS = {"service update": Command(update, "[OPTIONS] SERVICE", "Change a service", _options, least=1, most=1)}
