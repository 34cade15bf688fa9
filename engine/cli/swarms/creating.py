"""`service create`: a service that is in no stack."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from engine.cli.options import Command, UsageError
from engine.cli.printed.paper import say
from engine.cli.swarms import services as swarm
from engine.cli.swarms.service_words import create_options, said_new
from engine.recipe.words.arguments import Option

if TYPE_CHECKING:
    from typing import Any

    from engine.cli.options import Given

_MODES = ("replicated", "global", "replicated-job", "global-job")
MORE = (
    Option("detach", "flag", "Exit immediately instead of waiting", "d"),
    Option("max-concurrent", "number", "Tasks of a job that run at once"),
    Option("no-resolve-image", "flag", "Do not ask the registry for the image's digest"),
    Option("quiet", "flag", "Suppress progress output", "q"),
    Option("with-registry-auth", "flag", "Give the nodes this computer's login for the registry"),
)
"""What `service update` has too and is nothing of the service itself."""


def create(given: Given) -> int:
    made = swarm.asked("create", service=service_of(given))
    for problem in made["warnings"]:
        say(problem["message"], file=sys.stderr)
    say(made["id"])
    return swarm.waited(given, [made["id"]])


def service_of(given: Given) -> dict[str, Any]:
    """As `CreateService` has it."""
    words, mode = said_new(given), given.text("mode", "replicated")
    if mode not in _MODES:
        raise UsageError(f"Unknown mode: {mode}, only replicated and global (and -job of both) supported")
    if mode.startswith("global") and (given.has("replicas") or given.has("max-concurrent")):
        raise UsageError(f"replicas can only be used with replicated or replicated-job mode, not {mode}")
    words.service["image"] = given.arguments[0]
    if given.arguments[1:]:
        words.service["command"] = given.arguments[1:]
    return {
        "name": given.text("name"),
        "words": words.service,
        "volumes": words.volumes,
        "max_concurrent": given.number("max-concurrent"),
        "resolve_image": not given.flag("no-resolve-image"),
        "with_login": given.flag("with-registry-auth"),
    }


def _options() -> list[Option]:
    return sorted([*create_options(), *MORE, Option("name", "text", "Service name")], key=lambda each: each.name)


COMMANDS = {
    "service create": Command(
        create, "[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a service", _options, least=1, stop_early=True
    )
}
