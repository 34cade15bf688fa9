"""`wherry`: which verb, where the engine is, and what becomes of errors. Nothing heavy is imported here."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from engine.cli.places import take_places
from engine.cli.printed.paper import say
from engine.cli.verbs import GROUPS, VERBS, find_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cli.options import Command

_OWN_PROGRAMS = {
    "open": "Open the window, and in it a project's folder or file",
    "doctor": "See what this machine allows and how to mend it",
    "tour": "See the engine work, in a minute",
}


def main(argv: Sequence[str] | None = None) -> int:
    """The entrance. Gives the exit code."""
    try:
        code = _entered(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_gone()
    return code


def _reader_gone() -> int:
    """The reader of our output has gone; keep the interpreter from saying so once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 141


def _entered(words: list[str]) -> int:
    problem = take_places(words)
    if problem:
        say(f"wherry: {problem}", file=sys.stderr)
        return 125
    if not words:
        return _window()
    verb = words.pop(0)
    if verb in ("help", "-h", "--help"):
        return _help(words)
    if verb in ("-v", "--version"):
        from engine.version import own_version

        say(f"Wherry version {own_version()}")
        return 0
    if verb == "open":
        return _open(words)
    if verb in _OWN_PROGRAMS:
        return _own_program(verb, words)
    if verb == "__complete":
        from engine.cli.completion import complete

        return complete(words)
    return _run_verb(verb, words)


def _open(words: list[str]) -> int:
    if words[:1] in (["-h"], ["--help"]) or len(words) > 1:
        say("Usage:  wherry open [PATH]\n\nOpen the window, and in it a project's folder or compose file,")
        say("an archive of images, or a folder to build an image from.")
        return 0 if len(words) == 1 else 1
    return _window(words[0].removeprefix("file://") if words else "")


def _window(path: str = "") -> int:
    """This process becomes the window."""
    # -P: a directory named gui where the user happens to stand must not become the window.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "gui", *(["--", path] if path else [])])


def _own_program(verb: str, words: list[str]) -> int:
    from importlib import import_module

    return int(import_module(f"engine.cli.{verb}").run(words))


def _run_verb(verb: str, words: list[str]) -> int:
    found = find_command(verb, words)
    if found is None:
        return _no_such(verb, words)
    command, name = found
    return run_command(command, name, words)


def run_command(command: Command, name: str, words: list[str]) -> int:
    """Parse, run, and turn what goes wrong into words and Docker's exit codes."""
    from engine.cli.reach.wire import Failed, Unreachable
    from engine.recipe.faults import Unreadable

    noun, _, verb = name.rpartition(" ")
    runs_something = verb in ("run", "create", "start", "exec") and noun != "service"
    try:
        given = command.parse(words)
        if given.has("help"):
            say(command.help_text(name))
            return 0
        return command.run(given)
    except Unreadable as error:
        say(f"wherry {name}: {error}\nSee 'wherry {name} --help'.", file=sys.stderr)
        return 125 if "flag" in str(error) or (runs_something and "argument" not in str(error)) else 1
    except Failed as error:
        say(f"Error: {error.message}", file=sys.stderr)
        return _exit_code(error.docker, name)
    except Unreachable as error:
        say(f"Error: no engine answers: {error}", file=sys.stderr)
        return 125 if runs_something else 1
    except BrokenPipeError:
        raise  # for `main`: it is an OSError, but none to be told
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        named = error.strerror and error.filename is not None
        say(f"Error: {f'{error.filename}: {error.strerror}' if named else error}", file=sys.stderr)
        return 1


def _exit_code(message: str, name: str) -> int:
    verb = name.rpartition(" ")[2]
    if verb in ("run", "exec", "start"):
        if "executable file not found" in message or "no such file or directory: unknown" in message:
            return 127
        if "permission denied" in message and "executable" in message:
            return 126
    return 125 if verb in ("run",) else 1


def _no_such(verb: str, words: list[str]) -> int:
    if verb in GROUPS:
        if words and words[0] not in ("--help", "-h"):
            say(f"wherry: '{verb} {words[0]}' is not a wherry command.", file=sys.stderr)
            return 1
        return _help([verb])
    if verb.startswith("-"):
        say(f"wherry: unknown flag: {verb}\nSee 'wherry --help'.", file=sys.stderr)
        return 125
    say(f"wherry: '{verb}' is not a wherry command.\nSee 'wherry --help'.", file=sys.stderr)
    return 1


def _help(words: list[str]) -> int:
    if words and words[0] in GROUPS and len(words) == 1:
        title, verbs = GROUPS[words[0]]
        say(f"Usage:  wherry {words[0]} COMMAND\n\n{title}\n\nCommands:")
        say("\n".join(f"  {verb}" for verb in sorted(verbs)))
        return 0
    if words:
        verb, *rest = words
        found = find_command(verb, rest)
        if found is None:
            return _no_such(verb, rest)
        say(found[0].help_text(found[1]))
        return 0
    width = max(len(verb) for verb in (*VERBS, *GROUPS, *_OWN_PROGRAMS))
    say("Usage:  wherry [OPTIONS] [COMMAND]\n\nContainers without a daemon and without root.")
    say("Without a command the window opens.\n\nCommands:")
    for name, summary in sorted([*((v, row[2]) for v, row in VERBS.items()), *_OWN_PROGRAMS.items()]):
        say(f"  {name:{width}}  {summary}")
    say("\nGroups:")
    for group, (summary, _) in sorted(GROUPS.items()):
        say(f"  {group:{width}}  {summary}")
    say(
        "\nGlobal options:\n"
        "  -H ADDRESS  The engine there: ssh://[user@]host, unix://PATH or tcp://host (or WHERRY_HOST)\n"
        "  -c NAME     The engine of a machine of `wherry context ls` (--context, or WHERRY_CONTEXT)\n"
        "  --root DIR  Where images, containers and volumes are kept (or WHERRY_ROOT)\n"
        "  --run DIR   Where the socket and the lock are (or WHERRY_RUN)\n\n"
        "Run 'wherry COMMAND --help' for more about a command."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
