"""The verbs of `kube` that reach into pods of a cluster: logs, commands and terminals, files, ports; as kubectl's."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from engine.cli.clusters.objects import WHERE, ask, place
from engine.cli.options import Command, Given, UsageError
from engine.cli.printed.paper import say
from engine.cli.reach.link import engine
from engine.cli.reach.wire import Failed

if TYPE_CHECKING:
    from engine.cli.reach.wire import Client


def logs(given: Given) -> int:
    request = {
        "target": given.arguments[0],
        "container": given.text("container"),
        "follow": given.flag("follow"),
        "previous": given.flag("previous"),
        "tail": -1 if given.number("tail") is None else given.number("tail"),
    }
    answer = engine().ask("POST", "/wherry/clusters/logs", body={"place": place(given), "logs": request})
    for line in answer.messages():
        if "error" in line:
            raise Failed(0, line["error"])
        head = f"[{line['pod']}/{line['container']}] " if given.flag("prefix") or "/" in given.arguments[0] else ""
        time = f"{line['time']} " if given.flag("timestamps") and line["time"] else ""
        say(f"{head}{time}{line['text']}", file=sys.stderr if line["failed"] else sys.stdout, flush=True)
    return 0


def exec_(given: Given) -> int:
    target, *command = given.arguments
    if command[:1] == ["--"]:
        command = command[1:]
    tty, stdin = given.flag("tty"), given.flag("interactive") or given.flag("stdin")
    if tty and stdin and not os.isatty(0):
        raise Failed(0, "the input device is not a TTY")
    request: dict[str, Any] = {
        "target": target, "command": command, "container": given.text("container"), "tty": tty, "stdin": stdin,
    }  # fmt: skip
    return _joined(given, request) if tty or stdin else _read(given, request)


def _read(given: Given, request: dict[str, Any]) -> int:
    answer = engine().ask("POST", "/wherry/clusters/exec", body={"place": place(given), "exec": request})
    for message in answer.messages():
        if "error" in message:
            raise Failed(0, message["error"])
        if "code" in message:
            return int(message["code"])
        say(message["text"], end="", file=sys.stderr if message["stream"] == "stderr" else sys.stdout, flush=True)
    return 1


def _joined(given: Given, request: dict[str, Any]) -> int:
    """The person's terminal, or what is piped in, and the command in the pod."""
    from engine.cli.containers.running import stay

    client, name = engine(), os.urandom(16).hex()
    body = {"place": place(given), "exec": request, "name": name}
    raw = client.hijack("/wherry/clusters/session", body=body)
    path = f"/wherry/clusters/sessions/{name}"
    try:
        stay(client, path, raw, stdin=request["stdin"], tty=request["tty"], detach_keys="ctrl-@")
    finally:
        raw[0].close()
    return int(client.get(path)["code"])


def cp(given: Given) -> int:
    """POD:PATH on one side, a path of this computer on the other; NAMESPACE/POD as kubectl has it."""
    source, target = given.arguments
    from_pod, to_pod = _in_pod(source), _in_pod(target)
    if bool(from_pod) == bool(to_pod):
        raise UsageError("needs one POD:PATH and one path of this computer")
    pod, path = from_pod or to_pod or ("", "")
    where = place(given)
    if "/" in pod:
        where["namespace"], _, pod = pod.partition("/")
    body = {
        "place": where, "target": f"pods/{pod}", "path": path, "container": given.text("container"),
        "file": _whole(target if from_pod else source),
    }  # fmt: skip
    verb = "copy-out" if from_pod else "copy-in"
    files = engine().post(f"/wherry/clusters/{verb}", body=body)["files"]
    if not given.flag("quiet"):
        say(f"{files} files copied" if files != 1 else "1 file copied")
    return 0


def _whole(path: str) -> str:
    return os.path.abspath(path) + ("/" if path.endswith("/") else "")


def _in_pod(text: str) -> tuple[str, str] | None:
    """Pod and path; None for a path of this computer, which may have a colon behind a slash."""
    pod, colon, path = text.partition(":")
    if not colon or pod.startswith((".", "/")) or not pod:
        return None
    return pod, path if path.startswith("/") else f"/{path}"


def port_forward(given: Given) -> int:
    """Until it is told to end, as kubectl does."""
    import signal

    wanted = [_ports(word) for word in given.arguments[1:]]
    ends = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    # From here on they wait until they are asked for, so nothing that was made is left behind.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    client, made = engine(), list[str]()
    try:
        for local, remote in wanted:
            found = ask(given, "forward", target=given.arguments[0], number=remote, local_port=local)
            made.append(found["id"])
            say(f"Forwarding from 127.0.0.1:{found['local_port']} -> {found['port']}", flush=True)
        signal.sigwait(ends)
    finally:
        _stop(client, made)
    return 0


def _stop(client: Client, made: list[str]) -> None:
    for each in made:
        client.delete(f"/wherry/clusters/forwards/{each}")


def _ports(word: str) -> tuple[int, int]:
    local, colon, remote = word.partition(":")
    if not (remote or local).isdigit() or (colon and local and not local.isdigit()):
        raise UsageError(f'"{word}" is no [LOCAL:]REMOTE')
    return int(local or 0), int(remote or local)


_IN = "-c --container text  Which container\n"

COMMANDS = {
    "kube logs": Command(
        logs, "[OPTIONS] POD | KIND/NAME", "Show what pods of a cluster say",
        WHERE + _IN + "-f --follow flag Go on\n-p --previous flag Of the run before\n--prefix flag With names\n"
        "--tail number Only so many lines\n--timestamps flag With times", least=1, most=1,
    ),
    "kube exec": Command(
        exec_, "[OPTIONS] POD COMMAND [ARG...]", "Run a command in a pod of a cluster",
        WHERE + _IN + "-i --interactive flag Keep its input open\n--stdin flag The same, in kubectl's word\n"
        "-t --tty flag With a terminal", least=2, stop_early=True,
    ),
    "kube cp": Command(
        cp, "[OPTIONS] POD:PATH PATH | PATH POD:PATH", "Copy files out of a pod of a cluster, or into it",
        WHERE + _IN + "-q --quiet flag Only faults", least=2, most=2,
    ),
    "kube port-forward": Command(
        port_forward, "[OPTIONS] POD|KIND/NAME [LOCAL:]REMOTE...", "Forward ports of this machine into a pod", WHERE,
        least=2,
    ),
}  # fmt: skip
