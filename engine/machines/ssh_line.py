"""How the system's ssh is asked to open the way to an engine, and what its complaints mean. Pure.

The user's own configuration, agents, jump hosts and known hosts count; nothing is ever asked on a terminal. The first
connection to a machine is kept for the next ones (ControlMaster), so those cost no handshake.
"""

from __future__ import annotations

import hashlib
import shlex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from engine.machines.address import Address

KEPT_SECONDS = 60
CONNECT_SECONDS = 10
_SILENT_SECONDS = 15
"""After three times this without a word the connection counts as dead."""
_LONGEST_SOCKET = 88
"""Of a path of ssh's control socket: it binds one with a longer name first."""

# Programs of a user's own are not on the path of a command that ssh runs.
_PATH = 'PATH="$PATH:/usr/local/bin:/usr/sbin:$HOME/.local/bin";'
_PIPE = (
    "import os,socket,sys,threading\n"
    "s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])\n"
    "def up():\n"
    "    while d:=os.read(0,65536):s.sendall(d)\n"
    "    s.shutdown(1)\n"
    "threading.Thread(target=up,daemon=True).start()\n"
    "while d:=s.recv(65536):\n"
    "    while d:d=d[os.write(1,d):]\n"
)
"""For a machine that has a socket and none of the programs that could open it."""


def ssh_argv(address: Address, through: str, control_directory: str = "") -> list[str]:
    """Its input and output are the connection to the engine."""
    return ["ssh", *_options(address, control_directory), "--", address.host, far_command(address.path, through)]


def control_argv(address: Address, control_directory: str, order: str) -> list[str]:
    """Tell the kept connection something: "exit", "check"."""
    return ["ssh", "-O", order, *_options(address, control_directory), "--", address.host]


def _options(address: Address, control_directory: str) -> list[str]:
    settings = {
        "BatchMode": "yes",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "ServerAliveInterval": str(_SILENT_SECONDS),
        "ServerAliveCountMax": "3",
        "LogLevel": "ERROR",
        "ClearAllForwardings": "yes",
        "RequestTTY": "no",
    }
    if path := control_path(address, control_directory):
        settings |= {"ControlMaster": "auto", "ControlPath": path, "ControlPersist": str(KEPT_SECONDS)}
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    options += ["-l", address.user] if address.user else []
    return options + (["-p", str(address.port)] if address.port else [])


def control_path(address: Address, directory: str) -> str:
    """ "" where it would be too long for a socket: then each connection is one of its own."""
    name = hashlib.sha256(f"{address.user}@{address.host}:{address.port}".encode()).hexdigest()[:16]
    path = f"{directory}/{name}" if directory else ""
    return path if path and len(path) <= _LONGEST_SOCKET and not set(path) & set('%"$ ') else ""


def far_command(path: str, through: str) -> str:
    """For the shell there, whichever it is: one quoted script for sh."""
    return f"exec sh -c {shlex.quote(_PATH + (_to_socket(path) if path else _to_engine(through)))}"


def _to_engine(through: str) -> str:
    podman = "systemctl --user start podman.socket 2>/dev/null; exec podman system dial-stdio;"
    docker, wherry = "exec docker system dial-stdio;", "exec wherry system dial-stdio;"
    named = {"wherry": wherry, "docker": docker, "podman": podman}.get(through)
    if named:
        return named
    return (
        f"if command -v wherry >/dev/null; then {wherry} fi;"
        f"if command -v docker >/dev/null && docker version >/dev/null 2>&1; then {docker} fi;"
        f"if command -v podman >/dev/null; then {podman} fi;"
        f"if command -v docker >/dev/null; then {docker} fi;"
        'echo "wherry: no engine here" >&2; exit 127'
    )


def _to_socket(path: str) -> str:
    socket = shlex.quote(path)
    return (
        f"if ! test -S {socket}; then echo wherry: no socket {socket} >&2; exit 127; fi;"
        f"if command -v python3 >/dev/null; then exec python3 -c {shlex.quote(_PIPE)} {socket}; fi;"
        f"if command -v docker >/dev/null; then exec docker -H unix://{socket} system dial-stdio; fi;"
        f"if command -v podman >/dev/null; then exec podman --url unix://{socket} system dial-stdio; fi;"
        f"exec socat - UNIX-CONNECT:{socket}"
    )


class Complaint(NamedTuple):
    """Why there is no connection, in words."""

    title: str
    explanation: str
    hint: str = ""
    kind: str = "connect"
    """For programs: "host-key", "login", "unknown-host", "unreachable", "no-engine", "connect"."""


def complaint_of(said: str, address: Address, through: str = "") -> Complaint:
    """What ssh, or the program at the far end, has said on its way out."""
    host, words = address.place, said.lower()
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "")
    login = f"ssh {address.place}" + (f" -p {address.port}" if address.port else "")
    if "remote host identification has changed" in words or "possible dns spoofing" in words:
        return Complaint(
            f"The host key of {host} has changed",
            "Somebody may be listening, or the machine was set up anew. Nothing was sent to it.",
            f"If you know that it was set up anew: ssh-keygen -R {_known_as(address)}, then {login}",
            "host-key",
        )
    if "host key verification failed" in words or "no matching host key" in words:
        return Complaint(
            f"{host} is not known yet", "Its host key is in no known_hosts file of yours.",
            f"Log in once in a terminal and compare the key: {login}", "host-key",
        )  # fmt: skip
    if "permission denied (" in words or "too many authentication failures" in words:
        return Complaint(
            f"{host} wants a password",
            "Wherry logs in with keys or your agent and never asks for a password.",
            f"Bring your key there: ssh-copy-id {login.removeprefix('ssh ')}",
            "login",
        )
    if "could not resolve hostname" in words:
        return Complaint(f"There is no machine “{address.host}”", "Its name leads nowhere.", "", "unknown-host")
    if any(each in words for each in ("no route to host", "network is unreachable", "timed out", "timeout, server")):
        return Complaint(f"{host} does not answer", last or "It may be off or asleep.", "", "unreachable")
    if "connection refused" in words and "docker" not in words and "podman" not in words:
        return Complaint(f"{host} refuses ssh", "No ssh server listens there.", "", "unreachable")
    return _at_the_far_end(words, last, host, through)


def _at_the_far_end(words: str, last: str, host: str, through: str) -> Complaint:
    missing = "command not found" in words or "not found" in words or "no engine here" in words
    if missing or "no socket" in words:
        program = through or "wherry, docker or podman"
        what = last.removeprefix("wherry: ") if "no socket" in words else f"There is no {program} on its path."
        return Complaint(f"There is no engine on {host}", what, "", "no-engine")
    if "permission denied" in words and ("sock" in words or "docker" in words):
        return Complaint(
            f"You may not use the engine of {host}", last, "Add yourself to its group docker there.", "no-engine"
        )
    if "daemon" in words or "dial" in words or "sock" in words:
        return Complaint(f"No engine runs on {host}", last, "", "no-engine")
    return Complaint(f"The connection to {host} broke off", last, "", "connect")


def _known_as(address: Address) -> str:
    return f"'[{address.host}]:{address.port}'" if address.port and address.port != 22 else address.host
