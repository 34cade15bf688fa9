"""Verbs that make processes and may stay with them: run, create, start, attach, exec."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed, decode, quote
from engine.cli.streams.terminal import DEFAULT_DETACH_KEYS, Detached, converse, raw_mode, watch_size
from engine.recipe.words.arguments import Option
from engine.recipe.words.here import read_lines, this_place, variables

if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable, Iterator

    from engine.cli.reach.wire import Answer, Client

    _Raw = tuple[_socket.socket, bytes, bool]
    """A hijacked connection, what has already come over it, and whether it has frames."""

_PULL_CHOICES = ("always", "missing", "never")


_OF_THE_REQUEST = """
-a --attach list   Attach to STDIN, STDOUT or STDERR
--cidfile text     Write the container ID to the file
--pull text        Pull image before running (always, missing, never)
-q --quiet flag    Suppress the pull output
"""
"""What `create` takes beyond the recipe."""


def _options(*more: str) -> Callable[[], list[Option]]:
    def all_of_them() -> list[Option]:
        from engine.recipe.line import options

        lines = "\n".join((_OF_THE_REQUEST, *more)).strip().splitlines()
        found = [*options(), *(Option.of_line(line.strip()) for line in lines if line.strip())]
        return sorted(found, key=lambda option: option.name)

    return all_of_them


def create_body(given: Given, *, detach: bool) -> dict[str, Any]:
    """Image and command are the arguments; everything else comes from the options."""
    from engine.recipe.body import dump
    from engine.recipe.line import recipe_of

    recipe = recipe_of(given.values, given.arguments, this_place())
    interactive = given.flag("interactive")
    attached = {word.lower() for word in given.list("attach")}
    attach_input = not detach and (interactive if not attached else "stdin" in attached)
    recipe["stdin_once"] = attach_input and interactive
    body = dump(recipe)
    body["AttachStdin"] = attach_input
    body["AttachStdout"] = not detach and (not attached or "stdout" in attached)
    body["AttachStderr"] = not detach and (not attached or "stderr" in attached)
    return body


def create(given: Given) -> int:
    say(_create(engine(), given, detach=False))
    return 0


def _create(client: Client, given: Given, *, detach: bool) -> str:
    """Create, pulling a missing image first as `--pull` says. Gives the id."""
    from engine.cli.printed.words import with_default_tag

    choice = given.text("pull") or "missing"
    if choice not in _PULL_CHOICES:
        raise UsageError(f"invalid pull option: '{choice}': must be one of {', '.join(_PULL_CHOICES)}")
    body = create_body(given, detach=detach)
    values = {"name": given.text("name"), "platform": given.text("platform")}
    cidfile = given.text("cidfile")
    if cidfile and os.path.exists(cidfile):
        raise Failed(0, f"container ID file found, make sure the other container isn't running or delete {cidfile}")
    if choice == "always":
        _pull(client, body["Image"], given)
    try:
        answer = client.post("/containers/create", values, body=body)
    except Failed as error:
        if error.status != 404 or choice != "missing":
            raise
        say(f"Unable to find image '{with_default_tag(body['Image'])}' locally", file=sys.stderr)
        _pull(client, body["Image"], given)
        answer = client.post("/containers/create", values, body=body)
    for warning in answer.get("Warnings") or ():
        say(f"WARNING: {warning}", file=sys.stderr)
    if cidfile:
        with open(cidfile, "w", encoding="ascii") as file:
            file.write(answer["Id"])
    return str(answer["Id"])


def _pull(client: Client, image: str, given: Given) -> None:
    from engine.cli.images.transfers import pull_image

    pull_image(client, image, platform=given.text("platform"), quiet=given.flag("quiet"), stream=sys.stderr)


def run(given: Given) -> int:
    client = engine()
    if given.flag("detach"):
        if given.list("attach"):
            raise UsageError("conflicting options: cannot specify both --attach and --detach")
        container = _create(client, given, detach=True)
        client.post(f"/containers/{container}/start")
        say(container)
        return 0
    container = _create(client, given, detach=False)
    tty, stdin = given.flag("tty"), given.flag("interactive")
    if tty and stdin and not os.isatty(0):
        client.delete(f"/containers/{container}", {"force": True})
        raise Failed(0, "the input device is not a TTY")
    streams = {word.lower() for word in given.list("attach")}
    wanted: dict[str, object] = {
        "stream": True,
        "stdin": stdin,
        "stdout": not streams or "stdout" in streams,
        "stderr": not streams or "stderr" in streams,
    }
    return _attached_run(client, container, wanted, tty=tty, given=given, removed=given.flag("rm"))


def _attached_run(
    client: Client, container: str, wanted: dict[str, object], *, tty: bool, given: Given, removed: bool
) -> int:
    """Attach, ask for the end, start, stay: in this order nothing of a short life is missed."""
    raw = client.hijack(f"/containers/{container}/attach", wanted)
    ending = client.ask("POST", f"/containers/{container}/wait", {"condition": "removed" if removed else "next-exit"})
    try:
        try:
            client.post(f"/containers/{container}/start")
        except Failed:
            if removed:
                with contextlib.suppress(Failed):
                    client.delete(f"/containers/{container}", {"force": True})
            raise
        with _signals_to(client, container, wanted=not tty and given.flag("sig-proxy", default=True)):
            stay(
                client,
                f"/containers/{container}",
                raw,
                stdin=bool(wanted["stdin"]),
                tty=tty,
                detach_keys=given.text("detach-keys"),
            )
    except Detached:
        return 0
    finally:
        raw[0].close()
    return _exit_code(ending)


def stay(client: Client, path: str, raw: _Raw, *, stdin: bool, tty: bool, detach_keys: str) -> None:
    """Join the terminal and the stream until the process ends its output."""
    connection, first, framed = raw

    def resize(rows: int, columns: int) -> None:
        with contextlib.suppress(Failed, OSError):
            client.post(f"{path}/resize", {"h": rows, "w": columns})

    with raw_mode(enabled=tty and stdin and os.isatty(0)), watch_size(resize if tty and os.isatty(1) else None):
        converse(
            connection,
            first,
            framed=framed,
            stdin=stdin,
            tty=tty,
            detach_keys=detach_keys or DEFAULT_DETACH_KEYS,
        )


@contextlib.contextmanager
def _signals_to(client: Client, container: str, *, wanted: bool) -> Iterator[None]:
    """What the shell sends us reaches the process instead."""
    if not wanted:
        yield
        return

    def forward(number: int, _: object) -> None:
        with contextlib.suppress(Failed, OSError):
            client.post(f"/containers/{container}/kill", {"signal": signal.Signals(number).name.removeprefix("SIG")})

    chosen = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2]
    before = {each: signal.signal(each, forward) for each in chosen}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _exit_code(ending: Answer) -> int:
    result = decode(ending.read())
    error = (result.get("Error") or {}).get("Message")
    if error:
        raise Failed(0, error)
    return int(result["StatusCode"])


def _say_if_offline(client: Client, name: str) -> None:
    found = client.get(f"/containers/{quote(name)}/json")
    if found["NetworkSettings"].get("Offline"):
        say(f"WARNING: {name} runs without a way out: this computer has no network now. It gets one when the network "
            "is back.", file=sys.stderr)  # fmt: skip


def start(given: Given) -> int:
    attach, interactive = given.flag("attach"), given.flag("interactive")
    client = engine()
    if not attach and not interactive:
        failed = False
        for name in given.arguments:
            try:
                client.post(f"/containers/{quote(name)}/start")
                say(name, flush=True)
                _say_if_offline(client, name)
            except Failed as error:
                say(f"Error: {error.message}", file=sys.stderr)
                failed = True
        return 1 if failed else 0
    if len(given.arguments) > 1:
        raise UsageError("you cannot start and attach multiple containers at once")
    container = client.get(f"/containers/{quote(given.arguments[0])}/json")
    config = container["Config"]
    wanted: dict[str, object] = {
        "stream": True,
        "stdin": interactive and config["OpenStdin"],
        "stdout": True,
        "stderr": True,
    }
    removed = bool(container["HostConfig"]["AutoRemove"])
    return _attached_run(client, container["Id"], wanted, tty=config["Tty"], given=given, removed=removed)


def attach(given: Given) -> int:
    client = engine()
    container = client.get(f"/containers/{quote(given.arguments[0])}/json")
    state, config = container["State"], container["Config"]
    if not state["Running"]:
        raise Failed(0, "you cannot attach to a stopped container, start it first")
    if state["Paused"]:
        raise Failed(0, "you cannot attach to a paused container, unpause it first")
    name, tty = container["Id"], config["Tty"]
    wanted: dict[str, object] = {
        "stream": True,
        "stdin": config["OpenStdin"] and not given.flag("no-stdin"),
        "stdout": True,
        "stderr": True,
    }
    ending = client.ask("POST", f"/containers/{name}/wait")
    raw = client.hijack(f"/containers/{name}/attach", wanted)
    try:
        with _signals_to(client, name, wanted=not tty and given.flag("sig-proxy", default=True)):
            keys = given.text("detach-keys")
            stay(client, f"/containers/{name}", raw, stdin=bool(wanted["stdin"]), tty=tty, detach_keys=keys)
    except Detached:
        return 0
    finally:
        raw[0].close()
    return _exit_code(ending)


_EXEC = """
-d --detach flag     Detached mode: run command in the background
--detach-keys text   Override the key sequence for detaching
-e --env list        Set environment variables
--env-file list      Read in a file of environment variables
-i --interactive flag Keep STDIN open even if not attached
--privileged flag    Give extended privileges to the command
-t --tty flag        Allocate a pseudo-TTY
-u --user text       Username or UID (format: "<name|uid>[:<group|gid>]")
-w --workdir text    Working directory inside the container
"""


def exec_(given: Given) -> int:
    container, *command = given.arguments
    tty, stdin, detach = given.flag("tty"), given.flag("interactive"), given.flag("detach")
    if tty and stdin and not os.isatty(0):
        raise Failed(0, "the input device is not a TTY")
    client = engine()
    here = this_place()
    lines = [line for path in given.list("env-file") for line in read_lines(path, here)]
    environment = variables(lines + given.list("env"), here)
    body: dict[str, Any] = {
        "Cmd": command,
        "Tty": tty,
        "AttachStdin": stdin and not detach,
        "AttachStdout": not detach,
        "AttachStderr": not detach,
        "Env": [f"{name}={value}" for name, value in environment.items()] or None,
        "User": given.text("user"),
        "WorkingDir": given.text("workdir"),
        "Privileged": given.flag("privileged"),
    }
    if tty and os.isatty(1):
        size = os.get_terminal_size(1)
        body["ConsoleSize"] = [size.lines, size.columns]
    made = client.post(f"/containers/{quote(container)}/exec", body=body)["Id"]
    if detach:
        client.post(f"/exec/{made}/start", body={"Detach": True, "Tty": tty})
        return 0
    raw = client.hijack(f"/exec/{made}/start", body={"Detach": False, "Tty": tty})
    try:
        stay(client, f"/exec/{made}", raw, stdin=stdin, tty=tty, detach_keys=given.text("detach-keys"))
    except Detached:
        return 0
    finally:
        raw[0].close()
    code = client.get(f"/exec/{made}/json")["ExitCode"]
    return int(code) if code is not None else 0


_DETACH = (
    "--detach-keys text Override the key sequence for detaching a container\n--sig-proxy flag Proxy received signals"
)

COMMANDS = {
    "run": Command(
        run,
        "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        "Make and start a container from an image",
        _options("-d --detach flag Run container in background and print container ID", _DETACH),
        least=1,
        stop_early=True,
    ),
    "create": Command(
        create,
        "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        "Make a container without starting it",
        _options(),
        least=1,
        stop_early=True,
    ),
    "start": Command(
        start,
        "[OPTIONS] CONTAINER [CONTAINER...]",
        "Start stopped containers",
        f"-a --attach flag Attach STDOUT/STDERR and forward signals\n-i --interactive flag Attach STDIN\n{_DETACH}",
        least=1,
    ),
    "attach": Command(
        attach,
        "[OPTIONS] CONTAINER",
        "Attach to a running container",
        f"{_DETACH}\n--no-stdin flag Do not attach STDIN",
        least=1,
        most=1,
    ),
    "exec": Command(
        exec_,
        "[OPTIONS] CONTAINER COMMAND [ARG...]",
        "Run a command in a running container",
        _EXEC,
        least=2,
        stop_early=True,
    ),
}
