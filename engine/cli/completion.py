"""Completions: the scripts of three shells ask `wherry __complete`, which works out what fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cli.options import Command, Given, UsageError
from engine.cli.places import take_places
from engine.cli.printed.paper import say
from engine.recipe.faults import Unreadable
from engine.recipe.words.arguments import take_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cli.reach.wire import Client

_BASH = """\
# bash completion for wherry
_wherry() {
    local IFS=$'\\n'
    COMP_WORDBREAKS=${COMP_WORDBREAKS//:}
    COMPREPLY=($(wherry __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    [[ ${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _wherry wherry
"""
_ZSH = """\
#compdef wherry
_wherry() {
    local -a found
    found=(${(f)"$(wherry __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( ${#found} )); then compadd -- $found; else _files; fi
}
compdef _wherry wherry
"""
_FISH = """\
# fish completion for wherry
function __wherry_complete
    set -l words (commandline -opc) (commandline -ct)
    wherry __complete $words[2..-1] 2>/dev/null
end
complete -c wherry -a '(__wherry_complete)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

# What the arguments of a verb name; a verb that is not here takes files.
_ARGUMENTS = {
    "container": ("attach", "commit", "cp", "diff", "exec", "export", "inspect", "kill", "logs", "pause", "port",
                  "rename", "restart", "rm", "start", "stats", "stop", "top", "unpause", "update", "wait"),
    "image": ("create", "history", "push", "rmi", "run", "save", "tag", "pull", "image inspect", "image rm",
              "image save", "image push", "image history", "image tag"),
    "volume": ("volume inspect", "volume rm"),
    "network": ("network connect", "network disconnect", "network inspect", "network rm"),
}  # fmt: skip
_RUNNING_ONLY = frozenset({"attach", "exec", "kill", "pause", "stop", "top"})
_FIRST_ONLY = frozenset({"run", "create", "exec", "commit", "logs", "attach", "rename", "top"})


def completion(given: Given) -> int:
    script = _SCRIPTS.get(given.arguments[0])
    if script is None:
        raise UsageError(f"no completions for {given.arguments[0]}: one of {', '.join(_SCRIPTS)}")
    say(script, end="")
    return 0


def complete(words: Sequence[str]) -> int:
    """One fitting word a line; whatever goes wrong, silence."""
    try:
        for each in candidates(list(words)):
            say(each)
    except Exception:
        # A completion that prints an error into somebody's command line helps nobody.
        return 1
    return 0


def candidates(words: list[str]) -> list[str]:
    """What could stand in place of the last word."""
    from engine.cli.verbs import GROUPS, VERBS, find_command

    current = words.pop() if words else ""
    if take_places(words):
        return []
    if not words:
        return _fitting([*VERBS, *GROUPS, "doctor", "open", "tour", "help"], current)
    if words[0] in GROUPS and len(words) == 1:
        return _fitting(list(GROUPS[words[0]][1]), current)
    found = find_command(words[0], rest := words[1:])
    if found is None:
        return []
    command, name = found
    if current.startswith("-"):
        return _fitting([f"--{option.name}" for option in command.options], current)
    if name == "completion":
        return _fitting(list(_SCRIPTS), current)
    return _fitting(_arguments(command, name, rest), current)


def _fitting(known: list[str], current: str) -> list[str]:
    return sorted(each for each in known if each.startswith(current))


def _arguments(command: Command, name: str, rest: list[str]) -> list[str]:
    from engine.cli.reach.link import running_engine

    bare = name.removeprefix("container ")
    kind = next((kind for kind, verbs in _ARGUMENTS.items() if bare in verbs), "")
    given = _lenient(command, rest)
    if given and bare in _FIRST_ONLY:
        return []
    client = running_engine()
    if client is None or not kind:
        return []
    if bare == "network connect" and given:
        kind = "container"
    return _names(client, kind, running=bare in _RUNNING_ONLY)


def _lenient(command: Command, rest: list[str]) -> list[str]:
    """The arguments typed so far, whatever is still missing."""
    try:
        return take_apart(rest, command.options, stop_early=command.stop_early)[1]
    except Unreadable:
        return []


def _names(client: Client, kind: str, *, running: bool) -> list[str]:
    if kind == "container":
        rows = client.get("/containers/json", {"all": not running})
        return [name.removeprefix("/") for row in rows for name in row["Names"]]
    if kind == "image":
        return [tag for row in client.get("/images/json") for tag in row["RepoTags"] or ()]
    if kind == "volume":
        return [row["Name"] for row in client.get("/volumes")["Volumes"] or ()]
    return [row["Name"] for row in client.get("/networks")]


COMMANDS = {
    "completion": Command(completion, "bash|zsh|fish", "Print the completion script for a shell", least=1, most=1),
}
