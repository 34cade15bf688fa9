"""`wherry`: which verb, where the engine is, and what becomes of errors. Nothing heavy is imported here."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cli.options import Command

# verb: (module below engine.cli, its command there, what help says)
VERBS: dict[str, tuple[str, str, str]] = {
    "run": ("running", "run", "Make and start a container from an image"),
    "exec": ("running", "exec", "Run a command in a running container"),
    "ps": ("containers", "ps", "List containers"),
    "build": ("building", "build", "Build an image from a Dockerfile"),
    "pull": ("transfers", "pull", "Get an image from a registry"),
    "push": ("transfers", "push", "Send an image to a registry"),
    "images": ("images", "images", "List images"),
    "login": ("transfers", "login", "Log in to a registry"),
    "logout": ("transfers", "logout", "Forget the login of a registry"),
    "search": ("transfers", "search", "Search a registry for images"),
    "version": ("system", "version", "Show the versions of client and engine"),
    "info": ("system", "info", "Show what the engine is and has"),
    "attach": ("running", "attach", "Attach to a running container"),
    "commit": ("containers", "commit", "Make an image from a container's changes"),
    "cp": ("copying", "cp", "Copy files between a container and here"),
    "create": ("running", "create", "Make a container without starting it"),
    "diff": ("containers", "diff", "Show what a container changed in its files"),
    "events": ("system", "events", "Show what happens, as it happens"),
    "export": ("containers", "export", "Write a container's files as a tar"),
    "history": ("images", "history", "Show the steps an image was made in"),
    "import": ("images", "import", "Make an image from a tar of files"),
    "inspect": ("containers", "inspect", "Show everything about one or more things"),
    "kill": ("containers", "kill", "Kill containers"),
    "load": ("images", "load", "Load images from a tar"),
    "logs": ("containers", "logs", "Show a container's log"),
    "pause": ("containers", "pause", "Freeze containers"),
    "port": ("containers", "port", "Show a container's published ports"),
    "rename": ("containers", "rename", "Rename a container"),
    "restart": ("containers", "restart", "Restart containers"),
    "rm": ("containers", "rm", "Remove containers"),
    "rmi": ("images", "rmi", "Remove images"),
    "save": ("images", "save", "Write images to a tar"),
    "start": ("running", "start", "Start stopped containers"),
    "stats": ("watching", "stats", "Show what containers use, live"),
    "stop": ("containers", "stop", "Stop containers"),
    "tag": ("images", "tag", "Give an image another name"),
    "top": ("containers", "top", "Show a container's processes"),
    "unpause": ("containers", "unpause", "Thaw containers"),
    "update": ("containers", "update", "Change limits of containers"),
    "wait": ("containers", "wait", "Wait until containers end, then print their exit codes"),
    "serve": ("serve", "serve", "Run the engine without a window, on its socket"),
    "context": ("system", "context", "Print the line that points docker tools here"),
    "completion": ("completion", "completion", "Print the completion script for bash, zsh or fish"),
}

GROUPS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "container": (
        "Work with containers",
        {
            **{verb: (VERBS[verb][0], verb) for verb in (
                "attach", "commit", "cp", "create", "diff", "exec", "export", "kill", "logs", "pause", "port", "rename",
                "restart", "rm", "run", "start", "stats", "stop", "top", "unpause", "update", "wait")},
            "ls": ("containers", "ps"),
            "list": ("containers", "ps"),
            "ps": ("containers", "ps"),
            "inspect": ("containers", "container inspect"),
            "prune": ("containers", "container prune"),
        },
    ),
    "image": (
        "Work with images",
        {
            **{verb: (VERBS[verb][0], verb) for verb in (
                "build", "history", "import", "load", "pull", "push", "save", "tag")},
            "ls": ("images", "images"),
            "list": ("images", "images"),
            "rm": ("images", "rmi"),
            "inspect": ("images", "image inspect"),
            "prune": ("images", "image prune"),
        },
    ),
    "volume": ("Work with volumes", {v: ("stores", f"volume {v}") for v in ("create", "inspect", "ls", "prune", "rm")}),
    "network": (
        "Work with networks",
        {v: ("stores", f"network {v}") for v in ("connect", "create", "disconnect", "inspect", "ls", "prune", "rm")},
    ),
    "system": (
        "Work with the engine",
        {
            "df": ("system", "system df"),
            "prune": ("system", "system prune"),
            "events": ("system", "events"),
            "info": ("system", "info"),
        },
    ),
    "builder": ("Work with the build cache", {"prune": ("building", "builder prune"), "build": ("building", "build")}),
}  # fmt: skip

_OWN_PROGRAMS = {
    "doctor": "See what this machine allows and how to mend it",
    "tour": "See the engine work, in a minute",
}


def main(argv: Sequence[str] | None = None) -> int:
    """The entrance. Gives the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    problem = _place(words)
    if problem:
        print(f"wherry: {problem}", file=sys.stderr)
        return 125
    if not words:
        return _window()
    verb = words.pop(0)
    if verb in ("help", "-h", "--help"):
        return _help(words)
    if verb in ("-v", "--version"):
        from engine.cli.words import own_version

        print(f"Wherry version {own_version()}")
        return 0
    if verb in _OWN_PROGRAMS:
        return _own_program(verb, words)
    if verb == "__complete":
        from engine.cli.completion import complete

        return complete(words)
    return _run_verb(verb, words)


def _place(words: list[str]) -> str:
    """Take `--root` and `--run` off the front; they reach everything else by the environment."""
    while words and words[0].startswith("--"):
        name, equals, value = words[0].partition("=")
        variable = {"--root": "WHERRY_ROOT", "--run": "WHERRY_RUN"}.get(name)
        if variable is None:
            return ""
        words.pop(0)
        if not equals:
            if not words:
                return f"{name} needs a directory"
            value = words.pop(0)
        if not value:
            return f"{name} needs a directory"
        os.environ[variable] = os.path.abspath(value)
    return ""


def _window() -> int:
    """This process becomes the window."""
    # -P: a directory named gui where the user happens to stand must not become the window.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "gui"])


def _own_program(verb: str, words: list[str]) -> int:
    from importlib import import_module

    return int(import_module(f"engine.cli.{verb}").run(words))


def find_command(verb: str, words: list[str]) -> tuple[Command, str] | None:
    """The command a verb names, taking a group's second word off `words`; None where there is none."""
    from importlib import import_module

    if verb in GROUPS:
        found = GROUPS[verb][1].get(words[0]) if words else None
        if found is None:
            return None
        name = f"{verb} {words.pop(0)}"
    elif verb in VERBS:
        found, name = VERBS[verb][:2], verb
    else:
        return None
    command: Command = import_module(f"engine.cli.{found[0]}").COMMANDS[found[1]]
    return command, name


def _run_verb(verb: str, words: list[str]) -> int:
    found = find_command(verb, words)
    if found is None:
        return _no_such(verb, words)
    command, name = found
    return run_command(command, name, words)


def run_command(command: Command, name: str, words: list[str]) -> int:
    """Parse, run, and turn what goes wrong into words and Docker's exit codes."""
    from engine.cli.options import UsageError
    from engine.cli.wire import Failed, Unreachable

    runs_something = name.rpartition(" ")[2] in ("run", "create", "start", "exec")
    try:
        given = command.parse(words)
        if given.has("help"):
            print(command.help_text(name))
            return 0
        return command.run(given)
    except UsageError as error:
        print(f"wherry {name}: {error}\nSee 'wherry {name} --help'.", file=sys.stderr)
        return 125 if runs_something or "flag" in str(error) else 1
    except Failed as error:
        print(f"Error: {error.message}", file=sys.stderr)
        return _exit_code(error.message, name)
    except Unreachable as error:
        print(f"Error: no engine answers: {error}", file=sys.stderr)
        return 125 if runs_something else 1
    except BrokenPipeError:
        # The reader of our output has gone; keep the interpreter from saying so once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"Error: {error}", file=sys.stderr)
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
            print(f"wherry: '{verb} {words[0]}' is not a wherry command.", file=sys.stderr)
            return 1
        return _help([verb])
    if verb.startswith("-"):
        print(f"wherry: unknown flag: {verb}\nSee 'wherry --help'.", file=sys.stderr)
        return 125
    print(f"wherry: '{verb}' is not a wherry command.\nSee 'wherry --help'.", file=sys.stderr)
    return 1


def _help(words: list[str]) -> int:
    if words and words[0] in GROUPS and len(words) == 1:
        title, verbs = GROUPS[words[0]]
        print(f"Usage:  wherry {words[0]} COMMAND\n\n{title}\n\nCommands:")
        print("\n".join(f"  {verb}" for verb in sorted(verbs)))
        return 0
    if words:
        verb, *rest = words
        found = find_command(verb, rest)
        if found is None:
            return _no_such(verb, rest)
        print(found[0].help_text(found[1]))
        return 0
    width = max(len(verb) for verb in (*VERBS, *GROUPS, *_OWN_PROGRAMS))
    print("Usage:  wherry [--root DIR] [--run DIR] [COMMAND]\n\nContainers without a daemon and without root.")
    print("Without a command the window opens.\n\nCommands:")
    for name, summary in sorted([*((v, row[2]) for v, row in VERBS.items()), *_OWN_PROGRAMS.items()]):
        print(f"  {name:{width}}  {summary}")
    print("\nGroups:")
    for group, (summary, _) in sorted(GROUPS.items()):
        print(f"  {group:{width}}  {summary}")
    print(
        "\nGlobal options:\n"
        "  --root DIR  Where images, containers and volumes are kept (or WHERRY_ROOT)\n"
        "  --run DIR   Where the socket and the lock are (or WHERRY_RUN)\n\n"
        "Run 'wherry COMMAND --help' for more about a command."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
