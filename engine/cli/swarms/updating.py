"""`service update`: its many options as the change that is asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.wire import Failed
from engine.cli.swarms import services as swarm

if TYPE_CHECKING:
    from engine.cli.options import Given

_ROLLING = {
    "update-parallelism": "parallelism", "update-delay": "delay", "update-failure-action": "failure_action",
    "update-monitor": "monitor", "update-order": "order", "update-max-failure-ratio": "max_failure_ratio",
}  # fmt: skip


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
    found: dict[str, Any] = {
        "image": given.text("image"),
        "force": given.flag("force"),
        "environment": _pairs(given, "env-add"),
        "environment_gone": given.list("env-rm"),
        "labels": _pairs(given, "label-add"),
        "labels_gone": given.list("label-rm"),
        "constraints": given.list("constraint-add"),
        "constraints_gone": given.list("constraint-rm"),
        "ports": [_port(text) for text in given.list("publish-add")],
        "ports_gone": [_number(text.partition("/")[0], "publish-rm") for text in given.list("publish-rm")],
        "resolve_image": not given.flag("no-resolve-image"),
        "update": {word: given.text(option) for option, word in _ROLLING.items() if given.has(option)},
    }
    if given.has("args"):
        import shlex

        found["args"] = shlex.split(given.text("args"))
    if (replicas := given.number("replicas")) is not None:
        found["replicas"] = replicas
    if given.has("limit-cpu"):
        try:
            found["limit_cpus"] = float(given.text("limit-cpu"))
        except ValueError:
            raise UsageError(f'invalid argument "{given.text("limit-cpu")}" for --limit-cpu: not a number') from None
    if given.has("limit-memory"):
        from engine.recipe.amounts import read_size

        found["limit_memory"] = read_size(given.text("limit-memory"))
    return found


def _pairs(given: Given, option: str) -> dict[str, str]:
    return dict(text.partition("=")[::2] for text in given.list(option))


def _number(text: str, option: str) -> int:
    if not text.isdigit():
        raise UsageError(f'invalid argument "{text}" for --{option}: not a port')
    return int(text)


def _port(text: str) -> dict[str, Any]:
    """8080:80/udp, or published=8080,target=80,protocol=tcp,mode=host."""
    if "=" in text:
        words = dict(each.partition("=")[::2] for each in text.split(","))
        return {
            "target": _number(words.get("target", ""), "publish-add"),
            "published": _number(words.get("published", "0"), "publish-add"),
            "protocol": words.get("protocol", "tcp"),
            "mode": words.get("mode", "ingress"),
        }
    span, _, protocol = text.partition("/")
    published, colon, target = span.rpartition(":")
    return {
        "target": _number(target, "publish-add"),
        "published": _number(published, "publish-add") if colon else 0,
        "protocol": protocol or "tcp",
    }


_OPTIONS = """
--args text                      Service command args
--constraint-add list            Add a placement constraint
--constraint-rm list             Remove a placement constraint
-d --detach flag                 Exit immediately instead of waiting
--env-add list                   Add or update an environment variable
--env-rm list                    Remove an environment variable
--force flag                     Start its tasks anew though nothing changed
--image text                     Service image
--label-add list                 Add or update a label
--label-rm list                  Remove a label
--limit-cpu text                 Limit CPUs
--limit-memory text              Limit memory
--no-resolve-image flag          Do not ask the registry for the image's digest
--publish-add list               Add or update a published port
--publish-rm list                Remove a published port by its target port
-q --quiet flag                  Suppress progress output
--replicas number                Number of tasks
--rollback flag                  Roll back to what it was before
--update-delay text              Delay between updates
--update-failure-action text     'pause', 'continue' or 'rollback'
--update-max-failure-ratio text  Failure rate to tolerate during an update
--update-monitor text            How long each task is watched for failure
--update-order text              'start-first' or 'stop-first'
--update-parallelism text        Most tasks updated at once
"""
COMMANDS = {"service update": Command(update, "[OPTIONS] SERVICE", "Change a service", _OPTIONS, least=1, most=1)}
