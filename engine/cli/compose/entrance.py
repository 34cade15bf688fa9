"""Which of compose's verbs: the options before it, then the verb with its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli.compose.project import GLOBAL, Chosen
from engine.cli.compose.table import CANNOT_PRETEND, LOOKING, VERBS
from engine.cli.options import Command, UsageError
from engine.cli.printed.paper import say

if TYPE_CHECKING:
    from engine.cli.options import Given


def compose(given: Given) -> int:
    """The options before the verb, then the verb with its own."""
    if not given.arguments:
        say(_help())
        return 0
    name, *words = given.arguments
    if name == "help":
        say(_help())
        return 0
    if name not in VERBS:
        raise UsageError(f'unknown docker command: "compose {name}"')
    command = command_of(name)
    own = command.parse(words)
    if own.has("help"):
        say(command.help_text(f"compose {name}"))
        return 0
    chosen = Chosen(given, own)
    if chosen.dry_run and name in CANNOT_PRETEND:
        raise UsageError(f"{name} cannot be a dry run: nobody knows what it would do before it is done")
    return VERBS[name][0](chosen, own)


def command_of(name: str) -> Command:
    _, usage, summary, options = VERBS[name]
    if name not in LOOKING:
        options = f"{options.rstrip()}\n--dry-run flag  Show what would be done, and do nothing"
    early = name in ("exec", "run")
    return Command(lambda _: 0, usage, summary, options, stop_early=early)


def _help() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {name:{width}}  {row[2]}" for name, row in sorted(VERBS.items())]
    return COMMANDS["compose"].help_text("compose") + "\n\nCommands:\n" + "\n".join(lines)


COMMANDS = {
    "compose": Command(
        compose,
        "[OPTIONS] COMMAND",
        "Define and run projects of several containers",
        GLOBAL,
        stop_early=True,
    )
}
