"""Whether names are found inside a network like a container's: asked there of the host's resolvers.

Who has no network is told nothing bad: first the host itself is asked, and only where it hears an answer must a
container hear one too.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from engine.networks.host import resolvers
from engine.processes.pasta import FORWARDED_DNS
from engine.types.host import HostCheck, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.host.machine import Machine

_SECONDS = 12.0
_INTERPRETER = os.path.realpath(sys.executable)
_ASK = """
import socket, struct, sys
raw = struct.pack("!HHHHHH", 0x5748, 256, 1, 0, 0, 0) + b"\\0" + struct.pack("!HH", 2, 1)
for server in sys.argv[1:]:
    try:
        with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as ask:
            ask.settimeout(2)
            ask.connect((server.partition("%")[0], 53))
            ask.send(raw)
            if ask.recv(4096)[:2] == raw[:2]:
                print(server)
                break
    except OSError:
        pass
"""
"""Who serves the root of all names: any resolver has an answer to that."""


def names(machine: Machine) -> HostCheck:
    line = partial(HostCheck, name="names", title="Names")
    text = machine.read(resolvers.HOST_FILE) or ""
    known = resolvers.values(text, "nameserver")
    if not known or machine.which("pasta") is None or not machine.opens("/dev/net/tun"):
        return line(verdict=Verdict.OK, found="Not tried: there is no resolver or no way to reach one.")
    here = _answering(machine, (), known)
    if not here:
        return line(verdict=Verdict.OK, found="No resolver answers this computer itself now.")
    forwards = resolvers.needs_forwarder(text)
    way = ["pasta", "--quiet", "--config-net", "--no-map-gw", "-t", "none", "-u", "none", "-T", "none", "-U", "none"]
    way += ["--dns-forward", FORWARDED_DNS] if forwards else []
    way += ["--runas", "0:0"] if machine.uid == 0 else []
    way += ["--"]
    answered = _answering(machine, way, [FORWARDED_DNS] if forwards else resolvers.reachable(text))
    if answered:
        through = f"through pasta, from {', '.join(known)}" if forwards else f"from {answered}"
        return line(verdict=Verdict.OK, found=f"A container gets its answers {through}.")
    return line(
        verdict=Verdict.DEGRADED,
        found=f"{here} answers this computer, and not a container.",
        matters="Containers, and the steps of a build, find no names of the world.",
        fix="Give containers a resolver that they reach: wherry run --dns 9.9.9.9 …",
    )


def _answering(machine: Machine, way: Sequence[str], servers: Sequence[str]) -> str:
    """The first that answers, "" for none."""
    return machine.ask([*way, _INTERPRETER, "-I", "-S", "-c", _ASK, *servers], timeout=_SECONDS).output.strip()
